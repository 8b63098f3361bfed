"""The only place where a credential exists: lease row, mint, use, revoke, negative probe.

Rule kept (invariant 7): the row is durable before the mint is asked for; whatever happens
while the credential is held, it is revoked and probed before control flow leaves; a lease
that cannot be confirmed dead stays open as UNCONFIRMED, alarms, and is retried for ever. While
a credential is held the executor talks to nobody but whom it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.identity import Identity
from magistrate.executor.mints import Mints
from magistrate.executor.ports import Alarm, Clock, Credential, ProviderLease, Seen
from magistrate.executor.rows import LeaseRow
from magistrate.wire.envelope import Envelope
from magistrate.wire.lease import LEASE_SECONDS, Lease
from magistrate.wire.times import rfc3339

NOT_OVER: Final = frozenset({"MAG-E387", "MAG-E384"})
"""A credential is not confirmed dead, or that it is could not be written down: nothing goes on before that, not even the end."""
REVOKE_ATTEMPTS: Final = 4
REVOKE_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One move of one ref, or one change of a system, that needs a credential, and the reason why it exists.

    `mint` asks the provider with the signed lease document; `expired_after` shortens the life of
    the lease (seconds).
    """

    execution: str
    warrant_digest: str
    proposal: str
    purpose: LeasePurpose
    repository: str
    ref: str
    old: str
    new: str
    tree: str
    reason: str
    mint: Callable[[Envelope], Credential]
    expired_after: int = LEASE_SECONDS


class Hands:
    """Holds a credential for exactly as long as its use takes."""

    def __init__(self, *, book: Casebook, identity: Identity, mints: Mints, clock: Clock, alarm: Alarm) -> None:
        self._book = book
        self._identity = identity
        self._mints = mints
        self._clock = clock
        self._alarm = alarm

    @contextmanager
    def lease(self, act: Act) -> Iterator[Credential]:
        """Hold a credential for the body of the `with`; it is dead and probed afterwards.

        Raises:
            Refused, Unavailable: from the mint or the body, after revocation.
            Unavailable: MAG-E387 when the credential could not be confirmed dead.
        """
        row, envelope = self._row(act)
        self._book.lease_requested(row, envelope)
        credential: Credential | None = None
        try:
            credential = act.mint(envelope)
            if credential.lease != row.lease:
                raise Refused("MAG-E386", f"the provider minted `{credential.lease[:40]}`, not `{row.lease}`")
            self._book.lease_moved(row, LeaseState.HELD, {"expires": credential.expires})
            yield credential
        finally:
            self.release(row, credential)

    def release(self, row: LeaseRow, credential: Credential | None) -> None:
        """Revoke, probe, and write down that the credential is dead. Idempotent.

        Without the token (it died with its process) the probe is the provider's own word. A
        provider that knows no such lease remembers the id, so that it never mints it later.

        Raises:
            Unavailable: MAG-E387 when it is not confirmed; the lease stays open.
        """
        began = self._clock.monotonic()
        try:
            if row.state is not LeaseState.UNCONFIRMED:
                self._book.lease_moved(row, LeaseState.REVOKING, {})
        finally:
            answer = self._revoke(row)
        revoked = self._clock.monotonic()
        probe = self._negative_probe(row, answer, credential)
        facts = {
            "provider": answer.state,
            "probe": probe.seen,
            "revoked_ms": _milliseconds(revoked - began),
            "dead_ms": _milliseconds(self._clock.monotonic() - began),
        }
        if answer.usable or not probe.held:
            self._unconfirmed(row, facts)
        self._book.lease_moved(row, LeaseState.RELEASED, facts)

    def signed_by(self, identity: Identity) -> Hands:
        """The same hands with another signature under the lease: what a stranger would ask."""
        return Hands(book=self._book, identity=identity, mints=self._mints, clock=self._clock, alarm=self._alarm)

    def open_leases(self) -> tuple[LeaseRow, ...]:
        """Leases that are not confirmed dead."""
        return self._book.open_leases()

    def _row(self, act: Act) -> tuple[LeaseRow, Envelope]:
        body = Lease(
            warrant=act.warrant_digest,
            proposal=act.proposal,
            purpose=act.purpose,
            state=LeaseState.REQUESTED,
            repository=act.repository,
            ref=act.ref,
            old=act.old,
            commit=act.new,
            tree=act.tree,
            reason=act.reason,
        )
        now = self._clock.now()
        framed = self._identity.frame(body, "lse", now=now, lifetime=act.expired_after)
        row = LeaseRow(
            lease=framed.id,
            execution=act.execution,
            purpose=act.purpose,
            state=LeaseState.REQUESTED,
            warrant_digest=act.warrant_digest,
            proposal=act.proposal,
            repository=act.repository,
            ref=act.ref,
            old=act.old,
            new=act.new,
            reason=act.reason,
            expires=rfc3339(now + act.expired_after),
        )
        return row, self._identity.seal(framed)

    def _revoke(self, row: LeaseRow) -> ProviderLease:
        why = ""
        for attempt in range(REVOKE_ATTEMPTS):
            try:
                return self._mints.of(row.ref).revoke(row.lease)
            except NotFound:
                return ProviderLease(lease=row.lease, state="never minted", usable=False, ref_state="")
            except (Unavailable, Refused) as error:
                why = error.message
                if attempt + 1 < REVOKE_ATTEMPTS:
                    self._clock.sleep(REVOKE_PAUSE_SECONDS * 2**attempt)
        return ProviderLease(lease=row.lease, state=f"not revoked: {why[:200]}", usable=True, ref_state="")

    def _negative_probe(self, row: LeaseRow, answer: ProviderLease, credential: Credential | None) -> Seen:
        try:
            if credential is not None:
                return self._mints.of(row.ref).probe(credential)
            state = self._mints.of(row.ref).state(row.lease)
            return Seen(held=not state.usable, seen=f"token gone with its process; its provider says {state.state}")
        except NotFound:
            return Seen(held=not answer.usable, seen="the provider knows no such lease")
        except (Unavailable, Refused) as error:
            return Seen(held=False, seen=f"no probe: {error.message[:200]}")

    def _unconfirmed(self, row: LeaseRow, facts: Mapping[str, str]) -> None:
        if self._book.lease_state(row.lease) is not LeaseState.UNCONFIRMED:
            self._book.lease_moved(row, LeaseState.UNCONFIRMED, facts)
        self._alarm.raise_alarm(f"the lease `{row.lease}` is not confirmed dead: {facts['provider']}; {facts['probe']}")
        raise Unavailable(
            "MAG-E387",
            f"the lease `{row.lease}` is not confirmed dead",
            hint="it is retried until its provider answers; nothing else executes meanwhile",
        )


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
