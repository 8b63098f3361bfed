"""JournalEntry: one step in the executor's own hash-chained, signed journal."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line


class StepStatus(StrEnum):
    """Written before a step (intent) and after it (done)."""

    INTENT = "intent"
    DONE = "done"


class JournalEntry(Body, frozen=True, kw_only=True):
    """Body. `previous` is the digest of the entry before (null for the first)."""

    NAME: ClassVar[str] = "journal_entry"

    sequence: int
    previous: Digest | None
    execution: Line
    step: Line
    status: StepStatus
    facts: dict[str, str]
