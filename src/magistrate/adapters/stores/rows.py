"""The driver's connection as the log uses it: SQLite's own, or PostgreSQL's in the same words.

Rule kept: the log has one text of each statement, with `?` for its parameters, on both engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Found(Protocol):
    """What a statement found or did."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:  # noqa: ANN401  as DB-API has it
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All the rows that are left."""


class Rows(Protocol):
    """A connection; `sqlite3.Connection` is one."""

    @property
    def Error(self) -> type[Exception]:  # noqa: N802  the name that DB-API gives it
        """What the driver raises."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Found:
        """Execute one statement, with `?` for each parameter."""


class PostgresRows:
    """Implements `Rows` over a connection of psycopg."""

    def __init__(self, driver: Any) -> None:  # noqa: ANN401  psycopg is optional
        self._driver = driver
        self.Error: type[Exception] = driver.Error

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open (or failed and not rolled back)."""
        return bool(self._driver.info.transaction_status)

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """Execute one statement, with `?` for each parameter."""
        found: Found = self._driver.execute(sql.replace("?", "%s").encode(), tuple(parameters) or None)
        return found
