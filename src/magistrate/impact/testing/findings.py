"""What a comparison of tests says: an objection at its line, or what was kept, renamed and added."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


class Objection(Exception):
    """Why a test file may be weaker, or may do more than test; `old` where the line is one of the old side."""

    def __init__(self, node: ast.AST | int, why: str, *, old: bool = False) -> None:
        self.line = node if isinstance(node, int) else int(getattr(node, "lineno", 1))
        self.why = why
        self.old = old
        super().__init__(f"line {self.line}{' of the old file' if old else ''}: {why}")


@dataclass(kw_only=True)
class Kept:
    """Tests by name (`Class::name` or `name`) as they are on both sides."""

    renamed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    widened: list[str] = field(default_factory=list)
    """Tests that check more than before: more cases, more assertions."""


def shown(node: ast.AST, limit: int = 80) -> str:
    """The text of a node on one line."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"
