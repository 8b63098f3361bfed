"""Random edits of tests: whatever the trees let through notices every changed program that the old tests noticed."""

from __future__ import annotations

import ast
import random
import sys
import types
from collections.abc import Callable

import pytest

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.tests import PROVER
from magistrate.impact.testing.mutants import sampled

PROGRAM = '''"""A small program."""


class Cart:
    def __init__(self):
        self.size = 0
        self.kept = []

    def put(self, name, count):
        if count < 1:
            raise ValueError("no count")
        self.size += count
        self.kept.append(name)

    def names(self):
        return sorted(set(self.kept))


def total(items):
    if items is None:
        raise ValueError("no items")
    return sum(items) * 1


def cheap(items, limit=10):
    return total(items) < limit and not items == []
'''
TESTS = '''"""Tests."""

import pytest

from shop.cart import Cart, cheap, total


def test_total():
    first = [1, 2]
    assert total(first) == 3
    assert total([]) == 0
    with pytest.raises(ValueError):
        total(None)


def test_cart():
    cart = Cart()
    cart.put("b", 2)
    cart.put("a", 1)
    found = cart.names()
    assert cart.size == 3 and found == ["a", "b"]
    for name in found:
        assert name in ("a", "b")
    with pytest.raises(ValueError, match="count"):
        cart.put("c", 0)


def test_cheap():
    assert cheap([1]) is True
    assert not cheap([20])
    assert cheap([]) is False
'''
BASE = {
    "shop/__init__.py": "",
    "shop/cart.py": PROGRAM,
    "tests/test_cart.py": TESTS,
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
}
LINES = [number for number, line in enumerate(PROGRAM.split("\n"), 1) if line.lstrip().startswith("def ")]
PROGRAMS = [PROGRAM, *(one.source for one in sampled({"p": PROGRAM}, [("p", line) for line in LINES], "fuzz", 40))]
NEW_LINES = (
    "assert total([1]) == 1", "assert cart is not None", "assert len(found) == 2", "assert found", "first = []", "found = []",
    "total = sum", "cart = Cart()", "assert True", "assert first == first", "return", "pytest.skip()", "cart.put('z', 1)",
    "assert list(found)", "value = total([2])", "assert value == 2", "pass", "first.append(3)",
)  # fmt: skip


def verdicts(program: str, tests: str) -> bool:
    """Whether all tests of a file hold for a program."""
    package, module = types.ModuleType("shop"), types.ModuleType("shop.cart")
    exec(compile(program, "cart.py", "exec"), module.__dict__)  # noqa: S102 - the program under test, written above
    kept = {name: sys.modules.get(name) for name in ("shop", "shop.cart")}
    sys.modules.update({"shop": package, "shop.cart": module})
    try:
        space: dict[str, Callable[[], None]] = {}
        exec(compile(tests, "test_cart.py", "exec"), space)  # noqa: S102 - the tests under test
        for name, one in list(space.items()):
            if name.startswith("test"):
                one()
    except (Exception, pytest.fail.Exception, pytest.skip.Exception):  # noqa: BLE001 - any failure is one
        return False
    finally:
        for name, had in kept.items():
            sys.modules.pop(name) if had is None else sys.modules.update({name: had})
    return True


def bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    return [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.For | ast.With)]


def edited(rng: random.Random) -> str:
    """The tests with one to three random edits."""
    tree = ast.parse(TESTS)
    for _ in range(rng.randint(1, 3)):
        body = rng.choice(bodies(tree))
        at = rng.randrange(len(body))
        kind = rng.randrange(9)
        if kind == 0 and len(body) > 1:
            del body[at]
        elif kind == 1:
            body.insert(rng.randint(0, len(body)), ast.parse(rng.choice(NEW_LINES)).body[0])
        elif kind == 2:
            other = rng.randrange(len(body))
            body[at], body[other] = body[other], body[at]
        elif kind == 3:
            _change(body[at], rng)
        elif kind == 4:
            body[at] = ast.If(test=ast.Constant(value=rng.random() < 0.5), body=[body[at]], orelse=[])
        elif kind == 5:
            _rename(tree, rng)
        elif kind == 6:
            _split(tree, rng)
        elif kind == 7:
            body.append(ast.parse(rng.choice(NEW_LINES)).body[0])
        else:
            _rename_test(tree, rng)
    return ast.unparse(ast.fix_missing_locations(tree))


def _change(statement: ast.stmt, rng: random.Random) -> None:
    nodes = [
        node for node in ast.walk(statement) if isinstance(node, ast.Constant | ast.Compare | ast.Name | ast.keyword)
    ]
    if not nodes:
        return
    node = rng.choice(nodes)
    if isinstance(node, ast.Constant):
        node.value = rng.choice([1, 2, 3, None, True, "a", "", node.value])
    elif isinstance(node, ast.Compare):
        node.ops = [rng.choice([ast.Eq(), ast.NotEq(), ast.GtE(), ast.Is(), ast.In()])]
    elif isinstance(node, ast.Name):
        node.id = rng.choice(["found", "cart", "first", "total", "cheap", "ValueError", "Exception", "LookupError"])


def _rename(tree: ast.Module, rng: random.Random) -> None:
    function = rng.choice([node for node in tree.body if isinstance(node, ast.FunctionDef)])
    names = [n.id for n in ast.walk(function) if isinstance(n, ast.Name)]
    old, new = rng.choice(names), rng.choice([*names, "basket", "seen", "len"])
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new


def _rename_test(tree: ast.Module, rng: random.Random) -> None:
    function = rng.choice([node for node in tree.body if isinstance(node, ast.FunctionDef)])
    function.name = rng.choice(["test_other", "test_cart", "check_cart", "_test", "test_total"])


def _split(tree: ast.Module, rng: random.Random) -> None:
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    function = rng.choice(functions)
    copied = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(copied, ast.FunctionDef)
    copied.name, function.name = function.name + "_two", function.name + rng.choice(["", "_one"])
    for side in (copied, function):
        if len(side.body) > 1 and rng.random() < 0.7:
            del side.body[rng.randrange(len(side.body))]
    tree.body.append(copied)


def fuzz(count: int, seed: int) -> tuple[int, int]:
    """(let through and changed, noticed less)"""
    tree = BaseTree(files=BASE, known=True)
    old = [verdicts(program, TESTS) for program in PROGRAMS]
    assert old[0]
    assert old.count(False) > 10
    rng = random.Random(seed)
    plain = ast.unparse(ast.parse(TESTS))
    through = worse = 0
    for _ in range(count):
        text = edited(rng)
        change = FileChange(path="tests/test_cart.py", before=TESTS.encode(), after=text.encode())
        file = ChangedFile(change=change)
        if text == plain or not PROVER.wants(file, [file], tree):
            continue
        through += 1
        lost = [at for at, holds in enumerate(old) if not holds and verdicts(PROGRAMS[at], text)]
        worse += bool(lost)
        assert not lost, f"{text}\n--- does not notice ---\n{PROGRAMS[lost[0]]}"
    return through, worse


@pytest.mark.slow
@pytest.mark.requirement("R20")
def test_no_random_edit_that_is_let_through_notices_less() -> None:
    through, worse = fuzz(600, 20)
    assert (through > 15, worse) == (True, 0)


@pytest.mark.soak
@pytest.mark.requirement("R20")
def test_ten_thousand_random_edits_notice_no_less() -> None:
    through, worse = fuzz(10_000, 2020)
    assert (through > 250, worse) == (True, 0)
