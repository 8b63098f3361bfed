"""What the gate believes before it gives out a credential.

Rule kept (invariant 8): the gate takes neither control's nor the executor's word. An effect
needs a whole admitted warrant; a rollback needs the gate's own record of the effect it undoes;
a drill needs an operator's order and touches scratch repositories only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.authority.admission import Admitted, Pins, admit
from magistrate.authority.floor import classes_of
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.authority.stops import Reach, Stops, verify_not_frozen
from magistrate.authority.windows import verify_no_window
from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.gate.grants import Grant, Grants, GrantState
from magistrate.gate.grounds import Ground
from magistrate.gate.stopping import Bound
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Document, verify_current
from magistrate.wire.drill import SCRATCH_PREFIX, DrillOrder
from magistrate.wire.effect import Release, ref_before
from magistrate.wire.envelope import Envelope
from magistrate.wire.lease import LEASE_SECONDS, Lease
from magistrate.wire.times import unix_seconds

ROLLBACK_WITHIN_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseAsked:
    """A lease document that an executor signed, and which executor."""

    document: Document[Lease]
    executor: str


def open_lease(envelope: Envelope, roster: TrustedRoster, now: int) -> LeaseAsked:
    """Verify a lease request: signed by one executor, current, 60 s at most.

    Raises:
        Refused: MAG-E106, MAG-E107, MAG-E105, MAG-E339.
    """
    document = roster.open_by_executor(envelope, Lease)
    verify_current(document, now)
    if document.body.state is not LeaseState.REQUESTED:
        raise Refused("MAG-E339", f"a lease in state `{document.body.state}` is not a request")
    return LeaseAsked(document=document, executor=envelope.signatures[0].keyid)


def admit_effect(
    asked: LeaseAsked, bundle: CaseBundle, *, pins: Pins, stops: Stops, now: int
) -> tuple[Grant, Ground, Bound, Admitted]:
    """Believe a warrant: the grant of one push, what justifies it, what can stop it, what it rests on (raises Refused, Usage).

    Readiness (R85) is the executor's and control's to enforce from their records; the gate has
    none, and everything else is verified here.
    """
    admitted = admit(
        bundle, pins=pins, now=now, executor=asked.executor, withdrawals=stops.withdrawals,
        drilled=True, same_user_walls=False,
    )  # fmt: skip
    lease, effect = asked.document.body, admitted.effect
    reach = Reach.of(effect, agent=admitted.proposal.body.agent, classes=classes_of(admitted.verdict))
    verify_not_frozen(stops, admitted.roster, reach)
    verify_no_window(admitted.policy.body.windows, reach, now)
    for what, given, allowed in (
        ("purpose", lease.purpose, LeasePurpose.EFFECT),
        ("warrant", lease.warrant, admitted.warrant_digest),
        ("proposal", lease.proposal, admitted.proposal_digest),
        ("repository", lease.repository, effect.repository),
        ("ref", lease.ref, effect.ref),
        ("old commit", lease.old, ref_before(effect)),
        ("tree", lease.tree, effect.result_tree),
    ):
        _same(what, given, allowed)
    ground = Ground(
        kind="case", proposal=admitted.proposal_digest, decision=admitted.warrant.body.decision,
        approvers=tuple(sorted(_agreed(admitted))), owner=admitted.proposal.body.owner,
    )  # fmt: skip
    approvals = frozenset((given.digest, given.person.person) for given in admitted.approvals)
    promotions = frozenset(given.digest for given in admitted.promotions)
    bound = Bound(reach=reach, approvals=approvals, windows=admitted.policy.body.windows, promotions=promotions)
    kept = effect.commit if isinstance(effect, Release) else effect.base_tree
    return _grant(asked, base_tree=kept, now=now), ground, bound, admitted


def admit_rollback(asked: LeaseAsked, grants: Grants, now: int) -> Grant:
    """Allow the inverse of an effect that went through this gate (raises Refused MAG-E339)."""
    lease = asked.document.body
    done = [g for g in grants.of_warrant(lease.warrant, LeasePurpose.EFFECT) if g.state is GrantState.USED]
    if len(done) != 1:
        raise Refused("MAG-E339", "this warrant had no effect here that could be undone")
    effect = done[0]
    if effect.names:
        raise Refused("MAG-E339", "a release is never taken back")
    if grants.holder_of(effect.repository, effect.ref) != effect.warrant:
        raise Refused("MAG-E339", "the warrant is over, and what it did is undone by people only")
    if now - effect.issued > ROLLBACK_WITHIN_SECONDS:
        raise Refused("MAG-E339", "the effect is too old to be undone without people")
    for what, given, allowed in (
        ("executor", asked.executor, effect.executor),
        ("repository", lease.repository, effect.repository),
        ("ref", lease.ref, effect.ref),
        ("old commit", lease.old, effect.new),
        ("tree", lease.tree, effect.base_tree),
    ):
        _same(what, given, allowed)
    return _grant(asked, base_tree=effect.tree, now=now)


def admit_drill(asked: LeaseAsked, order: Envelope, roster: TrustedRoster, now: int) -> tuple[Grant, Ground]:
    """Allow a push to the scratch repository of a drill that an operator ordered."""
    document = admit_order(order, roster, now)
    lease = asked.document.body
    for what, given, allowed in (
        ("purpose", lease.purpose, LeasePurpose.DRILL),
        ("warrant", lease.warrant, order.payload_digest()),
        ("repository", lease.repository, document.body.scratch),
    ):
        _same(what, given, allowed)
    person, named = document.body.person, order.payload_digest()
    ground = Ground(kind="drill", proposal=named, decision=named, approvers=(person,), owner=person)
    return _grant(asked, base_tree=lease.tree, now=now), ground


def admit_order(order: Envelope, roster: TrustedRoster, now: int) -> Document[DrillOrder]:
    """Verify a drill order: an operator signed it and it names a scratch repository."""
    document, person = roster.open_by_person(order, DrillOrder)
    verify_current(document, now)
    roster.verify_role(person, Role.OPERATOR)
    if not document.body.scratch.startswith(SCRATCH_PREFIX):
        raise Refused("MAG-E337", f"`{document.body.scratch}` is not a scratch repository")
    return document


def own_roster(chain: Sequence[Envelope], pins: Pins) -> TrustedRoster:
    """The gate's own roster, from its own files and pin."""
    return trust_roster(chain, pin=pins.roster, deployment=pins.deployment)


def _grant(asked: LeaseAsked, *, base_tree: str, now: int) -> Grant:
    lease = asked.document.body
    expires = now + LEASE_SECONDS if asked.document.expires is None else unix_seconds(asked.document.expires)
    return Grant(
        lease=asked.document.id, warrant=lease.warrant, purpose=lease.purpose.value, executor=asked.executor,
        repository=lease.repository, ref=lease.ref, old=lease.old, new=lease.commit, tree=lease.tree,
        base_tree=base_tree, reason=lease.reason, state=GrantState.ISSUED, issued=now,
        expires=min(expires, now + LEASE_SECONDS),
    )  # fmt: skip


def _agreed(admitted: Admitted) -> frozenset[str]:
    """Who approved the change, or who promoted what it is proven to be."""
    promoted = frozenset(name for given in admitted.promotions for name in given.persons)
    return frozenset(given.person.person for given in admitted.approvals) | promoted


def _same(what: str, given: str, allowed: str) -> None:
    if given != allowed:
        raise Refused("MAG-E339", f"the lease asks for the {what} `{given[:60]}`, the warrant allows `{allowed[:60]}`")
