"""Mutants of modules with docstrings: what is proven is the same program but for docstrings, to CPython."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator

import pytest
from world.mutants import mutant

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.docstrings import PROVER

SOURCE = '''"""Reads rows out of recieved tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Reader:
    """A reader of tabels.

    It recieves lines, and returns rows.

    - A row is short.
    - A tabel is long.
    """

    size: int = 3

    @property
    def rows(self) -> int:
        r"""The number of rows in this tabel."""
        return self.size  # rows

    def line(self, at: int) -> str:
        "A recieved line."; x = "a recieved line"
        return x + """a recieved line""" * at


def rows_of(text: str) -> list[str]:
    """Return the rows of a text.

    Parameters
    ----------
    text : str
        The text whose rows are recieved.
    """
    """A recieved row is no docstring."""
    return [text, "tabel"]
'''
FIXES = (
    ("recieved", "received"),
    ("recieves", "receives"),
    ("tabels", "tables"),
    ("tabel", "table"),
    ("A row", "The row"),
    ("    It", "   It"),
)
PIECES = (
    '"', '"""', "'", "\\", "\n", "\n\n", " ", "    ", ">>>", "x", "1", "f", "r", "#", ":", "`", ".", ",", "not ", "a ", "the ", "(", ")",
    "{{", "rows", "table", "\\x41", "@", "-", "::", "\n    Rows are short.\n",
)  # fmt: skip


def bare(text: str) -> str:
    """The tree by CPython, without what stands as a docstring."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body[0] = ast.Pass()
    return ast.dump(tree)


def mutants(seed: int, count: int) -> Iterator[str]:
    """Corrections of spelling at some of their places, at times with something small beside them."""
    dice = random.Random(seed)
    for _ in range(count):
        text = SOURCE
        for _ in range(dice.randint(1, 3)):
            old, new = dice.choice(FIXES)
            places = [at for at in range(len(text)) if text.startswith(old, at)]
            if places:
                at = dice.choice(places)
                text = text[:at] + new + text[at + len(old) :]
        yield mutant(text, dice, PIECES) if dice.random() < 0.5 else text


def tried(seed: int, count: int) -> tuple[list[str], int]:
    base = BaseTree(files={"setup.cfg": "[metadata]\n"}, known=True)
    expected, wrong, proven = bare(SOURCE), [], 0
    for text in mutants(seed, count):
        file = ChangedFile(change=FileChange(path="src/tables/grid.py", before=SOURCE.encode(), after=text.encode()))
        if PROVER.prove(file, (file,), base, ()).status is ProofStatus.PROVEN:
            proven += 1
            if bare(text) != expected:
                wrong.append(text)
    return wrong, proven


@pytest.mark.requirement("R19", "R25")
def test_what_is_proven_is_one_program_but_for_docstrings() -> None:
    wrong, proven = tried(11, 400)
    assert not wrong, wrong[0]
    assert proven >= 10, "some mutants must be proven, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R19", "R25")
def test_ten_thousand_mutants_are_one_program_but_for_docstrings() -> None:
    wrong, proven = tried(13, 10_000)
    assert not wrong, wrong[0]
    assert proven >= 200
