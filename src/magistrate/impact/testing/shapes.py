"""What a new test may consist of: an allow-list of statements and expressions, everything else objects.

Rule kept (R20): a new test calls definitions of the repository, methods of what they give back and
a few builtins, on written values, and asserts. No import inside, no text that is run, no attribute
that a module has, no decorator or fixture that could turn checks off, no statement that hides one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Final

from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.prose import why_not_prose
from magistrate.impact.testing.checks import ASSERT_METHODS, is_raises, vacuous, why_vacuous_raises
from magistrate.impact.testing.findings import Objection, shown
from magistrate.impact.testing.project import TESTCASE
from magistrate.impact.testing.scope import Scope

BUILTINS: Final = frozenset(
    {
        "len", "sorted", "list", "dict", "set", "tuple", "frozenset", "str", "int", "float", "bool", "bytes", "repr", "isinstance",
        "any", "all", "sum", "min", "max", "range", "enumerate", "zip", "abs", "round", "reversed", "next", "iter", "complex",
    }
)  # fmt: skip
METHODS: Final = frozenset(
    {
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "lower", "upper", "title",
        "keys", "values", "items", "get", "append", "extend", "count", "join", "replace", "copy", "isdigit", "isalpha",
        "encode", "decode", "union", "intersection", "difference", "issubset", "issuperset", "add", "sort", "reverse",
        "year", "month", "day", "hour", "minute", "second", "isoformat", "total_seconds",
    }
)  # fmt: skip
"""Of the builtin types; each acts on nothing but its value."""
ERRORS: Final = frozenset(
    {
        "ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "ZeroDivisionError", "StopIteration",
        "NotImplementedError", "OverflowError", "RuntimeError", "LookupError", "ArithmeticError", "AssertionError",
        "UnicodeDecodeError", "UnicodeEncodeError", "FileNotFoundError", "PermissionError", "TimeoutError", "OSError",
        "DeprecationWarning", "UserWarning", "FutureWarning",
    }
)  # fmt: skip
CHANGING: Final = frozenset({"append", "extend", "add", "sort", "reverse"})
MAX_TEXT: Final = 300
MAX_NUMBER: Final = 10**18
MAX_BODY: Final = 60
MAX_DEPTH: Final = 12
OPERATORS: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitOr, ast.BitAnd, ast.BitXor)


def verify_test(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, *, method: bool) -> None:
    """A new test function or method; raises Objection at the line of what is not on the list."""
    if not node.name.startswith("test"):
        raise Objection(node, f"`{node.name}` is new and no test: only tests are added without a person")
    if getattr(node, "type_params", None):
        raise Objection(node, "type parameters are computed when the test is read")
    given = [case for one in node.decorator_list for case in _verify_decorator(one, scope)]
    arguments = _parameters(node, scope, method=method)
    strange = next((a for a in arguments if a not in given and a not in scope.fixtures and a != "self"), None)
    if strange is not None:
        raise Objection(node, f"the fixture `{strange}` is not used by this file so far")
    if node.returns is not None and not scope.is_type(node.returns):
        raise Objection(node, "the annotation is computed when the file is read")
    if len(node.body) > MAX_BODY:
        raise Objection(node, f"more than {MAX_BODY} statements")
    body = without_docstring(node.body)
    local = set(arguments)
    for name in stored(body):
        _verify_local(node, name, scope)
    verify_statements(body, scope, local)
    if not any(_checks(one) for one in body):
        raise Objection(node, f"`{node.name}` checks nothing")
    if not _reaches_project(node, scope):
        raise Objection(node, f"`{node.name}` uses nothing of the repository: it checks only itself")


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, *, method: bool) -> list[str]:
    a = node.args
    if a.posonlyargs or a.kwonlyargs or a.vararg or a.kwarg or a.defaults or a.kw_defaults:
        raise Objection(node, "the parameters are more than plain names")
    names = [one.arg for one in a.args]
    noted = next((one for one in a.args if one.annotation is not None and not scope.is_type(one.annotation)), None)
    if noted is not None:
        raise Objection(noted, "the annotation is computed when the file is read")
    if method != (names[:1] == ["self"]):
        raise Objection(node, "the first parameter is not `self`" if method else "a function has `self`")
    return names


def without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements behind a docstring; raises Objection where it is no plain prose."""
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        for line in first.value.value.split("\n"):
            why = why_not_prose(line) if len(line.split()) != 1 else None
            if why is not None or ">" in line:
                raise Objection(first, f"the docstring {why or 'may be a doctest'}")
        return list(body[1:])
    return list(body)


def stored(body: Iterable[ast.AST]) -> list[str]:
    """Names that statements bind, in any scope inside."""
    walked = [node for one in body for node in walk(one)]
    names = [n.id for n in walked if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    return sorted({*names, *(n.name for n in walked if isinstance(n, ast.ExceptHandler) and n.name)})


def _verify_local(node: ast.AST, name: str, scope: Scope) -> None:
    if name in scope.bound or name in BUILTINS or name in ERRORS or name == "self" or name.startswith("__"):
        raise Objection(node, f"`{name}` means something else outside of the test")


def _verify_decorator(node: ast.expr, scope: Scope) -> list[str]:
    """Names that `parametrize` gives; other decorators object, but for plain marks of async tests."""
    target = node.func if isinstance(node, ast.Call) else node
    words = _dotted(target)
    if words[:2] != ["pytest", "mark"] or not scope.is_pytest("pytest"):
        raise Objection(node, f"the decorator `{shown(node)}` may do anything with the test")
    if words[2:] in (["asyncio"], ["anyio"]) and not isinstance(node, ast.Call):
        return []
    if words[2:] != ["parametrize"] or not isinstance(node, ast.Call):
        raise Objection(node, f"the mark `{shown(node)}` may keep the test from running")
    names, cases = parametrized(node)
    for case in cases:
        verify_case(case, len(names), scope)
    return names


def parametrized(node: ast.Call) -> tuple[list[str], list[ast.expr]]:
    """Names and cases of a plain `parametrize`; raises Objection for another shape."""
    if len(node.args) != 2 or node.keywords:  # noqa: PLR2004 - names and cases
        raise Objection(node, "`parametrize` has more than names and cases")
    names, cases = node.args
    if isinstance(names, ast.Constant) and isinstance(names.value, str):
        listed = [one.strip() for one in names.value.split(",")]
    elif isinstance(names, ast.Tuple | ast.List) and all(isinstance(one, ast.Constant) for one in names.elts):
        listed = [str(one.value) for one in names.elts if isinstance(one, ast.Constant)]
    else:
        raise Objection(node, "the names of `parametrize` are computed")
    if not isinstance(cases, ast.List | ast.Tuple) or not cases.elts or not all(one.isidentifier() for one in listed):
        raise Objection(node, "the cases of `parametrize` are computed, or there are none")
    return listed, list(cases.elts)


def verify_case(case: ast.expr, width: int, scope: Scope) -> None:
    """One new case of `parametrize`: written values, or `pytest.param` of them with at most an id."""
    values: list[ast.expr] = [case]
    if isinstance(case, ast.Call):
        ids = [k for k in case.keywords if k.arg == "id" and isinstance(k.value, ast.Constant)]
        if _dotted(case.func) != ["pytest", "param"] or len(ids) != len(case.keywords) or not scope.is_pytest("pytest"):
            raise Objection(case, f"the case `{shown(case)}` is marked or computed")
        values = list(case.args)
    elif width > 1:
        if not isinstance(case, ast.Tuple | ast.List) or len(case.elts) != width:
            raise Objection(case, "the case does not have as many values as there are names")
        values = list(case.elts)
    for value in values:
        verify_expression(value, scope, set())


def _dotted(node: ast.expr) -> list[str]:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.insert(0, node.attr)
        node = node.value
    return [node.id, *words] if isinstance(node, ast.Name) else []


def verify_statements(body: Sequence[ast.stmt], scope: Scope, local: set[str]) -> None:
    """Statements that a new test may have, one after the other; `local` grows with what they bind."""
    for one in body:
        _verify_statement(one, scope, local)


def _verify_statement(one: ast.stmt, scope: Scope, local: set[str]) -> None:
    if isinstance(one, ast.Assert):
        why = vacuous(one.test)
        if why is not None:
            raise Objection(one, why)
        verify_expression(one.test, scope, local)
        if one.msg is not None and not isinstance(one.msg, ast.Constant):
            verify_expression(one.msg, scope, local)
    elif isinstance(one, ast.Assign) and len(one.targets) == 1:
        verify_expression(one.value, scope, local)
        local.update(_targets(one.targets[0]))
    elif isinstance(one, ast.AnnAssign) and one.value is not None:
        verify_expression(one.value, scope, local)
        local.update(_targets(one.target))
    elif isinstance(one, ast.Expr):
        if isinstance(one.value, ast.Constant):
            raise Objection(one, "a value that stands by itself does nothing")
        verify_expression(one.value, scope, local)
    elif isinstance(one, ast.With) and len(one.items) == 1:
        _verify_with(one, scope, local)
    elif isinstance(one, ast.For) and not one.orelse and isinstance(one.iter, ast.List | ast.Tuple) and one.iter.elts:
        verify_expression(one.iter, scope, local)
        local.update(_targets(one.target))
        verify_statements(one.body, scope, local)
    else:
        raise Objection(one, f"`{shown(one)}` is not among the statements that a new test may have")


def _targets(node: ast.expr) -> list[str]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    names = [one.id for one in parts if isinstance(one, ast.Name)]
    if len(names) != len(parts):
        raise Objection(node, f"`{shown(node)}` changes something else than a name of the test")
    return names


def _verify_with(one: ast.With, scope: Scope, local: set[str]) -> None:
    call = one.items[0].context_expr
    if not isinstance(call, ast.Call) or not is_raises(call, scope):
        raise Objection(one, f"`with {shown(call)}` may hold checks back")
    why = why_vacuous_raises(call)
    if why is not None:
        raise Objection(one, why)
    for given in (*call.args, *(k.value for k in call.keywords)):
        verify_expression(given, scope, local)
    if one.items[0].optional_vars is not None:
        local.update(_targets(one.items[0].optional_vars))
    inside = next((n for s in one.body for n in walk(s) if isinstance(n, ast.Assert | ast.With)), None)
    if inside is not None:
        raise Objection(inside, "a check inside of `raises` is left out as soon as something is raised before it")
    verify_statements(one.body, scope, local)


def verify_expression(node: ast.expr, scope: Scope, local: set[str], depth: int = 0) -> None:  # noqa: C901, PLR0912 - one shape, one branch
    """An expression that a new test may have; raises Objection at its line."""
    if depth > MAX_DEPTH:
        raise Objection(node, "the expression is nested too deeply")

    def inner(*parts: ast.expr | None) -> None:
        for part in parts:
            if part is not None:
                verify_expression(part, scope, local, depth + 1)

    match node:
        case ast.Constant(value=value):
            _verify_constant(node, value)
        case ast.Name(id=name):
            if not (name in local or (name in BUILTINS | ERRORS and name not in scope.bound) or scope.reaches(name)):
                raise Objection(node, f"`{name}` is not a definition of the repository that this file imports")
        case ast.Attribute():
            _verify_attribute(node, scope, local, depth)
        case ast.Call():
            _verify_call(node, scope, local, depth)
        case ast.Compare(left=left, comparators=others):
            inner(left, *others)
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            inner(*parts)
        case ast.JoinedStr(values=parts):
            inner(*parts)
        case ast.FormattedValue(value=part, format_spec=None):
            inner(part)
        case ast.UnaryOp(operand=part) | ast.Starred(value=part) | ast.Await(value=part):
            inner(part)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, OPERATORS):
            inner(left, right)
        case ast.Dict(keys=keys, values=parts):
            inner(*keys, *parts)
        case ast.Subscript(value=value, slice=part):
            inner(value, part)
        case ast.Slice(lower=lower, upper=upper, step=step):
            inner(lower, upper, step)
        case (
            ast.ListComp(elt=elt, generators=[one])
            | ast.GeneratorExp(elt=elt, generators=[one])
            | ast.SetComp(elt=elt, generators=[one])
        ):
            inner(one.iter)
            within = {*local, *_targets(one.target)}
            for part in (elt, *one.ifs):
                verify_expression(part, scope, within, depth + 1)
        case _:
            raise Objection(node, f"`{shown(node)}` is not among the expressions that a new test may have")


def _verify_constant(node: ast.expr, value: object) -> None:
    if isinstance(value, str | bytes) and len(value) > MAX_TEXT:
        raise Objection(node, f"a text of more than {MAX_TEXT} characters is a fixture")
    if isinstance(value, bytes) and any(byte > 126 or (byte < 32 and byte not in b"\r\n\t") for byte in value):  # noqa: PLR2004 - ASCII
        raise Objection(node, "bytes that are no text are a binary fixture")
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise Objection(node, "a number of this size is a fixture")


def _verify_attribute(node: ast.Attribute, scope: Scope, local: set[str], depth: int) -> None:
    words = _dotted(node)
    if words and words[0] not in local:
        meant = scope.attribute(words)
        if meant is True:
            return
        if meant is False:
            raise Objection(node, f"`{shown(node)}` is not a definition of the repository")
    if node.attr.startswith("_"):
        raise Objection(node, f"`{node.attr}` is not meant for others")
    if node.attr not in METHODS and not scope.project.defines_attribute(node.attr):
        raise Objection(node, f"`.{node.attr}` is not an attribute that the repository's own code defines")
    if node.attr in CHANGING and not (isinstance(node.value, ast.Name) and node.value.id in local):
        raise Objection(node, f"`.{node.attr}` changes something that other tests may see")
    verify_expression(node.value, scope, local, depth + 1)


def _verify_call(node: ast.Call, scope: Scope, local: set[str], depth: int) -> None:
    func = node.func
    if (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id == "self"
        and "self" in local
    ):
        if func.attr not in ASSERT_METHODS and not func.attr.startswith("assertRaises"):
            raise Objection(node, f"`self.{func.attr}` is not an assertion of unittest")
        why = vacuous(node)
        if why is not None:
            raise Objection(node, why)
    elif _dotted(func) in (["pytest", "approx"], ["pytest", "raises"], ["pytest", "warns"]) and scope.is_pytest(
        "pytest"
    ):
        if func.attr != "approx" if isinstance(func, ast.Attribute) else True:
            raise Objection(node, "`raises` stands in a `with`")
        if len(node.args) != 1 or node.keywords:
            raise Objection(node, "`approx` with a tolerance of its own may accept anything")
    elif isinstance(func, ast.Name | ast.Attribute):
        verify_expression(func, scope, local, depth + 1)
    else:
        raise Objection(node, f"`{shown(func)}` is called, and nobody can say what it is")
    if any(k.arg is None for k in node.keywords):
        raise Objection(node, "the arguments are computed")
    for part in (*node.args, *(k.value for k in node.keywords)):
        verify_expression(part, scope, local, depth + 1)


def _checks(one: ast.stmt) -> bool:
    """Whether a statement of the allow-list can fail the test."""
    if isinstance(one, ast.For):
        return any(_checks(inner) for inner in one.body)
    called = one.value if isinstance(one, ast.Expr) else None
    method = (
        isinstance(called, ast.Call)
        and isinstance(called.func, ast.Attribute)
        and called.func.attr.startswith("assert")
    )
    return isinstance(one, ast.Assert | ast.With) or method


def _reaches_project(node: ast.AST, scope: Scope) -> bool:
    names = [one.id for one in walk(node) if isinstance(one, ast.Name)]
    own = any(scope.is_own(name) for name in names)
    asked = (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and {a.arg for a in node.args.args} & scope.fixtures
    )
    return own or bool(asked)


def verify_class(node: ast.ClassDef, scope: Scope) -> None:
    """A new class of tests: no decorators, no bases but `unittest.TestCase`, nothing inside but tests."""
    plain = all(
        (_dotted(one) == list(TESTCASE) and scope.imports_unittest()) or scope.is_testcase(one) for one in node.bases
    )
    if node.decorator_list or node.keywords or not plain or not node.name.startswith("Test"):
        raise Objection(node, f"the class `{node.name}` is more than a plain class of tests")
    seen: set[str] = set()
    for one in without_docstring(node.body):
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            raise Objection(one, "a statement of a class has effects when the file is read")
        if one.name in seen:
            raise Objection(one, f"`{one.name}` hides an older test of the same name")
        seen.add(one.name)
        verify_test(one, scope, method=True)
