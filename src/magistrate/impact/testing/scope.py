"""What the names of one test file mean before the change: imports, own functions and values, fixtures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.testing.project import Meaning, Project, bindings, is_literal

REACHED: Final = frozenset({"definition", "decorated", "value", "pure", "helper"})
BUILTIN_TYPES: Final = frozenset(
    {"str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple", "frozenset", "type", "object"}
)
OWN: Final = frozenset({"definition", "decorated", "value", "module", "helper"})


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Names of a file; `bound` are all of them, `meanings` those that are certain, `modules` those it imports from."""

    project: Project
    bound: set[str]
    meanings: dict[str, Meaning]
    fixtures: frozenset[str] = field(default_factory=frozenset)
    modules: frozenset[str] = field(default_factory=frozenset)

    def learn(self, name: str, meant: Meaning) -> None:
        """An import that the new side adds, and that was judged."""
        self.bound.add(name)
        self.meanings[name] = meant

    def forget(self, name: str) -> None:
        """A name that has not been judged yet."""
        self.bound.discard(name)
        self.meanings.pop(name, None)

    def is_pytest(self, name: str) -> bool:
        """Whether a name is the module `pytest`."""
        return self._kind(name) == "pytest"

    def imports_unittest(self) -> bool:
        """Whether the file has `import unittest`."""
        return self._kind("unittest") == "unittest"

    def is_testcase(self, node: ast.expr) -> bool:
        """Whether an expression is `TestCase`, imported from unittest."""
        return isinstance(node, ast.Name) and self._kind(node.id) == "testcase"

    def reaches(self, name: str) -> bool:
        """Whether a name stands for a definition or a value, and not for a whole module."""
        return self._kind(name) in REACHED

    def is_type(self, node: ast.expr) -> bool:
        """Whether an expression is an annotation that does nothing: names of types, in brackets or joined by `|`."""
        if isinstance(node, ast.Constant):
            return node.value is None or node.value is ...
        if isinstance(node, ast.Name):
            builtin = node.id in BUILTIN_TYPES and node.id not in self.bound
            return builtin or self._kind(node.id) in {"type", "definition", "pure"}
        if isinstance(node, ast.Subscript):
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            known = isinstance(node.value, ast.Name) and self._kind(node.value.id) != "definition"
            return known and self.is_type(node.value) and all(self.is_type(one) for one in inner)
        if isinstance(node, ast.List):
            return all(self.is_type(one) for one in node.elts)
        return (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.BitOr)
            and self.is_type(node.left)
            and self.is_type(node.right)
        )

    def is_own(self, name: str) -> bool:
        """Whether a name stands for something of the repository."""
        return self._kind(name) in OWN

    def attribute(self, words: list[str]) -> bool | None:
        """Of `a.b.c` with `a` a module: whether it ends at a definition of the repository; None: `a` is no module."""
        meant = self.meanings.get(words[0])
        if meant is None or meant.kind in REACHED:
            return None
        if meant.kind != "module":
            return False
        for at, word in enumerate(words[1:], 1):
            meant = self.project.meaning(meant.module, word)
            if meant is None:
                return False
            if meant.kind != "module":
                return True if at == len(words) - 1 else None
        return False

    def _kind(self, name: str) -> str:
        meant = self.meanings.get(name)
        return "" if meant is None else meant.kind


def scope_of(tree: ast.Module, project: Project, path: str, *, new_file: bool) -> Scope:
    """Read the names of a test file; of a new one, fixtures and modules are those of the tests beside it."""
    found = bindings(tree)
    names = [one.name for one in found]
    meanings: dict[str, Meaning] = {}
    for one in found:
        meant = _meaning(one.node, one.name, project) if names.count(one.name) == 1 else None
        if meant is not None:
            meanings[one.name] = meant
    known = [*_beside(path, project)] if new_file else [tree]
    return Scope(
        project=project,
        bound=set(names),
        meanings=meanings,
        fixtures=frozenset(name for one in known for name in fixtures_of(one)),
        modules=frozenset(name for one in known for name in imported_modules(one)),
    )


def _beside(path: str, project: Project) -> Iterator[ast.Module]:
    """Test files of the same folder, as far as they are Python."""
    folder = path.rpartition("/")[0]
    for other in sorted(project.base.files):
        name = other.rpartition("/")[2]
        if other.rpartition("/")[0] == folder and name.endswith(".py") and name.startswith("test_"):
            tree = project.tree(other)
            if tree is not None:
                yield tree


def imported_modules(tree: ast.Module) -> frozenset[str]:
    """Modules that a file imports from, at its top."""
    return frozenset(
        one.module for one in tree.body if isinstance(one, ast.ImportFrom) and one.module and not one.level
    )


def _meaning(node: ast.stmt | None, name: str, project: Project) -> Meaning | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        alias = next(a for a in node.names if (a.asname or a.name.partition(".")[0]) == name)
        return None if alias.name == "*" else project.imported(node, alias)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return Meaning(kind="helper") if not name.startswith(("test", "Test")) and not node.decorator_list else None
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and is_literal(node.value):
        return Meaning(kind="helper")
    return None


BEYOND: Final = frozenset(
    {"monkeypatch", "request", "pytester", "testdir", "pytestconfig", "self", "cls", "tmp_path", "tmpdir", "mocker"}
)
"""Fixtures that reach beyond the test."""


def fixtures_of(tree: ast.Module) -> frozenset[str]:
    """Fixtures that tests of this file already ask for."""
    asked: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            asked |= {one.arg for one in node.args.args}
    return frozenset(asked - BEYOND)
