"""Python: conditions as formulas, guards as formulas, and statements as steps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.guards import names
from magistrate.impact.guards.formula import LOGIN, Formula, both, either, negated
from magistrate.impact.guards.steps import Step, strong
from magistrate.impact.languages.python_nodes import nested_less_than, walk

Function = ast.FunctionDef | ast.AsyncFunctionDef
MOST_DEPTH: Final = 12
SHALLOW: Final = 40
"""Levels of nodes that `ast.unparse` certainly gets to the end of."""
WRAPS: Final = frozenset(
    {"Depends", "Security", "method_decorator", "partial", "Provide", "Annotated", "wraps", "Middleware"}
)
LISTS: Final = frozenset(
    {"permission_classes", "authentication_classes", "decorators", "dependencies", "guards", "permissions"}
)
ABORTS: Final = frozenset({"abort", "raise_for_status", "HTTPException", "halt"})


@dataclass(slots=True)
class Names:
    """What names of a file stand for: imports by their alias, constants of the module, its functions and classes."""

    imports: dict[str, str] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    asking: dict[str, bool] = field(default_factory=dict)
    lasting: bool = False
    """Whether the tree stays as it is, so that a text of it may be made later."""

    def guards(self, name: str) -> bool:
        """Whether a function or class of this file refuses somebody; asked once."""
        if name not in self.asking:
            self.asking[name] = False
            found: ast.AST | None = self.functions.get(name) or self.classes.get(name)
            self.asking[name] = found is not None and any(_refuses(one) for one in walk(found))
        return self.asking[name]


def names_of(tree: ast.Module) -> Names:
    """The names of a module."""
    found = Names()
    inner = [each for one in tree.body if isinstance(one, ast.If | ast.Try) for each in one.body]
    for one in [*tree.body, *inner]:
        if isinstance(one, ast.ImportFrom | ast.Import):
            prefix = f"{one.module}." if isinstance(one, ast.ImportFrom) and one.module else ""
            for alias in one.names:
                if alias.asname:
                    found.imports[alias.asname] = prefix + alias.name
    for one in tree.body:
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            found.values[one.targets[0].id] = one.value
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None:
            found.values[one.target.id] = one.value
        elif isinstance(one, Function):
            found.functions[one.name] = one
        elif isinstance(one, ast.ClassDef):
            found.classes[one.name] = one
    return found


def dotted(node: ast.AST, known: Names) -> str:
    """A name with its dots, an alias as what it stands for; empty for anything else."""
    if isinstance(node, ast.Name):
        return known.imports.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        above = dotted(node.value, known)
        return f"{above}.{node.attr}" if above else node.attr
    return dotted(node.func, known) if isinstance(node, ast.Call) else ""


def texts(node: ast.AST | None, known: Names, depth: int = 0) -> list[str]:  # noqa: PLR0911
    """The strings, names and members that a value lists."""
    if node is None or depth > MOST_DEPTH:
        return []
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [text for one in node.elts for text in texts(one, known, depth + 1)]
    if isinstance(node, ast.Starred):
        return texts(node.value, known, depth + 1)
    if isinstance(node, ast.Name) and node.id in known.values:
        return texts(known.values[node.id], known, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.BitOr):
        return texts(node.left, known, depth + 1) + texts(node.right, known, depth + 1)
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    return [ast.unparse(node)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decorator, a dependency, a class or a call asks for; `opens` where it says that anybody may pass."""

    formula: Formula
    opens: str = ""


def asked_by(node: ast.AST, known: Names, *, certain: bool = False, depth: int = 0) -> Asked | None:  # noqa: C901, PLR0911
    """What an expression that stands at the place of a guard asks for; None: it is no guard.

    `certain`: only guards stand at this place.
    """
    if depth > MOST_DEPTH:
        return None
    deeper = depth + 1
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _all_of([asked_by(one, known, certain=certain, depth=deeper) for one in node.elts])
    if isinstance(node, ast.Constant):
        return Asked(f"guard {node.value}") if certain and isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Add):
        left, right = (asked_by(one, known, certain=certain, depth=deeper) for one in (node.left, node.right))
        if left is None or right is None:
            return left or right
        if isinstance(node.op, ast.BitOr):
            return Asked(either([left.formula, right.formula]), left.opens or right.opens)
        return _all_of([left, right])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        inner = asked_by(node.operand, known, certain=certain, depth=deeper)
        return None if inner is None else Asked(negated(inner.formula))
    if isinstance(node, ast.Name) and node.id in known.values:
        found = asked_by(known.values[node.id], known, certain=certain, depth=deeper)
        if found is not None:
            return found
    if isinstance(node, ast.Subscript):  # Annotated[User, Depends(current_user)]
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        return _all_of([asked_by(one, known, depth=deeper) for one in inside if isinstance(one, ast.Call)])
    if isinstance(node, ast.Call):
        return _of_call(node, known, certain=certain, depth=deeper)
    name = dotted(node, known)
    return _of_name(name, known, certain=certain, first=node) if name else None


def _all_of(found: Sequence[Asked | None]) -> Asked | None:
    kept = [one for one in found if one is not None]
    if not kept:
        return None
    return Asked(both([one.formula for one in kept]), next((one.opens for one in kept if one.opens), ""))


def _of_name(name: str, known: Names, *, certain: bool, first: ast.AST | None = None) -> Asked | None:
    short = name.rpartition(".")[2]
    if names.opens(short):
        return Asked(formula=True, opens=short)
    local = isinstance(first, ast.Name) and known.guards(first.id)
    return Asked(names.of_guard(name)) if certain or local or names.asks(name) else None


def _of_call(node: ast.Call, known: Names, *, certain: bool, depth: int) -> Asked | None:  # noqa: C901, PLR0911
    name = dotted(node.func, known)
    short = name.rpartition(".")[2]
    if short in WRAPS:
        inner = [asked_by(one, known, depth=depth) for one in node.args]
        if short == "Security" and any(inner):
            scopes = [text for one in node.keywords if one.arg == "scopes" for text in texts(one.value, known)]
            inner += [Asked(f"guard Security({one})") for one in scopes]
        return _all_of(inner)
    if short in LISTS:
        opening = short == "authentication_classes" and not (node.args and texts(node.args[0], known))
        inside = (
            asked_by(node.args[0], known, certain=short == "permission_classes", depth=depth) if node.args else None
        )
        return Asked(formula=True, opens=f"{short}([])") if opening else inside
    if short == "user_passes_test" and node.args:
        return Asked(both([LOGIN, _test_of(node.args[0], known)]))
    if isinstance(node.func, ast.Name) and node.func.id in known.values and depth < MOST_DEPTH:
        inner_name = dotted(known.values[node.func.id], known)
        name = inner_name or name
        short = name.rpartition(".")[2]
    if names.opens(short):
        return Asked(formula=True, opens=short)
    local = isinstance(node.func, ast.Name) and known.guards(node.func.id)
    if not (certain or local or names.asks(name)):
        return None
    given = [text for one in node.args if not _number(one) for text in texts(one, known)]
    flags: list[str] = []
    for one in node.keywords:
        said = f"{one.arg}={ast.unparse(one.value)}"
        if said in names.OPENING_WORDS:
            return Asked(formula=True, opens=f"{short}({said})")
        if (
            one.arg is None
            or one.arg in names.QUIET
            or (isinstance(one.value, ast.Constant) and one.value.value in (None, False))
        ):
            continue
        if isinstance(one.value, ast.Constant) and one.value.value is True:
            flags.append(said)
        else:
            given += texts(one.value, known)
    return Asked(names.of_guard(name, given, flags))


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _test_of(node: ast.AST, known: Names) -> Formula:
    if isinstance(node, ast.Lambda):
        own = [one.arg for one in node.args.args]
        return condition(node.body, known, dict.fromkeys(own[:1], "user"))
    if isinstance(node, ast.Name) and node.id in known.values:
        return _test_of(known.values[node.id], known)
    return f"guard {dotted(node, known) or ast.unparse(node)}"


def condition(node: ast.expr, known: Names, renamed: Mapping[str, str] | None = None, depth: int = 0) -> Formula:  # noqa: PLR0911
    """A condition as a formula over the texts of its parts."""
    if depth > 40:  # noqa: PLR2004
        raise RecursionError("nested too deeply to judge")
    deeper = depth + 1
    if isinstance(node, ast.BoolOp):
        parts = [condition(one, known, renamed, deeper) for one in node.values]
        return both(parts) if isinstance(node.op, ast.And) else either(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return negated(condition(node.operand, known, renamed, deeper))
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node, known, renamed)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"any", "all", "bool"}
        and len(node.args) == 1
    ):
        return _quantified(node.func.id, node.args[0], known, renamed, deeper)
    if isinstance(node, ast.NamedExpr):
        return condition(node.value, known, renamed, deeper)
    if isinstance(node, ast.IfExp):
        test = condition(node.test, known, renamed, deeper)
        yes, no = (condition(one, known, renamed, deeper) for one in (node.body, node.orelse))
        return either([both([test, yes]), both([negated(test), no])])
    return _text(node, renamed)


def _text(node: ast.AST, renamed: Mapping[str, str] | None) -> str:
    if renamed:
        for one in walk(node):
            if isinstance(one, ast.Name) and one.id in renamed:
                one.id = renamed[one.id]
    return ast.unparse(node)


def _quantified(word: str, inner: ast.expr, known: Names, renamed: Mapping[str, str] | None, depth: int) -> Formula:
    if word == "bool":
        return condition(inner, known, renamed, depth)
    if isinstance(inner, ast.List | ast.Tuple | ast.Set):
        parts = [condition(one, known, renamed, depth) for one in inner.elts]
        return both(parts) if word == "all" else either(parts)
    over = _text(inner, renamed).strip("()[]")
    return both([f"any({over})", f"all({over})"]) if word == "all" else f"any({over})"


def _compared(node: ast.Compare, known: Names, renamed: Mapping[str, str] | None) -> Formula:
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if isinstance(operator, ast.In | ast.NotIn):
        listed = known.values.get(right.id, right) if isinstance(right, ast.Name) else right
        if isinstance(listed, ast.List | ast.Tuple | ast.Set):
            one_of: list[Formula] = [f"{_text(left, renamed)} == {text}" for text in _members(listed, known)]
            found = either(one_of)
        else:
            found = f"{_text(left, renamed)} in {_text(right, renamed)}"
        return negated(found) if isinstance(operator, ast.NotIn) else found
    if isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        if isinstance(right, ast.Constant) and (right.value is None or isinstance(right.value, bool)):
            found = _text(left, renamed)
            same = bool(right.value) is isinstance(operator, ast.Eq | ast.Is)
            return found if same else negated(found)
        found = f"{_text(left, renamed)} == {_text(right, renamed)}"
        return negated(found) if isinstance(operator, ast.NotEq | ast.IsNot) else found
    return _text(node, renamed)


def _checks(call: ast.Call, known: Names) -> bool:
    name = dotted(call, known)
    return names.asks(name) and names.CHECKS.match(name.rpartition(".")[2].lstrip("_")) is not None


def _members(node: ast.List | ast.Tuple | ast.Set, known: Names) -> list[str]:
    """The members of a list as they are written, those of a list in it as well."""
    found: list[str] = []
    for one in node.elts:
        inner = one.value if isinstance(one, ast.Starred) else one
        inner = known.values.get(inner.id, inner) if isinstance(inner, ast.Name) and one is not inner else inner
        found += (
            [ast.unparse(each) for each in inner.elts]
            if isinstance(inner, ast.List | ast.Tuple | ast.Set)
            else [ast.unparse(inner)]
        )
    return found


def _refuses(node: ast.AST) -> bool:
    """Whether a statement says no."""
    if isinstance(node, ast.Raise):
        return node.exc is not None and names.REFUSES.search(ast.unparse(node.exc)) is not None
    if isinstance(node, ast.Return):
        return (
            isinstance(node.value, ast.Call | ast.Tuple) and names.REFUSES.search(ast.unparse(node.value)) is not None
        )
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = dotted(node.value.func, Names())
        if name.rpartition(".")[2] in ABORTS:
            return names.REFUSES.search(ast.unparse(node.value)) is not None
        return name.endswith("handle_no_permission")
    return False


def steps_of(body: Sequence[ast.stmt], known: Names, depth: int = 0) -> tuple[Step, ...]:
    """The statements of a function as steps."""
    if depth > 30:  # noqa: PLR2004
        raise RecursionError("nested too deeply to judge")
    return tuple(step for one in body for step in _step(one, known, depth + 1))


def _written(node: ast.stmt, known: Names) -> Callable[[], str]:
    """How a statement is written, made where it is asked for; at once where the tree changes, or making it may fail."""
    if known.lasting and nested_less_than(node, SHALLOW):
        return lambda: ast.unparse(node)
    now = ast.unparse(node)
    return lambda: now


def _answer(node: ast.expr, known: Names) -> Callable[[], Formula]:
    """A returned value as a condition, made where a question is answered by it; at once where making it may fail."""
    if known.lasting and nested_less_than(node, SHALLOW):
        return lambda: condition(node, known)
    now = condition(node, known)
    return lambda: now


def _step(node: ast.stmt, known: Names, depth: int) -> Iterator[Step]:  # noqa: C901, PLR0912
    line = node.lineno
    if isinstance(node, Function | ast.ClassDef):
        return
    if isinstance(node, ast.If):
        test = condition(node.test, known)
        yield Step(
            kind="if",
            line=line,
            test=test,
            body=steps_of(node.body, known, depth),
            other=steps_of(node.orelse, known, depth),
        )
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            asked = asked_by(item.context_expr, known)
            if asked is not None and isinstance(item.context_expr, ast.Call):
                yield Step(kind="guard", line=line, test=asked.formula)
        yield Step(kind="block", line=line, body=steps_of(node.body, known, depth))
    elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
        yield Step(kind="block", line=line, body=steps_of([*node.body, *node.orelse], known, depth))
    elif isinstance(node, ast.Try):
        parts = [*node.body, *(one for case in node.handlers for one in case.body), *node.orelse, *node.finalbody]
        yield Step(kind="block", line=line, body=steps_of(parts, known, depth))
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield Step(kind="block", line=line, body=steps_of(case.body, known, depth))
    elif _refuses(node):
        yield Step(kind="refuse", line=line)
    elif isinstance(node, ast.Return | ast.Raise):
        value = _answer(node.value, known) if isinstance(node, ast.Return) and node.value is not None else None
        yield Step(kind="leave", line=line, value=value, text=_written(node, known))
    elif isinstance(node, ast.Assert):
        test = condition(node.test, known)
        if strong(test):
            yield Step(kind="guard", line=line, test=test)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        name = dotted(call, known)
        short = name.rpartition(".")[2]
        if isinstance(call, ast.Call) and names.asks(name) and names.CHECKS.match(short.lstrip("_")):
            said = ", ".join(texts(ast.Tuple(elts=[*call.args, *(one.value for one in call.keywords)]), known))
            yield Step(kind="guard", line=line, test=f"guard {short}({said})")
        else:
            yield Step(kind="act", line=line, text=_written(node, known))
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _checks(node.value, known):
        yield from _step(ast.copy_location(ast.Expr(value=node.value), node), known, depth)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
        yield Step(kind="act", line=line, text=_written(node, known))
