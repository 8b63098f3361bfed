"""The executor reads a deployment for itself: its own branch, its own stage, its own comparison and archive (R5, R55)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from world.gate_world import git

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.authority.stage_effect import otherwise
from magistrate.bootstrap.executor_outside import QuarantinedRebuilder
from magistrate.domain.stages import StagePlan
from magistrate.errors import Refused
from magistrate.executor.actions.merge import GitTarget
from magistrate.usecases.propose import stage_effect
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy
from magistrate.wire.front_api import StageView

pytestmark = pytest.mark.requirement("R5", "R55")
MAIN, STAGE = "refs/heads/main", "refs/heads/stages/live"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three commits on the branch; the first runs."""
    made = tmp_path / "source"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    for number in (1, 2, 3):
        (made / "a.py").write_text(f"A = {number}\n")
        git(made, "add", ".")
        git(made, "commit", "-qm", str(number))
    git(made, "update-ref", STAGE, git(made, "commit-tree", "main~2^{tree}", "-m", "what runs"))
    return made


@pytest.fixture
def target(tmp_path: Path, source: Path) -> GitTarget:
    rebuilder = QuarantinedRebuilder(open_sandbox())
    return GitTarget(tmp_path / "own", source=lambda _: str(source / ".git"), rebuilder=rebuilder, planner=rebuilder)


def drafted(source: Path, **changes: str) -> tuple[Deploy, StagePlan]:
    old, tip = git(source, "rev-parse", STAGE), git(source, "rev-parse", "main")
    plan = planned_stage(source / ".git", QuarantinedPatches(open_sandbox()), STAGE, old, tip)
    effect = stage_effect("shop", StageView(stage="live", environment="live", old=old), plan)
    assert isinstance(effect, Deploy)
    return msgspec.structs.replace(effect, **changes), plan


def test_what_is_so_is_found_so(source: Path, target: GitTarget) -> None:
    effect, plan = drafted(source)
    assert target.plan_stage("shop", MAIN, effect) == plan
    assert otherwise(effect, digest(plan.diff), plan) == ""
    assert b"-A = 1\n+A = 3\n" in plan.diff


@pytest.mark.parametrize("field", ["base_tree", "result_tree", "manifest_sha256", "artifact_digest"])
def test_any_other_field_differs(source: Path, target: GitTarget, field: str) -> None:
    wrong = "0" * 40 if field.endswith("tree") else "sha256:" + "0" * 64
    effect, plan = drafted(source, **{field: wrong})
    assert otherwise(effect, digest(plan.diff), target.plan_stage("shop", MAIN, effect))


def test_another_diff_differs(source: Path, target: GitTarget) -> None:
    effect, _ = drafted(source)
    assert "diff" in otherwise(effect, digest(b"smaller"), target.plan_stage("shop", MAIN, effect))


def test_a_commit_that_left_the_branch_is_refused_though_the_executor_still_has_it(
    source: Path, target: GitTarget
) -> None:
    effect, _ = drafted(source)
    target.plan_stage("shop", MAIN, effect)
    git(source, "update-ref", MAIN, git(source, "rev-parse", "main~1"))
    with pytest.raises(Refused) as refused:
        target.plan_stage("shop", MAIN, effect)
    assert refused.value.code == "MAG-E392"


@pytest.mark.parametrize("gone", [True, False])
def test_a_stage_that_does_not_hold_what_was_agreed_is_refused(source: Path, target: GitTarget, gone: bool) -> None:
    effect, _ = drafted(source)
    if gone:
        git(source, "update-ref", "-d", STAGE)
    else:
        git(source, "update-ref", STAGE, git(source, "commit-tree", "main~1^{tree}", "-m", "another history"))
    with pytest.raises(Refused) as refused:
        target.plan_stage("shop", MAIN, effect)
    assert refused.value.code == "MAG-E392"


def test_an_executor_that_deploys_nothing_says_so(tmp_path: Path, source: Path) -> None:
    rebuilder = QuarantinedRebuilder(open_sandbox())
    target = GitTarget(tmp_path / "other", source=lambda _: str(source / ".git"), rebuilder=rebuilder)
    with pytest.raises(Refused) as refused:
        target.plan_stage("shop", MAIN, drafted(source)[0])
    assert refused.value.code == "MAG-E124"
