"""A change of entitlements in the executor's hands: ref and system as one, compared before, within and after, taken back whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world.entitling import AFTER, BEFORE, ELSE, STAGE, STOOD, MemorySystem, entitling_world
from world.executing import PROBE, Killed, World, dying_at

from magistrate.authority.stops import Stops
from magistrate.domain.events import Event
from magistrate.errors import Refused
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.rows import JournalStep

pytestmark = pytest.mark.requirement("R5", "R57", "R58")


def run(world: World, system: MemorySystem, *, rounds: int = 1, journal: type[Journal] = Journal) -> None:
    for _ in range(rounds):
        world.executor(systems={"orders-db": system}, journal=journal).tick()
        world.clock.passed += 5


def stands(world: World) -> str:
    return world.gate.refs["shop", STAGE]


def tree(world: World) -> str:
    return str(world.target.commits[stands(world)].tree)


def why(world: World) -> str:
    (report,) = world.control.reports.values()
    return str(report["why"])


def ended(world: World, system: MemorySystem) -> tuple[list[str], bool, Any]:
    """How it ended, whether any credential lives, and what the system gives away."""
    return world.control.outcomes, bool(world.gate.usable() or system.mint.usable()), system.given


def test_the_ref_records_it_and_the_system_has_it(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    run(world, system)
    assert ended(world, system) == (["succeeded"], False, AFTER)
    assert (tree(world), system.changes, world.gate.moves.total()) == ("3" * 40, [AFTER], 1)
    assert "Give orders-db the entitlements of" in world.target.commits[stands(world)].message
    assert "a look at the system" in why(world)


def test_each_credential_is_for_its_own_place_and_the_row_comes_first(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    run(world, system)
    assert world.journal is not None
    leases = Casebook(world.journal).leases_of(world.control.taken[0])
    assert [(one.repository, one.ref) for one in leases] == [("shop", STAGE), ("orders-db", "system:orders-db")]
    assert {str(one.state) for one in leases} == {"released"}
    steps = world.steps()
    assert (
        steps.index(Event.EFFECT_DONE)
        < steps.index(JournalStep.SYSTEM_STARTED)
        < steps.index(JournalStep.SYSTEM_CHANGED)
    )
    assert steps.index(JournalStep.SYSTEM_CHANGED) < steps.index(Event.VERIFICATION_DONE)


def test_a_system_that_gives_away_something_else_is_refused_before_any_credential(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    system.given = ELSE
    run(world, system)
    assert ended(world, system) == (["refused"], False, ELSE)
    assert (stands(world), world.gate.grants, system.mint.grants) == (STOOD, {}, {})
    assert "MAG-E403" in why(world)
    assert "it has also GRANT SELECT ON TABLE app.orders TO PUBLIC;" in why(world)


def test_an_executor_that_knows_no_such_system_says_so(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    world.executor(systems={"other-db": system}).tick()
    assert (world.control.outcomes, stands(world), world.gate.grants) == (["refused"], STOOD, {})
    assert "MAG-E404" in why(world)


@pytest.mark.parametrize("field", ["before_digest", "after_digest"])
def test_entitlements_that_the_executor_reads_otherwise_are_refused(tmp_path: Path, field: str) -> None:
    world, system = entitling_world(tmp_path / "home")
    world.target.planned = {field: "sha256:" + "9" * 64}
    run(world, system)
    assert ended(world, system) == (["refused"], False, BEFORE)
    assert (stands(world), world.gate.grants, system.mint.grants) == (STOOD, {}, {})


def test_another_hand_that_changes_it_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """Nobody knows then what the system should have: people look, and nothing is forced either way."""
    world, system = entitling_world(tmp_path / "home")
    system.before_change = lambda: setattr(system, "given", ELSE)
    run(world, system)
    assert ended(world, system) == (["halted"], False, ELSE)
    assert system.changes == []


def test_a_system_that_refuses_has_the_ref_taken_back(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    system.mint.mints = lambda purpose: False
    run(world, system)
    assert ended(world, system) == (["rolled_back"], False, BEFORE)
    assert (tree(world), system.changes) == ("2" * 40, [])
    assert "`orders-db` is not changed: not minted" in why(world)


def test_a_probe_that_fails_has_both_taken_back_the_system_first(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home", probes=(PROBE,))
    world.eyes.live = lambda commit: False
    given_at_push: list[Any] = []
    world.gate.before_push = lambda: given_at_push.append(system.given)
    run(world, system)
    assert ended(world, system) == (["rolled_back"], False, BEFORE)
    assert (tree(world), system.changes, given_at_push) == ("2" * 40, [AFTER, BEFORE], [BEFORE, BEFORE])


def test_what_changes_after_it_fails_the_last_look(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home", probes=(PROBE,))

    def meddle(commit: str) -> bool:
        system.given = ELSE
        return True

    world.eyes.live = meddle
    run(world, system)
    assert ended(world, system) == (["halted"], False, ELSE)


def test_what_cannot_be_given_back_halts_and_holds_the_ref(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home", probes=(PROBE,))
    world.eyes.live = lambda commit: False
    system.mint.mints = lambda purpose: purpose == "effect"
    run(world, system, rounds=2)
    assert ended(world, system) == (["halted"], False, AFTER)
    assert len(world.gate.halts) == 1


@pytest.mark.requirement("R59")
def test_a_stop_between_ref_and_system_changes_nothing_and_takes_the_ref_back(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    asked = [0]

    def stops() -> Stops:
        asked[0] += 1
        if system.mint.grants and not system.changes:
            raise Refused("MAG-E388", "frozen")
        return Stops()

    world.executor(systems={"orders-db": system}, stops=stops).tick()
    assert ended(world, system) == (["rolled_back"], False, BEFORE)
    assert (tree(world), system.changes, len(system.mint.grants)) == ("2" * 40, [], 1)


@pytest.mark.requirement("R53")
def test_a_system_that_is_silent_keeps_its_lease_open_until_it_says_that_it_is_dead(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    system.after_change = lambda: setattr(system.mint, "up", False)
    run(world, system, rounds=3)
    assert world.control.outcomes == []
    assert world.journal is not None
    (lease,) = Casebook(world.journal).open_leases()
    assert (lease.ref, str(lease.state)) == ("system:orders-db", "unconfirmed")
    assert any("not confirmed dead" in told for told in world.alarm.told)
    system.mint.up = True
    run(world, system)
    assert ended(world, system) == (["succeeded"], False, AFTER)
    assert system.changes == [AFTER]


@pytest.mark.requirement("R50")
def test_a_lease_of_the_system_that_no_execution_asked_for_is_ended_and_closes_the_system(tmp_path: Path) -> None:
    world, system = entitling_world(tmp_path / "home")
    strange = "lse-" + "a" * 26
    system.mint.grants[strange] = {"token": "t", "state": "issued"}
    offered, world.control.bundles = world.control.bundles, []
    loop = world.executor(systems={"orders-db": system})
    world.clock.passed += 31
    loop.tick()
    assert (
        system.mint.usable(),
        [told for told in world.alarm.told if strange in told and "system:orders-db" in told] != [],
    ) == ([], True)
    world.control.bundles = offered
    loop.tick()
    assert (world.control.outcomes, stands(world), system.given) == (["refused"], STOOD, BEFORE)
    assert "MAG-E127" in why(world)


@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("moment", range(1, 34))
def test_killed_at_any_entry_both_are_changed_or_neither(tmp_path: Path, moment: int, *, fails: bool) -> None:
    world, system = entitling_world(tmp_path / "home", probes=(PROBE,))
    world.eyes.live = lambda commit: not fails
    try:
        run(world, system, journal=dying_at(moment))
    except Killed:
        run(world, system, rounds=4)
    assert len(world.control.outcomes) == 1
    outcome = world.control.outcomes[0]
    assert outcome in (
        {"rolled_back", "refused", "failed"} if fails else {"succeeded", "rolled_back", "refused", "failed"}
    )
    done = outcome == "succeeded"
    assert ended(world, system) == ([outcome], False, AFTER if done else BEFORE)
    at = "2" * 40 if stands(world) == STOOD else tree(world)
    assert at == ("3" * 40 if done else "2" * 40)
    assert system.changes in ([], [AFTER], [AFTER, BEFORE])


@pytest.mark.requirement("R53")
def test_killed_within_the_change_it_is_found_by_what_the_system_gives_away(tmp_path: Path) -> None:
    """The change was made and nobody wrote it down: the next start sees it, and makes nothing twice."""
    world, system = entitling_world(tmp_path / "home")

    def die() -> None:
        raise Killed

    system.after_change = die
    with pytest.raises(Killed):
        run(world, system)
    system.after_change = lambda: None
    run(world, system, rounds=2)
    assert ended(world, system) == (["succeeded"], False, AFTER)
    assert system.changes == [AFTER]


def test_after_a_crash_nothing_is_changed_that_was_not_changed_before(tmp_path: Path) -> None:
    """No admitted warrant is in hand any more: whoever said stop meanwhile would not be heard."""
    world, system = entitling_world(tmp_path / "home")

    def die() -> None:
        raise Killed

    system.before_change = die
    with pytest.raises(Killed):
        run(world, system)
    system.before_change = lambda: None
    run(world, system, rounds=2)
    assert ended(world, system) == (["rolled_back"], False, BEFORE)
    assert (tree(world), system.changes) == ("2" * 40, [])
