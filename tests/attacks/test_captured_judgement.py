"""A captured control: verdicts, chains, drills and repeats that the executor's own journal and judge contradict.

What only the executor can know (its assessor, its journal, its drills) is not asked of the gate. (R32, R37, R55, R56, R85)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.admissible import without
from world.captured import CapturedWorld, Scene, captured_world, told
from world.captured_attempts import EXECUTOR, SENSITIVE, TWO, Attempt, attempted
from world.real_gate import MAIN, git

from magistrate.adapters.git.manifest import manifest_digest
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.ports import DrillCall, Ruling
from magistrate.wire.assessment import Assessment
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation
from magistrate.wire.drill import DrillKind, DrillOrder, DrillResult, Probe
from magistrate.wire.effect import git_rollback_plan_digest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("captured-judgement")]
ONE = (Obligation(role=None, count=1, rule="captured/one"),)
CODE: dict[str, Any] = {"change_class": ChangeClass.CODE, "strictness": Strictness.ONE}


def assessed(**changes: Any) -> Any:
    """Another assessment in the bundle than the one that the warrant rests on."""

    def forge(s: Scene) -> CaseBundle:
        body = msgspec.structs.replace(s.body(s.honest.assessment, Assessment), **changes)
        return s.reissued(without(s.honest, assessment=s.by("control", body, "asm", lifetime=None)))

    return forge


def judged(**changes: Any) -> Any:
    """A verdict with something changed, and every document after it signed to match."""

    def forge(s: Scene) -> CaseBundle:
        case = copy.copy(s.case)
        verdict = msgspec.structs.replace(s.case._verdict(), **changes)
        case._verdict = lambda: verdict  # type: ignore[method-assign]
        return s.captured.build(case)

    return forge


def milder(s: Scene) -> CaseBundle:
    """A pipeline's change called a lint fix, with the one approval that a lint fix needs."""
    return s.variant(
        change_class=ChangeClass.LINT, strictness=Strictness.AUTO, approvers=("ben",), obligations=ONE,
        decision_strictness=Strictness.ONE,
    )  # fmt: skip


def policy_wants_two(s: Scene) -> CaseBundle:
    s.judge.ruled = Ruling(strictness=Strictness.TWO, obligations=TWO)
    return s.variant(approvers=("ben",), obligations=ONE, decision_strictness=Strictness.ONE)


ATTEMPTS: dict[str, Attempt] = {
    "milder-class": Attempt(
        hope="A change of the pipeline is called a lint fix, and one person is asked.", honest=SENSITIVE,
        code="MAG-E390", says="judged again here the verdict is", doors=(EXECUTOR,), forge=milder,
    ),
    "verdict-of-another-assessor": Attempt(
        hope="An older assessor with a known fault gave the verdict.",
        code="MAG-E400", says="version skew: the assessor here is", doors=(EXECUTOR,), outcome="version_skew",
        forge=judged(assessor=digest(b"older assessor")),
    ),
    "verdict-with-a-way-back": Attempt(
        hope="What cannot be undone is called reversible.",
        honest={**SENSITIVE, "change_class": ChangeClass.CODE, "reversible": "no"},
        code="MAG-E390", says="judged again here", doors=(EXECUTOR,), forge=judged(reversible="yes"),
    ),
    "verdict-without-a-denial": Attempt(
        hope="The finding that denies a change is left out of the verdict.", doors=(EXECUTOR,),
        code="MAG-E390", says="judged again here", forge=judged(files=()),
        honest=SENSITIVE,
    ),
    "verdict-swapped-in-the-assessment": Attempt(
        hope="The assessment shows a milder verdict than the digest that people signed.",
        code="MAG-E124", says="the verdict is", forge=lambda s: assessed(verdict=_mild(s))(s), honest=SENSITIVE,
    ),
    "assessment-of-another-proposal": Attempt(
        hope="The assessment of a harmless proposal covers another.",
        code="MAG-E124", says="the assessed proposal is", forge=assessed(proposal=digest(b"harmless")),
    ),
    "decision-milder-than-policy": Attempt(
        hope="The verdict is true, and control leaves out what policy asks for.",
        honest={**CODE, "approvers": ("ben", "carla"), "obligations": TWO, "decision_strictness": Strictness.TWO},
        code="MAG-E390", says="ruled again here the change needs `two`", doors=(EXECUTOR,), forge=policy_wants_two,
    ),
}  # fmt: skip


def _mild(s: Scene) -> Any:
    return msgspec.structs.replace(s.case._verdict(), classes=(ChangeClass.LINT,))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturedWorld]:
    with captured_world(tmp_path_factory.mktemp("captured") / "home") as made:
        yield made


@pytest.fixture(autouse=True)
def put_back(world: CapturedWorld) -> Iterator[None]:
    yield
    world.put_back()


@pytest.mark.requirement("R37", "R43", "R55")
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_judgement_is_made_up(world: CapturedWorld, name: str) -> None:
    attempted(world, ATTEMPTS[name])


@pytest.mark.requirement("R85")
def test_made_up_readiness(world: CapturedWorld) -> None:
    """made-up-readiness: Control says that the drills passed, orders them itself, and shows results of its own."""
    scene = world.scene(drilled=False, **CODE)
    order = DrillOrder(person="carla", repository="shop", environment="staging", scratch="drill-shop")
    call = DrillCall(order=scene.by("control", order, "dro"), roster=scene.town.chain, policy=scene.town.policy)
    scene.control.orders = [call]
    refused = scene.offer(scene.honest)
    assert (refused.outcome, refused.why[:8]) == ("refused", "MAG-E123"), refused
    assert "the drills have not passed" in refused.why
    assert any("MAG-E107" in one and "belongs to nobody" in one for one in refused.alarms), refused.alarms
    result = DrillResult(
        order=digest(b"o"), kind=DrillKind.LOG_TAMPER, repository="shop", environment="staging", passed=True,
        probes=(Probe(probe="p", held=True, seen="s"),),
    )  # fmt: skip
    scene.control.orders = [DrillCall(order=scene.by("control", result, "drl"), roster=scene.town.chain, policy=scene.town.policy)]  # fmt: skip
    again = scene.offer(scene.variant())
    assert "the drills have not passed" in again.why
    assert any("MAG-E1" in one for one in again.alarms)
    assert world.town.tip() == world.town.old
    assert not world.usable()
    drilled = world.scene(**CODE)
    assert drilled.offer(drilled.honest).outcome == "succeeded"


def _next_step(scene: Scene, **knobs: Any) -> CaseBundle:
    """A second change by the same hands, on top of the one that landed."""
    town = scene.captured.town
    tip = town.tip()
    blob = git(town.bare, "hash-object", "-w", "--stdin", given=b"print('three')\n").strip()
    tree = git(town.bare, "mktree", given=f"100644 blob {blob}\ta.py\n".encode()).strip()
    before = town.tree(tip)
    diff = git(town.bare, "diff-tree", "-r", "-p", "--binary", "--full-index", before, tree).encode()
    effect = {
        "old": tip, "base_tree": before, "pre_state": before, "result_tree": tree,
        "manifest_sha256": manifest_digest(RepositoryReader(town.bare).changes(before, tree)),
        "rollback_plan_digest": git_rollback_plan_digest(repository="shop", ref=MAIN, restore_tree=before),
    }  # fmt: skip
    case = scene.captured.case(
        **{**scene.captured.knobs_of(scene.case), "effect": effect, "proposal": {"diff_sha256": digest(diff)},
           "approval": {"base": tip, "result_tree": tree, "displayed_sha256": digest(diff)}, **knobs}
    )  # fmt: skip
    return scene.captured.build(case, diff)


@pytest.mark.requirement("R32", "R34", "R55")
def test_hidden_first_part(world: CapturedWorld) -> None:
    """hidden-first-part: Control hides what landed before, so that the last part of a plan is judged by itself."""
    scene = world.scene()
    assert scene.offer(scene.honest).outcome == "succeeded"
    tip = world.town.tip()
    scene.judge.whole = msgspec.structs.replace(scene.judge.found, classes=(ChangeClass.CI_CD,))
    scene.judge.ruled_whole = Ruling(strictness=Strictness.TWO, obligations=TWO)
    hidden = scene.offer(_next_step(scene))
    assert (hidden.outcome, hidden.why[:8]) == ("refused", "MAG-E390"), hidden
    assert "more people than were decided" in hidden.why
    assert any("MAG-E390" in one for one in hidden.alarms)
    assert scene.judge.asked_of[-1] == [scene.honest.proposal.payload_digest()], "its own journal tells what landed"
    assert world.town.tip() == tip
    assert not world.usable()
    whole = _next_step(scene, approvers=("ben", "carla"), obligations=TWO, decision_strictness=Strictness.TWO)
    scene.judge.ruled = Ruling(strictness=Strictness.ONE, obligations=ONE)
    assert scene.offer(whole).outcome == "succeeded"


@pytest.mark.requirement("R56")
def test_warrant_offered_again(world: CapturedWorld) -> None:
    """warrant-offered-again: The same warrant is offered for ever, and its ref is put back to where it was."""
    scene = world.scene()
    assert scene.offer(scene.honest).outcome == "succeeded"
    world.put_back()
    again = scene.offer(scene.honest)
    assert (again.outcome, world.town.tip()) == ("nothing", world.town.old)
    code, words = told(scene.ask_gate(scene.honest))
    assert (code, "has its effect credential already" in words) == ("MAG-E332", True), words
    assert not world.usable()


@pytest.mark.requirement("R56")
def test_agreement_used_twice(world: CapturedWorld) -> None:
    """agreement-used-twice: A second warrant is made of the same approvals, after the ref was put back."""
    scene = world.scene()
    assert scene.offer(scene.honest).outcome == "succeeded"
    world.put_back()
    again = scene.offer(scene.reissued(scene.honest))
    assert (again.outcome, again.why[:8]) == ("refused", "MAG-E381"), again
    assert any("MAG-E381" in one for one in again.alarms)
    assert world.town.tip() == world.town.old
    assert not world.usable()
    assert scene.offer(scene.variant()).outcome == "succeeded", "another agreement is another effect"


class Raced(GitTarget):
    """Another hand moves the ref between the lease and the push."""

    bare = Path()

    def push(self, *arguments: Any) -> Any:
        bare = self.bare
        tree = git(bare, "rev-parse", f"{MAIN}^{{tree}}").strip()
        other = git(bare, "commit-tree", tree, "-p", MAIN, "-m", "another hand").strip()
        git(bare, "update-ref", MAIN, other)
        return super().push(*arguments)


@pytest.mark.requirement("R44", "R58")
def test_branch_raced(tmp_path: Path) -> None:
    """branch-raced: The branch is moved between admission and push, so that what people agreed to lands on other bytes."""
    with captured_world(tmp_path / "home") as world:
        Raced.bare, world.target = world.town.bare, Raced
        scene = world.scene()
        raced = scene.offer(scene.honest)
        assert (raced.outcome, "another hand moved the ref" in raced.why) == ("halted", True), raced
        assert any("people must look" in one for one in raced.alarms)
        assert world.town.tree(world.town.tip()) == world.town.base_tree, "nothing of the change, nothing forced"
        assert not world.usable()
