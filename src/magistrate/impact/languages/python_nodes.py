"""The nodes of a Python tree in the order of `ast.walk`, several times as soon as it gives them.

`ast.walk` asks each node for each of its fields, most of which are names and numbers. Which fields never hold a
node is known by the grammar of CPython, so only the others are looked at; a kind of node that is not known is looked
at whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

TEXTS: Final = frozenset(
    {"id", "attr", "arg", "asname", "module", "level", "type_comment", "kind", "simple", "conversion", "is_async", "rest", "tag"}
)  # fmt: skip
"""Fields that hold a text or a number in every kind of node."""
NAMED: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
"""Kinds of nodes whose `name` is a text."""
NO_NODES: Final = (ast.Constant, ast.alias, ast.Global, ast.Nonlocal)
"""Kinds of nodes with none inside."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """Of a kind of node the fields that may hold others; found once."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        if kind in NO_NODES:
            found: tuple[str, ...] = ()
        else:
            found = tuple(name for name in kind._fields if name not in TEXTS and not (name == "name" and kind in NAMED))
        self[kind] = found
        return found


_FIELDS: Final = _Fields()


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """What `ast.walk(node)` gives, in its order."""
    found = [node]
    add = found.append
    for one in found:
        for name in _FIELDS[type(one)]:
            held = getattr(one, name, None)
            if held is None:
                continue
            if type(held) is list:
                for each in held:
                    if isinstance(each, ast.AST):
                        add(each)
            elif isinstance(held, ast.AST):
                add(held)
        yield one


def nested_less_than(node: ast.AST, most: int) -> bool:
    """Whether nothing in a node is nested as deep as `most` levels."""
    level: list[ast.AST] = [node]
    for _ in range(most):
        below: list[ast.AST] = []
        for one in level:
            for name in _FIELDS[type(one)]:
                held = getattr(one, name, None)
                if type(held) is list:
                    below += [each for each in held if isinstance(each, ast.AST)]
                elif isinstance(held, ast.AST):
                    below.append(held)
        if not below:
            return True
        level = below
    return False
