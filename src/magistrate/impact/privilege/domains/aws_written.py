"""Statements as a program writes them, with what no policy language says: under which conditions they are there at all.

Rule kept: what nobody can tell is a question of its own, answered yes or no in every way; the same text is the same question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.model import Where, literals

ANY_KIND: Final = "\ue202any kind"
"""Principals of which not even the kind is known."""
GIVEN: Final = rx(r"(?:one of )?(?:var\.[\w-]+:=|each\.value\b|data\.(?!aws_iam_policy_document\b)\w+\.)[^()?]*")
"""A text that names what is given from outside, and computes nothing."""


class Written(dict[str, Any]):
    """A statement that is there only where `under` hold and none of `without`; `unknown` names what is not told of it."""

    __slots__ = ("under", "unknown", "without")

    def __init__(
        self, said: Mapping[str, Any], *, under: tuple[str, ...] = (), without: tuple[str, ...] = (), unknown: str = ""
    ) -> None:
        super().__init__(said)
        self.under = under
        self.without = without
        self.unknown = unknown

    def conditions(self) -> Iterator[Where]:
        """Each question with its answer."""
        yield from (literals(text, "yes") for text in dict.fromkeys(self.under))
        yield from (literals(text, "yes", negated=True) for text in dict.fromkeys(self.without))


def opaque(text: str) -> list[Mapping[str, Any]]:
    """A document that is not here: what it allows is a right of its own, what it denies a denial.

    Where the text computes something, nobody can tell, and a change of it stays unknown.
    """
    if GIVEN.fullmatch(text) is None:
        return [Written({"Effect": "Allow"}, unknown=text)]
    return [
        Written({"Effect": "Allow"}, under=(f"what `{text}` allows",)),
        Written({"Effect": "Deny"}, under=(f"what `{text}` denies",)),
    ]


def is_policy(value: object) -> bool:
    """Whether a JSON value has the shape of a policy document."""
    if not isinstance(value, dict) or "Statement" not in value:
        return False
    found = value["Statement"]
    each = found if isinstance(found, list) else [found]
    return all(isinstance(one, dict) and "Effect" in one for one in each)


def only_allows(path: str, text: str) -> bool:
    """Whether a file is nothing but a policy, and one that denies nothing."""
    try:
        whole = json.loads(text) if path.endswith(".json") else None
    except (ValueError, RecursionError):
        return False
    each = whole["Statement"] if isinstance(whole, dict) and is_policy(whole) else []
    return bool(each) and all(one["Effect"] == "Allow" for one in (each if isinstance(each, list) else [each]))
