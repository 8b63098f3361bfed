"""The database under the executor's journal, as a Protocol: SQLite and PostgreSQL each implement it in a file of their own.

Rule kept (invariant 6): one executor at a time holds it; a transaction is durable when it is over, or nothing of it remains. A
statement has one text, with `?` for its parameters, on every engine. Whatever the database says no to is Unavailable MAG-E384.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a statement found, whole, and how many rows it changed."""

    rows: Sequence[tuple[Any, ...]]
    rowcount: int

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def fetchone(self) -> Any:  # noqa: ANN401  as DB-API has it: a row, or None
        """The first row, or None."""
        return self.rows[0] if self.rows else None

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """All of them."""
        return self.rows


class Rows(Protocol):
    """A database that is open and held."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """Execute one statement (raises Unavailable MAG-E384)."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is executed within is durable together, or not there (raises Unavailable MAG-E384)."""

    def resume(self) -> bool:
        """Have it open and held again; whether it was lost meanwhile.

        Raises:
            Unavailable: MAG-E384 while it is not to be had, MAG-E383 while another executor holds it.
        """

    def close(self) -> None:
        """Close it and let another executor have it."""
