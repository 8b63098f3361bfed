"""Small changes to functions that tests ran: would they notice? Sampled by digest, so that it repeats.

A mutant swaps a comparison, a boolean operator, a constant, a sign, or lets a function return
nothing. Pure: texts in, texts out.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.impact.base import sha256_hex
from magistrate.impact.languages.python_nodes import walk

SWAPPED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
SIGNS: Final[Mapping[type[ast.operator], type[ast.operator]]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}
MAX_SOURCE: Final = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed text of one file; `name` is `path:line:column:kind`."""

    name: str
    path: str
    source: str


def sampled(texts: Mapping[str, str], called: Iterable[tuple[str, int]], seed: str, count: int) -> tuple[Mutant, ...]:
    """At most `count` mutants of the functions that begin at (path, line), in the order of a digest with `seed`."""
    lines: dict[str, set[int]] = {}
    for path, line in called:
        if path in texts and len(texts[path]) <= MAX_SOURCE:
            lines.setdefault(path, set()).add(line)
    places = [(path, *place) for path in sorted(lines) for place in _places(texts[path], lines[path])]
    places.sort(key=lambda one: sha256_hex(f"{seed} {one[0]} {one[1]} {one[2]}".encode()))
    return tuple(_made(texts[path], path, number, name) for path, number, name in places[:count])


def _places(text: str, lines: set[int]) -> list[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    wanted = {
        id(inner)
        for node in walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines & {node.lineno, *(d.lineno for d in node.decorator_list)}
        for statement in node.body[_documented(node) :]
        for inner in walk(statement)
    }
    return [
        (number, _named(node))
        for number, node in enumerate(walk(tree))
        if id(node) in wanted and _changed(node) is not None
    ]


def _documented(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return int(ast.get_docstring(node, clean=False) is not None)


def _named(node: ast.AST) -> str:
    return f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}:{type(node).__name__}"


def _made(text: str, path: str, number: int, name: str) -> Mutant:
    tree: ast.AST = ast.parse(text)
    target = next(node for at, node in enumerate(walk(tree)) if at == number)
    other = _changed(target)
    if other is not None:
        tree = _Replacing(target, other).visit(tree)
    return Mutant(name=f"{path}:{name}", path=path, source=ast.unparse(ast.fix_missing_locations(tree)))


class _Replacing(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace or go on."""
        if node is self._old:
            return ast.copy_location(self._new, node)
        found: ast.AST = self.generic_visit(node)
        return found


def _changed(node: ast.AST) -> ast.AST | None:  # noqa: PLR0911 - one kind of node, one exit
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        return ast.Compare(
            left=node.left, ops=[SWAPPED[type(node.ops[0])](), *node.ops[1:]], comparators=node.comparators
        )
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(op=ast.Or() if isinstance(node.op, ast.And) else ast.And(), values=node.values)
    if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        return ast.BinOp(left=node.left, op=SIGNS[type(node.op)](), right=node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return copy.copy(node.operand)
    if isinstance(node, ast.Return) and node.value is not None:
        return ast.Return(value=ast.Constant(value=None)) if not isinstance(node.value, ast.Constant) else None
    if isinstance(node, ast.Constant):
        return _other_constant(node.value)
    return None


def _other_constant(value: object) -> ast.Constant | None:
    if isinstance(value, bool):
        return ast.Constant(value=not value)
    if isinstance(value, int):
        return ast.Constant(value=value + 1)
    return None
