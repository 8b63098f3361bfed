"""Journals of an executor on every engine, and the databases under them opened by somebody who goes around it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from magistrate.errors import Unavailable
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace

ENGINES = ["sqlite", "postgresql"]


def place_on(engine: str, request: Any) -> JournalPlace | None:
    """A place of its own on the server of the tests; None for a file."""
    return JournalPlace(url=request.getfixturevalue("postgres").database()) if engine == "postgresql" else None


@contextmanager
def around(where: Path | JournalPlace):
    """A connection in which each statement stands alone and triggers are as the journal made them."""
    link: Any
    if isinstance(where, Path):
        link = sqlite3.connect(where, isolation_level=None, timeout=10)
    else:
        import psycopg

        link = psycopg.connect(where.url, options=f"-c search_path={where.schema}", autocommit=True)
    try:
        yield link
    finally:
        link.close()


def without_triggers(where: Path | JournalPlace, table: str) -> list[str]:
    """Statements of the database's owner that take the protection of a table away."""
    if isinstance(where, JournalPlace):
        return [f"alter table {table} disable trigger user"]
    with around(where) as link:
        named = link.execute("select name from sqlite_master where type = 'trigger' and tbl_name = ?", (table,))
        return [f"drop trigger {name}" for (name,) in named.fetchall()]


class FullOnce(Journal):
    """The disk is full when the end of a target's credential is to be written down; right after there is room again."""

    struck = False

    def write(self, execution: str, step: str, status: Any, facts: Any, also: Any = None) -> Any:
        if not FullOnce.struck and step == "lease.revoking" and facts.get("ref") == "target:web":
            FullOnce.struck = True
            raise Unavailable("MAG-E384", "the executor's journal cannot be used: no space left")
        return super().write(execution, step, status, facts, also)
