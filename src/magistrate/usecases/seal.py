"""Seal: a signed proposal from front becomes an immutable case.

Rule kept (R13, R14): the proposal must have been made for a session that is open, and its effect
must be what the server itself derives; the texts must be those it names. From here on nothing
about it changes; whatever changes under it makes it STALE.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

import msgspec

from magistrate.authority.policy import TrustedPolicy
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case, CaseFacts, SessionRow
from magistrate.domain.events import Event
from magistrate.domain.execution import Action
from magistrate.errors import Refused
from magistrate.ports import Repositories, Unit
from magistrate.usecases.gathered import verify_gathered
from magistrate.usecases.release import verify_release_target
from magistrate.usecases.sessions import verify_open
from magistrate.usecases.stage_effect import verify_stage_target
from magistrate.usecases.supersede import end_superseded, verify_supersedable
from magistrate.usecases.transition import Occasion, open_case
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.document import Document, verify_current
from magistrate.wire.effect import (
    GitEffect,
    GitUpdate,
    Release,
    StageEffect,
    commit_seen,
    state_before,
    verify_action,
    way_back_digest,
)
from magistrate.wire.front_api import SealRequest
from magistrate.wire.proposal import Proposal

CASE_SECONDS: Final = 7 * 24 * 3600
PROPOSABLE: Final = (Action.MERGE, Action.RELEASE, Action.DEPLOY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What a proposal refers to by digest, as bytes."""

    diff: bytes
    prompt: bytes
    rationale: bytes
    kind: bytes


def seal_proposal(  # noqa: PLR0913  each is a separate source of truth
    unit: Unit,
    request: SealRequest,
    *,
    roster: TrustedRoster,
    policy: TrustedPolicy,
    repositories: Repositories,
    now: int,
) -> Case:
    """Open a case for a proposal; the same proposal twice is the same case.

    Raises:
        Refused: MAG-E106 signature, MAG-E105 expiry, MAG-E460 session over, MAG-E124 decided under another action, MAG-E463 anything
            that differs from what the server derives, MAG-E464 the target moved, MAG-E470, MAG-E465
            when it says that it supersedes what it may not.
    """
    document = roster.open_by_front(request.proposal, Proposal)
    verify_current(document, now)
    name = request.proposal.payload_digest()
    if unit.recorded(f"sealed:{name}"):
        return unit.case(name)
    row = verify_open(unit.session(document.body.session), now)
    effect = _verify_derived(unit, document, row, roster, policy)
    verify_gathered(unit, row, document.body)
    texts = _verify_texts(request, document.body)
    if isinstance(effect, Release):
        verify_release_target(effect, policy.repository(effect.repository), repositories)
    elif isinstance(effect, StageEffect):
        stage = policy.stage(effect.repository, effect.stage)
        verify_stage_target(effect, policy.repository(effect.repository), stage, repositories)
    else:
        _verify_target(effect, repositories)
    facts = CaseFacts(
        proposal=name, id=document.id, session=row.session, session_digest=row.digest,
        agent=document.body.agent, owner=document.body.owner, finding=row.finding,
        title=_title(texts.rationale), repository=effect.repository, ref=effect.ref,
        environment=effect.environment, opened=now, expires=now + CASE_SECONDS,
    )  # fmt: skip
    payloads = {"diff": texts.diff, "prompt": texts.prompt, "rationale": texts.rationale, "kind": texts.kind}
    told = {
        "agent": facts.agent, "owner": facts.owner, "finding": facts.finding, "repository": facts.repository,
        "ref": facts.ref, "environment": facts.environment, "base": commit_seen(effect), "result_tree": effect.result_tree,
        "session": row.session, "provenance": document.body.provenance.value,
    }  # fmt: skip
    earlier = verify_supersedable(unit, request.supersedes, facts) if request.supersedes else None
    if earlier is not None:
        told["supersedes"] = earlier.facts.proposal
    occasion = Occasion(
        event=Event.PROPOSAL_SEALED, now=now, facts=told, once=f"sealed:{name}",
        payloads={"proposal": request.proposal.payload_bytes(), **payloads},
    )  # fmt: skip
    case, recorded = open_case(unit, facts, occasion)
    unit.keep(request.proposal, kind=Proposal.NAME, proposal=name, author="front", seq=recorded.seq)
    for payload in payloads:
        unit.keep_payload(name, payload, recorded.commitments[payload])
    if earlier is not None:
        end_superseded(unit, earlier, name, now)
    return case


def _verify_derived(
    unit: Unit, document: Document[Proposal], row: SessionRow, roster: TrustedRoster, policy: TrustedPolicy
) -> GitEffect:
    proposal, effect = document.body, document.body.effect
    if not isinstance(effect, GitEffect):
        raise Refused("MAG-E463", f"an agent may propose {', '.join(f'`{one}`' for one in PROPOSABLE)} only")
    verify_action(proposal.action, effect)
    ours, branch = unit.repository(row.repository), policy.repository(row.repository)
    agent, named = unit.agent(row.agent), msgspec.structs.replace(effect, repository=ours.repository)
    ruled, released = policy.place(named), isinstance(effect, Release)
    for what, given, derived in (
        ("deployment", document.deployment, roster.deployment),
        ("session", proposal.session_digest, row.digest),
        ("agent", proposal.agent, row.agent),
        ("owner", proposal.owner, agent.owner),
        ("finding", proposal.finding, row.finding),
        ("repository", effect.repository, ours.repository),
        ("ref", effect.ref, effect.ref if released else ruled.ref),
        ("ref of the repository", ours.ref, branch.ref),
        ("environment", effect.environment, ruled.environment),
        ("state before", effect.pre_state, state_before(effect)),
        ("rollback plan", effect.rollback_plan_digest, way_back_digest(named)),
    ):
        if given != derived:
            raise Refused("MAG-E463", f"the {what} is `{given[:60]}`, the server derives `{derived[:60]}`")
    return effect


def _verify_texts(request: SealRequest, proposal: Proposal) -> Texts:
    try:
        diff = base64.b64decode(request.diff, validate=True)
        salt = base64.b64decode(request.kind_salt, validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E463", "base64 in a proposal is malformed") from error
    texts = Texts(
        diff=diff, prompt=request.prompt.encode(), rationale=request.rationale.encode(),
        kind=canonical({"kind": request.kind, "salt": salt.hex()}),
    )  # fmt: skip
    for what, content, named in (
        ("diff", texts.diff, proposal.diff_sha256),
        ("prompt", texts.prompt, proposal.prompt_sha256),
        ("rationale", texts.rationale, proposal.rationale_sha256),
        ("kind", texts.kind, proposal.kind_commitment),
    ):
        if digest(content) != named:
            raise Refused("MAG-E463", f"the {what} is not the one the proposal names")
    return texts


def _verify_target(effect: GitUpdate, repositories: Repositories) -> None:
    tip = repositories.tip(effect.repository, effect.ref)
    if tip != effect.old:
        raise Refused(
            "MAG-E464",
            f"`{effect.ref}` is at `{tip[:12]}`, the draft was made on `{effect.old[:12]}`",
            hint="draft again on the new state",
        )
    if repositories.tree(effect.repository, effect.old) != effect.base_tree:
        raise Refused("MAG-E463", "the base tree is not the tree of the base commit")


def _title(rationale: bytes) -> str:
    lines = rationale.decode(errors="replace").strip().splitlines()
    return "".join(c if c.isprintable() else "\ufffd" for c in (lines[0] if lines else ""))[:120]
