"""Deployments in control: only what the server derives is sealed, two agree to it, and it is over once the stage is elsewhere."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.casework import CaseWorld, git

from magistrate.adapters.git import release_plan
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.authority.floor import Ground, floor_ruling, not_executable_because
from magistrate.domain.case import Case
from magistrate.domain.execution import Action
from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.stages import stage_ref
from magistrate.errors import Refused
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.matter import papers
from magistrate.usecases.propose import stage_effect
from magistrate.usecases.settle import record_report
from magistrate.usecases.stage_effect import brought, compared_trees
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.effect import Deploy, git_rollback_plan_digest
from magistrate.wire.front_api import SealRequest, StageView
from magistrate.wire.policy_bundle import StagePolicy
from magistrate.wire.proposal import Proposal, Provenance
from magistrate.wire.report import Outcome, Report

pytestmark = pytest.mark.requirement("R5")
GREETING = {"greeting.py": "def greet() -> str:\n    return 'hello'\n"}
NOTES = {"notes.md": "# Notes\n\nThis service greets people.\n"}
REF = stage_ref("canary")
OTHER = stage_ref("blue")


def stage_of(name: str, environment: str) -> StagePolicy:
    return StagePolicy(stage=name, repository="shop", environment=environment, production=False, verification=())


def world_with(folder: Path) -> CaseWorld:
    """Two stages that run the first commit, each in an environment of its own; then something landed."""
    made = CaseWorld(folder, stages=(stage_of("canary", "canary"), stage_of("blue", "azure")))
    for ref in (REF, OTHER):
        deploy_by_hand(made, ref)
    made.seed(GREETING)
    return made


def deploy_by_hand(world: CaseWorld, ref: str, what: str = "main") -> str:
    """One more commit on the ref of a stage, with the tree of `what`."""
    bare, before = Path(world.repositories.git_dir("shop")), world.repositories.tip("shop", ref)
    parents = ("-p", before) if before else ()
    made = git("commit-tree", f"{what}^{{tree}}", *parents, "-m", f"of {ref}", cwd=bare).strip()
    git("update-ref", ref, made, cwd=bare)
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    """For what is refused, and so changes nothing."""
    return world_with(tmp_path_factory.mktemp("town"))


def plan_of(world: CaseWorld, stage: str = "canary", environment: str = "canary") -> Deploy:
    ref = stage_ref(stage)
    old, tip = world.repositories.tip("shop", ref), world.repositories.tip("shop", "refs/heads/main")
    folder = Path(world.repositories.git_dir("shop"))
    plan = planned_stage(folder, QuarantinedPatches(world.sandbox), ref, old, tip)
    world.diff = plan.diff  # type: ignore[attr-defined]  # beside the effect
    effect = stage_effect("shop", StageView(stage=stage, environment=environment, old=old), plan)
    assert isinstance(effect, Deploy)
    return effect


def request(world: CaseWorld, effect: Deploy, **body: object) -> SealRequest:
    opened = world.session()
    with world.store.transaction() as unit:
        row = unit.session(opened.session)
        owner = unit.agent(row.agent).owner
    diff: bytes = body.pop("diff", world.diff)  # type: ignore[attr-defined, assignment]  # see plan_of
    made = Proposal(
        session=row.session, session_digest=row.digest, agent=row.agent, owner=owner, model="fake-model 1",
        finding=row.finding, action=Action.DEPLOY, effect=effect, diff_sha256=digest(diff),
        prompt_sha256=digest(b"ship it"), prompt_commitment=digest(b"keyed"), rationale_sha256=digest(b"because"),
        context=(), context_gaps=(), provenance=Provenance.CLAIMED,
        kind_commitment=digest(canonical({"kind": "ordinary", "salt": "00" * 32})),
    )  # fmt: skip
    made = msgspec.structs.replace(made, **body)
    return SealRequest(
        proposal=world.deployment.by_process("front", made, "prp", now=world.now), diff=base64.b64encode(diff).decode(),
        prompt="ship it", rationale="because", kind="ordinary", kind_salt=base64.b64encode(bytes(32)).decode(),
    )  # fmt: skip


def judged(world: CaseWorld, effect: Deploy, **body: object) -> Case:
    return judge_case(world.bench, world.seal(request(world, effect, **body)).facts.proposal, world.now)


def agreed(world: CaseWorld, case: Case) -> Case:
    for person in ("ben", "carla"):
        world.approve(person, case)
    return world.case(case)


def test_a_deployment_asks_for_two_and_one_of_them_owns_infrastructure(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    case = judged(world, plan_of(world))
    facts = case.facts
    assert (case.standing.state, facts.ref, facts.environment) == (CaseState.IN_REVIEW, REF, "canary")
    decision = world.decision(case)
    assert (decision.strictness, decision.action) == (Strictness.TWO, Action.DEPLOY)
    assert {one.role for one in decision.obligations if one.role} >= {"platform"}
    assert max(one.count for one in decision.obligations) == 2
    assert "infrastructure" in case.standing.classes
    world.approve("ben", case)
    assert world.case(case).standing.state is CaseState.IN_REVIEW


def test_one_whose_stage_was_moved_meanwhile_is_stale(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    case = judged(world, plan_of(world))
    world.drill(environment="canary")
    agreed(world, case)
    deploy_by_hand(world, REF)
    stale = world.issue(case)
    assert (stale.standing.state, "the target moved" in stale.standing.why) == (CaseState.STALE, True)


def test_one_whose_stage_stands_gets_its_warrant_though_the_branch_went_on(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    case = judged(world, plan_of(world))
    world.drill(environment="canary")
    agreed(world, case)
    world.seed({"later.py": "LATER = 1\n"})
    assert world.issue(case).standing.state is CaseState.WARRANTED


@pytest.mark.requirement("R85")
@pytest.mark.parametrize("environment", ["", "staging", "azure"])
def test_only_drills_in_the_environment_of_its_stage_let_it_execute(tmp_path: Path, environment: str) -> None:
    """None at all, those of the branch, those of another stage: each time people do it by hand."""
    world = world_with(tmp_path)
    case = judged(world, plan_of(world))
    agreed(world, case)
    if environment:
        world.drill(environment=environment)
    assert world.issue(case).standing.state is CaseState.APPROVED_NOT_EXECUTED


def plan_digest(**changes: str) -> str:
    return git_rollback_plan_digest(**{"repository": "shop", "ref": REF, "restore_tree": "f" * 40, **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stage": "nowhere"}, "MAG-E124"),
        ({"stage": "blue"}, "MAG-E463"),
        ({"ref": OTHER}, "MAG-E463"),
        ({"ref": "refs/heads/main"}, "MAG-E463"),
        ({"old": "f" * 40}, "MAG-E464"),
        ({"commit": "f" * 40}, "MAG-E464"),
        ({"result_tree": "f" * 40}, "MAG-E463"),
        ({"base_tree": "f" * 40, "pre_state": "f" * 40, "rollback_plan_digest": plan_digest()}, "MAG-E463"),
        ({"environment": "staging"}, "MAG-E463"),
        ({"environment": "azure"}, "MAG-E463"),
        ({"command_id": "restart"}, "MAG-E124"),
        ({"pre_state": "f" * 40}, "MAG-E463"),
        ({"pre_state": "absent"}, "MAG-E463"),
        ({"rollback_plan_digest": plan_digest()}, "MAG-E463"),
        ({"repository": "other"}, "MAG-E463"),
    ],
)  # fmt: skip
def test_a_deployment_that_the_server_would_derive_otherwise_is_not_sealed(town: CaseWorld, changes, code: str) -> None:
    asked = request(town, msgspec.structs.replace(plan_of(town), **changes))
    with pytest.raises(Refused) as refused:
        town.seal(asked)
    assert refused.value.code == code


def test_only_the_tip_of_the_branch_is_deployed(town: CaseWorld) -> None:
    """A commit that the branch left behind is not what people saw last."""
    before = git("rev-parse", "main^", cwd=Path(town.repositories.git_dir("shop"))).strip()
    tree = town.repositories.tree("shop", before)
    asked = request(town, msgspec.structs.replace(plan_of(town), commit=before, result_tree=tree))
    with pytest.raises(Refused) as refused:
        town.seal(asked)
    assert (refused.value.code, "refs/heads/main" in refused.value.message) == ("MAG-E464", True)


@pytest.mark.parametrize("action", [Action.MERGE, Action.RELEASE])
def test_a_deployment_under_another_action_is_not_sealed(town: CaseWorld, action: Action) -> None:
    asked = request(town, plan_of(town), action=action)
    with pytest.raises(Refused) as refused:
        town.seal(asked)
    assert refused.value.code == "MAG-E124"


WRONG = {"manifest_sha256": "sha256:" + "0" * 64, "artifact_digest": "sha256:" + "0" * 64}


@pytest.mark.parametrize("what", [*WRONG, "diff"])
def test_a_deployment_that_brings_something_else_than_it_shows_is_held(town: CaseWorld, what: str) -> None:
    effect = plan_of(town)
    if what == "diff":
        case = judged(town, effect, diff=b"something smaller\n")
    else:
        case = judged(town, msgspec.structs.replace(effect, **{what: WRONG[what]}))
    assert (case.standing.state, "of `canary` is" in case.standing.why) == (CaseState.HELD, True)


def test_what_runs_already_is_not_deployed(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    deploy_by_hand(world, REF)
    with pytest.raises(Refused) as refused:
        plan_of(world)
    assert refused.value.code == "MAG-E543"


def test_what_is_too_large_to_read_is_judged_as_unknown_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_with(tmp_path)
    monkeypatch.setattr(release_plan, "MAX_COMPARED_BYTES", 10)
    effect = plan_of(world)
    assert world.diff == b""  # type: ignore[attr-defined]  # see plan_of
    assert effect.base_tree != effect.result_tree, "the way back leads to what ran, whatever is compared"
    case = judged(world, effect)
    assert case.standing.state is CaseState.IN_REVIEW
    with world.store.transaction() as unit:
        said = papers(unit, case, world.trust.roster()).verdict.sensitivities
    unknown = [one.why for one in said if one.kind == "unknown"]
    assert ["too much differs" in why for why in unknown] == [True]


@pytest.mark.requirement("R32")
def test_a_deployment_in_flight_keeps_nobody_from_being_judged(tmp_path: Path) -> None:
    """It lands nothing on the branch, so that it counts with no change by the same hands, and no change waits for it."""
    world = world_with(tmp_path)
    first = judged(world, plan_of(world))
    merge = world.judged(NOTES)
    assert (first.standing.state, merge.standing.state) == (CaseState.IN_REVIEW, CaseState.IN_REVIEW)
    assert world.decision(merge).chain is None
    again = judged(world, plan_of(world, "blue", "azure"))
    assert (again.standing.state, world.decision(again).chain) == (CaseState.IN_REVIEW, None)


def lands(world: CaseWorld, case: Case) -> Case:
    """Agreed, warranted, and reported as having moved the ref of the stage."""
    agreed(world, case)
    taken = world.issue(case)
    assert taken.standing.state is CaseState.WARRANTED, taken.standing
    before, after = world.repositories.tip("shop", case.facts.ref), deploy_by_hand(world, case.facts.ref)
    with world.store.transaction() as unit:
        assert unit.take_warrant(taken.standing.warrant or "", world.now)
        body = Report(
            outcome=Outcome.SUCCEEDED, warrant=unit.documents("warrant", case.facts.proposal)[-1].payload_digest(),
            proposal=case.facts.proposal, why="as seen", steps=(), ref_before=before,
            ref_after=after, leases_open=0, journal_head="sha256:" + "0" * 64,
        )  # fmt: skip
        record_report(unit, world.deployment.by_process("executor", body, "rep", now=world.now), world.trust, world.now)
    return world.case(case)


def test_when_one_lands_others_of_its_stage_are_stale_and_nothing_else_is(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    tip = world.repositories.tip("shop", "refs/heads/main")
    first, second = judged(world, plan_of(world)), judged(world, plan_of(world))
    other, merge = judged(world, plan_of(world, "blue", "azure")), world.judged(NOTES)
    world.drill(environment="canary")
    assert lands(world, first).standing.state is CaseState.SUCCEEDED
    assert world.case(second).standing.state is CaseState.STALE
    assert [world.case(one).standing.state for one in (other, merge)] == [CaseState.IN_REVIEW] * 2
    with world.store.transaction() as unit:
        assert unit.repository("shop").tip == tip, "the branch stands where it stood"


BASE = Deploy(
    environment="canary", pre_state="2" * 40, repository="shop", stage="canary", ref=REF, old="1" * 40, commit="4" * 40,
    base_tree="2" * 40, result_tree="3" * 40, manifest_sha256=digest(b"m"), artifact_digest=digest(b"a"),
    command_id="follow", rollback_plan_digest=digest(b"r"),
)  # fmt: skip
VERDICT = Verdict(
    id="", digest=digest(b"v"), assessor=digest(b"a"), classes=(), auto_eligible=True, strictness=Strictness.AUTO, files=(),
    sensitivities=(), denials=(), privilege=(), blast_radius={}, reversible="yes", composition={}, reasons=(),
)  # fmt: skip


@given(
    st.sampled_from(list(Strictness)), st.sets(st.sampled_from(list(ChangeClass)), max_size=3),
    st.sampled_from(["yes", "no", "unknown"]), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_whatever_it_brings_a_deployment_is_never_judged_more_leniently_than_a_deployment(  # noqa: PLR0917  one for each draw
    level: Strictness, classes: set[ChangeClass], back: str, production: bool, solo: bool, read: bool
) -> None:
    brings = msgspec.structs.replace(VERDICT, strictness=level, classes=tuple(sorted(classes)), reversible=back)
    found = brought(brings, BASE, digest(b"diff" if read else b""))
    ground = Ground(production=production, solo=solo, same_user_walls=False, drilled=True, weak=())
    assert STRICTNESS_ORDER.index(found.strictness) >= STRICTNESS_ORDER.index(
        max(Strictness.TWO, level, key=STRICTNESS_ORDER.index)
    )
    assert (found.auto_eligible, found.reversible) == (False, back)
    assert set(classes) | {ChangeClass.INFRASTRUCTURE} == set(found.classes)
    kinds = {one.kind for one in found.sensitivities}
    assert kinds == {ChangeClass.INFRASTRUCTURE, *(() if read else (ChangeClass.UNKNOWN,))}
    ruling = floor_ruling(found, ground)
    assert STRICTNESS_ORDER.index(ruling.strictness) >= STRICTNESS_ORDER.index(Strictness.TWO)
    assert not solo or not_executable_because(found, ground)


def test_what_was_not_compared_is_judged_from_the_result_to_itself() -> None:
    assert compared_trees(BASE, digest(b"diff")) == (BASE.base_tree, BASE.result_tree)
    assert compared_trees(BASE, digest(b"")) == (BASE.result_tree, BASE.result_tree)
