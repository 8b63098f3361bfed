"""What every store must keep, whatever the database: rows of record, one transaction, one version."""

# ruff: noqa: S608  the names of tables come from the program itself

import sqlite3
from contextlib import closing

import pytest
from world.casework import CaseWorld

from magistrate.adapters.stores.engine import migrate, open_engine, schema_version
from magistrate.adapters.stores.tables import RECORD
from magistrate.domain.events import Event
from magistrate.errors import NotFound, Refused, Unavailable, Usage

STORES = ["sqlite"]
LOG = ("log_entry", "log_checkpoint", "log_payload")


@pytest.fixture(params=STORES)
def world(tmp_path, request):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def filled(world):
    case = world.judged({"notes.md": "# Notes\n\nThis service greets people.\n"})
    world.approve("ben", case)
    world.drill()
    world.store.seal()
    return world


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "REPLACE"])
@pytest.mark.parametrize("table", [*RECORD, *LOG])
def test_the_database_refuses_to_change_or_remove_a_row_of_record(filled, table, verb):
    if table == "withdrawal":
        with filled.store.transaction() as unit:
            unit.keep_withdrawal("sha256:" + "1" * 64, "sha256:" + "2" * 64, 1)
    with closing(sqlite3.connect(filled.home / "control" / "store.db", isolation_level=None)) as rows:
        column = rows.execute(f"SELECT name FROM pragma_table_info('{table}') LIMIT 1").fetchone()[0]
        before = rows.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        statement = {
            "UPDATE": f'UPDATE {table} SET "{column}" = "{column}"',
            "DELETE": f"DELETE FROM {table}",
            "REPLACE": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        }[verb]
        with pytest.raises(sqlite3.IntegrityError, match="rows of record"):
            rows.execute(statement)
        assert rows.execute(f"SELECT * FROM {table}").fetchall() == before


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
def test_what_cannot_be_written_is_unavailable_and_nothing_moves(world):
    request = world.proposal({"notes.md": "# Notes\n\nThis service greets people.\n"})
    with closing(sqlite3.connect(world.home / "control" / "store.db", isolation_level=None)) as rows:
        rows.execute("CREATE TRIGGER full BEFORE INSERT ON log_entry BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        with pytest.raises(Unavailable, match="nothing could be recorded"):
            world.seal(request)
        rows.execute("DROP TRIGGER full")
        assert rows.execute("SELECT COUNT(*) FROM case_state").fetchone() == (0,)
    assert world.seal(request).standing.state == "SEALED"


def test_an_occurrence_is_recorded_once(world):
    with world.store.transaction() as unit:
        unit.append(Event.FREEZE_SET, "freeze", {}, now=1, once="x")
    with pytest.raises(Refused, match="recorded before"), world.store.transaction() as unit:
        unit.append(Event.FREEZE_SET, "freeze", {}, now=1, once="x")


def test_a_newer_store_is_refused_and_left_alone(world):
    path = world.home / "control" / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    engine = open_engine(path)
    with pytest.raises(Unavailable, match="9999") as refused:
        migrate(engine)
    assert refused.value.code == "MAG-E441"
    assert "newer magistrate" in refused.value.hint
    with engine.begin() as connection:
        assert schema_version(connection) == "9999"
    engine.dispose()


def test_tables_and_migrations_agree(world):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from magistrate.adapters.stores.tables import METADATA

    engine = open_engine(world.home / "control" / "store.db")
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
