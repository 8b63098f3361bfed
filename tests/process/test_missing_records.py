"""A finished case from whose record one thing was taken: the story and the verifier say which (R60)."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paths import MAGISTRATE
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_witness
from world.stores import without_triggers
from world.wire_samples import D

from magistrate.domain.case import Case
from magistrate.usecases.settle import record_report, record_step
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.report import Outcome, Report

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R60")]
CASES = "/api/v1/people/cases"
DOCUMENTS = ("proposal", "assessment", "decision", "approval", "warrant")
LEASE = ("lease.requested", "lease.held", "lease.released")
Take = Callable[[sqlite3.Connection, str], None]


def executed(world: CaseWorld) -> Case:
    """A case that went all its way, with every step on record."""
    case = world.judged({"notes.md": "# Notes\n\nThis service greets people.\n"})
    world.approve("ben", case)
    case = world.issue(case)
    with world.store.transaction() as unit:
        assert unit.take_warrant(str(case.standing.warrant), world.now)
        warrant = unit.documents("warrant", case.facts.proposal)[-1].payload_digest()
        before = unit.repository("shop").tip
    for number, name in enumerate((*LEASE[:2], "effect.done", LEASE[2], "verification.done"), 1):
        facts = {"purpose": "effect", "lease": "lse-x", "held": "true"}
        body = JournalEntry(
            sequence=number, previous=None, execution=str(case.standing.warrant), step=name, status=StepStatus.DONE,
            facts=facts,
        )  # fmt: skip
        with world.store.transaction() as unit:
            record_step(
                unit, world.deployment.by_process("executor", body, "jrn", now=world.now), world.trust, world.now
            )
    report = Report(
        warrant=warrant, proposal=case.facts.proposal, outcome=Outcome.SUCCEEDED, why="as seen", steps=(),
        ref_before=before, ref_after="a" * 40, leases_open=0, journal_head=D,
    )  # fmt: skip
    with world.store.transaction() as unit:
        record_report(
            unit, world.deployment.by_process("executor", report, "rep", now=world.now), world.trust, world.now
        )
    world.store.seal()
    return world.case(case)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[CaseWorld, str]:
    world = CaseWorld(tmp_path_factory.mktemp("finished"))
    proposal = executed(world).facts.proposal
    world.store.close()
    shutil.copytree(world.home, world.home.parent / "whole")
    return world, proposal


def forget_payloads(link: sqlite3.Connection, commitments: list[str]) -> None:
    assert commitments
    for commitment in commitments:
        link.execute("DELETE FROM log_payload WHERE commitment = ?", (commitment,))


def take_prompt(link: sqlite3.Connection, proposal: str) -> None:
    query = "SELECT commitment FROM payload_ref WHERE proposal = ? AND name = 'prompt'"
    forget_payloads(link, [c for (c,) in link.execute(query, (proposal,))])


def take_document(kind: str) -> Take:
    def take(link: sqlite3.Connection, proposal: str) -> None:
        assert link.execute("DELETE FROM document WHERE kind = ? AND proposal = ?", (kind, proposal)).rowcount == 1
        forget_payloads(
            link, [c for (c,) in link.execute("SELECT commitment FROM log_payload WHERE name = ?", (kind,))]
        )

    return take


def take_leases(link: sqlite3.Connection, proposal: str) -> None:
    query = "SELECT facts FROM event WHERE subject = ? AND event LIKE 'lease.%'"
    facts = [c for (c,) in link.execute(query, (proposal,))]
    assert link.execute("DELETE FROM event WHERE subject = ? AND event LIKE 'lease.%'", (proposal,)).rowcount == 3
    forget_payloads(link, facts)


TAKEN: dict[str, tuple[Take, set[str], str]] = {
    "prompt payload": (take_prompt, {"prompt"}, "`prompt` of entry"),
    "lease": (take_leases, set(LEASE), "(lease."),
    **{kind: (take_document(kind), {f"document `{kind}`"}, f"`{kind}` of entry") for kind in DOCUMENTS},
}


@contextlib.contextmanager
def running_on_a_copy(world: CaseWorld, take: Take | None, proposal: str) -> Iterator[None]:
    """Control and witness on the home as it was when the case ended, with something taken from its store."""
    shutil.rmtree(world.home)
    shutil.copytree(world.home.parent / "whole", world.home)
    store = world.home / "control" / "store.db"
    statements = [s for t in ("document", "event", "log_payload") for s in without_triggers(store, t)]
    if take is not None:
        with contextlib.closing(sqlite3.connect(store)) as link:
            for statement in statements:
                link.execute(statement)
            take(link, proposal)
            link.commit()
    with contextlib.ExitStack() as ending:
        for start in (start_witness, start_control):
            ending.callback(start(world.deployment).stop)
        yield


def verified(world: CaseWorld, folder: Path) -> subprocess.CompletedProcess[str]:
    """Export over HTTP and verify the export, as an outsider would."""
    content = Caller(world.deployment, "ben").get("/api/v1/people/log/export").content
    folder.mkdir()
    subprocess.run(["tar", "-x", "--strip-components=1", "-C", str(folder)], input=content, check=True)
    argv = [str(MAGISTRATE), "audit", "verify", str(folder), "--roster", str(world.home / "roster.json"), "--pin",
            world.deployment.pin]  # fmt: skip
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def story(world: CaseWorld, proposal: str) -> dict[str, Any]:
    answer = Caller(world.deployment, "ben").get(f"{CASES}/{proposal.removeprefix('sha256:')[:16]}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_of_a_whole_record_nothing_is_missing(finished, tmp_path) -> None:
    world, proposal = finished
    with running_on_a_copy(world, None, proposal):
        assert story(world, proposal)["missing"] == []
        done = verified(world, tmp_path / "log")
    assert done.returncode == 0, done.stderr
    assert "0 erased" in done.stdout


@pytest.mark.parametrize("element", sorted(TAKEN))
def test_what_was_taken_is_named_by_the_story_and_by_the_verifier(finished, tmp_path, element: str) -> None:
    world, proposal = finished
    take, lacking, words = TAKEN[element]
    with running_on_a_copy(world, take, proposal):
        told = story(world, proposal)
        done = verified(world, tmp_path / "log")
    assert set(told["missing"]) == lacking
    assert done.returncode == 1
    assert words in done.stderr
