"""Old and new side of a test file as syntax trees: every old test is there, unchanged or provably stronger.

Rule kept (R20): outside of tests nothing changes but imports of definitions of the repository;
a test that is gone, skipped, hidden by another or looser objects at its line; a test may be
renamed where nothing chooses tests by name; new tests are of the allow-list of `shapes`.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.python import same_tree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.testing.bodies import Renaming, equal, flat, renaming_of, says_more
from magistrate.impact.testing.checks import is_pure_check
from magistrate.impact.testing.findings import Kept, Objection, shown
from magistrate.impact.testing.project import Meaning, Project, bindings, is_literal
from magistrate.impact.testing.scope import Scope, scope_of
from magistrate.impact.testing.shapes import (
    parametrized,
    verify_case,
    verify_class,
    verify_expression,
    verify_test,
    without_docstring,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
HOOKS: Final = rx(r"(?i)setup|teardown|load_tests|pytest|collect|test|_|unittest")
"""Names that a runner gives a meaning to where it finds them in a module."""
_TESTCASE: Final = ast.dump(ast.parse("unittest.TestCase", mode="eval").body)


def compare(before: ast.Module | None, after: ast.Module, project: Project, path: str) -> Kept:
    """What the new side keeps and adds.

    Raises:
        Objection: at the first place where it may be weaker, or do more than test.
    """
    old_body = [] if before is None else before.body
    scope = scope_of(after if before is None else before, project, path, new_file=before is None)
    comparison = _Comparison(scope, frozenset() if before is None else _read_names(before), path)
    _verify_names(after)
    comparison.scope_body(old_body, after.body, _Holder(new_file=before is None))
    if before is not None:
        _verify_unread(before, after)
    return comparison.kept


def _verify_names(tree: ast.Module) -> None:
    """Each name is bound once where a test is one of what it means."""
    seen: dict[str, int] = {}
    for one in bindings(tree):
        seen[one.name] = seen.get(one.name, 0) + 1
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and seen[node.name] > 1 and _is_named_test(node.name):
            raise Objection(node, f"`{node.name}` stands twice: one hides the other")
        if isinstance(node, ast.ClassDef):
            names = [one.name for one in node.body if isinstance(one, Function)]
            twice = next((o for o in node.body if isinstance(o, Function) and names.count(o.name) > 1), None)
            if twice is not None and _is_named_test(twice.name):
                raise Objection(twice, f"`{node.name}.{twice.name}` stands twice: one hides the other")


def _read_names(tree: ast.Module) -> frozenset[str]:
    """Names that the old side reads anywhere: none of them may get a new meaning."""
    return frozenset(one.id for one in walk(tree) if isinstance(one, ast.Name))


def _is_named_test(name: str) -> bool:
    return name.startswith(("test", "Test"))


def _verify_unread(before: ast.Module, after: ast.Module) -> None:
    """No statement speaks of a test by name: a list of tests, a skip, a deletion."""
    for side in (before, after):
        tests = {one.name for one in side.body if isinstance(one, Function) and one.name.startswith("test")}
        found = next((n for n in walk(side) if isinstance(n, ast.Name) and n.id in tests), None)
        if found is not None:
            raise Objection(found, f"`{found.id}` is used as a value, so its name may decide what is tested")


def is_test(node: ast.stmt) -> bool:
    """A function that the runner collects by name, and that is no fixture."""
    if not isinstance(node, Function) or not node.name.startswith("test"):
        return False
    return not any("fixture" in ast.dump(one) for one in node.decorator_list)


def is_test_class(node: ast.stmt) -> bool:
    """A class that may hold tests."""
    return isinstance(node, ast.ClassDef) and any(is_test(one) for one in node.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """Where tests stand: in the module, or in a class that may inherit others."""

    prefix: str = ""
    inherits: bool = False
    new_file: bool = False


class _Comparison:
    """One walk over both sides."""

    def __init__(self, scope: Scope, taken: frozenset[str], path: str) -> None:
        self.scope = scope
        self.path = path
        self.taken = taken
        self.kept = Kept()

    def scope_body(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], holder: _Holder) -> None:
        """The statements of a module or a class."""
        before = [one for one in old if not (is_test(one) or is_test_class(one))]
        after = [one for one in new if not (is_test(one) or is_test_class(one))]
        self._verify_rest(before, after, new_file=holder.new_file, in_class=bool(holder.prefix))
        self._classes(old, new)
        olds = {one.name: one for one in old if is_test(one) and isinstance(one, Function)}
        news = {one.name: one for one in new if is_test(one) and isinstance(one, Function)}
        rest = {name: one for name, one in news.items() if name not in olds}
        for name, one in olds.items():
            if name in news:
                if self._says_more(one, news[name]):
                    self.kept.widened.append(holder.prefix + name)
            else:
                self.kept.renamed[holder.prefix + name] = self._successors(one, rest, holder)
        used = {name for names in self.kept.renamed.values() for name in names}
        for name, one in rest.items():
            if holder.prefix + name not in used:
                verify_test(one, self.scope, method=bool(holder.prefix))
                self._verify_no_override(one, holder)
                self.kept.added.append(holder.prefix + name)

    def _classes(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt]) -> None:
        olds = {one.name: one for one in old if isinstance(one, ast.ClassDef) and is_test_class(one)}
        news = {one.name: one for one in new if isinstance(one, ast.ClassDef) and is_test_class(one)}
        for name, one in olds.items():
            if name not in news:
                raise Objection(one, f"the class `{name}` with its tests is gone", old=True)
            other = news[name]
            for field in ("bases", "keywords", "decorator_list"):
                if not equal(getattr(one, field), getattr(other, field), Renaming(old=frozenset(), new=frozenset())):
                    raise Objection(other, f"the head of `{name}` changes")
            self.scope_body(one.body, other.body, _Holder(prefix=f"{name}::", inherits=self._inherits(one)))
        for name, one in news.items():
            if name not in olds:
                if name in self.taken:
                    raise Objection(one, f"`{name}` already means something to this file")
                verify_class(one, self.scope)
                self.kept.added += [f"{name}::{inner.name}" for inner in one.body if isinstance(inner, Function)]

    def _inherits(self, node: ast.ClassDef) -> bool:
        plain = all(self.scope.is_testcase(one) or ast.dump(one) == _TESTCASE for one in node.bases)
        return bool(node.bases or node.keywords) and not plain

    def _verify_rest(
        self, before: Sequence[ast.stmt], after: Sequence[ast.stmt], *, new_file: bool, in_class: bool
    ) -> None:
        at = 0
        for one in after:
            there = before[at] if at < len(before) else None
            if there is not None and (same_tree(there, one) or (not in_class and self._extends(there, one))):
                at += 1
            elif isinstance(one, ast.Import | ast.ImportFrom) and not in_class:
                self._verify_import(one, new_file=new_file)
            elif isinstance(one, Function) and not any(isinstance(b, Function) and b.name == one.name for b in before):
                raise Objection(
                    one, f"`{one.name}` is new and no test: a fixture or a function that other tests may use"
                )
            elif (not in_class and self._is_new_value(one)) or (
                new_file and one is after[0] and isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
            ):
                continue
            else:
                raise Objection(
                    one, f"`{shown(one, 60)}`: a statement outside of tests changes, and all tests may see it"
                )
        if at < len(before):
            raise Objection(before[at], f"`{shown(before[at], 60)}` outside of tests is gone or changes", old=True)

    def _is_new_value(self, node: ast.stmt) -> bool:
        """A written value under a name that nothing in this file, and no runner, gives a meaning to."""
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not is_literal(node.value):
            return False
        name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
        if not name or HOOKS.match(name) or name in self.taken | self.scope.bound or name in dir(builtins):
            return False
        if self.scope.project.is_said_elsewhere(name, self.path) or self.scope.project.looks_at_modules():
            return False
        verify_expression(node.value, self.scope, set())
        self.scope.learn(name, Meaning(kind="helper"))
        return True

    def _extends(self, old: ast.stmt, new: ast.stmt) -> bool:
        """An import of the repository that brings more definitions than before."""
        if not isinstance(old, ast.ImportFrom) or not isinstance(new, ast.ImportFrom):
            return False
        if (old.module, old.level) != (new.module, new.level) or old.level:
            return False
        had = [(a.name, a.asname) for a in old.names]
        has = [(a.name, a.asname) for a in new.names]
        if [one for one in has if one in had] != had:
            return False
        return all(self._may_import(new, alias) for alias in new.names if (alias.name, alias.asname) not in had)

    def _may_import(self, node: ast.ImportFrom, alias: ast.alias) -> bool:
        name = alias.name
        if alias.asname is not None or HOOKS.match(name) or name in self.taken or name in dir(builtins):
            return False
        meant = None if name == "*" else self.scope.project.imported(node, alias)
        good = meant is not None and meant.kind in {"definition", "value", "pure", "type", "testcase"}
        if not good or meant is None or name in self.scope.bound or self.scope.project.looks_at_modules():
            return False
        self.scope.learn(name, meant)
        return True

    def _may_import_whole(self, alias: ast.alias, *, new_file: bool) -> bool:
        """`pytest`, `unittest`, or a package of the repository that tests beside this one import so."""
        meant = self.scope.project.imported(ast.Import(names=[alias]), alias)
        if new_file:
            self.scope.forget(alias.name)
        if meant is None or alias.asname is not None or alias.name in self.taken | self.scope.bound:
            return False
        own = meant.kind == "module" and "." not in alias.name
        if not (
            meant.kind in {"pytest", "unittest"}
            or (own and self.scope.project.is_imported_beside(alias.name, self.path))
        ):
            return False
        self.scope.learn(alias.name, meant)
        return True

    def _verify_import(self, node: ast.Import | ast.ImportFrom, *, new_file: bool) -> None:
        if isinstance(node, ast.Import):
            if all(self._may_import_whole(alias, new_file=new_file) for alias in node.names):
                return
            raise Objection(node, f"`{shown(node)}` brings a whole module")
        if node.module == "__future__":
            raise Objection(node, f"`{shown(node)}` changes how the file is read")
        known = node.module in self.scope.modules or self.scope.project.is_imported_beside(node.module or "", self.path)
        for alias in node.names:
            if new_file:
                self.scope.forget(alias.asname or alias.name)
            pure = self.scope.project.imported(node, alias)
            if not (known or (pure is not None and pure.kind in {"pure", "type", "testcase"})) or not self._may_import(
                node, alias
            ):
                raise Objection(node, f"`{shown(node)}` is no definition of a module that tests here already import")

    def _says_more(self, old: Function, new: Function) -> bool:
        """One test that both sides have; returns whether it checks more than before."""
        if type(old) is not type(new):
            raise Objection(new, f"`{new.name}` is awaited on one side only")
        if not _same_arguments(old.args, new.args, self.scope):
            raise Objection(new, f"the parameters of `{new.name}` change")
        if new.returns is not None and old.returns is None and not self.scope.is_type(new.returns):
            raise Objection(new, "the annotation is computed when the file is read")
        if old.returns is not None and (new.returns is None or not same_tree(old.returns, new.returns)):
            raise Objection(new, "an annotation goes or changes")
        more = self._has_more_cases(old, new)
        local = {one.arg for one in old.args.args}
        body = new.body
        if ast.get_docstring(old, clean=False) is None and ast.get_docstring(new, clean=False) is not None:
            body = without_docstring(body)
        return says_more(old.body, body, self.scope, local) or more

    def _has_more_cases(self, old: Function, new: Function) -> bool:
        more = False
        before = list(old.decorator_list)
        for one in new.decorator_list:
            if not before:
                raise Objection(
                    one, f"`@{shown(one)}` is new on `{new.name}`: it may keep it from running or from failing"
                )
            if not same_tree(before[0], one):
                self._verify_more_cases(before[0], one, new)
                more = True
            before.pop(0)
        if before:
            raise Objection(before[0], f"`@{shown(before[0])}` of `{old.name}` is gone or changes", old=True)
        return more

    def _verify_more_cases(self, old: ast.expr, new: ast.expr, test: Function) -> None:
        if not (isinstance(old, ast.Call) and isinstance(new, ast.Call) and same_tree(old.func, new.func)):
            raise Objection(new, f"`@{shown(old, 50)}` of `{test.name}` becomes `@{shown(new, 50)}`")
        if "parametrize" not in ast.dump(old.func):
            raise Objection(new, f"`@{shown(new, 50)}` of `{test.name}` changes")
        names, had = parametrized(old)
        again, has = parametrized(new)
        if names != again:
            raise Objection(new, f"`parametrize` of `{test.name}` gives other names")
        at = 0
        for case in has:
            if at < len(had) and same_tree(had[at], case):
                at += 1
            else:
                verify_case(case, len(names), self.scope)
        if at < len(had):
            raise Objection(had[at], f"the case `{shown(had[at])}` of `{test.name}` is gone or changes", old=True)

    def _successors(self, old: Function, rest: dict[str, Function], holder: _Holder) -> tuple[str, ...]:
        """New tests that together check what the old one did: the same under another name, or its parts."""
        free = {
            name: one
            for name, one in rest.items()
            if type(one) is type(old) and _same_arguments(old.args, one.args, self.scope)
        }
        free = {
            n: o
            for n, o in free.items()
            if [ast.dump(d) for d in o.decorator_list] == [ast.dump(d) for d in old.decorator_list]
        }
        for name, one in free.items():
            if equal(flat(old.body), flat(one.body), renaming_of(old.body, one.body, self.scope)):
                self._verify_no_override(one, holder)
                return (holder.prefix + name,)
        parts = _parts(old, free, self.scope)
        if parts is None:
            raise Objection(old, f"the test `{holder.prefix}{old.name}` is gone", old=True)
        for name in parts:
            self._verify_no_override(free[name], holder)
        return tuple(holder.prefix + name for name in parts)

    def _verify_no_override(self, new: Function, holder: _Holder) -> None:
        if holder.inherits and self.scope.project.defines_anywhere(new.name, ""):
            raise Objection(new, f"`{new.name}` is defined elsewhere too: it may hide an inherited test")


def _parts(old: Function, free: dict[str, Function], scope: Scope) -> list[str] | None:
    """New tests that each begin like the old one and check a part of it; together they check all of it."""
    body = flat(old.body)
    wanted = set(range(len(body)))
    found: list[str] = []
    for name, one in free.items():
        covered = _covered(body, flat(one.body), renaming_of(body, flat(one.body), scope))
        if covered:
            wanted -= covered
            found.append(name)
    return found if found and not wanted else None


def _covered(old: Sequence[ast.stmt], new: Sequence[ast.stmt], names: Renaming) -> set[int] | None:
    """Places of the old statements in a new body that leaves out nothing but assertions; None where it differs."""
    at, covered = 0, set()
    for one in new:
        while at < len(old) and not equal(old[at], one, names.copy()):
            if not is_pure_check(old[at]):
                return None
            at += 1
        if at == len(old) or not equal(old[at], one, names):
            return None
        covered.add(at)
        at += 1
    return covered


def _same_arguments(old: ast.arguments, new: ast.arguments, scope: Scope) -> bool:
    """Equal but for plain annotations that come."""
    for a, b in zip(_all(old), _all(new), strict=False):
        if a.arg != b.arg or a.type_comment != b.type_comment:
            return False
        if a.annotation is not None and (b.annotation is None or not same_tree(a.annotation, b.annotation)):
            return False
        if a.annotation is None and b.annotation is not None and not scope.is_type(b.annotation):
            return False
    rest = ("defaults", "kw_defaults")
    counts = [
        [len(getattr(x, n)) for n in ("posonlyargs", "args", "kwonlyargs")] + [x.vararg is None, x.kwarg is None]
        for x in (old, new)
    ]
    nothing = Renaming(old=frozenset(), new=frozenset())
    return counts[0] == counts[1] and all(equal(getattr(old, n), getattr(new, n), nothing) for n in rest)


def _all(args: ast.arguments) -> list[ast.arg]:
    return [
        *args.posonlyargs,
        *args.args,
        *([args.vararg] if args.vararg else []),
        *args.kwonlyargs,
        *([args.kwarg] if args.kwarg else []),
    ]
