"""Halts: refs that an execution left behind half done, as the gate knows it by itself.

Rule kept (R58): once the inverse of an effect was asked for, its ref is held for every other
warrant until that inverse has gone through this gate, or until people close the case; and so it
is when the executor says that another hand moved the ref. Nobody else's word ends it. What is
written here outlasts the hold of a running warrant, a kill, and the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.authority.closures import Halt, verify_closed
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.execution import LeasePurpose
from magistrate.gate.admission import LeaseAsked
from magistrate.gate.database import opened
from magistrate.gate.grants import Grant, Grants, GrantState
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope
from magistrate.wire.gate_api import HoldHalt
from magistrate.wire.proposal import Proposal

INVERSE: Final = "the inverse was asked for and has not gone through"
_SCHEMA: Final = """
create table if not exists origins(
  warrant text primary key, proposal text not null, owner text not null, repository text not null, ref text not null);
create table if not exists halts(
  warrant text primary key, proposal text not null, owner text not null, repository text not null,
  ref text not null, since integer not null, why text not null, ended text);
create trigger if not exists halts_keep before delete on halts
  begin select raise(abort, 'halts are kept'); end;
create trigger if not exists halts_fixed before update of
  warrant, proposal, owner, repository, ref, since on halts
  begin select raise(abort, 'a halt never changes what it holds'); end;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRef:
    """One ref that is held: by the case of which warrant, and why."""

    warrant: str
    halt: Halt
    why: str


class Halts:
    """The tables of halts in the gate's own SQLite file, beside the grants."""

    def __init__(self, path: Path, grants: Grants) -> None:
        self._path = path
        self._grants = grants
        with opened(self._path) as db:
            db.executescript(f"begin immediate; {_SCHEMA} commit;")

    def remember(self, grant: Grant, bundle: CaseBundle, roster: TrustedRoster) -> None:
        """Whose change a warrant is about, from its admitted documents."""
        owner = roster.open_by_front(bundle.proposal, Proposal).body.owner
        values = (grant.warrant, bundle.proposal.payload_digest(), owner, grant.repository, grant.ref)
        with opened(self._path) as db:
            db.execute(
                "insert or ignore into origins(warrant, proposal, owner, repository, ref) values(?,?,?,?,?)", values
            )

    def inverse_asked(self, asked: LeaseAsked, now: int) -> None:
        """An executor wants to undo its effect: whatever comes of it, the ref is held from here on."""
        lease = asked.document.body
        for grant in self._grants.of_warrant(lease.warrant, LeasePurpose.EFFECT):
            if grant.executor == asked.executor and grant.state is GrantState.USED:
                fallback = Halt(proposal=lease.proposal, owner="", repository=grant.repository, ref=grant.ref)
                self._hold(grant.warrant, fallback, INVERSE, now)

    def told(self, told: HoldHalt, now: int) -> None:
        """The executor says that it left a ref half done."""
        halt = Halt(proposal=told.proposal, owner=told.owner, repository=told.repository, ref=told.ref)
        self._hold(told.warrant, halt, told.why[:500], now)

    def _hold(self, warrant: str, fallback: Halt, why: str, now: int) -> None:
        """Hold a ref; what the gate admitted itself counts, `fallback` only where it knows nothing of the warrant."""
        with opened(self._path) as db:
            own = db.execute(
                "select proposal, owner, repository, ref from origins where warrant=?", (warrant,)
            ).fetchone()
            named = own or (fallback.proposal, fallback.owner, fallback.repository, fallback.ref)
            db.execute(
                "insert into halts(warrant, proposal, owner, repository, ref, since, why) values(?,?,?,?,?,?,?)"
                " on conflict(warrant) do update set why=excluded.why where ended is null",
                (warrant, *named, now, why),
            )

    def end(self, warrant: str, how: str) -> None:
        """Let go of what a warrant held."""
        with opened(self._path) as db:
            db.execute("update halts set ended=? where warrant=? and ended is null", (how[:500], warrant))

    def standing(self, repository: str, ref: str) -> tuple[HeldRef, ...]:
        """What is held on one ref, oldest first."""
        with opened(self._path) as db:
            rows = db.execute(
                "select warrant, proposal, owner, repository, ref, why from halts"
                " where repository=? and ref=? and ended is null order by since, rowid",
                (repository, ref),
            ).fetchall()
        return tuple(
            HeldRef(warrant=warrant, halt=Halt(proposal=proposal, owner=owner, repository=name, ref=held), why=why)
            for warrant, proposal, owner, name, held, why in rows
        )

    def verify_free(
        self, grant: Grant, roster: TrustedRoster, closures: Sequence[Envelope], tip: Callable[[str, str], str]
    ) -> None:
        """Check that no other case holds the ref of this grant; what people closed is let go of here.

        Raises:
            Refused: MAG-E126 naming the case, until enough closures are seen.
        """
        for held in self.standing(grant.repository, grant.ref):
            if held.warrant == grant.warrant:
                continue
            if held.why == INVERSE and self._undone(held.warrant, tip(grant.repository, grant.ref)):
                self.end(held.warrant, "the inverse went through")
                continue
            given = verify_closed(closures, held.halt, roster)
            self.end(held.warrant, "closed by " + ", ".join(one.person.person for one in given))

    def _undone(self, warrant: str, tip: str) -> bool:
        """Whether the ref stands at the inverse: a gate that was killed behind the push did not write it down."""
        return any(back.new == tip for back in self._grants.of_warrant(warrant, LeasePurpose.ROLLBACK))
