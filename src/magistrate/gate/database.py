"""The gate's own SQLite file: how each of its tables is opened, and one transaction on it.

Rule kept (invariant 7): what is committed is on the disk before anybody is answered; two writers take turns.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for the body of the `with`; each statement is a transaction of its own unless one is begun."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")
        db.execute("pragma foreign_keys=on")
        yield db
    finally:
        db.close()


@contextlib.contextmanager
def immediate(db: sqlite3.Connection) -> Iterator[None]:
    """One writing transaction; on any error nothing of it remains."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")
