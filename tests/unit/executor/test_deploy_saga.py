"""A deployment in the executor's hands: refused where it reads otherwise, made once through every crash, taken back by one more (R5, R53, R58)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world.executing import MAIN, PROBE, Killed, World, dying_at

from magistrate.domain.events import Event
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.wire.decision import Obligation
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = pytest.mark.requirement("R5", "R58")
STAGE = "refs/heads/stages/live"
BEFORE = "1" * 40


def world_of(home: Path, soak: int = 0) -> World:
    stage = StagePolicy(
        stage="live",
        repository="shop",
        environment="staging",
        production=False,
        verification=(PROBE,),
        soak_seconds=soak,
    )
    world = World(
        home, deploy={}, stages=(stage,), change_class=ChangeClass.INFRASTRUCTURE, strictness=Strictness.TWO,
        decision_strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
        ),
    )  # fmt: skip
    world.gate.refs["shop", STAGE] = BEFORE
    return world


def stands(world: World) -> str:
    return world.gate.refs["shop", STAGE]


def verified(world: World) -> dict[str, str]:
    assert world.journal is not None
    entries = world.journal.entries(world.control.taken[0])
    (done,) = (one.body.facts for one in entries if one.body.step == Event.VERIFICATION_DONE)
    return dict(done)


def test_the_agreed_tree_is_put_on_the_stage_and_the_branch_stands(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    spec = world.target.commits[stands(world)]
    assert (spec.tree, spec.parent) == ("3" * 40, BEFORE)
    assert f"Deploy {BEFORE} to live" in spec.message
    assert "Reviewed-by: ben\nReviewed-by: carla\n" in spec.message
    assert (world.tip(), world.gate.usable(), world.gate.moves.total()) == (BEFORE, [], 1)
    assert world.eyes.looked == [stands(world)]
    assert world.eyes.checked == ["3" * 40]


@pytest.mark.requirement("R42", "R55")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_tree", "9" * 40), ("result_tree", "9" * 40), ("diff", b"something larger"), ("old", "9" * 40),
        ("manifest_sha256", "sha256:" + "9" * 64), ("artifact_digest", "sha256:" + "9" * 64), ("commit", "9" * 40),
    ],
)  # fmt: skip
def test_what_the_executor_reads_otherwise_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    world = world_of(tmp_path / "home")
    world.target.planned = {field: value}
    world.executor().tick()
    assert (world.control.outcomes, stands(world), world.gate.grants) == (["refused"], BEFORE, {})


def test_a_stage_that_was_moved_meanwhile_is_refused_without_a_credential(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.gate.refs["shop", STAGE] = "8" * 40
    world.executor().tick()
    assert (world.control.outcomes, stands(world), world.gate.grants) == (["refused"], "8" * 40, {})


@pytest.mark.requirement("R57")
def test_a_probe_that_fails_takes_it_back_by_one_more_commit(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.eyes.live = lambda commit: False
    world.executor().tick()
    assert (world.control.outcomes, world.gate.moves.total(), world.gate.usable()) == (["rolled_back"], 2, [])
    spec = world.target.commits[stands(world)]
    assert (spec.tree, world.target.commits[spec.parent].parent) == ("2" * 40, BEFORE)


@pytest.mark.requirement("R57")
def test_it_is_looked_at_again_and_again_for_the_soak_time(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home", soak=30)
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    told = verified(world)
    assert (told["soak_seconds"], told["soak_looks"], len(world.eyes.looked)) == ("30", "30", 31)


@pytest.mark.requirement("R57")
def test_what_stops_answering_within_the_soak_time_is_taken_back(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home", soak=30)
    world.eyes.live = lambda commit: len(world.eyes.looked) < 10
    world.executor().tick()
    assert world.control.outcomes == ["rolled_back"]
    assert (verified(world)["passed"], verified(world)["soak_looks"]) == ("no", "9")
    assert world.target.commits[stands(world)].tree == "2" * 40


@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("moment", range(2, 40, 2))
def test_killed_at_any_entry_it_is_made_once_or_not_at_all(tmp_path: Path, moment: int) -> None:
    world = world_of(tmp_path / "home", soak=5)
    try:
        world.executor(journal=dying_at(moment)).tick()
    except Killed:
        for _ in range(4):
            world.clock.passed += 5
            world.executor().tick()
    assert world.control.outcomes in (["succeeded"], ["failed"], ["refused"])
    assert (stands(world) != BEFORE) is (world.control.outcomes == ["succeeded"])
    assert world.gate.moves.total() <= 1
    assert world.gate.usable() == []
    assert world.gate.refs["shop", MAIN] == BEFORE
