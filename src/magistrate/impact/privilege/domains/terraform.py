"""Terraform as blocks of plain values: HCL, its JSON form, and the JSON of a plan.

What a string leaves to be filled in later stands in it between `OPEN` and `CLOSE`, from HCL and from
JSON alike, so that a reference reads the same in both and `$${` is the plain `${` that it means. What
names mean is put in its place by `terraform_names`.

Rule kept: what is computed in any other way stays as its own text; nothing is guessed.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import tree_sitter

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform_writing import LANGUAGE, parsed_expression, raw, written

MAX_TEXT: Final = 1_000_000
MAX_CALLS: Final = 3
MAX_BLOCKS: Final = 20_000
MAX_DEPTH: Final = 60
OPEN: Final = "\ue200"
CLOSE: Final = "\ue201"
DYNAMIC: Final = "dynamic block"
"""The key of a block that stands for many."""
MANY: Final = "there may be several"
"""The key that a block has of which one is made for each of several."""
EACH: Final = "for each of"
ITERATOR: Final = "named"
CONTENT: Final = "content of each"
GIVEN: Final = "values of variables"
LABELS: Final = "labels of the block"
"""The key of the words that stand between the kind of a block inside another and its brace: `backend "s3" {`."""
ENCODED: Final = "jsonencode of"
"""The key of a value that becomes JSON text once what stands in it is in its place."""
LATER: Final = rx(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
"""Something to be filled in later; it never stands in another."""
_IN_JSON: Final = rx(r"\$\$\{|%%\{|[$%]\{((?:[^{}\"]|\"[^\"]*\"|\{[^{}]*\})*)\}")
_NUMBER: Final = rx(r"-?\d{1,18}")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE: Final = rx(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


class UnreadableError(Exception):
    """A file that is no HCL, no JSON, or too deep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: `kind` is resource, data, module, variable or locals, or `GIVEN` for a file of values.

    `scope` names the call of a module whose blocks these are, once more for each call; empty for the files themselves.
    """

    kind: str
    type: str
    name: str
    body: Mapping[str, Any]
    path: str
    line: int
    scope: str = ""
    built: tuple[str, ...] = ()
    """The counts and `for_each` that decide whether it is there at all, where nothing here tells them."""

    @property
    def folder(self) -> str:
        """The module that it belongs to: a folder, or one call of one."""
        return self.scope or self.path.rpartition("/")[0]


def is_terraform(path: str) -> bool:
    """Whether a file of this name is read as Terraform."""
    return path.endswith((".tf", ".tf.json", ".tofu", ".tofu.json"))


def is_values(path: str) -> bool:
    """Whether a file of this name gives variables their values."""
    return path.endswith((".tfvars", ".tfvars.json"))


@lru_cache(maxsize=512)
def blocks(path: str, text: str) -> tuple[Block, ...]:
    """The blocks of one file.

    Raises:
        UnreadableError: the file has another shape.
    """
    if len(text) > MAX_TEXT:
        raise UnreadableError(f"the file is larger than {MAX_TEXT} characters")
    found = _of_json(path, text) if path.endswith(".json") else _of_hcl(path, text)
    return tuple(found)


def plan_blocks(path: str, plan: Mapping[str, Any]) -> Iterator[Block]:
    """The resources that a plan (`terraform show -json`) leads to."""
    line = [plan.get("planned_values", {}).get("root_module", {})]
    for module in line:
        for one in module.get("resources", ()):
            kind = "data" if one.get("mode") == "data" else "resource"
            name = str(one.get("address", one.get("name", "")))
            yield Block(
                kind=kind, type=str(one.get("type")), name=name, body=one.get("values") or {}, path=path, line=0
            )
        line += module.get("child_modules", ())


def later(text: str) -> str:
    """What is filled in later, as it is written; one in another keeps its text only."""
    return OPEN + text.replace(OPEN, "").replace(CLOSE, "") + CLOSE


def _of_json(path: str, text: str) -> Iterator[Block]:
    try:
        whole = _templates(json.loads(text, object_pairs_hook=_once))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("this is no JSON") from error
    if is_values(path) and isinstance(whole, dict):
        yield Block(kind=GIVEN, type="", name="", body=whole, path=path, line=0)
        return
    for top in whole if isinstance(whole, list) else [whole]:
        if not isinstance(top, dict):
            raise UnreadableError("this is no object")
        for kind, types in top.items():
            yield from _json_blocks(path, kind, types)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("a key stands twice")
    return found


def _templates(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The strings of JSON syntax are templates: `${...}` is filled in later, `$${` is plain."""
    if isinstance(value, dict):
        return {name: _templates(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_templates(one) for one in value]
    return _IN_JSON.sub(_in_json, value) if isinstance(value, str) and "{" in value else value


def _in_json(found: re.Match[str]) -> str:
    return found.group()[1:] if found.group(1) is None else later(_on_a_line(found.group(1)))


def _on_a_line(text: str) -> str:
    node = parsed_expression(text)
    return " ".join(text.split()) if node is None else written(node)


def _json_blocks(path: str, kind: str, types: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    for group in types if isinstance(types, list) else [types]:
        if not isinstance(group, dict):
            raise UnreadableError(f"`{kind[:40]}` is no object")
        if kind in {"locals", "terraform"}:
            yield Block(kind=kind, type="", name="", body=group, path=path, line=0)
        elif kind in {"resource", "data"}:
            for type_, named in group.items():
                for name, body in _named(named):
                    yield from (
                        Block(kind=kind, type=type_, name=name, body=one, path=path, line=0) for one in _bodies(body)
                    )
        else:
            for name, body in group.items():
                yield from (Block(kind=kind, type="", name=name, body=one, path=path, line=0) for one in _bodies(body))


def _named(named: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    for one in named if isinstance(named, list) else [named]:
        if not isinstance(one, dict):
            raise UnreadableError("a block has no name")
        yield from one.items()


def _bodies(body: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    for one in body if isinstance(body, list) else [body]:
        yield _with_dynamic(one) if isinstance(one, dict) else {"": one}


def _with_dynamic(value: Any) -> Any:  # noqa: ANN401 - JSON
    """What JSON puts under `dynamic` stands, as in HCL, among the blocks that it makes; it may be written once or as a list."""
    if isinstance(value, list):
        return [_with_dynamic(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _with_dynamic(one) for name, one in value.items() if name != "dynamic"}
    for group in _several(value.get("dynamic", [])):
        for label, made in group.items() if isinstance(group, dict) else ():
            plain = _several(found.get(label, []))
            told = [{DYNAMIC: later(json.dumps(one, sort_keys=True))} for one in _several(made)]
            found[label] = [*plain, *told]
    return found


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]


def _of_hcl(path: str, text: str) -> Iterator[Block]:
    tree = tree_sitter.Parser(LANGUAGE).parse(text.encode())
    if tree.root_node.has_error:
        raise UnreadableError("this is no HCL that can be read")
    body = next((node for node in tree.root_node.named_children if node.type == "body"), None)
    if is_values(path):
        values = _body(body, 0) if body is not None else {}
        yield Block(kind=GIVEN, type="", name="", body=values, path=path, line=0)
        return
    for node in body.named_children if body is not None else ():
        if node.type != "block":
            continue
        labels = [_label(child) for child in node.named_children if child.type in {"identifier", "string_lit"}]
        inner = next((child for child in node.named_children if child.type == "body"), None)
        found = _body(inner, 0) if inner is not None else {}
        kind, rest = labels[0], labels[1:]
        type_ = rest[0] if kind in {"resource", "data"} and rest else ""
        name = rest[-1] if rest else ""
        yield Block(kind=kind, type=type_, name=name, body=found, path=path, line=node.start_point.row + 1)


def _label(node: tree_sitter.Node) -> str:
    return raw(node).strip('"')


def _body(node: tree_sitter.Node, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise UnreadableError("blocks stand too deep in each other")
    found: dict[str, Any] = {}
    for child in node.named_children:
        if child.type == "attribute":
            name, value = child.named_children[0], child.named_children[-1]
            key = raw(name)
            if key in found:
                raise UnreadableError(f"`{key[:40]}` stands twice")
            found[key] = _value(value, depth + 1)
        elif child.type == "block":
            labels = [_label(one) for one in child.named_children if one.type in {"identifier", "string_lit"}]
            inner = next((one for one in child.named_children if one.type == "body"), None)
            content = _body(inner, depth + 1) if inner is not None else {}
            if labels[0] == "dynamic":
                content = _dynamic(child, labels, content)
            elif labels[1:]:
                content = {**content, LABELS: labels[1:]}
            found.setdefault(labels[1] if labels[0] == "dynamic" and len(labels) > 1 else labels[0], []).append(content)
    return found


def _dynamic(node: tree_sitter.Node, labels: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """A block that stands for many: its text, and the parts that it is made of where it has no others."""
    content = body.get("content")
    if (
        set(body) - {"for_each", "iterator", "content"}
        or not isinstance(content, list)
        or len(content) != 1
        or "for_each" not in body
    ):
        return {DYNAMIC: later(written(node))}
    iterator = str(body.get("iterator", labels[-1])).strip(OPEN + CLOSE)
    return {DYNAMIC: later(written(node)), EACH: body["for_each"], ITERATOR: iterator, CONTENT: content[0]}


def _value(node: tree_sitter.Node, depth: int) -> Any:  # noqa: ANN401 - a value of JSON
    if depth > MAX_DEPTH:
        raise UnreadableError("values stand too deep in each other")
    if (
        node.type in {"expression", "literal_value", "collection_value", "template_expr"}
        and len(node.named_children) == 1
    ):
        return _value(node.named_children[0], depth + 1)
    if _NUMBER.fullmatch(written(node)):
        return int(written(node))
    read = _READERS.get(node.type)
    return read(node, depth) if read is not None else later(written(node))


def _tuple(node: tree_sitter.Node, depth: int) -> list[Any]:
    return [_value(child, depth + 1) for child in node.named_children if child.type == "expression"]


def _object(node: tree_sitter.Node, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in node.named_children:
        if child.type == "object_elem":
            key, value = (one for one in child.named_children if one.type == "expression")
            name = _value(key, depth + 1)
            plain = LATER.fullmatch(name) if isinstance(name, str) else None
            told = plain.group(1) if plain is not None and re.fullmatch(r"\w[\w-]*", plain.group(1)) else str(name)
            if told in found:
                raise UnreadableError(f"`{told[:40]}` stands twice")
            found[told] = _value(value, depth + 1)
    return found


def _number(node: tree_sitter.Node, _depth: int) -> int | float:
    text = raw(node)
    return int(text) if text.isdigit() else float(text)


def _string(node: tree_sitter.Node, _depth: int) -> str:
    if any(one.type == "strip_marker" for child in node.named_children for one in child.named_children):
        return later(written(node))
    return "".join(_pieces(node, node.children[0].end_byte, node.children[-1].start_byte, escapes=True))


def _heredoc(node: tree_sitter.Node, _depth: int) -> str:
    names = [child for child in node.children if child.type == "heredoc_identifier"]
    text = (
        "".join(_pieces(node, names[0].end_byte, names[-1].start_byte, escapes=False))
        .removeprefix("\r")
        .removeprefix("\n")
    )
    flush = raw(node.children[0]).endswith("-")
    return textwrap.dedent(text) if flush else text


def _pieces(node: tree_sitter.Node, start: int, end: int, *, escapes: bool) -> Iterator[str]:
    """The text between two places of a template, cut at what is filled in; blanks count."""
    whole, base = node.text or b"", node.start_byte
    for child in node.named_children:
        if child.type in {"template_interpolation", "template_directive"}:
            yield _plain(whole[start - base : child.start_byte - base], escapes=escapes)
            inner = next((one for one in child.named_children if one.type == "expression"), None)
            read = _value(inner, 1) if inner is not None else None
            yield read if isinstance(read, str) else later(f'"{raw(child)}"' if inner is None else written(inner))
            start = child.end_byte
    yield _plain(whole[start - base : end - base], escapes=escapes)


def _plain(content: bytes, *, escapes: bool) -> str:
    text = content.decode("utf-8", "replace").replace(OPEN, "").replace(CLOSE, "")
    text = text.replace("$${", "${").replace("%%{", "%{")
    return _ESCAPE.sub(_escaped, text) if escapes else text


def _escaped(found: re.Match[str]) -> str:
    sign = found.group(1)
    return chr(int(sign[1:], 16)) if sign[0] in "uU" and len(sign) > 1 else _ESCAPES.get(sign, found.group())


def _call(node: tree_sitter.Node, depth: int) -> Any:  # noqa: ANN401 - a value of JSON
    name = raw(node.named_children[0])
    arguments = next((child for child in node.named_children if child.type == "function_arguments"), None)
    given = [child for child in arguments.named_children if child.type == "expression"] if arguments is not None else []
    if name == "jsonencode" and len(given) == 1:
        return {ENCODED: _value(given[0], depth + 1)}
    return later(written(node))


def is_settled(node: tree_sitter.Node) -> bool:
    """Whether a node is a plain number, text or word."""
    return node.type in {"numeric_lit", "bool_lit", "null_lit", "string_lit"}


def read_value(node: tree_sitter.Node, *, escapes: bool = True) -> Any:  # noqa: ANN401 - a value of JSON
    """The value of a plain node, or the text of a piece of a template."""
    return (
        _plain(node.text or b"", escapes=escapes) if node.type == "template_literal" else _READERS[node.type](node, 0)
    )


_READERS: Final[Mapping[str, Callable[[tree_sitter.Node, int], Any]]] = {
    "tuple": _tuple,
    "object": _object,
    "numeric_lit": _number,
    "bool_lit": lambda node, _depth: raw(node) == "true",
    "null_lit": lambda _node, _depth: None,
    "string_lit": _string,
    "quoted_template": _string,
    "heredoc_template": _heredoc,
    "function_call": _call,
}
