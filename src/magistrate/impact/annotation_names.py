"""What the names in annotations and decorators of a Python module are, as far as its text makes that certain."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Final

from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.python_imports import atoms_in

Function = ast.FunctionDef | ast.AsyncFunctionDef
SAFE_SHAPES: Final = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.List, ast.BinOp, ast.BitOr, ast.Load, ast.Starred,
)  # fmt: skip
BUILTINS: Final = frozenset(
    {
        "int",
        "str",
        "bytes",
        "bool",
        "float",
        "complex",
        "list",
        "dict",
        "set",
        "frozenset",
        "tuple",
        "type",
        "object",
        "bytearray",
    }
)
ARITY: Final = {
    **dict.fromkeys(("List", "Set", "FrozenSet", "Type", "Deque", "Iterable", "Iterator", "Sequence", "Collection", "Optional"), 1),
    **dict.fromkeys(("AbstractSet", "MutableSequence", "MutableSet", "Awaitable", "AsyncIterator", "AsyncIterable", "Container"), 1),
    **dict.fromkeys(("Dict", "Mapping", "MutableMapping", "DefaultDict", "OrderedDict"), 2),
}  # fmt: skip
PLAIN: Final = frozenset({"Any", "NoReturn", "Hashable", "Sized", "Text", "AnyStr", *ARITY} - {"Optional"})
TYPING: Final = frozenset({"typing", "collections.abc"})
LEAVE_ALONE: Final = {
    "functools": frozenset({"lru_cache", "cache", "cached_property", "wraps"}),
    "contextlib": frozenset({"contextmanager", "asynccontextmanager"}),
    "abc": frozenset({"abstractmethod"}),
    "typing": frozenset({"overload", "final", "no_type_check"}),
}
"""Decorators that never look at annotations beyond passing them on, by the module they come from."""
BUILTIN_DECORATORS: Final = frozenset({"staticmethod", "classmethod", "property"})
IMPORTABLE: Final = {
    "typing": frozenset({"Any", "Union", "Tuple", "Callable", "NoReturn", "Hashable", "Sized", "Text", "AnyStr", "Generator", "Coroutine",
    "AsyncGenerator", "IO", "TextIO", "BinaryIO", "Pattern", "Match", "ClassVar", "KeysView", "ItemsView", "ValuesView", "Reversible", *ARITY}),
    "collections.abc": frozenset({"Iterable", "Iterator", "Sequence", "Mapping", "MutableMapping", "MutableSequence", "MutableSet", "Callable",
    "Generator", "Hashable", "Sized", "Container", "Collection", "Awaitable", "Coroutine", "AsyncIterator", "AsyncIterable",
    "AsyncGenerator", "Reversible", "KeysView", "ItemsView", "ValuesView"}),
}  # fmt: skip
"""Names that these modules have in every Python from 3.9 on."""


class Names:
    """What the names of a module are, as far as that is certain."""

    def __init__(self, tree: ast.Module) -> None:
        self.future = any(
            isinstance(one, ast.ImportFrom)
            and one.module == "__future__"
            and any(n.name == "annotations" for n in one.names)
            for one in tree.body
        )
        self.bound = Counter(_bindings(tree))
        self.star = any(isinstance(n, ast.ImportFrom) and any(a.name == "*" for a in n.names) for n in walk(tree))
        self.imported = {
            atom.bound: (atom.module, atom.name, one.lineno)
            for one in tree.body
            for atom in atoms_in(one)
            if self.bound[atom.bound] == 1
        }

    def is_builtin(self, name: str) -> bool:
        """Whether a name is what Python itself calls so, everywhere in the module."""
        return not self.bound[name] and not self.star

    def origin(self, name: str, line: int) -> tuple[str, str]:
        """Module and name of an import that is the only binding of a name, above a line; empty otherwise."""
        module, original, at = self.imported.get(name, ("", "", 0))
        return (module, original) if at < line and not self.star else ("", "")


def _bindings(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (atom.bound for atom in atoms_in(node))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
            yield from node.names


def never_fails(annotation: ast.expr, known: Names) -> bool:
    """Whether an annotation can be evaluated where the function is made, in every Python 3."""
    if isinstance(annotation, ast.Constant):
        return annotation.value is None or isinstance(annotation.value, str)
    if isinstance(annotation, ast.Name):
        name = _typing_name(annotation, known)
        return name in PLAIN if name else annotation.id in BUILTINS and known.is_builtin(annotation.id)
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.value, ast.Name):
        return False
    name = _typing_name(annotation.value, known)
    inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    if not name or known.origin(annotation.value.id, annotation.lineno)[0] != "typing":
        return False
    count_fits = ARITY.get(name) == len(inner) or (name in {"Union", "Tuple"} and bool(inner))
    return count_fits and all(never_fails(one, known) for one in inner)


def _typing_name(name: ast.Name, known: Names) -> str:
    module, original = known.origin(name.id, name.lineno)
    return original if module in TYPING else ""


def leaves_alone(decorator: ast.expr, function: Function, known: Names) -> bool:
    """Whether a decorator is of those that never look at annotations."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Name):
        if decorator.id in BUILTIN_DECORATORS and known.is_builtin(decorator.id):
            return True
        module, original = known.origin(decorator.id, decorator.lineno)
        return original in LEAVE_ALONE.get(module, ())
    if isinstance(decorator, ast.Attribute) and isinstance(decorator.value, ast.Name):
        owner = decorator.value.id
        if owner == function.name:
            return decorator.attr in {"setter", "getter", "deleter"} and known.is_builtin("property")
        module, original = known.origin(owner, decorator.lineno)
        return not original and decorator.attr in LEAVE_ALONE.get(module, ())
    return False
