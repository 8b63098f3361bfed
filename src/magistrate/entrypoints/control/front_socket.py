"""Doors of front, on a socket of their own: whose token, record a read, seal a proposal."""

from __future__ import annotations

from typing import Final

import msgspec

from magistrate.domain.finding import Finding
from magistrate.domain.stages import stage_ref
from magistrate.entrypoints.control.app import Door
from magistrate.entrypoints.control.desk import Asked, ControlParts
from magistrate.errors import NotFound, Refused
from magistrate.ports import Unit
from magistrate.usecases.finding_secrets import Reaches
from magistrate.usecases.gathered import gathered_by, record_read
from magistrate.usecases.seal import seal_proposal
from magistrate.usecases.sessions import admit_token, verify_open
from magistrate.wire.agent_api import FindingView, ReasonView, SecretView
from magistrate.wire.agent_manifest import AgentManifest
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.front_api import (
    CaseStatus,
    FindingPage,
    Gathered,
    ReadNote,
    Receipt,
    Sealed,
    SealRequest,
    SessionQuestion,
    SessionView,
    StageView,
    TokenQuestion,
)
from magistrate.wire.session import Session

FRONT: Final = ("front",)


class FindingsQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `/findings`."""

    session: str
    limit: int
    after: str


class NamedQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `/finding` and `/status`."""

    session: str
    id: str


def token(parts: ControlParts, asked: Asked) -> SessionView:
    """The live session of a token, with the target as it stands now."""
    question = asked.read(TokenQuestion)
    with parts.store.transaction() as unit:
        row = admit_token(unit, question.token_sha256, question.client_sha256, asked.now)
        envelope = unit.document(row.digest)
        session = open_envelope(envelope, Session, deployment=parts.deployment).body
        manifest = open_envelope(unit.document(session.manifest), AgentManifest, deployment=parts.deployment).body
    ruled = parts.trust.policy().repository(row.repository)
    commit = parts.repositories.tip(row.repository, ruled.ref)
    if not commit:
        raise Refused("MAG-E464", f"`{ruled.ref}` of `{row.repository}` does not exist")
    return SessionView(
        session=envelope, model=f"{manifest.model} {manifest.model_version}", environment=ruled.environment,
        ref=ruled.ref, git_dir=parts.repositories.git_dir(row.repository), commit=commit,
        tree=parts.repositories.tree(row.repository, commit), bytes_left=row.bytes_left,
        release_tags=ruled.release_tags, stages=_stages(parts, row.repository),
    )  # fmt: skip


def _stages(parts: ControlParts, repository: str) -> tuple[StageView, ...]:
    named = (one for one in parts.trust.policy().body.stages if one.repository == repository)
    return tuple(
        StageView(
            stage=one.stage, environment=one.environment,
            old=parts.repositories.tip(repository, stage_ref(one.stage)), system=one.system, document=one.document,
            secret=one.secret, target=one.target,
        )
        for one in named
    )  # fmt: skip


def reads(parts: ControlParts, asked: Asked) -> Receipt:
    """Record a read before front serves it."""
    with parts.store.transaction() as unit:
        return Receipt(receipt=record_read(unit, asked.read(ReadNote), asked.now))


def gathered(parts: ControlParts, asked: Asked) -> Gathered:
    """What a session read so far, for its proposal to state."""
    with parts.store.transaction() as unit:
        return gathered_by(unit, verify_open(unit.session(asked.read(SessionQuestion).session), asked.now))


def proposals(parts: ControlParts, asked: Asked) -> Sealed:
    """Seal a signed proposal."""
    with parts.store.transaction() as unit:
        case = seal_proposal(
            unit, asked.read(SealRequest), roster=parts.trust.roster(), policy=parts.trust.policy(),
            repositories=parts.repositories, now=asked.now,
        )  # fmt: skip
    parts.wake.set()
    return Sealed(proposal=case.facts.proposal, state=case.standing.state.value)


def findings(parts: ControlParts, asked: Asked) -> FindingPage:
    """Findings of the session's repository."""
    question = asked.read(FindingsQuestion)
    limit = min(max(question.limit, 1), 200)
    with parts.store.transaction() as unit:
        row = verify_open(unit.session(question.session), asked.now)
        found = unit.findings(row.repository, limit, question.after)
    following = found[-1].id if len(found) == limit and found else ""
    reaches = parts.secrets_of(found)
    return FindingPage(findings=tuple(_view(f, reaches) for f in found), next=following)


def finding(parts: ControlParts, asked: Asked) -> FindingView:
    """One finding of the session's repository."""
    question = asked.read(NamedQuestion)
    with parts.store.transaction() as unit:
        row = verify_open(unit.session(question.session), asked.now)
        found = unit.finding(question.id)
    if found.repository != row.repository:
        raise NotFound("MAG-E450", f"no finding `{question.id[:60]}` in this repository")
    return _view(found, parts.secrets_of([found]))


def status(parts: ControlParts, asked: Asked) -> CaseStatus:
    """Where a proposal of the session stands."""
    question = asked.read(NamedQuestion)
    with parts.store.transaction() as unit:
        row = verify_open(unit.session(question.session), asked.now)
        case = unit.case(question.id)
        if case.facts.session != row.session:
            raise NotFound("MAG-E450", "no such proposal of this session")
        reasons = _reasons(unit, parts, case.facts.proposal)
    return CaseStatus(
        proposal=case.facts.proposal, state=case.standing.state.value, strictness=case.standing.strictness,
        classes=case.standing.classes, reasons=reasons,
    )  # fmt: skip


def _reasons(unit: Unit, parts: ControlParts, proposal: str) -> tuple[ReasonView, ...]:
    found = unit.documents(Decision.NAME, proposal)
    if not found:
        return ()
    decision = parts.trust.roster().open_by_control(found[-1], Decision).body
    return tuple(ReasonView(code=r.rule, text=r.why, relax=r.relax) for r in decision.reasons)


def _view(found: Finding, reaches: Reaches) -> FindingView:
    secrets = [
        SecretView(name=one.name, path=one.path, line=one.line, consumers=list(one.consumers), opens=list(one.opens))
        for one in reaches.get(found.id, ())
    ]
    return FindingView(
        id=found.id, rule=found.rule, tool=found.tool, message=found.message, path=found.path,
        start_line=found.start_line, end_line=found.end_line, severity=found.severity.value,
        fingerprint=found.fingerprint, source_sha256=found.source, repository=found.repository,
        secrets=secrets,
    )  # fmt: skip


_AT: Final = "/internal/v1"
FRONT_DOORS: Final = (
    Door(method="POST", path=f"{_AT}/token", act=token, doors=FRONT),
    Door(method="POST", path=f"{_AT}/reads", act=reads, doors=FRONT),
    Door(method="POST", path=f"{_AT}/gathered", act=gathered, doors=FRONT),
    Door(method="POST", path=f"{_AT}/proposals", act=proposals, doors=FRONT),
    Door(method="POST", path=f"{_AT}/findings", act=findings, doors=FRONT),
    Door(method="POST", path=f"{_AT}/finding", act=finding, doors=FRONT),
    Door(method="POST", path=f"{_AT}/status", act=status, doors=FRONT),
)
