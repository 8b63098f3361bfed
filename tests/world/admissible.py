"""A whole case that admission believes, built from real keys, to be broken one premise at a time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from world.deployment import Deployment, by_all, make_deployment

from magistrate.authority.admission import Admitted, Pins, admit
from magistrate.authority.quorum import Matter
from magistrate.domain.impact import ChangeClass, ProofStatus, Strictness
from magistrate.domain.principal import Mode
from magistrate.ledger.checkpoint import Checkpoint, log_origin, sign_checkpoint
from magistrate.ledger.cosign import cosign
from magistrate.ledger.leaf import Commitment, commitment, encode_leaf
from magistrate.ledger.merkle import leaf_hash
from magistrate.ledger.proof import format_proof
from magistrate.wire.approval import Approval
from magistrate.wire.assessment import Assessment, FileVerdict, ProofSummary, Verdict
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import (
    ACTION_OF,
    NOT_THERE,
    ChangeEntitlement,
    Deploy,
    GitEffect,
    GitUpdate,
    Release,
    RotateSecret,
    commit_seen,
    git_rollback_plan_digest,
    release_plan_digest,
)
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import Estate, FreezeWindow, StagePolicy, WorkloadProof
from magistrate.wire.proposal import Proposal, Provenance
from magistrate.wire.session import Session
from magistrate.wire.trust import Promotion
from magistrate.wire.warrant import Warrant

NOW = 1_790_000_000
OLD, BASE, RESULT = "1" * 40, "2" * 40, "3" * 40
DIFF = b"diff --git a/a.py b/a.py\n"
SALT = b"s" * 32


@dataclass
class Admissible:
    """Builds a case; every knob breaks one premise, everything downstream is signed to match."""

    home: Path
    mode: Mode = Mode.TEAM
    production: bool = False
    change_class: ChangeClass = ChangeClass.LINT
    strictness: Strictness = Strictness.AUTO
    reversible: str = "yes"
    approvers: tuple[str, ...] = ("ben",)
    obligations: tuple[Obligation, ...] = (Obligation(role=None, count=1, rule="policy/one"),)
    decision_strictness: Strictness = Strictness.ONE
    approval: dict[str, Any] = field(default_factory=dict)
    proposal: dict[str, Any] = field(default_factory=dict)
    warrant: dict[str, Any] = field(default_factory=dict)
    decision: dict[str, Any] = field(default_factory=dict)
    effect: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)
    """Its `signer`, its `lifetime` in seconds, and what its body says."""
    warrant_signer: str = "control"
    proposal_signer: str = "front"
    warrant_lifetime: int = 300
    logged: str = "warrant.issued"
    witnessed: bool = True
    log_signer: str = "log"
    estate: Estate | None = None
    windows: tuple[FreezeWindow, ...] = ()
    workloads: Callable[[str], Sequence[WorkloadProof]] = lambda _: ()
    release_tags: str | None = None
    stages: tuple[StagePolicy, ...] = ()
    release: dict[str, Any] | None = None
    """What the effect says if it is a release; None: it is a merge."""
    deploy: dict[str, Any] | None = None
    """What the effect says if it is a deployment; None: it is none."""
    entitle: dict[str, Any] | None = None
    """What the effect says if it changes the entitlements of a system; None: it does not."""
    rotate: dict[str, Any] | None = None
    """What the effect says if it rotates a secret; None: it does not."""
    promotion: dict[str, Any] | None = None
    """What the promotion says that stands in for approvals, its `signers`, `lifetime` and age (`ago`); None: people approve."""
    now: int = NOW

    def __post_init__(self) -> None:
        self.town: Deployment = make_deployment(
            self.home,
            mode=self.mode,
            production=self.production,
            estate=self.estate,
            windows=self.windows,
            workloads=self.workloads,
            release_tags=self.release_tags,
            stages=self.stages,
            now=self.now - 100,
        )

    def build(self) -> CaseBundle:
        town, roster = self.town, self.town.trusted_roster()
        policy = town.trusted_policy()
        said = {**self.session}
        signer, lifetime = said.pop("signer", "control"), said.pop("lifetime", 3600)
        session = town.by_process(
            signer,
            Session(
                **{"agent": "fixer", "owner": "anna", "manifest": town.manifest.payload_digest(), "opened_by": "anna",
                   "finding": "fnd-x", "repository": "shop", "reason": "fix", "byte_budget": 1_000_000,
                   "token_sha256": digest(b"t"), **said}
            ), "ses", lifetime=lifetime, now=self.now - 50,
        )  # fmt: skip
        effect = self._effect()
        proposal = self._proposal(session, effect)
        verdict = self._verdict()
        verdict_sha = digest_of(verdict)
        assessment = town.by_process(
            "control",
            Assessment(proposal=proposal.payload_digest(), verdict_sha256=verdict_sha, verdict=verdict, evidence=()),
            "asm", now=self.now - 30,
        )  # fmt: skip
        bound = {
            "proposal": proposal.payload_digest(), "assessment_verdict": verdict_sha, "policy": policy.digest,
            "roster": roster.digest, "action": ACTION_OF[type(effect)], "environment": "staging",
        }  # fmt: skip
        decision = town.by_process(
            "control",
            Decision(**{**bound, "strictness": self.decision_strictness, "obligations": self.obligations,
                        "reasons": (), **self.decision}), "dec", now=self.now - 20,
        )  # fmt: skip
        given = self.approvers if self.promotion is None else ()
        approvals = tuple(self._approval(name, bound, decision, effect) for name in given)
        promotions = self._promotions(bound, verdict)
        named = {"promotions": tuple(p.payload_digest() for p in promotions)} if promotions else {}
        warrant = town.by_process(
            self.warrant_signer,
            Warrant(**{**bound, "executor": town.executor_keyid, "decision": decision.payload_digest(),
                       "approvals": tuple(a.payload_digest() for a in approvals), "effect": effect, **named, **self.warrant}),
            "wrt", lifetime=self.warrant_lifetime, now=self.now - 5,
        )  # fmt: skip
        leaf, proof = self._record(warrant)
        return CaseBundle(
            roster=(town.roster,), policy=town.policy, manifest=town.manifest, session=session, proposal=proposal,
            assessment=assessment, evidence=(), decision=decision, approvals=approvals, warrant=warrant,
            warrant_leaf=_b64(leaf), warrant_salt=_b64(SALT), warrant_proof=proof, diff=_b64(DIFF), prompt="p",
            rationale="r", promotions=promotions,
        )  # fmt: skip

    def admit(self, bundle: CaseBundle | None = None, **changes: Any) -> Admitted:
        arguments: dict[str, Any] = {
            "pins": Pins(deployment=self.town.name, roster=self.town.pin), "now": self.now,
            "executor": self.town.executor_keyid, "drilled": True, "same_user_walls": False,
        }  # fmt: skip
        return admit(bundle or self.build(), **{**arguments, **changes})

    def matter(self, bundle: CaseBundle) -> Matter:
        """What an approval of this bundle must name."""
        assert bundle.decision is not None
        return Matter(
            proposal=open_envelope(bundle.proposal, Proposal, deployment=self.town.name),
            proposal_digest=bundle.proposal.payload_digest(),
            session=open_envelope(bundle.session, Session, deployment=self.town.name).body,
            decision=open_envelope(bundle.decision, Decision, deployment=self.town.name),
            decision_digest=bundle.decision.payload_digest(),
        )

    def _effect(self) -> GitEffect:
        if self.release is not None:
            ref = self.release.get("ref", "refs/tags/v0.1.0")
            return Release(
                **{"environment": "staging", "pre_state": NOT_THERE, "repository": "shop", "ref": ref, "commit": OLD,
                   "previous": "", "base_tree": BASE, "result_tree": RESULT, "manifest_sha256": digest(b"m"),
                   "rollback_plan_digest": release_plan_digest(repository="shop", ref=ref), **self.release}
            )  # fmt: skip
        if self.deploy is not None:
            said = {"ref": "refs/heads/stages/live", "base_tree": BASE, "old": OLD, **self.deploy}
            way = git_rollback_plan_digest(repository="shop", ref=said["ref"], restore_tree=said["base_tree"])
            return Deploy(
                **{"environment": "staging", "pre_state": said["base_tree"], "repository": "shop", "stage": "live",
                   "commit": OLD, "result_tree": RESULT, "manifest_sha256": digest(b"m"), "artifact_digest": digest(b"a"),
                   "command_id": "follow", "rollback_plan_digest": way, **said}
            )  # fmt: skip
        if self.entitle is not None:
            said = {"ref": "refs/heads/stages/orders", "base_tree": BASE, "old": OLD, **self.entitle}
            way = git_rollback_plan_digest(repository="shop", ref=said["ref"], restore_tree=said["base_tree"])
            return ChangeEntitlement(
                **{"environment": "staging", "pre_state": said["base_tree"], "repository": "shop", "stage": "orders",
                   "commit": OLD, "result_tree": RESULT, "manifest_sha256": digest(b"m"), "system": "orders-db",
                   "document": "db/grants.sql", "rollback_plan_digest": way, **said}
            )  # fmt: skip
        if self.rotate is not None:
            said = {"ref": "refs/heads/stages/password", "base_tree": BASE, "old": OLD, **self.rotate}
            return RotateSecret(
                **{"environment": "staging", "pre_state": said["base_tree"], "repository": "shop", "stage": "password",
                   "commit": OLD, "result_tree": RESULT, "manifest_sha256": digest(b"m"), "store": "orders-db",
                   "secret_id": "orders-password", "document": "db/password.toml", "consumers_digest": digest(b"c"),
                   "rollback_plan_digest": release_plan_digest(repository="shop", ref=said["ref"]), **said}
            )  # fmt: skip
        plan = git_rollback_plan_digest(repository="shop", ref="refs/heads/main", restore_tree=BASE)
        return GitUpdate(
            **{"environment": "staging", "pre_state": BASE, "rollback_plan_digest": plan, "repository": "shop",
               "ref": "refs/heads/main", "old": OLD, "base_tree": BASE, "result_tree": RESULT,
               "manifest_sha256": digest(b"m"), **self.effect}
        )  # fmt: skip

    def _promotions(self, bound: dict[str, Any], verdict: Verdict) -> tuple[Envelope, ...]:
        if self.promotion is None:
            return ()
        said = {**self.promotion}
        signers, lifetime, ago = (
            said.pop("signers", ("ben", "carla")),
            said.pop("lifetime", 86_400),
            said.pop("ago", 15),
        )
        classes = said.pop("classes", (self.change_class,))
        return tuple(
            by_all(
                self.town.people, list(signers),
                Promotion(
                    **{"change_class": kind, "repository": "shop", "environment": "staging", "agent": "fixer",
                       "assessor": verdict.assessor, "policy": bound["policy"],
                       "evidence": (self.town.manifest.payload_digest(), bound["roster"]), **said}
                ),
                "prm", self.now - ago, lifetime=lifetime,
            )
            for kind in classes
        )  # fmt: skip

    def _proposal(self, session: Envelope, effect: GitEffect) -> Envelope:
        import json

        session_id = json.loads(session.payload_bytes())["id"]
        body = Proposal(
            **{"session": session_id, "session_digest": session.payload_digest(), "agent": "fixer", "owner": "anna",
               "model": "fake-model 1", "finding": "fnd-x", "action": ACTION_OF[type(effect)], "effect": effect,
               "diff_sha256": digest(DIFF), "prompt_sha256": digest(b"p"), "prompt_commitment": digest(b"c"),
               "rationale_sha256": digest(b"r"), "context": (), "context_gaps": (),
               "provenance": Provenance.CLAIMED, "kind_commitment": digest(b"k"), **self.proposal}
        )  # fmt: skip
        return self.town.by_process(self.proposal_signer, body, "prp", now=self.now - 40)

    def _verdict(self) -> Verdict:
        proof = ProofSummary(rule="ruff/1", status=ProofStatus.PROVEN, why="re-derived", witness={})
        return Verdict(
            id="", digest=digest(b"v"), assessor=digest(b"a"), classes=(self.change_class,),
            auto_eligible=self.strictness is Strictness.AUTO, strictness=self.strictness,
            files=(FileVerdict(path="a.py", change_class=self.change_class, proof=proof),), sensitivities=(),
            denials=(), privilege=(), blast_radius={}, reversible=self.reversible, composition={}, reasons=(),
        )  # fmt: skip

    def _approval(self, name: str, bound: dict[str, Any], decision: Envelope, effect: GitEffect) -> Envelope:
        special = not isinstance(effect, GitUpdate)
        body = Approval(
            **{**bound, "person": name, "decision": decision.payload_digest(), "repository": "shop",
               "ref": effect.ref if special else "refs/heads/main", "base": commit_seen(effect) if special else OLD,
               "result_tree": effect.result_tree if special else RESULT, "displayed_sha256": digest(DIFF),
               "rebuilt": True, "self_reviewed": name == "anna", **self.approval}
        )  # fmt: skip
        return self.town.by_person(name, body, "apr", lifetime=86_400, now=self.now - 10)

    def _record(self, warrant: Envelope) -> tuple[bytes, str]:
        named = Commitment(name="warrant", commitment=commitment(SALT, warrant.payload_bytes()))
        leaf = encode_leaf(self.logged, 0, [named])
        origin = log_origin(self.town.name)
        point = Checkpoint(origin=origin, size=1, root=leaf_hash(leaf))
        note = sign_checkpoint(point, self.town.keys[self.log_signer])
        if self.witnessed:
            note += cosign(note, f"{origin}/witness", self.town.keys["witness"], self.now)
        return leaf, format_proof(0, [], note)


def without(bundle: CaseBundle, **changes: Any) -> CaseBundle:
    """The same bundle with parts replaced."""
    return msgspec.structs.replace(bundle, **changes)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
