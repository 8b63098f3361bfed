"""Two bodies of one test: the new one keeps every statement of the old one, in order, and adds checks at most.

Names of a test's own may be renamed, one to one. What is put between old statements only looks;
what is put behind the last one is what a new test may have. Everything else objects.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.testing.checks import is_pure_check, is_raises, narrower_raises, why_weaker
from magistrate.impact.testing.findings import Objection, shown
from magistrate.impact.testing.scope import Scope
from magistrate.impact.testing.shapes import BUILTINS, ERRORS, stored, verify_statements

OWN_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.Global,
    ast.Nonlocal,
    ast.Import,
    ast.ImportFrom,
)
LOOKS_AT_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"})


@dataclass(kw_only=True)
class Renaming:
    """Which own name of the old side is which of the new one; one to one."""

    old: frozenset[str]
    new: frozenset[str]
    there: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)

    def same(self, a: str, b: str) -> bool:
        """Whether a name of the old side stands for a name of the new one; learns it where it is free."""
        if a not in self.old or b not in self.new:
            return a == b and a not in self.old and b not in self.new
        return self.there.setdefault(a, b) == b and self.back.setdefault(b, a) == a

    def copy(self) -> Renaming:
        """To try a statement with."""
        return Renaming(old=self.old, new=self.new, there=dict(self.there), back=dict(self.back))


def renaming_of(old: Sequence[ast.stmt], new: Sequence[ast.stmt], scope: Scope) -> Renaming:
    """The own names of both sides; those that cannot be renamed for sure have to stay equal."""
    names = [frozenset(stored(side)) for side in (old, new)]
    walked = [node for one in (*old, *new) for node in walk(one)]
    fixed = any(
        isinstance(node, OWN_SCOPES)
        or (isinstance(node, ast.Name) and node.id in LOOKS_AT_NAMES)
        or (isinstance(node, ast.ExceptHandler) and node.name)
        or isinstance(node, ast.MatchAs | ast.MatchStar | ast.MatchMapping)
        for node in walked
    )
    strange = names[1] - names[0]
    if fixed or any(name in scope.bound or name in BUILTINS | ERRORS or name.startswith("__") for name in strange):
        return Renaming(old=names[0], new=names[1], there={n: n for n in names[0]}, back={n: n for n in names[1]})
    return Renaming(old=names[0], new=names[1])


def equal(a: object, b: object, names: Renaming) -> bool:  # noqa: C901, PLR0911 - one kind of node, one branch
    """Whether two trees are one but for own names, annotations of own names and texts of failed assertions."""
    pending: list[tuple[object, object]] = [(a, b)]
    while pending:
        old, new = pending.pop()
        if isinstance(old, ast.Assign) and isinstance(new, ast.AnnAssign) and len(old.targets) == 1:
            if not isinstance(new.target, ast.Name) or new.value is None:
                return False
            pending += [(old.targets[0], new.target), (old.value, new.value)]
            continue
        if type(old) is not type(new):
            return False
        if isinstance(old, ast.Name) and isinstance(new, ast.Name):
            if type(old.ctx) is not type(new.ctx) or not names.same(old.id, new.id):
                return False
        elif isinstance(old, ast.Assert) and isinstance(new, ast.Assert):
            if new.msg is not None and not isinstance(new.msg, ast.Constant) and not _same_message(old, new):
                return False
            pending.append((old.test, new.test))
        elif isinstance(old, ast.AST):
            kept = ("value",) if type(old) is ast.Constant else old._fields
            pending += [(getattr(old, name, None), getattr(new, name, None)) for name in kept]
        elif isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                return False
            pending += zip(old, new, strict=True)
        elif repr(old) != repr(new):
            return False
    return True


def _same_message(old: ast.Assert, new: ast.Assert) -> bool:
    return old.msg is not None and new.msg is not None and ast.dump(old.msg) == ast.dump(new.msg)


def flat(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Statements with `assert a and b` as two, which fails for the same values at the same place."""
    found: list[ast.stmt] = []
    for one in body:
        if isinstance(one, ast.Assert) and isinstance(one.test, ast.BoolOp) and isinstance(one.test.op, ast.And):
            parts = [ast.copy_location(ast.Assert(test=part, msg=one.msg), part) for part in one.test.values]
            found += flat(parts)
        else:
            found.append(one)
    return found


def says_more(old: Sequence[ast.stmt], new: Sequence[ast.stmt], scope: Scope, local: set[str]) -> bool:
    """The new body is as strong as the old one; returns whether it is more.

    Raises:
        Objection: at the first statement that is not kept, or comes and is not allowed.
    """
    before, after = flat(old), flat(new)
    names = renaming_of(before, after, scope)
    at, more = 0, False
    beside: dict[int, ast.stmt] = {}
    for place, one in enumerate(after):
        if at < len(before):
            trial = names.copy()
            stronger = _narrowed(before[at], one, trial, scope)
            if stronger or equal(before[at], one, _reset(trial, names)):
                names = trial
                at, more = at + 1, more or stronger
                continue
            if _comes_later(before[at:], one, names):
                raise _lost(before[at], beside.get(at))
            if not is_pure_check(one):
                raise Objection(one, why_weaker(before[at], one))
            _verify_fresh_reads(one, scope, {*local, *names.back})
            more = True
            beside[at] = one
            continue
        _verify_tail(before, after[place:], scope, local, names)
        return True
    if at < len(before):
        raise _lost(before[at], beside.get(at))
    return more


def _lost(old: ast.stmt, instead: ast.stmt | None) -> Objection:
    """A statement that is not there any more, or one that came in its place."""
    if instead is not None and isinstance(old, ast.Assert):
        return Objection(instead, why_weaker(old, instead))
    return Objection(old, why_weaker(old, None), old=True)


def _reset(trial: Renaming, names: Renaming) -> Renaming:
    trial.there, trial.back = dict(names.there), dict(names.back)
    return trial


def _comes_later(rest: Sequence[ast.stmt], one: ast.stmt, names: Renaming) -> bool:
    """Whether a statement is one of the old ones that were skipped: then something is gone."""
    return any(equal(other, one, names.copy()) for other in rest[1:])


def _verify_fresh_reads(one: ast.stmt, scope: Scope, known: set[str]) -> None:
    for node in walk(one):
        if isinstance(node, ast.Name) and not (
            node.id in known or node.id in scope.bound or node.id in BUILTINS | ERRORS or node.id == "type"
        ):
            raise Objection(one, f"`{node.id}` is not known where `{shown(one)}` stands")


def _verify_tail(
    before: Sequence[ast.stmt], tail: Sequence[ast.stmt], scope: Scope, local: set[str], names: Renaming
) -> None:
    """What is new behind the last old statement: shapes of a new test, with names of its own."""
    read = {node.id for one in before for node in walk(one) if isinstance(node, ast.Name)}
    nested = any(isinstance(node, OWN_SCOPES) for one in before for node in walk(one))
    own = set() if nested else names.back.keys() | local
    for name in stored(tail):
        if name in own:
            continue  # it is local already, and everything old has run
        if name in read or name in names.back or name in local or name in scope.bound or name in BUILTINS | ERRORS:
            raise Objection(tail[0], f"`{name}` gets another meaning for the whole test")
    verify_statements(tail, scope, {*local, *names.back})


def _narrowed(old: ast.stmt, new: ast.stmt, names: Renaming, scope: Scope) -> bool:
    """Whether a `with raises` expects less than before around the same statements."""
    if not isinstance(old, ast.With) or not isinstance(new, ast.With) or len(old.items) != 1 or len(new.items) != 1:
        return False
    calls = [old.items[0].context_expr, new.items[0].context_expr]
    if not isinstance(calls[0], ast.Call) or not isinstance(calls[1], ast.Call) or not is_raises(calls[0], scope):
        return False
    kept = equal(old.body, new.body, names) and equal(old.items[0].optional_vars, new.items[0].optional_vars, names)
    changed = ast.dump(calls[0]) != ast.dump(calls[1])
    other = ast.dump(calls[0].args[0]) != ast.dump(calls[1].args[0]) if calls[0].args and calls[1].args else True
    if other and any(isinstance(one, ast.Name) and one.id in scope.bound for one in calls[1].args):
        return False
    return kept and changed and narrower_raises(calls[0], calls[1])
