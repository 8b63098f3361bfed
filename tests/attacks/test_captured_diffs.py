"""A captured control: diffs that reach out of the repository, called lint fixes, at the executor's own judge (R25, R55, AS-19).

Rebuilder, assessor and sandbox are the real ones here; control's papers say what the attacker likes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.admissible import Admissible, without
from world.captured import CapturedWorld, Scene, captured_world
from world.executing import World
from world.real_gate import git

from magistrate.adapters.git.manifest import manifest_digest
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.executor import compose
from magistrate.executor.assembly import assemble
from magistrate.executor.journal import Journal
from magistrate.executor.ports import AssessmentMatter
from magistrate.settings import load_settings
from magistrate.usecases.judging import Judge
from magistrate.usecases.own_assessor import own_digest
from magistrate.wire.approval import Approval
from magistrate.wire.assessment import Assessment
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("captured-diffs")]


def added(path: str, text: str, mode: str) -> bytes:
    """A diff that adds one file without a newline at its end."""
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}\n"
        "\\ No newline at end of file\n"
    ).encode()


JUDGED, PATH, LINK = (
    ("MAG-E390", "judged again here"),
    ("MAG-E304", "invalid path"),
    ("MAG-E304", "beyond a symbolic link"),
)
DIFFS: dict[str, tuple[str, bytes, tuple[str, str]]] = {
    "diff-with-a-link-out": (
        "A symbolic link to the host's files is called a lint fix.", added("out", "/proc/self/environ", "120000"), JUDGED,
    ),
    "diff-with-a-submodule": (
        "A submodule that fetches a stranger's code is called a lint fix.",
        added("sub", "Subproject commit " + "1" * 40, "160000"), JUDGED,
    ),
    "diff-with-attributes": (
        "A filter for git's own checkout is called a lint fix.", added(".gitattributes", "* filter=evil", "100644"), JUDGED,
    ),
    "diff-of-a-pipeline": (
        "A workflow that runs on every push is called a lint fix.",
        added(".github/workflows/x.yml", "on: push", "100644"), JUDGED,
    ),
    "diff-into-the-git-folder": (
        "A hook of git's own folder comes with a lint fix.",
        added(".git/hooks/post-receive", "touch /tmp/x", "100755"), PATH,
    ),
    "diff-through-dots": ("A path climbs out of the repository.", added("../../escape.txt", "x", "100644"), PATH),
    "diff-through-a-link": (
        "A link of the same diff leads the next file out.",
        added("out", "/tmp", "120000") + added("out/magistrate-captured-canary", "x", "100644"), LINK,
    ),
}  # fmt: skip
"""What is hoped for, the attacker's diff, and the code and words that refuse it."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturedWorld]:
    with captured_world(tmp_path_factory.mktemp("captured") / "home") as made:
        yield made


def real_executor(world: CapturedWorld, scene: Scene, folder: Path) -> Any:
    """The composition of the real process, with control and alarms where the attacker sits; returns its world."""
    made, _ = compose(load_settings(world.town.home))
    outside = replace(made, inbox=scene.control, alarm=scene.alarms)
    journal = Journal(folder / "journal.db", outside.identity, outside.clock)
    world._opened += [journal, outside]
    scene.drill_again = lambda: World.pass_drills(outside, journal)  # type: ignore[arg-type]  # what it needs is there
    scene.drill_again()
    scene._loop = assemble(outside, journal)
    return outside


def by_the_same_assessor(case: Admissible) -> Admissible:
    """The case with its made-up verdict in the name of the assessor that is here, so that it is no version skew."""
    made = msgspec.structs.replace(case._verdict(), assessor=own_digest(Judge(sandbox=open_sandbox())))
    case._verdict = lambda: made  # type: ignore[method-assign]
    return case


def judged_for_real(scene: Scene, outside: Any) -> CaseBundle:
    """The honest case with the verdict and the ruling of the executor's own judge, and two people who agree to it."""
    effect, honest = scene.effect(scene.honest), scene.honest
    outside.target.prepare("shop", effect.ref, effect.old)
    outside.target.rebuild("shop", effect.old, scene.captured.town.diff)
    matter = AssessmentMatter(effect=effect, bundle=honest)
    verdict = outside.assessor.verdict(matter)
    ruling = outside.assessor.ruling(matter, verdict)
    name = honest.proposal.payload_digest()
    papers = Assessment(proposal=name, verdict_sha256=digest_of(verdict), verdict=verdict, evidence=())
    decided = msgspec.structs.replace(
        scene.body(honest.decision, Decision), assessment_verdict=digest_of(verdict), strictness=ruling.strictness,
        obligations=ruling.obligations,
    )  # fmt: skip
    decision = scene.by("control", decided, "dec", lifetime=None)
    given = msgspec.structs.replace(
        scene.body(honest.approvals[0], Approval), assessment_verdict=digest_of(verdict),
        decision=decision.payload_digest(),
    )  # fmt: skip
    approvals = tuple(scene.person(who, msgspec.structs.replace(given, person=who), "apr") for who in ("ben", "carla"))
    made = without(
        honest, assessment=scene.by("control", papers, "asm", lifetime=None), decision=decision, approvals=approvals
    )
    return scene.reissued(made, assessment_verdict=digest_of(verdict))


def effect_of(world: CapturedWorld, diff: bytes) -> tuple[dict[str, str], bytes]:
    """Result and manifest as git makes them, with git's own diff of it; as drawn where git makes nothing of it."""
    town, index = world.town, str(world.town.home / "attacker-index")
    git(town.bare, "read-tree", town.old, GIT_INDEX_FILE=index)
    try:
        git(town.bare, "apply", "--cached", "-", given=diff, GIT_INDEX_FILE=index)
    except subprocess.CalledProcessError:
        return {"result_tree": "9" * 40}, diff
    tree = git(town.bare, "write-tree", GIT_INDEX_FILE=index).strip()
    manifest = manifest_digest(RepositoryReader(town.bare).changes(town.base_tree, tree))
    made = git(town.bare, "diff-tree", "-r", "-p", "--binary", "--full-index", town.base_tree, tree).encode()
    return {"result_tree": tree, "manifest_sha256": manifest}, made


@pytest.mark.requirement("R25", "R55")
@pytest.mark.parametrize("name", DIFFS)
def test_no_diff_is_what_control_calls_it(world: CapturedWorld, tmp_path: Path, name: str) -> None:
    _, drawn, (code, says) = DIFFS[name]
    scene = world.scene()
    real_executor(world, scene, tmp_path)
    effect, diff = effect_of(world, drawn)
    case = world.case(
        effect=effect, proposal={"diff_sha256": digest(diff)},
        approval={"result_tree": effect["result_tree"], "displayed_sha256": digest(diff)},
    )  # fmt: skip
    refused = scene.offer(world.build(by_the_same_assessor(case), diff))
    assert (refused.outcome, refused.why[:8]) == ("refused", code), refused
    assert says in refused.why
    assert any(code in one for one in refused.alarms)
    assert world.town.tip() == world.town.old
    assert not world.usable()
    assert not Path("/tmp/magistrate-captured-canary").exists()


@pytest.mark.requirement("R55")
def test_the_honest_case_goes_through_the_real_judge(world: CapturedWorld, tmp_path: Path) -> None:
    scene = world.scene()
    outside = real_executor(world, scene, tmp_path)
    refused = scene.offer(world.build(by_the_same_assessor(world.case())))
    assert (refused.outcome, refused.why[:8]) == ("refused", "MAG-E390"), "its verdict is made up"
    scene.drill_again()
    done = scene.offer(judged_for_real(scene, outside))
    world.put_back()
    assert done.outcome == "succeeded", (done.why, *done.alarms)
