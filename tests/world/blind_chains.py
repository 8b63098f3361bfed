"""The chains written blind, judged part by part as control judges them: alone, with what landed, and over links.

Every part lands before the next one comes. Where two people agreed to a part because of the whole, those that its decision
names count no more, as `agreed_as_a_whole` has it. Policy can only ask for more: what is compared is the verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

from world.linked_chains import MemoryGit, NearAssessor, reading

from magistrate.domain.impact import STRICTNESS_ORDER, FileChange, Strictness
from magistrate.usecases.across import Side, judged_across
from magistrate.usecases.assess import case_of
from magistrate.usecases.base_texts import context_of
from magistrate.usecases.composition import Part, judged_together, verdict_of
from magistrate.usecases.settled import counts_again
from magistrate.wire.effect import GitUpdate
from magistrate.wire.policy_bundle import RepositoryPolicy

REF = "refs/heads/main"
MODE = "100644"
NEAR = NearAssessor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What one part asks for by itself, and with everything that counts; in words what it is linked through.

    `settles` says that two people agree to it because of the whole, so that the count begins anew.
    """

    role: str
    alone: Strictness
    whole: Strictness
    linked: tuple[str, ...]
    settles: bool


def rank(level: Strictness | str) -> int:
    """The place of a strictness from lenient to strict."""
    return STRICTNESS_ORDER.index(Strictness(level))


def changes_of(part: Mapping[str, Any]) -> tuple[FileChange, ...]:
    """The files of a part as the product holds a change."""
    return tuple(
        FileChange(
            path=one["path"],
            before=None if one["before"] is None else one["before"].encode(),
            after=None if one["after"] is None else one["after"].encode(),
            mode_before=None if one["before"] is None else one.get("mode_before", MODE),
            mode_after=None if one["after"] is None else one.get("mode_after", MODE),
        )
        for one in part["files"]
    )


class _Estate:
    """Every repository of a case as it stands, and what landed and still counts."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.trees = {
            name: {path: text.encode() for path, text in files.items()} for name, files in case["trees"].items()
        }
        self.modes = {name: dict(modes) for name, modes in case.get("modes", {}).items()}
        self.landed: list[tuple[str, str, Part]] = []
        self.places = {
            name: RepositoryPolicy(
                repository=name, ref=REF, environment=where, production=where == "prod", checks=(), verification=()
            )
            for name, where in case["environments"].items()
        }

    def git(self) -> MemoryGit:
        return MemoryGit(trees=dict(self.trees), modes={name: dict(modes) for name, modes in self.modes.items()})

    def side(self, name: str, git: MemoryGit, *more: Part) -> Side:
        held = [(member, part) for repository, member, part in self.landed if repository == name]
        return Side(
            repository=name, ref=REF, git=reading(git), tree=name, parts=(*(part for _, part in held), *more),
            members=tuple(member for member, part in held if not part.settled),
            settled=tuple(member for member, part in held if part.settled),
        )  # fmt: skip

    def land(self, name: str, member: str, changes: tuple[FileChange, ...], settled: frozenset[str]) -> None:
        tree = dict(self.trees[name])
        for one in changes:
            if one.after is None:
                del tree[one.path]
            else:
                tree[one.path] = one.after
            self.modes.setdefault(name, {})[one.path] = one.mode_after or MODE
        self.trees[name] = tree
        self.landed.append((name, member, Part(changes=changes, landed=True)))
        gone = settled | {member} if settled else settled
        self.landed = [
            (where, one, replace(part, settled=True) if one in gone else part) for where, one, part in self.landed
        ]


def ruled(case: Mapping[str, Any]) -> list[Ruled]:
    """Every part of a case, in its order."""
    estate, found = _Estate(case), []
    for at, part in enumerate(case["parts"]):
        name, changes, git = part["repository"], changes_of(part), estate.git()
        mine = estate.side(name, git, Part(changes=changes, landed=False))
        said = {**case_of(changes, "alone"), "context": context_of(reading(git), name)}
        alone = verdict_of(NEAR.of_case(said).verdict)
        effect = cast("GitUpdate", SimpleNamespace(base_tree=name, repository=name, ref=REF))
        here = [held for repository, _, held in estate.landed if repository == name]
        together = judged_together(NEAR, reading(git), effect, changes, here)
        others = [estate.side(other, git) for other in estate.trees if other != name]
        others = [side for side in others if side.parts]
        linked = judged_across(NEAR, mine, others, (alone, *together), estate.places) if others else ()
        verdicts = [alone, *together, *(one.verdict for one in linked)]
        whole = max((one.strictness for one in verdicts), key=rank)
        settles = whole is Strictness.TWO and alone.strictness is not Strictness.TWO
        found.append(
            Ruled(
                role=part["role"], alone=alone.strictness, whole=whole,
                linked=tuple(dict.fromkeys(one.why for one in linked)),
                settles=settles,
            )
        )  # fmt: skip
        again = mine.settled if counts_again((*together, *(one.verdict for one in linked))) else ()
        counted = {*mine.members, *again, *(member for one in linked for member in one.members)}
        estate.land(name, f"part-{at}", changes, frozenset(counted) if settles else frozenset())
    return found


def asked_in_time(case: Mapping[str, Any], parts: list[Ruled]) -> bool:
    """Whether as many people as the sum asks for are asked at a part that belongs to the plan, before the harm is whole."""
    return any(
        rank(one.whole) >= rank(case["label"]) and one.role != "filler" for one in parts[: case["completes"] + 1]
    )


def asked_at_the_last(case: Mapping[str, Any], parts: list[Ruled]) -> bool:
    """Whether the part with which the harm is whole asks for as many people as the sum."""
    return rank(parts[case["completes"]].whole) >= rank(case["label"])


def begins_anew(case: Mapping[str, Any], parts: list[Ruled]) -> bool:
    """Whether two people agreed to the whole before the part with which the harm is whole."""
    return any(one.settles for one in parts[: case["completes"]])


def raised(parts: list[Ruled]) -> list[int]:
    """Parts that ask for two only because of the others."""
    return [at for at, one in enumerate(parts) if one.settles]


def raised_by_links(parts: list[Ruled]) -> list[int]:
    """Those of them before which, since the count began, nothing asked for two by itself."""
    found, loud = [], False
    for at, one in enumerate(parts):
        if rank(one.alone) >= rank(Strictness.TWO):
            loud = True
        elif one.settles:
            found += [] if loud else [at]
            loud = False
    return found
