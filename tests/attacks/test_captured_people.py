"""A captured control: agreements that people did not give, gave to something else, or took back (R44, R45, R47)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.admissible import without
from world.captured import CapturedWorld, Scene, captured_world
from world.captured_attempts import GATE, SENSITIVE, Attempt, attempted

from magistrate.domain.execution import Action
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.wire.approval import Approval
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.rejection import Rejection
from magistrate.wire.sshsig import InMemorySshKey
from magistrate.wire.withdrawal import Withdrawal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("captured-people")]
ONE = (Obligation(role=None, count=1, rule="captured/one"),)
DAY = 86_400


def by_approval(**changed: Any) -> Any:
    """The approval that people gave names something else."""
    return lambda s: s.variant(approval=changed)


def instead(make: Any) -> Any:
    """Another envelope where the approval was, under a warrant of its own."""

    def forge(s: Scene) -> CaseBundle:
        return s.reissued(without(s.honest, approvals=(make(s, s.body(s.honest.approvals[0], Approval)),)))

    return forge


def replayed(s: Scene) -> CaseBundle:
    return s.reissued(without(s.variant(), approvals=s.honest.approvals))


def decided_again(s: Scene) -> CaseBundle:
    weaker = msgspec.structs.replace(s.body(s.honest.decision, Decision), obligations=ONE, reasons=())
    return s.reissued(without(s.honest, decision=s.by("control", weaker, "dec", lifetime=None)))


def retouched(s: Scene) -> CaseBundle:
    before = s.honest.approvals[0]
    payload = before.payload_bytes().replace(b'"action":"merge"', b'"action":"merge" ')
    return s.reissued(
        without(s.honest, approvals=(msgspec.structs.replace(before, payload=base64.b64encode(payload).decode()),))
    )


def rejected(s: Scene, approval: Approval) -> Any:
    """Ben's rejection, with the name of an approval on the envelope."""
    no = s.person("ben", Rejection(person="ben", proposal=approval.proposal, reason="no"), "rej")
    return msgspec.structs.replace(no, payloadType=Approval.document_type())


def taken_back(s: Scene) -> CaseBundle:
    given = s.variant()
    word = Withdrawal(
        person="ben", proposal=given.proposal.payload_digest(), approval=given.approvals[0].payload_digest(),
        reason="I was wrong", epoch=1,
    )  # fmt: skip
    s.drop("withdrawal", s.person("ben", word, "wdr", lifetime=None))
    return given


ATTEMPTS: dict[str, Attempt] = {
    "false-diff-shown": Attempt(
        hope="People look at a harmless diff on control's pages and sign; another one is applied.",
        code="MAG-E124", says="another displayed diff", forge=by_approval(displayed_sha256=digest(b"harmless")),
    ),
    "approval-of-another-proposal": Attempt(
        hope="Ben's approval of one proposal is laid beside another.",
        code="MAG-E124", says="another proposal", forge=replayed,
    ),
    "decision-written-again": Attempt(
        hope="After people signed, control decides anew and asks for fewer of them.",
        code="MAG-E124", says="another decision", forge=decided_again,
    ),
    "approval-of-another-deployment": Attempt(
        hope="Ben's approval from a test deployment counts here.",
        code="MAG-E104", says="`elsewhere`",
        forge=instead(lambda s, body: s.person("ben", body, "apr", deployment="elsewhere")),
    ),
    "approval-for-another-environment": Attempt(
        hope="What was approved for a playground is done in staging.",
        code="MAG-E124", says="another environment: `playground`", forge=by_approval(environment="playground"),
    ),
    "approval-for-another-repository": Attempt(
        hope="What was approved for a toy repository is done in the shop.",
        code="MAG-E124", says="another repository: `toy`", forge=by_approval(repository="toy"),
    ),
    "approval-for-another-ref": Attempt(
        hope="What was approved for a side branch is done on main.",
        code="MAG-E124", says="another ref: `refs/heads/side`", forge=by_approval(ref="refs/heads/side"),
    ),
    "approval-of-another-action": Attempt(
        hope="Who agreed to a release has agreed to a merge.",
        code="MAG-E124", says="another action: `release`", forge=by_approval(action=Action.RELEASE),
    ),
    "approval-of-another-base": Attempt(
        hope="An approval given before the branch went on is used on what came after.",
        code="MAG-E124", says="another base", forge=by_approval(base="9" * 40),
    ),
    "approval-of-another-tree": Attempt(
        hope="People rebuilt one tree, and another one is pushed.",
        code="MAG-E124", says="another result tree", forge=by_approval(result_tree="9" * 40),
    ),
    "approval-under-another-policy": Attempt(
        hope="An approval from before the policy changed counts under the new one.",
        code="MAG-E124", says="another policy", forge=by_approval(policy=digest(b"old policy")),
    ),
    "approval-under-another-roster": Attempt(
        hope="An approval from before the roster changed counts under the new one.",
        code="MAG-E124", says="another roster", forge=by_approval(roster=digest(b"old roster")),
    ),
    "approval-of-another-verdict": Attempt(
        hope="People were shown a milder verdict than the one decided on.",
        code="MAG-E124", says="another assessment", forge=by_approval(assessment_verdict=digest(b"milder")),
    ),
    "control-approves": Attempt(
        hope="Control signs the approval itself with its warrant key.",
        code="MAG-E107", says="belongs to nobody", forge=instead(lambda s, body: s.by("control", body, "apr")),
    ),
    "enrolled-by-control": Attempt(
        hope="Control enrols a key of its own for Ben in its database and signs with it.",
        code="MAG-E107", says="belongs to nobody",
        forge=instead(lambda s, body: s.person(InMemorySshKey(Ed25519PrivateKey.generate()), body, "apr")),
    ),
    "stolen-and-replaced-key": Attempt(
        hope="Carla's old key, stolen and replaced since, still approves.",
        code="MAG-E107", says="belongs to nobody",
        forge=instead(
            lambda s, body: s.person(
                s.town.before.people["carla"], msgspec.structs.replace(body, person="carla"), "apr"
            )
        ),
    ),
    "in-a-colleagues-name": Attempt(
        hope="Ben's signature is counted as Carla's, so that Ben can give a second one.",
        code="MAG-E122", says="`ben` signed in the name of `carla`", forge=by_approval(person="carla"),
    ),
    "retouched-after-signing": Attempt(
        hope="One byte of a signed approval is changed.",
        code="MAG-E106", says="signature", forge=retouched,
    ),
    "rejection-as-approval": Attempt(
        hope="Ben's rejection is passed off as his approval.",
        code="MAG-E106", says="signature|namespace", forge=instead(rejected),
    ),
    "owner-approves": Attempt(
        hope="The agent's owner approves what the agent wrote, as one may who works alone.",
        code="MAG-E122", says="`anna` owns the agent", forge=lambda s: s.variant(approvers=("anna",)),
    ),
    "opener-approves": Attempt(
        hope="Whoever opened the session and told the agent what to do approves what came of it.",
        code="MAG-E122", says="`ben` opened the session", forge=lambda s: s.variant(session={"opened_by": "ben"}),
    ),
    "owner-hides-ownership": Attempt(
        hope="The owner's approval says that it is no self-review.",
        code="MAG-E122", says="`anna` owns the agent",
        forge=lambda s: s.variant(approvers=("anna",), approval={"self_reviewed": False}),
    ),
    "auditor-approves": Attempt(
        hope="Somebody who may only read the record approves.",
        code="MAG-E122", says="`dora` holds no reviewing role", forge=lambda s: s.variant(approvers=("dora",)),
    ),
    "same-approval-twice": Attempt(
        hope="One person's approval is counted as two for a sensitive change.", honest=SENSITIVE,
        code="MAG-E121", says="asks for 2 of any reviewing role, 1 given",
        forge=lambda s: s.variant(approvers=("ben", "ben")),
    ),
    "one-person-two-keys": Attempt(
        hope="Ben signs with both of his keys and counts as two.", honest=SENSITIVE,
        code="MAG-E121", says="asks for 2 of any reviewing role, 1 given",
        forge=lambda s: s.variant(approvers=("ben", "ben-second"), approval={"person": "ben"}),
    ),
    "fewer-than-the-floor": Attempt(
        hope="Control decides that one approval is enough for a change of the pipeline.", honest=SENSITIVE,
        code="MAG-E123", says="more lenient than the floor",
        forge=lambda s: s.variant(approvers=("ben",), obligations=ONE, decision_strictness=Strictness.ONE),
    ),
    "no-obligations": Attempt(
        hope="A decision that asks for nobody is met by nobody.",
        code="MAG-E121", says="without obligations never passes", forge=lambda s: s.variant(obligations=()),
    ),
    "automatic-without-promotion": Attempt(
        hope="Control invents earned trust and decides that nobody need be asked.",
        code="MAG-E123", says="more lenient than the floor",
        forge=lambda s: s.variant(decision_strictness=Strictness.AUTO),
    ),
    "promotion-by-one": Attempt(
        hope="One person's promotion is enough for nobody to be asked.",
        code="MAG-E121", says="needs 2 persons", forge=lambda s: s.variant(promotion={"signers": ("ben",)}),
    ),
    "promotion-of-another-place": Attempt(
        hope="What was promoted for another repository counts here too.",
        code="MAG-E129", says="promoted for the repository", forge=lambda s: s.variant(promotion={"repository": "pay"}),
    ),
    "promotion-of-an-earlier-agent": Attempt(
        hope="The agent has another model by now, and nobody promotes it again.",
        code="MAG-E129", says="another version of the agent",
        forge=lambda s: s.variant(promotion={"evidence": (digest(b"before"), s.town.trusted_roster().digest)}),
    ),
    "promotion-for-a-fix": Attempt(
        hope="A promotion of one class lets a change of another through.",
        code="MAG-E129", says="no promotion covers", forge=lambda s: s.variant(promotion={"classes": (ChangeClass.DOCS,)}),
    ),
    "promotion-and-an-invented-verdict": Attempt(
        hope="Two persons promoted what is lint; control says that this is, and no person looks at it.",
        code="MAG-E350", says="judged otherwise here|another version of the assessor", doors=(GATE,),
        forge=lambda s: s.variant(promotion={}),
    ),
    "denied-all-the-same": Attempt(
        hope="A decision to refuse comes with a warrant all the same.",
        code="MAG-E123", says="the floor denies", forge=lambda s: s.variant(decision_strictness=Strictness.DENY),
    ),
    "nobody-asked": Attempt(
        hope="A warrant without any approval is enough for a low class.",
        code="MAG-E121", says="without approvals", forge=lambda s: s.variant(approvers=()),
    ),
    "warrant-names-more-approvals": Attempt(
        hope="The warrant names an approval that nobody can see.",
        code="MAG-E124", says="names other approvals",
        forge=lambda s: s.reissued(s.honest, approvals=(s.honest.approvals[0].payload_digest(), digest(b"unseen"))),
    ),
    "nobody-rebuilt": Attempt(
        hope="Everybody believed control's pages, and nobody looked on a machine of their own.",
        code="MAG-E122", says="nobody rebuilt", forge=by_approval(rebuilt=False),
    ),
    "expired-approval": Attempt(
        hope="An approval is kept for a better day.",
        code="MAG-E105", says="expired",
        forge=instead(lambda s, body: s.person("ben", body, "apr", now=s.case.now - DAY - 60)),
    ),
    "approval-without-an-end": Attempt(
        hope="An approval that never lapses is used for ever.",
        code="MAG-E105", says="without an expiry",
        forge=instead(lambda s, body: s.person("ben", body, "apr", lifetime=None)),
    ),
    "approval-from-tomorrow": Attempt(
        hope="A machine whose clock ran ahead signed an approval that outlives its day.",
        code="MAG-E105", says="from the future",
        forge=instead(lambda s, body: s.person("ben", body, "apr", now=s.case.now + DAY)),
    ),
    "withdrawal-withheld": Attempt(
        hope="Control keeps quiet that Ben took his approval back.",
        code="MAG-E122", says="`ben` withdrew", forge=taken_back,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturedWorld]:
    with captured_world(tmp_path_factory.mktemp("captured") / "home") as made:
        yield made


@pytest.mark.requirement("R37", "R44", "R45", "R47", "R55")
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_agreement_is_made_up(world: CapturedWorld, name: str) -> None:
    attempted(world, ATTEMPTS[name])
