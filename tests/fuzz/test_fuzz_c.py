"""Mutants of a C text: what is proven equal is equal for another reader, and compiles to the same, as well."""

from __future__ import annotations

import random
import re
import shutil
import subprocess

import pytest
from paths import TESTS
from world.mutants import PIECES, mutant

from magistrate.domain.impact import LOW, FileChange
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

SAMPLE = (TESTS / "fuzz/samples/a.c").read_text()
OWN = (
    *PIECES, "\n", " ", "\n    ", " /* two words */ ", " // two words\n", "/* two words \n * and two */", "\\ \n", "\\\r\n", "??/", "??/\n",
    "%:", "<:", "##", "->", ">>", "...", "L", "u8", 'R"(', ')"', "'0", "e+", "__LINE__", "\n#", "#define sum(a, b) 0\n", "#if 0\n", "#endif\n",
    "//*", "*//*", "/\\\n/", "*\\\n/", "$", "\\", "x(", ".5", "::",
)  # fmt: skip
JOINS = re.compile(
    r"\+\+|--|&&|\|\||[=!<>+*/%&|^-]=|<<|>>|->|::|\.\.|##|/[/*]|\.\d|<[:%]|[:%]>|%:|\w\w|\w[\"']|[\"']\w|\d\."
)
EXPONENT = re.compile(r"(?<![A-Za-z_0-9])\d[\w.]*[eEpP]$")
PIECE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*.*?\*/", re.DOTALL)


def proven(text: str, source: str = SAMPLE) -> bool:
    change = FileChange(path="a.c", before=source.encode(), after=text.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(known=True))).files[0].change_class in LOW


def squeezed(text: str) -> str:
    """Blanks out, except between signs and words that would join."""
    made = ""
    for run in re.split(r"\s+", text):
        joins = run and made and (JOINS.fullmatch(made[-1] + run[0]) or (run[0] in "+-" and EXPONENT.search(made)))
        made += (" " if joins else "") + run
    return made


def flat(text: str) -> str:
    """What the phases after the third get, written apart from the lexers of the product: line by line.

    Blanks stay in directives, and in what the two macros that make texts are given.
    """
    text = re.sub(r"\\\r?\n", "", text).replace("\r\n", "\n")
    text = PIECE.sub(lambda found: found[0] if found[0][0] in "\"'" else " ", text)
    made: list[str] = []
    code = ""
    for line in [*text.split("\n"), "#"]:
        if not line.lstrip().startswith("#"):
            code += " " + line
            continue
        shown = re.sub(r"\b(TEXT|ALL) *\( *([^()]*?) *\)", lambda f: f"{f[1]}«{' '.join(f[2].split())}»", code)
        parts = re.split(r"(«[^»]*»)", shown)
        made.append("".join(part if part.startswith("«") else squeezed(part) for part in parts).strip())
        made.append(" ".join(re.sub(r"^\s*#\s*", "#", line).split()))
        code = ""
    return "\n".join(made)


@pytest.mark.slow
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_reads_the_same_to_a_second_reader() -> None:
    dice, found = random.Random(7), 0
    for _ in range(400):
        text = mutant(SAMPLE, dice, OWN)
        if text != SAMPLE and proven(text):
            found += 1
            assert flat(text) == flat(SAMPLE), text
    assert found > 20, "mutants that change nothing must exist, or nothing was tested"


def compiled(gcc: str, text: str) -> str:
    """The assembler text without optimisation or places, or `-`."""
    argv = [gcc, "-S", "-O0", "-w", "-std=gnu17", "-x", "c", "-o", "-", "-"]
    run = subprocess.run(argv, input=text.encode(), capture_output=True, check=False)
    return "-" if run.returncode else run.stdout.decode()


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_compiles_to_the_same() -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no `gcc` here: the package `gcc` brings it")
    dice, own = random.Random(11), compiled(gcc, SAMPLE)
    assert own != "-"
    accepted = 0
    for _ in range(10_000):
        text = mutant(SAMPLE, dice, OWN)
        if text != SAMPLE and proven(text):
            accepted += 1
            assert compiled(gcc, text) == own, text
    assert accepted > 500, "mutants that change nothing must exist, or nothing was tested"
