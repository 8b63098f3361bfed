"""Alembic's migrations: the order of their revisions, and the texts that they execute going up.

Rule kept: a text that is not literal is handed back as unknown, with what stands there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from magistrate.impact.compiled import rx

_PATH: Final = rx(r"(?:.*/)?(?:versions|alembic)/[^/]+\.py")


def is_migration(path: str) -> bool:
    """Whether a file may be one of Alembic's versions."""
    return _PATH.fullmatch(path) is not None and not path.endswith("/__init__.py")


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def in_order(texts: Mapping[str, str]) -> list[str]:
    """The files with each revision after the one that it follows."""
    revision: dict[str, str] = {}
    follows: dict[str, list[str]] = {}
    for path, text in sorted(texts.items()):
        tree = _tree(text)
        found = _assigned(tree) if tree is not None else {}
        revision[path] = next(iter(found.get("revision", [])), path)
        follows[path] = found.get("down_revision", [])
    by_revision = {name: path for path, name in revision.items()}
    line: list[str] = []
    left = sorted(texts)
    while left:
        ready = [path for path in left if not any(by_revision.get(one) in left for one in follows[path])] or left
        line += ready
        left = [path for path in left if path not in ready]
    return line


def _assigned(tree: ast.Module) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
                found[target.id] = [
                    one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)
                ]
    return found


def texts_of(text: str) -> Iterator[tuple[str, bool]]:
    """What a file executes outside of `downgrade`, in order; False where it is no literal text."""
    tree = _tree(text)
    if tree is None:
        yield " ".join(text.split()), False
        return
    constants = {name: values[0] for name, values in _assigned(tree).items() if len(values) == 1}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "downgrade":
            continue
        for call in _calls(node):
            literal = _literal(call.args[0], constants) if call.args else None
            yield (literal, True) if literal is not None else (ast.unparse(call), False)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute":
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)


def _literal(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return _literal(node.args[0], constants) if name in {"text", "DDL"} and len(node.args) == 1 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = _literal(node.left, constants), _literal(node.right, constants)
        return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]
    return None
