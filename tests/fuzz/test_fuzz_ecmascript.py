"""Mutants of JavaScript, TypeScript and JSX: what is proven equal is equal for another reader as well."""

from __future__ import annotations

import random
import re
import shutil
import subprocess

import pytest
from paths import TESTS
from world.mutants import mutant

from magistrate.domain.impact import LOW, FileChange
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

NAMES = ("a.js", "a.ts", "a.tsx")
SAMPLES = {name: (TESTS / "fuzz/samples" / name).read_text() for name in NAMES}
ORACLE = TESTS / "fuzz/oracles/ecmascript_tree.js"
PIECE = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\s+|\w+|[^\s\w]", re.DOTALL
)
GOES_ON = re.compile(r"[(\[{,;:=&|?<+*/%^~>-]\Z")
CANNOT_BEGIN = re.compile(r"[)\]},;.?:=&|>%^*{]|(?:else|catch|finally|return|throw)\b|[+/-][^+/-]")
SHOWN = (">Nothing &amp; no one  here.</", "} and <b", ">more</", "} text {", ">\n      {children}\n    </")
BLANKS = (" ", "\n", "\n\n", "\t", "", " /* a */ ", " /*\n*/ ", " // a row\n")
COMMAS = (*BLANKS, ",", ",\n")


def proven(name: str, text: str) -> bool:
    change = FileChange(path=name, before=SAMPLES[name].encode(), after=text.encode())
    found = assess(Case(id="", steps=((change,),), base=BaseTree(known=True))).files[0]
    return found.change_class in LOW and not found.proof.rule.startswith("typescript-types/")


def moved(text: str, dice: random.Random, blanks: tuple[str, ...] = BLANKS) -> str:
    """Other blanks at one to three places where blanks are, or where words and signs meet."""
    for _ in range(dice.randint(1, 3)):
        places = [found.span() for found in re.finditer(r"\s+|(?<=[^\w\s])(?=\S)|(?<=\w)(?=[^\w\s])", text)]
        start, end = dice.choice(places)
        text = text[:start] + dice.choice(blanks) + text[end:]
    return text


def flat(text: str, mark: str) -> str:
    """The text in pieces without comments; a line end is `mark` where no sign beside it makes it layout.

    Written apart from the lexer of the product: it looks at the characters beside a line end only.
    """
    made, line = "", False
    for piece in PIECE.findall(text):
        if piece.startswith(("//", "/*")) or not piece.strip():
            line = line or "\n" in piece
            made += "" if made.endswith(" ") else " "
            continue
        if line and not GOES_ON.search(made.rstrip()) and not CANNOT_BEGIN.match(piece + " "):
            made = made.rstrip() + mark
        made, line = made + piece, False
    return re.sub(r"(?<=\W) | (?=\W)", "", made)


@pytest.mark.slow
@pytest.mark.requirement("R17", "R18")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_proven_reads_the_same_to_a_second_reader(name: str) -> None:
    dice, found, source = random.Random(7), 0, SAMPLES[name]
    for turn in range(300):
        text = (mutant if turn % 3 else moved)(source, dice)
        if text != source and proven(name, text):
            found += 1
            mark = " " if name == "a.tsx" else "\n"  # inside a tag every line end is layout
            assert flat(text, mark) == flat(source, mark), text
            assert name != "a.tsx" or all(shown in text for shown in SHOWN), text
    assert found > 20, "mutants that change nothing must exist, or nothing was tested"


@pytest.mark.slow
@pytest.mark.requirement("R17")
@pytest.mark.parametrize("name", NAMES)
def test_only_last_commas_come_and_go(name: str) -> None:
    dice, found, source = random.Random(7), 0, SAMPLES[name]
    places = [at.start() for at in re.finditer(r"[)\]}]|,(?=\s*[)\]}])|,", source)]
    for _ in range(150):
        at = dice.choice(places)
        text = source[:at] + source[at + 1 :] if source[at] == "," else source[:at] + "," + source[at:]
        if proven(name, text):
            found += 1
            assert re.fullmatch(r"(?s).*[^,\[({\s]\s*", source[:at]), text
            assert re.match(r",?\s*[)\]}]", source[at:]), text
    assert found > 5, "last commas must exist, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
@pytest.mark.parametrize(
    ("name", "parser"), [("a.js", "acorn"), ("a.js", "typescript"), ("a.ts", "typescript"), ("a.tsx", "typescript")]
)
def test_what_is_proven_is_equal_for_another_parser(name: str, parser: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no `node` here, whose own parser (acorn) and `npm i -g typescript@5` are asked")
    ask = [node, "--expose-internals", str(ORACLE), parser, name.split(".")[1]]
    source = SAMPLES[name]
    if subprocess.run(ask, input=b"1\na", capture_output=True, check=False).returncode:
        pytest.skip(f"`node` does not find `{parser}`: set NODE_PATH to where it is installed")
    dice, accepted = random.Random(11), []
    for turn in range(10_000):
        text = mutant(source, dice) if turn % 2 else moved(source, dice, COMMAS)
        if text != source and proven(name, text):
            accepted.append(text)
    asked = b"".join(b"%d\n%s" % (len(raw), raw) for raw in (text.encode() for text in [source, *accepted]))
    said = subprocess.run(ask, input=asked, capture_output=True, check=True).stdout.decode().split()
    assert len(said) == len(accepted) + 1
    assert said[0] != "-"
    wrong = [text for text, digest in zip(accepted, said[1:], strict=True) if digest != said[0]]
    assert not wrong, wrong[0]
