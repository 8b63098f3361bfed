"""A deployment that is brought to a target: recorded and run as one, and what ran before is run again when it fails (R5, R57, R58)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from world.executing import PROBE, Killed, World, dying_at
from world.journals import FullOnce
from world.memory_mint import MemoryMint

from magistrate.authority.stops import Stops
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.errors import Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.ports import Credential, Seen
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Obligation
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = pytest.mark.requirement("R5", "R57", "R58")
STAGE, STOOD = "refs/heads/stages/live", "1" * 40
OLD, NEW = digest(b"artifact of " + b"2" * 40), digest(b"artifact of " + b"3" * 40)


@dataclass
class MemoryCarrier:
    """Runs the last artifact that it took; `ran` is everything that it was told to run."""

    runs: str = OLD
    ran: list[str] = field(default_factory=list)
    obeys: Callable[[str], bool] = lambda wanted: True
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    mint: MemoryMint = field(default_factory=lambda: MemoryMint("shop", "target:web"))

    def run(self, credential: Credential, wanted: str, artifact: bytes) -> Seen:
        self.mint.verify(credential)
        assert digest(artifact) == wanted
        self.before()
        if not self.obeys(wanted):
            return Seen(held=False, seen="exit 3")
        if self.runs != wanted:
            self.ran.append(wanted)
        self.runs = wanted
        self.after()
        return Seen(held=True, seen=f"runs {wanted}")


def world_of(home: Path, **deploy: Any) -> tuple[World, MemoryCarrier]:
    stage = StagePolicy(
        stage="live", repository="shop", environment="staging", production=False, verification=(PROBE,), target="web"
    )
    world = World(
        home, deploy={"command_id": "web", "artifact_digest": NEW, **deploy}, stages=(stage,), change_class=ChangeClass.INFRASTRUCTURE,
        strictness=Strictness.TWO, decision_strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
        ),
    )  # fmt: skip
    world.gate.refs["shop", STAGE] = STOOD
    return world, MemoryCarrier()


def run(
    world: World, carrier: MemoryCarrier, *, rounds: int = 1, journal: type[Journal] = Journal, **more: Any
) -> None:
    for _ in range(rounds):
        world.executor(journal=journal, carriers={"web": carrier}, **more).tick()
        world.clock.passed += 5


def ended(world: World, carrier: MemoryCarrier) -> tuple[list[str], str, bool]:
    """How it ended, what runs, and whether any credential lives."""
    return world.control.outcomes, carrier.runs, bool(world.gate.usable() or carrier.mint.usable())


def tree(world: World) -> str:
    stands = world.gate.refs["shop", STAGE]
    return "2" * 40 if stands == STOOD else str(world.target.commits[stands].tree)


def test_the_target_runs_what_was_agreed_on_and_the_branch_records_it(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")
    run(world, carrier)
    assert ended(world, carrier) == (["succeeded"], NEW, False)
    assert (tree(world), carrier.ran) == ("3" * 40, [NEW])
    assert world.journal is not None
    leases = Casebook(world.journal).leases_of(world.control.taken[0])
    assert [one.ref for one in leases] == [STAGE, "target:web"]


def test_a_target_that_is_not_set_up_is_refused_before_any_credential(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")
    world.executor(carriers={"other": carrier}).tick()
    assert (world.control.outcomes, tree(world), world.gate.grants) == (["refused"], "2" * 40, {})


@pytest.mark.parametrize("command", ["follow", "other"])
def test_another_way_to_run_it_than_the_stage_has_is_refused(tmp_path: Path, command: str) -> None:
    world, carrier = world_of(tmp_path / "home", command_id=command)
    world.executor(carriers={"web": carrier, "other": carrier}).tick()
    assert (world.control.outcomes, carrier.ran, world.gate.grants) == (["refused"], [], {})


def test_a_target_that_does_not_run_it_is_given_what_ran_before(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")
    carrier.obeys = lambda wanted: wanted == OLD
    run(world, carrier)
    assert ended(world, carrier) == (["rolled_back"], OLD, False)
    assert tree(world) == "2" * 40


def test_a_probe_that_fails_brings_back_what_ran_before_and_then_the_record(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")
    world.eyes.live = lambda commit: False
    ran_at_push: list[str] = []
    world.gate.before_push = lambda: ran_at_push.append(carrier.runs)
    run(world, carrier)
    assert ended(world, carrier) == (["rolled_back"], OLD, False)
    assert (tree(world), carrier.ran, ran_at_push) == ("2" * 40, [NEW, OLD], [OLD, OLD])


def test_a_target_that_takes_nothing_back_halts(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")
    world.eyes.live = lambda commit: False
    carrier.obeys = lambda wanted: wanted == NEW
    run(world, carrier, rounds=2)
    assert ended(world, carrier) == (["halted"], NEW, False)
    assert len(world.gate.halts) == 1


def test_an_artifact_that_is_another_one_here_is_not_brought(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home", artifact_digest=digest(b"another"))
    run(world, carrier)
    assert (ended(world, carrier), carrier.ran) == ((["rolled_back"], OLD, False), [])
    assert tree(world) == "2" * 40


@pytest.mark.requirement("R59")
def test_a_stop_between_record_and_target_runs_nothing_and_takes_the_record_back(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")

    def stops() -> Stops:
        if carrier.mint.grants:
            raise Refused("MAG-E388", "frozen")
        return Stops()

    run(world, carrier, stops=stops)
    assert (ended(world, carrier), tree(world), carrier.ran) == ((["rolled_back"], OLD, False), "2" * 40, [])


def test_a_run_of_which_nothing_is_known_is_taken_back(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")

    def lost() -> None:
        carrier.after = lambda: None
        raise Unavailable("MAG-E423", "cut off")

    carrier.after = lost
    run(world, carrier)
    assert ended(world, carrier) == (["rolled_back"], OLD, False)
    assert (tree(world), carrier.ran) == ("2" * 40, [NEW, OLD])


@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("moment", range(1, 36, 2))
def test_killed_at_any_entry_the_target_runs_what_the_branch_records(
    tmp_path: Path, moment: int, *, fails: bool
) -> None:
    world, carrier = world_of(tmp_path / "home")
    world.eyes.live = lambda commit: not fails
    try:
        run(world, carrier, journal=dying_at(moment))
    except Killed:
        run(world, carrier, rounds=4)
    (outcome,), runs, alive = ended(world, carrier)
    done = outcome == "succeeded"
    assert (runs, tree(world), alive) == (NEW if done else OLD, ("3" if done else "2") * 40, False)
    assert not (done and fails)


@pytest.mark.requirement("R53")
def test_killed_while_it_runs_what_ran_before_is_run_again(tmp_path: Path) -> None:
    world, carrier = world_of(tmp_path / "home")

    def die() -> None:
        raise Killed

    carrier.after = die
    with pytest.raises(Killed):
        run(world, carrier)
    carrier.after = lambda: None
    run(world, carrier, rounds=2)
    assert (ended(world, carrier), tree(world)) == ((["rolled_back"], OLD, False), "2" * 40)


@pytest.mark.requirement("R53", "R62")
def test_an_end_of_a_credential_that_is_not_on_record_is_waited_for(tmp_path: Path) -> None:
    """Nothing is concluded, and no other credential is asked for, before the journal says that this one is dead."""
    world, carrier = world_of(tmp_path / "home")
    FullOnce.struck = False
    run(world, carrier, journal=FullOnce)
    assert FullOnce.struck
    assert ended(world, carrier) == ([], NEW, False)
    assert world.journal is not None
    assert [one.ref for one in Casebook(world.journal).open_leases()] == ["target:web"]
    run(world, carrier)
    assert ended(world, carrier) == (["rolled_back"], OLD, False)
    (report,) = world.control.reports.values()
    assert report["leases_open"] == 0
