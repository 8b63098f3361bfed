"""The source as a graph: every module of the package, its tree and what it imports."""

from __future__ import annotations

import ast
import functools
import gc
from dataclasses import dataclass
from pathlib import Path

from paths import PACKAGE, SRC


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module: dotted name without `magistrate.`, its file, its tree, its imports."""

    name: str
    path: Path
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """Every node of the tree, which takes long to walk."""
    imports: frozenset[str]
    eager: frozenset[str]

    @property
    def room(self) -> str:
        """The first part of the name: `wire` for `wire.document`."""
        return self.name.split(".")[0]


@functools.cache
def modules() -> dict[str, Module]:
    """Every module of the package by its name without `magistrate.`; the package itself is ''."""
    names = {_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
    gc.disable()
    try:
        return {name: _read(name, path, names) for name, path in names.items()}
    finally:
        gc.freeze()  # millions of nodes that stay: each later search for what is no longer used would go through them
        gc.enable()


def reachable(start: str) -> set[str]:
    """Every module of the package that importing `start` leads to, lazily or at once."""
    known, seen, todo = modules(), set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen and name in known:
            seen.add(name)
            todo += [n for n in known[name].imports if n.startswith("magistrate.")]
        elif name.startswith("magistrate.") and name.removeprefix("magistrate.") in known:
            todo.append(name.removeprefix("magistrate."))
    return seen


def inside(name: str, rooms: set[str]) -> bool:
    """Whether a module (with or without `magistrate.`) lies in one of the rooms."""
    bare = name.removeprefix("magistrate.")
    return any(bare == room or bare.startswith(room + ".") for room in rooms)


def _name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts and parts[-1] == "__init__" else parts)


def _read(name: str, path: Path, names: dict[str, Path]) -> Module:
    tree = ast.parse(path.read_text(), filename=str(path))
    eager = {target for node in tree.body for target in _targets(node, names)}
    nodes = tuple(ast.walk(tree))
    every = {target for node in nodes for target in _targets(node, names)}
    return Module(name=name, path=path, tree=tree, nodes=nodes, imports=frozenset(every), eager=frozenset(eager))


def _targets(node: ast.AST, names: dict[str, Path]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        known = [n for n in inner if n.removeprefix("magistrate.") in names and n.startswith("magistrate.")]
        return known if len(known) == len(inner) else [node.module, *known]
    return []
