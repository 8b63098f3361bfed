"""Grounds: what justifies each grant, kept beside it; a grant without one cannot be written.

Rule kept (R51): the database itself refuses the row of a credential for which no admitted warrant or
ordered drill is written down. SQLite adds no foreign key to a table that exists, so a trigger does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.gate.database import opened

_SCHEMA: Final = """
create table if not exists grounds(
  warrant text primary key not null, kind text not null check(kind in ('case', 'drill', 'earlier')),
  proposal text not null, decision text not null, approvers text not null, owner text not null);
create trigger if not exists grounds_keep before delete on grounds
  begin select raise(abort, 'grounds are kept'); end;
create trigger if not exists grounds_fixed before update on grounds
  begin select raise(abort, 'a ground never changes'); end;
"""
_EARLIER: Final = """
insert or ignore into grounds(warrant, kind, proposal, decision, approvers, owner)
  select distinct warrant, 'earlier', '', '', '', '' from grants;
"""
"""Grants of a program that kept no grounds; nothing live is among them, a lease lasts 60 s."""
_BOUND: Final = """
create trigger if not exists grants_have_grounds before insert on grants
  when not exists (select 1 from grounds where warrant = new.warrant)
  begin select raise(abort, 'a grant without ground'); end;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a credential may exist: a decided and approved case, or a drill that an operator ordered.

    `approvers` and `owner` are names of the roster; for a drill the operator is both.
    """

    kind: str
    proposal: str
    decision: str
    approvers: tuple[str, ...]
    owner: str


class Grounds:
    """The table of grounds in the gate's own SQLite file, beside the grants."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(self._path) as db:
            bound = db.execute("select 1 from sqlite_master where name = 'grants_have_grounds'").fetchone()
            earlier = "" if bound else _EARLIER
            db.executescript(f"begin immediate; {_SCHEMA} {earlier} {_BOUND} commit;")

    def keep(self, warrant: str, ground: Ground) -> None:
        """Write down what justifies the grants of a warrant, before the first; the first word stands."""
        values = (
            warrant, ground.kind, ground.proposal, ground.decision, "\n".join(ground.approvers), ground.owner,
        )  # fmt: skip
        with opened(self._path) as db:
            db.execute(
                "insert or ignore into grounds(warrant, kind, proposal, decision, approvers, owner) values(?,?,?,?,?,?)",
                values,
            )

    def of(self, warrant: str) -> Ground | None:
        """What justifies the grants of a warrant; None is an orphan."""
        with opened(self._path) as db:
            row = db.execute(
                "select kind, proposal, decision, approvers, owner from grounds where warrant=?", (warrant,)
            ).fetchone()
        if row is None:
            return None
        kind, proposal, decision, approvers, owner = row
        return Ground(
            kind=kind, proposal=proposal, decision=decision, approvers=tuple(approvers.split("\n")) if approvers else (),
            owner=owner,
        )  # fmt: skip

    def orphans(self) -> tuple[str, ...]:
        """Leases whose grant nothing justifies; the database refuses to take one, so there are none."""
        with opened(self._path) as db:
            rows = db.execute(
                "select lease from grants left join grounds using (warrant) where grounds.warrant is null order by issued"
            ).fetchall()
        return tuple(lease for (lease,) in rows)
