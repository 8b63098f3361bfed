"""What the executor's journal must keep on every engine: chained, signed, kept, held by one, each transaction whole."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world.executing import FakeClock, World
from world.journals import ENGINES, around, place_on, without_triggers
from world.postgres import postgres  # noqa: F401  a fixture

from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.errors import Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.executor.rows import ExecutionRow, LeaseRow, Tip
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.report import Outcome

_BODY = JournalEntry(sequence=1, previous=None, execution="wrt-a", step="note", status=StepStatus.DONE, facts={})


@pytest.fixture(params=ENGINES)
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    made = World(tmp_path / "home", where=place_on(request.param, request))
    yield made
    if made.journal is not None:
        made.journal.close()


@pytest.fixture
def finished(world: World) -> World:
    """A journal with a whole execution in it, closed."""
    world.executor().tick()
    assert world.journal is not None
    Casebook(world.journal).raise_pin("roster", 7)
    world.journal.close()
    world.journal = None
    return world


def row_of(warrant: str, ref: str) -> ExecutionRow:
    """What an admitted warrant is about."""
    return ExecutionRow(
        warrant=warrant, warrant_digest="", bundle=b"", proposal="", repository="shop", environment="staging", ref=ref,
        old="1" * 40, commit="", inverse="", base_tree="", result_tree="", outcome="",
    )  # fmt: skip


def lease_of(lease: str, execution: str) -> LeaseRow:
    return LeaseRow(
        lease=lease, execution=execution, purpose=LeasePurpose.EFFECT, state=LeaseState.REQUESTED, warrant_digest="w",
        proposal="p", repository="shop", ref="refs/heads/main", old="1" * 40, new="2" * 40, reason="a test", expires="later",
    )  # fmt: skip


@pytest.mark.requirement("R56", "R60")
def test_an_execution_is_the_same_on_every_engine(world: World) -> None:
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    told, open_at = world.steps(), dict(world.gate.rows_at_mint)
    assert told.index("lease.requested") < told.index("effect.started") < told.index("lease.released")
    assert open_at
    assert set(open_at.values()) == {"requested"}, "the row is durable before the mint"
    assert world.journal is not None
    head = world.journal.sequence, world.journal.head
    again = world.open()
    assert (again.sequence, again.head) == head
    assert not Casebook(again).open_leases()
    assert not Casebook(again).open_executions()


@pytest.mark.requirement("R60")
@pytest.mark.parametrize("statement", [
    "delete from entries where sequence = 5",
    "delete from entries where sequence = 1",
    "update entries set step = 'effect.done' where sequence = 5",
    "update entries set envelope = (select envelope from entries where sequence = 6), digest = 'x' where sequence = 5",
    "update entries set digest = 'sha256:0' where sequence = 5",
])  # fmt: skip
def test_a_doctored_journal_is_not_opened(finished: World, statement: str) -> None:
    with around(finished.where) as rows:
        for takes in without_triggers(finished.where, "entries"):
            rows.execute(takes)
        rows.execute(statement)
    with pytest.raises(Refused, match=r"journal|entry") as refused:
        finished.open()
    assert refused.value.code == "MAG-E382"


@pytest.mark.requirement("R60")
def test_a_journal_of_another_key_is_not_opened_and_not_kept_held(finished: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    with pytest.raises(Refused):
        Journal(finished.where, other.identity, finished.clock)
    finished.open()


@pytest.mark.requirement("R53", "R56", "R60")
@pytest.mark.parametrize("statement", [
    "delete from entries where sequence = 1", "update entries set step = 'x' where sequence = 1",
    "delete from drills where sequence = 1", "delete from executions", "delete from leases",
    "update leases set state = 'requested'",
    "update pins set value = 0",
    "insert into leases(lease, execution, purpose, state, warrant_digest, proposal, repository, ref, old, new, reason, expires, envelope)"  # noqa: ISC004
    " select 'lse-x', 'wrt-x', '', 'requested', '', '', '', '', '', '', '', '', envelope from entries where sequence = 1",
])  # fmt: skip
def test_the_database_keeps_rows_of_record(finished: World, statement: str) -> None:
    with around(finished.where) as rows:
        filled = "select min(1) from entries, executions, leases, drills, pins"
        assert rows.execute(filled).fetchone() == (1,)
        with pytest.raises(rows.IntegrityError, match=r"kept|fixed|without execution|never"):
            rows.execute(statement)
    journal = finished.open()
    with pytest.raises(Unavailable, match=r"kept|fixed|without execution|never"):
        journal.rows.execute(statement)


@pytest.mark.requirement("R56")
def test_a_second_executor_is_refused_while_the_first_has_the_journal(world: World) -> None:
    journal = world.open()
    with pytest.raises(Unavailable, match="another executor") as refused:
        Journal(world.where, world.identity, world.clock)
    assert refused.value.code == "MAG-E383"
    journal.write("executor", "note", StepStatus.DONE, {})
    journal.close()
    world.journal = None
    assert world.open().sequence == 1


@pytest.mark.requirement("R56")
def test_a_warrant_is_begun_once_and_a_failed_write_leaves_nothing(world: World) -> None:
    journal = world.open()
    Casebook(journal).begin("wrt-a", "sha256:a", b"{}")
    head = journal.sequence, journal.head
    for warrant, digest in (("wrt-a", "sha256:b"), ("wrt-b", "sha256:a")):
        with pytest.raises(Refused) as refused:
            Casebook(journal).begin(warrant, digest, b"{}")
        assert refused.value.code == "MAG-E381"
    assert (journal.sequence, journal.head) == head
    assert not Casebook(journal).known("wrt-b")
    journal.write("executor", "note", StepStatus.DONE, {})
    assert world.open().sequence == 2


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt, Unavailable])
def test_whatever_ends_a_transaction_nothing_of_it_remains(world: World, raised: type[BaseException]) -> None:
    journal = world.open()

    def also(rows: Any) -> None:
        rows.execute("insert into pins(name, value) values ('x', 7)")
        raise raised("MAG-E384", "here")

    with pytest.raises(raised):
        journal.write("executor", "note", StepStatus.DONE, {}, also)
    assert (journal.sequence, journal.head) == (0, None)
    assert Casebook(journal).pin("x") == 1
    journal.write("executor", "note", StepStatus.DONE, {})
    assert world.open().sequence == 1


def test_a_newer_journal_is_refused(finished: World) -> None:
    with around(finished.where) as rows:
        newer = (
            "pragma user_version = 99"
            if isinstance(finished.where, Path)
            else "update journal_version set version = 99"
        )
        rows.execute(newer)
    with pytest.raises(Unavailable, match="99"):
        finished.open()


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    world.open().close()
    assert (world.home / "executor" / "journal.db").stat().st_mode & 0o077 == 0


_NUMBERS = itertools.count()
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "admitted", "end", "lease", "move", "moved", "pin", "sent"]),
        st.integers(0, 3),
        st.sampled_from([state for state in LeaseState if state is not LeaseState.REQUESTED]),
        st.sampled_from([*Outcome]),
    ),
    max_size=25,
)


@pytest.mark.requirement("R56")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPERATIONS)
def test_the_same_steps_leave_the_same_rows_on_both_engines(request: pytest.FixtureRequest, tmp_path_factory: Any, operations: Any) -> None:  # fmt: skip
    """Each answer, and everything that can be read afterwards, is equal; what one refuses the other does."""
    identity, url = request.getfixturevalue("any_identity"), request.getfixturevalue("one_database")
    folder = tmp_path_factory.mktemp("journal")
    place = JournalPlace(url=url, schema=f"journal_{next(_NUMBERS)}")
    journals = [Journal(where, identity, FakeClock()) for where in (folder / "journal.db", place)]
    try:
        said = [
            [_done(Casebook(journal), *operation) for operation in operations] + _seen(journal) for journal in journals
        ]
    finally:
        for journal in journals:
            journal.close()
    assert said[0] == said[1]


@pytest.fixture(scope="module")
def one_database(postgres: Any) -> str:  # noqa: F811
    return str(postgres.database())


@pytest.fixture(scope="module")
def any_identity(tmp_path_factory: Any) -> Any:
    return World(tmp_path_factory.mktemp("identity") / "home").identity


def _done(book: Casebook, what: str, number: int, state: LeaseState, outcome: Outcome) -> str:
    warrant, lease = f"wrt-{number}", f"lse-{number}"
    envelope = book.journal._identity.seal(book.journal._identity.frame(_BODY, "jrn", now=1, lifetime=None))
    try:
        match what:
            case "begin":
                book.begin(warrant, f"sha256:{number}", b"\x00{}")
            case "admitted":
                book.admitted(row_of(warrant, f"refs/heads/{number}"))
            case "end":
                book.end(warrant, outcome, "a test", lambda: envelope, tip=f"{number}" * 40)
            case "lease":
                book.lease_requested(lease_of(lease, warrant), envelope)
            case "move":
                book.lease_moved(lease_of(lease, warrant), state, {"a": "b"})
            case "moved":
                book.moved_outside(Tip(repository="shop", ref="refs/heads/1", tip="1" * 40, alarmed=""), "f" * 40)
            case "pin":
                book.raise_pin("roster", number)
            case "sent":
                book.journal.mark_sent(number)
    except (Refused, Unavailable) as error:
        return error.code
    return ""


def _seen(journal: Journal) -> list[Any]:
    book = Casebook(journal)
    return [
        journal.sequence, book.open_executions(), book.landed(), book.open_leases(), book.leases_of("wrt-1"), book.tips(),
        book.pin("roster"), [name for name, _ in book.unsent_reports()], [number for number, _ in journal.unsent(1)],
        [[e.body.step for e in journal.entries(f"wrt-{n}")] for n in range(4)],
    ]  # fmt: skip
