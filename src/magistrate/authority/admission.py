"""Admission: the order in which a warrant is believed, the same for executor and gate.

Rule kept (invariant 8): nothing is taken on control's word. From the pinned roster outwards:
roster, policy, warrant, its record in the witnessed log, session and manifest, proposal,
assessment, decision, every approval, quorum, floor. Each step uses only what earlier steps
have verified; the first that fails raises, and nothing later is looked at.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from magistrate.authority.estate import weak_because
from magistrate.authority.floor import Ground, floor_ruling, not_executable_because
from magistrate.authority.policy import TrustedPolicy, trust_policy
from magistrate.authority.promotion import Candidate, GivenPromotion, verify_promoted, verify_promotions_stand
from magistrate.authority.quorum import GivenApproval, Matter, verify_approval, verify_not_withdrawn, verify_quorum
from magistrate.authority.release import verify_name
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.authority.stage_effect import verify_stage
from magistrate.domain.events import Event
from magistrate.domain.impact import STRICTNESS_ORDER, Strictness
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.ledger.leaf import commitment, decode_leaf
from magistrate.ledger.verify import verify_inclusion_bundle
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.assessment import Assessment, Verdict
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision
from magistrate.wire.document import Document, open_envelope, verify_current
from magistrate.wire.effect import GitEffect, Release, StageEffect, state_before, verify_action, way_back_digest
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import RepositoryPolicy
from magistrate.wire.proposal import Proposal
from magistrate.wire.session import Session
from magistrate.wire.times import unix_seconds
from magistrate.wire.warrant import WARRANT_SECONDS, Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What a process was given out of band and never takes from control.

    `roster_version` and `policy_version` are the newest it has seen: older ones are refused.
    """

    deployment: str
    roster: str
    roster_version: int = 1
    policy_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A warrant that was believed, with everything it rests on."""

    roster: TrustedRoster
    policy: TrustedPolicy
    repository: RepositoryPolicy
    warrant: Document[Warrant]
    warrant_digest: str
    proposal: Document[Proposal]
    proposal_digest: str
    effect: GitEffect
    verdict: Verdict
    decision: Document[Decision]
    approvals: tuple[GivenApproval, ...]
    promotions: tuple[GivenPromotion, ...]
    diff: bytes


def admit(  # noqa: PLR0913  each is a separate premise
    bundle: CaseBundle,
    *,
    pins: Pins,
    now: int,
    executor: str,
    withdrawals: Sequence[Envelope] = (),
    drilled: bool,
    same_user_walls: bool,
) -> Admitted:
    """Believe a warrant, or say why not. `executor` is the key id that presents it.

    `drilled` says whether the four drills have passed and not expired for this repository and
    environment, from the caller's own records (R85).

    Raises:
        Refused, Usage: the first premise that does not hold.
    """
    roster, policy = _admit_roots(bundle, pins)
    warrant, warrant_digest = _admit_warrant(bundle, roster, policy, now=now, executor=executor)
    _admit_record(bundle, roster)
    proposal, proposal_digest, session = _admit_proposal(bundle, roster, warrant.body, now)
    effect = _admit_effect(proposal.body, warrant.body)
    repository = policy.place(effect)
    _admit_target(effect, repository, policy)
    diff = _admit_diff(bundle, proposal.body)
    verdict = _admit_assessment(bundle, roster, warrant.body)
    decision = _admit_decision(bundle, roster, warrant.body)
    matter = Matter(
        proposal=proposal, proposal_digest=proposal_digest, session=session, decision=decision,
        decision_digest=warrant.body.decision,
    )  # fmt: skip
    approvals = _admit_approvals(bundle, roster, matter, warrant.body, now)
    verify_not_withdrawn(approvals, withdrawals, roster)
    ground = Ground(
        production=repository.production, solo=roster.solo, same_user_walls=same_user_walls, drilled=drilled,
        weak=weak_because(policy.body, repository),
    )  # fmt: skip
    _admit_floor(verdict, decision.body, ground)
    promotions = _admit_agreement(bundle, roster, (matter, verdict, effect), approvals, ground, now)
    verify_promotions_stand({one.digest for one in promotions}, withdrawals, roster)
    return Admitted(
        roster=roster,
        policy=policy,
        repository=repository,
        warrant=warrant,
        warrant_digest=warrant_digest,
        proposal=proposal,
        proposal_digest=proposal_digest,
        effect=effect,
        verdict=verdict,
        decision=decision,
        approvals=approvals,
        promotions=promotions,
        diff=diff,
    )


def _admit_roots(bundle: CaseBundle, pins: Pins) -> tuple[TrustedRoster, TrustedPolicy]:
    roster = trust_roster(bundle.roster, pin=pins.roster, deployment=pins.deployment)
    if roster.body.version < pins.roster_version:
        raise Refused("MAG-E120", f"roster version `{roster.body.version}` is older than the one known here")
    policy = trust_policy(bundle.policy, roster)
    if policy.body.version < pins.policy_version:
        raise Refused("MAG-E124", f"policy version `{policy.body.version}` is older than the one known here")
    return roster, policy


def _admit_warrant(
    bundle: CaseBundle, roster: TrustedRoster, policy: TrustedPolicy, *, now: int, executor: str
) -> tuple[Document[Warrant], str]:
    envelope = _present(bundle.warrant, "warrant")
    warrant = roster.open_by_control(envelope, Warrant)
    verify_current(warrant, now)
    if warrant.expires is None or unix_seconds(warrant.expires) - unix_seconds(warrant.issued) > WARRANT_SECONDS:
        raise Refused("MAG-E105", "a warrant is valid for five minutes at most")
    _match("executor", warrant.body.executor, executor)
    roster.executor_key(executor)
    _match("roster", warrant.body.roster, roster.digest)
    _match("policy", warrant.body.policy, policy.digest)
    if not warrant.body.approvals and not warrant.body.promotions:
        raise Refused("MAG-E121", "a warrant without approvals, and without promotions")
    if warrant.body.approvals and warrant.body.promotions:
        raise Refused("MAG-E121", "a warrant rests on approvals or on promotions, never on both")
    return warrant, envelope.payload_digest()


def _admit_record(bundle: CaseBundle, roster: TrustedRoster) -> None:
    """No record, no action: `warrant.issued` is in the log, signed and witnessed."""
    leaf, salt = _bytes(bundle.warrant_leaf), _bytes(bundle.warrant_salt)
    processes = roster.body.processes
    verify_inclusion_bundle(
        leaf, bundle.warrant_proof, processes.log, processes.witnesses, roster.body.thresholds.witnesses
    )
    entry = decode_leaf(leaf)
    if entry.type != Event.WARRANT_ISSUED:
        raise Refused("MAG-E125", f"the log entry is `{entry.type[:40]}`, not `{Event.WARRANT_ISSUED}`")
    expected = commitment(salt, _present(bundle.warrant, "warrant").payload_bytes())
    if expected not in {c.commitment for c in entry.commitments if c.name == "warrant"}:
        raise Refused("MAG-E125", "the log entry commits to another warrant")


def _admit_proposal(
    bundle: CaseBundle, roster: TrustedRoster, warrant: Warrant, now: int
) -> tuple[Document[Proposal], str, Session]:
    proposal = roster.open_by_front(bundle.proposal, Proposal)
    found = bundle.proposal.payload_digest()
    _match("proposal", warrant.proposal, found)
    session = roster.open_by_control(bundle.session, Session)
    _match("session", proposal.body.session_digest, bundle.session.payload_digest())
    _match("session id", proposal.body.session, session.id)
    if session.expires is None or not session.issued <= proposal.issued <= session.expires:
        raise Refused("MAG-E124", "the proposal was not made within its session")
    manifest = open_envelope(bundle.manifest, AgentManifest, deployment=roster.deployment)
    _match("agent manifest", session.body.manifest, bundle.manifest.payload_digest())
    signers = roster.signers(bundle.manifest)
    operators = [p for p in signers.values() if Role.OPERATOR in p.roles]
    if manifest.body.owner not in signers or not operators:
        raise Refused("MAG-E121", "an agent manifest needs its owner's and an operator's signature")
    if manifest.body.state is not AgentState.ACTIVE:
        raise Refused("MAG-E122", f"the agent `{manifest.body.agent}` is {manifest.body.state}")
    if unix_seconds(manifest.body.review_by) <= now:
        raise Refused(
            "MAG-E122", f"the agent `{manifest.body.agent}` was to be reviewed by `{manifest.body.review_by}`"
        )
    for what, left, right in (
        ("agent", proposal.body.agent, manifest.body.agent),
        ("owner", proposal.body.owner, manifest.body.owner),
        ("session agent", session.body.agent, manifest.body.agent),
        ("finding", proposal.body.finding, session.body.finding),
    ):
        _match(what, left, right)
    effect = proposal.body.effect
    if isinstance(effect, GitEffect):
        _match("session repository", session.body.repository, effect.repository)
        if effect.repository not in manifest.body.repositories:
            raise Refused("MAG-E122", f"the agent may not work on `{effect.repository}`")
    return proposal, found, session.body


def _admit_effect(proposal: Proposal, warrant: Warrant) -> GitEffect:
    _match("effect", digest_of(warrant.effect), digest_of(proposal.effect))
    _match("action", warrant.action, proposal.action)
    verify_action(proposal.action, proposal.effect)
    _match("environment", warrant.environment, proposal.effect.environment)
    if not isinstance(proposal.effect, GitEffect):
        raise Refused("MAG-E124", f"no executor here performs `{type(proposal.effect).__name__}`")
    return proposal.effect


def _admit_target(effect: GitEffect, repository: RepositoryPolicy, policy: TrustedPolicy) -> None:
    if isinstance(effect, Release):
        verify_name(effect, repository)
    elif isinstance(effect, StageEffect):
        verify_stage(effect, policy.stage(effect.repository, effect.stage))
    else:
        _match("ref", effect.ref, repository.ref)
    _match("environment", effect.environment, repository.environment)
    _match("state before", effect.pre_state, state_before(effect))
    _match("rollback plan", way_back_digest(effect), effect.rollback_plan_digest)


def _admit_diff(bundle: CaseBundle, proposal: Proposal) -> bytes:
    diff = _bytes(bundle.diff)
    _match("diff", proposal.diff_sha256, digest(diff))
    _match("prompt", proposal.prompt_sha256, digest(bundle.prompt.encode(errors="surrogatepass")))
    _match("rationale", proposal.rationale_sha256, digest(bundle.rationale.encode(errors="surrogatepass")))
    return diff


def _admit_assessment(bundle: CaseBundle, roster: TrustedRoster, warrant: Warrant) -> Verdict:
    assessment = roster.open_by_control(_present(bundle.assessment, "assessment"), Assessment)
    _match("assessed proposal", assessment.body.proposal, warrant.proposal)
    _match("verdict", assessment.body.verdict_sha256, digest_of(assessment.body.verdict))
    _match("verdict", warrant.assessment_verdict, assessment.body.verdict_sha256)
    return assessment.body.verdict


def _admit_decision(bundle: CaseBundle, roster: TrustedRoster, warrant: Warrant) -> Document[Decision]:
    envelope = _present(bundle.decision, "decision")
    decision = roster.open_by_control(envelope, Decision)
    _match("decision", warrant.decision, envelope.payload_digest())
    for what, left, right in (
        ("decided proposal", decision.body.proposal, warrant.proposal),
        ("decided verdict", decision.body.assessment_verdict, warrant.assessment_verdict),
        ("policy of the decision", decision.body.policy, warrant.policy),
        ("roster of the decision", decision.body.roster, warrant.roster),
        ("decided action", decision.body.action, warrant.action),
        ("decided environment", decision.body.environment, warrant.environment),
    ):
        _match(what, left, right)
    return decision


def _admit_approvals(
    bundle: CaseBundle, roster: TrustedRoster, matter: Matter, warrant: Warrant, now: int
) -> tuple[GivenApproval, ...]:
    given = tuple(verify_approval(envelope, matter, roster, now) for envelope in bundle.approvals)
    if sorted(g.digest for g in given) != sorted(warrant.approvals):
        raise Refused("MAG-E124", "the warrant names other approvals than those presented")
    return given


def _admit_floor(verdict: Verdict, decision: Decision, ground: Ground) -> None:
    ruling = floor_ruling(verdict, ground)
    if Strictness.DENY in {ruling.strictness, decision.strictness}:
        raise Refused("MAG-E123", "the floor denies this change, whoever approved it")
    if STRICTNESS_ORDER.index(decision.strictness) < STRICTNESS_ORDER.index(ruling.strictness):
        raise Refused("MAG-E123", "the decision is more lenient than the floor")
    why = not_executable_because(verdict, ground, () if decision.chain is None else decision.chain.classes)
    if why:
        hint = (
            "`magistrate estate check` tells who shares what"
            if ground.weak
            else "`magistrate drill` proves the boundaries"
        )
        raise Refused("MAG-E123", why[0], hint=hint)


def _admit_agreement(  # noqa: PLR0913, PLR0917  each is a separate premise
    bundle: CaseBundle,
    roster: TrustedRoster,
    case: tuple[Matter, Verdict, GitEffect],
    approvals: Sequence[GivenApproval],
    ground: Ground,
    now: int,
) -> tuple[GivenPromotion, ...]:
    """Who agreed: people to this change, or two of them in advance to what it is proven to be."""
    matter, verdict, effect = case
    decision, proposal = matter.decision.body, matter.proposal.body
    warrant = roster.open_by_control(_present(bundle.warrant, "warrant"), Warrant).body
    if sorted(e.payload_digest() for e in bundle.promotions) != sorted(warrant.promotions):
        raise Refused("MAG-E124", "the warrant names other promotions than those presented")
    if warrant.promotions:
        candidate = Candidate(
            effect=effect, agent=proposal.agent, owner=proposal.owner, manifest=matter.session.manifest, verdict=verdict,
            decision=decision,
        )  # fmt: skip
        return verify_promoted(bundle.promotions, candidate, roster, ground, now)
    verify_quorum(approvals, decision.obligations)
    verify_quorum(approvals, floor_ruling(verdict, ground).obligations)
    if not any(g.approval.rebuilt for g in approvals):
        raise Refused("MAG-E122", "nobody rebuilt this change on their own machine")
    return ()


def _present(envelope: Envelope | None, what: str) -> Envelope:
    if envelope is None:
        raise Refused("MAG-E124", f"the bundle holds no {what}")
    return envelope


def _match(what: str, left: str, right: str) -> None:
    if left != right:
        raise Refused("MAG-E124", f"the {what} is `{right[:60]}`, not `{left[:60]}`")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E102", "base64 in a bundle is malformed") from error
