"""A change of entitlements in control: only what the server derives is sealed, its power is judged, and two agree to it (R5, R28)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from world.casework import CaseWorld, git
from world.stage_cases import judged_stage, stage_plan_of, stage_request

from magistrate.domain.case import Case
from magistrate.domain.execution import Action
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Role
from magistrate.domain.stages import stage_ref
from magistrate.errors import Refused
from magistrate.usecases.matter import papers
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import ChangeEntitlement, Deploy, StageEffect
from magistrate.wire.front_api import StageView
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = pytest.mark.requirement("R5", "R28", "R37")
DOCUMENT = "db/grants.sql"
BEFORE = "-- who may do what\nGRANT SELECT ON TABLE app.orders TO clerk;\n"
WIDER = BEFORE + "GRANT UPDATE ON TABLE app.orders TO clerk;\n"
NARROWER = "-- who may do what\n"
REF, RUNS = stage_ref("orders"), stage_ref("live")
SYSTEM = StagePolicy(
    stage="orders", repository="shop", environment="data", production=False, verification=(), system="orders-db", document=DOCUMENT
)  # fmt: skip
LIVE = StagePolicy(stage="live", repository="shop", environment="live", production=False, verification=())
VIEW = StageView(stage="orders", environment="data", old="", system="orders-db", document=DOCUMENT)


def world_with(folder: Path, after: str) -> CaseWorld:
    """A stage whose system has BEFORE, and one that runs; then `after` landed."""
    made = CaseWorld(folder, stages=(SYSTEM, LIVE))
    made.seed({DOCUMENT: BEFORE})
    bare = Path(made.repositories.git_dir("shop"))
    for ref in (REF, RUNS):
        git("update-ref", ref, git("commit-tree", "main^{tree}", "-m", "now", cwd=bare).strip(), cwd=bare)
    made.seed({DOCUMENT: after})
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    """For what is refused, and so changes nothing."""
    return world_with(tmp_path_factory.mktemp("town"), WIDER)


def plan_of(world: CaseWorld, view: StageView = VIEW) -> tuple[StageEffect, bytes]:
    return stage_plan_of(world, view)


def verdict_of(world: CaseWorld, case: Case) -> Verdict:
    with world.store.transaction() as unit:
        return papers(unit, case, world.trust.roster()).verdict


def changed(effect: StageEffect, **values: str) -> ChangeEntitlement:
    assert isinstance(effect, ChangeEntitlement)
    return msgspec.structs.replace(effect, **values)


@pytest.mark.parametrize(("after", "wider"), [(WIDER, True), (NARROWER, False)])
def test_its_power_is_judged_and_two_people_agree_one_of_the_owning_role(
    tmp_path: Path, after: str, *, wider: bool
) -> None:
    world = world_with(tmp_path, after)
    effect, diff = plan_of(world)
    case = judged_stage(world, effect, diff)
    assert (case.standing.state, world.decision(case).strictness) == (CaseState.IN_REVIEW, Strictness.TWO)
    asked = {(one.role, one.count) for one in world.decision(case).obligations}
    assert any(role is Role.SECURITY for role, _ in asked)
    verdict = verdict_of(world, case)
    assert ChangeClass.PERMISSIONS in verdict.classes
    grown = [one for one in verdict.privilege if one.verdict == "widened"]
    assert [(one.who, one.gains) for one in grown] == [("sql:role/clerk", "update on table app.orders")] * wider
    whole = [one.why for one in verdict.sensitivities if one.path == "*"]
    assert whole == [f"`orders-db` (data) gets the entitlements of `{DOCUMENT}` at `{effect.commit[:12]}`"]


def test_the_effect_says_what_it_gives_away_before_and_after(town: CaseWorld) -> None:
    effect, diff = plan_of(town)
    assert isinstance(effect, ChangeEntitlement)
    assert (effect.system, effect.document, effect.ref, effect.environment) == ("orders-db", DOCUMENT, REF, "data")
    assert effect.before_digest != effect.after_digest
    assert b"+GRANT UPDATE ON TABLE app.orders TO clerk;" in diff


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("system", "other-db"), ("document", "db/other.sql"), ("ref", RUNS), ("environment", "live"), ("stage", "live"),
        ("stage", "none-such"), ("rollback_plan_digest", "sha256:" + "0" * 64), ("pre_state", "0" * 40),
        ("old", "0" * 40), ("commit", "0" * 40), ("base_tree", "0" * 40), ("result_tree", "0" * 40),
    ],
)  # fmt: skip
def test_what_the_server_derives_otherwise_is_not_sealed(town: CaseWorld, field: str, value: str) -> None:
    effect, diff = plan_of(town)
    with pytest.raises(Refused) as refused:
        town.seal(stage_request(town, changed(effect, **{field: value}), diff))
    assert refused.value.code in {"MAG-E124", "MAG-E463", "MAG-E464"}


@pytest.mark.parametrize("field", ["before_digest", "after_digest", "manifest_sha256"])
def test_a_change_that_gives_away_something_else_than_it_says_is_held(town: CaseWorld, field: str) -> None:
    effect, diff = plan_of(town)
    case = judged_stage(town, changed(effect, **{field: "sha256:" + "0" * 64}), diff)
    assert (case.standing.state, "of `orders` is" in case.standing.why) == (CaseState.HELD, True)


@pytest.mark.parametrize("action", [Action.MERGE, Action.RELEASE, Action.DEPLOY])
def test_it_is_not_sealed_under_another_action(town: CaseWorld, action: Action) -> None:
    effect, diff = plan_of(town)
    with pytest.raises(Refused) as refused:
        town.seal(stage_request(town, effect, diff, action))
    assert refused.value.code == "MAG-E124"


def test_a_system_is_not_deployed_to_and_what_runs_is_given_no_entitlements(town: CaseWorld) -> None:
    """Each stage has its one action: else a deployment would be a way around the comparison of what is given away (R37)."""
    deployed, diff = plan_of(town, StageView(stage="orders", environment="data", old=""))
    assert isinstance(deployed, Deploy)
    entitled, other = plan_of(
        town, StageView(stage="live", environment="live", old="", system="orders-db", document=DOCUMENT)
    )
    for effect, brought, action in ((deployed, diff, Action.DEPLOY), (entitled, other, Action.CHANGE_ENTITLEMENT)):
        with pytest.raises(Refused) as refused:
            town.seal(stage_request(town, effect, brought, action))
        assert refused.value.code == "MAG-E124"


def test_a_document_that_gives_away_the_same_changes_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path, BEFORE + "\n-- the same in other words\n")
    with pytest.raises(Refused) as refused:
        plan_of(world)
    assert refused.value.code == "MAG-E543"


@pytest.mark.parametrize("after", ["drop table app.orders;\n", "GRANT ALL ON TABLE app.orders TO clerk;\n", "\x00"])
def test_a_document_that_is_none_is_refused_at_the_draft(tmp_path: Path, after: str) -> None:
    world = world_with(tmp_path, after)
    with pytest.raises(Refused) as refused:
        plan_of(world)
    assert refused.value.code == "MAG-E315"
    assert "line 1 of the entitlements" in refused.value.message
