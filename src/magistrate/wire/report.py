"""Report: what the executor did, step by step, and what an independent check saw."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from magistrate.wire.document import Body, Digest, Line, Time


class Outcome(StrEnum):
    """The verified result; `unknown` counts as failed.

    `version_skew` is a refusal before anything was opened: control judged with another version of the assessor.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    HALTED = "halted"
    REFUSED = "refused"
    VERSION_SKEW = "version_skew"
    UNKNOWN = "unknown"


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: an event name of the log, when it ended, and plain facts."""

    event: Line
    at: Time
    facts: dict[str, str]


class Report(Body, frozen=True, kw_only=True):
    """Body, signed by the executor. `journal_head` pins its journal."""

    NAME: ClassVar[str] = "report"
    AUDIENCE: ClassVar[str] = "control"

    warrant: Digest
    proposal: Digest
    outcome: Outcome
    why: str
    steps: tuple[Step, ...]
    ref_before: Line
    ref_after: Line
    leases_open: int
    journal_head: Digest
