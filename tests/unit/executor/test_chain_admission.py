"""What landed by the same hands is counted by the executor itself, and fewer people than all of it asks for are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from world.admissible import NOW, RESULT, Admissible
from world.executing import World

from magistrate.authority.across import LinkedVerdict
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.executor.casebook import Casebook
from magistrate.executor.landed import WINDOW_SECONDS, landed_by
from magistrate.executor.ports import Rebuilt, Ruling
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Chain, Obligation
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import git_rollback_plan_digest
from magistrate.wire.proposal import Proposal

NEXT = "4" * 40
TWO_PEOPLE = (Obligation(role=None, count=2, rule="policy/two"),)


@pytest.fixture
def world(tmp_path: Any) -> World:
    """An executor that has let one change land."""
    made = World(tmp_path / "home")
    made.loop = made.executor()  # type: ignore[attr-defined]
    made.loop.tick()  # type: ignore[attr-defined]
    assert made.control.outcomes == ["succeeded"]
    return made


def following(world: World, **knobs: Any) -> Admissible:
    """A second change, by the same agent, on what the first left."""
    tip, base = world.tip(), world.target.commits[world.tip()].tree
    plan = git_rollback_plan_digest(repository="shop", ref="refs/heads/main", restore_tree=base)
    effect = {
        "old": tip, "base_tree": base, "pre_state": base, "result_tree": NEXT, "rollback_plan_digest": plan,
    }  # fmt: skip
    made = replace(
        world.case, home=world.home / "next", effect=effect, approval={"base": tip, "result_tree": NEXT}, **knobs
    )
    made.town = world.case.town
    world.target.rebuilt = Rebuilt(base_tree=base, result_tree=NEXT, manifest_sha256=digest(b"m"))
    return made


def first_proposal(world: World) -> str:
    return world.bundle.proposal.payload_digest()


def chain(world: World, **changes: Any) -> Chain:
    fields: dict[str, Any] = {
        "members": (first_proposal(world),), "landed": 1, "verdict_sha256": digest(b"w"), "strictness": Strictness.TWO,
        "alone": Strictness.ONE, "classes": (ChangeClass.CI_CD,), "why": "with 1 that landed",
    }  # fmt: skip
    return Chain(**{**fields, **changes})


def whole_asks_two(world: World) -> None:
    world.judge.whole = msgspec.structs.replace(
        world.case._verdict(), classes=(ChangeClass.CI_CD,), strictness=Strictness.TWO
    )
    world.judge.ruled_whole = Ruling(strictness=Strictness.TWO, obligations=TWO_PEOPLE)


def offer(world: World, case: Admissible) -> str:
    """What came of it; the why of a refusal."""
    before = set(world.control.reports)
    world.control.bundles.append(case.build())
    world.loop.tick()  # type: ignore[attr-defined]
    (report,) = (body for name, body in world.control.reports.items() if name not in before)
    return str(report["outcome"] if report["outcome"] == "succeeded" else report["why"])


def counted(world: World, *, now: int = NOW, settled: bool = False, **changes: Any) -> list[str]:
    """Which proposals the executor counts with the first one's hands, or which are settled."""
    assert world.journal is not None
    proposal = open_envelope(world.bundle.proposal, Proposal, deployment=world.case.town.name).body
    asking = msgspec.structs.replace(proposal, **changes)
    effect: Any = asking.effect
    landed = landed_by(Casebook(world.journal), asking, effect, world.case.town.name, now)
    return [one.proposal for one in landed.here if one.settled is settled]


@pytest.mark.requirement("R32", "R44")
def test_a_decision_that_leaves_out_the_chain_is_refused(world: World) -> None:
    whole_asks_two(world)
    assert "MAG-E390" in offer(world, following(world))
    assert world.judge.asked_of == [[first_proposal(world)]]
    assert world.target.commits[world.tip()].tree == RESULT


@pytest.mark.requirement("R32", "R44")
@pytest.mark.parametrize("strictness", [Strictness.ONE, Strictness.TWO])
def test_a_decision_that_names_the_chain_and_asks_fewer_is_refused(world: World, strictness: Strictness) -> None:
    whole_asks_two(world)
    forged = following(world, decision={"chain": chain(world)}, decision_strictness=strictness)
    assert "MAG-E390" in offer(world, forged)


@pytest.mark.requirement("R32")
def test_two_people_who_were_asked_about_the_whole_let_it_land_and_settle_it(world: World) -> None:
    whole_asks_two(world)
    agreed = following(
        world, decision={"chain": chain(world)}, decision_strictness=Strictness.TWO, obligations=TWO_PEOPLE,
        approvers=("ben", "carla"),
    )  # fmt: skip
    assert offer(world, agreed) == "succeeded"
    assert counted(world) == []
    assert counted(world, settled=True)[0] == first_proposal(world)
    assert len(counted(world, settled=True)) == 2


@pytest.mark.requirement("R32", "R44")
def test_what_was_settled_is_still_shown_to_the_executors_own_judge(world: World) -> None:
    whole_asks_two(world)
    agreed = following(
        world, decision={"chain": chain(world)}, decision_strictness=Strictness.TWO, obligations=TWO_PEOPLE,
        approvers=("ben", "carla"),
    )  # fmt: skip
    assert offer(world, agreed) == "succeeded"
    world.judge.asked_of.clear()
    third = following(world)
    assert "MAG-E390" in offer(world, third)
    assert world.judge.asked_of == [counted(world, settled=True)]


@pytest.mark.requirement("R32")
def test_what_the_change_asks_for_by_itself_is_not_taken_from_control(world: World) -> None:
    lie = following(world, decision={"chain": chain(world, alone=Strictness.AUTO)})
    assert "MAG-E390 by itself the change needs `one`" in offer(world, lie)


@pytest.mark.requirement("R32")
def test_what_one_person_signed_settles_nothing_whatever_control_says(world: World) -> None:
    claimed = following(world, decision={"chain": chain(world)}, decision_strictness=Strictness.TWO)
    assert offer(world, claimed) == "succeeded"  # nothing strict came together here
    assert counted(world)[0] == first_proposal(world)
    assert len(counted(world)) == 2


@pytest.mark.requirement("R32")
def test_hands_and_window(world: World) -> None:
    first = [first_proposal(world)]
    assert counted(world, agent="helper") == first
    assert counted(world, owner="ben") == first
    assert counted(world, agent="stranger", owner="ben") == []
    assert counted(world, now=NOW + WINDOW_SECONDS - 60) == first
    assert counted(world, now=NOW + WINDOW_SECONDS + 60) == []


@pytest.mark.requirement("R32", "R58")
def test_what_was_halted_counts_for_what_it_may_have_left(tmp_path: Any) -> None:
    made = World(tmp_path / "home")
    made.eyes.live = lambda commit: False
    made.gate.refuse = lambda purpose: purpose == "rollback"
    made.executor().tick()
    assert made.control.outcomes == ["halted"]
    assert counted(made) == [first_proposal(made)]


def moved_elsewhere(world: World) -> None:
    """The first change landed in another repository that this executor serves."""
    assert world.journal is not None
    world.journal.rows.execute("update executions set repository = 'runner'")


@pytest.mark.requirement("R34", "R44")
@pytest.mark.parametrize("where", ["whole", "place"])
def test_what_landed_in_a_linked_repository_must_have_been_asked_for(world: World, where: str) -> None:
    moved_elsewhere(world)
    ask_two = Ruling(strictness=Strictness.TWO, obligations=TWO_PEOPLE)
    found = msgspec.structs.replace(world.case._verdict(), classes=(ChangeClass.CI_CD,), strictness=Strictness.TWO)
    world.judge.linked = (
        LinkedVerdict(repository="runner", members=(first_proposal(world),), verdict=found, why="by action"),
    )
    if where == "whole":
        world.judge.whole, world.judge.ruled_whole = found, ask_two
    else:
        world.judge.ruled_at = ask_two
    assert "MAG-E390" in offer(world, following(world))
    assert world.judge.asked_of == [[first_proposal(world)]]
    agreed = following(
        world, decision={"chain": chain(world)}, decision_strictness=Strictness.TWO, obligations=TWO_PEOPLE,
        approvers=("ben", "carla"),
    )  # fmt: skip
    assert offer(world, agreed) == "succeeded"


@pytest.mark.requirement("R34")
def test_what_landed_elsewhere_and_is_not_linked_asks_for_nothing(world: World) -> None:
    moved_elsewhere(world)
    assert offer(world, following(world)) == "succeeded"
    assert world.judge.asked_of == [[first_proposal(world)]]
    assert counted(world)[:1] != [first_proposal(world)]
