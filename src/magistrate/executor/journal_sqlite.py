"""The executor's journal in a file of its own: SQLite in WAL mode with `synchronous = FULL`, held by a lock beside it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from magistrate.errors import Unavailable
from magistrate.executor.journal_rows import Found
from magistrate.executor.journal_tables import REFUSALS, SCHEMA_VERSION, TABLES, Refusal

_WORDS: Final = {"key": "integer primary key", "order": "", "bytes": "blob", "number": "integer"}
"""SQLite numbers rows itself: `rowid`."""


class SqliteRows:
    """Implements `journal_rows.Rows`."""

    def __init__(self, path: Path) -> None:
        """Open or create with mode 0600, and lock.

        Raises:
            Unavailable: MAG-E383 when another executor holds it, MAG-E384 when it is unreadable or newer than this program.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _exclusive(path.with_suffix(".lock"))
        try:
            self._link = _open(path)
        except BaseException:
            os.close(self._lock)
            raise

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """As `Rows.execute`."""
        try:
            cursor = self._link.execute(sql, tuple(parameters))
            return Found(rows=cursor.fetchall(), rowcount=cursor.rowcount)
        except sqlite3.Error as error:
            raise _unusable(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Rows.transaction`."""
        try:
            self.execute("begin immediate")
            yield
            self.execute("commit")
        except BaseException:
            if self._link.in_transaction:
                self.execute("rollback")
            raise

    def resume(self) -> bool:
        """A file is not lost."""
        return False

    def close(self) -> None:
        """As `Rows.close`."""
        self._link.close()
        os.close(self._lock)


def _exclusive(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Unavailable("MAG-E383", f"another executor works with `{path.parent}`", hint="stop it first") from error
    return handle


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        rows = sqlite3.connect(path, isolation_level=None)
        rows.execute("pragma journal_mode = wal")
        rows.execute("pragma synchronous = full")
        (version,) = rows.execute("pragma user_version").fetchone()
        if version not in {0, SCHEMA_VERSION}:
            raise Unavailable(
                "MAG-E384",
                f"the journal has the version `{version}`, this program reads `{SCHEMA_VERSION}`",
                hint="use the version of Magistrate that wrote it",
            )
        made = [*(table.format(**_WORDS) for table in TABLES), *map(_trigger, REFUSALS)]
        made += [f"pragma user_version = {SCHEMA_VERSION}"]
        rows.executescript(f"begin immediate; {'; '.join(made)}; commit;")
    except sqlite3.DatabaseError as error:
        raise Unavailable("MAG-E384", f"the executor's journal cannot be read: {error}") from error
    return rows


def _trigger(refusal: Refusal) -> str:
    when = f" when {refusal.when}" if refusal.when else ""
    head = f"create trigger if not exists {refusal.name} before {refusal.verb} on {refusal.table}{when}"
    return f"{head} begin select raise(abort, '{refusal.says}'); end"


def _unusable(error: sqlite3.Error) -> Unavailable:
    return Unavailable("MAG-E384", f"the executor's journal cannot be used: {error}")
