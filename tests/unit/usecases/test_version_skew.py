"""Control and executor with different versions of the assessor: nothing is carried over, and it goes on after the upgrade."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from world.casework import CaseWorld

from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused
from magistrate.usecases.drills import demoted_because, drilled, readiness
from magistrate.usecases.holds import standing_holds
from magistrate.usecases.matter import bundle, papers, standing_approvals
from magistrate.usecases.settle import record_report, record_step, sweep
from magistrate.usecases.show import summary
from magistrate.usecases.skew import MAX_WARRANTS, hold_all_outdated, standing_of
from magistrate.usecases.warrant import fetchable
from magistrate.wire.canonical import digest
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.report import Outcome, Report
from magistrate.wire.warrant import WARRANT_SECONDS

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
CODE = {"app.py": "def greet(name):\n    return eval(name)\n"}
OTHER = digest(b"another version of the assessor")
S = CaseState


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


def asks(world, assessor, executor=""):
    world.office.polls.asked(executor or world.deployment.executor_keyid, assessor, world.now)


def cleared(world, files=TYPO):
    case = world.judged(files)
    return world.approve("ben", case)


def told(world, case, outcome, warrant=-1):
    """The executor took the warrant and says this of it."""
    with world.store.transaction() as unit:
        unit.take_warrant(unit.case(case.facts.proposal).standing.warrant or "", world.now)
        body = Report(
            outcome=outcome, warrant=unit.documents("warrant", case.facts.proposal)[warrant].payload_digest(),
            proposal=case.facts.proposal, why="MAG-E400 version skew: as told", steps=(), ref_before="", ref_after="",
            leases_open=0, journal_head=digest(b"head"),
        )  # fmt: skip
        record_report(unit, world.deployment.by_process("executor", body, "rep", now=world.now), world.trust, world.now)
    return world.case(case)


def holds(world, case):
    with world.store.transaction() as unit:
        return standing_holds(unit, world.trust, unit.case(case.facts.proposal), world.office.polls, world.now)


def approvals(world, case):
    with world.store.transaction() as unit:
        found = unit.case(case.facts.proposal)
        matter = papers(unit, found, world.trust.roster()).matter
        return standing_approvals(unit, found, matter, world.trust.roster(), world.now)


def upgraded(world):
    """Control's assessor is another from now on."""
    world.office = replace(world.office, assessor=lambda: OTHER)
    inner = world.bench.assessor

    class Upgraded:
        def assess(self, *given):
            made = inner.assess(*given)
            return replace(made, verdict=msgspec.structs.replace(made.verdict, assessor=OTHER))

        def __getattr__(self, name):
            return getattr(inner, name)

    world.bench = replace(world.bench, assessor=Upgraded())


@pytest.mark.requirement("R55")
def test_no_warrant_is_issued_in_vain_and_the_queue_says_why(world):
    case = cleared(world)
    asks(world, OTHER)
    assert world.issue(case).standing.state is S.CLEARED
    (hold,) = holds(world, case)
    assert hold.by == "skew"
    assert "version skew" in hold.words
    assert OTHER[7:19] in hold.words
    with world.store.transaction() as unit:
        row = summary(unit, unit.case(case.facts.proposal), world.trust, world.office.polls, world.now)
        (line,) = standing_of(world.trust.roster(), world.office.polls, world.office.assessor(), world.now)
        assert fetchable(world.store, unit, world.now) == ()
    assert [one["by"] for one in row["held"]] == ["skew"]
    assert "version skew" in line["skew"]
    asks(world, world.office.assessor())  # the executor was upgraded: the same verdict, the same approval
    assert world.issue(case).standing.state is S.WARRANTED


@pytest.mark.requirement("R55", "R44")
def test_a_refused_warrant_waits_for_the_executor_and_is_issued_anew_once_it_has_lapsed(world):
    case = world.issue(cleared(world))
    first = case.standing.warrant
    case = told(world, case, Outcome.VERSION_SKEW)
    assert case.standing.state is S.CLEARED
    assert case.standing.warrant is None
    assert case.standing.why.startswith("MAG-E400 version skew")
    with world.store.transaction() as unit:
        assert not unit.take_warrant(first or "", world.now)
        handed = bundle(world.store, world.trust, unit, case, world.now)
    assert handed.warrant is None
    assert len(handed.approvals) == 1
    assert {hold.by for hold in holds(world, case)} == {"skew", "warrant"}
    asks(world, world.office.assessor())
    assert [hold.by for hold in holds(world, case)] == ["warrant"]
    assert world.issue(case).standing.state is S.CLEARED, "no two warrants of a case may be usable at once"
    world.now += WARRANT_SECONDS
    assert world.issue(case).standing.state is S.CLEARED, "nobody asks: what the executor said last still holds"
    asks(world, world.office.assessor())
    again = world.issue(case)
    assert again.standing.state is S.WARRANTED
    assert again.standing.warrant != first
    assert told(world, again, Outcome.REFUSED, warrant=0).standing.state is S.WARRANTED, "a late word about the first"
    assert told(world, again, Outcome.SUCCEEDED).standing.state is S.SUCCEEDED


@pytest.mark.requirement("R44", "R55")
def test_what_controls_new_assessor_did_not_judge_is_judged_and_approved_again(world):
    case = cleared(world)
    assert len(approvals(world, case)) == 1
    before = world.decision(case)
    upgraded(world)
    case = world.issue(case)
    assert case.standing.state is S.HELD
    assert "judged again, to be approved again" in case.standing.why
    case = world.again(case)
    assert case.standing.state is S.IN_REVIEW
    assert world.decision(case).assessment_verdict != before.assessment_verdict
    assert approvals(world, case) == ()
    assert world.issue(case).standing.state is S.IN_REVIEW
    assert world.issue(world.approve("ben", case)).standing.state is S.WARRANTED


@pytest.mark.requirement("R44", "R55")
def test_after_a_refusal_for_skew_control_may_be_the_one_that_is_upgraded(world):
    case = told(world, world.issue(cleared(world)), Outcome.VERSION_SKEW)
    upgraded(world)
    case = world.again(world.issue(case))
    assert case.standing.state is S.IN_REVIEW
    assert approvals(world, case) == ()
    case = world.approve("ben", case)
    assert [hold.by for hold in holds(world, case)] == ["warrant"], "the new verdict was refused by nobody"
    world.now += WARRANT_SECONDS
    asks(world, OTHER)
    assert world.issue(case).standing.state is S.WARRANTED


@pytest.mark.requirement("R44")
def test_people_are_not_asked_about_a_verdict_of_another_version(world):
    case, roster = world.judged(TYPO), world.trust.roster()
    with world.store.transaction() as unit:
        assert hold_all_outdated(unit, roster, world.office.assessor(), world.now) == 0
        assert hold_all_outdated(unit, roster, OTHER, world.now) == 1
    upgraded(world)
    assert world.case(case).standing.state is S.HELD
    assert world.again(case).standing.state is S.IN_REVIEW


def test_an_executor_that_never_agrees_ends_the_case(world):
    case = cleared(world)
    for number in range(1, MAX_WARRANTS + 1):
        asks(world, world.office.assessor())
        case = world.issue(case)
        assert case.standing.state is S.WARRANTED
        case = told(world, case, Outcome.VERSION_SKEW)
        assert case.standing.state is (S.CLEARED if number < MAX_WARRANTS else S.FAILED)
        world.now += WARRANT_SECONDS


def test_silence_ends_a_waiting_case_too(world):
    case = told(world, world.issue(cleared(world)), Outcome.VERSION_SKEW)
    world.now = case.facts.expires
    with world.store.transaction() as unit:
        sweep(unit, world.now)
    assert world.case(case).standing.state is S.EXPIRED


@pytest.mark.requirement("R55", "R85")
def test_the_executors_word_of_another_verdict_takes_readiness_until_new_drills(world):
    world.drill()
    case = world.judged(CODE)
    with world.store.transaction() as unit:
        assert drilled(unit, "shop", "staging", world.now)
    body = JournalEntry(
        sequence=1, previous=None, execution="wrt-x", step="trust.demoted", status=StepStatus.DONE,
        facts={"repository": "shop", "at": str(world.now), "why": "another verdict by the same assessor",
               "proposal": case.facts.proposal},
    )  # fmt: skip
    envelope = world.deployment.by_process("executor", body, "jrn", now=world.now)
    for _ in range(2):
        with world.store.transaction() as unit:
            record_step(unit, envelope, world.trust, world.now)
    with world.store.transaction() as unit:
        assert set(readiness(unit, "shop", "staging", world.now).values()) == {"lost"}
        assert "another verdict by the same assessor" in demoted_because(unit, "shop", "staging", world.now)
        assert demoted_because(unit, "other", "staging", world.now) == ""
    world.approve("carla", case)
    world.approve("ben", case)
    assert world.issue(case).standing.state is S.APPROVED_NOT_EXECUTED
    world.now += 1
    world.drill()
    with world.store.transaction() as unit:
        assert drilled(unit, "shop", "staging", world.now)
        assert demoted_because(unit, "shop", "staging", world.now) == ""


@pytest.mark.requirement("R85")
def test_nobody_but_an_executor_says_so(world):
    world.drill()
    facts = {"repository": "shop", "at": str(world.now)}
    body = JournalEntry(
        sequence=1, previous=None, execution="wrt-x", step="trust.demoted", status=StepStatus.DONE, facts=facts
    )
    for signer in ("control", "front", "gate"):
        with pytest.raises(Refused), world.store.transaction() as unit:
            record_step(unit, world.deployment.by_process(signer, body, "jrn", now=world.now), world.trust, world.now)
    with world.store.transaction() as unit:
        assert drilled(unit, "shop", "staging", world.now)
