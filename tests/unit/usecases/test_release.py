"""Releases in control: only the next one of the branch is sealed, two agree to it, and it is over once another is newest."""

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
from magistrate.adapters.git.release_plan import planned
from magistrate.authority.floor import Ground, floor_ruling, not_executable_because
from magistrate.domain.execution import Action
from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.tags import Step, following, newest
from magistrate.errors import Refused
from magistrate.usecases.propose import release_effect
from magistrate.usecases.release import released
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.effect import Release, git_rollback_plan_digest, release_plan_digest
from magistrate.wire.front_api import SealRequest
from magistrate.wire.proposal import Proposal, Provenance

pytestmark = pytest.mark.requirement("R5", "R30")
GREETING = {"greeting.py": "def greet() -> str:\n    return 'hello'\n"}


def world_with(folder: Path, *tags: str, release_tags: str | None = "v") -> CaseWorld:
    made = CaseWorld(folder, release_tags=release_tags)
    for tag in tags:
        git("tag", tag, cwd=made.work)
        git("push", "-q", "origin", tag, cwd=made.work)
    if tags:
        made.seed(GREETING)
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    """For what is refused, and so changes nothing."""
    return world_with(tmp_path_factory.mktemp("town"), "v1.1.0", "v1.2.0")


def plan_of(world: CaseWorld, step: Step = Step.MINOR) -> Release:
    folder = Path(world.repositories.git_dir("shop"))
    tags, tip = world.repositories.tags("shop"), world.repositories.tip("shop", "refs/heads/main")
    ref = following(newest(tags, "v"), "v", step)
    plan = planned(folder, QuarantinedPatches(world.sandbox), "v", tip, ref)
    world.diff = plan.diff  # type: ignore[attr-defined]  # beside the effect
    return release_effect("shop", "staging", plan)


def request(world: CaseWorld, effect: Release, **body: object) -> SealRequest:
    opened = world.session()
    with world.store.transaction() as unit:
        row = unit.session(opened.session)
        owner = unit.agent(row.agent).owner
    diff: bytes = body.pop("diff", world.diff)  # type: ignore[attr-defined, assignment]  # see plan_of
    made = Proposal(
        session=row.session, session_digest=row.digest, agent=row.agent, owner=owner, model="fake-model 1",
        finding=row.finding, action=Action.RELEASE, effect=effect, diff_sha256=digest(diff),
        prompt_sha256=digest(b"ship it"), prompt_commitment=digest(b"keyed"), rationale_sha256=digest(b"because"),
        context=(), context_gaps=(), provenance=Provenance.CLAIMED,
        kind_commitment=digest(canonical({"kind": "ordinary", "salt": "00" * 32})),
    )  # fmt: skip
    made = msgspec.structs.replace(made, **body)
    return SealRequest(
        proposal=world.deployment.by_process("front", made, "prp", now=world.now), diff=base64.b64encode(diff).decode(),
        prompt="ship it", rationale="because", kind="ordinary", kind_salt=base64.b64encode(bytes(32)).decode(),
    )  # fmt: skip


def judged(world: CaseWorld, effect: Release, **body: object):
    from magistrate.usecases.assess_case import judge_case

    return judge_case(world.bench, world.seal(request(world, effect, **body)).facts.proposal, world.now)


def test_a_release_asks_for_two_and_one_of_them_owns_releases(tmp_path: Path) -> None:
    world = world_with(tmp_path, "v1.2.0")
    case = judged(world, plan_of(world))
    assert (case.standing.state, case.facts.ref) == (CaseState.IN_REVIEW, "refs/tags/v1.3.0")
    asked = world.decision(case).obligations
    assert world.decision(case).strictness is Strictness.TWO
    assert {one.role for one in asked if one.role} >= {"platform"}
    assert max(one.count for one in asked) == 2
    world.drill()
    for person in ("ben", "carla"):
        world.approve(person, case)
    git("tag", "v1.2.1", cwd=world.work)
    git("push", "-q", "origin", "v1.2.1", cwd=world.work)
    stale = world.issue(case)
    assert (stale.standing.state, "newest" in stale.standing.why) == (CaseState.STALE, True)


def test_a_release_that_stays_the_next_one_gets_its_warrant_though_the_branch_went_on(tmp_path: Path) -> None:
    world = world_with(tmp_path, "v1.2.0")
    case = judged(world, plan_of(world))
    world.drill()
    for person in ("ben", "carla"):
        world.approve(person, case)
    world.seed({"later.py": "LATER = 1\n"})
    assert world.issue(case).standing.state is CaseState.WARRANTED


def test_without_drills_a_release_is_handed_to_people(tmp_path: Path) -> None:
    world = world_with(tmp_path, "v1.2.0")
    case = judged(world, plan_of(world))
    for person in ("ben", "carla"):
        world.approve(person, case)
    assert world.issue(case).standing.state is CaseState.APPROVED_NOT_EXECUTED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ref": "refs/tags/v2.1.0"}, "MAG-E464"),
        ({"ref": "refs/tags/v1.2.0"}, "MAG-E464"),
        ({"ref": "refs/heads/main"}, "MAG-E464"),
        ({"previous": ""}, "MAG-E464"),
        ({"previous": "refs/tags/v1.1.0"}, "MAG-E464"),
        ({"commit": "f" * 40}, "MAG-E464"),
        ({"result_tree": "f" * 40}, "MAG-E463"),
        ({"base_tree": "f" * 40}, "MAG-E463"),
        ({"environment": "elsewhere"}, "MAG-E463"),
        ({"pre_state": "f" * 40}, "MAG-E463"),
        ({"repository": "other"}, "MAG-E463"),
        ({"rollback_plan_digest": git_rollback_plan_digest(repository="shop", ref="refs/heads/main", restore_tree="f" * 40)}, "MAG-E463"),
    ],
)  # fmt: skip
def test_a_release_that_the_server_would_derive_otherwise_is_not_sealed(town: CaseWorld, changes, code: str) -> None:
    if "ref" in changes:
        changes = {"rollback_plan_digest": release_plan_digest(repository="shop", ref=changes["ref"]), **changes}
    asked = request(town, msgspec.structs.replace(plan_of(town), **changes))
    with pytest.raises(Refused) as refused:
        town.seal(asked)
    assert refused.value.code == code


def test_a_release_under_the_action_of_a_merge_is_not_sealed(town: CaseWorld) -> None:
    asked = request(town, plan_of(town), action=Action.MERGE)
    with pytest.raises(Refused) as refused:
        town.seal(asked)
    assert refused.value.code == "MAG-E124"


@pytest.mark.parametrize("wrong", [{"manifest_sha256": "sha256:" + "0" * 64}, {"diff": b"something smaller\n"}])
def test_a_release_that_brings_something_else_than_it_shows_is_held(town: CaseWorld, wrong) -> None:
    effect = plan_of(town)
    shown = {"diff": wrong["diff"]} if "diff" in wrong else {}
    case = judged(town, msgspec.structs.replace(effect, **({} if shown else wrong)), **shown)
    assert (case.standing.state, "of the release is" in case.standing.why) == (CaseState.HELD, True)


def test_where_policy_names_no_tags_nothing_is_released(tmp_path: Path) -> None:
    world = world_with(tmp_path, "v1.2.0", release_tags=None)
    asked = request(world, plan_of(world))
    with pytest.raises(Refused, match="lets nobody release"):
        world.seal(asked)


def test_a_release_in_flight_keeps_nobody_from_being_judged(tmp_path: Path) -> None:
    """It lands nothing, so that it counts with no change by the same hands, and no change waits for it."""
    world = world_with(tmp_path, "v1.2.0")
    first = judged(world, plan_of(world))
    merge = world.judged({"notes.md": "# Notes\n\nThis service greets people.\n"})
    assert (first.standing.state, merge.standing.state) == (CaseState.IN_REVIEW, CaseState.IN_REVIEW)
    assert world.decision(merge).chain is None
    assert judged(world, plan_of(world)).standing.state is CaseState.IN_REVIEW


def test_nothing_landed_is_no_release(tmp_path: Path) -> None:
    world = world_with(tmp_path, "v1.2.0")
    git("tag", "v1.3.0", cwd=world.work)
    git("push", "-q", "origin", "v1.3.0", cwd=world.work)
    with pytest.raises(Refused) as refused:
        plan_of(world)
    assert refused.value.code == "MAG-E543"


def test_the_first_release_and_one_too_large_to_read_are_compared_with_nothing_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_with(tmp_path)
    first = plan_of(world)
    assert (first.ref, first.previous, first.base_tree) == ("refs/tags/v0.1.0", "", first.result_tree)
    case = judged(world, first)
    assert case.standing.state is CaseState.IN_REVIEW
    assert {"release", "unknown"} <= _kinds(world, case)
    git("tag", "v0.1.0", cwd=world.work)
    git("push", "-q", "origin", "v0.1.0", cwd=world.work)
    world.seed(GREETING)
    monkeypatch.setattr(release_plan, "MAX_COMPARED_BYTES", 10)
    large = plan_of(world)
    assert (large.previous, large.base_tree) == ("refs/tags/v0.1.0", large.result_tree)
    assert "unknown" in _kinds(world, judged(world, large))


def _kinds(world: CaseWorld, case) -> set[str]:
    from magistrate.usecases.matter import papers

    with world.store.transaction() as unit:
        return {str(one.kind) for one in papers(unit, case, world.trust.roster()).verdict.sensitivities}


BASE = Release(
    environment="staging", pre_state="absent", repository="shop", ref="refs/tags/v1.0.0", commit="1" * 40, previous="",
    base_tree="2" * 40, result_tree="3" * 40, manifest_sha256=digest(b"m"), rollback_plan_digest=digest(b"r"),
)  # fmt: skip
VERDICT = Verdict(
    id="", digest=digest(b"v"), assessor=digest(b"a"), classes=(), auto_eligible=True, strictness=Strictness.AUTO, files=(),
    sensitivities=(), denials=(), privilege=(), blast_radius={}, reversible="yes", composition={}, reasons=(),
)  # fmt: skip


@given(
    st.sampled_from(list(Strictness)), st.sets(st.sampled_from(list(ChangeClass)), max_size=3),
    st.sampled_from(["yes", "no", "unknown"]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_whatever_it_brings_a_release_is_never_judged_more_leniently_than_a_release(
    level: Strictness, classes: set[ChangeClass], back: str, production: bool, solo: bool
) -> None:
    brings = msgspec.structs.replace(VERDICT, strictness=level, classes=tuple(sorted(classes)), reversible=back)
    found = released(brings, BASE)
    ground = Ground(production=production, solo=solo, same_user_walls=False, drilled=True, weak=())
    assert STRICTNESS_ORDER.index(found.strictness) >= STRICTNESS_ORDER.index(
        max(Strictness.TWO, level, key=STRICTNESS_ORDER.index)
    )
    assert (found.auto_eligible, found.reversible) == (False, "no")
    assert set(classes) | {ChangeClass.RELEASE} == set(found.classes)
    ruling = floor_ruling(found, ground)
    assert STRICTNESS_ORDER.index(ruling.strictness) >= STRICTNESS_ORDER.index(Strictness.TWO)
    assert not solo or not_executable_because(found, ground)
