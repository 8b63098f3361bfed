"""One plainly fake sample of every document, built from fixed keys: the golden vectors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.domain.execution import Action, LeasePurpose, LeaseState
from magistrate.domain.impact import ChangeClass, ProofStatus, Strictness
from magistrate.domain.principal import Mode, Role
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.approval import Approval
from magistrate.wire.assessment import Assessment, FileVerdict, ProofSummary, Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.closure import Closure
from magistrate.wire.decision import Decision, Obligation, Reason
from magistrate.wire.document import Body, document, seal_by_person, seal_by_process
from magistrate.wire.drill import DrillKind, DrillOrder, DrillResult, Probe
from magistrate.wire.effect import NOT_THERE, ChangeEntitlement, Deploy, GitUpdate, Release, RotateSecret
from magistrate.wire.envelope import Envelope
from magistrate.wire.evidence import Evidence
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.lease import Lease
from magistrate.wire.policy_bundle import Command, HttpProbe, PolicyBundle, PolicyText, RepositoryPolicy, StagePolicy
from magistrate.wire.proposal import Proposal, Provenance
from magistrate.wire.rejection import Rejection
from magistrate.wire.report import Outcome, Report, Step
from magistrate.wire.request import Request
from magistrate.wire.roster import Person, Processes, Roster, Thresholds
from magistrate.wire.session import Session
from magistrate.wire.sshsig import InMemorySshKey
from magistrate.wire.trust import PolicyException, Promotion
from magistrate.wire.warrant import Warrant
from magistrate.wire.withdrawal import Withdrawal

NOW = 1_790_000_000
AT = "2026-09-21T14:13:20Z"
D = "sha256:" + "0" * 64
G = "0" * 40
DEPLOYMENT = "sample"


def fixed_key(name: str) -> Ed25519PrivateKey:
    """A key that anybody can derive: never used outside tests."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"fake " + name.encode()).digest())


@dataclass(frozen=True)
class Sample:
    """A body and who signs it: a process (`control`) or a person (`person:alice`)."""

    body: Body
    prefix: str
    signer: str
    lifetime: int | None = None
    audience: str = ""

    def seal(self) -> Envelope:
        framed = document(
            self.body,
            deployment=DEPLOYMENT,
            id=f"{self.prefix}-" + "a" * 26,
            now=NOW,
            lifetime=self.lifetime,
            audience=self.audience,
        )
        kind, _, name = self.signer.rpartition(":")
        if kind == "person":
            return seal_by_person(framed, InMemorySshKey(fixed_key(name)))
        return seal_by_process(framed, fixed_key(name))


EFFECT = GitUpdate(
    environment="staging",
    pre_state=G,
    rollback_plan_digest=D,
    repository="shop",
    ref="refs/heads/main",
    old=G,
    base_tree=G,
    result_tree=G,
    manifest_sha256=D,
)
VERDICT = Verdict(
    id="c1",
    digest=D,
    assessor=D,
    classes=(ChangeClass.LINT,),
    auto_eligible=True,
    strictness=Strictness.AUTO,
    files=(
        FileVerdict(
            path="a.py",
            change_class=ChangeClass.LINT,
            proof=ProofSummary(rule="ruff/1", status=ProofStatus.PROVEN, why="re-derived", witness={"tool": D}),
        ),
    ),
    sensitivities=(),
    denials=(),
    privilege=(),
    blast_radius={"files": 1},
    reversible="yes",
    composition={},
    reasons=("all files proven",),
)
NOBODY = Scope(repository="shop", environment=None, agent=None, change_class=None)

RELEASE = Release(
    environment="staging", pre_state=NOT_THERE, rollback_plan_digest=D, repository="shop", ref="refs/tags/v1.2.3", commit=G,
    previous="refs/tags/v1.2.2", base_tree=G, result_tree=G, manifest_sha256=D,
)  # fmt: skip
DEPLOY = Deploy(
    environment="live", pre_state=G, rollback_plan_digest=D, repository="shop", stage="live", ref="refs/heads/stages/live",
    old=G, commit=G, base_tree=G, result_tree=G, manifest_sha256=D, artifact_digest=D, command_id="follow",
)  # fmt: skip
ENTITLE = ChangeEntitlement(
    environment="live", pre_state=G, rollback_plan_digest=D, repository="shop", stage="orders", ref="refs/heads/stages/orders",
    old=G, commit=G, base_tree=G, result_tree=G, manifest_sha256=D, system="orders-db", document="db/grants.sql",
    before_digest=D, after_digest=D,
)  # fmt: skip
ROTATE = RotateSecret(
    environment="live", pre_state=G, rollback_plan_digest=D, repository="shop", stage="password", ref="refs/heads/stages/password",
    old=G, commit=G, base_tree=G, result_tree=G, manifest_sha256=D, secret_id="orders-password", store="orders-db",
    document="db/password.toml", consumers_digest=D,
)  # fmt: skip
SECRET = StagePolicy(
    stage="password", repository="shop", environment="live", production=True, verification=(), system="orders-db",
    document="db/password.toml", secret="orders-password",
)  # fmt: skip
SYSTEM = StagePolicy(
    stage="orders", repository="shop", environment="live", production=True, verification=(), system="orders-db",
    document="db/grants.sql",
)  # fmt: skip
CARRIED = StagePolicy(
    stage="edge", repository="shop", environment="edge", production=False, verification=(), target="web",
)  # fmt: skip
STAGE = StagePolicy(
    stage="live", repository="shop", environment="live", production=True, soak_seconds=30,
    verification=(HttpProbe(url="http://127.0.0.1:1/version", status=200, body_contains="{source}", within_seconds=10),),
)  # fmt: skip
SAMPLES: dict[str, Sample] = {
    s.body.NAME: s
    for s in (
        Sample(
            Roster(
                version=1,
                previous=None,
                mode=Mode.TEAM,
                persons=(
                    Person(
                        person="alice",
                        display_name="Alice Example",
                        roles=(Role.REVIEWER,),
                        keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",),
                    ),
                ),
                processes=Processes(
                    front="AA==",
                    control="AA==",
                    gate="AA==",
                    executors=("AA==",),
                    log="sample+00000000+AQ==",
                    witnesses=("w+00000000+BA==",),
                ),
                thresholds=Thresholds(roster=1, policy=1, witnesses=1),
            ),
            "ros",
            "person:alice",
        ),
        Sample(
            PolicyBundle(
                version=1,
                previous=None,
                schema="entity Case;",
                policies=(PolicyText(name="base.cedar", text="permit(principal, action, resource);"),),
                commands=(Command(command="unit-tests", argv=("python3", "-m", "unittest"), timeout_seconds=60),),
                repositories=(
                    RepositoryPolicy(
                        repository="shop",
                        ref="refs/heads/main",
                        environment="staging",
                        production=False,
                        checks=("unit-tests",),
                        verification=(
                            HttpProbe(
                                url="http://127.0.0.1:1/health", status=200, body_contains="{commit}", within_seconds=10
                            ),
                        ),
                    ),
                ),
            ),
            "pol",
            "person:alice",
        ),
        Sample(
            AgentManifest(
                agent="fixer",
                owner="alice",
                purpose="fix findings",
                model="fake-model",
                model_version="1",
                tools_digest=D,
                repositories=("shop",),
                sensitivity="source code",
                criticality="low",
                state=AgentState.ACTIVE,
                review_by=AT,
            ),
            "agm",
            "person:alice",
        ),
        Sample(
            Session(
                agent="fixer",
                owner="alice",
                manifest=D,
                opened_by="alice",
                finding="fnd-1",
                repository="shop",
                reason="fix it",
                byte_budget=1_000_000,
                token_sha256=D,
            ),
            "ses",
            "control",
            3600,
        ),
        Sample(
            Proposal(
                session="ses-" + "a" * 26,
                session_digest=D,
                agent="fixer",
                owner="alice",
                model="fake-model 1",
                finding="fnd-1",
                action=Action.MERGE,
                effect=EFFECT,
                diff_sha256=D,
                prompt_sha256=D,
                prompt_commitment=D,
                rationale_sha256=D,
                context=(D,),
                context_gaps=(),
                provenance=Provenance.CLAIMED,
                kind_commitment=D,
            ),
            "prp",
            "front",
        ),
        Sample(
            Evidence(
                proposal=D,
                tool="ruff-format",
                tool_digest=D,
                path="a.py",
                inputs_digest=D,
                output_digest=D,
                exit_status=0,
            ),
            "evd",
            "control",
        ),
        Sample(
            Assessment(proposal=D, verdict_sha256=digest_of(VERDICT), verdict=VERDICT, evidence=(D,)), "asm", "control"
        ),
        Sample(
            Decision(
                proposal=D,
                assessment_verdict=D,
                policy=D,
                roster=D,
                action=Action.MERGE,
                environment="staging",
                strictness=Strictness.ONE,
                obligations=(Obligation(role=None, count=1, rule="floor/one"),),
                reasons=(Reason(rule="floor/nothing-automatic", source="floor", why="not earned", relax="drills"),),
            ),
            "dec",
            "control",
        ),
        Sample(
            Approval(
                person="alice",
                proposal=D,
                decision=D,
                assessment_verdict=D,
                policy=D,
                roster=D,
                action=Action.MERGE,
                environment="staging",
                repository="shop",
                ref="refs/heads/main",
                base=G,
                result_tree=G,
                displayed_sha256=D,
                rebuilt=True,
                self_reviewed=False,
            ),
            "apr",
            "person:alice",
            86400,
        ),
        Sample(Rejection(person="alice", proposal=D, reason="no"), "rej", "person:alice"),
        Sample(
            Withdrawal(person="alice", proposal=D, approval=D, reason="second thoughts", epoch=1), "wdr", "person:alice"
        ),
        Sample(
            Closure(
                person="alice",
                proposal=D,
                repository="shop",
                ref="refs/heads/main",
                tip=G,
                reason="the ref was set right",
                self_reviewed=False,
            ),
            "cls",
            "person:alice",
        ),
        Sample(Freeze(person="alice", scope=NOBODY, reason="incident", epoch=1), "frz", "person:alice"),
        Sample(Thaw(freeze=D, reason="over", epoch=2), "thw", "person:alice"),
        Sample(
            Promotion(
                change_class=ChangeClass.FORMATTING,
                repository="shop",
                environment="staging",
                agent="fixer",
                assessor=D,
                policy=D,
                evidence=(D,),
            ),
            "prm",
            "person:alice",
            86400,
        ),
        Sample(
            PolicyException(repository="shop", environment="staging", finding="no backup", reason="accepted"),
            "exc",
            "person:alice",
            86400,
        ),
        Sample(
            Warrant(
                executor="ed25519:" + "0" * 64,
                proposal=D,
                decision=D,
                assessment_verdict=D,
                policy=D,
                roster=D,
                approvals=(D,),
                action=Action.MERGE,
                environment="staging",
                effect=EFFECT,
            ),
            "wrt",
            "control",
            300,
        ),
        Sample(
            Lease(
                warrant=D,
                proposal=D,
                purpose=LeasePurpose.EFFECT,
                state=LeaseState.REQUESTED,
                repository="shop",
                ref="refs/heads/main",
                old=G,
                commit=G,
                tree=G,
                reason="merge for the warrant",
            ),
            "lse",
            "executor",
            60,
        ),
        Sample(
            JournalEntry(
                sequence=1,
                previous=None,
                execution="wrt-1",
                step="lease",
                status=StepStatus.INTENT,
                facts={"ref": "refs/heads/main"},
            ),
            "jrn",
            "executor",
        ),
        Sample(
            Report(
                warrant=D,
                proposal=D,
                outcome=Outcome.SUCCEEDED,
                why="healthy",
                steps=(Step(event="effect.done", at=AT, facts={}),),
                ref_before=G,
                ref_after=G,
                leases_open=0,
                journal_head=D,
            ),
            "rep",
            "executor",
        ),
        Sample(
            DrillOrder(person="alice", repository="shop", environment="staging", scratch="drill-shop"),
            "dro",
            "person:alice",
            3600,
        ),
        Sample(
            DrillResult(
                order=D,
                kind=DrillKind.ROLLBACK,
                repository="shop",
                environment="staging",
                passed=True,
                probes=(Probe(probe="tree after undo", held=True, seen="equal"),),
            ),
            "drr",
            "executor",
            604800,
        ),
        Sample(
            Request(caller="alice", method="GET", path="/status", body_sha256=D), "req", "person:alice", 120, "control"
        ),
    )
}
PROPOSED = SAMPLES["proposal"]
SAMPLES["proposal-release"] = Sample(
    msgspec.structs.replace(PROPOSED.body, action=Action.RELEASE, effect=RELEASE), PROPOSED.prefix, PROPOSED.signer
)
SAMPLES["proposal-deploy"] = Sample(
    msgspec.structs.replace(PROPOSED.body, action=Action.DEPLOY, effect=DEPLOY), PROPOSED.prefix, PROPOSED.signer
)
SAMPLES["proposal-rotate_secret"] = Sample(
    msgspec.structs.replace(PROPOSED.body, action=Action.ROTATE_SECRET, effect=ROTATE), PROPOSED.prefix, PROPOSED.signer
)
SAMPLES["proposal-change_entitlement"] = Sample(
    msgspec.structs.replace(PROPOSED.body, action=Action.CHANGE_ENTITLEMENT, effect=ENTITLE),
    PROPOSED.prefix,
    PROPOSED.signer,
)
STAGED = SAMPLES["policy_bundle"]
SAMPLES["policy_bundle-systems"] = Sample(
    msgspec.structs.replace(STAGED.body, stages=(SYSTEM, SECRET, CARRIED)), STAGED.prefix, STAGED.signer
)
SAMPLES["policy_bundle-stages"] = Sample(
    msgspec.structs.replace(STAGED.body, stages=(STAGE,)), STAGED.prefix, STAGED.signer
)
