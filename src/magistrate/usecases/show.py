"""Show: the whole story of one case, from one query (R60)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import msgspec

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.finding import Finding
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Refused
from magistrate.ports import Trust, Unit
from magistrate.usecases.holds import standing_holds
from magistrate.usecases.matter import met, papers, standing_approvals
from magistrate.usecases.polls import Polls
from magistrate.wire.approval import Approval
from magistrate.wire.closure import Closure
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.report import Report
from magistrate.wire.times import rfc3339
from magistrate.wire.warrant import Warrant

SHORT: Final = 12
PRIOR: Final = ("proposal", "assessment", "decision", Approval.NAME, Warrant.NAME)
"""Documents without which nothing is executed."""
ERASED: Final = {"erased": "yes"}
EXECUTED: Final = frozenset({CaseState.SUCCEEDED, CaseState.ROLLED_BACK, CaseState.HALTED, CaseState.CLOSED})


def summary(unit: Unit, case: Case, trust: Trust, polls: Polls, now: int) -> dict[str, Any]:
    """One line of the queue."""
    facts, standing = case.facts, case.standing
    waits = standing.state is CaseState.CLEARED
    return {
        "proposal": facts.proposal, "short": facts.proposal.removeprefix("sha256:")[:SHORT], "id": facts.id,
        "state": standing.state.value, "class": " ".join(standing.classes), "strictness": standing.strictness,
        "title": facts.title, "agent": facts.agent, "owner": facts.owner, "finding": facts.finding,
        "repository": facts.repository, "ref": facts.ref, "environment": facts.environment, "why": standing.why,
        "obligations": obligations(unit, case, trust.roster(), now), "opened": rfc3339(facts.opened),
        "expires": rfc3339(facts.expires), "updated": rfc3339(standing.updated), "warrant": standing.warrant,
        "together": _together(unit, facts.proposal, trust.roster().deployment),
        "held": [asdict(hold) for hold in standing_holds(unit, trust, case, polls, now)] if waits else [],
    }  # fmt: skip


def _together(unit: Unit, proposal: str, deployment: str) -> int:
    """How many others by the same hands the newest decision counts with this one."""
    decisions = unit.documents(Decision.NAME, proposal)
    chain = open_envelope(decisions[-1], Decision, deployment=deployment).body.chain if decisions else None
    return 0 if chain is None else len(chain.members)


def obligations(unit: Unit, case: Case, roster: TrustedRoster, now: int) -> list[dict[str, Any]]:
    """Each obligation with how many persons have met it; empty before the decision."""
    try:
        found = papers(unit, case, roster)
    except (Refused, NotFound):
        return []
    given = standing_approvals(unit, case, found.matter, roster, now)
    return [
        {"role": m.role.value if m.role else None, "count": m.count, "have": m.have, "rule": m.rule}
        for m in met(found.matter.decision.body.obligations, given)
    ]


def story(unit: Unit, case: Case, trust: Trust, polls: Polls, now: int) -> dict[str, Any]:
    """Prompt, patch, proof, decision, reviewers, credential, action, outcome, and what is missing."""
    name = case.facts.proposal
    events = unit.events(name)
    documents = {
        kind: [_opened(envelope.payload_bytes(), envelope.payload_digest()) for envelope in unit.documents(kind, name)]
        for kind in (
            "proposal", "assessment", "evidence", "decision", Approval.NAME, "rejection", "withdrawal",
            Warrant.NAME, Report.NAME, Closure.NAME,
        )
    }  # fmt: skip
    session = _session(unit, case)
    documents["session"] = [] if session is None else [_opened(session.payload_bytes(), case.facts.session_digest)]
    told = [
        {"seq": e.seq, "event": e.event, "at": rfc3339(e.at), "facts": dict(e.facts)}
        for e in (*unit.events(case.facts.session), *events)
    ]
    linked = {key: e.facts[key] for e in events for key in ("supersedes", "superseded_by") if key in e.facts}
    return {
        "case": {**summary(unit, case, trust, polls, now), **linked}, "events": sorted(told, key=lambda e: int(str(e["seq"]))),
        "documents": documents, "texts": {what: _text(unit, name, what) for what in ("prompt", "rationale", "diff")},
        "missing": list(missing(unit, case)),
    }  # fmt: skip


def findings_of(unit: Unit, case: Case) -> tuple[Finding, ...]:
    """The finding that a case answers, where it is kept."""
    try:
        return (unit.finding(case.facts.finding),)
    except NotFound:
        return ()


def missing(unit: Unit, case: Case) -> tuple[str, ...]:
    """What an executed case lacks of the joined record; empty when complete or never executed."""
    if case.standing.state not in EXECUTED:
        return ()
    name = case.facts.proposal
    seen = {e.event for e in unit.events(name)}
    reports = [msgspec.json.decode(e.payload_bytes())["body"] for e in unit.documents(Report.NAME, name)]
    seen |= {step["event"] for report in reports for step in report["steps"]}
    wanted = [
        Event.PROPOSAL_SEALED, Event.ASSESSMENT_MADE, Event.DECISION_MADE, Event.WARRANT_ISSUED,
        Event.LEASE_REQUESTED, Event.LEASE_HELD, Event.EFFECT_DONE, Event.LEASE_RELEASED, Event.CASE_CLOSED,
    ]  # fmt: skip
    wanted += [Event.CASE_CLEARED if _promoted(unit, name) else Event.APPROVAL_GIVEN]
    lacking = [event.value for event in wanted if event not in seen]
    lacking += [f"what `{e.event}` said (entry {e.seq})" for e in unit.events(name) if e.facts == ERASED]
    lacking += ["prompt"] if not _text(unit, name, "prompt") else []
    lacking += ["diff"] if not _kept(unit, name, "diff") else []  # that of a rotation may say nothing, and is kept
    lacking += _papers_missing(unit, case)
    return (*lacking, *(() if reports else ("report",)))


def _papers_missing(unit: Unit, case: Case) -> list[str]:
    """Documents that an executed case rests on and that are not kept any more, also any that its warrant names."""
    name = case.facts.proposal
    kept = {kind: unit.documents(kind, name) for kind in PRIOR}
    bare = {Approval.NAME} if _promoted(unit, name) else set()
    lacking = [f"document `{kind}`" for kind, found in kept.items() if not found and kind not in bare]
    have = {envelope.payload_digest() for found in kept.values() for envelope in found}
    for envelope in kept[Warrant.NAME]:
        body = msgspec.json.decode(envelope.payload_bytes())["body"]
        for what, named in (("decision", [body["decision"]]), ("approval", body["approvals"])):
            lacking += [f"{what} `{digest}`" for digest in named if digest not in have and kept[what]]
    lacking += [f"promotion `{one}`" for one in _promoted(unit, name) if not _document(unit, one)]
    return lacking + ([] if _session(unit, case) else ["document `session`"])


def _promoted(unit: Unit, proposal: str) -> tuple[str, ...]:
    """Digests of the promotions that the last warrant of a case rests on; empty where people approved."""
    warrants = unit.documents(Warrant.NAME, proposal)
    if not warrants:
        return ()
    return tuple(msgspec.json.decode(warrants[-1].payload_bytes())["body"].get("promotions", ()))


def _document(unit: Unit, digest: str) -> bool:
    try:
        unit.document(digest)
    except NotFound:
        return False
    return True


def _session(unit: Unit, case: Case) -> Envelope | None:
    try:
        return unit.document(case.facts.session_digest)
    except NotFound:
        return None


def _kept(unit: Unit, proposal: str, name: str) -> bool:
    try:
        unit.payload(proposal, name)
    except NotFound:
        return False
    return True


def _text(unit: Unit, proposal: str, name: str) -> str:
    try:
        return unit.payload(proposal, name).decode(errors="replace")
    except NotFound:
        return ""


def _opened(payload: bytes, digest: str) -> dict[str, Any]:
    return {"digest": digest, "document": msgspec.json.decode(payload)}
