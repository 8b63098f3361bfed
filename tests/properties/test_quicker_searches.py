"""Searches that are quick by other means find what the plain spelling of the same search finds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.impact import equality, python_imports

ROOT = Path(__file__).resolve().parents[2]
LETTERS = re.compile(r"[A-Za-z0-9+/_-]{22,}")
DIGITS = re.compile(r"[0-9a-f]{32,}")
PIECES = st.sampled_from(
    [
        "a" * 21,
        "Z" * 22,
        "0123456789abcdef" * 2,
        "F" * 32,
        "+/_-" * 6,
        "=",
        " ",
        "\n",
        "\x1c",
        "é",
        "K",
        "\udc80",
        "\0",
        ".",
    ]
)


@pytest.mark.requirement("R17")
@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_the_runs_that_may_hold_a_digest_are_those_of_the_pattern(text: str) -> None:
    letters = LETTERS.findall(text)
    digits = [run for one in letters if len(one) >= 32 for run in DIGITS.findall(one.lower())]
    assert equality._runs_in(text) == (" ".join(digits), " ".join(letters))


NESTED = """
import a
def f(x=lambda: 0):
    from .b import c as d
    async def g():
        import e.f
class C:
    import g
    def m(self):
        try:
            import h
        except ImportError:
            import i
        else:
            import j
        finally:
            import k
try:
    import l
except* OSError:
    import m
for x in y:
    import n
else:
    import o
while x:
    import p
else:
    import q
with x:
    import r
if x:
    import s
elif y:
    import t
else:
    import u
match x:
    case 1:
        import v
    case _:
        from w import *
async def h():
    async for x in y:
        import x1
    async with y:
        import x2
"""


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "text", [NESTED, *sorted({p.read_text() for p in (ROOT / "src/magistrate/impact").glob("*.py")})]
)
def test_imports_are_those_of_a_walk_over_the_whole_tree(text: str) -> None:
    every = {
        atom
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt)
        for atom in python_imports.atoms_in(node)
    }
    assert python_imports.atoms_of(text.encode()) == every
