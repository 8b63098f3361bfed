"""Review: people approve, reject, or take an approval back.

Rule kept (R44, R45, R47): each word is a signed document bound to one digest, checked for
signature, role, authorship, ownership, binding and expiry before it counts; silence never does.
"""

from __future__ import annotations

from magistrate.authority.quorum import REVIEWING, verify_approval, verify_quorum
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused
from magistrate.ports import Trust, Unit
from magistrate.usecases.matter import Papers, papers, standing_approvals
from magistrate.usecases.transition import Occasion, move, note
from magistrate.wire.approval import APPROVAL_SECONDS, Approval
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.rejection import Rejection
from magistrate.wire.times import unix_seconds
from magistrate.wire.withdrawal import Withdrawal

STOPPABLE = frozenset({CaseState.CLEARED, CaseState.WARRANTED})


def approve(unit: Unit, case: Case, envelope: Envelope, trust: Trust, now: int) -> Case:
    """Count one approval; with the quorum the case is CLEARED.

    Raises:
        Refused: MAG-E465 case not in review, MAG-E124 bound to something else, MAG-E122 this
            person may not, MAG-E105 expired, MAG-E106 signature.
    """
    roster = trust.roster()
    _verify_in_review(case)
    found = papers(unit, case, roster)
    _verify_unchanged(found, trust)
    given = verify_approval(envelope, found.matter, roster, now)
    _verify_lifetime(envelope, roster)
    before = standing_approvals(unit, case, found.matter, roster, now)
    if any(g.person.person == given.person.person for g in before):
        raise Refused("MAG-E122", f"`{given.person.person}` has approved this already")
    facts = {
        "person": given.person.person, "approval": given.digest, "roles": " ".join(given.person.roles),
        "rebuilt": str(given.approval.rebuilt).lower(), "self_reviewed": str(given.approval.self_reviewed).lower(),
    }  # fmt: skip
    occasion = Occasion(
        event=Event.APPROVAL_GIVEN, now=now, facts=facts, payloads={"approval": envelope.payload_bytes()},
        once=f"approval:{given.digest}",
    )  # fmt: skip
    try:
        verify_quorum((*before, given), found.matter.decision.body.obligations)
    except Refused:
        recorded = note(unit, case, occasion)
    else:
        case, recorded = move(unit, case, (CaseState.CLEARED,), occasion)
    unit.keep(envelope, kind=Approval.NAME, proposal=case.facts.proposal, author=given.person.person, seq=recorded.seq)
    return case


def reject(unit: Unit, case: Case, envelope: Envelope, trust: Trust, now: int) -> Case:
    """One rejection ends a case in review.

    Raises:
        Refused: MAG-E465 case not in review, MAG-E122 person may not, MAG-E124 another case.
    """
    _verify_in_review(case)
    document, person = trust.roster().open_by_person(envelope, Rejection)
    _verify_named(document.body.person, person.person, document.body.proposal, case)
    if not REVIEWING & set(person.roles):
        raise Refused("MAG-E122", f"`{person.person}` holds no reviewing role")
    facts = {"person": person.person, "reason": document.body.reason, "rejection": envelope.payload_digest()}
    occasion = Occasion(
        event=Event.APPROVAL_REJECTED, now=now, facts=facts, payloads={"rejection": envelope.payload_bytes()}
    )
    case, recorded = move(unit, case, (CaseState.REJECTED,), occasion, why=document.body.reason[:500])
    unit.keep(envelope, kind=Rejection.NAME, proposal=case.facts.proposal, author=person.person, seq=recorded.seq)
    return case


def withdraw(unit: Unit, case: Case, envelope: Envelope, trust: Trust, now: int) -> Case:
    """An approver takes an approval back; before the effect that ends a cleared case.

    Raises:
        Refused: MAG-E465 too late, MAG-E122 not this person's approval, MAG-E124 another case.
    """
    document, person = trust.roster().open_by_person(envelope, Withdrawal)
    body = document.body
    _verify_named(body.person, person.person, body.proposal, case)
    own = open_envelope(unit.document(body.approval), Approval, deployment=trust.roster().deployment).body
    if own.person != person.person or own.proposal != case.facts.proposal:
        raise Refused("MAG-E122", "this is not an approval of yours for this case")
    if unit.withdrawn(body.approval):
        raise Refused("MAG-E465", "this approval was taken back before")
    facts = {"person": person.person, "approval": body.approval, "reason": body.reason}
    occasion = Occasion(
        event=Event.APPROVAL_WITHDRAWN, now=now, facts=facts, payloads={"withdrawal": envelope.payload_bytes()},
        once=f"withdrawal:{body.approval}",
    )  # fmt: skip
    if case.standing.state is CaseState.IN_REVIEW:
        recorded = note(unit, case, occasion)
    elif case.standing.state in STOPPABLE:
        case, recorded = move(unit, case, (CaseState.WITHDRAWN,), occasion, why=body.reason[:500])
    else:
        raise Refused("MAG-E465", f"the case is `{case.standing.state}`: too late to take it back")
    unit.keep_withdrawal(body.approval, envelope.payload_digest(), body.epoch)
    unit.keep(envelope, kind=Withdrawal.NAME, proposal=case.facts.proposal, author=person.person, seq=recorded.seq)
    return case


def _verify_in_review(case: Case) -> None:
    if case.standing.state is not CaseState.IN_REVIEW:
        why = f": {case.standing.why}" if case.standing.state is CaseState.STALE else ", not in review"
        raise Refused("MAG-E465", f"the case is `{case.standing.state}`{why}")


def _verify_unchanged(found: Papers, trust: Trust) -> None:
    """Policy and roster still are those that the decision was made under (R44)."""
    decision = found.matter.decision.body
    if decision.policy != trust.policy().digest or decision.roster != trust.roster().digest:
        raise Refused("MAG-E465", "policy or roster changed since this was decided", hint="draft it again")


def _verify_lifetime(envelope: Envelope, roster: TrustedRoster) -> None:
    document: Document[Approval] = open_envelope(envelope, Approval, deployment=roster.deployment)
    lasts = unix_seconds(document.expires or document.issued) - unix_seconds(document.issued)
    if lasts > APPROVAL_SECONDS:
        raise Refused("MAG-E105", f"an approval lasts {APPROVAL_SECONDS // 3600} hours at most")


def _verify_named(named: str, signer: str, proposal: str, case: Case) -> None:
    if named != signer:
        raise Refused("MAG-E122", f"`{signer}` signed in the name of `{named}`")
    if proposal != case.facts.proposal:
        raise Refused("MAG-E124", "this names another case")
