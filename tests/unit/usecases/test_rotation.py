"""A rotation in control: what the server derives is sealed, two agree, and nobody is told that it can be taken back (R5, R30, R36)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from world.casework import CaseWorld, git
from world.stage_cases import judged_stage, stage_plan_of, stage_request

from magistrate.domain.execution import Action
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Role
from magistrate.domain.stages import stage_ref
from magistrate.errors import Refused
from magistrate.usecases.matter import papers
from magistrate.wire.canonical import digest
from magistrate.wire.effect import ChangeEntitlement, RotateSecret, StageEffect, git_rollback_plan_digest
from magistrate.wire.front_api import StageView
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = pytest.mark.requirement("R5", "R36", "R54")
DOCUMENT, REF = "db/password.toml", stage_ref("password")
USES = 'opens = ["orders-db"]\nconsumers = ["web", "worker"]\n'
SECRET = StagePolicy(
    stage="password", repository="shop", environment="data", production=False, verification=(), system="orders-db",
    document=DOCUMENT, secret="orders-password",
)  # fmt: skip
VIEW = StageView(
    stage="password", environment="data", old="", system="orders-db", document=DOCUMENT, secret="orders-password"
)


def world_with(folder: Path, then: dict[str, str] | None = None) -> CaseWorld:
    """A stage of a secret that records its uses; then something landed, or nothing."""
    made = CaseWorld(folder, stages=(SECRET,))
    made.seed({DOCUMENT: USES})
    bare = Path(made.repositories.git_dir("shop"))
    git("update-ref", REF, git("commit-tree", "main^{tree}", "-m", "now", cwd=bare).strip(), cwd=bare)
    if then:
        made.seed(then)
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    """For what is refused, and so changes nothing."""
    return world_with(tmp_path_factory.mktemp("town"))


def plan_of(world: CaseWorld, view: StageView = VIEW) -> tuple[StageEffect, bytes]:
    return stage_plan_of(world, view)


def changed(effect: StageEffect, **values: str) -> RotateSecret:
    assert isinstance(effect, RotateSecret)
    return msgspec.structs.replace(effect, **values)


@pytest.mark.requirement("R30")
@pytest.mark.parametrize("then", [None, {"a.py": "A = 1\n"}, {DOCUMENT: USES.replace('"web", ', "")}])
def test_two_people_agree_one_of_the_owning_role_to_what_nothing_takes_back(
    tmp_path: Path, then: dict[str, str] | None
) -> None:
    """Also where nothing changed since the last one: a rotation is due because of its secret, not because of a file."""
    world = world_with(tmp_path, then)
    effect, diff = plan_of(world)
    case = judged_stage(world, effect, diff)
    assert (case.standing.state, world.decision(case).strictness) == (CaseState.IN_REVIEW, Strictness.TWO)
    assert any(one.role is Role.SECURITY for one in world.decision(case).obligations)
    with world.store.transaction() as unit:
        verdict = papers(unit, case, world.trust.roster()).verdict
    assert (ChangeClass.SECRETS in verdict.classes, verdict.reversible, verdict.auto_eligible) == (True, "no", False)
    assert "rotate orders-password" in {one.operation for one in verdict.no_way_back}
    (why,) = [one.why for one in verdict.sensitivities if one.path == "*"]
    assert why.startswith(
        "`orders-password` of `orders-db` (data) gets a new value for whom `db/password.toml` names at"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_id", "other"), ("store", "other-db"), ("document", "db/other.toml"), ("ref", stage_ref("other")),
        ("environment", "live"), ("stage", "other"), ("old", "0" * 40), ("commit", "0" * 40), ("base_tree", "0" * 40),
        ("result_tree", "0" * 40), ("pre_state", "0" * 40), ("rollback_plan_digest", "sha256:" + "0" * 64),
        ("rollback_plan_digest", git_rollback_plan_digest(repository="shop", ref=REF, restore_tree="0" * 40)),
    ],
)  # fmt: skip
def test_what_the_server_derives_otherwise_is_not_sealed(town: CaseWorld, field: str, value: str) -> None:
    effect, diff = plan_of(town)
    with pytest.raises(Refused) as refused:
        town.seal(stage_request(town, changed(effect, **{field: value}), diff))
    assert refused.value.code in {"MAG-E124", "MAG-E463", "MAG-E464"}


@pytest.mark.parametrize("field", ["consumers_digest", "manifest_sha256"])
def test_a_rotation_for_others_than_it_says_is_held(town: CaseWorld, field: str) -> None:
    effect, diff = plan_of(town)
    case = judged_stage(town, changed(effect, **{field: "sha256:" + "0" * 64}), diff)
    assert (case.standing.state, "of `password` is" in case.standing.why) == (CaseState.HELD, True)


@pytest.mark.parametrize("action", [Action.MERGE, Action.DEPLOY, Action.CHANGE_ENTITLEMENT])
def test_it_is_not_sealed_under_another_action(town: CaseWorld, action: Action) -> None:
    effect, diff = plan_of(town)
    with pytest.raises(Refused) as refused:
        town.seal(stage_request(town, effect, diff, action))
    assert refused.value.code == "MAG-E124"


@pytest.mark.requirement("R37")
def test_the_stage_of_a_secret_has_no_entitlements_changed(tmp_path: Path) -> None:
    world = world_with(tmp_path, {"db/grants.sql": ""})
    rotation, diff = plan_of(world)
    assert isinstance(rotation, RotateSecret)
    given = {
        name: getattr(rotation, name)
        for name in rotation.__struct_fields__
        if name in ChangeEntitlement.__struct_fields__
    }
    effect = ChangeEntitlement(
        **{**given, "system": "orders-db", "before_digest": digest(b"a"), "after_digest": digest(b"b"),
           "rollback_plan_digest": git_rollback_plan_digest(repository="shop", ref=REF, restore_tree=rotation.base_tree)}
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        world.seal(stage_request(world, effect, diff, Action.CHANGE_ENTITLEMENT))
    assert (refused.value.code, "secret" in refused.value.message) == ("MAG-E124", True)


@pytest.mark.parametrize(
    "uses", ["", "opens = []\nconsumers = []\n", 'opens = ["a"]\n', USES + "also = 1\n", "\x00", "opens = ["]
)
def test_uses_that_cannot_be_read_are_refused_at_the_draft(tmp_path: Path, uses: str) -> None:
    world = world_with(tmp_path, {DOCUMENT: uses or "# nobody\n"})
    with pytest.raises(Refused) as refused:
        plan_of(world)
    assert refused.value.code == "MAG-E316"
