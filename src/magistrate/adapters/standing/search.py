"""A search for standing credentials: what was found, what is dead, and what could not be looked at.

Rule kept (R50): what cannot be read is named, and never counts as searched; where something was
found is told, and never what.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from magistrate.adapters.standing.shapes import in_basic, token_like

_GATE_ORPHANS: Final = "select lease from grants left join grounds using (warrant) where grounds.warrant is null"
JOURNAL_ORPHANS: Final = (
    "select lease from leases left join executions on warrant = execution"
    " where executions.warrant is null and execution <> 'executor'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One grant of the gate by the hash of its token: its lease, and whether its row says that it is usable."""

    lease: str
    repository: str
    usable: bool


@dataclass(slots=True, kw_only=True)
class Search:
    """What a search has come to so far.

    `asks` says whether the gate would take a token for a repository; a gate that is down takes none.
    """

    issued: dict[str, Issued]
    asks: Callable[[str, str], bool]
    usable: list[tuple[str, str]] = field(default_factory=list)
    dead: list[tuple[str, str]] = field(default_factory=list)
    reachable: list[tuple[str, str]] = field(default_factory=list)
    unsearched: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def found(self, where: str, what: str) -> None:
        """A usable credential stands there."""
        _once(self.usable, (where, what))

    def blind(self, where: str, why: str) -> None:
        """Something could not be looked at."""
        _once(self.unsearched, (where, why))

    def tokens(self, where: str, content: bytes, *, decode: bool = True) -> None:
        """Compare whatever looks like a token with what the gate has minted."""
        for hashed, token in chain(token_like(content, decode=decode), in_basic(content)):
            grant = self.issued.get(hashed)
            if grant is None:
                continue
            if grant.usable or self.asks(token.decode("ascii"), grant.repository):
                self.found(where, f"the token of the live lease {grant.lease}")
            else:
                _once(self.dead, (where, f"the dead token of the lease {grant.lease}"))


def read_issued(database: Path, now: int) -> dict[str, Issued]:
    """What the gate has minted, by the hash of each token.

    Raises:
        OSError, sqlite3.Error: when the gate's database cannot be read by this user.
    """
    with database.open("rb"):  # sqlite3 would make an unreadable file out of a missing right
        pass
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        rows = db.execute("select token_hash, lease, repository, state='issued' and expires>? from grants", (now,))
        return {h: Issued(lease=lease, repository=name, usable=bool(usable)) for h, lease, name, usable in rows}
    finally:
        db.close()


def read_orphans(gate: Path, journal: Path) -> tuple[str, ...]:
    """Leases in both databases that nothing justifies (raises OSError, sqlite3.Error as `read_issued`)."""
    found: list[str] = []
    for database, query in ((gate, _GATE_ORPHANS), (journal, JOURNAL_ORPHANS)):
        if not database.exists():
            continue
        db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
        try:
            found += [f"{lease} in {database}" for (lease,) in db.execute(query)]
        finally:
            db.close()
    return tuple(found)


def guarded(search: Search, where: str, look: Callable[[], None]) -> None:
    """Look; what is gone meanwhile is no gap, what may not be read is one."""
    try:
        look()
    except (FileNotFoundError, ProcessLookupError):
        return
    except (OSError, sqlite3.Error) as error:
        search.blind(where, str(getattr(error, "strerror", "") or error))


def _once(kept: list[tuple[str, str]], one: tuple[str, str]) -> None:
    if one not in kept:
        kept.append(one)
