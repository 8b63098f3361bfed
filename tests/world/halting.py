"""Cases that halted, and the words that close them, in a `CaseWorld`."""

from __future__ import annotations

from typing import Any

from world.casework import CaseWorld
from world.wire_samples import D

from magistrate.domain.case import Case
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Mode
from magistrate.usecases.settle import record_report
from magistrate.wire.closure import Closure
from magistrate.wire.envelope import Envelope
from magistrate.wire.report import Outcome, Report, Step

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
OTHER = {"notes.md": "# Notes\n\nThis servise greets the people.\n"}
S = CaseState


def halted(world: CaseWorld, *, foreign: bool = False) -> Case:
    """A case whose inverse could not be applied; the tip is where it left the ref."""
    case = world.judged(TYPO)
    world.approve("anna" if world.deployment.mode is Mode.SOLO else "ben", case)
    case = world.issue(case)
    assert case.standing.state is S.WARRANTED
    with world.store.transaction() as unit:
        assert case.standing.warrant
        assert unit.take_warrant(case.standing.warrant, world.now)
        warrant = unit.documents("warrant", case.facts.proposal)[-1].payload_digest()
        before = unit.repository("shop").tip
    steps = (Step(event="ref.moved_outside", at="2026-01-01T00:00:00Z", facts={}),) if foreign else ()
    body = Report(
        warrant=warrant, proposal=case.facts.proposal, outcome=Outcome.HALTED, why="people must look", steps=steps,
        ref_before=before, ref_after=world.move_tip(), leases_open=0, journal_head=D,
    )  # fmt: skip
    with world.store.transaction() as unit:
        record_report(unit, world.deployment.by_process("executor", body, "rep", now=world.now), world.trust, world.now)
    case = world.case(case)
    assert case.standing.state is S.HALTED
    return case


def closure(world: CaseWorld, case: Case, person: str, *, signer: str = "", **changes: Any) -> Envelope:
    fields = {"person": person, "proposal": case.facts.proposal, "repository": "shop", "ref": "refs/heads/main",
              "tip": world.repositories.tip("shop", "refs/heads/main"), "reason": "the ref was set right",
              "self_reviewed": person == "anna"}  # fmt: skip
    return world.deployment.by_person(signer or person, Closure(**{**fields, **changes}), "cls", now=world.now)


def waiting(world: CaseWorld, person: str = "ben") -> Case:
    """A case drafted after the halt, approved and ready."""
    case = world.judged(OTHER)
    assert world.approve(person, case).standing.state is S.CLEARED
    return case
