"""Reads of a session as control records them, before front serves a byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from magistrate.domain.case import SessionRow
from magistrate.domain.events import Event
from magistrate.errors import Refused
from magistrate.ports import Unit
from magistrate.usecases.sessions import verify_open
from magistrate.wire.canonical import digest_of
from magistrate.wire.front_api import ReadNote

MAX_RECEIPTS: Final = 1_000
OVERSPENT: Final = "MAG-E460"
"""Front notes a refused read with this code; the session serves nothing more (R6)."""


def record_read(unit: Unit, read: ReadNote, now: int) -> str:
    """Record a read in the log and charge it to the session; returns the receipt.

    Raises:
        Refused: MAG-E460 when the session is over or its byte budget spent.
    """
    row = verify_open(unit.session(read.session), now)
    size = max(0, read.byte_end - read.byte_start)
    if size > row.bytes_left:
        raise Refused("MAG-E460", f"the session has {row.bytes_left} bytes left to read, {size} were asked for")
    number = sum(1 for e in unit.events(read.session) if e.event == Event.CONTEXT_READ)
    facts = {
        "number": str(number), "tool": read.tool, "source": read.source, "bytes": f"{read.byte_start}-{read.byte_end}",
        "sha256": read.sha256, "redactions": str(read.redactions), "truncated": str(read.truncated).lower(),
        "refused": read.refused,
    }  # fmt: skip
    receipt = digest_of({"session": read.session, **facts})
    unit.append(Event.CONTEXT_READ, read.session, {**facts, "receipt": receipt}, now=now)
    left = 0 if read.refused == OVERSPENT else row.bytes_left - size
    unit.put_session(replace(row, bytes_left=left))
    return receipt


def receipts(unit: Unit, row: SessionRow) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Receipts of what was read so far, and the gaps: what was asked for and refused."""
    reads = [e.facts for e in unit.events(row.session) if e.event == Event.CONTEXT_READ]
    served = tuple(f["receipt"] for f in reads if not f.get("refused"))
    return served[-MAX_RECEIPTS:], ()
