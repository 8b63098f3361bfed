"""Reads of a session as control records them, before front serves a byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from magistrate.domain.case import SessionRow
from magistrate.domain.events import Event
from magistrate.domain.gaps import gaps_of, unmarked
from magistrate.errors import Refused
from magistrate.ports import Unit
from magistrate.usecases.sessions import verify_open
from magistrate.wire.canonical import digest_of
from magistrate.wire.front_api import Gathered, ReadNote
from magistrate.wire.proposal import Proposal

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
    number = unit.count(read.session, Event.CONTEXT_READ)
    facts = {
        "number": str(number), "tool": read.tool, "source": read.source, "bytes": f"{read.byte_start}-{read.byte_end}",
        "sha256": read.sha256, "redactions": str(read.redactions), "truncated": str(read.truncated).lower(),
        "refused": read.refused, "skipped": str(read.skipped),
    }  # fmt: skip
    receipt = digest_of({"session": read.session, **facts})
    unit.append(Event.CONTEXT_READ, read.session, {**facts, "receipt": receipt}, now=now)
    left = 0 if read.refused == OVERSPENT else row.bytes_left - size
    unit.put_session(replace(row, bytes_left=left))
    return receipt


def gathered_by(unit: Unit, row: SessionRow) -> Gathered:
    """Receipts of what a session was served, and its gaps: what was refused, cut, redacted or skipped (R11).

    More receipts than a proposal can name are a gap as well, and the newest are named.
    """
    reads = [e.facts for e in unit.events(row.session) if e.event == Event.CONTEXT_READ]
    served = tuple(read["receipt"] for read in reads if not read.get("refused"))
    gaps = gaps_of(reads)
    if len(served) > MAX_RECEIPTS:
        gaps = (f"receipts truncated: {len(served)} reads, the newest {MAX_RECEIPTS} are named", *gaps)
    return Gathered(context=served[-MAX_RECEIPTS:], gaps=gaps)


def verify_gathered(unit: Unit, row: SessionRow, proposal: Proposal) -> None:
    """Check that a proposal names what its session read and hides none of its gaps.

    Raises:
        Refused: MAG-E463.
    """
    known = gathered_by(unit, row)
    if proposal.context != known.context:
        raise Refused("MAG-E463", "the proposal names other reads than its session made", hint="draft again")
    hidden = set(known.gaps) - {unmarked(gap) for gap in proposal.context_gaps}
    if hidden:
        raise Refused(
            "MAG-E463", f"the proposal does not state {len(hidden)} gap(s) of its session", hint="draft again"
        )
