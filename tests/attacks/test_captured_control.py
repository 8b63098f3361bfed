"""A captured control: warrants, records and effects that are not what people agreed to (R37, R44, R55, R56)."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.admissible import without
from world.captured import CapturedWorld, Scene, captured_world
from world.captured_attempts import EXECUTOR, Attempt, attempted
from world.real_gate import MAIN, git

from magistrate.domain.execution import Action
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.effect import ACTION_OF, ChangeEntitlement, Deploy, RotateSecret, StageEffect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("captured-control")]
EVIL = b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-print('one')\n+print('evil')\n"


def warrant(**changes: Any) -> Any:
    """The same documents under a warrant that says something else."""
    return lambda s: s.reissued(s.honest, **changes)


def entry(**knobs: Any) -> Any:
    """A fresh warrant with another entry in the log, or another witness on it."""
    return lambda s: s.recorded(s.variant(), **knobs)


def with_key(s: Scene, name: str) -> CaseBundle:
    """The record made with a key that nobody knows, where the log's or the witness's was."""
    case = copy.copy(s.case)
    keys = {**s.town.keys, name: Ed25519PrivateKey.generate()}
    case.town = copy.copy(s.town)
    object.__setattr__(case.town, "keys", keys)
    bundle = s.variant()
    assert bundle.warrant is not None
    leaf, proof = case._record(bundle.warrant)
    return without(bundle, warrant_leaf=base64.b64encode(leaf).decode(), warrant_proof=proof)


def record_of_another(s: Scene) -> CaseBundle:
    other, mine = s.honest, s.variant()
    return without(
        mine, warrant_leaf=other.warrant_leaf, warrant_salt=other.warrant_salt, warrant_proof=other.warrant_proof
    )


def forked_log(s: Scene) -> CaseBundle:
    """The witnessed checkpoint of one history with the entry of another."""
    other, mine = s.honest, s.variant()
    return without(mine, warrant_proof=other.warrant_proof)


def effect(**changes: Any) -> Any:
    """Every document agrees on another effect, even what people signed."""
    return lambda s: s.variant(effect=changes)


def in_warrant_only(**changes: Any) -> Any:
    """Only the warrant names another effect."""

    def forge(s: Scene) -> CaseBundle:
        import msgspec

        return s.reissued(s.honest, effect=msgspec.structs.replace(s.effect(s.honest), **changes))

    return forge


def restored_elsewhere(s: Scene) -> CaseBundle:
    """The way back leads to a tree of the attacker's; nothing about the way there is odd."""
    return s.variant(effect={"base_tree": "7" * 40, "pre_state": "7" * 40, "rollback_plan_digest": _plan("7" * 40)})


def _plan(tree: str) -> str:
    from magistrate.wire.effect import git_rollback_plan_digest

    return git_rollback_plan_digest(repository="shop", ref=MAIN, restore_tree=tree)


def in_another_repository(name: str) -> Any:
    """Session and proposal name a repository whose name looks like the right one."""

    def forge(s: Scene) -> CaseBundle:
        case = copy.copy(s.case)
        case.session, case.effect = {"repository": name}, {**case.effect, "repository": name}
        return s.captured.build(case)

    return forge


STAGED: dict[str, Any] = {
    "environment": "staging", "pre_state": "0" * 40, "rollback_plan_digest": digest(b"p"), "repository": "shop",
    "stage": "live", "ref": "refs/heads/stages/live", "old": "0" * 40, "commit": "1" * 40, "base_tree": "0" * 40,
    "result_tree": "2" * 40, "manifest_sha256": digest(b"m"),
}  # fmt: skip
DEPLOYS = Deploy(**STAGED, artifact_digest=digest(b"evil"), command_id="follow")
ENTITLES = ChangeEntitlement(
    **STAGED, system="orders-db", document="db/grants.sql", before_digest=digest(b"few"), after_digest=digest(b"all")
)
ROTATES = RotateSecret(
    **STAGED, secret_id="orders-password", store="orders-db", document="db/evil.toml", consumers_digest=digest(b"evil")
)


def carried(effect: StageEffect) -> Any:
    """People agreed to a merge; the warrant brings something to a stage."""

    def forge(s: Scene) -> CaseBundle:
        return s.reissued(s.honest, effect=effect, action=ACTION_OF[type(effect)])

    return forge


def other_diff(s: Scene) -> CaseBundle:
    return without(s.variant(), diff=base64.b64encode(EVIL).decode())


def diff_of_another_result(s: Scene) -> CaseBundle:
    """Everybody signed this diff beside the tree of the honest one."""
    case = copy.copy(s.case)
    case.proposal = {**case.proposal, "diff_sha256": digest(EVIL)}
    case.approval = {**case.approval, "displayed_sha256": digest(EVIL)}
    return s.captured.build(case, EVIL)


def moved_on(s: Scene) -> CaseBundle:
    """Another hand moved the branch after people agreed, and control says nothing of it."""
    tree = s.captured.town.result_tree
    commit = git(s.captured.town.bare, "commit-tree", tree, "-p", s.captured.town.old, "-m", "another hand").strip()
    return s.variant(effect={"old": commit}, approval={"base": commit})


ATTEMPTS: dict[str, Attempt] = {
    "warrant-by-front": Attempt(
        hope="Front's key signs warrants too.", code="MAG-E106", says="signature", forge=warrant(signer="front"),
    ),
    "warrant-by-the-log": Attempt(
        hope="The log's key signs warrants too.", code="MAG-E106", says="signature", forge=warrant(signer="log"),
    ),
    "long-warrant": Attempt(
        hope="A warrant that lasts a day is kept for a better moment.",
        code="MAG-E105", says="five minutes at most", forge=warrant(lifetime=86_400),
    ),
    "warrant-from-tomorrow": Attempt(
        hope="A warrant that is issued in the future outlives the five minutes.",
        code="MAG-E105", says="from the future", forge=warrant(ago=-3600),
    ),
    "old-warrant": Attempt(
        hope="A warrant that nobody fetched in time is used later.",
        code="MAG-E105", says="expired", forge=warrant(ago=400),
    ),
    "warrant-for-another-executor": Attempt(
        hope="A warrant for one executor is used by another, so that it is used twice.",
        code="MAG-E124", says="the executor is", forge=warrant(executor="ed25519:" + "0" * 64),
        ignored=True,
    ),
    "warrant-for-another-environment": Attempt(
        hope="The warrant says playground, where fewer people are asked.",
        code="MAG-E124", says="the environment is", forge=warrant(environment="playground"),
    ),
    "warrant-for-another-action": Attempt(
        hope="The warrant calls a merge a rollback, for which nobody need be asked.",
        code="MAG-E124", says="the action is", forge=warrant(action=Action.ROLLBACK),
    ),
    "warrant-for-another-decision": Attempt(
        hope="The warrant rests on a decision that nobody can see.",
        code="MAG-E124", says="the decision is", forge=warrant(decision=digest(b"unseen")),
    ),
    "warrant-for-another-verdict": Attempt(
        hope="The warrant rests on a milder verdict.",
        code="MAG-E124", says="the verdict is", forge=warrant(assessment_verdict=digest(b"milder")),
    ),
    "warrant-for-another-proposal": Attempt(
        hope="The warrant names another proposal than the one presented.",
        code="MAG-E124", says="the proposal is", forge=warrant(proposal=digest(b"other")),
    ),
    "warrant-under-another-policy": Attempt(
        hope="The warrant was made under a policy that is not presented.",
        code="MAG-E124", says="the policy is", forge=warrant(policy=digest(b"other")),
    ),
    "warrant-under-another-roster": Attempt(
        hope="The warrant was made under a roster that is not presented.",
        code="MAG-E124", says="the roster is", forge=warrant(roster=digest(b"other")),
    ),
    "no-warrant": Attempt(
        hope="A case that people cleared is executed without its warrant.",
        code="MAG-E391", says="without a warrant", gate=("MAG-E124", "holds no warrant"), unreported=True,
        forge=lambda s: without(s.variant(), warrant=None),
    ),
    "not-witnessed": Attempt(
        hope="The warrant is in the log, and no witness ever saw it.",
        code="MAG-E203", says="cosigned by 0 of the 1", forge=entry(witnessed=False),
    ),
    "unknown-witness": Attempt(
        hope="The attacker runs a witness of their own.", code="MAG-E203", says="cosigned by 0 of the 1",
        forge=lambda s: with_key(s, "witness"),
    ),
    "log-of-ones-own": Attempt(
        hope="The attacker keeps a log of their own beside the real one.", code="MAG-E201", says="not signed by",
        forge=lambda s: with_key(s, "log"),
    ),
    "forked-log": Attempt(
        hope="The entry stands in a history that the witness did not see.", code="MAG-E204", says="not proven to be in the tree",
        forge=forked_log,
    ),
    "record-of-another-warrant": Attempt(
        hope="The record of one warrant covers another.",
        code="MAG-E125", says="commits to another warrant", forge=record_of_another,
    ),
    "recorded-as-something-else": Attempt(
        hope="The record says that the case was decided, not that a warrant was issued.",
        code="MAG-E125", says="the log entry is `decision.made`", forge=entry(logged="decision.made"),
    ),
    "record-without-its-salt": Attempt(
        hope="The record cannot be opened, so nobody can tell what it says.",
        code="MAG-E125", says="commits to another warrant",
        forge=lambda s: without(s.variant(), warrant_salt=base64.b64encode(b"x" * 32).decode()),
    ),
    "effect-swapped-in-the-warrant": Attempt(
        hope="Only the warrant names another tree.",
        code="MAG-E124", says="the effect is", forge=in_warrant_only(result_tree="9" * 40),
    ),
    "another-ref": Attempt(
        hope="Everybody agreed to a branch that policy does not name.",
        code="MAG-E124", says="the ref is `refs/heads/main`", forge=effect(ref="refs/heads/release"),
    ),
    "lookalike-ref": Attempt(
        hope="The branch is called main with a Cyrillic letter.",
        code="MAG-E124", says="the ref is", forge=effect(ref="refs/heads/m\u0430in"),
    ),
    "another-environment": Attempt(
        hope="The effect says playground, where fewer people are asked.",
        code="MAG-E124", says="the environment is", forge=effect(environment="playground"),
    ),
    "another-state-before": Attempt(
        hope="The effect names another state before, so that it may always be done.",
        code="MAG-E124", says="the state before is", forge=effect(pre_state="9" * 40),
    ),
    "another-way-back": Attempt(
        hope="The way back leads somewhere else than where the change began.",
        code="MAG-E124", says="the rollback plan is", forge=effect(rollback_plan_digest=digest(b"elsewhere")),
    ),
    "way-back-to-another-tree": Attempt(
        hope="The way back, whole and signed, restores a tree of the attacker's, and a failing check then applies it.",
        code="MAG-E389", says="the tree before rebuilt here",
        gate=("MAG-E342", "holds the tree"), forge=restored_elsewhere,
    ),
    "another-result": Attempt(
        hope="People agreed to a tree that the diff does not make.", doors=(EXECUTOR,),
        code="MAG-E389", says="the result tree rebuilt here",
        forge=lambda s: s.variant(effect={"result_tree": "9" * 40}, approval={"result_tree": "9" * 40}),
    ),
    "another-manifest": Attempt(
        hope="The list of changed files leaves one out.", doors=(EXECUTOR,),
        code="MAG-E389", says="the manifest rebuilt here", forge=effect(manifest_sha256=digest(b"fewer")),
    ),
    "another-diff": Attempt(
        hope="The diff in the bundle is not the one of the proposal.",
        code="MAG-E124", says="the diff is", forge=other_diff,
    ),
    "diff-of-another-result": Attempt(
        hope="Everybody signed one diff beside the tree of another.", doors=(EXECUTOR,),
        code="MAG-E389", says="the result tree rebuilt here", forge=diff_of_another_result,
    ),
    "another-prompt": Attempt(
        hope="People read another prompt than the agent was given.",
        code="MAG-E124", says="the prompt is", forge=lambda s: without(s.variant(), prompt="harmless"),
    ),
    "another-rationale": Attempt(
        hope="People read another rationale than the agent gave.",
        code="MAG-E124", says="the rationale is", forge=lambda s: without(s.variant(), rationale="harmless"),
    ),
    "deploy-under-a-merge": Attempt(
        hope="An agreed merge carries a deployment.", code="MAG-E124", says="the effect is", forge=carried(DEPLOYS),
    ),
    "entitlements-under-a-merge": Attempt(
        hope="An agreed merge carries a change of entitlements.",
        code="MAG-E124", says="the effect is", forge=carried(ENTITLES),
    ),
    "rotation-under-a-merge": Attempt(
        hope="An agreed merge carries a rotation, for a consumer that nobody agreed to.",
        code="MAG-E124", says="the effect is", forge=carried(ROTATES),
    ),
    "merge-by-another-name": Attempt(
        hope="Everybody calls the merge a release, for which policy asks less.",
        code="MAG-E124", says="it was decided as `release`",
        forge=lambda s: s.variant(
            **{part: {"action": Action.RELEASE} for part in ("proposal", "decision", "warrant", "approval")}
        ),
    ),
    "repository-with-its-suffix": Attempt(
        hope="`shop.git` is the shop on disk and another repository in policy.",
        code="MAG-E122", says="may not work on `shop.git`", forge=in_another_repository("shop.git"),
    ),
    "repository-of-another-name": Attempt(
        hope="The same change goes into a repository that nobody registered.",
        code="MAG-E122", says="may not work on `shop-", forge=in_another_repository("shop-"),
    ),
    "repository-by-a-path": Attempt(
        hope="The name of the repository leads out of the folder.",
        code="MAG-E102", says=r"body\.effect\.repository", unreported=True,
        forge=in_another_repository("../gate/repositories/shop"),
    ),
    "lookalike-repository": Attempt(
        hope="The name of the repository has a Cyrillic letter.",
        code="MAG-E102", says=r"body\.effect\.repository", unreported=True, forge=in_another_repository("sh\u043ep"),
    ),
    "branch-moved-on": Attempt(
        hope="The branch went on since, and what people saw is laid over what came after.",
        code="MAG-E392", says="does not contain", gate=("MAG-E342", "stands at"), forge=moved_on,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturedWorld]:
    with captured_world(tmp_path_factory.mktemp("captured") / "home") as made:
        yield made


@pytest.mark.requirement("R37", "R44", "R55", "R56")
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_warrant_is_made_up(world: CapturedWorld, name: str) -> None:
    attempted(world, ATTEMPTS[name])
