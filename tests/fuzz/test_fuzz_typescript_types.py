"""Mutants of the types of TypeScript: what is proven to be types only is one program to TypeScript's compiler."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter

import pytest
from paths import TESTS
from world.mutants import mutant

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.typescript_types import PROVER

NAMES = ("types.ts", "types.tsx")
SAMPLES = {name: (TESTS / "fuzz/samples" / name).read_text() for name in NAMES}
ORACLE = TESTS / "fuzz/oracles/typescript_emitted.js"
BASE = BaseTree(files={"package.json": '{"private": true}'}, known=True)
PIECES = (
    ": any", ": T", ": string[]", ": (a: T) => U", ": x is T", ": { a: T }", " as T", " as const", " as any", "!", "?", "<T>", "<T, U>", "<any>",
    " satisfies T", "private ", "public ", "readonly ", "override ", "static ", "abstract ", "declare ", "implements A ", "extends B ",
    "interface Q { q: 1 }\n", "\ntype Q = 1\n", "type Q = 1;", "export interface Q {}\n", "import type { Q } from 'q';\n", "enum E { A }\n",
    "export type { Q } from 'q'\n", "namespace N { let a }\n", "@d ", "async ", "type ", "| null", " & T", "[]", " extends T ? U : V", "typeof a",
    "\n", ";", ",", "(", ")", "keyof ", "this: T, ", "constructor(private p: T) {}", "// a\n", "/* b */",
)  # fmt: skip
TYPES = re.compile(r"(?<=[:|&<,] )[A-Za-z_]\w*(?:\[\])?|(?<=\bas )\w+|(?<=<)\w+(?=[>,])")
OTHERS = (
    "string",
    "T[]",
    "any",
    "Row | null",
    "{ a: number }",
    "(a: T) => void",
    "Map<A, B>",
    "keyof T",
    "'x'",
    "-1",
    "[a: T, b?: U]",
)


def proven(name: str, text: str) -> bool:
    change = FileChange(path=f"src/{name}", before=SAMPLES[name].encode(), after=text.encode())
    file = ChangedFile(change=change)
    return PROVER.prove(file, (file,), BASE, ()).status is ProofStatus.PROVEN


def retyped(text: str, dice: random.Random) -> str:
    """Other types in one to three places where a type stands, or pieces of types anywhere."""
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.5:
            start, end = dice.choice([found.span() for found in TYPES.finditer(text)])
            text = text[:start] + dice.choice(OTHERS) + text[end:]
        else:
            at = dice.choice([found.end() for found in re.finditer(r"\b|\n|[)\]};>]", text)])
            text = text[:at] + dice.choice(PIECES) + text[at:]
    return text


def mutants(name: str, seed: int, count: int) -> list[str]:
    dice, made = random.Random(seed), []
    for turn in range(count):
        text = mutant(SAMPLES[name], dice) if turn % 4 == 0 else retyped(SAMPLES[name], dice)
        if text != SAMPLES[name]:
            made.append(text)
    return made


@pytest.mark.slow
@pytest.mark.requirement("R17")
@pytest.mark.parametrize("name", NAMES)
def test_proven_types_leave_calls_and_values_alone(name: str) -> None:
    """A coarse reader of its own: what cannot be in a type (numbers of calls, braces of values, texts) is as often there."""
    members = "|".join(sorted(set(re.findall(r"\.([a-z]\w*)", SAMPLES[name]))))
    telling = re.compile(
        r"=>\s*[({]|\b(?:return|throw|await|yield|new|if|for|switch|static|enum|namespace|super)\b|`|\+\+|@|"
        rf"\.(?:{members})\b"
    )
    found = 0
    for text in mutants(name, 7, 400):
        if proven(name, text):
            found += 1
            assert Counter(telling.findall(text)) == Counter(telling.findall(SAMPLES[name])), text
    assert found > 20, "mutants that change types only must exist, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R17")
@pytest.mark.parametrize("name", NAMES)
def test_proven_types_are_one_program_to_the_compiler(name: str) -> None:
    wrong, accepted = judged_by_compiler(name, 11, 10_000)
    assert accepted > 500
    assert not wrong, wrong[0]


def judged_by_compiler(name: str, seed: int, count: int) -> tuple[list[str], int]:
    """Mutants that are proven though the compiler emits something else, and how many were proven."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no `node` here, by which `npm i -g typescript@5` is asked")
    ask = [node, str(ORACLE), name.split(".")[1]]
    if subprocess.run(ask, input=b"1\na", capture_output=True, check=False).returncode:
        pytest.skip("`node` does not find `typescript`: set NODE_PATH to where it is installed")
    accepted = [text for text in mutants(name, seed, count) if proven(name, text)]
    asked = b"".join(b"%d\n%s" % (len(raw), raw) for raw in (text.encode() for text in [SAMPLES[name], *accepted]))
    said = subprocess.run(ask, input=asked, capture_output=True, check=True).stdout.decode().split()
    assert len(said) == len(accepted) + 1
    assert said[0] != "-"
    return [text for text, digest in zip(accepted, said[1:], strict=True) if digest != said[0]], len(accepted)
