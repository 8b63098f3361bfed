"""What the gate tells of its leases: each with what justifies it, and where its ref stands."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from magistrate.authority.foreign_lease import ForeignLease, name_of
from magistrate.authority.roster import TrustedRoster
from magistrate.errors import NotFound, Refused
from magistrate.gate.grants import Grant, GrantState
from magistrate.gate.grounds import Ground, Grounds
from magistrate.gate.repositories import Repositories
from magistrate.wire.gate_api import ClosedRepository, LeaseView
from magistrate.wire.times import rfc3339


class Listing:
    """Views of one answer; a ref is looked up once, however many leases were on it."""

    def __init__(self, *, repositories: Repositories, grounds: Grounds, roster: TrustedRoster, now: int) -> None:
        self._repositories = repositories
        self._grounds = grounds
        self._roster = roster
        self._now = now
        self._tips: dict[tuple[str, str], str] = {}
        self._known: dict[str, Ground | None] = {}

    def view(self, grant: Grant) -> LeaseView:
        """One lease, as it stands now."""
        state = grant.state_at(self._now)
        usable = state is GrantState.ISSUED
        if grant.warrant not in self._known:
            self._known[grant.warrant] = self._grounds.of(grant.warrant)
        ground = self._known[grant.warrant]
        return LeaseView(
            lease=grant.lease, warrant=grant.warrant, purpose=grant.purpose, executor=grant.executor,
            executor_listed=self._listed(grant.executor), ground="" if ground is None else ground.kind,
            proposal="" if ground is None else ground.proposal, decision="" if ground is None else ground.decision,
            approvers=() if ground is None else ground.approvers, owner="" if ground is None else ground.owner,
            repository=grant.repository, ref=grant.ref, old=grant.old, new=grant.new, reason=grant.reason,
            state=state.value, usable=usable, ref_state={grant.old: "old", grant.new: "new"}.get(self._tip(grant), "other"),
            issued=rfc3339(grant.issued), expires=rfc3339(grant.expires), age=max(0, self._now - grant.issued),
            left=max(0, grant.expires - self._now) if usable else 0,
        )  # fmt: skip

    def closed(self, standing: Sequence[ForeignLease]) -> tuple[ClosedRepository, ...]:
        """The repositories that foreign leases close."""
        return tuple(
            ClosedRepository(
                name=name_of(one, self._roster.deployment), repository=one.repository, lease=one.lease,
                since=rfc3339(one.since),
            )
            for one in standing
        )  # fmt: skip

    def _listed(self, executor: str) -> bool:
        try:
            self._roster.executor_key(executor)
        except Refused:
            return False
        return True

    def _tip(self, grant: Grant) -> str:
        place = grant.repository, grant.ref
        if place not in self._tips:
            self._tips[place] = ""
            with contextlib.suppress(NotFound):
                self._repositories.path(grant.repository)
                self._tips[place] = self._repositories.tip(*place)
        return self._tips[place]
