"""Python: parameters, constants, settings given to calls, routes, fields, and ways out of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.behaviour.facts import Fact, Kind, Named, Side, named, named_kind
from magistrate.impact.behaviour.places import Lines, touched
from magistrate.impact.behaviour.python_calls import called, facts_of_call, text_of
from magistrate.impact.languages.python import read_tree
from magistrate.impact.languages.reading import UnreadableError

SCHEMA_CALL: Final = ("Column", "mapped_column", "relationship", "ForeignKey", "Field", "field")
MAX_DEPTH: Final = 4
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a statement stands: names of what it is in, the innermost function, what has to hold to get there."""

    names: tuple[str, ...] = ()
    function: str = ""
    fields: bool = False
    guard: str = ""

    @property
    def scope(self) -> str:
        return ".".join(self.names)

    @property
    def public(self) -> bool:
        return not self.function and not any(_private(name) for name in self.names)


def read(file: ChangedFile) -> Named | None:
    """What differs between two sides that CPython's parser accepts; None for other files."""
    if not file.name.endswith((".py", ".pyi")):
        return None
    try:
        trees = [None if side is None else read_tree(side) for side in (file.change.before, file.change.after)]
    except UnreadableError:
        return None
    old, new = (
        Side() if tree is None else _side(tree, lines) for tree, lines in zip(trees, touched(file), strict=True)
    )
    return named(old, new)


def _side(tree: ast.Module, lines: Lines) -> Side:
    walk = _Walk(lines)
    walk.body(tree.body, _Place())
    return Side(facts=tuple(walk.facts), scopes=frozenset(walk.scopes), changed=tuple(walk.changed))


class _Walk:
    """One pass over the statements of one side that stand on looked-at lines."""

    def __init__(self, lines: Lines) -> None:
        self.facts: list[Fact] = []
        self.scopes: set[str] = {""}
        self.changed: list[str] = []
        self._lines = lines

    def body(self, statements: Iterable[ast.stmt], place: _Place, *, ends: bool = False) -> None:
        """Statements of one block; `ends`: behind it the function is over."""
        block = list(statements)
        for at, one in enumerate(block):
            decorators = getattr(one, "decorator_list", None)
            first = min([one.lineno, *(dec.lineno for dec in decorators or ())])
            if self._lines.any_in(first, one.end_lineno or one.lineno):
                self._statement(one, place, last=ends and at == len(block) - 1)

    def _statement(self, one: ast.stmt, place: _Place, *, last: bool) -> None:
        if isinstance(one, Function):
            self._function(one, place)
        elif isinstance(one, ast.ClassDef):
            self._class(one, place)
        elif isinstance(one, ast.If | ast.While):
            self._expressions([one.test], place)
            self.body(one.body, replace(place, guard=text_of(one.test)), ends=last)
            self.body(one.orelse, replace(place, guard=f"not ({text_of(one.test)})"), ends=last)
        elif isinstance(one, ast.Try | ast.TryStar):
            self._try(one, place, last=last)
        elif isinstance(one, ast.For | ast.AsyncFor):
            self._expressions([one.iter], place)
            self.body([*one.body, *one.orelse], place)
        elif isinstance(one, ast.With | ast.AsyncWith):
            self._expressions([item.context_expr for item in one.items], place)
            self.body(one.body, place, ends=last)
        elif isinstance(one, ast.Match):
            for case in one.cases:
                self.body(case.body, replace(place, guard=f"case {text_of(case.pattern)}"), ends=last)
        else:
            self._simple(one, place, last=last)

    def _simple(self, one: ast.stmt, place: _Place, *, last: bool) -> None:
        if isinstance(one, ast.Raise):
            value = f"raise {text_of(one.exc)}" if one.exc else "raise"
            self._exit(place, "`raise`", value, one.lineno)
        elif isinstance(one, ast.Return) and place.function and not last:
            returned = text_of(one.value) if isinstance(one.value, ast.Constant) else "a value" if one.value else ""
            self._exit(place, "early return", f"return {returned}".strip(), one.lineno)
        elif isinstance(one, ast.Assert):
            self._exit(place, "`assert`", f"assert {text_of(one.test)}", one.lineno)
        elif isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assigned(one, place)
        self._expressions([node for node in ast.iter_child_nodes(one) if isinstance(node, ast.expr)], place)

    def _add(  # noqa: PLR0913 - the parts of a fact
        self, place: _Place, kind: Kind, what: str, value: str, line: int, *, lone: bool = True
    ) -> None:
        self.facts.append(Fact(kind=kind, what=what, value=value, line=line, within=place.scope, lone=lone))

    def _exit(self, place: _Place, what: str, value: str, line: int) -> None:
        joint = " after" if place.guard.startswith("except ") else " when"
        when = f"{joint} {place.guard}" if place.guard and not place.guard.startswith("case ") else ""
        where = f" in `{place.scope}`" if place.scope else ""
        self._add(place, Kind.EXIT, what + where, value + when, line)

    def _try(self, one: ast.Try | ast.TryStar, place: _Place, *, last: bool) -> None:
        self.body(one.body, place, ends=last)
        for handler in one.handlers:
            caught = f"except {text_of(handler.type)}" if handler.type else "except everything"
            ignored = all(isinstance(inner, ast.Pass) for inner in handler.body)
            if self._lines.any_in(handler.lineno, handler.end_lineno or handler.lineno):
                self._exit(place, "error handling", caught + (", ignored" if ignored else ""), handler.lineno)
            self.body(handler.body, replace(place, guard=caught), ends=last)
        self.body(one.orelse, place, ends=last)
        self.body(one.finalbody, place)

    def _function(self, one: Function, place: _Place) -> None:
        name = ".".join((*place.names, one.name))
        self.changed += [name] if self._lines.changed_in(one.lineno, one.end_lineno or one.lineno) else []
        inside = _Place(names=(*place.names, one.name), function=name)
        self.scopes.add(name)
        if place.public and not _private(one.name):
            self._add(place, Kind.SIGNATURE, f"`{name}`", _signature(one), one.lineno)
        for parameter, default in _defaults(one.args):
            kind, value = named_kind(parameter, text_of(default)), text_of(default)
            self._add(inside, kind, f"default of `{parameter}` in `{name}`", value, default.lineno, lone=False)
        told = [isinstance(dec, ast.Call) and bool(facts_of_call(dec, "", "")) for dec in one.decorator_list]
        marks = [f"@{text_of(dec)}" for dec, known in zip(one.decorator_list, told, strict=True) if not known]
        what = f"decorators of `{name}`"
        self._add(inside, Kind.SIGNATURE, what, " ".join(marks) or "none", one.lineno, lone=False)
        self._expressions(one.decorator_list, inside)
        self.body(one.body, inside, ends=True)

    def _class(self, one: ast.ClassDef, place: _Place) -> None:
        name = ".".join((*place.names, one.name))
        self.changed += [name] if self._lines.changed_in(one.lineno, one.end_lineno or one.lineno) else []
        self.scopes.add(name)
        if place.public and not _private(one.name):
            value = f"class {one.name}({', '.join(text_of(base) for base in [*one.bases, *one.keywords])})"
            self._add(place, Kind.SIGNATURE, f"`{name}`", value, one.lineno)
        fields = bool(one.bases) or any("dataclass" in text_of(d) or "define" in text_of(d) for d in one.decorator_list)
        self._expressions(one.decorator_list, place)
        self.body(one.body, _Place(names=(*place.names, one.name), fields=fields, function=place.function))

    def _assigned(self, one: ast.Assign | ast.AnnAssign | ast.AugAssign, place: _Place) -> None:
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        for target in targets:
            name = text_of(target)
            if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript) or len(name) > 80:  # noqa: PLR2004
                continue
            shown = f"{place.scope}.{name}" if place.names and not place.function else name
            field = place.fields and not place.function and isinstance(target, ast.Name)
            if field and self._field(one, shown, place):
                continue
            if one.value is not None:
                self._value(one.value, shown, place)

    def _field(self, one: ast.Assign | ast.AnnAssign | ast.AugAssign, shown: str, place: _Place) -> bool:
        """Whether all of the assignment is told as a field."""
        made = called(one.value).rpartition(".")[2] if one.value is not None else ""
        if made.endswith(SCHEMA_CALL) and one.value is not None:
            kind = f"{text_of(one.annotation)} = " if isinstance(one, ast.AnnAssign) else ""
            self._add(place, Kind.SCHEMA, f"field `{shown}`", kind + text_of(one.value), one.lineno)
            return True
        if isinstance(one, ast.AnnAssign) and "ClassVar" not in text_of(one.annotation):
            self._add(place, Kind.SCHEMA, f"field `{shown}`", text_of(one.annotation), one.lineno)
        return False

    def _value(self, value: ast.expr, name: str, place: _Place, depth: int = 0) -> None:
        """A setting: a name of a file or class, or a limit or switch of a function."""
        where = f" in `{place.function}`" if place.function else ""
        if isinstance(value, ast.Dict) and depth < MAX_DEPTH and not place.function:
            for key, inner in zip(value.keys, value.values, strict=True):
                if key is not None and self._lines.any_in(key.lineno, inner.end_lineno or inner.lineno):
                    self._value(inner, f"{name}[{text_of(key)}]", place, depth + 1)
            return
        last = name.rpartition("." if depth == 0 else "[")[2]
        text = text_of(value)
        kind = Kind.SIGNATURE if last == "__all__" else named_kind(last, text)
        if kind is Kind.DEFAULT and (place.function or isinstance(value, ast.Call)):
            return
        if kind is Kind.FLAG and place.function and not isinstance(value, ast.Constant):
            return
        if place.function and isinstance(value, ast.Call) and kind is Kind.FLAG:
            return
        constant = depth > 0 or (last.isupper() and not _private(last))
        lone = not place.function and (kind is not Kind.DEFAULT or depth > 0) and constant
        self._add(place, kind, f"`{name}`{where}", text, value.lineno, lone=lone)

    def _expressions(self, roots: Iterable[ast.expr], place: _Place) -> None:
        where = f" in `{place.scope}`" if place.scope else ""
        for node in _nodes(roots, self._lines):
            if isinstance(node, ast.Call):
                self.facts += facts_of_call(node, where, place.scope)


def _nodes(roots: Iterable[ast.AST], lines: Lines) -> Iterator[ast.AST]:
    """Every node on looked-at lines, in the order of the text."""
    pending: list[ast.AST] = list(roots)[::-1]
    while pending:
        node = pending.pop()
        first = getattr(node, "lineno", None)
        if first is not None and not lines.any_in(first, getattr(node, "end_lineno", None) or first):
            continue
        yield node
        pending += list(ast.iter_child_nodes(node))[::-1]


def _private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _defaults(args: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    named = [*args.posonlyargs, *args.args]
    for one, default in zip(named[len(named) - len(args.defaults) :], args.defaults, strict=True):
        yield one.arg, default
    for one, maybe in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if maybe is not None:
            yield one.arg, maybe


def _signature(one: Function) -> str:
    """Names and order of parameters, and which may be left out; the defaults themselves are facts of their own."""
    args = one.args
    given = {name for name, _ in _defaults(args)}
    parts = [name.arg + ("=…" if name.arg in given else "") for name in args.posonlyargs]
    parts += ["/"] if args.posonlyargs else []
    parts += [name.arg + ("=…" if name.arg in given else "") for name in args.args]
    parts += [f"*{args.vararg.arg}"] if args.vararg else ["*"] if args.kwonlyargs else []
    parts += [name.arg + ("=…" if name.arg in given else "") for name in args.kwonlyargs]
    parts += [f"**{args.kwarg.arg}"] if args.kwarg else []
    asynchronous = "async " if isinstance(one, ast.AsyncFunctionDef) else ""
    return f"{asynchronous}{one.name}({', '.join(parts)})"
