"""The executor's own composition: real sandbox, real judge, real gate; control's verdict recomputed byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.deployment import Deployment
from world.executing import Alarms, World
from world.real_gate import FolderControl
from world.warm_gate import Town, town_with_gate

from magistrate.adapters.git.bare import BareRepositories
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.control_assessor import SandboxedAssessor
from magistrate.bootstrap.executor import compose
from magistrate.bootstrap.executor_outside import lay_out
from magistrate.bootstrap.tools import found_tools
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import Outside, assemble
from magistrate.executor.checks import gone
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.executor.ports import AssessmentMatter
from magistrate.settings import load_settings
from magistrate.usecases.judging import Judge
from magistrate.usecases.own_assessor import own_digest
from magistrate.wire.canonical import canonical, digest_of
from magistrate.wire.document import open_envelope
from magistrate.wire.policy_bundle import Command
from magistrate.wire.proposal import Proposal


class FakePen:
    """Signs evidence as control would; nobody looks at it here."""

    def __init__(self, town: Deployment) -> None:
        self._town = town

    def sign(self, body: Any, prefix: str, *, now: int, lifetime: int | None) -> Any:
        return self._town.by_process("control", body, prefix, now=now, lifetime=lifetime)


def effect_of(town: Town) -> Any:
    return open_envelope(town.bundle.proposal, Proposal, deployment="testing").body.effect


def composed(town: Town, **changes: Any) -> tuple[Outside, Path | JournalPlace]:
    outside, path = compose(load_settings(town.home))
    return replace(outside, **changes), path


@pytest.mark.slow
@pytest.mark.requirement("R55")
def test_control_and_executor_judge_alike_to_the_byte(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        outside, _ = composed(town)
        effect = effect_of(town)
        outside.target.prepare("shop", effect.ref, effect.old)
        rebuilt = outside.target.rebuild("shop", effect.old, town.diff)
        assert (rebuilt.result_tree, rebuilt.manifest_sha256) == (effect.result_tree, effect.manifest_sha256)
        mine = outside.assessor.verdict(AssessmentMatter(effect=effect, bundle=town.bundle))
        control = SandboxedAssessor(
            BareRepositories(town.home / "gate" / "repositories"),
            open_sandbox(),
            FakePen(town.case.town),
            tools=found_tools(),
        )
        name = town.bundle.proposal.payload_digest()
        theirs = control.assess(name, effect, town.diff, int(time.time())).verdict
        assert digest_of(mine) == digest_of(theirs)
        outside.close()


@pytest.mark.slow
@pytest.mark.requirement("R55", "R57")
def test_a_case_judged_for_real_executes_and_a_made_up_verdict_does_not(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        control = FolderControl(town.home)
        alarms = Alarms()
        outside, path = composed(town, inbox=control, alarm=alarms)
        made_up = made_up_here(town)
        effect = effect_of(town)
        outside.target.prepare("shop", effect.ref, effect.old)
        outside.target.rebuild("shop", effect.old, town.diff)
        journal = Journal(path, outside.identity, outside.clock)
        loop = assemble(outside, journal)
        World.pass_drills(FakeWorld(outside), journal)  # type: ignore[arg-type]
        loop.tick()
        (report,) = control.told("reports")
        assert (report["outcome"], report["why"][:8]) == ("refused", "MAG-E390"), report["why"]
        World.pass_drills(FakeWorld(outside), journal)  # type: ignore[arg-type]  # people order them anew: readiness was lost
        honest = rebuilt_case(town, outside)
        assert honest.warrant != made_up.warrant
        (town.home / "bundle.json").write_bytes(canonical(honest))
        (town.home / "told" / "taken").unlink()
        loop.tick()
        outcomes = sorted(body["outcome"] for body in control.told("reports"))
        assert outcomes == ["refused", "succeeded"], alarms.told
        assert town.tree(town.tip()) == town.result_tree
        journal.close()
        outside.close()


def made_up_here(town: Town) -> Any:
    """The case with its made-up verdict in the name of the assessor that is here, so that it is no version skew."""
    verdict = msgspec.structs.replace(town.case._verdict(), assessor=own_digest(Judge(sandbox=open_sandbox())))
    town.case._verdict = lambda: verdict  # type: ignore[method-assign]
    town.bundle = town._bundle()
    (town.home / "bundle.json").write_bytes(canonical(town.bundle))
    return town.bundle


class FakeWorld:
    """What `World.pass_drills` needs."""

    def __init__(self, outside: Outside) -> None:
        self.identity, self.clock = outside.identity, outside.clock


def rebuilt_case(town: Town, outside: Outside) -> Any:
    """The same proposal with the verdict and ruling of the real judge, approved by two people.

    The verdict names the proposal, so the proposal is signed once and kept.
    """
    import base64

    kept: dict[str, Any] = {}
    original = town.case._proposal
    town.case._proposal = lambda session, effect: kept.setdefault("p", original(session, effect))  # type: ignore[method-assign]
    session_once = town.case.town.by_process

    def by_process(name: str, body: Any, prefix: str, **more: Any) -> Any:
        if prefix == "ses":
            return kept.setdefault("s", session_once(name, body, prefix, **more))
        return session_once(name, body, prefix, **more)

    object.__setattr__(town.case.town, "by_process", by_process)
    first = msgspec.structs.replace(town.case.build(), diff=base64.b64encode(town.diff).decode())
    matter = AssessmentMatter(effect=effect_of(town), bundle=first)
    verdict = outside.assessor.verdict(matter)
    ruling = outside.assessor.ruling(matter, verdict)
    town.case._verdict = lambda: verdict  # type: ignore[method-assign]
    town.case.obligations, town.case.decision_strictness = ruling.obligations, ruling.strictness
    town.case.approvers = ("ben", "carla")
    return msgspec.structs.replace(town.case.build(), diff=base64.b64encode(town.diff).decode())


@pytest.mark.slow
@pytest.mark.requirement("R55")
def test_checks_run_on_exactly_the_tree_without_network(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        outside, _ = composed(town)
        effect = effect_of(town)
        outside.target.prepare("shop", effect.ref, effect.old)
        outside.target.rebuild("shop", effect.old, town.diff)
        right = Command(command="t", argv=("python3", "a.py"), timeout_seconds=20)
        seen = outside.checks.run("shop", effect.result_tree, right)
        assert seen.held, seen.seen
        assert "two" in seen.seen
        assert "one" in outside.checks.run("shop", effect.base_tree, right).seen
        wrong = Command(command="t", argv=("python3", "-c", "raise SystemExit(3)"), timeout_seconds=20)
        assert not outside.checks.run("shop", effect.result_tree, wrong).held
        dial = f"import socket; socket.create_connection(('127.0.0.1', {town.gate_port}), 2)"
        online = Command(command="t", argv=("python3", "-c", dial), timeout_seconds=20)
        assert not outside.checks.run("shop", effect.result_tree, online).held
        outside.close()


SCAN = Command(
    command="scan", timeout_seconds=30,
    argv=("python3", "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "S307", "--output-format", "sarif", "."),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.requirement("R57")
def test_a_real_scanner_tells_the_tree_with_the_finding_from_the_one_without(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        outside, _ = composed(town)
        effect = effect_of(town)
        outside.target.prepare("shop", effect.ref, effect.old)
        assert isinstance(outside.target, GitTarget)
        git_dir = outside.target.git_dir("shop")
        made = [
            tree_with(git_dir, {"src/shop.py": text, "x": "words"})
            for text in (
                "def f(x):\n    return eval(x)\n",
                "def f(x):\n    return int(x)\n",
                "# gone\ndef g(y):\n    return eval(x)\n",
            )
        ]
        before, after, moved = (outside.checks.scan("shop", tree, SCAN) for tree in made)
        assert [one.read for one in (before, after, moved)] == [True] * 3, (before.seen, after.seen)
        (found,) = before.found
        assert (found.rule, found.text) == ("S307", "return eval(x)")
        assert gone(found.finding, before, after)[0].held
        assert not gone(found.finding, before, moved)[0].held
        outside.close()


@pytest.mark.slow
@pytest.mark.requirement("R57")
def test_a_scanner_that_fails_or_writes_something_else_is_not_believed(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        outside, _ = composed(town)
        effect = effect_of(town)
        outside.target.prepare("shop", effect.ref, effect.old)
        failed = json.dumps({"version": "2.1.0", "runs": [{"invocations": [{"executionSuccessful": False}]}]})
        odd = failed.replace("false", '"no"')
        deep = '{"version": "2.1.0", "runs": [{"results": ' + "[" * 50_000
        for said in ("no sarif", failed, odd, deep):
            broken = Command(command="scan", argv=("python3", "-c", f"print({said!r})"), timeout_seconds=20)
            seen = outside.checks.scan("shop", effect.base_tree, broken)
            assert not seen.read, seen
        outside.close()


def tree_with(git_dir: Path, files: dict[str, str]) -> str:
    """A tree of these files, written straight into a repository."""
    env = {**os.environ, "GIT_DIR": str(git_dir), "GIT_INDEX_FILE": str(git_dir / "index-of-the-test")}
    (git_dir / "index-of-the-test").unlink(missing_ok=True)
    for path, text in files.items():
        blob = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"], input=text.encode(), env=env, check=True, capture_output=True
        )
        entry = f"100644,{blob.stdout.decode().strip()},{path}"
        subprocess.run(["git", "update-index", "--add", "--cacheinfo", entry], env=env, check=True)
    return subprocess.run(["git", "write-tree"], env=env, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.requirement("R55")
def test_a_path_that_leaves_the_folder_is_not_laid_out(tmp_path: Path) -> None:
    from magistrate.errors import Refused
    from magistrate.ports import TreeEntry

    class Reader:
        def __init__(self, path: str) -> None:
            self.path = path

        def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
            return (TreeEntry(path=self.path, mode="100644", object_id="1" * 40, size=1),)

        def read_blobs(self, names: Any) -> dict[str, bytes]:
            return {"1" * 40: b"x"}

    for path in ("../x", "a/../../x", "/etc/x", ".git/config", "a/.GIT/hooks/x"):
        with pytest.raises(Refused):
            lay_out(Reader(path), "2" * 40, tmp_path)  # type: ignore[arg-type]
    (tmp_path / "link").symlink_to("/tmp")
    with pytest.raises(Refused):
        lay_out(Reader("link/x"), "2" * 40, tmp_path)  # type: ignore[arg-type]
