"""Types of variables of Terraform: what a value becomes when it is given to a variable.

Follows "Type Constraints": attributes that an object type does not name are dropped, those that are `optional` get their
default where they are missing or null, sets lose what stands twice.

Rule kept: a value that is open carries the type with it where that gives defaults, for these may be what it becomes.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import tree_sitter

from magistrate.impact.privilege.domains.terraform import CLOSE, LATER, OPEN, later
from magistrate.impact.privilege.domains.terraform_functions import FUNCTIONS
from magistrate.impact.privilege.domains.terraform_parts import Rest, UnsettledError, is_open, list_of, text_of, whole
from magistrate.impact.privilege.domains.terraform_values import Asked, Evaluation
from magistrate.impact.privilege.domains.terraform_writing import parsed_expression, raw, written

MAX_DEPTH: Final = 20
_PLAIN: Final = frozenset({"any", "string", "number", "bool"})


def type_text(body: object) -> str:
    """The type of a variable as it is written; empty where it has none."""
    found = LATER.fullmatch(body) if isinstance(body, str) else None
    return found.group(1) if found is not None else str(body or "")


def sealed(text: str) -> str:
    """What a type adds to the name of an open value: something where it gives defaults."""
    return (
        f" as #{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}" if "optional(" in text else ""
    )


def converted(value: Any, text: str, asked: Asked) -> Any:  # noqa: ANN401 - a value of Terraform
    """A value as a variable of this type has it.

    Raises:
        UnsettledError: nothing here tells what it becomes.
    """
    if text in {"", "any"} or value is None:
        return value
    node = parsed_expression(text)
    if node is None:
        raise UnsettledError
    return _as(value, node, asked, 0)


def _as(value: Any, node: tree_sitter.Node, asked: Asked, depth: int) -> Any:  # noqa: ANN401 - as above
    if depth > MAX_DEPTH:
        raise UnsettledError
    while node.type == "expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    if value is None:
        return None
    if isinstance(value, str) and whole(value):
        if not sealed(written(node)):
            return value
        told = value[:-1] + sealed(written(node)) + CLOSE
        return Rest(told) if isinstance(value, Rest) else told
    if node.type in {"variable_expr", "identifier"}:
        return _plain(value, raw(node))
    if node.type != "function_call":
        raise UnsettledError
    name = raw(node.named_children[0])
    arguments = next((one for one in node.named_children if one.type == "function_arguments"), None)
    inner = [one for one in arguments.named_children if one.type == "expression"] if arguments is not None else []
    if len(inner) != 1:
        raise UnsettledError
    return _collection(value, name, inner[0], asked, depth + 1)


def _collection(value: Any, name: str, inner: tree_sitter.Node, asked: Asked, depth: int) -> Any:  # noqa: ANN401 - as above
    if name in {"list", "set"}:
        each = [_as(one, inner, asked, depth) for one in list_of(value)]
        return FUNCTIONS["toset"](each) if name == "set" else each
    if name not in {"map", "object"} or not isinstance(value, dict) or any(OPEN in key for key in value):
        raise UnsettledError
    if name == "map":
        return {key: _as(one, inner, asked, depth) for key, one in value.items()}
    return {key: _attribute(value.get(key), one, asked, depth) for key, one in _attributes(inner)}


def _plain(value: Any, name: str) -> Any:  # noqa: ANN401 - as above
    if name not in _PLAIN or (name != "any" and isinstance(value, list | dict)):
        raise UnsettledError
    if name == "string":
        return text_of(value)
    if name in {"number", "bool"} and isinstance(value, str) and not is_open(value):
        return FUNCTIONS["to" + name](value)
    return value


def _attributes(node: tree_sitter.Node) -> list[tuple[str, tree_sitter.Node]]:
    while node.type != "object":
        inner = [one for one in node.named_children if one.type != "comment"]
        if len(inner) != 1:
            raise UnsettledError
        node = inner[0]
    found: list[tuple[str, tree_sitter.Node]] = []
    for one in node.named_children:
        if one.type == "object_elem":
            key, value = (each for each in one.named_children if each.type == "expression")
            found.append((raw(key).strip('"'), value))
    return found


def _attribute(value: Any, node: tree_sitter.Node, asked: Asked, depth: int) -> Any:  # noqa: ANN401 - as above
    """One attribute of an object: an optional one that is missing or null has its default."""
    call = node
    while call.type == "expression" and len(call.named_children) == 1:
        call = call.named_children[0]
    if call.type != "function_call" or raw(call.named_children[0]) != "optional":
        if value is None:
            raise UnsettledError
        return _as(value, node, asked, depth)
    arguments = next(one for one in call.named_children if one.type == "function_arguments")
    inner = [one for one in arguments.named_children if one.type == "expression"]
    default = Evaluation(asked).exact(inner[1]) if len(inner) > 1 else None
    if isinstance(value, str) and whole(value) and default is not None:
        return later(f"{value[1:-1]} or {json.dumps(default, sort_keys=True)}{sealed(written(inner[0]))}")
    return _as(default if value is None else value, inner[0], asked, depth)
