"""One case as it stands in the store: its documents, verified again each time they are used."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from magistrate.authority.quorum import GivenApproval, Matter, count_for, verify_approval
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.domain.principal import Role
from magistrate.errors import NotFound, Refused
from magistrate.ports import Store, Trust, Unit
from magistrate.wire.approval import Approval
from magistrate.wire.assessment import Assessment, Verdict
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.proposal import Proposal
from magistrate.wire.session import Session
from magistrate.wire.warrant import Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An obligation and how many persons have met it."""

    role: Role | None
    count: int
    have: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """The documents of a decided case, opened."""

    matter: Matter
    verdict: Verdict
    verdict_sha256: str


def papers(unit: Unit, case: Case, roster: TrustedRoster) -> Papers:
    """Open proposal, assessment and decision of a case.

    Raises:
        Refused: MAG-E465 when it is not decided; MAG-E106 and others when a document is not sound.
    """
    name = case.facts.proposal
    proposal = roster.open_by_front(unit.document(name), Proposal)
    decisions, assessments = unit.documents(Decision.NAME, name), unit.documents(Assessment.NAME, name)
    if not decisions or not assessments:
        raise Refused("MAG-E465", f"the case is `{case.standing.state}`: not decided yet")
    decision = roster.open_by_control(decisions[-1], Decision)
    assessment = roster.open_by_control(assessments[-1], Assessment)
    session = roster.open_by_control(unit.document(case.facts.session_digest), Session).body
    matter = Matter(
        proposal=proposal, proposal_digest=name, session=session, decision=decision,
        decision_digest=decisions[-1].payload_digest(),
    )  # fmt: skip
    return Papers(matter=matter, verdict=assessment.body.verdict, verdict_sha256=assessment.body.verdict_sha256)


def standing_approvals(
    unit: Unit, case: Case, matter: Matter, roster: TrustedRoster, now: int
) -> tuple[GivenApproval, ...]:
    """Approvals that count now: verified again, not expired, not withdrawn, bound to this decision."""
    given = []
    for envelope in unit.documents(Approval.NAME, case.facts.proposal):
        if unit.withdrawn(envelope.payload_digest()):
            continue
        try:
            given.append(verify_approval(envelope, matter, roster, now))
        except Refused:
            continue  # expired, or void because what it was bound to changed; it never counts again
    return tuple(given)


def met(obligations: Sequence[Obligation], given: Sequence[GivenApproval]) -> tuple[Met, ...]:
    """Each obligation with how many persons have met it."""
    return tuple(Met(role=o.role, count=o.count, have=count_for(given, o), rule=o.rule) for o in obligations)


def bundle(store: Store, trust: Trust, unit: Unit, case: Case, now: int) -> CaseBundle:
    """Everything about one case, as people, executor and gate get it."""
    name = case.facts.proposal
    session = unit.document(case.facts.session_digest)
    opened = open_envelope(session, Session, deployment=trust.roster().deployment).body
    approvals = _counted(unit, case, trust.roster(), now)
    warrants = _standing_warrants(unit, case)
    leaf = salt = proof = ""
    if warrants and case.standing.warrant_seq is not None:
        raw_leaf, raw_salt = unit.opening(case.standing.warrant_seq, "warrant")
        leaf, salt = base64.b64encode(raw_leaf).decode(), base64.b64encode(raw_salt).decode()
        try:
            proof = store.proof(case.standing.warrant_seq)
        except NotFound:
            proof = ""  # not witnessed yet: whoever needs the proof refuses without it
    return CaseBundle(
        roster=trust.chain(), policy=trust.policy_envelope(), manifest=unit.document(opened.manifest),
        session=session, proposal=unit.document(name), assessment=_last(unit.documents(Assessment.NAME, name)),
        evidence=unit.documents("evidence", name), decision=_last(unit.documents(Decision.NAME, name)),
        approvals=approvals, warrant=_last(warrants), warrant_leaf=leaf, warrant_salt=salt, warrant_proof=proof,
        diff=base64.b64encode(unit.payload(name, "diff")).decode(),
        prompt=unit.payload(name, "prompt").decode(), rationale=unit.payload(name, "rationale").decode(),
        promotions=_promotions(unit, warrants, trust.roster()),
    )  # fmt: skip


def _promotions(unit: Unit, warrants: Sequence[Envelope], roster: TrustedRoster) -> tuple[Envelope, ...]:
    """The promotions that a warrant names."""
    if not warrants:
        return ()
    return tuple(unit.document(name) for name in roster.open_by_control(warrants[-1], Warrant).body.promotions)


def _counted(unit: Unit, case: Case, roster: TrustedRoster, now: int) -> tuple[Envelope, ...]:
    """The approvals that a warrant names, or those that count now."""
    name = case.facts.proposal
    every = unit.documents(Approval.NAME, name)
    warrants = _standing_warrants(unit, case)
    if warrants:
        named = set(roster.open_by_control(warrants[-1], Warrant).body.approvals)
    else:
        try:
            found = papers(unit, case, roster)
        except Refused:
            return ()
        named = {g.digest for g in standing_approvals(unit, case, found.matter, roster, now)}
    return tuple(envelope for envelope in every if envelope.payload_digest() in named)


def _standing_warrants(unit: Unit, case: Case) -> tuple[Envelope, ...]:
    """Every warrant of the case, none while the last is over and the case waits again."""
    return () if case.standing.warrant is None else unit.documents(Warrant.NAME, case.facts.proposal)


def _last(envelopes: Sequence[Envelope]) -> Envelope | None:
    return envelopes[-1] if envelopes else None


def opened_proposal(unit: Unit, case: Case, roster: TrustedRoster) -> Document[Proposal]:
    """The proposal of a case."""
    return roster.open_by_front(unit.document(case.facts.proposal), Proposal)
