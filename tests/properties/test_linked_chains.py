"""Changes over linked repositories come to no less than all of them as one, however split and in which order (R32, R34)."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.linked_chains import (
    BODIES,
    USED,
    USER,
    USERS,
    Chain,
    MemoryGit,
    NearAssessor,
    Step,
    linked_chains,
    reading,
    sides_of,
)

from magistrate.domain.impact import STRICTNESS_ORDER, FileChange, Strictness
from magistrate.usecases.across import Side, judged_across
from magistrate.usecases.assess import case_of
from magistrate.usecases.composition import Part
from magistrate.wire.assessment import Verdict
from magistrate.wire.policy_bundle import RepositoryPolicy

CORPUS = Path(__file__).parent.parent / "corpus" / "attacks"
NEAR = NearAssessor()
PLACES = {
    name: RepositoryPolicy(
        repository=name, ref="refs/heads/main", environment="staging", production=False, checks=(), verification=()
    )
    for name in (USED, USER)
}


def verdict(changes, git, tree) -> Verdict:
    texts = {path: held.decode("utf-8", "replace") for path, held in git.trees[tree].items()}
    case = {**case_of(changes, "alone"), "context": {"files": texts, "complete": True}}
    return msgspec.convert(NEAR.of_case(case).verdict, Verdict, strict=True)


def comes_to(chain: Chain) -> tuple[Strictness, Strictness]:
    """What the last step asks for by itself, and what counts with everything that is linked."""
    mine, others, final, git = sides_of(chain)
    alone = verdict(final, git, mine.repository)
    linked = judged_across(NEAR, mine, others, (alone,), PLACES)
    levels = [alone.strictness, *(one.verdict.strictness for one in linked)]
    return alone.strictness, max(levels, key=STRICTNESS_ORDER.index)


@pytest.mark.requirement("R32", "R34")
@pytest.mark.slow
def test_every_labelled_chain_over_two_repositories_is_caught_at_its_last_part_and_no_control_is():
    """Self-made, with the rules in mind: 5 ways of being declared, 3 of being found, 3 languages, 2 to 20 parts, any order."""
    chains = list(linked_chains(seed=34, each=6))
    strict = [chain for chain in chains if chain.strict]
    assert len(strict) >= 100
    assert {len(chain.steps) for chain in strict} >= {2, 20}
    missed, false = [], []
    for chain in chains:
        alone, whole = comes_to(chain)
        assert alone is not Strictness.TWO, chain.name
        if chain.strict and whole is not Strictness.TWO:
            missed.append(chain.name)
        if not chain.strict and whole is not alone and whole is Strictness.TWO:
            false.append(chain.name)
    assert (missed, false) == ([], [])


@pytest.mark.requirement("R34")
@given(
    way=st.sampled_from(sorted(USERS)), ending=st.sampled_from(sorted(BODIES)),
    wheres=st.lists(st.sampled_from((USED, USER)), min_size=2, max_size=6).filter(lambda one: len(set(one)) == 2),
    lands=st.lists(st.booleans(), min_size=6, max_size=6), order=st.randoms(),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_splitting_over_linked_repositories_never_pays(way, ending, wheres, lands, order):
    old, new = BODIES[ending]
    base = {USER: {path: text.format(name=USED).encode() for path, text in USERS[way].items()}, USED: {}}
    steps = []
    for at, where in enumerate(wheres):
        base[where] = {**base[where], f"src/m{at}.{ending}": old.format(at).encode()}
        lands_here = lands[at] and at < len(wheres) - 1
        steps.append(
            Step(
                repository=where, agent="fixer", session=at, files={f"src/m{at}.{ending}": new.format(at).encode()},
                lands=lands_here,
            )
        )  # fmt: skip
    order.shuffle(steps)
    alone, whole = comes_to(Chain(name="any", base=base, steps=tuple(steps), strict=True))
    assert whole is Strictness.TWO
    assert alone is Strictness.ONE


def strict_rows() -> list[dict]:
    rows = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.read_text().splitlines()]
    text = [
        row for row in rows
        if "repo" not in row and not row.get("steps") and len(row.get("files") or ()) == 1
        and all(isinstance(one.get(side), str) for one in row["files"] for side in ("before", "after"))
    ]  # fmt: skip
    return text[::7]


def cumulative(before: str, after: str, parts: int) -> list[bytes]:
    """The file after each part of a split by lines, the last of them as it shall be in the end."""
    old, new = before.split("\n"), after.split("\n")
    cuts = [len(new) * at // parts for at in range(1, parts)]
    states = ["\n".join([*new[:cut], *old[cut:]]).encode() for cut in cuts]
    return [one for one in states if one not in (before.encode(), after.encode())] + [after.encode()]


@pytest.mark.requirement("R32", "R34")
@pytest.mark.slow
def test_a_known_strict_change_in_2_to_20_parts_is_caught_from_a_linked_repository_too():
    """All but the last part lie in one repository; what is judged last is a change in the repository linked with it."""
    chance, caught = random.Random(32), 0
    for row in strict_rows():
        (file,) = row["files"]
        path, before = file["path"], file["before"].encode()
        git: Any = MemoryGit(
            trees={USED: {path: before}, USER: {".magistrate.yml": f"links: {{{USED}: {{image: [x]}}}}\n".encode()}}
        )
        whole_change = [
            FileChange(
                path=path, before=before, after=file["after"].encode(), mode_before="100644", mode_after="100644"
            )
        ]
        if before == file["after"].encode():
            continue
        whole = verdict(whole_change, git, USED)
        if STRICTNESS_ORDER.index(whole.strictness) < STRICTNESS_ORDER.index(Strictness.TWO):
            continue
        states = [before, *cumulative(file["before"], file["after"], chance.randint(2, 20))]
        parts = [
            Part(
                changes=(FileChange(path=path, before=one, after=other, mode_before="100644", mode_after="100644"),),
                landed=True,
            )
            for one, other in pairwise(states)
        ]  # fmt: skip
        for number in range(3):
            note = FileChange(
                path=f"n{number}.md", before=None, after=b"# Note\n", mode_before=None, mode_after="100644"
            )
            parts.insert(chance.randint(0, len(parts)), Part(changes=(note,), landed=True))
        git.trees["after"] = {path: states[-1], **{f"n{number}.md": b"# Note\n" for number in range(3)}}
        own = (
            FileChange(path="d.md", before=b"# Tehh\n", after=b"# The\n", mode_before="100644", mode_after="100644"),
        )
        git.trees[USER] = {**git.trees[USER], "d.md": b"# Tehh\n"}
        mine = Side(
            repository=USER,
            ref="refs/heads/main",
            git=reading(git),
            tree=USER,
            parts=(Part(changes=own, landed=False),),
        )
        other = Side(
            repository=USED, ref="refs/heads/main", git=reading(git), tree="after", parts=tuple(parts), members=("p",)
        )
        linked = judged_across(NEAR, mine, [other], (verdict(own, git, USER),), PLACES)
        levels = [STRICTNESS_ORDER.index(one.verdict.strictness) for one in linked]
        assert levels, row["id"]
        assert max(levels) >= STRICTNESS_ORDER.index(whole.strictness), row["id"]
        caught += 1
    assert caught >= 100
