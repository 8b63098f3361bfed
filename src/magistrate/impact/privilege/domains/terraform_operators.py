"""Signs and parts of expressions of Terraform over plain values.

Rule kept: what may fail, or is not of the one type that a sign wants, is not settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import tree_sitter

from magistrate.impact.privilege.domains.terraform import OPEN
from magistrate.impact.privilege.domains.terraform_parts import Rest, Unique, UnsettledError, text_of, whole

MAX_LIST: Final = 2_000


class MissingError(UnsettledError):
    """What is asked for is not there, for certain: Terraform fails here."""


def fails(left: object, right: object) -> bool:
    """Whether a side of `&&` may be something else than true or false; an open one is what its author says it is."""
    return any(not isinstance(one, bool) and not whole(one) for one in (left, right))


def sides(node: tree_sitter.Node) -> tuple[str, list[tree_sitter.Node], list[tree_sitter.Node]]:
    """The sign of an operation, and what stands before and after it."""
    before: list[tree_sitter.Node] = []
    after: list[tree_sitter.Node] = []
    sign = ""
    for one in node.children:
        if one.is_named and one.type != "comment":
            (after if sign else before).append(one)
        elif one.type not in {"(", ")", "comment"}:
            if sign:
                raise UnsettledError
            sign = one.type
    return sign, before, after


def inside(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The expression inside of a part of a template."""
    return next((one for one in node.named_children if one.type == "expression"), None)


def strips(node: tree_sitter.Node) -> bool:
    """Whether blanks around a part of a template are taken away."""
    return any(one.type == "strip_marker" for one in node.named_children)


def shown(key: object) -> str:
    """A key as it is written; raises UnsettledError."""
    return '"' + key + '"' if isinstance(key, str) else text_of(key)


def truth(value: object) -> bool:
    """True or false; raises UnsettledError for what is neither."""
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    if isinstance(value, bool):
        return value
    raise UnsettledError


def number(value: object) -> int:
    """A whole number; raises UnsettledError for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UnsettledError


def calculated(sign: str, left: int, right: int) -> int | bool:
    """Two whole numbers with a sign between them; raises UnsettledError."""
    if sign in {"%", "/"} or max(abs(left), abs(right)) > 1 << 52:
        raise UnsettledError
    answers: Mapping[str, Callable[[], int | bool]] = {
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "<": lambda: left < right,
        ">": lambda: left > right, "<=": lambda: left <= right, ">=": lambda: left >= right,
    }  # fmt: skip
    if sign not in answers:
        raise UnsettledError
    return answers[sign]()


def entries(value: object) -> list[tuple[Any, Any]]:
    """What a `for` goes through, in its order.

    Raises:
        UnsettledError: nothing tells which entries there are.
    """
    if isinstance(value, dict) and not any(OPEN in key for key in value):
        found: list[tuple[Any, Any]] = [(key, value[key]) for key in sorted(value)]
    elif isinstance(value, list) and not any(isinstance(one, Rest) for one in value):
        found = [(one, one) for one in value] if isinstance(value, Unique) else list(enumerate(value))
    else:
        raise UnsettledError
    if len(found) > MAX_LIST:
        raise UnsettledError
    return found
