"""A ref moved around the gate is noticed, said, and stops what was in flight (R15)."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest
from world.running import ENDED, running_below, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tip-watch")]

WATCH_SECONDS = 5.0
SLACK_SECONDS = 4.0
MODULE = '"""Part {n}."""\n\nimport json\nimport sys\n\nprint(sys.argv)\n'
ROUNDS = (0.0, 0.15, 0.4, 0.7, 1.0, 1.4, 2.0)
FILES = {f"shop/part{n}.py": MODULE.replace("{n}", str(n)) for n in range(len(ROUNDS))}


@pytest.fixture(scope="module")
def town():
    with running_below("tips", FILES) as town:
        yield town


def foreign_commit(town, parent: str) -> str:
    """A commit of nobody in particular: the same tree and a new file."""
    blob = subprocess.run(
        ["git", "-C", str(town.bare), "hash-object", "-w", "--stdin"], input=f"{time.time_ns()}", text=True,
        capture_output=True, check=True,
    ).stdout.strip()  # fmt: skip
    lines = town.git("ls-tree", parent).splitlines()
    kept = [line for line in lines if not line.endswith("\tforeign.txt")]
    tree = subprocess.run(
        ["git", "-C", str(town.bare), "mktree"], input="\n".join([*kept, f"100644 blob {blob}\tforeign.txt", ""]),
        text=True, capture_output=True, check=True,
    ).stdout.strip()  # fmt: skip
    return town.git("commit-tree", "-p", parent, "-m", "by another hand", tree)


def direct_push(town, new: str) -> None:
    """`git push` to the bare path, with hooks bypassed."""
    town.git("fetch", "-q", str(town.bare), "refs/heads/main", folder=town.clone)
    subprocess.run(
        ["git", "push", "-q", "--receive-pack", "git -c core.hooksPath=/dev/null receive-pack", str(town.bare),
         f"{new}:refs/heads/main"],
        cwd=town.clone, capture_output=True, check=True,
    )  # fmt: skip


def by_push(town) -> None:
    town.git("fetch", "-q", str(town.bare), "+refs/heads/main:refs/remotes/around/main", folder=town.clone)
    parent = town.git("rev-parse", "refs/remotes/around/main", folder=town.clone)
    new = town.git("commit-tree", "-p", parent, "-m", "around the gate", f"{parent}^{{tree}}", folder=town.clone)
    direct_push(town, new)


def by_update_ref(town) -> None:
    tip = town.tip()
    town.git("-c", "core.hooksPath=/dev/null", "update-ref", "refs/heads/main", foreign_commit(town, tip), tip)


def by_packed_refs(town) -> None:
    tip = town.tip()
    new = foreign_commit(town, tip)
    town.git("pack-refs", "--all")
    packed = town.bare / "packed-refs"
    packed.write_text(packed.read_text().replace(tip, new))
    assert not (town.bare / "refs" / "heads" / "main").exists()
    assert town.tip() == new


@pytest.mark.requirement("R15", "R37")
@pytest.mark.parametrize("way", [by_push, by_update_ref, by_packed_refs])
def test_a_move_around_the_gate_is_noticed_and_what_was_in_flight_is_stale(town, way):
    session = town.session("shop/report.py")
    proposal = town.propose(session, {"README.md": lambda text: text.replace("servise", "service")})
    assert town.case(proposal)["state"] == "IN_REVIEW"
    until(lambda: town.rows("select tip from repository_state") == [(town.tip(),)], 10)
    before = len(town.events("ref.moved_outside"))
    way(town)
    began = time.monotonic()
    until(lambda: len(town.events("ref.moved_outside")) == before + 1, WATCH_SECONDS + SLACK_SECONDS)
    assert time.monotonic() - began < WATCH_SECONDS + SLACK_SECONDS
    assert town.case(proposal)["state"] == "STALE"
    town.approve(proposal, status=1)
    assert town.case(proposal)["state"] == "STALE"
    said = town("status")
    assert "moved outside" in said
    assert town.tip()[:12] in said
    time.sleep(WATCH_SECONDS + 1)
    assert len(town.events("ref.moved_outside")) == before + 1, "one move is said once"


@pytest.mark.requirement("R15", "R56")
def test_whoever_pushes_between_approval_and_execution_nothing_unassessed_is_executed(town):
    """Other hands push at seven moments around the approval; every commit is theirs or exactly what was judged."""
    outcomes: list[str] = []
    foreign = set(town.git("rev-list", "refs/heads/main").split())
    approved = {}
    for number, delay in enumerate(ROUNDS):
        path = f"shop/part{number}.py"
        until(lambda: town.rows("select tip from repository_state") == [(town.tip(),)], 15)
        session = town.session(path)
        proposal = town.propose(session, {path: lambda text: text.replace("import json\n", "")})
        facts = next(e["facts"] for e in town.story(proposal) if e["event"] == "proposal.sealed")
        approved[facts["result_tree"]] = facts["base"]

        def push(delay: float = delay) -> None:
            time.sleep(delay)
            while True:  # another hand that does not give up
                tip = town.tip()
                new = foreign_commit(town, tip)
                command = ["git", "-C", str(town.bare), "update-ref", "refs/heads/main", new, tip]
                if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                    foreign.add(new)
                    return

        other = threading.Thread(target=push)
        other.start()
        town.approve(proposal, status=None)
        other.join()
        outcomes.append(town.until(proposal, ENDED | {"APPROVED_NOT_EXECUTED"}, 60)["state"])
    mine = [c for c in town.git("rev-list", "refs/heads/main").split() if c not in foreign]
    for commit in mine:
        tree, parent = town.git("rev-parse", f"{commit}^{{tree}}"), town.git("rev-parse", f"{commit}^")
        assert approved.get(tree) == parent, f"{commit} holds a tree that was not judged on its parent"
    assert outcomes.count("SUCCEEDED") <= len(mine)
    assert set(outcomes) & {"STALE", "REFUSED", "HALTED", "FAILED"}, "the race never happened"
    assert town("leases", "--live") == ""
