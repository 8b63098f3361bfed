"""A release in the executor's hands: refused where it reads otherwise, made once through every crash, never undone (R5, R30, R53)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world.executing import MAIN, Killed, World, dying_at

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.wire.decision import Obligation

pytestmark = pytest.mark.requirement("R5", "R30")
TAG = "refs/tags/v1.0.1"


def world_of(home: Path, **effect: Any) -> World:
    return World(
        home, release_tags="v", release={"ref": TAG, "previous": "refs/tags/v1.0.0", **effect},
        change_class=ChangeClass.RELEASE, strictness=Strictness.TWO, reversible="no",
        decision_strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
        ),
    )  # fmt: skip


def tag(world: World) -> str:
    return world.gate.refs.get(("shop", TAG), "")


def test_the_agreed_tag_is_made_and_the_branch_stands(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    before = world.tip()
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    text = world.target.commits[tag(world)]
    assert text.startswith(b"object " + b"1" * 40 + b"\ntype commit\ntag v1.0.1\n")
    assert b"BEGIN SSH SIGNATURE" in text
    assert b"Reviewed-by: ben\nReviewed-by: carla\n" in text
    assert (world.tip(), world.gate.usable(), world.gate.moves.total()) == (before, [], 1)
    assert world.eyes.looked == [], "probes look at what runs in the environment, where a release puts nothing"
    assert world.eyes.checked == ["3" * 40], "the checks of the policy ran on exactly the tree that is released"


@pytest.mark.requirement("R42", "R55")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous", "refs/tags/v1.0.9"), ("base_tree", "9" * 40), ("result_tree", "9" * 40), ("diff", b"something larger"),
        ("manifest_sha256", "sha256:" + "9" * 64), ("commit", "9" * 40),
    ],
)  # fmt: skip
def test_what_the_executor_reads_otherwise_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    world = world_of(tmp_path / "home")
    world.target.planned = {field: value}
    world.executor().tick()
    assert (world.control.outcomes, tag(world), world.gate.grants) == (["refused"], "", {})


@pytest.mark.requirement("R57")
def test_a_red_check_keeps_it_from_being_made(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.eyes.checks_pass = False
    world.executor().tick()
    assert (world.control.outcomes, tag(world), world.gate.grants) == (["failed"], "", {})


def test_a_tag_that_is_there_already_is_refused_without_a_credential(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.gate.refs["shop", TAG] = "8" * 40
    world.executor().tick()
    assert (world.control.outcomes, tag(world), world.gate.grants) == (["refused"], "8" * 40, {})


@pytest.mark.requirement("R58")
def test_a_tag_that_another_hand_makes_meanwhile_halts_and_nothing_is_forced(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")

    def another_hand() -> None:
        world.gate.refs["shop", TAG] = "8" * 40

    world.gate.before_push = another_hand
    world.executor().tick()
    assert (world.control.outcomes, tag(world), world.gate.usable()) == (["halted"], "8" * 40, [])
    assert "rollback.done" not in world.steps()


@pytest.mark.requirement("R58")
def test_a_push_that_the_gate_refuses_is_a_failure_and_not_an_undone_release(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    world.gate.refuse = lambda purpose: True
    world.executor().tick()
    assert (world.control.outcomes, tag(world), "rollback.done" in world.steps()) == (["failed"], "", False)


@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("moment", range(2, 40, 2))
def test_killed_at_any_entry_it_is_made_once_or_not_at_all(tmp_path: Path, moment: int) -> None:
    world = world_of(tmp_path / "home")
    try:
        world.executor(journal=dying_at(moment)).tick()
    except Killed:
        for _ in range(4):
            world.clock.passed += 5
            world.executor().tick()
    assert world.control.outcomes in (["succeeded"], ["failed"], ["refused"])
    assert (tag(world) != "") is (world.control.outcomes == ["succeeded"])
    assert world.gate.moves.total() <= 1
    assert world.gate.usable() == []
    assert world.gate.refs["shop", MAIN] == "1" * 40


@pytest.mark.requirement("R32")
def test_a_release_does_not_count_as_something_that_landed(tmp_path: Path) -> None:
    from magistrate.executor.casebook import Casebook
    from magistrate.executor.landed import landed_by
    from magistrate.wire.document import open_envelope
    from magistrate.wire.effect import GitUpdate
    from magistrate.wire.proposal import Proposal

    world = world_of(tmp_path / "home")
    world.executor().tick()
    proposal = open_envelope(world.bundle.proposal, Proposal, deployment=world.case.town.name).body
    update = GitUpdate(
        environment="staging", pre_state="2" * 40, rollback_plan_digest="sha256:" + "0" * 64, repository="shop", ref=MAIN,
        old="1" * 40, base_tree="2" * 40, result_tree="3" * 40, manifest_sha256="sha256:" + "0" * 64,
    )  # fmt: skip
    assert world.journal is not None
    book = Casebook(world.journal)
    assert [row.outcome for row in book.landed()] == ["succeeded"]
    found = landed_by(book, proposal, update, world.case.town.name, world.clock.now())
    assert (found.here, found.elsewhere) == ((), ())
