"""Who agreed, and whether that is enough.

Rule kept: approvals count by distinct persons, each bound to one digest; an empty list of
obligations is a refusal, never a pass; who owns the agent or opened its session never counts in a team.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.approval import Approval
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.document import Document, verify_current
from magistrate.wire.effect import GitEffect, commit_seen, verify_action
from magistrate.wire.envelope import Envelope
from magistrate.wire.proposal import Proposal
from magistrate.wire.roster import Person
from magistrate.wire.session import Session
from magistrate.wire.withdrawal import Withdrawal

REVIEWING: Final = frozenset({Role.REVIEWER, Role.SECURITY, Role.PLATFORM, Role.POLICY_OWNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What an approval must name, all of it, exactly; `session` is the one that the proposal was made in."""

    proposal: Document[Proposal]
    proposal_digest: str
    session: Session
    decision: Document[Decision]
    decision_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenApproval:
    """An approval that was verified: who, and which document."""

    person: Person
    digest: str
    approval: Approval


def verify_approval(envelope: Envelope, matter: Matter, roster: TrustedRoster, now: int) -> GivenApproval:
    """Verify one approval: signature, currency, binding, separation of duties.

    Raises:
        Refused: MAG-E106 signature, MAG-E105 expiry, MAG-E124 bound to something else,
            MAG-E122 this person may not approve this.
    """
    document, person = roster.open_by_person(envelope, Approval)
    verify_current(document, now)
    approval = document.body
    if document.expires is None:
        raise Refused("MAG-E105", "an approval without an expiry")
    if approval.person != person.person:
        raise Refused("MAG-E122", f"`{person.person}` signed in the name of `{approval.person}`")
    _verify_binding(approval, matter)
    _verify_duties(person, approval, matter, roster)
    return GivenApproval(person=person, digest=envelope.payload_digest(), approval=approval)


def self_reviewing(person: str, proposal: Proposal, session: Session, roster: TrustedRoster) -> bool:
    """Whether an approval by this person is a self-review, which only somebody who works alone may give (R45).

    It is one by the owner of the agent, and by whoever opened its session and told it what to do.

    Raises:
        Refused: MAG-E122 in a team.
    """
    part = "owns the agent" if person == proposal.owner else "opened the session" if person == session.opened_by else ""
    if part and not roster.solo:
        raise Refused("MAG-E122", f"`{person}` {part} that wrote this", hint="somebody else must review it")
    return bool(part)


def verify_quorum(given: Sequence[GivenApproval], obligations: Sequence[Obligation]) -> None:
    """Check that distinct persons meet every obligation.

    Raises:
        Refused: MAG-E121 naming the first unmet obligation, or when there is none to meet.
    """
    if not obligations or all(o.count < 1 for o in obligations):
        raise Refused("MAG-E121", "a decision without obligations never passes")
    for obligation in obligations:
        have = count_for(given, obligation)
        if have < obligation.count:
            who = obligation.role or "any reviewing role"
            raise Refused("MAG-E121", f"`{obligation.rule}` asks for {obligation.count} of {who}, {have} given")


def count_for(given: Sequence[GivenApproval], obligation: Obligation) -> int:
    """How many distinct persons count towards one obligation."""
    people = {g.person.person: g.person for g in given}
    if obligation.role is None:
        return sum(1 for p in people.values() if REVIEWING & set(p.roles))
    return sum(1 for p in people.values() if obligation.role in p.roles)


def verify_not_withdrawn(
    given: Sequence[GivenApproval], withdrawals: Sequence[Envelope], roster: TrustedRoster
) -> None:
    """Check that no approver took an approval back.

    Raises:
        Refused: MAG-E122 when a counted approval was withdrawn; MAG-E106, MAG-E107 when a
            withdrawal does not verify, since it can then not be ruled out.
    """
    verify_none_withdrawn({(one.digest, one.person.person) for one in given}, withdrawals, roster)


def verify_none_withdrawn(
    given: Collection[tuple[str, str]], withdrawals: Sequence[Envelope], roster: TrustedRoster
) -> None:
    """The same for approvals named by their digest and their person (raises as above)."""
    for envelope in withdrawals:
        document, person = roster.open_by_person(envelope, Withdrawal)
        if (document.body.approval, person.person) in given:
            raise Refused("MAG-E122", f"`{person.person}` withdrew the approval")


def _verify_binding(approval: Approval, matter: Matter) -> None:
    proposal, decision = matter.proposal.body, matter.decision.body
    effect = proposal.effect
    if not isinstance(effect, GitEffect):
        raise Refused("MAG-E124", f"an approval cannot name the effect `{type(effect).__name__}` yet")
    verify_action(proposal.action, effect)
    pairs = {
        "proposal": (approval.proposal, matter.proposal_digest),
        "decision": (approval.decision, matter.decision_digest),
        "assessment": (approval.assessment_verdict, decision.assessment_verdict),
        "policy": (approval.policy, decision.policy),
        "roster": (approval.roster, decision.roster),
        "action": (approval.action, proposal.action),
        "environment": (approval.environment, effect.environment),
        "repository": (approval.repository, effect.repository),
        "ref": (approval.ref, effect.ref),
        "base": (approval.base, commit_seen(effect)),
        "result tree": (approval.result_tree, effect.result_tree),
        "displayed diff": (approval.displayed_sha256, proposal.diff_sha256),
    }
    for what, (approved, actual) in pairs.items():
        if approved != actual:
            raise Refused("MAG-E124", f"the approval is bound to another {what}: `{approved[:60]}`")


def _verify_duties(person: Person, approval: Approval, matter: Matter, roster: TrustedRoster) -> None:
    if not REVIEWING & set(person.roles):
        raise Refused("MAG-E122", f"`{person.person}` holds no reviewing role")
    own = self_reviewing(person.person, matter.proposal.body, matter.session, roster)
    if approval.self_reviewed is not own:
        raise Refused("MAG-E122", "the approval misstates whether it is a self-review")
