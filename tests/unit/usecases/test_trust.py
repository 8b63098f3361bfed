"""How trust is earned from the record, what it clears, and how it is lost, with control's own parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.casework import DAY, CaseWorld
from world.deployment import by_all

from magistrate.domain.case import Case
from magistrate.domain.impact import ChangeClass
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.trust import Bars, TrackRecord, lacking
from magistrate.errors import MagistrateError, Refused
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.matter import bundle
from magistrate.usecases.review import reject
from magistrate.usecases.settle import record_report, record_step
from magistrate.usecases.show import missing
from magistrate.usecases.track_record import Place
from magistrate.usecases.trust import Earning, keep_promotion, promotions, record_of, take_back
from magistrate.usecases.warrant import clear
from magistrate.wire.envelope import Envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.proposal import Provenance
from magistrate.wire.rejection import Rejection
from magistrate.wire.report import Outcome, Report
from magistrate.wire.trust import Promotion
from magistrate.wire.withdrawal import Withdrawal

pytestmark = pytest.mark.slow
S = CaseState
FEW = Bars(assessed=2, live=2, agent_live=2, rollback_drills=2)
HEAD = "import os\n\n\ndef greet(name):\n"


def layout(number: int) -> dict[str, str]:
    """The same program with another number of blanks around one operator."""
    blank = " " * (number + 2)
    return {"app.py": f"{HEAD}    return 'hello '{blank}+ name\n"}


class TrustWorld(CaseWorld):
    """Control's parts where every process has a user of its own."""

    def __init__(self, folder: Path, **choices: Any) -> None:
        super().__init__(folder, **choices)
        self.office = replace(self.office, same_user_walls=False)
        self.number, self.provenance = 0, Provenance.OBSERVED

    @property
    def earning(self) -> Earning:
        return Earning(trust=self.trust, assessor=self.office.assessor(), bars=FEW)

    def place(self, kind: ChangeClass = ChangeClass.FORMATTING) -> Place:
        with self.store.transaction() as unit:
            manifest = unit.agent("fixer").manifest
        return Place(
            change_class=kind, repository="shop", environment="staging", agent="fixer", manifest=manifest,
            assessor=self.office.assessor(),
        )  # fmt: skip

    def record(self) -> tuple[TrackRecord, tuple[str, ...]]:
        place = self.place()
        with self.store.transaction() as unit:
            return record_of(unit, self.earning, place, self.now)

    def fresh(self) -> tuple[Case, dict[str, str]]:
        """One more change of the layout, judged."""
        self.number += 1
        files = layout(self.number)
        sealed = self.seal(self.proposal(files, provenance=self.provenance))
        return judge_case(self.bench, sealed.facts.proposal, self.now), files

    def step(self, case: Case, step: str, **facts: str) -> None:
        body = JournalEntry(
            sequence=1,
            previous=None,
            execution=case.standing.warrant or "",
            step=step,
            status=StepStatus.DONE,
            facts=facts,
        )
        with self.store.transaction() as unit:
            record_step(unit, self.deployment.by_process("executor", body, "jrn", now=self.now), self.trust, self.now)

    def executed(
        self, case: Case, files: dict[str, str], outcome: Outcome = Outcome.SUCCEEDED, *, vouched: str = "http"
    ) -> Case:
        """What the executor tells of a warranted case, whole."""
        with self.store.transaction() as unit:
            assert unit.take_warrant(case.standing.warrant or "", self.now)
        before = self.repositories.tip("shop", "refs/heads/main")
        for step in ("lease.requested", "lease.held", "effect.started"):
            self.step(case, step, purpose="effect", lease="lse")
        tip = self.push(files)
        self.step(case, "effect.done", commit=tip)
        self.step(case, "lease.released", purpose="effect", lease="lse")
        self.step(case, "verification.done", passed="yes", vouched_by=vouched)
        with self.store.transaction() as unit:
            body = Report(
                outcome=outcome, warrant=unit.documents("warrant", case.facts.proposal)[-1].payload_digest(),
                proposal=case.facts.proposal, why="as seen", steps=(), ref_before=before, ref_after=tip, leases_open=0,
                journal_head="sha256:" + "0" * 64,
            )  # fmt: skip
            record_report(unit, self.deployment.by_process("executor", body, "rep", now=self.now), self.trust, self.now)
        return self.case(case)

    def landed(self, **how: Any) -> Case:
        """One more change that ben approved, landed and verified."""
        case, files = self.fresh()
        self.approve("ben", case)
        return self.executed(self.issue(case), files, **how)

    def earn(self) -> None:
        """As much as FEW asks for, old enough by now, with drills that passed and count."""
        self.drill()
        for _ in range(2):
            self.landed()
        self.now += 15 * DAY
        self.drill()

    def promotion(self, *signers: str, **said: Any) -> Envelope:
        place = self.place()
        body = Promotion(
            **{"change_class": ChangeClass.FORMATTING, "repository": "shop", "environment": "staging", "agent": "fixer",
               "assessor": place.assessor, "policy": self.trust.policy().digest, "evidence": (place.manifest, self.trust.roster().digest), **said}
        )  # fmt: skip
        return by_all(
            self.deployment.people, list(signers or ("ben", "carla")), body, "prm", self.now, lifetime=30 * DAY
        )

    def keep(self, envelope: Envelope) -> str:
        with self.store.transaction() as unit:
            return keep_promotion(unit, envelope, self.earning, self.now)

    def cleared(self, case: Case) -> Case:
        """As the worker does once a case is judged."""
        with self.store.transaction() as unit:
            return clear(self.office, unit, unit.case(case.facts.proposal), self.now)

    def lost(self) -> list[str]:
        with self.store.transaction() as unit:
            return [one.lost for one in promotions(unit, self.trust, self.now)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TrustWorld]:
    made = TrustWorld(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def promoted(world: TrustWorld) -> TrustWorld:
    world.earn()
    world.keep(world.promotion())
    return world


@pytest.mark.requirement("R69")
def test_a_fresh_place_has_no_trust_and_cannot_be_given_any(world: TrustWorld) -> None:
    world.drill()
    case, _ = world.fresh()
    assert world.cleared(case).standing.state is S.IN_REVIEW
    with pytest.raises(Refused) as refused:
        world.keep(world.promotion())
    assert refused.value.code == "MAG-E471"
    assert world.lost() == []


@pytest.mark.requirement("R70")
@pytest.mark.requirement("R71")
@pytest.mark.requirement("R14")
def test_trust_counts_what_landed_was_verified_and_did_not_come_back(world: TrustWorld) -> None:
    world.drill()
    first = world.landed()
    with world.store.transaction() as unit:
        assert missing(unit, first) == ()
    young, why = world.record()
    assert (young.assessed, young.live) == (1, 0), "a change of today may still come back"
    world.landed(vouched="nobody")
    world.now += 15 * DAY
    old, why = world.record()
    assert (old.assessed, old.live, old.agent_live, old.misjudged, old.incomplete, old.ready) == (2, 1, 1, 0, 0, False)
    assert any("1 of 2 landed" in one for one in why), "what nobody verified counts for nothing"
    world.provenance = Provenance.CLAIMED
    world.landed()
    world.now += 15 * DAY
    claimed, _ = world.record()
    assert (claimed.live, claimed.agent_live) == (2, 1), "what an assistant says of itself is no evidence about it"
    rejected, _ = world.fresh()
    with world.store.transaction() as unit:
        body = Rejection(person="ben", proposal=rejected.facts.proposal, reason="not only layout")
        reject(unit, rejected, world.deployment.by_person("ben", body, "rej", now=world.now), world.trust, world.now)
    seen, why = world.record()
    assert seen.misjudged == 1
    assert any("1 judged wrongly" in one for one in why), (
        "one person who saw more than the proof outweighs all approvals"
    )


@pytest.mark.requirement("R69")
@pytest.mark.requirement("R60")
def test_a_promoted_change_is_cleared_and_warranted_without_anybody(promoted: TrustWorld) -> None:
    case, files = promoted.fresh()
    cleared = promoted.cleared(case)
    assert (cleared.standing.state, cleared.standing.why) == (
        S.CLEARED,
        "nobody was asked: proven low, and promoted here",
    )
    taken = promoted.issue(cleared)
    assert taken.standing.state is S.WARRANTED
    with promoted.store.transaction() as unit:
        found = bundle(promoted.store, promoted.trust, unit, taken, promoted.now)
    assert (found.approvals, len(found.promotions)) == ((), 1)
    done = promoted.executed(taken, files)
    with promoted.store.transaction() as unit:
        assert missing(unit, done) == ()
    assert done.standing.state is S.SUCCEEDED


@pytest.mark.requirement("R72")
def test_trust_is_for_that_class_alone(promoted: TrustWorld) -> None:
    for files in (
        {"app.py": f"{HEAD}    return 'hello, ' + name\n"},
        {"notes.md": "# Notes\n\nThis servise  greets people.\n\nMore.\n"},
    ):
        case = promoted.judged(files)
        assert promoted.cleared(case).standing.state is S.IN_REVIEW, files


@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    ("signers", "said", "words"),
    [
        (("ben",), {}, "2 persons"),
        (("anna", "ben"), {}, "do not own the agent"),
        ((), {"assessor": "sha256:" + "1" * 64}, "promoted for the assessor"),
        ((), {"policy": "sha256:" + "1" * 64}, "promoted for the policy"),
        ((), {"environment": "nowhere"}, "policy knows no"),
        ((), {"evidence": ()}, "roster has changed"),
        ((), {"evidence": "the roster alone"}, "another version by now"),
        ((), {"agent": "nobody"}, "no agent"),
    ],
)  # fmt: skip
def test_what_control_does_not_take_for_a_promotion(
    tmp_path: Path, signers: tuple[str, ...], said: dict[str, Any], words: str
) -> None:
    made = TrustWorld(tmp_path)
    if said.get("evidence"):
        said = {"evidence": (made.trust.roster().digest,)}
    with pytest.raises(MagistrateError, match=words):
        made.keep(made.promotion(*signers, **said))
    made.store.close()


@pytest.mark.requirement("R73")
def test_a_demotion_sends_what_was_cleared_back_to_people_at_once(promoted: TrustWorld) -> None:
    case, _ = promoted.fresh()
    cleared = promoted.cleared(case)
    with promoted.store.transaction() as unit:
        name = next(promotions(unit, promoted.trust, promoted.now)).envelope.payload_digest()
        body = Withdrawal(person="dora", proposal=name, approval=name, reason="strange patches", epoch=promoted.now)
        word = promoted.deployment.by_person("dora", body, "wdr", now=promoted.now)
        assert take_back(unit, word, promoted.trust.roster(), promoted.now) == name
        assert take_back(unit, word, promoted.trust.roster(), promoted.now) == name
    held = promoted.issue(cleared)
    assert (held.standing.state, held.standing.why) == (S.HELD, "demoted by dora: strange patches")
    again = promoted.again(held)
    assert promoted.cleared(again).standing.state is S.IN_REVIEW
    promoted.approve("ben", again)
    assert promoted.issue(again).standing.state is S.WARRANTED


@pytest.mark.requirement("R73")
@pytest.mark.parametrize("outcome", [Outcome.ROLLED_BACK, Outcome.HALTED, Outcome.UNKNOWN, Outcome.FAILED])
def test_one_setback_ends_it_until_it_is_earned_again(promoted: TrustWorld, outcome: Outcome) -> None:
    case, files = promoted.fresh()
    promoted.executed(promoted.issue(promoted.cleared(case)), files, outcome)
    assert promoted.lost()[0].startswith(f"{case.facts.proposal[7:19]} ended ")
    other, _ = promoted.fresh()
    assert promoted.cleared(other).standing.state is S.IN_REVIEW
    if outcome is not Outcome.FAILED:  # nothing was changed then: two persons may sign again
        with pytest.raises(Refused) as refused:
            promoted.keep(promoted.promotion())
        assert refused.value.code == "MAG-E471"


@pytest.mark.requirement("R73")
@pytest.mark.requirement("R45")
def test_a_demotion_takes_back_nobodys_approval(promoted: TrustWorld) -> None:
    case, _ = promoted.fresh()
    promoted.approve("ben", case)
    with promoted.store.transaction() as unit:
        (approval,) = (one.payload_digest() for one in unit.documents("approval", case.facts.proposal))
    body = Withdrawal(person="dora", proposal=approval, approval=approval, reason="not mine", epoch=promoted.now)
    word = promoted.deployment.by_person("dora", body, "wdr", now=promoted.now)
    with promoted.store.transaction() as unit, pytest.raises(Refused, match="names no promotion"):
        take_back(unit, word, promoted.trust.roster(), promoted.now)
    assert promoted.issue(promoted.case(case)).standing.state is S.WARRANTED


@pytest.mark.requirement("R73")
def test_a_revert_that_lands_ends_it(promoted: TrustWorld) -> None:
    case, files = promoted.fresh()
    done = promoted.executed(promoted.issue(promoted.cleared(case)), files)
    assert promoted.lost() == [""]
    with promoted.store.transaction() as unit:
        unit.project(done.facts.proposal, replace(done.standing, classes=("revert",)))
    assert promoted.lost()[0].startswith(f"{case.facts.proposal[7:19]} ended SUCCEEDED")
    assert promoted.record()[0].setbacks == 1


@pytest.mark.requirement("R73")
@pytest.mark.requirement("R68")
def test_drills_that_are_over_or_fail_end_it_while_they_do(promoted: TrustWorld) -> None:
    promoted.now += 8 * DAY
    case, _ = promoted.fresh()
    assert promoted.cleared(case).standing.state is S.IN_REVIEW
    promoted.drill()
    assert promoted.cleared(case).standing.state is S.CLEARED
    promoted.now += DAY
    promoted.drill(failing="revocation")
    assert promoted.issue(promoted.case(case)).standing.state is S.HELD


@pytest.mark.requirement("R31")
@pytest.mark.requirement("R32")
def test_low_alone_and_not_low_with_the_others_is_for_people(promoted: TrustWorld) -> None:
    other = promoted.judged({"notes.md": "# Notes\n\nThis servise greets people.\n\nIt answers at once.\n"})
    assert other.standing.state is S.IN_REVIEW
    case, _ = promoted.fresh()
    left = promoted.cleared(case)
    assert left.standing.state is S.IN_REVIEW
    reasons = [one.why for one in promoted.decision(case).reasons if one.rule == "chain/not-proven-low"]
    assert len(reasons) == 1
    assert "with others by the same hands" in reasons[0]


RECORD = TrackRecord(
    assessed=300, live=30, agent_live=30, misjudged=0, incomplete=0, unconfirmed=0, setbacks=0, ready=True,
    drills=(("log_tamper", 5, 0), ("entitlement", 5, 0), ("revocation", 5, 0), ("rollback", 5, 0)),
)  # fmt: skip


@pytest.mark.requirement("R70")
@given(
    field=st.sampled_from(["assessed", "live", "agent_live"]), short=st.integers(1, 30),
    bad=st.sampled_from(["misjudged", "incomplete", "unconfirmed", "setbacks"]), count=st.integers(1, 5),
)  # fmt: skip
def test_each_bar_by_itself_keeps_trust_away(field: str, short: int, bad: str, count: int) -> None:
    assert list(lacking(RECORD, Bars())) == []
    changes: list[dict[str, Any]] = [{field: getattr(RECORD, field) - short}, {bad: count}]
    for change in changes:
        assert list(lacking(replace(RECORD, **change), Bars()))
    assert list(lacking(replace(RECORD, ready=False), Bars()))


@pytest.mark.requirement("R70")
@pytest.mark.parametrize("kind", ["log_tamper", "entitlement", "revocation", "rollback"])
def test_one_failed_drill_in_the_window_keeps_trust_away(kind: str) -> None:
    drills = tuple((name, held, 1 if name == kind else failed) for name, held, failed in RECORD.drills)
    assert list(lacking(replace(RECORD, drills=drills), Bars()))
    few = tuple((name, 4 if name == "rollback" else held, failed) for name, held, failed in RECORD.drills)
    assert list(lacking(replace(RECORD, drills=few), Bars()))
