"""Steps and reports of the executor, silence, and hands from outside."""

from dataclasses import replace

import pytest
from world.casework import CaseWorld
from world.wire_samples import D, G

from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused, Unavailable
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.holds import standing_holds
from magistrate.usecases.polls import Polls
from magistrate.usecases.settle import DOUBT_SECONDS, record_report, record_step, sweep, watch_tips
from magistrate.usecases.show import missing, story
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.report import Outcome, Report, Step

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
S = CaseState
NEW = "a" * 40


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def taken(world):
    case = world.judged(TYPO)
    world.approve("ben", case)
    case = world.issue(case)
    with world.store.transaction() as unit:
        assert unit.take_warrant(case.standing.warrant, world.now)
        assert not unit.take_warrant(case.standing.warrant, world.now)
    return world.case(case)


def step(world, case, name, number, signer="executor", **facts):
    body = JournalEntry(
        sequence=number, previous=None, execution=case.standing.warrant, step=name, status=StepStatus.DONE, facts=facts
    )
    envelope = world.deployment.by_process(signer, body, "jrn", now=world.now)
    for _ in range(2):
        with world.store.transaction() as unit:
            record_step(unit, envelope, world.trust, world.now)
    return world.case(case).standing.state


def report(world, case, outcome, *, signer="executor", after=NEW, steps=(), **changes):
    with world.store.transaction() as unit:
        warrant = unit.documents("warrant", case.facts.proposal)[-1].payload_digest()
        before = unit.repository("shop").tip
    fields = {"warrant": warrant, "proposal": case.facts.proposal, "why": "as seen", "steps": steps,
              "ref_before": before, "ref_after": after, "leases_open": 0, "journal_head": D}  # fmt: skip
    envelope = world.deployment.by_process(
        signer, Report(outcome=outcome, **{**fields, **changes}), "rep", now=world.now
    )
    for _ in range(2):
        with world.store.transaction() as unit:
            record_report(unit, envelope, world.trust, world.now)
    return world.case(case)


@pytest.mark.requirement("R60")
def test_an_executed_case_has_the_whole_record(world, taken):
    assert step(world, taken, "lease.requested", 1, purpose="effect") is S.EXECUTING
    assert step(world, taken, "lease.held", 2, lease="lse-x") is S.EXECUTING
    assert step(world, taken, "effect.done", 3) is S.VERIFYING
    step(world, taken, "lease.released", 4, lease="lse-x")
    step(world, taken, "verification.done", 5, held="true")
    done = report(world, taken, Outcome.SUCCEEDED)
    assert done.standing.state is S.SUCCEEDED
    with world.store.transaction() as unit:
        assert missing(unit, done) == ()
        told = story(unit, done, world.trust, Polls(), world.now)
        assert unit.repository("shop").tip == NEW
        words = [e.event for e in unit.events(taken.facts.proposal)]
    assert words.count("effect.done") == 1
    assert words.count("case.closed") == 1
    assert told["documents"]["approval"][0]["document"]["body"]["person"] == "ben"
    assert told["documents"]["warrant"]


@pytest.mark.requirement("R60")
def test_a_gap_in_the_record_is_named(world, taken):
    done = report(
        world, taken, Outcome.SUCCEEDED, steps=(Step(event="effect.done", at="2026-01-01T00:00:00Z", facts={}),)
    )
    with world.store.transaction() as unit:
        assert set(missing(unit, done)) == {"lease.requested", "lease.held", "lease.released"}


def test_a_rollback_is_told_by_its_own_lease(world, taken):
    step(world, taken, "lease.requested", 1, purpose="effect")
    step(world, taken, "effect.done", 2)
    assert step(world, taken, "lease.requested", 3, purpose="rollback") is S.ROLLING_BACK
    assert report(world, taken, Outcome.ROLLED_BACK).standing.state is S.ROLLED_BACK


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.FAILED, S.FAILED), (Outcome.REFUSED, S.FAILED), (Outcome.HALTED, S.HALTED),
        (Outcome.UNKNOWN, S.IN_DOUBT), (Outcome.SUCCEEDED, S.SUCCEEDED), (Outcome.ROLLED_BACK, S.ROLLED_BACK),
    ],
)  # fmt: skip
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_report_settles_the_case_wherever_lost_steps_left_it(world, taken, outcome, state, steps):
    for number, name in enumerate(("lease.requested", "effect.done")[:steps], 1):
        step(world, taken, name, number, purpose="effect")
    assert report(world, taken, outcome).standing.state is state


@pytest.mark.requirement("R53")
def test_only_an_executor_reports_and_only_on_its_warrant(world, taken):
    with pytest.raises(Refused):
        report(world, taken, Outcome.SUCCEEDED, signer="gate")
    with pytest.raises(Refused):
        step(world, taken, "effect.done", 1, signer="front")
    with pytest.raises(Refused, match="warrant"):
        report(world, taken, Outcome.SUCCEEDED, warrant=D)
    assert world.case(taken).standing.state is S.WARRANTED


def test_a_lost_report_is_doubt_never_a_guess(world, taken):
    step(world, taken, "lease.requested", 1, purpose="effect")
    world.now += DOUBT_SECONDS + 1
    with world.store.transaction() as unit:
        sweep(unit, world.now)
    assert world.case(taken).standing.state is S.IN_DOUBT
    assert report(world, taken, Outcome.SUCCEEDED).standing.state is S.SUCCEEDED


@pytest.mark.requirement("R57")
def test_while_an_execution_is_in_doubt_its_ref_takes_no_other(world, taken):
    waiting = world.judged({"docs/more.md": "# More\n\nThis service greets people here.\n"})
    step(world, taken, "lease.requested", 1, purpose="effect")
    world.now += DOUBT_SECONDS + 1
    with world.store.transaction() as unit:
        sweep(unit, world.now)
    world.approve("ben", waiting)
    assert world.issue(waiting).standing.state is S.CLEARED
    with world.store.transaction() as unit:
        (hold,) = standing_holds(unit, world.trust, unit.case(waiting.facts.proposal), Polls(), world.now)
    assert (hold.by, hold.name) == ("doubt", taken.facts.proposal)
    report(world, taken, Outcome.FAILED)
    assert world.issue(waiting).standing.state is S.WARRANTED


def watch(world):
    with world.store.transaction() as unit:
        return watch_tips(unit, world.repositories, world.now)


@pytest.mark.requirement("R15")
def test_a_ref_moved_by_another_hand_makes_cases_stale_and_is_said_once(world):
    case = world.judged(TYPO)
    assert watch(world) == ()
    tip = world.move_tip()
    assert "moved outside" in watch(world)[0]
    assert watch(world) == ()
    assert world.case(case).standing.state is S.STALE
    with world.store.transaction() as unit:
        assert unit.repository("shop").tip == tip
        assert unit.repository("shop").alarm
        assert [e.event for e in unit.events("repository:shop")].count("ref.moved_outside") == 1


def test_a_step_about_a_moved_ref_stops_what_is_in_flight(world):
    case = world.judged(TYPO)
    body = JournalEntry(
        sequence=1, previous=None, execution="world", step="ref.moved_outside", status=StepStatus.DONE,
        facts={"repository": "shop", "ref": "refs/heads/main", "expected": G, "seen": NEW},
    )  # fmt: skip
    with world.store.transaction() as unit:
        record_step(unit, world.deployment.by_process("executor", body, "jrn"), world.trust, world.now)
    assert world.case(case).standing.state is S.STALE


@pytest.mark.requirement("R15")
def test_a_merge_makes_every_other_open_case_stale_and_says_what_to_do(world):
    first, second, waiting = world.judged(TYPO), world.judged({"app.py": "import os\n"}), world.judged({"x.md": "x\n"})
    world.approve("ben", first)
    first = world.issue(first)
    with world.store.transaction() as unit:
        assert unit.take_warrant(first.standing.warrant, world.now)
    tip = world.move_tip()  # as the executor lands it
    fresh = world.judged({"y.md": "y\n"})
    report(world, first, Outcome.SUCCEEDED, after=tip)
    words = f"the target moved to {tip[:12]}; draft again: magistrate remediate {world.finding.id}"
    for case in (second, waiting):
        assert world.case(case).standing.state is S.STALE
        assert world.case(case).standing.why == words
        with pytest.raises(Refused) as caught:
            world.approve("ben", case)
        assert words in caught.value.message
    assert world.case(fresh).standing.state is S.IN_REVIEW
    assert world.case(first).standing.state is S.SUCCEEDED


@pytest.mark.requirement("R15")
def test_a_late_report_does_not_take_the_tip_back(world, taken):
    tip = world.move_tip()
    with world.store.transaction() as unit:
        unit.put_repository(replace(unit.repository("shop"), tip=tip))
    fresh = world.judged({"y.md": "y\n"})
    report(world, taken, Outcome.SUCCEEDED, ref_before=G)
    assert world.case(fresh).standing.state is S.IN_REVIEW
    with world.store.transaction() as unit:
        assert unit.repository("shop").tip == tip


class LostOnce:
    """The real assessor, whose first answer does not come."""

    def __init__(self, real):
        self.real, self.asked = real, 0

    def assess(self, *arguments):
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("MAG-E253", "the assessor ended with 1: No module named magistrate")
        return self.real.assess(*arguments)

    def together(self, *arguments):
        return self.real.together(*arguments)

    def decide(self, request):
        return self.real.decide(request)


@pytest.mark.requirement("R25")
def test_a_case_whose_assessor_failed_is_held_and_judged_again(world):
    world.bench = replace(world.bench, assessor=LostOnce(world.bench.assessor))
    case = world.judged(TYPO)
    assert case.standing.state is S.HELD
    assert "MAG-E253" in case.standing.why
    again = judge_case(world.bench, case.facts.proposal, world.now)
    assert again.standing.state is S.IN_REVIEW
    assert "MAG-E253" not in again.standing.why
    assert world.approve("ben", again).standing.state is S.CLEARED
