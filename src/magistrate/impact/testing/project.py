"""What a name of a test file means in the base tree: a definition of the repository, or nothing that is known.

Rule kept (R20): a new test may only reach functions, classes and plain values that the repository
itself defines. Another library, a module behind a module (`package.os.system`), a name that is
bound twice or by a computation is not resolved, and what is not resolved is not called.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.testing import library

ROOTS: Final = ("", "src/", "lib/", "python/")
"""Folders that are on the path of tests by the usual layouts."""
MAX_HOPS: Final = 6
TYPE_NAMES: Final = frozenset(
    {"Any", "Awaitable", "Callable", "Dict", "Generator", "Iterable", "Iterator", "List", "Mapping", "Optional", "Sequence",
     "Set", "Tuple", "Type", "Union", "AsyncGenerator", "AsyncIterator", "NoReturn", "Literal"}
)  # fmt: skip
"""Names of `typing` and `collections.abc` that annotations are made of."""
PURE_LIBRARY: Final = frozenset(
    {
        ("datetime", "date"), ("datetime", "datetime"), ("datetime", "time"), ("datetime", "timedelta"),
        ("datetime", "timezone"), ("datetime", "UTC"), ("decimal", "Decimal"), ("fractions", "Fraction"),
        ("uuid", "UUID"), ("collections", "OrderedDict"), ("collections", "Counter"), ("collections", "deque"),
        ("math", "inf"), ("math", "nan"), ("math", "isclose"), ("math", "isnan"), ("math", "pi"),
    }
)  # fmt: skip
"""Values of the standard library that act on nothing but their arguments."""
TESTCASE: Final = ("unittest", "TestCase")
PYTEST: Final = "pytest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a name stands for: `module` (dotted name), `definition`, `decorated`, `value`, `pure`, `type`, `pytest` or `testcase`."""

    kind: str
    module: str = ""


@dataclass(frozen=True, kw_only=True)
class Project:
    """The Python modules of one base tree, read when they are asked for."""

    base: BaseTree
    read: dict[str, ast.Module | None] = field(default_factory=dict)

    def module_path(self, dotted: str) -> str | None:
        """The file of a module; None where it is not one of this tree, or two files could be it."""
        if not dotted or dotted.partition(".")[0] in library.MODULES:
            return None
        inner = dotted.replace(".", "/")
        places = [root + inner + end for root in ROOTS for end in (".py", "/__init__.py")]
        found = [place for place in places if place in self.base.files]
        return found[0] if len(found) == 1 else None

    def _modules(self) -> tuple[str, ...]:
        kept = self.base.looked_up.get("testing modules")
        if not isinstance(kept, tuple):
            kept = tuple(path for path in sorted(self.base.files) if path.endswith(".py"))
            self.base.looked_up["testing modules"] = kept
        return kept

    def meaning(self, module: str, name: str, hops: int = 0) -> Meaning | None:
        """What `name` of a module of this tree stands for; None where that is not certain."""
        path = self.module_path(module)
        if hops > MAX_HOPS or path is None:
            return None
        tree = self.tree(path)
        bound = [] if tree is None else [one for one in bindings(tree) if one.name == name]
        if not bound and self.module_path(f"{module}.{name}") is not None and tree is not None:
            return Meaning(kind="module", module=f"{module}.{name}")
        if not bound and tree is not None:
            return self._through_star(tree, module, path, name, hops)
        if len(bound) != 1:
            return None
        return self._bound(module, path, bound[0], hops)

    def _bound(self, module: str, path: str, one: Binding, hops: int) -> Meaning | None:
        node = one.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            plain = isinstance(node, ast.ClassDef) or not node.decorator_list
            return Meaning(kind="definition" if plain else "decorated")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            return Meaning(kind="value") if node.value is not None and is_literal(node.value) else None
        if isinstance(node, ast.ImportFrom):
            source = absolute(node, module, is_init=path.endswith("/__init__.py"))
            original = next((a.name for a in node.names if (a.asname or a.name) == one.name), "")
            return self.meaning(source, original, hops + 1) if original and source else None
        return None

    def _through_star(self, tree: ast.Module, module: str, path: str, name: str, hops: int) -> Meaning | None:
        """A name that `from .part import *` brings, where exactly one part of this tree binds it."""
        stars = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.names[0].name == "*"]
        sources = [absolute(one, module, is_init=path.endswith("/__init__.py")) for one in stars]
        places = [self.module_path(source) for source in sources]
        trees = [None if place is None else self.tree(place) for place in places]
        if name.startswith("_") or any(one is None for one in trees):
            return None
        holding = [source for source, one in zip(sources, trees, strict=True) if one is not None and _gives(one, name)]
        return self.meaning(holding[0], name, hops + 1) if len(holding) == 1 else None

    def imported(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Meaning | None:
        """What one alias of an import of a test file stands for."""
        if isinstance(node, ast.Import):
            return self._plain_import(alias)
        if node.level or node.module is None:
            return None
        if (node.module, alias.name) in PURE_LIBRARY:
            return Meaning(kind="pure")
        if node.module in {"typing", "collections.abc"} and alias.name in TYPE_NAMES:
            return Meaning(kind="type")
        if (node.module, alias.name) == TESTCASE:
            return Meaning(kind="testcase")
        return self.meaning(node.module, alias.name)

    def _plain_import(self, alias: ast.alias) -> Meaning | None:
        if alias.name == PYTEST and self.module_path(PYTEST) is None:
            return Meaning(kind="pytest") if alias.asname in {None, PYTEST} else None
        if alias.name == "unittest" and alias.asname is None:
            return Meaning(kind="unittest")
        shown = alias.name if alias.asname else alias.name.partition(".")[0]
        known = self.module_path(shown) is not None and self.module_path(alias.name) is not None
        return Meaning(kind="module", module=shown) if known else None

    def defines_attribute(self, name: str) -> bool:
        """Whether the code of this tree gives its own objects an attribute of this name, and no module has it."""
        if name in library.MODULES or self.module_path(name) is not None:
            return False
        kept = self.base.looked_up.get(f"testing attribute {name}")
        if not isinstance(kept, bool):
            kept = self._search_attribute(name)
            self.base.looked_up[f"testing attribute {name}"] = kept
        return kept

    def _search_attribute(self, name: str) -> bool:
        given = re.compile(
            rf"^[ \t]+(?:async[ \t]+)?def[ \t]+{name}\b|\bself\.{name}[ \t]*(?::|=(?!=))|^[ \t]+{name}[ \t]*(?::|=(?!=))",
            re.MULTILINE,
        )
        brought = re.compile(rf"^[ \t]*(?:import|from)\b[^\n]*\b{name}\b", re.MULTILINE)
        texts = [self.base.files[path] for path in self._modules() if name in self.base.files[path]]
        return any(given.search(text) for text in texts) and not any(brought.search(text) for text in texts)

    def is_said_elsewhere(self, name: str, but: str) -> bool:
        """Whether some other file of this tree has a word."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        return any(path != but and word.search(text) for path, text in self.base.files.items() if name in text)

    def looks_at_modules(self) -> str | None:
        """The first file that asks the runner for the module of a test: its names may then mean anything."""
        asks = re.compile(r"\b(?:request|item|metafunc|node)\.(?:module|cls|instance|obj)\b")
        return next((path for path in self._modules() if asks.search(self.base.files[path])), None)

    def is_imported_beside(self, module: str, path: str) -> bool:
        """Whether a test of the same folder imports from a module, which is then read in the same run anyway."""
        folder = path.rpartition("/")[0]
        imports = re.compile(rf"^(?:from {re.escape(module)} import |import {re.escape(module)}$)", re.MULTILINE)
        beside = [
            one for one in self._modules() if one.rpartition("/")[0] == folder and "test" in one.rpartition("/")[2]
        ]
        return any(imports.search(self.base.files[one]) for one in beside)

    def defines_anywhere(self, name: str, but: str) -> bool:
        """Whether some other Python file of this tree defines a function of this name."""
        defined = re.compile(rf"\bdef[ \t]+{re.escape(name)}\b")
        return any(path != but and defined.search(self.base.files[path]) for path in self._modules())

    def tree(self, path: str) -> ast.Module | None:
        """A file of this tree as CPython reads it; None where it does not."""
        if path not in self.read:
            try:
                self.read[path] = ast.parse(self.base.files[path])
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.read[path] = None
        return self.read[path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A name that a module binds, and the statement that does; None: something else than a plain statement."""

    name: str
    node: ast.stmt | None


def _gives(tree: ast.Module, name: str) -> bool:
    """Whether a star import of a module may bring a name: by `__all__` where it is written out, else by binding it."""
    for one in tree.body:
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in one.targets):
            listed = one.value.elts if isinstance(one.value, ast.List | ast.Tuple) and is_literal(one.value) else []
            return not listed or name in [text.value for text in listed if isinstance(text, ast.Constant)]
    return any(bound.name in {name, "*"} for bound in bindings(tree))


def bindings(tree: ast.Module) -> list[Binding]:
    """Every binding of a module's own scope; what stands inside of other statements counts as not plain."""
    found: list[Binding] = []
    for statement in tree.body:
        found += _bound_by(statement)
    for node in walk(tree):
        if isinstance(node, ast.Global):
            found += [Binding(name=name, node=None) for name in node.names]
    return found


def _bound_by(statement: ast.stmt) -> list[Binding]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [Binding(name=statement.name, node=statement)]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
        return [Binding(name=name, node=statement) for name in names]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return [Binding(name=statement.targets[0].id, node=statement)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [Binding(name=statement.target.id, node=statement)]
    found = []
    for node in walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.append(Binding(name=node.id, node=None))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(Binding(name=node.name, node=None))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [Binding(name=a.asname or a.name.partition(".")[0], node=None) for a in node.names]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.append(Binding(name=node.name, node=None))
    return found


def is_literal(node: ast.expr) -> bool:
    """Constants, and lists, tuples, sets and mappings of them."""
    waiting: list[ast.expr | None] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.List | ast.Tuple | ast.Set):
            waiting += one.elts
        elif isinstance(one, ast.Dict):
            waiting += [*one.keys, *one.values]
        elif isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub):
            waiting.append(one.operand)
        elif not isinstance(one, ast.Constant):
            return False
    return True


def absolute(node: ast.ImportFrom, module: str, *, is_init: bool) -> str:
    """The dotted name that an import inside of a module means; empty where it leaves the tree."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + int(is_init)
    if kept < 1:
        return ""
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])
