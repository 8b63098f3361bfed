"""The executor reads a release for itself: its own branch, its own tags, its own comparison (R5, R55)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from world.gate_world import git

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.release_plan import planned
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.authority.release import differs
from magistrate.bootstrap.executor_outside import QuarantinedRebuilder
from magistrate.domain.tags import ReleasePlan
from magistrate.errors import Refused
from magistrate.executor.action import Standing
from magistrate.executor.actions.git_release import GitRelease
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.rows import ExecutionRow
from magistrate.usecases.propose import release_effect
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Release

pytestmark = pytest.mark.requirement("R5", "R55")
MAIN = "refs/heads/main"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits; the first two are released."""
    made = tmp_path_factory.mktemp("source")
    git(made, "init", "-q", "-b", "main")
    for number in (1, 2, 3):
        (made / "a.py").write_text(f"A = {number}\n")
        git(made, "add", ".")
        git(made, "commit", "-qm", str(number))
        if number < 3:
            git(made, "tag", f"v1.0.{number}")
    return made


@pytest.fixture
def target(tmp_path: Path, source: Path) -> GitTarget:
    rebuilder = QuarantinedRebuilder(open_sandbox())
    return GitTarget(tmp_path, source=lambda _: str(source / ".git"), rebuilder=rebuilder, planner=rebuilder)


def drafted(source: Path, **changes: str) -> tuple[Release, ReleasePlan]:
    patches, tip = QuarantinedPatches(open_sandbox()), git(source, "rev-parse", "HEAD")
    plan = planned(source / ".git", patches, "v", tip, "refs/tags/v1.0.3", changes.get("previous"))
    effect = release_effect("shop", "staging", plan)
    return msgspec.structs.replace(effect, **{k: v for k, v in changes.items() if k != "previous"}), plan


def test_what_is_so_is_found_so(source: Path, target: GitTarget) -> None:
    effect, plan = drafted(source)
    assert target.plan_release("shop", MAIN, "v", effect) == plan
    assert differs(effect, digest(plan.diff), plan) == ""


@pytest.mark.parametrize("previous", ["", "refs/tags/v1.0.1"])
def test_a_release_before_that_is_not_the_newest_shows_in_what_it_brings(
    source: Path, target: GitTarget, previous: str
) -> None:
    effect, shown = drafted(source, previous=previous)
    found = target.plan_release("shop", MAIN, "v", effect)
    assert found.previous == "refs/tags/v1.0.2"
    assert "release before" in differs(effect, digest(shown.diff), found)


@pytest.mark.parametrize("field", ["base_tree", "result_tree", "manifest_sha256"])
def test_any_other_field_differs(source: Path, target: GitTarget, field: str) -> None:
    wrong = "sha256:" + "0" * 64 if field == "manifest_sha256" else "0" * 40
    effect, plan = drafted(source, **{field: wrong})
    assert differs(effect, digest(plan.diff), target.plan_release("shop", MAIN, "v", effect))


def test_another_diff_differs(source: Path, target: GitTarget) -> None:
    effect, _ = drafted(source)
    assert "diff" in differs(effect, digest(b"something smaller"), target.plan_release("shop", MAIN, "v", effect))


def test_a_commit_that_left_the_branch_is_refused_though_the_executor_still_has_it(
    tmp_path: Path, source: Path
) -> None:
    place = tmp_path / "moved"
    git(tmp_path, "clone", "-q", str(source), str(place))
    rebuilder = QuarantinedRebuilder(open_sandbox())
    target = GitTarget(tmp_path / "own", source=lambda _: str(place / ".git"), rebuilder=rebuilder, planner=rebuilder)
    effect, _ = drafted(source)
    target.plan_release("shop", MAIN, "v", effect)
    git(place, "reset", "-q", "--hard", "v1.0.1")
    with pytest.raises(Refused) as refused:
        target.plan_release("shop", MAIN, "v", effect)
    assert refused.value.code == "MAG-E392"


def test_an_executor_that_releases_nothing_says_so(tmp_path: Path, source: Path) -> None:
    target = GitTarget(tmp_path, source=lambda _: str(source / ".git"), rebuilder=QuarantinedRebuilder(open_sandbox()))
    with pytest.raises(Refused) as refused:
        target.plan_release("shop", MAIN, "v", drafted(source)[0])
    assert refused.value.code == "MAG-E124"


def row(commit: str) -> ExecutionRow:
    return ExecutionRow(
        warrant="w", warrant_digest="d", bundle=b"", proposal="p", repository="shop", environment="staging",
        ref="refs/tags/v1.0.3", old="0" * 40, commit=commit, inverse="", base_tree="b", result_tree="r", outcome="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "stands"), [("", Standing.BEFORE), ("c" * 40, Standing.DONE), ("d" * 40, Standing.ELSEWHERE)]
)
def test_a_release_is_never_undone(found: str, stands: Standing) -> None:
    """The inverse is empty, and so is what an absent tag reads as: that must not count as undone."""
    action = GitRelease(target=None, read_ref=lambda *_: found, sign=lambda _: "")  # type: ignore[arg-type]  # not used
    assert action.standing(row("c" * 40), found) is stands
    assert action.way_back(row("c" * 40)) is None
