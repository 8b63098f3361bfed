"""Mutants of a Rust text: what is proven equal is equal for another reader as well."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess

import pytest
from paths import TESTS
from world.mutants import PIECES, mutant

from magistrate.domain.impact import LOW, FileChange, FileImpact
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

SAMPLE = (TESTS / "fuzz/samples/a.rs").read_text()
OWN = (
    *PIECES, "\n", " ", "\n    ", " // two words\n", "/// two words\n", "//! two words\n", "/** two words */", "/*! a */", "/* a /* b */ */",
    "//// a\n", 'r#"', '"#', "'a", "'", "..", "->", ">>", "&&", "?", "$", "#", "!", "b", "r", "c", "0.1", "k#",
)  # fmt: skip
SIGNS = "=<>!~+-*/%^&|@.,;:#$?"
PLACE = re.compile(r"\S*<anon>:\d+:\d+: \d+:\d+ \(#\d+\)|NodeId\(\d+\)|no-location \(#\d+\)|\s+")
BRACKETS = re.compile(r"DelimSpacing\{[^}]*\}")
DOCS = re.compile(r'DocComment\(\s*(Line|Block),\s*"(?:[^"\\]|\\.)*",\s*\)')
WORDS = re.compile(r"(kind:(?:Ident|Literal|Lifetime)\b(?:(?!span:).)*span:[^}]*\},)Joint\b")
"""Spacing that the compiler keeps to print tokens, and shows to no macro: of brackets, words and literals."""


def judged(text: str, source: str = SAMPLE) -> FileImpact:
    change = FileChange(path="a.rs", before=source.encode(), after=text.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(known=True))).files[0]


def proven(text: str, source: str = SAMPLE) -> bool:
    return judged(text, source).change_class in LOW


def comment_at(text: str, at: int) -> str:
    if text.startswith("//", at):
        return text[at : (text + "\n").index("\n", at)]
    depth, end = 0, at
    while text.startswith("/*", at):
        sign = re.compile(r"/\*|\*/").search(text, end)
        if sign is None:
            return text[at:]
        depth, end = depth + (1 if sign[0] == "/*" else -1), sign.end()
        if not depth:
            return text[at:end]
    return ""


def flat(text: str) -> str:
    """Code and documentation without other comments; a blank is kept only between two words or two signs.

    Written apart from the lexer of the product: one sign after the other.
    """
    made, at, apart = "", 0, False
    quoted = re.compile(r'b?r(#*)".*?"\1|[bc]?"(?:[^"\\]|\\.)*"|b?\'(?:[^\'\\]|\\[^u]|\\x..|\\u\{[^}]*\})\'', re.DOTALL)
    while at < len(text):
        comment = comment_at(text, at)
        starts_word = not (made[-1:].isalnum() or made[-1:] == "_") or apart
        quote = quoted.match(text, at) if starts_word or text[at] in "\"'" else None
        if comment and not re.match(r"///(?!/)|//!|/\*\*(?![*/])|/\*!", comment):
            at, apart = at + len(comment), True
        elif not comment and text[at].isspace():
            at, apart = at + 1, True
        else:
            piece = comment or (quote[0] if quote else text[at])
            last = made[-1:]
            words = (last.isalnum() or last in "_\"'") and (piece[0].isalnum() or piece[0] in "_\"'")
            signs = last in SIGNS and piece[0] in SIGNS and last + piece[0] != "?."
            made += " " if apart and last and (words or signs) else ""
            made, at, apart = made + piece, at + len(piece), bool(comment)
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
    assert found > 10, "mutants that change nothing must exist, or nothing was tested"


def tree_of(rustc: str, text: str, *, docs: bool = True) -> str:
    """The compiler's own tree without places, or `-`; what only `stringify!` sees is left out (`JointHidden`).

    Without `docs`, what documentation says is left out, not that it is there.
    """
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    argv = [rustc, "--edition=2021", "-Zunpretty=ast-tree", "-"]
    run = subprocess.run(argv, input=text.encode(), capture_output=True, env=env, check=False)
    if run.returncode or b"error" in run.stderr:
        return "-"
    told = run.stdout.decode() if docs else DOCS.sub(r"DocComment(\1)", run.stdout.decode())
    said = PLACE.sub("", told).replace("JointHidden", "Alone")
    return WORDS.sub(r"\1Alone", BRACKETS.sub("", said))


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
def test_what_is_proven_is_equal_for_the_compiler_of_rust() -> None:
    rustc = shutil.which("rustc")
    if rustc is None:
        pytest.skip("no `rustc` here: rustup brings it")
    dice, own = random.Random(11), {docs: tree_of(rustc, SAMPLE, docs=docs) for docs in (True, False)}
    assert "-" not in own.values()
    accepted, broken = 0, 0
    for _ in range(10_000):
        text = mutant(SAMPLE, dice, OWN)
        found = judged(text)
        if text != SAMPLE and found.change_class in LOW:
            accepted += 1
            docs = found.low  # what one person judges may be words of documentation, and nothing else
            tree = tree_of(rustc, text, docs=docs)
            broken += tree == "-"
            assert tree in {own[docs], "-"}, text
    assert accepted > 200, "mutants that change nothing must exist, or nothing was tested"
    assert broken * 100 <= accepted, "more than 1 of 100 proven texts does not parse"
