"""What TypeScript leaves out of the program it makes, as the grammar sees it: places, and the tree without them.

Rule kept (R17): a short list of what is erased for certain. Enums, namespaces, parameter properties,
`declare`, `abstract`, angle assertions and type-only names inside ordinary imports are not on it:
they stay as they are, and with them the text is no JavaScript, which is refused further on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.trees import MAX_DEPTH, MAX_NODES, parser_of

if TYPE_CHECKING:
    from tree_sitter import Node

ANNOTATION: Final = "annotation"
ASSERTION: Final = "assertion"
ARGUMENTS: Final = "arguments"
PARAMETERS: Final = "parameters"
IMPLEMENTS: Final = "implements"
MARK: Final = "mark"
MODIFIER: Final = "modifier"
STATEMENT: Final = "statement"
WHOLE: Final = {
    "type_annotation": ANNOTATION,
    "type_predicate_annotation": ANNOTATION,
    "asserts_annotation": ANNOTATION,
    "type_arguments": ARGUMENTS,
    "type_parameters": PARAMETERS,
    "implements_clause": IMPLEMENTS,
}
"""Nodes of the grammar that are erased as a whole, wherever they stand in code."""
ASSERTIONS: Final = frozenset({"as_expression", "satisfies_expression"})
TYPE_STATEMENTS: Final = frozenset({"interface_declaration", "type_alias_declaration"})
MEMBERS: Final = frozenset({"public_field_definition", "method_definition"})
MODIFIERS: Final = frozenset({"accessibility_modifier", "override_modifier", "readonly"})
NEVER_TYPED: Final = frozenset({b"constructor", b"'constructor'", b'"constructor"'})
TYPED: Final = ("return_type", "type_parameters")
MARKED: Final = frozenset({"optional_parameter", "public_field_definition", "method_definition", "variable_declarator"})
NOT_BELOW: Final = frozenset({"type_assertion", "parenthesized_expression", "instantiation_expression"})
ONE_NAME: Final = {"optional_parameter": "required_parameter"}
KEPT: Final = 4


@dataclass(frozen=True, slots=True, order=True)
class Erased:
    """A place that is erased: byte offsets, what kind it is, the name that a statement declares."""

    start: int
    end: int
    kind: str
    name: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """`places` in the order of the text; `shape` is the tree without them; `outward` counts statements of modules.

    `outward`: imports and exports of the text, and those that are left when the places are gone.
    """

    places: tuple[Erased, ...]
    shape: tuple[str, ...]
    outward: tuple[int, int]


@lru_cache(maxsize=KEPT)
def pruned(content: bytes, grammar: str) -> Pruned:
    """Read a text by the grammar `typescript` or `tsx`.

    Raises:
        UnreadableError: the grammar does not accept it, or it is too deep or too large.
    """
    import tree_sitter_typescript  # noqa: PLC0415  native code is loaded only where a file asks for it

    of = {"typescript": tree_sitter_typescript.language_typescript, "tsx": tree_sitter_typescript.language_tsx}
    root = parser_of(of[grammar]).parse(content).root_node
    if root.has_error:
        raise UnreadableError("the grammar does not accept it")
    places: list[Erased] = []
    shape: list[str] = []
    pending: list[tuple[Node | None, str, int]] = [(root, "", 0)]
    while pending:
        node, field, depth = pending.pop()
        if node is None:
            shape.append(field)
            continue
        if depth > MAX_DEPTH or len(shape) > MAX_NODES:
            raise UnreadableError("it is nested too deeply, or too large, to judge")
        if node.is_missing:
            raise UnreadableError("the grammar had to invent a token")
        if node.type == "comment":
            continue
        erased = list(_erased_of(node))
        places += erased
        kept = [
            (child, node.field_name_for_child(n) or "", depth + 1)
            for n, child in enumerate(node.children)
            if not any(one.start <= child.start_byte and child.end_byte <= one.end for one in erased)
        ]
        if erased and not kept:
            continue
        unwrapped = node.type in ASSERTIONS or node.type == "non_null_expression"
        if unwrapped:
            inside = node.parent is not None and node.parent.type == "parenthesized_expression"
            shape += ["\0asserted"] if inside else []
            kept = [(child, field, below) for child, _, below in kept]
        elif node.child_count == 0:
            shape.append(node.type)
        else:
            shape += ("\0(", field, ONE_NAME.get(node.type, node.type), _promised(node))
            pending.append((None, "\0)", depth))
        pending += reversed(kept)
    outward = [node for node in root.children if node.type in {"import_statement", "export_statement"}]
    whole = {(one.start, one.end) for one in places}
    left = sum((node.start_byte, node.end_byte) not in whole for node in outward)
    return Pruned(places=tuple(sorted(places)), shape=tuple(shape), outward=(len(outward), left))


def _erased_of(node: Node) -> Iterator[Erased]:
    """The places that a node erases: itself, or some of what stands in it."""
    parent = node.parent.type if node.parent is not None else ""
    kind = WHOLE.get(node.type)
    if node.type == "method_definition" and _name(node) in NEVER_TYPED and any(map(node.child_by_field_name, TYPED)):
        raise UnreadableError("a constructor has a type of its own, which the compiler may leave in the program")
    before = node.prev_sibling
    if node.type == "type_arguments" and before is not None and before.type == "super":
        raise UnreadableError("`super` has types of its own, which the compiler may leave in the program")
    if kind is not None and parent not in NOT_BELOW:
        yield Erased(node.start_byte, node.end_byte, kind)
    elif node.type == "class_heritage" and [child.type for child in node.children] == ["implements_clause"]:
        yield Erased(node.start_byte, node.end_byte, IMPLEMENTS)
    elif node.type in TYPE_STATEMENTS and parent == "program":
        yield Erased(node.start_byte, node.end_byte, STATEMENT, _name(node))
    elif node.type in {"export_statement", "import_statement"} and parent == "program":
        yield from _of_module(node)
    elif node.type in ASSERTIONS:
        sign = next((child for child in node.children if child.type in {"as", "satisfies"}), None)
        if sign is not None:
            yield Erased(sign.start_byte, node.end_byte, ASSERTION)
    elif node.type == "non_null_expression":
        sign = node.children[-1]
        yield Erased(sign.start_byte, sign.end_byte, MARK)
    else:
        yield from _signs(node)


def _signs(node: Node) -> Iterator[Erased]:
    """Marks and words before and behind a name."""
    for child in node.children:
        if node.type in MEMBERS and child.type in MODIFIERS:
            yield Erased(child.start_byte, child.end_byte, MODIFIER)
        elif node.type in MARKED and child.type in {"?", "!"}:
            yield Erased(child.start_byte, child.end_byte, MARK)


def _of_module(node: Node) -> Iterator[Erased]:
    """`export interface`, `export type`, `import type`, as a whole; `import type x = require()` is not."""
    second = node.children[1].type if len(node.children) > 1 else ""
    declared = node.child_by_field_name("declaration")
    if node.type == "export_statement" and declared is not None and declared.type in TYPE_STATEMENTS:
        if second != "default":
            yield Erased(node.start_byte, node.end_byte, STATEMENT, _name(declared))
    elif second == "type" and not any(child.type == "import_require_clause" for child in node.children):
        yield Erased(node.start_byte, node.end_byte, STATEMENT)


def _promised(node: Node) -> str:
    """What an asynchronous function says that it returns, up to its arguments: older targets call that when they run."""
    if not any(child.type == "async" for child in node.children):
        return ""
    said = node.child_by_field_name("return_type")
    text = (said.text or b"").decode("utf-8", "replace") if said is not None else ""
    return "\0" + text.partition("<")[0].lstrip(": \t\r\n")


def _name(node: Node) -> bytes:
    name = node.child_by_field_name("name")
    return (name.text or b"") if name is not None else b""
