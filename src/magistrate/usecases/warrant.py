"""Warrant: a cleared case becomes signed authority for one action, once, for five minutes.

Rule kept (invariants 6, 10; R37, R44, R85): everything is verified again at this moment: that
nothing changed under the case, that the approvals stand and suffice, that floor and readiness
let it execute. The warrant is signed, recorded and witnessed before anybody can fetch it; what may
not execute ends APPROVED_NOT_EXECUTED, with all its documents for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from magistrate.authority.estate import weak_because
from magistrate.authority.floor import Ground, floor_ruling, not_executable_because
from magistrate.authority.quorum import GivenApproval, verify_quorum
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Refused
from magistrate.ports import Pen, Repositories, Store, Trust, Unit
from magistrate.usecases.drills import drilled
from magistrate.usecases.holds import standing_holds
from magistrate.usecases.matter import Papers, papers, standing_approvals
from magistrate.usecases.polls import Polls
from magistrate.usecases.release import release_overtaken
from magistrate.usecases.skew import hold_outdated
from magistrate.usecases.stale import moved_on
from magistrate.usecases.transition import Occasion, move
from magistrate.usecases.trust import clear_promoted, cleared_by_promotion, covering
from magistrate.usecases.turns import next_turn
from magistrate.wire.effect import GitEffect, Release
from magistrate.wire.warrant import WARRANT_SECONDS, Warrant

IN_EXECUTION: Final = (CaseState.WARRANTED, CaseState.EXECUTING, CaseState.VERIFYING, CaseState.ROLLING_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Agreed:
    """What a warrant rests on: approvals of this change, or promotions of what it is; digests in order."""

    approvals: tuple[str, ...] = ()
    promotions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What issuing needs. `disarmed` is empty, or says why no warrant is issued at all.

    `assessor` gives the digest of control's own assessor, `polls` knows which executors ask for work.
    """

    store: Store
    trust: Trust
    pen: Pen
    repositories: Repositories
    same_user_walls: bool
    assessor: Callable[[], str]
    polls: Polls = field(default_factory=Polls)
    disarmed: str = ""


def issue(office: Office, proposal: str, now: int) -> Case:
    """Take a CLEARED case to WARRANTED, APPROVED_NOT_EXECUTED, STALE or EXPIRED, or leave it.

    It is left CLEARED while another case of the repository executes, a freeze covers it, a halted case that nobody
    closed holds its ref, or every executor that asks has another assessor than the one that judged. When control's
    own assessor is another by now it is HELD, to be judged again.

    Raises:
        Unavailable: MAG-E203, MAG-E220, MAG-E443 when nothing can be recorded or witnessed; the
            case stays as it was. Refused: MAG-E469 when control is disarmed.
    """
    if office.disarmed:
        raise Refused("MAG-E469", f"no warrant is issued: {office.disarmed}")
    office.store.seal()
    with office.store.transaction() as unit:
        case = unit.case(proposal)
        if case.standing.state is not CaseState.CLEARED:
            return case
        case = _settled(office, unit, case, now)
    office.store.seal()
    return case


def clear(office: Office, unit: Unit, case: Case, now: int) -> Case:
    """Clear a case in review where people promoted what it is proven to be; any other stays with them."""
    found = papers(unit, case, office.trust.roster())
    return clear_promoted(unit, office.trust, case, found, ground_of(office, unit, case, found, now), now)


def fetchable(store: Store, unit: Unit, now: int) -> tuple[Case, ...]:
    """Warranted cases that nobody took, not expired, whose warrant is in the witnessed log."""
    found = []
    for case in unit.cases((CaseState.WARRANTED,), limit=50):
        standing = case.standing
        if standing.taken is not None or standing.warrant_seq is None or (standing.warrant_expires or 0) <= now:
            continue
        try:
            store.proof(standing.warrant_seq)
        except NotFound:
            continue  # recorded but not witnessed yet: no record, no action
        found.append(case)
    return tuple(found)


def _settled(office: Office, unit: Unit, case: Case, now: int) -> Case:
    roster, own = office.trust.roster(), office.assessor()
    found = papers(unit, case, roster)
    if found.verdict.assessor != own:
        return hold_outdated(unit, case, found.verdict.assessor, own, now)
    busy = unit.cases(IN_EXECUTION, limit=1, repository=case.facts.repository)
    if busy or standing_holds(unit, office.trust, case, office.polls, now):
        return case
    stale = _stale_because(office, case, found)
    if stale:
        return _end(unit, case, CaseState.STALE, stale, now)
    return _on_agreement(office, unit, case, found, now)


def _on_agreement(office: Office, unit: Unit, case: Case, found: Papers, now: int) -> Case:
    """Issue to what people approved or promoted, or say what became of that."""
    given = standing_approvals(unit, case, found.matter, office.trust.roster(), now)
    ground = ground_of(office, unit, case, found, now)
    if not given and cleared_by_promotion(unit, case):
        return _settled_promoted(office, unit, case, found, ground, now)
    try:
        verify_quorum(given, found.matter.decision.body.obligations)
    except Refused as error:
        return _end(unit, case, CaseState.EXPIRED, error.message, now)
    why = _not_executable(found, given, ground)
    if why:
        return _end(unit, case, CaseState.APPROVED_NOT_EXECUTED, why, now)
    return _issue(office, unit, case, found, _Agreed(approvals=tuple(sorted(g.digest for g in given))), now)


def _settled_promoted(office: Office, unit: Unit, case: Case, found: Papers, ground: Ground, now: int) -> Case:  # noqa: PLR0913, PLR0917  as above
    """What nobody was asked about waits for people as soon as something speaks against it (R73)."""
    try:
        covered = covering(unit, office.trust, case, found, ground, now)
    except Refused as error:
        occasion = Occasion(event=Event.CASE_HELD, now=now, facts={"why": error.message[:1000]})
        return move(unit, case, (CaseState.HELD,), occasion, why=error.message[:500])[0]
    named = tuple(sorted(one.payload_digest() for one in covered))
    return _issue(office, unit, case, found, _Agreed(promotions=named), now)


def ground_of(office: Office, unit: Unit, case: Case, found: Papers, now: int) -> Ground:
    """What is true of the place where a case would land."""
    policy = office.trust.policy()
    repository = policy.place(effect_of(found))
    return Ground(
        production=repository.production, solo=office.trust.roster().solo, same_user_walls=office.same_user_walls,
        drilled=drilled(unit, case.facts.repository, case.facts.environment, now),
        weak=weak_because(policy.body, repository),
    )  # fmt: skip


def _stale_because(office: Office, case: Case, found: Papers) -> str:
    """What changed under the case since it was decided, or an empty text."""
    decision, effect = found.matter.decision.body, effect_of(found)
    policy = office.trust.policy()
    if decision.policy != policy.digest:
        return "the policy changed"
    if decision.roster != office.trust.roster().digest:
        return "the roster changed"
    if decision.assessment_verdict != found.verdict_sha256:
        return "the assessment changed"
    ruled = policy.place(effect)
    if effect.environment != ruled.environment or (not isinstance(effect, Release) and effect.ref != ruled.ref):
        return "the policy names another ref or environment"
    if isinstance(effect, Release):
        return release_overtaken(effect, ruled, office.repositories)
    tip = office.repositories.tip(effect.repository, effect.ref)
    return "" if tip == effect.old else moved_on(case, tip)


def effect_of(found: Papers) -> GitEffect:
    """What the proposal of a case would do."""
    effect = found.matter.proposal.body.effect
    assert isinstance(effect, GitEffect)  # noqa: S101  sealed so
    return effect


def _not_executable(found: Papers, given: tuple[GivenApproval, ...], ground: Ground) -> str:
    """Why an approved change is handed to a person instead (R85, floor), or an empty text."""
    ruling = floor_ruling(found.verdict, ground)
    if ruling.strictness is Strictness.DENY or found.matter.decision.body.strictness is Strictness.DENY:
        return "the floor denies it"
    try:
        verify_quorum(given, ruling.obligations)
    except Refused as error:
        return error.message
    if not any(g.approval.rebuilt for g in given):
        return "nobody rebuilt this change on their own machine"
    chain = found.matter.decision.body.chain
    return "; ".join(not_executable_because(found.verdict, ground, () if chain is None else chain.classes))


def _issue(  # noqa: PLR0913, PLR0917  what a warrant rests on
    office: Office, unit: Unit, case: Case, found: Papers, agreed: _Agreed, now: int
) -> Case:
    matter, roster = found.matter, office.trust.roster()
    turn = next_turn(unit, case, roster, office.polls, found.verdict.assessor, now)
    body = Warrant(
        executor=turn.executor, proposal=matter.proposal_digest,
        decision=matter.decision_digest, assessment_verdict=found.verdict_sha256,
        policy=matter.decision.body.policy, roster=matter.decision.body.roster,
        approvals=agreed.approvals, promotions=agreed.promotions, action=matter.proposal.body.action,
        environment=case.facts.environment, effect=matter.proposal.body.effect,
    )  # fmt: skip
    envelope = office.pen.sign(body, "wrt", now=now, lifetime=WARRANT_SECONDS)
    name = roster.open_by_control(envelope, Warrant).id
    facts = {
        "warrant": envelope.payload_digest(), "id": name, "executor": body.executor, "chosen": turn.why, "decision": body.decision,
        "approvals": " ".join(body.approvals), "action": body.action.value,
    }  # fmt: skip
    facts |= {"promotions": " ".join(body.promotions)} if body.promotions else {}
    occasion = Occasion(
        event=Event.WARRANT_ISSUED, now=now, facts=facts, payloads={"warrant": envelope.payload_bytes()},
        once=f"warrant:{case.facts.proposal}{_nth(unit, case)}",
    )  # fmt: skip
    case, recorded = move(
        unit, case, (CaseState.WARRANTED,), occasion, warrant=name, warrant_expires=now + WARRANT_SECONDS
    )
    unit.keep(envelope, kind=Warrant.NAME, proposal=case.facts.proposal, author="control", seq=recorded.seq)
    office.polls.last = turn.executor
    return case


def _nth(unit: Unit, case: Case) -> str:
    """Which warrant of the case it is; empty for the first."""
    before = len(unit.documents(Warrant.NAME, case.facts.proposal))
    return f":{before}" if before else ""


def _end(unit: Unit, case: Case, state: CaseState, why: str, now: int) -> Case:
    occasion = Occasion(event=Event.CASE_CLOSED, now=now, facts={"why": why[:1000]})
    return move(unit, case, (state,), occasion, why=why[:500])[0]
