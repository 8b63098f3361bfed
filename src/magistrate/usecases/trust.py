"""Trust: a class of changes earns in one place that nobody has to be asked, and loses it at once.

Rule kept (invariant 10; R69-R73): a promotion is kept only when the record of that class, repository, environment,
assessor and version of the agent shows all that `domain.trust` asks, and two persons signed it. It clears a case only
while nothing speaks against it; whatever goes wrong there ends it from the next decision on, and what it cleared waits
for people again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from magistrate.authority.floor import Ground, classes_of
from magistrate.authority.promotion import Candidate, open_promotion, promoters, verify_promoted, verify_promotion
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.trust import Bars, TrackRecord, lacking
from magistrate.errors import Refused
from magistrate.ports import Trust, Unit
from magistrate.usecases.drills import demoted_at
from magistrate.usecases.matter import Papers
from magistrate.usecases.track_record import MAX_CASES, SETBACKS, Place, counted, set_back
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.agent_manifest import AgentState
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.times import rfc3339, unix_seconds
from magistrate.wire.trust import Promotion
from magistrate.wire.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A promotion and what became of it: `lost` is empty while it counts."""

    envelope: Envelope
    body: Promotion
    issued: int
    expires: int
    persons: tuple[str, ...]
    lost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """What deciding about a promotion needs: trust, control's own assessor, and how much is enough."""

    trust: Trust
    assessor: str
    bars: Bars = field(default_factory=Bars)


def record_of(unit: Unit, earning: Earning, place: Place, now: int) -> tuple[TrackRecord, tuple[str, ...]]:
    """The record of a class in a place, and what it lacks for a promotion, in words."""
    record = counted(unit, earning.trust.roster(), place, earning.bars, now)
    return record, tuple(lacking(record, earning.bars))


def keep_promotion(unit: Unit, envelope: Envelope, earning: Earning, now: int) -> str:
    """Keep a promotion that two persons signed; its digest. The same again changes nothing.

    Raises:
        Refused: MAG-E471 when the record does not show what it must, MAG-E129, MAG-E105, MAG-E121, MAG-E106, MAG-E107
            when the document is not acceptable. NotFound: MAG-E450 for an agent that nobody registered.
    """
    trust, name = earning.trust, envelope.payload_digest()
    if unit.recorded(f"promotion:{name}"):
        return name
    agent = unit.agent(open_envelope(envelope, Promotion, deployment=trust.roster().deployment).body.agent)
    given, body = open_promotion(envelope, trust.roster(), now, owner=agent.owner)
    for what, granted, own in (
        ("policy", body.policy, trust.policy().digest),
        ("assessor", body.assessor, earning.assessor),
    ):
        if granted != own:
            raise Refused("MAG-E129", f"promoted for the {what} `{granted[:19]}`, here it is `{own[:19]}`")
    if body.environment not in trust.policy().environments(body.repository):
        raise Refused("MAG-E129", f"policy knows no `{body.environment}` for `{body.repository}`")
    if agent.state != AgentState.ACTIVE or agent.manifest not in body.evidence:
        raise Refused("MAG-E129", f"the agent `{body.agent}` is another version by now, or is not active")
    place = Place(
        change_class=body.change_class, repository=body.repository, environment=body.environment, agent=body.agent,
        manifest=agent.manifest, assessor=body.assessor,
    )  # fmt: skip
    _, missing = record_of(unit, earning, place, now)
    if missing:
        raise Refused("MAG-E471", missing[0], hint="; ".join(missing[1:])[:900] or "magistrate trust")
    facts = {
        "promotion": name, "class": body.change_class.value, "repository": body.repository, "environment": body.environment,
        "agent": body.agent, "persons": " ".join(given.persons), "expires": rfc3339(given.expires),
    }  # fmt: skip
    seq = unit.append(
        Event.TRUST_PROMOTED, f"promotion:{name}", facts, now=now, once=f"promotion:{name}",
        payloads={"promotion": envelope.payload_bytes()},
    ).seq  # fmt: skip
    unit.keep(envelope, kind=Promotion.NAME, proposal=None, author=given.persons[0], seq=seq)
    return name


def take_back(unit: Unit, envelope: Envelope, roster: TrustedRoster, now: int) -> str:
    """Anybody of the roster takes a promotion back; its digest. The first who does is recorded.

    Raises:
        NotFound: MAG-E450 no such document. Refused: MAG-E124 no promotion, MAG-E122 in another's name, MAG-E106, MAG-E107.
    """
    document, person = roster.open_by_person(envelope, Withdrawal)
    body = document.body
    if body.person != person.person:
        raise Refused("MAG-E122", f"`{person.person}` signed in the name of `{body.person}`")
    if unit.document(body.approval).payloadType != Promotion.document_type():
        raise Refused(
            "MAG-E124", "this names no promotion", hint="an approval is taken back by who gave it: magistrate withdraw"
        )
    if not unit.withdrawn(body.approval):
        facts = {"promotion": body.approval, "person": person.person, "reason": body.reason}
        seq = unit.append(
            Event.TRUST_DEMOTED, f"promotion:{body.approval}", facts, now=now, once=f"demotion:{body.approval}",
            payloads={"withdrawal": envelope.payload_bytes()},
        ).seq  # fmt: skip
        unit.keep_withdrawal(body.approval, envelope.payload_digest(), body.epoch)
        unit.keep(envelope, kind=Withdrawal.NAME, proposal=None, author=person.person, seq=seq)
    return body.approval


def promotions(unit: Unit, trust: Trust, now: int) -> Iterator[Standing]:
    """Every promotion that was ever kept, oldest first, with why it no longer counts."""
    roster = trust.roster()
    for envelope in unit.documents(Promotion.NAME):
        document = open_envelope(envelope, Promotion, deployment=roster.deployment)
        body, issued = document.body, unix_seconds(document.issued)
        owner = unit.agent(body.agent).owner
        yield Standing(
            envelope=envelope, body=body, issued=issued, expires=unix_seconds(document.expires or document.issued),
            persons=_promoters(envelope, roster, owner),
            lost=_over_because(envelope, trust, owner, now) or _lost_because(unit, envelope, body, issued),
        )  # fmt: skip


def covering(unit: Unit, trust: Trust, case: Case, found: Papers, ground: Ground, now: int) -> tuple[Envelope, ...]:  # noqa: PLR0913, PLR0917  each is known apart
    """The promotions under which nobody has to be asked about a decided case.

    Raises:
        Refused: MAG-E129 with the first reason why a person must look.
    """
    candidate = candidate_of(found)
    wanted = classes_of(found.verdict) | set(
        () if candidate.decision.chain is None else candidate.decision.chain.classes
    )
    chosen: dict[str, Envelope] = {}
    lost = ""
    here = (case.facts.repository, case.facts.environment)
    for standing in promotions(unit, trust, now):
        kind = standing.body.change_class
        if kind not in wanted or (standing.body.repository, standing.body.environment) != here:
            continue
        if standing.lost:
            lost = standing.lost
            continue
        try:
            verify_promotion(standing.envelope, candidate, trust.roster(), now)
        except Refused as error:
            lost = error.message
            continue
        chosen[kind] = standing.envelope
    if lost and not chosen:
        raise Refused("MAG-E129", lost)
    envelopes = tuple(chosen[kind] for kind in sorted(chosen))
    verify_promoted(envelopes, candidate, trust.roster(), ground, now)
    return envelopes


def clear_promoted(unit: Unit, trust: Trust, case: Case, found: Papers, ground: Ground, now: int) -> Case:  # noqa: PLR0913, PLR0917  as above
    """Clear a case in review that promotions cover; any other is left to people, with the reason where one was near."""
    try:
        envelopes = covering(unit, trust, case, found, ground, now)
    except Refused:
        return case  # people are asked, as the decision says
    named = " ".join(sorted(one.payload_digest() for one in envelopes))
    persons = sorted(
        {name for one in promotions(unit, trust, now) if one.envelope in envelopes for name in one.persons}
    )
    occasion = Occasion(
        event=Event.CASE_CLEARED, now=now,
        facts={"promotions": named, "persons": " ".join(persons), "why": "proven low, and promoted here"},
    )  # fmt: skip
    return move(unit, case, (CaseState.CLEARED,), occasion, why="nobody was asked: proven low, and promoted here")[0]


def cleared_by_promotion(unit: Unit, case: Case) -> bool:
    """Whether promotions, and no person, cleared the case at last."""
    told = [
        row.event for row in unit.events(case.facts.proposal) if row.event in {Event.CASE_CLEARED, Event.DECISION_MADE}
    ]
    return bool(told) and told[-1] == Event.CASE_CLEARED


def candidate_of(found: Papers) -> Candidate:
    """A decided case as a promotion would cover it."""
    matter = found.matter
    body = matter.proposal.body
    return Candidate(
        effect=body.effect, agent=body.agent, owner=body.owner, manifest=matter.session.manifest,  # type: ignore[arg-type]  # sealed so
        verdict=found.verdict, decision=matter.decision.body,
    )  # fmt: skip


def _promoters(envelope: Envelope, roster: TrustedRoster, owner: str) -> tuple[str, ...]:
    """Who of the roster of now signed it; nobody where one who signed has left or has another key by now."""
    try:
        return promoters(envelope, roster, owner)
    except Refused:
        return ()  # it is lost as well, and says so


def _over_because(envelope: Envelope, trust: Trust, owner: str, now: int) -> str:
    """Why a promotion is not, or no longer, acceptable by itself, or an empty text."""
    try:
        _, body = open_promotion(envelope, trust.roster(), now, owner=owner)
    except Refused as error:
        return error.message
    return (
        "" if body.policy == trust.policy().digest else "the policy is another one by now: it asks for new signatures"
    )


def _lost_because(unit: Unit, envelope: Envelope, body: Promotion, issued: int) -> str:
    """What ended a promotion before its time, or an empty text (R73)."""
    name = envelope.payload_digest()
    if unit.withdrawn(name):
        told = [row.facts for row in unit.events(f"promotion:{name}") if row.event == Event.TRUST_DEMOTED]
        return f"demoted by {told[-1]['person']}: {told[-1]['reason']}" if told else "demoted"
    ended = unit.cases((*SETBACKS, CaseState.FAILED, CaseState.SUCCEEDED), limit=MAX_CASES, repository=body.repository)
    if len(ended) >= MAX_CASES:
        return "more has happened there than can be looked through"
    bad = [
        case for case in ended
        if case.facts.environment == body.environment and case.standing.updated >= issued
        and (set_back(case) or (case.standing.state is CaseState.FAILED and cleared_by_promotion(unit, case)))
    ]  # fmt: skip
    if bad:
        return f"{bad[0].facts.proposal[7:19]} ended {bad[0].standing.state} at {rfc3339(bad[0].standing.updated)}"
    if demoted_at(unit, body.repository) >= issued:
        return "readiness was lost there after it was signed"
    agent = unit.agent(body.agent)
    if agent.state != AgentState.ACTIVE or agent.manifest not in body.evidence:
        return f"the agent `{body.agent}` is another version by now, or is not active"
    return ""
