"""Mutants of imports and annotations: what is proven does the same when CPython runs it."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from fuzz.oracles.load_and_tell import WORLD
from paths import TESTS

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers import import_order, type_annotations

ORACLE = TESTS / "fuzz/oracles/load_and_tell.py"
IMPORTS = (
    "import os", "import sys", "import json", "import csv as table", "import random", "import time", "import threading",
    "import side_a", "import side_b", "import patcher", "import pack.inner", "import pack.other", "import collections.abc",
    "from random import random", "from json import dumps", "from os import path", "from typing import List, Any", "from typing import Dict",
    "from side_a import x, y", "from side_b import x as z", "from one_file import first, second", "from one_file import third",
    "from pack import inner", "from pack import inner as i, other as o", "from math import pi as x", "import enum, re", "from copy import *",
    "import importlib.util", "from dataclasses import dataclass, field",
)  # fmt: skip
BODIES = (
    "print = None\nuse = [json, os]\n", "def f():\n    return table\n", "use = first\n", "use = (x, z)\n", "use = 1\n", "use = 'os sys'\n",
    "use = [n for n in dir()]\n",
)  # fmt: skip
ANNOTATIONS = (
    "int", "str", "'text'", "None", "List[int]", "Dict[str, int]", "Optional[str]", "Missing", "print('x')", "int | None", "list[int]",
    "Dict[int]", "(y := 1)", "Any", "Any[int]",
)  # fmt: skip


def import_pair(rng: random.Random) -> tuple[str, str]:
    """A module, and the same with its imports moved, split, joined, dropped or renamed."""
    first = rng.sample(IMPORTS, rng.randint(2, 7))
    second = list(first)
    for _ in range(rng.randint(1, 3)):
        kind = rng.random()
        if kind < 0.4:
            rng.shuffle(second)
        elif kind < 0.6:
            second.sort()
        elif kind < 0.8 and len(second) > 1:
            second.pop(rng.randrange(len(second)))
        else:
            at = rng.randrange(len(second))
            head, _, names = second[at].partition("import ")
            parts = names.split(", ")
            rng.shuffle(parts)
            second[at : at + 1] = [f"{head}import {part}" for part in parts]
    body = rng.choice(BODIES)
    return "\n".join(first) + "\n\n" + body, "\n".join(second) + "\n\n" + body


def base_of(text: str) -> BaseTree:
    return BaseTree(files={"subject.py": text, **{f"{name}.py": source for name, source in WORLD.items()}}, known=True)


def proven(prover: Any, before: str, after: str, base: BaseTree) -> bool:
    file = ChangedFile(change=FileChange(path="subject.py", before=before.encode(), after=after.encode()))
    return bool(prover.prove(file, (file,), base, ()).status is ProofStatus.PROVEN)


def check_imports(seed: int, rounds: int, tmp: Path) -> int:
    rng = random.Random(seed)
    pairs = [pair for pair in (import_pair(rng) for _ in range(rounds)) if pair[0] != pair[1]]
    held = [pair for pair in pairs if proven(import_order.PROVER, *pair, base_of(pair[0]))]
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", str(ORACLE), str(tmp)],
        input="\n".join(map(json.dumps, held)), text=True, capture_output=True, check=True,
    )  # fmt: skip
    for pair, line in zip(held, done.stdout.splitlines(), strict=True):
        old, new = json.loads(line)
        assert (old["end"], old["log"]) == (new["end"], new["log"]), pair
        assert {key: old["bound"].get(key) for key in new["bound"]} == new["bound"], pair
    return len(held)


@pytest.mark.slow
@pytest.mark.requirement("R17")
def test_proven_imports_load_and_bind_the_same(tmp_path: Path) -> None:
    assert check_imports(1, 3_000, tmp_path) >= 60


@pytest.mark.soak
def test_proven_imports_load_and_bind_the_same_at_length(tmp_path: Path) -> None:
    assert check_imports(2, 60_000, tmp_path) >= 1_000


SHAPE = """from typing import List, Dict, Any, Optional


class K:
    at{c0} = 1

    def m(self, a{a0}, b{a1}=2, *c{a2}, d{a3}=None, **e{a4}){r0}:
        here{l0} = a
        self.z{l1} = b
        if here:
            other{l2} = [here]
            return other
        return [b, c, d, e]


def g(a{a5}, b{a6}="x"){r1}:
    def inner(q{a7}){r2}:
        got{l3} = q
        return got
    return inner(a)


RESULT = [K().m(0), K().m(1, 3, 4, d=5, f=6), g(7), K.at]
"""
SLOTS = ["c0", *(f"a{n}" for n in range(8)), *(f"r{n}" for n in range(3)), *(f"l{n}" for n in range(4))]


def shaped(rng: random.Random, chosen: dict[str, str]) -> str:
    text = SHAPE.format(**{slot: _written(slot, chosen.get(slot, "")) for slot in SLOTS})
    if rng.random() < 0.1:
        text = text.replace(
            *rng.choice([("b, c", "c, b"), ("g(7)", "g(8)"), ("*c", "*k"), ("here)", "a)"), ("'x'", "'y'")])
        )
    return text


def _written(slot: str, annotation: str) -> str:
    if not annotation:
        return ""
    return f" -> {annotation}" if slot.startswith("r") else f": {annotation}"


def annotation_pair(rng: random.Random) -> tuple[str, str]:
    first = {slot: rng.choice(ANNOTATIONS[:6]) for slot in SLOTS if rng.random() < 0.2}
    second = dict(first)
    for slot in rng.sample(SLOTS[1:] if rng.random() < 0.9 else SLOTS, rng.randint(1, 4)):
        second[slot] = rng.choice(ANNOTATIONS[:7] if rng.random() < 0.8 else ANNOTATIONS)
        if rng.random() < 0.2:
            del second[slot]
    head = "from __future__ import annotations\n" if rng.random() < 0.3 else ""
    return head + shaped(random.Random(1), first), head + shaped(rng, second)


def code_of(text: str) -> list[tuple[object, ...]]:
    """Every function's code, without what a module or class does to make its annotations."""
    pending, found = [compile(text, "subject", "exec", dont_inherit=True)], []
    while pending:
        code = pending.pop()
        inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
        pending += inner
        if code.co_flags & 2 and not any(one.co_flags & 2 for one in inner):
            plain = tuple(one for one in code.co_consts if not isinstance(one, types.CodeType))
            found.append((code.co_qualname, code.co_code, code.co_varnames, code.co_names, plain, code.co_flags & 0xFF))
    return sorted(found, key=repr)


def result_of(text: str) -> str:
    space: dict[str, Any] = {"__name__": "subject"}
    exec(compile(text, "subject", "exec", dont_inherit=True), space)  # noqa: S102 - the oracle is CPython itself
    return repr((space["RESULT"], vars(space["K"]).get("__annotations__")))


def check_annotations(seed: int, rounds: int) -> int:
    rng = random.Random(seed)
    count = 0
    for before, after in (annotation_pair(rng) for _ in range(rounds)):
        if before == after or not proven(
            type_annotations.PROVER, before, after, BaseTree(files={"s.py": ""}, known=True)
        ):
            continue
        count += 1
        assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(after))
        assert code_of(before) == code_of(after), (before, after)
        assert result_of(before) == result_of(after), (before, after)
    return count


@pytest.mark.slow
@pytest.mark.requirement("R17")
def test_proven_annotations_leave_code_and_results_alone() -> None:
    assert check_annotations(1, 600) >= 100


@pytest.mark.soak
def test_proven_annotations_leave_code_and_results_alone_at_length() -> None:
    assert check_annotations(2, 20_000) >= 3_000
