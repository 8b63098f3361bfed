"""Stops as the gate keeps them: what people told it directly, whatever control and the freeze folder hold.

Rule kept (R59, invariant 12): a freeze or withdrawal is kept only when its own signature is believed, durably before it
is answered; a freeze ends only by a thaw that enough persons signed and that is newer; what ended stays ended, so that an
old pair told again changes nothing. Nothing here is ever deleted. One person fills at most an own share of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from magistrate.authority.roster import TrustedRoster
from magistrate.authority.stops import Stops, believed_freeze, believed_thaw
from magistrate.errors import Refused, Usage
from magistrate.gate.database import immediate, opened
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.freeze import Freeze, Thaw
from magistrate.wire.withdrawal import Withdrawal

MAX_BYTES: Final = 65_536
"""Of one stop, as it is told."""
MAX_FREEZES: Final = 64
"""That stand at once, by one person."""
MAX_WITHDRAWALS: Final = 1024
"""By one person, ever."""
_SCHEMA: Final = """
create table if not exists stops(
  name text primary key, kind text not null check(kind in ('freeze', 'withdrawal')), person text not null,
  epoch integer not null, envelope blob not null, since integer not null, lifted text);
create table if not exists thaws(
  freeze text primary key, epoch integer not null, envelope blob not null, since integer not null);
create trigger if not exists stops_keep before delete on stops
  begin select raise(abort, 'stops are kept'); end;
create trigger if not exists stops_fixed before update of name, kind, person, epoch, envelope, since on stops
  begin select raise(abort, 'a stop never changes what it says'); end;
create trigger if not exists stops_stay_lifted before update of lifted on stops when old.lifted is not null
  begin select raise(abort, 'what was lifted stays lifted'); end;
create trigger if not exists thaws_keep before delete on thaws
  begin select raise(abort, 'thaws are kept'); end;
create trigger if not exists thaws_rise before update on thaws when new.epoch <= old.epoch
  begin select raise(abort, 'an older thaw never takes the place of a newer one'); end;
"""


class ToldStops:
    """The table of stops in the gate's own SQLite file, beside the grants."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(self._path) as db:
            db.executescript(f"begin immediate; {_SCHEMA} commit;")

    def take(self, envelope: Envelope, roster: TrustedRoster, now: int) -> str:
        """Believe one stop or thaw and keep it; its digest. Telling it again changes nothing.

        Raises:
            Usage: MAG-E343 when it is too large. Refused: MAG-E103 for another kind of document, MAG-E104, MAG-E106, MAG-E107, MAG-E121, MAG-E122, MAG-E388
                when it is not believed, MAG-E349 when this person's share is full.
        """
        if len(envelope.encode()) > MAX_BYTES:
            raise Usage("MAG-E343", f"a stop is at most {MAX_BYTES} bytes")
        if envelope.payloadType == Freeze.document_type():
            freeze = believed_freeze(envelope, roster)
            return self._keep(envelope, "freeze", freeze.person, freeze.epoch, now)
        if envelope.payloadType == Withdrawal.document_type():
            document, person = roster.open_by_person(envelope, Withdrawal)
            if document.body.person != person.person:
                raise Refused("MAG-E122", f"`{person.person}` signed in the name of `{document.body.person}`")
            return self._keep(envelope, "withdrawal", person.person, document.body.epoch, now)
        if envelope.payloadType == Thaw.document_type():
            return self._lift(envelope, believed_thaw(envelope, roster), now)
        raise Refused("MAG-E103", f"`{envelope.payloadType[:60]}` is no freeze, thaw or withdrawal")

    def standing(self, roster: TrustedRoster) -> Stops:
        """Every freeze that no thaw lifted, the withdrawals of persons of the roster, and the thaws that still count.

        Who left the roster has no approval that counts, so a withdrawal of theirs says nothing more; a thaw that
        lacks a signer now lifts nothing more that it has not lifted already.
        """
        with opened(self._path) as db:
            rows = db.execute("select kind, envelope from stops where lifted is null order by since, rowid").fetchall()
            thaws = db.execute("select envelope from thaws order by since, rowid").fetchall()
        kept: dict[str, list[Envelope]] = {"freeze": [], "withdrawal": []}
        for kind, raw in rows:
            kept[kind].append(decode_envelope(bytes(raw)))
        return Stops(
            kept=tuple(kept["freeze"]),
            withdrawals=tuple(e for e in kept["withdrawal"] if _counts(roster.person_of_key, e.signatures[0].keyid)),
            thaws=tuple(
                e for e in (decode_envelope(bytes(raw)) for (raw,) in thaws) if _counts(believed_thaw, e, roster)
            ),
        )

    def _keep(self, envelope: Envelope, kind: str, person: str, epoch: int, now: int) -> str:
        name = envelope.payload_digest()
        limit = MAX_FREEZES if kind == "freeze" else MAX_WITHDRAWALS
        with opened(self._path) as db, immediate(db):
            if db.execute("select 1 from stops where name=?", (name,)).fetchone() is not None:
                return name
            thaw = db.execute("select epoch from thaws where freeze=?", (name,)).fetchone()
            lifted = "thawed before it came" if thaw is not None and thaw[0] > epoch else None
            (stand,) = db.execute(
                "select count(*) from stops where kind=? and person=? and lifted is null", (kind, person)
            ).fetchone()
            if stand >= limit and lifted is None:
                raise Refused(
                    "MAG-E349", f"{stand} of `{person}` stand here already",
                    hint="they all count; thaw those that are over, or freeze everything with one",
                )  # fmt: skip
            db.execute(
                "insert into stops(name, kind, person, epoch, envelope, since, lifted) values(?,?,?,?,?,?,?)",
                (name, kind, person, epoch, envelope.encode(), now, lifted),
            )
        return name

    def _lift(self, envelope: Envelope, thaw: Thaw, now: int) -> str:
        with opened(self._path) as db, immediate(db):
            held = db.execute("select epoch from thaws where freeze=?", (thaw.freeze,)).fetchone()
            if held is None or thaw.epoch > held[0]:
                db.execute(
                    "insert into thaws(freeze, epoch, envelope, since) values(?,?,?,?) on conflict(freeze) do update"
                    " set epoch=excluded.epoch, envelope=excluded.envelope, since=excluded.since",
                    (thaw.freeze, thaw.epoch, envelope.encode(), now),
                )
            db.execute(
                "update stops set lifted=? where name=? and kind='freeze' and epoch<? and lifted is null",
                (thaw.reason[:500], thaw.freeze, thaw.epoch),
            )
        return thaw.freeze


def _counts(verify: Callable[..., object], *given: object) -> bool:
    try:
        verify(*given)
    except Refused:
        return False
    return True
