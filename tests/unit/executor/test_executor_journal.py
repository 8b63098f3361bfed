"""The journal: chained, signed, kept; a doctored one is not opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from world.executing import World

from magistrate.errors import Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.wire.journal_entry import StepStatus


def finished(tmp_path: Path) -> World:
    world = World(tmp_path / "home")
    world.executor().tick()
    assert world.journal is not None
    world.journal.close()
    world.journal = None
    return world


def doctor(world: World, statement: str) -> None:
    rows = sqlite3.connect(world.home / "executor" / "journal.db")
    for name in ("entries_kept", "entries_fixed", "drills_kept"):
        rows.execute(f"drop trigger {name}")
    rows.execute(statement)
    rows.commit()
    rows.close()


@pytest.mark.requirement("R60")
@pytest.mark.parametrize("statement", [
    "delete from entries where sequence = 5",
    "delete from entries where sequence = 1",
    "update entries set step = 'effect.done' where sequence = 5",
    "update entries set envelope = (select envelope from entries where sequence = 6), digest = 'x' where sequence = 5",
    "update entries set digest = 'sha256:0' where sequence = 5",
])  # fmt: skip
def test_a_doctored_journal_is_not_opened(tmp_path: Path, statement: str) -> None:
    world = finished(tmp_path)
    doctor(world, statement)
    with pytest.raises(Refused, match=r"journal|entry"):
        world.open()


def test_a_journal_of_another_key_is_not_opened(tmp_path: Path) -> None:
    world, other = finished(tmp_path), World(tmp_path / "other")
    with pytest.raises(Refused):
        Journal(world.home / "executor" / "journal.db", other.identity, world.clock)


@pytest.mark.parametrize("statement", [
    "delete from entries where sequence = 1", "update entries set step = 'x' where sequence = 1",
    "delete from drills where sequence = 1",
])  # fmt: skip
def test_rows_of_record_are_kept(tmp_path: Path, statement: str) -> None:
    world = World(tmp_path / "home")
    world.executor().tick()
    assert world.journal is not None
    with pytest.raises(sqlite3.IntegrityError):
        world.journal.rows.execute(statement)
    world.journal.close()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    journal = world.open()
    Casebook(journal).begin("wrt-a", "sha256:a", b"{}")
    head = journal.head
    with pytest.raises(Refused):
        Casebook(journal).begin("wrt-a", "sha256:a", b"{}")
    assert journal.head == head
    journal.write("executor", "note", StepStatus.DONE, {})
    world.open().close()


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    world = finished(tmp_path)
    rows = sqlite3.connect(world.home / "executor" / "journal.db")
    rows.execute("pragma user_version = 99")
    rows.close()
    with pytest.raises(Unavailable, match="99"):
        world.open()


def test_the_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    world = finished(tmp_path)
    assert (world.home / "executor" / "journal.db").stat().st_mode & 0o077 == 0
