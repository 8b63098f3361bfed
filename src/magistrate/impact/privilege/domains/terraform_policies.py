"""Policies as Terraform writes them: documents put together from blocks, and what a reference to one means.

Rule kept: a document that nobody can put together keeps all that it is put together from, so that a change of a part is a
change of it; which policies and documents were looked up is remembered, since the others are handed on unseen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.aws_estate import parsed
from magistrate.impact.privilege.domains.terraform import CLOSE, DYNAMIC, OPEN, Block
from magistrate.impact.privilege.domains.terraform_names import filled_in

REFERENCE: Final = re.compile(
    f"{OPEN}(?:data\\.)?(\\w+)\\.([\\w-]+)(?:\\[[^\\]]*\\])?\\.(?:\\w+)(?:\\[\\d+\\])?{CLOSE}"
)
_DOCUMENTS: Final = re.compile(
    r"(?:one\(|join\(\"\", ?)data\.aws_iam_policy_document\.([\w-]+)(?:\[\*\]|\.\*)\.json\)(?: where .*)?"
)
"""The one document that there is of several that may be."""
_LISTS: Final = ("principals", "not_principals", "condition")
_OF_A_STATEMENT: Final = frozenset({"effect", "sid", "actions", "not_actions", "resources", "not_resources", *_LISTS})
_PARTS: Final = frozenset({"source_policy_documents", "override_policy_documents", "source_json", "override_json"})
_INDEX: Final = re.compile(f'{OPEN}(?:data\\.)?\\w+\\.[\\w-]+(\\["[^\\]"]*"\\])\\.\\w+{CLOSE}')
Found = dict[tuple[str, str, str], Block]


class Names:
    """What references mean: names of roles, texts of policies."""

    def __init__(self, known: Found) -> None:
        self.known = known
        self.used: set[tuple[str, str, str]] = set()

    def block(self, folder: str, value: object) -> Block | None:
        """The block that a reference names."""
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._found(folder, found.group(1), found.group(2)) if found is not None else None

    def _found(self, folder: str, type_: str, name: str) -> Block | None:
        block = self.known.get((folder, type_, name))
        if block is not None:
            self.used.add((folder, type_, name))
        return block

    @staticmethod
    def key(block: Block) -> tuple[str, str, str]:
        """By what a block is known."""
        return block.folder, block.type, block.name

    def name(self, folder: str, value: object) -> str:
        """The name of a role, user or group, given by name, by ARN or by reference."""
        block = self.block(folder, value)
        if block is not None and block.type == "aws_iam_instance_profile":
            return self.name(block.folder, block.body.get("role"))
        if block is not None:
            index = _INDEX.fullmatch(str(value))
            return self.own(block) + (index.group(1) if index is not None else "")
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return text.rsplit("/", 1)[-1] if text.startswith("arn:") else text.replace(OPEN, "${").replace(CLOSE, "}")

    def own(self, block: Block) -> str:
        """The name of the thing that a block makes; where none is written it is named by its label."""
        named = block.body.get("name")
        return named if isinstance(named, str) and OPEN not in named else self.label(block)

    @staticmethod
    def label(block: Block) -> str:
        """The label of a block, with the call that it belongs to."""
        return f"{block.scope}.{block.name}" if block.scope else block.name

    def policy(self, folder: str, value: object) -> object:
        """The text of a policy: as written, of a policy document beside it, or of a file."""
        block = self.block(folder, value) or self._one(folder, value)
        if block is not None and block.type == "aws_iam_policy_document":
            return policy_document(block, self, 0)
        if block is not None and block.type == "template_file":
            template, values = block.body.get("template"), block.body.get("vars") or {}
            told = filled_in(template, values) if isinstance(template, str) and isinstance(values, Mapping) else None
            return {"built from": dict(block.body)} if told is None else told
        return value

    def _one(self, folder: str, value: object) -> Block | None:
        found = _DOCUMENTS.fullmatch(value.strip(OPEN + CLOSE)) if isinstance(value, str) else None
        return None if found is None else self._found(folder, "aws_iam_policy_document", found.group(1))


def policy_document(block: Block, names: Names, depth: int) -> object:
    """A policy document that is written as blocks, as the JSON that Terraform makes of it."""
    body, statements = block.body, []
    extra = _PARTS & set(body)
    if extra - {"source_policy_documents"} or depth > 5:  # noqa: PLR2004 - documents in documents
        return _open_document(block, names, depth)
    for one in listed(body.get("statement") or []):
        if not isinstance(one, Mapping) or (DYNAMIC in one and extra):
            return _open_document(block, names, depth)
        statements.append({"Effect": "Allow", **one} if DYNAMIC in one else _statement(one))
    for source in listed(body.get("source_policy_documents") or []):
        other = parsed(names.policy(block.folder, source))
        if not isinstance(other, Mapping) or not isinstance(other.get("Statement"), list):
            return _open_document(block, names, depth)
        statements += other["Statement"]
    return {"Version": body.get("version", "2012-10-17"), "Statement": statements}


def _open_document(block: Block, names: Names, depth: int) -> object:
    """A document that nobody can put together, with all that it is put together from."""
    parts: dict[str, object] = dict(block.body)
    for key in _PARTS & set(parts):
        each = listed(parts[key])
        parts[key] = each if depth > 5 else [names.policy(block.folder, one) for one in each]  # noqa: PLR2004 - as above
    return {"built from": parts}


def _statement(one: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": one.get("effect", "Allow")}
    for key, name in (
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if key in one:
            found[name] = _variables(one[key])
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        for each in _mappings(one.get(key)):
            kinds = found.setdefault(name, {})
            kind = "AWS" if each.get("type") == "*" else str(each.get("type"))
            kinds[kind] = [*kinds.get(kind, ()), *listed(each.get("identifiers"))]
    for each in _mappings(one.get("condition")):
        test = found.setdefault("Condition", {}).setdefault(str(each.get("test")), {})
        test[str(each.get("variable"))] = _variables(each.get("values"))
    parts = [part for key in _LISTS for part in listed(one.get(key) or [])]
    if set(one) - _OF_A_STATEMENT or any(not isinstance(part, Mapping) or DYNAMIC in part for part in parts):
        found["Other"] = dict(one)
    return found


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """Blocks, or what stands in their place in older files."""
    return [one for one in listed(value or []) if isinstance(one, Mapping)]


def _variables(value: object) -> object:
    """`&{aws:username}` is how documents write a variable of AWS."""
    if isinstance(value, list):
        return [_variables(one) for one in value]
    return value.replace("&{", "${") if isinstance(value, str) else value


def listed(value: object) -> list[object]:
    """A value as a list, where one alone may be written without."""
    return list(value) if isinstance(value, list) else [value]
