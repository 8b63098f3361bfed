"""Mutants of a Java text: what is proven equal is equal for another reader as well."""

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

SAMPLE = (TESTS / "fuzz/samples/a.java").read_text()
ORACLE = TESTS / "fuzz/oracles/JavaTree.java"
OWN = (
    *PIECES, "\n", " ", "\n    ", " // two words\n", "\\u000a", "\\u002a/", '"""', '"""\n', "/** @deprecated x */", "/** two words */",
    "// NOSONAR\n", " * two words\n", "@", "->", "::", ">>", "\\{", "// two words \\\n", "non-sealed",
)  # fmt: skip
PAIRS = re.compile(r"\+\+|--|&&|\|\||[=!<>+*/%&|^-]=|<<|>>|->|::|\.\.|/[*/]")


def proven(text: str, source: str = SAMPLE) -> bool:
    change = FileChange(path="a.java", before=source.encode(), after=text.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(known=True))).files[0].change_class in LOW


def flat(text: str) -> str:
    """Code without comments; a blank is kept only where it holds two words, or the halves of a sign, apart.

    Written apart from the lexer of the product: one sign after the other. What documentation
    deprecates is kept.
    """
    made, at, apart = "", 0, False
    while at < len(text):
        rest = text[at:]
        quoted = re.match(
            r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.[0-7]*)\'', rest, re.DOTALL
        )
        comment = re.match(r"//[^\r\n]*|/\*.*?\*/", rest, re.DOTALL)
        if comment:
            at, apart = at + len(comment[0]), True
            made += "<deprecated>" if comment[0].startswith("/**") and "@deprecated" in comment[0] else ""
        elif rest[0].isspace():
            at, apart = at + 1, True
        else:
            piece = quoted[0] if quoted else rest[0]
            words = made[-1:].isalnum() or made[-1:] in "_$\"'"
            made += (
                " "
                if apart
                and made
                and ((words and (piece[0].isalnum() or piece[0] in "_$\"'")) or PAIRS.match(made[-1] + piece[0]))
                else ""
            )
            made, at, apart = made + piece, at + len(piece), False
    return made


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


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_is_equal_for_the_parser_of_java() -> None:
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no `java` with a compiler here: a JDK from 17 on brings it")
    dice, accepted = random.Random(11), []
    for _ in range(10_000):
        text = mutant(SAMPLE, dice, OWN)
        if text != SAMPLE and proven(text):
            accepted.append(text)
    asked = b"".join(b"%d\n%s" % (len(raw), raw) for raw in (text.encode() for text in [SAMPLE, *accepted]))
    exports = [f"--add-exports=jdk.compiler/com.sun.tools.javac.{part}=ALL-UNNAMED" for part in ("code", "tree")]
    said = subprocess.run([java, *exports, str(ORACLE)], input=asked, capture_output=True, check=True).stdout.decode()
    digests = said.split()
    assert len(digests) == len(accepted) + 1
    assert digests[0] != "-"
    wrong = [text for text, digest in zip(accepted, digests[1:], strict=True) if digest not in {digests[0], "-"}]
    assert not wrong, wrong[0]
    assert digests.count("-") * 100 <= len(digests), "more than 1 of 100 proven texts does not parse"
