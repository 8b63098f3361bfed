"""The store: transactions over rows of record and projections, and the log beside them.

Rule kept (R62): what cannot be recorded does not happen; a full disk, a read-only file or a
lock that is never released is `Unavailable`, and the transaction leaves nothing behind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from magistrate.adapters.stores.engine import migrate, open_engine
from magistrate.adapters.stores.log import LogStore
from magistrate.adapters.stores.projections import ProjectionRows
from magistrate.adapters.stores.records import RecordRows
from magistrate.errors import Refused, Unavailable

T = TypeVar("T")


class StoreUnit(RecordRows, ProjectionRows):
    """One transaction: implements `ports.Unit`."""


class SqlStore:
    """Implements `ports.Store` on the file `path`; the log is sealed by `log`."""

    def __init__(self, path: Path, log: LogStore) -> None:
        self._engine = open_engine(path)
        self.log = log
        migrate(self._engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[StoreUnit]:
        """One transaction.

        Raises:
            Unavailable: MAG-E443 when nothing can be recorded.
            Refused: MAG-E442 when a row of record would change.
        """
        try:
            with self._engine.begin() as connection:
                yield StoreUnit(connection)
        except DBAPIError as error:
            raise _unrecorded(error.orig) from error
        except sqlite3.Error as error:
            raise _unrecorded(error) from error

    def seal(self) -> None:
        """Sign and have witnessed everything that is committed."""
        self.on_log(self.log.seal)

    def check(self) -> None:
        """Check the log at start, against itself and the witnesses."""
        self.on_log(self.log.check)

    def proof(self, seq: int) -> str:
        """tlog-proof of a sealed entry."""
        return self.on_log(lambda connection: self.log.prove(connection, seq))

    def checkpoint(self) -> str:
        """The newest witnessed checkpoint, empty when there is none."""
        return self.on_log(lambda connection: self.log.latest(connection) or "")

    def on_log(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Act on the log with a connection that has no open transaction (raises Unavailable)."""
        pooled = self._engine.raw_connection()
        try:
            driver = pooled.driver_connection
            if not isinstance(driver, sqlite3.Connection):
                raise Unavailable("MAG-E440", "the log of this version needs SQLite")
            return act(driver)
        except sqlite3.Error as error:
            raise _unrecorded(error) from error
        finally:
            pooled.close()


def _unrecorded(error: BaseException | None) -> Refused | Unavailable:
    if isinstance(error, sqlite3.IntegrityError) and "rows of record" in str(error):
        return Refused("MAG-E442", "rows of record are only added, never changed or deleted")
    return Unavailable(
        "MAG-E443",
        f"nothing could be recorded: {error}",
        hint="free space or make the store writable; nothing was done",
    )
