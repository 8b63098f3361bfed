"""What every store must keep, whatever the database: rows of record, one transaction, one version, one log."""

# ruff: noqa: S608  the names of tables come from the program itself

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from paths import PYTHON
from world.casework import CaseWorld
from world.postgres import postgres  # noqa: F401  a fixture
from world.stores import breaks_inserts, columns, mends_inserts, opened, overwriting, without_triggers

from magistrate.adapters.stores.engine import migrate, open_engine, raw, schema_version
from magistrate.adapters.stores.export import DirectoryExport, export_log
from magistrate.adapters.stores.log import NewEntry, Payload, append, erase, log_size, read_payload
from magistrate.adapters.stores.tables import RECORD
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.ledger.verify import verify_export

STORES = ["sqlite", "postgresql"]
LOG = ("log_entry", "log_checkpoint", "log_payload", "log_tile")
NOTES = {"notes.md": "# Notes\n\nThis service greets people.\n"}


def made_world(folder: Path, engine: str, request) -> CaseWorld:
    url = request.getfixturevalue("postgres").database() if engine == "postgresql" else None
    return CaseWorld(folder, store=url)


@pytest.fixture(params=STORES)
def world(tmp_path, request):
    made = made_world(tmp_path, request.param, request)
    yield made
    made.store.close()


@pytest.fixture
def where(world):
    return world.deployment.settings.store


@pytest.fixture
def filled(world):
    return fill(world)


def fill(world):
    case = world.judged(NOTES)
    world.approve("ben", case)
    world.drill()
    world.store.seal()
    with world.store.transaction() as unit:
        unit.keep_withdrawal("sha256:" + "1" * 64, "sha256:" + "2" * 64, 1)
    return world


@pytest.fixture(scope="module", params=STORES)
def guarded(tmp_path_factory, request):
    """One filled store for all the attempts that must leave it as it is; the log has a whole tile."""
    made = fill(made_world(tmp_path_factory.mktemp("guarded"), request.param, request))
    with made.store.transaction() as unit:
        for number in range(256):
            unit.append(Event.FREEZE_SET, "freeze", {"n": str(number)}, now=made.now)
    yield made
    made.store.close()


VERBS = {
    "UPDATE": 'UPDATE {table} SET "{column}" = "{column}"',
    "DELETE": "DELETE FROM {table}",
    "REPLACE": "{overwriting}",
    "TRUNCATE": "TRUNCATE {table}",
    "TRUNCATE CASCADE": "TRUNCATE store_state, {table} CASCADE",
    "REPLICA": "SET session_replication_role = replica; DELETE FROM {table}",
}


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("table", [*RECORD, *LOG])
def test_the_database_refuses_to_change_or_remove_a_row_of_record(guarded, table, verb):
    where = guarded.deployment.settings.store
    with opened(where) as rows:
        names = columns(rows, table)
        before = rows.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        statement = VERBS[verb].format(table=table, column=names[0], overwriting=overwriting(where, table, names))
        if isinstance(where, Path) and verb not in {"UPDATE", "DELETE", "REPLACE"}:
            with pytest.raises(rows.Error):  # no words of SQLite
                rows.execute(statement)
        else:
            with pytest.raises(rows.IntegrityError, match="rows of record"):
                rows.execute(statement)
        assert rows.execute(f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("seq", [-1, 0, 3, 100_000])
def test_the_database_takes_the_next_entry_and_no_other(guarded, seq):
    with opened(guarded.deployment.settings.store) as rows:
        values = ", ".join("?" * 3 if isinstance(guarded.deployment.settings.store, Path) else ["%s"] * 3)
        with pytest.raises(rows.IntegrityError, match="rows of record"):
            rows.execute(f"INSERT INTO log_entry VALUES ({values})", (seq, b"x", b"x"))


@pytest.mark.requirement("R62")
def test_a_failure_leaves_neither_entry_nor_state(world):
    with world.store.transaction() as unit:
        before = len(unit.events_after(-1, 1000))

    def killed():
        with world.store.transaction() as unit:
            unit.append(Event.FREEZE_SET, "freeze", {"a": "b"}, now=world.now)
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        killed()
    with world.store.transaction() as unit:
        assert len(unit.events_after(-1, 1000)) == before


@pytest.mark.requirement("R62")
def test_what_cannot_be_written_is_unavailable_and_nothing_moves(world, where):
    request = world.proposal(NOTES)
    with opened(where) as rows:
        for statement in breaks_inserts(where, "log_entry", "disk full"):
            rows.execute(statement)
        with pytest.raises(Unavailable, match="nothing could be recorded: disk full"):
            world.seal(request)
        rows.execute(mends_inserts(where, "log_entry"))
        assert rows.execute("SELECT COUNT(*) FROM case_state").fetchone() == (0,)
    assert world.seal(request).standing.state == "SEALED"


def test_an_occurrence_is_recorded_once(world):
    with world.store.transaction() as unit:
        unit.append(Event.FREEZE_SET, "freeze", {}, now=1, once="x")
    with pytest.raises(Refused, match="recorded before"), world.store.transaction() as unit:
        unit.append(Event.FREEZE_SET, "freeze", {}, now=1, once="x")


def test_a_row_of_record_is_not_kept_twice(world):
    with world.store.transaction() as unit:
        unit.keep_withdrawal("sha256:" + "3" * 64, "sha256:" + "4" * 64, 1)
    with pytest.raises(Refused) as refused, world.store.transaction() as unit:
        unit.keep_withdrawal("sha256:" + "3" * 64, "sha256:" + "5" * 64, 2)
    assert refused.value.code == "MAG-E442"


def test_a_newer_store_is_refused_and_left_alone(world, where):
    with opened(where) as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    engine = open_engine(where)
    with pytest.raises(Unavailable, match="9999") as refused:
        migrate(engine)
    assert refused.value.code == "MAG-E441"
    assert "newer magistrate" in refused.value.hint
    with engine.begin() as connection:
        assert schema_version(connection) == "9999"
    engine.dispose()


def test_tables_and_migrations_agree(world, where):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from magistrate.adapters.stores.tables import METADATA

    engine = open_engine(where)
    with engine.begin() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert [d for d in found if not (d[0] == "remove_table" and d[1].name.startswith("log_"))] == []


def test_cases_are_named_by_unique_prefixes(filled):
    with filled.store.transaction() as unit:
        (case,) = unit.cases((), limit=5)
        hexes = case.facts.proposal.removeprefix("sha256:")
        assert unit.case(hexes[:6]) == unit.case(case.facts.proposal) == unit.case(case.facts.id) == case
        with pytest.raises(Usage):
            unit.case(hexes[:5])
        with pytest.raises(NotFound):
            unit.case("0" * 64)


APPENDER = """
import sys, time
from pathlib import Path
from magistrate.adapters.stores.engine import open_engine
from magistrate.adapters.stores.store import StoreUnit
from magistrate.domain.events import Event
where, name, start, count = sys.stdin.read().split()
engine = open_engine(Path(where) if where.startswith("/") else where)
print("ready", flush=True)
while not Path(start).exists():
    time.sleep(0.001)
for number in range(int(count)):
    time.sleep(0.001)
    with engine.begin() as connection:
        unit = StoreUnit(connection)
        turn = len(unit.events("turn"))
        unit.append(Event.FREEZE_SET, "turn", {"by": name, "turn": str(turn)}, now=number, once=f"{name}:{number}")
"""


def appender(order):
    child = subprocess.Popen([PYTHON, "-c", APPENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as asked, child.stdout as told:
        asked.write(order.encode())
        asked.close()
        assert told.readline() == b"ready\n"
    return child


@pytest.mark.slow
@pytest.mark.requirement("R62")
def test_two_processes_that_append_at_once_share_one_sequence(world, where, tmp_path):
    """Each reads what it then writes: a reader that did not see the other's last entry would repeat a turn."""
    count, start = 150, tmp_path / "start"
    first = world.store.on_log(log_size)
    children = [appender(f"{where} {name} {start} {count}") for name in "ab"]
    start.touch()
    assert [child.wait(120) for child in children] == [0, 0]
    with world.store.transaction() as unit:
        told = unit.events("turn")
    assert [event.seq for event in told] == list(range(first, first + 2 * count))
    assert [event.facts["turn"] for event in told] == [str(turn) for turn in range(2 * count)]
    writers = [event.facts["by"] for event in told]
    assert sum(a != b for a, b in pairwise(writers)) > 2, "they never met"
    world.store.seal()
    world.store.check()


@pytest.mark.requirement("R13", "R60", "R61")
def test_the_log_is_sealed_proven_exported_and_its_tampering_found(filled, where, tmp_path):
    def many():
        with filled.store.transaction() as unit:
            for number in range(300):
                unit.append(Event.FREEZE_SET, "freeze", {"n": str(number)}, now=filled.now)

    many()
    filled.store.seal()
    filled.store.check()
    assert "index 270" in filled.store.proof(270)
    size = filled.store.on_log(lambda rows: export_log(rows, tmp_path / "export"))
    assert verify_export(DirectoryExport(tmp_path / "export"), filled.log.anchors).checkpoint.size == size > 300
    with opened(where) as rows:
        for statement in without_triggers(where, "log_entry"):
            rows.execute(statement)
        rows.execute("UPDATE log_entry SET leaf = (SELECT leaf FROM log_entry WHERE seq = 1) WHERE seq = 2")
    with pytest.raises(Refused, match="entry 2 of the log was changed"):
        filled.store.check()


@pytest.mark.requirement("R13")
def test_a_payload_is_erased_once_and_the_log_still_verifies(world):
    secret = Payload(name="prompt", media="text/plain", content=b"a person's name")
    with world.store.transaction() as unit:
        rows = raw(unit._rows)
        item = append(rows, [NewEntry(type="proposal.sealed", payloads=(secret,))])[0].commitments[0]
        assert read_payload(rows, item)[1] == secret.content
    with world.store.transaction() as unit:
        erase(raw(unit._rows), item, at="2026-11-25T03:26:10Z", reason="asked for")
    with world.store.transaction() as unit, pytest.raises(NotFound):
        erase(raw(unit._rows), item, at="2026-11-25T03:26:10Z", reason="again")
    world.store.seal()
    world.store.check()
    assert world.store.on_log(log_size) > 1


@pytest.mark.requirement("R32")
def test_companions_are_found_by_agent_or_owner_by_state_and_by_when_they_came_to_it(world):
    landed, flying = (CaseState.SUCCEEDED,), (CaseState.SEALED,)
    first = world.seal(world.proposal({"a.md": "# A\n"}))
    world.now += 100
    second = world.seal(world.proposal({"b.md": "# B\n"}))
    names = [case.facts.proposal for case in (first, second)]

    def found(agent, owner, *, since=0, states=flying):
        with world.store.transaction() as unit:
            return [case.facts.proposal for case in unit.companions(agent, owner, since=since, states=states)]

    assert found("fixer", "anna") == names
    assert found("fixer", "nobody") == names
    assert found("helper", "anna") == names
    assert found("helper", "nobody") == []
    assert found("fixer", "anna", since=world.now) == names[1:]
    assert found("fixer", "anna", since=world.now + 1) == []
    assert found("fixer", "anna", states=landed) == []
    with world.store.transaction() as unit:
        unit.project(names[0], replace(unit.case(names[0]).standing, state=landed[0], updated=world.now + 7))
    assert found("fixer", "anna") == names[1:]
    assert found("fixer", "anna", since=world.now + 7, states=landed) == names[:1], "when it landed, not when it opened"
    assert found("fixer", "anna", since=world.now + 8, states=landed) == []


@pytest.mark.requirement("R32")
def test_many_proposals_are_read_at_once_as_they_are_one_by_one(world):
    cases = [world.judged({"notes.md": f"# Notes\n\nThis service greets {number}.\n"}) for number in range(3)]
    names = [case.facts.proposal for case in cases]
    with world.store.transaction() as unit:
        for whole in (0, 1, 3, 1_000):
            held = unit.proposals(names, whole=whole)
            assert list(held) == names
            for at, name in enumerate(names):
                kept = at >= len(names) - whole
                assert held[name] == (unit.document(name), unit.payload(name, "diff") if kept else b"")
        one_by_one = [envelope for name in names for envelope in unit.documents("decision", name)]
        assert sorted(unit.documents("decision", *names), key=str) == sorted(one_by_one, key=str)
        assert len(one_by_one) == len(names)
        assert unit.proposals([], whole=5) == {}


@pytest.mark.slow
@pytest.mark.requirement("R32")
def test_more_proposals_than_one_question_holds_are_all_read(world, monkeypatch):
    monkeypatch.setattr("magistrate.adapters.stores.records.BATCH", 2)
    names = [world.judged({"notes.md": f"# Notes\n\nHello {n}.\n"}).facts.proposal for n in range(5)]
    with world.store.transaction() as unit:
        held = unit.proposals(names, whole=4)
        assert [bool(diff) for _, diff in held.values()] == [False, True, True, True, True]
        assert len(unit.documents("decision", *names)) == len(names)


@pytest.mark.requirement("R32", "R13")
def test_one_that_is_missing_or_erased_ends_the_reading_of_many(world):
    name = world.judged(NOTES).facts.proposal
    with world.store.transaction() as unit, pytest.raises(NotFound, match="no document"):
        unit.proposals([name, "sha256:" + "0" * 64], whole=0)
    with world.store.transaction() as unit, pytest.raises(NotFound, match="no payload `diff`"):
        unit.proposals(["sha256:" + "0" * 64], whole=1)
    with opened(world.deployment.settings.store) as rows:
        (item,) = rows.execute("SELECT commitment FROM payload_ref WHERE name = 'diff'").fetchone()
    with world.store.transaction() as unit:
        erase(raw(unit._rows), item, at="2026-11-25T03:26:10Z", reason="asked for")
    with world.store.transaction() as unit, pytest.raises(NotFound, match="never there, or erased"):
        unit.proposals([name], whole=1)


@pytest.mark.requirement("R61")
def test_a_payload_among_many_that_is_not_what_was_committed_to_is_refused(world):
    name = world.judged(NOTES).facts.proposal
    where = world.deployment.settings.store
    with opened(where) as rows:
        (item,) = rows.execute("SELECT commitment FROM payload_ref WHERE name = 'diff'").fetchone()
        for statement in without_triggers(where, "log_payload"):
            rows.execute(statement)
        rows.execute(f"UPDATE log_payload SET bytes = salt WHERE commitment = '{item}'")
    with world.store.transaction() as unit, pytest.raises(Refused) as refused:
        unit.proposals([name], whole=1)
    assert refused.value.code == "MAG-E211"
