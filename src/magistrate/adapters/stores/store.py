"""The store: transactions over rows of record and projections, and the log beside them.

Rule kept (R62): what cannot be recorded does not happen; a full disk, a read-only file or a
lock that is never released is `Unavailable`, and the transaction leaves nothing behind.

Writers of one process to one file take turns here: SQLite has those who wait ask again and again, by chance until
their time is over, however short each transaction before them was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from magistrate.adapters.stores.append_only import MESSAGE
from magistrate.adapters.stores.engine import committed, migrate, open_engine, reason
from magistrate.adapters.stores.log import LogStore
from magistrate.adapters.stores.projections import ProjectionRows
from magistrate.adapters.stores.records import RecordRows
from magistrate.adapters.stores.rows import Rows
from magistrate.errors import Refused, Unavailable

T = TypeVar("T")
TURN_SECONDS: Final = 60.0
"""How long a transaction waits for those of its own process before it."""


class StoreUnit(RecordRows, ProjectionRows):
    """One transaction: implements `ports.Unit`."""


class SqlStore:
    """Implements `ports.Store` in a file or at a PostgreSQL URL; the log is sealed by `log`."""

    def __init__(self, where: Path | str, log: LogStore) -> None:
        self._engine = open_engine(where)
        self._errors: tuple[type[Exception], ...] = (DBAPIError, self._engine.dialect.loaded_dbapi.Error)
        self._turns = threading.RLock()  # a thread that begins one within another is told by SQLite
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
            with self._turn(), self._engine.begin() as connection:
                yield StoreUnit(connection)
        except self._errors as error:
            raise _unrecorded(error) from error

    def _turn(self) -> AbstractContextManager[None]:
        """Nobody else of this process writes to the file meanwhile; a server has writers wait in line itself."""
        return self._in_turn() if self._engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=TURN_SECONDS):
            raise Unavailable(
                "MAG-E443", f"nothing could be recorded: others have been writing for {TURN_SECONDS:.0f} s",
                hint="ask again; nothing was done",
            )  # fmt: skip
        try:
            yield
        finally:
            self._turns.release()

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

    def on_log(self, act: Callable[[Rows], T]) -> T:
        """Act on the log with a connection that has no open transaction (raises Unavailable)."""
        try:
            with committed(self._engine) as rows:
                return act(rows)
        except self._errors as error:
            raise _unrecorded(error) from error


def _unrecorded(error: Exception) -> Refused | Unavailable:
    said = reason(error.orig if isinstance(error, DBAPIError) else error)
    if MESSAGE in said:
        return Refused("MAG-E442", f"{MESSAGE}, never changed or deleted")
    return Unavailable(
        "MAG-E443", f"nothing could be recorded: {said}", hint="free space or make the store writable; nothing was done"
    )
