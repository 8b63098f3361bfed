"""Assertions: which there are, which say nothing, and which of two is the stronger one."""

from __future__ import annotations

import ast
import builtins
from itertools import pairwise
from typing import Final, Protocol

from magistrate.impact.languages.python import same_tree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.testing.findings import shown

ASSERT_METHODS: Final = frozenset(
    {
        "assertEqual", "assertNotEqual", "assertTrue", "assertFalse", "assertIs", "assertIsNot", "assertIsNone",
        "assertIsNotNone", "assertIn", "assertNotIn", "assertIsInstance", "assertNotIsInstance", "assertGreater",
        "assertGreaterEqual", "assertLess", "assertLessEqual", "assertCountEqual", "assertListEqual", "assertDictEqual",
        "assertSetEqual", "assertTupleEqual", "assertSequenceEqual", "assertMultiLineEqual", "assertAlmostEqual",
        "assertRegex", "assertNotRegex",
    }
)  # fmt: skip
ONE_SIDED: Final = frozenset({"assertTrue", "assertFalse", "assertIsNone", "assertIsNotNone"})
BROAD: Final = frozenset({"Exception", "BaseException"})
PURE_CALLS: Final = frozenset({"len", "isinstance", "type", "abs"})
"""Builtins that use nothing up: no iterator is at another place afterwards."""
TYPES: Final = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple", "frozenset"})


class Names(Protocol):
    """What a file knows by name."""

    def is_pytest(self, name: str) -> bool:
        """Whether a name is the module `pytest`."""


def is_raises(call: ast.Call, scope: Names) -> bool:
    """`pytest.raises`, `pytest.warns` or `self.assertRaises`, `self.assertRaisesRegex` as they stand in a `with`."""
    func = call.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    if func.value.id == "self":
        return func.attr in {"assertRaises", "assertRaisesRegex"}
    return scope.is_pytest(func.value.id) and func.attr in {"raises", "warns"}


def why_vacuous_raises(call: ast.Call) -> str | None:
    """Why an expectation of an error says nothing: any error will do."""
    kinds = call.args[0].elts if call.args and isinstance(call.args[0], ast.Tuple) else call.args[:1]
    if not kinds:
        return "`raises` names no error"
    if any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds):
        return f"`{shown(call)}` accepts any error"
    return None


def vacuous(test: ast.expr) -> str | None:  # noqa: C901, PLR0911 - one way to say nothing, one exit
    """Why an assertion can never fail by what it says; None when it can."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr in ASSERT_METHODS:
        return _vacuous_method(test)
    if isinstance(test, ast.BoolOp):
        parts = [vacuous(part) for part in test.values]
        told = [why for why in parts if why is not None]
        return told[0] if told else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return vacuous(test.operand)
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        if any(same_tree(a, b) for a, b in pairwise(sides)):
            return f"`{shown(test)}` compares a thing with itself"
        if _always(test):
            return f"`{shown(test)}` holds for every value"
    if isinstance(test, ast.Lambda | ast.GeneratorExp | ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.Set):
        return f"`{shown(test)}` is always true"
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance":
        kinds = test.args[1:]
        if any(isinstance(one, ast.Name) and one.id == "object" for kind in kinds for one in walk(kind)):
            return "everything is an `object`"
    if (isinstance(test, ast.Name) and test.id in TYPES) or not any(
        isinstance(one, ast.Name | ast.Call | ast.Attribute) for one in walk(test)
    ):
        return f"`{shown(test)}` is a constant"
    return None


def _always(test: ast.Compare) -> bool:
    """A length that is not negative, an empty text in another."""
    other = test.comparators[0]
    counted = isinstance(test.left, ast.Call) and isinstance(test.left.func, ast.Name) and test.left.func.id == "len"
    if counted and isinstance(other, ast.Constant):
        kind = type(test.ops[0])
        return kind is ast.GtE and other.value == 0
    return isinstance(test.ops[0], ast.In) and isinstance(test.left, ast.Constant) and test.left.value in {"", b""}


def _vacuous_method(call: ast.Call) -> str | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    count = 1 if name in ONE_SIDED else 2
    if len(call.args) < count or any(isinstance(one, ast.Starred) for one in call.args):
        return f"`{shown(call)}` has too few arguments to say what it compares"
    if name == "assertAlmostEqual" and (call.keywords or len(call.args) > count):
        return f"`{shown(call)}` has a tolerance of its own, which may accept anything"
    if count == 1:
        return vacuous(call.args[0])
    first, second = call.args[:2]
    if same_tree(first, second):
        return f"`{shown(call)}` compares a thing with itself"
    if all(not any(isinstance(n, ast.Name | ast.Call) for n in walk(one)) for one in (first, second)):
        return f"`{shown(call)}` compares constants"
    return None


def is_pure_check(one: ast.stmt) -> bool:
    """An assertion that only looks: names, attributes, constants, comparisons and a few builtins."""
    if not isinstance(one, ast.Assert) or vacuous(one.test) is not None:
        return False
    if one.msg is not None and not isinstance(one.msg, ast.Constant):
        return False
    allowed = (
        ast.Name, ast.Attribute, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.List, ast.Tuple, ast.Dict, ast.Set,
        ast.Call, ast.expr_context, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.boolop,
        ast.unaryop,
    )  # fmt: skip
    for node in walk(one.test):
        if not isinstance(node, allowed):
            return False
        called = node.func if isinstance(node, ast.Call) else None
        if called is not None and not (isinstance(called, ast.Name) and called.id in PURE_CALLS):
            return False
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            return False
    return True


def narrower_raises(old: ast.Call, new: ast.Call) -> bool:
    """Whether `raises` expects the same or less than before: a special case of the error, or a text as well."""
    if not same_tree(old.func, new.func) or len(old.args) != 1 or len(new.args) != 1:
        return False
    before = {k.arg: k.value for k in old.keywords}
    after = {k.arg: k.value for k in new.keywords}
    if set(before) - {"match"} or set(after) - {"match"} or (before and "match" not in after):
        return False
    if before and not same_tree(before["match"], after["match"]):
        return False
    added = after.get("match")
    if added is not None and not isinstance(added, ast.Constant):
        return False
    return same_tree(old.args[0], new.args[0]) or _is_special_case(new.args[0], old.args[0])


def _is_special_case(special: ast.expr, general: ast.expr) -> bool:
    if not isinstance(special, ast.Name) or not isinstance(general, ast.Name):
        return False
    narrow, wide = (vars(builtins).get(one.id) for one in (special, general))
    return (
        isinstance(narrow, type)
        and isinstance(wide, type)
        and issubclass(narrow, wide)
        and issubclass(wide, BaseException)
    )


def why_weaker(old: ast.stmt, new: ast.stmt | None) -> str:  # noqa: PLR0911 - one kind of loss, one exit
    """What became of a statement that is not kept, in words."""
    was = shown(old)
    if new is None:
        return f"`{was}` is gone"
    why = vacuous(new.test) if isinstance(new, ast.Assert) else None
    if why is not None:
        return f"`{was}` becomes an assertion that says nothing: {why}"
    a = old.test if isinstance(old, ast.Assert) else None
    b = new.test if isinstance(new, ast.Assert) else None
    if isinstance(a, ast.Compare) and isinstance(b, ast.Compare) and same_tree(a.left, b.left):
        kinds = [type(one.ops[0]).__name__ for one in (a, b)]
        if kinds[0] != kinds[1]:
            return f"`{was}` becomes `{shown(new)}`: another comparison, which may accept more"
        return f"`{was}` becomes `{shown(new)}`: it expects something else"
    if a is not None and b is not None:
        return f"`{was}` becomes `{shown(new)}`, and nothing shows that it is as strong"
    heads = [ast.dump(one.items[0].context_expr) for one in (old, new) if isinstance(one, ast.With)]
    if isinstance(old, ast.With) and isinstance(new, ast.With) and heads[0] != heads[1]:
        return (
            f"`{shown(old.items[0].context_expr)}` becomes `{shown(new.items[0].context_expr)}`, which may accept more"
        )
    return f"`{was}` becomes `{shown(new)}`"
