"""Sessions and agents: an agent is a registered asset, a session one bounded piece of work.

Rule kept: the token has 256 random bits, is returned once and kept only as a digest; the first
client that uses it is the only one; at most 60 minutes; only an active agent of two signatures,
within the repositories of its manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import AgentRow, SessionRow
from magistrate.domain.events import Event
from magistrate.domain.principal import Role
from magistrate.errors import MagistrateError, NotFound, Refused, Usage
from magistrate.ports import Pen, Unit
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import digest
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope, decode_envelope, join_signatures
from magistrate.wire.roster import Person
from magistrate.wire.session import MAX_SESSION_SECONDS, Session
from magistrate.wire.times import unix_seconds

BYTE_BUDGET: Final = 20_000_000
PENDING: Final = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session with its token, which is not kept anywhere."""

    session: str
    token: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWish:
    """What a person asks for."""

    agent: str
    finding: str
    reason: str
    minutes: int


def register_agent(unit: Unit, envelope: Envelope, roster: TrustedRoster, now: int) -> AgentRow:
    """Register an agent, or park its manifest until the second signature arrives.

    Raises:
        Refused: MAG-E106, MAG-E107 signature; MAG-E122 when neither owner nor operator signed.
    """
    manifest = open_envelope(envelope, AgentManifest, deployment=roster.deployment).body
    joined = _joined(unit, envelope, manifest.agent)
    signers = roster.signers(joined)
    owner = roster.person(manifest.owner)
    operators = [p for p in signers.values() if Role.OPERATOR in p.roles]
    if owner.person not in signers and not operators:
        raise Refused("MAG-E122", f"neither the owner `{owner.person}` nor an operator signed the manifest")
    complete = owner.person in signers and bool(operators)
    row = AgentRow(
        agent=manifest.agent, owner=manifest.owner, state=manifest.state.value if complete else PENDING,
        manifest=joined.payload_digest(), envelope=joined.encode(), updated=now,
    )  # fmt: skip
    unit.put_agent(row)
    return row


def open_session(  # noqa: PLR0913  each is a separate source of truth
    unit: Unit, wish: SessionWish, person: Person, *, roster: TrustedRoster, pen: Pen, now: int, draw: Callable[[], str]
) -> Opened:
    """Open a session for an agent on a finding; `draw` gives 256 random bits as text.

    Raises:
        Refused: MAG-E461 agent not active or not for this repository, MAG-E454 person without
            a fitting role. Usage: MAG-E451. NotFound: MAG-E450.
    """
    if not 1 <= wish.minutes <= MAX_SESSION_SECONDS // 60:
        raise Usage("MAG-E451", f"a session lasts 1 to {MAX_SESSION_SECONDS // 60} minutes, not {wish.minutes}")
    if not wish.reason.strip():
        raise Usage("MAG-E451", "a session needs a reason")
    finding = unit.finding(wish.finding)
    unit.repository(finding.repository)
    agent, manifest = _active_agent(unit, wish.agent, now, roster)
    if person.person != agent.owner and not {Role.OPERATOR, Role.PROPOSER} & set(person.roles):
        raise Refused("MAG-E454", f"`{person.person}` neither owns `{agent.agent}` nor operates or proposes here")
    if finding.repository not in manifest.repositories:
        raise Refused("MAG-E461", f"the agent `{agent.agent}` may not read `{finding.repository}`")
    token, lifetime = draw(), wish.minutes * 60
    body = Session(
        agent=agent.agent, owner=agent.owner, manifest=agent.manifest, opened_by=person.person,
        finding=finding.id, repository=finding.repository, reason=wish.reason, byte_budget=BYTE_BUDGET,
        token_sha256=digest(token.encode()),
    )  # fmt: skip
    envelope = pen.sign(body, "ses", now=now, lifetime=lifetime)
    document = open_envelope(envelope, Session, deployment=roster.deployment)
    facts = {
        "agent": agent.agent, "owner": agent.owner, "opened_by": person.person, "finding": finding.id,
        "repository": finding.repository, "reason": wish.reason, "session": envelope.payload_digest(),
        "manifest": agent.manifest,
    }  # fmt: skip
    seq = unit.append(Event.SESSION_OPENED, document.id, facts, now=now).seq
    unit.keep(envelope, kind=Session.NAME, proposal=None, author="control", seq=seq)
    _keep_manifest(unit, agent, seq)
    unit.put_session(
        SessionRow(
            session=document.id, digest=envelope.payload_digest(), token_sha256=body.token_sha256,
            client_sha256=None, agent=agent.agent, finding=finding.id, repository=finding.repository,
            opened=now, expires=now + lifetime, closed=None, bytes_left=BYTE_BUDGET,
        )
    )  # fmt: skip
    return Opened(session=document.id, token=token, expires=now + lifetime)


def close_session(unit: Unit, session: str, person: Person, now: int) -> SessionRow:
    """Close a session; closing twice changes nothing.

    Raises:
        NotFound: MAG-E450.
    """
    row = unit.session(session)
    if row.closed is None:
        row = replace(row, closed=now)
        unit.put_session(row)
        unit.append(Event.SESSION_CLOSED, session, {"closed_by": person.person}, now=now)
    return row


def admit_token(unit: Unit, token_sha256: str, client_sha256: str, now: int) -> SessionRow:
    """Whose token is this; the first client to use it is pinned.

    Raises:
        Refused: MAG-E462 unknown token or another client, MAG-E460 closed or expired.
    """
    try:
        row = unit.session_of_token(token_sha256)
    except NotFound as error:
        raise Refused("MAG-E462", "no session has this token") from error
    verify_open(row, now)
    if row.client_sha256 is None:
        row = replace(row, client_sha256=client_sha256)
        unit.put_session(row)
    elif row.client_sha256 != client_sha256:
        raise Refused("MAG-E462", "this token is bound to the client that used it first")
    return row


def verify_open(row: SessionRow, now: int) -> SessionRow:
    """Return the session when it is open (raises Refused MAG-E460)."""
    if row.closed is not None or row.expires <= now:
        raise Refused("MAG-E460", f"the session `{row.session}` is over", hint="open a new one")
    return row


def _active_agent(unit: Unit, name: str, now: int, roster: TrustedRoster) -> tuple[AgentRow, AgentManifest]:
    try:
        agent = unit.agent(name)
    except NotFound as error:
        raise Refused("MAG-E461", f"no agent `{name[:60]}` is registered", hint="`magistrate agents add`") from error
    manifest = open_envelope(decode_envelope(agent.envelope), AgentManifest, deployment=roster.deployment).body
    signers = roster.signers(decode_envelope(agent.envelope))
    operators = [p for p in signers.values() if Role.OPERATOR in p.roles]
    if agent.state != AgentState.ACTIVE or manifest.owner not in signers or not operators:
        raise Refused("MAG-E461", f"the agent `{name}` is `{agent.state}`, not active")
    if unix_seconds(manifest.review_by) <= now:
        raise Refused("MAG-E461", f"the agent `{name}` was to be reviewed by `{manifest.review_by}`")
    return agent, manifest


def _joined(unit: Unit, envelope: Envelope, agent: str) -> Envelope:
    try:
        parked = decode_envelope(unit.agent(agent).envelope)
        return join_signatures(parked, envelope)
    except MagistrateError:
        return envelope


def _keep_manifest(unit: Unit, agent: AgentRow, seq: int) -> None:
    try:
        unit.document(agent.manifest)
    except NotFound:
        unit.keep(decode_envelope(agent.envelope), kind=AgentManifest.NAME, proposal=None, author=agent.owner, seq=seq)
