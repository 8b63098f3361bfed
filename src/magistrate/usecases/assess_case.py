"""Assess and decide a sealed case: what the change is, then what it needs.

Rule kept: both are computed by the judge in the sandbox, from bytes, policy and place; what
cannot be judged is HELD and never guessed. A denial ends the case as REFUSED.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from magistrate.authority.across import Apart, LinkedVerdict
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.ports import Assessed, Assessor, Pen, Store, Trust
from magistrate.usecases.across import place_of
from magistrate.usecases.chains import CHAIN, Ruling, chained, mixed, not_low_together, pull_back
from magistrate.usecases.company import Company, company_of, unseen
from magistrate.usecases.pace import Earlier, earlier_of, paced, raise_alarms
from magistrate.usecases.settled import counts_again
from magistrate.usecases.transition import Occasion, move, route
from magistrate.wire.assessment import Assessment, Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.decision import Decision
from magistrate.wire.document import Document
from magistrate.wire.effect import GitEffect, GitUpdate
from magistrate.wire.proposal import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What judging needs."""

    store: Store
    trust: Trust
    pen: Pen
    assessor: Assessor


def judge_case(bench: Bench, proposal: str, now: int) -> Case:
    """Take a SEALED or HELD case through assessment and decision.

    The judge runs outside any transaction; when the case moved meanwhile, nothing is written.

    Raises:
        Refused: MAG-E465 when the case, or one by the same hands, moved meanwhile. Unavailable: MAG-E443.
    """
    with bench.store.transaction() as unit:
        case = unit.case(proposal)
        envelope, diff = unit.document(case.facts.proposal), unit.payload(case.facts.proposal, "diff")
        company = company_of(unit, case, bench.trust.roster().deployment, now)
        earlier = earlier_of(unit, case, bench.trust.roster().deployment, now)
    document = bench.trust.roster().open_by_front(envelope, Proposal)
    try:
        assessed = _assess(bench, case, document, diff, now)
        ruling = _decide(bench, document, assessed.verdict)
        ruling, company = _with_others(bench, document, diff, company, (assessed.verdict, ruling))
        ruling = mixed(ruling, case, assessed.verdict, company.session)
        ruling = paced(ruling, case.facts.repository, assessed.verdict, earlier)
    except MagistrateError as error:
        return _hold(bench, case, error, now)
    return _write(bench, case, document, assessed, ruling, (company, earlier), now)


def question(document: Document[Proposal], verdict: Verdict, trust: Trust, place: str = "") -> dict[str, object]:
    """Input of the judge's `decide` mode, from the proposal, its verdict, policy and roster; `place`: as if it were there."""
    policy, proposal = trust.policy(), document.body
    effect = _git(proposal)
    asked: dict[str, object] = msgspec.to_builtins(
        {
            "verdict": verdict, "policy": policy.body, "action": proposal.action,
            "solo": trust.roster().solo, "agent": proposal.agent, "provenance": proposal.provenance,
            "context_gaps": proposal.context_gaps, **place_of(policy.body.repositories, policy.place(effect), effect, place),
        }
    )  # fmt: skip
    return asked


def _assess(bench: Bench, case: Case, document: Document[Proposal], diff: bytes, now: int) -> Assessed:
    return bench.assessor.assess(case.facts.proposal, _git(document.body), diff, now)


def _with_others(
    bench: Bench, document: Document[Proposal], diff: bytes, company: Company, alone: tuple[Verdict, Ruling]
) -> tuple[Ruling, Company]:
    """The ruling on the change, and on what it completes together with others, here and where a link leads: what asks most.

    What is linked is ruled by the environment of every repository that it is linked with (R34).
    """
    effect = _git(document.body)
    if not isinstance(effect, GitUpdate):
        return alone[1], company  # a release brings all that landed since the one before: it is the whole already
    verdicts = bench.assessor.together(effect, diff, company.others)
    own = (alone[0], *verdicts)
    linked = _linked(bench, effect, diff, company, own)
    away = [one.verdict for one in linked]
    rulings = [(verdict, _decide(bench, document, verdict)) for verdict in (*away, *verdicts)]
    for place in sorted({one.repository for one in linked}):
        rulings = [*((verdict, _decide(bench, document, verdict, place)) for verdict in (*own, *away)), *rulings]
    again = counts_again((*verdicts, *away))
    known = company.counting(again=again).with_linked(name for one in linked for name in one.members)
    ruling = chained(alone[1], rulings, known, tuple(dict.fromkeys(one.why for one in linked)))
    return not_low_together(ruling, alone[0], (*verdicts, *away)), known


def _linked(
    bench: Bench, effect: GitUpdate, diff: bytes, company: Company, own: tuple[Verdict, ...]
) -> tuple[LinkedVerdict, ...]:
    if not company.elsewhere:
        return ()
    places = {one.repository: one for one in bench.trust.policy().body.repositories}
    apart = Apart(here=company.others, elsewhere=company.elsewhere, places=places)
    return bench.assessor.across(effect, diff, apart, own)


def _decide(bench: Bench, document: Document[Proposal], verdict: Verdict, place: str = "") -> Ruling:
    answer = bench.assessor.decide(question(document, verdict, bench.trust, place))
    try:
        return msgspec.convert(answer, Ruling, strict=True)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E468", f"the judge gave no usable decision: {error}") from error


def _git(proposal: Proposal) -> GitEffect:
    if not isinstance(proposal.effect, GitEffect):
        raise Unavailable("MAG-E468", f"no assessor for the effect `{type(proposal.effect).__name__}`")
    return proposal.effect


def _hold(bench: Bench, case: Case, error: MagistrateError, now: int) -> Case:
    if case.standing.state is CaseState.HELD:
        return case
    facts = {"code": error.code, "why": error.message[:1000]}
    with bench.store.transaction() as unit:
        path = (CaseState.ASSESSING, CaseState.HELD)
        return move(
            unit, case, path, Occasion(event=Event.CASE_HELD, now=now, facts=facts), why=f"{error.code} {error.message}"
        )[0]


def _write(  # noqa: PLR0913, PLR0917  one transaction writes all of it
    bench: Bench,
    case: Case,
    document: Document[Proposal],
    assessed: Assessed,
    ruling: Ruling,
    known: tuple[Company, tuple[Earlier, ...]],
    now: int,
) -> Case:
    name, verdict, (company, earlier) = case.facts.proposal, assessed.verdict, known
    policy, roster = bench.trust.policy(), bench.trust.roster()
    evidence = tuple(envelope.payload_digest() for envelope in assessed.evidence)
    assessment = Assessment(proposal=name, verdict_sha256=digest_of(verdict), verdict=verdict, evidence=evidence)
    decision = Decision(
        proposal=name, assessment_verdict=assessment.verdict_sha256, policy=policy.digest, roster=roster.digest,
        action=document.body.action, environment=case.facts.environment, strictness=ruling.strictness,
        obligations=ruling.obligations, reasons=ruling.reasons, chain=ruling.chain,
    )  # fmt: skip
    assessed_envelope = bench.pen.sign(assessment, "asm", now=now, lifetime=None)
    decided_envelope = bench.pen.sign(decision, "dec", now=now, lifetime=None)
    with bench.store.transaction() as unit:
        if unseen(unit, case, company, now):
            raise Refused("MAG-E465", "another change by the same hands was decided meanwhile: judged again")
        facts = {
            "assessment": assessed_envelope.payload_digest(), "verdict": assessment.verdict_sha256,
            "classes": " ".join(verdict.classes), "strictness": verdict.strictness.value,
            "assessor": verdict.assessor, "evidence": " ".join(evidence),
        }  # fmt: skip
        occasion = Occasion(
            event=Event.ASSESSMENT_MADE, now=now, facts=facts,
            payloads={"assessment": assessed_envelope.payload_bytes()},
        )  # fmt: skip
        path = (CaseState.ASSESSING, CaseState.ASSESSED)
        classes = tuple(sorted({kind.value for kind in verdict.classes}))
        case, recorded = move(unit, case, path, occasion, classes=classes, why="")
        unit.keep(assessed_envelope, kind=Assessment.NAME, proposal=name, author="control", seq=recorded.seq)
        for envelope in assessed.evidence:
            unit.keep(envelope, kind="evidence", proposal=name, author="control", seq=recorded.seq)
        target = CaseState.REFUSED if _denied(ruling) else CaseState.IN_REVIEW
        told = {
            "decision": decided_envelope.payload_digest(), "strictness": ruling.strictness.value,
            "obligations": "; ".join(f"{o.count} of {o.role or 'any'} ({o.rule})" for o in ruling.obligations),
            "policy": policy.digest, "roster": roster.digest,
        }  # fmt: skip
        occasion = Occasion(
            event=Event.DECISION_MADE, now=now, facts=told, payloads={"decision": decided_envelope.payload_bytes()}
        )
        case, recorded = move(
            unit, case, route(case.standing.state, target), occasion,
            strictness=ruling.strictness.value, why=_why(ruling),
        )  # fmt: skip
        unit.keep(decided_envelope, kind=Decision.NAME, proposal=name, author="control", seq=recorded.seq)
        raise_alarms(unit, case, verdict, earlier, now)
        pull_back(unit, case, company, ruling, roster.deployment, now)
    return case


def _denied(ruling: Ruling) -> bool:
    """Denied, or with nothing that could ever be met."""
    return ruling.strictness is Strictness.DENY or not ruling.obligations


def _why(ruling: Ruling) -> str:
    """The reasons that others by the same hands give, then the first of the rest."""
    first = sorted(ruling.reasons, key=lambda reason: reason.source != CHAIN)
    return "; ".join(reason.why for reason in first[:3])[:500]
