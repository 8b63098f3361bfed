"""The drop of freezes, the closed git environment, the shape of commits, and where pushes may go."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from world.admissible import NOW
from world.executing import World

from magistrate.adapters.stop_files import read_stops
from magistrate.errors import Refused, Unavailable
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.credentials.git_gate import GitGate
from magistrate.executor.identity import new_identifier
from magistrate.executor.ports import CommitSpec, Credential, Rebuilt
from magistrate.wire import gate_api
from magistrate.wire.freeze import Freeze, Scope


def test_stops_are_read_from_the_drop(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    scope = Scope(repository=None, environment=None, agent=None, change_class=None)
    freeze = world.case.town.by_person(
        "anna", Freeze(person="anna", scope=scope, reason="stop", epoch=1), "frz", now=NOW
    )
    drop = tmp_path / "freeze"
    assert read_stops(drop).unreadable == ()
    drop.mkdir()
    (drop / "a.json").write_bytes(freeze.encode() + b"\n")
    (drop / "b.json").write_text("{}")
    (drop / "c.json").write_bytes(world.bundle.proposal.encode())
    (drop / "d.json").write_bytes(b" " * 70_000)
    (drop / "note.txt").write_text("not looked at")
    found = read_stops(drop)
    assert found.freezes == (freeze,)
    assert found.unreadable == ("b.json", "c.json", "d.json")


def no_rebuilder(git_dir: Path, old: str, diff: bytes) -> Rebuilt:
    raise AssertionError


@pytest.fixture
def target(tmp_path: Path) -> GitTarget:
    source = tmp_path / "source"
    environment = {**os.environ}
    subprocess.run(["git", "init", "-q", "-b", "main", str(source)], check=True, env=environment)
    (source / "a").write_text("one\n")
    subprocess.run(["git", "-C", str(source), "add", "a"], check=True)
    subprocess.run(["git", "-C", str(source), "commit", "-qm", "one"], check=True)
    return GitTarget(tmp_path / "work", source=lambda name: str(source), rebuilder=no_rebuilder)


def head(tmp_path: Path, what: str = "HEAD") -> str:
    done = subprocess.run(["git", "-C", str(tmp_path / "source"), "rev-parse", what], check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.mark.requirement("R55")
def test_the_same_spec_is_the_same_commit_whatever_the_repository_says(target: GitTarget, tmp_path: Path) -> None:
    target.prepare("shop", "refs/heads/main", head(tmp_path))
    spec = CommitSpec(tree=head(tmp_path, "HEAD^{tree}"), parent=head(tmp_path), message="m\n", at=NOW)
    first = target.commit("shop", spec)
    config = target.git_dir("shop") / "config"
    config.write_text(config.read_text() + "[user]\n\tname = Mallory\n[commit]\n\tgpgSign = true\n")
    assert target.commit("shop", spec) == first


def test_a_commit_that_is_not_on_the_ref_is_refused(target: GitTarget) -> None:
    with pytest.raises(Refused, match="does not contain"):
        target.prepare("shop", "refs/heads/main", "7" * 40)


@pytest.mark.requirement("R15")
def test_a_ref_that_another_hand_deleted_ends_the_execution_at_once(target: GitTarget, tmp_path: Path) -> None:
    old = head(tmp_path)
    with pytest.raises(Refused, match="is gone"):
        target.prepare("shop", "refs/heads/deleted", old)


def test_a_source_that_cannot_be_reached_is_tried_again(target: GitTarget, tmp_path: Path) -> None:
    old = head(tmp_path)
    (tmp_path / "source").rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        target.prepare("shop", "refs/heads/main", old)


@pytest.mark.requirement("R55")
@pytest.mark.parametrize("ref", ["refs/notes/v1", "main", "refs/heads/../x", "refs/heads/a:refs/heads/b", "--force"])
def test_only_branches_and_tags_are_written_to(target: GitTarget, ref: str) -> None:
    credential = Credential(lease="l", token="t", address="http://127.0.0.1:9/shop.git", expires="")
    with pytest.raises(Refused):
        target.push(credential, "shop", ref, "1" * 40)


@pytest.mark.parametrize("name", ["../shop", "Shop", "", "a/b", ".git"])
def test_only_names_are_repositories(target: GitTarget, name: str) -> None:
    with pytest.raises(Refused):
        target.git_dir(name)


def test_a_push_url_that_leads_elsewhere_is_refused() -> None:
    class Answering:
        def post(self, path: str, content: Any, kind: Any) -> Any:
            return gate_api.Credential(lease="l", token="t", push_url="http://elsewhere:1/shop.git", expires="")

    gate = GitGate(Answering(), "http://127.0.0.1:1")  # type: ignore[arg-type]
    with pytest.raises(Refused):
        gate.request_drill(None, None)  # type: ignore[arg-type]


def test_identifiers_are_random_and_of_the_right_form() -> None:
    one, other = new_identifier("lse"), new_identifier("lse")
    assert one != other
    assert len(one) == 30
