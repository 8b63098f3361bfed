"""A rotation in the executor's hands: new value, consumers, old value, in this order; over only when the old one is dead (R54)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from world.admissible import NOW
from world.executing import PROBE, Killed, dying_at
from world.journals import FullOnce
from world.rotating import OLD_VALUE, STAGE, STOOD, Rotating, rotating

from magistrate.authority.foreign_lease import ForeignLease
from magistrate.authority.stops import Stops
from magistrate.domain.events import Event
from magistrate.domain.rotation import SecretUse
from magistrate.errors import Refused
from magistrate.executor.admit import places_of
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.rows import JournalStep
from magistrate.wire.effect import Deploy

pytestmark = pytest.mark.requirement("R5", "R54")
ORDER = [
    "renew orders-db", "renew reports-db", "switch web", "switch worker", "end orders-db", "end reports-db",
]  # fmt: skip
DONE = {"orders-db": {"app_b"}, "reports-db": {"app_b"}}
BEFORE = {"orders-db": {"app_a"}, "reports-db": {"app_a"}}


def run(case: Rotating, *, rounds: int = 1, journal: type[Journal] = Journal, **changes: Any) -> None:
    for _ in range(rounds):
        case.world.executor(journal=journal, **case.given(), **changes).tick()
        case.world.clock.passed += 5


def ended(case: Rotating) -> tuple[list[str], bool]:
    """How it ended, and whether any credential lives."""
    return case.world.control.outcomes, bool(case.world.gate.usable() or case.usable())


def why(case: Rotating) -> str:
    (report,) = case.world.control.reports.values()
    return str(report["why"])


def moved(case: Rotating) -> bool:
    return case.world.gate.refs["shop", STAGE] != STOOD


def test_it_is_over_when_every_consumer_runs_with_the_new_value_and_the_old_one_is_dead_everywhere(
    tmp_path: Path,
) -> None:
    case = rotating(tmp_path / "home")
    run(case)
    assert ended(case) == (["succeeded"], False)
    assert case.told == ORDER
    assert (case.lets_in(), case.nobody_is_locked_out()) == (DONE, True)
    assert moved(case)
    commit = case.world.target.commits[case.world.gate.refs["shop", STAGE]]
    assert (commit.tree, "Rotate orders-password of orders-db" in commit.message) == ("3" * 40, True)
    assert "a look at the system" in why(case)


def test_the_next_one_gives_the_other_login_a_value_that_nobody_had(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    case.stores["orders-db"].values = {"app_b": OLD_VALUE}
    case.stores["reports-db"].values = {"app_b": OLD_VALUE}
    for store in case.stores.values():
        store.sessions = {"app_b": 1}
    run(case)
    assert ended(case) == (["succeeded"], False)
    assert case.lets_in() == {"orders-db": {"app_a"}, "reports-db": {"app_a"}}
    value = case.stores["orders-db"].values["app_a"]
    assert len(value) >= 43
    assert value != OLD_VALUE


@pytest.mark.requirement("R51", "R53")
def test_every_step_has_a_lease_of_its_own_and_no_value_is_written_down(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    run(case)
    world = case.world
    assert world.journal is not None
    leases = Casebook(world.journal).leases_of(world.control.taken[0])
    assert [one.ref for one in leases] == [
        STAGE, "system:orders-db", "system:reports-db", "target:web", "target:worker", "system:orders-db", "system:reports-db",
    ]  # fmt: skip
    assert {str(one.state) for one in leases} == {"released"}
    value = case.stores["orders-db"].values["app_b"]
    written = (world.home / "executor" / "journal.db").read_bytes()
    told = json.dumps([*world.control.steps.values(), *world.control.reports.values(), world.alarm.told])
    assert value.encode() not in written
    assert value not in told
    assert OLD_VALUE not in told


@pytest.mark.requirement("R53")
def test_probes_are_on_record_the_old_value_after_the_consumers(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    run(case)
    assert case.world.journal is not None
    entries = case.world.journal.entries(case.world.control.taken[0])
    probed = [one.body.facts for one in entries if one.body.step == JournalStep.SECRET_PROBED]
    assert [one["what"] for one in probed] == [
        "the new value at orders-db", "the new value at reports-db", "the consumer web", "the consumer worker",
        "the old value at orders-db", "the old value at reports-db",
    ]  # fmt: skip
    assert {one["held"] for one in probed} == {"yes"}


@pytest.mark.parametrize("name", ["orders-db", "reports-db"])
def test_as10_a_stale_copy_of_the_old_value_halts_it_and_holds_the_ref(tmp_path: Path, name: str) -> None:
    """AS-10: the rotation said that it ended the old value, and one system lets it in all the same."""
    case = rotating(tmp_path / "home")
    case.stores[name].stale = True
    run(case, rounds=2)
    assert ended(case) == (["halted"], False)
    assert len(case.world.gate.halts) == 1
    assert any(f"the old value at {name}" in told and "ALIVE" in told for told in case.world.alarm.told)
    assert case.nobody_is_locked_out()


def test_a_session_that_outlives_the_old_value_is_not_dead(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    store = case.stores["reports-db"]
    real = store.logins

    def logins() -> Any:
        found = real()
        return type(found)(names=found.names, open=found.open, sessions={"app_a": 1})

    store.logins = logins  # type: ignore[method-assign]
    run(case)
    assert ended(case) == (["halted"], False)


@pytest.mark.parametrize(
    ("where", "what"),
    [("orders-db", "renew"), ("reports-db", "renew"), ("web", "switch"), ("worker", "switch"), ("orders-db", "end"), ("reports-db", "end")],
)  # fmt: skip
def test_what_stops_on_the_way_halts_and_locks_nobody_out(tmp_path: Path, where: str, what: str) -> None:
    case = rotating(tmp_path / "home")
    if what == "switch":
        case.consumers[where].obeys = False
    else:
        case.stores[where].refuses = what
    run(case, rounds=2)
    assert ended(case) == (["halted"], False)
    assert case.nobody_is_locked_out()
    stopped = ORDER.index(f"{what} {where}")
    assert case.told == ORDER[:stopped]
    assert len(case.world.gate.halts) == 1
    assert "`orders-db` lets in app_" in why(case), "the end says how far it came"
    assert "live verification failed" not in why(case)


def test_no_old_value_is_ended_before_every_consumer_has_the_new_one(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    case.consumers["worker"].obeys = False
    run(case)
    assert [told for told in case.told if told.startswith("end")] == []
    assert all("app_a" in names for names in case.lets_in().values())


@pytest.mark.requirement("R57")
def test_a_probe_that_fails_afterwards_halts(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home", probes=(PROBE,))
    case.world.eyes.live = lambda commit: False
    run(case)
    assert (ended(case), case.lets_in()) == ((["halted"], False), DONE)


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ({"app_a": "x", "app_b": "y"}, {"app_a": "x"}), ({}, {"app_a": "x"}), ({"app_a": "x"}, {"app_b": "x"}),
        ({"app_a": "x"}, {"app_a": "x", "app_b": "y"}),
    ],
)  # fmt: skip
def test_a_rotation_that_is_not_over_is_refused_before_any_credential(
    tmp_path: Path, values: dict[str, str], other: dict[str, str]
) -> None:
    case = rotating(tmp_path / "home")
    case.stores["orders-db"].values, case.stores["reports-db"].values = values, other
    run(case)
    assert (ended(case), case.told, moved(case), case.world.gate.grants) == ((["refused"], False), [], False, {})
    assert "MAG-E405" in why(case)


@pytest.mark.parametrize(
    "use",
    [
        SecretUse(opens=("orders-db", "nowhere"), consumers=("web",)), SecretUse(opens=("orders-db",), consumers=("nobody",)),
        SecretUse(opens=("reports-db",), consumers=("web",)),
    ],
)  # fmt: skip
def test_uses_that_this_executor_cannot_serve_are_refused_before_any_credential(tmp_path: Path, use: SecretUse) -> None:
    case = rotating(tmp_path / "home")
    case.world.target.use = use
    run(case)
    assert (ended(case), case.told, moved(case), case.world.gate.grants) == ((["refused"], False), [], False, {})


def test_uses_that_the_executor_reads_otherwise_are_refused(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    case.world.target.planned = {"consumers_digest": "sha256:" + "9" * 64}
    run(case)
    assert (ended(case), case.told, moved(case)) == ((["refused"], False), [], False)


@pytest.mark.requirement("R59")
def test_a_stop_before_the_first_step_rotates_nothing_and_takes_the_record_back(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")

    def stops() -> Stops:
        if case.stores["orders-db"].mint.grants:
            raise Refused("MAG-E388", "frozen")
        return Stops()

    run(case, stops=stops)
    assert (ended(case), case.told, case.lets_in()) == ((["rolled_back"], False), [], BEFORE)


@pytest.mark.requirement("R59")
def test_a_stop_between_two_steps_halts_and_locks_nobody_out(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")

    def stops() -> Stops:
        if case.consumers["worker"].mint.grants:
            raise Refused("MAG-E388", "frozen")
        return Stops()

    run(case, stops=stops)
    assert (ended(case), case.told) == ((["halted"], False), ORDER[:3])
    assert case.nobody_is_locked_out()


@pytest.mark.requirement("R53")
def test_a_system_that_falls_silent_keeps_its_lease_open_until_it_says_that_it_is_dead(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    store = case.stores["reports-db"]
    store.before = lambda what: setattr(store.mint, "up", False)
    run(case, rounds=3)
    assert case.world.control.outcomes == []
    assert case.world.journal is not None
    (lease,) = Casebook(case.world.journal).open_leases()
    assert (lease.ref, str(lease.state)) == ("system:reports-db", "unconfirmed")
    store.mint.up, store.before = True, lambda what: None
    run(case)
    assert ended(case) == (["halted"], False)
    assert case.nobody_is_locked_out()


@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("moment", range(1, 66))
def test_killed_at_any_entry_it_is_over_or_people_look_and_nobody_is_locked_out(tmp_path: Path, moment: int) -> None:
    case = rotating(tmp_path / "home")
    try:
        run(case, journal=dying_at(moment))
    except Killed:
        run(case, rounds=4)
    outcomes, alive = ended(case)
    assert (len(outcomes), alive) == (1, False)
    assert case.nobody_is_locked_out()
    assert case.told == ORDER[: len(case.told)]
    if outcomes == ["succeeded"]:
        assert case.lets_in() == DONE
    elif outcomes != ["halted"]:
        assert (outcomes[0] in {"failed", "refused", "rolled_back"}, case.told, case.lets_in()) == (True, [], BEFORE)


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("step", ["renew", "switch", "end"])
def test_killed_within_a_step_it_halts_and_locks_nobody_out(tmp_path: Path, step: str) -> None:
    case = rotating(tmp_path / "home")

    def die(what: str) -> None:
        if what == step:
            raise Killed

    case.stores["reports-db"].before = die
    case.consumers["worker"].before = die
    with pytest.raises(Killed):
        run(case)
    case.stores["reports-db"].before = lambda what: None
    case.consumers["worker"].before = lambda what: None
    run(case, rounds=2)
    assert ended(case) == (["halted"], False)
    assert case.nobody_is_locked_out()


@pytest.mark.requirement("R53")
def test_a_system_that_the_settings_name_no_more_is_told_and_nothing_goes_on(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")

    def die(what: str) -> None:
        raise Killed

    case.consumers["worker"].before = die
    with pytest.raises(Killed):
        run(case)
    kept = case.stores.pop("reports-db")
    run(case, rounds=2)
    assert case.world.control.outcomes == ["halted"]
    assert any("MAG-E404" in told for told in case.world.alarm.told)
    case.stores["reports-db"] = kept
    run(case, rounds=2)
    assert ended(case) == (["halted"], False)
    assert case.nobody_is_locked_out()


@pytest.mark.requirement("R50", "R51")
@pytest.mark.parametrize("place", ["system:orders-db", "system:reports-db", "target:worker"])
def test_a_lease_that_nobody_knows_closes_each_place_that_a_rotation_changes(tmp_path: Path, place: str) -> None:
    case = rotating(tmp_path / "home")
    book = Casebook(case.world.open())
    book.foreign_found(ForeignLease(lease="lse-strange", repository=place, since=NOW), Event.FREEZE_SET, {})
    run(case)
    assert ended(case) == (["refused"], False)
    assert "MAG-E127" in why(case)
    assert (case.told, moved(case)) == ([], False)


def test_a_lease_that_nobody_knows_closes_the_target_of_a_deployment() -> None:
    said = {"environment": "live", "pre_state": "", "repository": "shop", "ref": "", "stage": "live", "old": "", "commit": "",
            "base_tree": "", "result_tree": "", "manifest_sha256": "", "artifact_digest": "", "rollback_plan_digest": ""}  # fmt: skip
    assert places_of(Deploy(**said, command_id="web")) == ("shop", "target:web")
    assert places_of(Deploy(**said, command_id="follow")) == ("shop",)


@pytest.mark.requirement("R53", "R54", "R62")
def test_a_rotation_does_not_end_before_every_credential_is_dead_on_record(tmp_path: Path) -> None:
    case = rotating(tmp_path / "home")
    FullOnce.struck = False
    run(case, journal=FullOnce)
    assert FullOnce.struck
    assert ended(case)[0] == []
    run(case)
    assert ended(case) == (["halted"], False)
    (report,) = case.world.control.reports.values()
    assert report["leases_open"] == 0
