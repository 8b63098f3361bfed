"""Composition of the look at what stands at the systems and targets of a home, for `magistrate leases --systems` and `--scan`.

Rule kept (R50, R51): the server or the broker's own table is asked, never a record of what should be there. Nothing is
written, ended or minted. What does not answer is named, and the others are still looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.bootstrap.executor_systems import roles_at
from magistrate.errors import MagistrateError
from magistrate.executor.credentials.ssh_certificate import BACKDATED_SECONDS
from magistrate.executor.credentials.ssh_serials import Minted, Standing, read_standing
from magistrate.settings import Settings
from magistrate.wire.envelope import process_keyid
from magistrate.wire.times import rfc3339, unix_seconds

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import PostgresPlace
    from magistrate.executor.credentials.postgres_standing import StandingRole

_LAST: Final = 253_402_300_799
"""The last second that RFC 3339 can write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLease:
    """What stands somewhere under one lease. `usable` where it works, could work, or nobody has confirmed that it does not.

    `left` is the seconds until it ends by itself, None where nothing ends it; `age` the seconds since it was issued and
    `sessions` how many work with it, None where that is not known. `explained` is whether it says why it exists.
    """

    where: str
    lease: str
    state: str
    usable: bool
    sessions: int | None
    left: int | None
    age: int | None
    purpose: str
    scope: str
    warrant: str
    proposal: str
    reason: str
    executor: str
    executor_listed: bool
    explained: bool
    issued: str
    expires: str

    def alarm(self) -> str:
        """Why nobody answers for it, or nothing."""
        if not self.explained:
            return f"{self.where}: nothing says why the lease {self.lease} exists"
        if not self.executor_listed:
            return f"{self.where}: the lease {self.lease} names `{self.executor}`, which is no executor of the roster"
        return ""


@dataclass(slots=True, kw_only=True)
class Looked:
    """What a look came to: what stands, who answered, and who did not, with what it said instead."""

    leases: list[StandingLease] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    unseen: list[tuple[str, str]] = field(default_factory=list)


def look_at_systems(settings: Settings, roster: TrustedRoster, now: int) -> Looked:
    """Ask every system that the settings name and every target that ever had a table; `now` is Unix seconds."""
    executors = frozenset(process_keyid(raw_key(text)) for text in roster.body.processes.executors)
    looked = Looked()
    for name in settings.systems:
        where = f"system {name}"
        try:
            place, roles = roles_at(settings, name)
        except MagistrateError as error:
            looked.unseen.append((where, error.message))
            continue
        looked.answered.append(where)
        looked.leases += [_of_role(where, place, role, executors, now) for role in roles]
    for where, table in _tables(settings, looked):
        try:
            standing = read_standing(table)
        except MagistrateError as error:
            looked.unseen.append((where, error.message))
            continue
        looked.answered.append(where)
        looked.leases += [_of_certificate(where, minted, executors, now) for minted in standing]
    return looked


def _tables(settings: Settings, looked: Looked) -> Iterator[tuple[str, Path]]:
    """The table of each target, also of one that the settings no longer name: what it left may stand."""
    folder = settings.home / "executor" / "targets"
    names = set(settings.targets)
    try:
        names |= {one.name for one in folder.iterdir()}
    except FileNotFoundError:
        pass  # no executor has started with a target yet
    except OSError as error:
        why = f"`{folder}` cannot be looked at: {error.strerror}; ask as the executor's user or root"
        looked.unseen.append(("targets", why))
        return
    for name in sorted(names):
        yield f"target {name}", folder / name / "ssh.db"


def _of_role(
    where: str, place: PostgresPlace, role: StandingRole, executors: frozenset[str], now: int
) -> StandingLease:
    why, left, expires = role.why, None, ""
    if role.until is not None and role.until <= _LAST:
        left = max(0, int(role.until - role.now)) if role.until > 0 else 0
        expires = rfc3339(int(role.until)) if role.until > 0 else ""
    issued = why.issued if why is not None else ""
    return StandingLease(
        where=where, lease=role.lease, state=role.state, usable=role.usable, sessions=role.sessions, left=left,
        age=max(0, now - unix_seconds(issued)) if issued else None, purpose=why.purpose if why is not None else "",
        scope=f"{where.removeprefix('system ')} as {place.group} in {place.database}", warrant=why.warrant if why is not None else "",
        proposal=why.proposal if why is not None else "", reason=why.reason if why is not None else "",
        executor=why.executor if why is not None else "", executor_listed=why is not None and why.executor in executors,
        explained=why is not None, issued=issued, expires=expires,
    )  # fmt: skip


def _of_certificate(where: str, minted: Minted, executors: frozenset[str], now: int) -> StandingLease:
    issued, over = minted.valid_after + BACKDATED_SECONDS, minted.valid_before <= now
    state = "expired" if minted.state is Standing.LIVE and over else str(minted.state)
    return StandingLease(
        where=where, lease=minted.lease, state=f"{state}, not confirmed dead", usable=minted.state is not Standing.DEAD,
        sessions=None, left=max(0, minted.valid_before - now), age=max(0, now - issued), purpose=minted.purpose,
        scope=f"{where.removeprefix('target ')} its one program", warrant=minted.warrant, proposal=minted.proposal,
        reason=minted.reason, executor=minted.executor, executor_listed=minted.executor in executors, explained=True,
        issued=rfc3339(issued), expires=rfc3339(minted.valid_before),
    )  # fmt: skip
