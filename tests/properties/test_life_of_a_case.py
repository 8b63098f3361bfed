"""A machine that lives through many lives of cases: documents in any order, doubled, forged, late, or mixed (R37).

Real use cases, log, witness and admission. Never is there an effect, or a case in execution, without every earlier
document, of the right people, standing at that moment; nothing that was written changes; and everything can end.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from world.admissible import without
from world.lives import Known, Parts, reachable, seen

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import ChangeClass
from magistrate.domain.lifecycle import TERMINAL, CaseState
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.freezes import lift_freeze, set_freeze
from magistrate.usecases.review import approve, reject, withdraw
from magistrate.usecases.settle import sweep, watch_tips
from magistrate.wire.approval import Approval
from magistrate.wire.canonical import digest
from magistrate.wire.document import open_envelope
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.rejection import Rejection
from magistrate.wire.report import Outcome
from magistrate.wire.withdrawal import Withdrawal

S = CaseState
DONE = {S.EXECUTING, S.VERIFYING, S.SUCCEEDED, S.ROLLING_BACK, S.ROLLED_BACK, S.HALTED, S.CLOSED}
"""States that say that an executor has begun."""
PEOPLE = st.sampled_from(["anna", "ben", "carla", "dora"])
KINDS = st.sampled_from([ChangeClass.LINT, ChangeClass.LINT, ChangeClass.CODE, ChangeClass.CI_CD])


class Life(Parts, RuleBasedStateMachine):
    """Everybody does anything to any case at any time."""

    cases: Bundle[str] = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.born()
        self.freezes: list[tuple[Any, bool]] = []
        self.leaves: list[bytes] = []
        self.kept: dict[str, bytes] = {}

    # -- people, front and control, as they should and as they should not -----

    @initialize(target=cases, drilled=st.booleans(), kind=KINDS)
    def begun(self, drilled: bool, kind: ChangeClass) -> Any:
        if drilled:
            self.world.drill()
        return self.seal(kind)

    @rule(target=cases, kind=KINDS)
    def seal(self, kind: ChangeClass) -> Any:
        if len(self.known) >= 4:
            return multiple()
        request = self.world.request()
        case = self._tried(lambda: self.world.seal(request))
        if case is None:
            assert self.world.tips.moved, "nothing else stands in the way of an honest draft"
            return multiple()
        name = case.facts.proposal
        self.known[name] = Known(kind=kind, request=request)
        self.world.judge.kinds[name] = kind
        return name

    @rule(name=cases)
    def seal_again(self, name: str) -> None:
        before = len(self._leaves())
        self._tried(lambda: self.world.seal(self.known[name].request))
        assert len(self._leaves()) == before, "the same proposal twice is the same case"

    @rule(how=st.sampled_from(["control", "ref", "environment", "rollback_plan_digest"]))
    def seal_forged(self, how: str) -> None:
        changed = {"ref": "refs/heads/x", "environment": "playground", "rollback_plan_digest": digest(b"x")}
        request = (
            self.world.request(signer="control") if how == "control" else self.world.request(**{how: changed[how]})
        )
        assert self._tried(lambda: self.world.seal(request)) is None

    @rule(name=cases)
    def judge(self, name: str) -> None:
        self._tried(lambda: judge_case(self.world.bench, name, self.world.now))

    @rule(
        name=cases, person=PEOPLE, late=st.booleans(), fault=st.sampled_from(["", "", "", "decision", "ref", "forged"])
    )
    def approve(self, name: str, person: str, late: bool, fault: str) -> None:
        changes = {"decision": {"decision": digest(b"x")}, "ref": {"ref": "refs/heads/x"}}.get(fault, {})
        signer = "dora" if fault == "forged" else ""
        made = self._tried(
            lambda: self.world.approval(person, self.world.case_of(name), signer=signer, lifetime=60 if late else 86_400, **changes)
        )  # fmt: skip
        if made is None:
            return
        if late:
            self.world.now += 61
        elif not fault:  # it is given, whether control counts it or not
            decision = open_envelope(made, Approval, deployment="testing").body.decision
            self.known[name].words.setdefault(person, []).append((made.payload_digest(), decision))

        def count() -> Case:
            with self.world.store.transaction() as unit:
                return approve(unit, unit.case(name), made, self.world.trust, self.world.now)

        counted = self._tried(count)
        assert counted is None or not (fault or late or person in {"anna", "dora"}), (person, fault, late)

    @rule(name=cases, person=PEOPLE)
    def reject(self, name: str, person: str) -> None:
        no = self.world.deployment.by_person(person, Rejection(person=person, proposal=name, reason="no"), "rej", now=self.world.now)  # fmt: skip

        def say() -> Case:
            with self.world.store.transaction() as unit:
                return reject(unit, unit.case(name), no, self.world.trust, self.world.now)

        self._tried(say)

    @rule(name=cases, person=PEOPLE, another=st.sampled_from(["", "", "dora", "carla"]))
    def withdraw(self, name: str, person: str, another: str) -> None:
        given = self.known[name].words.get(person, [])
        if not given:
            return
        signer = another or person
        approval = given[-1][0]
        word = self.world.deployment.by_person(
            signer, Withdrawal(person=signer, proposal=name, approval=approval, reason="no more", epoch=1), "wdr",
            now=self.world.now,
        )  # fmt: skip

        def say() -> Case:
            with self.world.store.transaction() as unit:
                return withdraw(unit, unit.case(name), word, self.world.trust, self.world.now)

        self._tried(say)
        self.withdrawals.append(word)  # people drop it beside the executor too, whoever they are
        if signer == person:
            self.known[name].taken_back.add(approval)

    @rule(name=cases, issued=st.booleans())
    def second_thoughts(self, name: str, issued: bool) -> None:
        """Ben agrees and takes it back, before or behind the warrant."""
        self.judge(name)
        self.approve(name, "ben", late=False, fault="")
        if issued:
            self.issue(name)
        self.withdraw(name, "ben", "")

    @rule(person=PEOPLE)
    def freeze(self, person: str) -> None:
        scope = Scope(repository="shop", environment=None, agent=None, change_class=None)
        body = Freeze(person=person, scope=scope, reason="stop", epoch=1)
        envelope = self.world.deployment.by_person(person, body, "frz", now=self.world.now)

        def say() -> str:
            with self.world.store.transaction() as unit:
                return set_freeze(unit, envelope, self.world.trust, self.world.now)

        if self._tried(say) is not None:
            assert person in {"anna", "carla"}
            self.freezes.append((envelope, False))

    @rule(two=st.booleans())
    def thaw(self, two: bool) -> None:
        from world.deployment import by_all

        if not self.freezes:
            return
        envelope, _ = self.freezes[-1]
        people = ["anna", "ben"] if two else ["anna"]
        thaw = by_all(
            self.world.deployment.people, people, Thaw(freeze=envelope.payload_digest(), reason="over", epoch=2), "thw",
            self.world.now,
        )  # fmt: skip

        def say() -> str:
            with self.world.store.transaction() as unit:
                return lift_freeze(unit, thaw, self.world.trust, self.world.now)

        lifted = self._tried(say) is not None
        assert lifted is two
        if lifted:
            self.freezes[-1] = (envelope, True)

    @rule(name=cases)
    def issue(self, name: str) -> None:
        before = self.world.case_of(name).standing.state
        self._tried(lambda: self.world.issue(self.world.case_of(name)))
        after = self.world.case_of(name).standing.state
        if before is not after and after is S.WARRANTED:
            assert all(lifted for _, lifted in self.freezes)
            self.known[name].bundles.append(self.world.bundle_of(self.world.case_of(name)))

    @rule(name=cases, end=st.sampled_from(list(Outcome)))
    def in_a_hurry(self, name: str, end: Outcome) -> None:
        self.onward(name, 6, end)

    @rule(name=cases, again=st.integers(1, 4), end=st.sampled_from(list(Outcome)))
    def onward(self, name: str, again: int, end: Outcome) -> None:
        """What an honest town would do next with a case, some steps of it."""
        for _ in range(again):
            known, state = self.known[name], self.world.case_of(name).standing.state
            if state in {S.SEALED, S.HELD}:
                self.judge(name)
            elif state is S.IN_REVIEW:
                for person in ("ben", "carla"):
                    self.approve(name, person, late=False, fault="")
            elif state is S.CLEARED:
                self.issue(name)
            elif state is S.WARRANTED:
                self.execute(name)
            elif state is S.EXECUTING and known.effects:
                self._step(name, known.bundles[-1], Event.EFFECT_DONE, {"purpose": "effect"})
            elif state in {S.VERIFYING, S.IN_DOUBT} and known.effects:
                self._report(name, end, "executor")

    # -- time and the world -----------------------------------------------------

    @rule(seconds=st.sampled_from([1, 30, 200, 400, 1000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.world.now += seconds
        with self.world.store.transaction() as unit:
            sweep(unit, self.world.now)

    @rule(often=st.integers(0, 3))
    def moved_by_another_hand(self, often: int) -> None:
        """And back again, so that there is a next draft."""
        for elsewhere in ("f" * 40, "") if not often else ():
            self.world.tips.moved = elsewhere
            with self.world.store.transaction() as unit:
                watch_tips(unit, self.world.repositories, self.world.now)

    # -- executor, honest, and whoever stole control -----------------------------

    @rule(name=cases)
    def execute(self, name: str) -> None:
        """The executor takes a bundle that control once handed over, however long ago."""
        for bundle in self.known[name].bundles[-1:]:
            with self.world.store.transaction() as unit:
                taken = unit.take_warrant(self._warrant(bundle), self.world.now)
            if taken and self._admitted(bundle):
                self._effect(name, bundle)
                self._step(name, bundle, Event.LEASE_REQUESTED, {"purpose": "effect"})

    @rule(name=cases, other=cases, drop=st.sampled_from(["", "", "approvals", "decision", "assessment", "warrant"]))
    def stitched(self, name: str, other: str, drop: str) -> None:
        """A captured control lays together what it has of two cases under a warrant of its own, at any time."""
        mine, theirs = self._honest(name), self._honest(other)
        if mine is None or theirs is None:
            return
        made = (
            without(mine, approvals=tuple(dict.fromkeys((*mine.approvals, *theirs.approvals))))
            if name != other
            else mine
        )
        if drop:
            made = without(made, **{drop: () if drop == "approvals" else None})
        made = self._warranted(made)
        if self._admitted(made):
            self._effect(name, made, judged=False)

    @rule(name=cases, event=st.sampled_from([Event.LEASE_REQUESTED, Event.EFFECT_DONE]), signer=st.sampled_from(["control", "front", "gate"]))  # fmt: skip
    def step_forged(self, name: str, event: Event, signer: str) -> None:
        for bundle in self.known[name].bundles[-1:]:
            assert self._step(name, bundle, event, {"purpose": "effect"}, signer) is None

    @rule(name=cases, inverse=st.booleans(), event=st.sampled_from([Event.LEASE_REQUESTED, Event.EFFECT_DONE]))
    def step(self, name: str, inverse: bool, event: Event) -> None:
        """What the executor says of what it began, in any order, again and late."""
        if self.known[name].effects:
            self._step(name, self.known[name].bundles[-1], event, {"purpose": "rollback" if inverse else "effect"})

    @rule(
        name=cases, outcome=st.sampled_from(list(Outcome)), signer=st.sampled_from(["executor", "executor", "control"])
    )
    def report(self, name: str, outcome: Outcome, signer: str) -> None:
        known = self.known[name]
        began = known.effects > 0
        if (
            signer == "executor"
            and not began
            and known.bundles
            and outcome not in {Outcome.REFUSED, Outcome.VERSION_SKEW}
        ):
            return  # an executor that did nothing says nothing else
        told = self._report(name, outcome, signer)
        assert told is None or (signer == "executor" and known.bundles), "no warrant, no report"

    # -- what always holds --------------------------------------------------------

    @invariant()
    def no_state_is_reached_but_by_the_table(self) -> None:
        for name, known in self.known.items():
            now = self.world.case_of(name).standing.state
            assert now is known.state or now in reachable(known.state), (known.state, now)
            known.state = now

    @invariant()
    def nothing_in_execution_lacks_a_document(self) -> None:
        with self.world.store.transaction() as unit:
            for name, known in self.known.items():
                if known.state in {S.WARRANTED, *DONE}:
                    for kind in ("proposal", "assessment", "decision", "approval", "warrant"):
                        assert unit.documents(kind, name), (known.state, kind)
                if known.state in DONE:
                    assert known.effects, f"{known.state} and no executor believed anything"
                assert known.effects <= 1

    @invariant()
    def nothing_that_was_written_changes(self) -> None:
        leaves = self._leaves()
        assert leaves[: len(self.leaves)] == self.leaves
        self.leaves = leaves
        rows = dict(self.world.rows("select digest, envelope from document"))
        assert {name: rows.get(name) for name in self.kept} == self.kept
        self.kept = rows

    def teardown(self) -> None:
        """Whatever was done, every case can come to an end, and its record is one way through the table."""
        for name in self.known:
            for _ in range(4):
                self.world.now += 8 * 86_400
                with self.world.store.transaction() as unit:
                    sweep(unit, self.world.now)
                state = self.world.case_of(name).standing.state
                if state is S.IN_DOUBT:
                    assert self._report(name, Outcome.FAILED, "executor") is not None
                if state is S.HALTED:
                    self._closed(name)
            assert self.world.case_of(name).standing.state in TERMINAL, self.world.case_of(name).standing
            self._told_as_one_way(name)


@pytest.mark.slow
@pytest.mark.requirement("R37", "R44", "R55")
def test_no_effect_without_every_earlier_document() -> None:
    lived(24, 25, {"effect", S.WARRANTED, S.EXECUTING, S.EXPIRED})


@pytest.mark.slow
@pytest.mark.requirement("R37", "R44", "R55")
def test_no_effect_without_every_earlier_document_at_length() -> None:
    ends = {S.SUCCEEDED, S.FAILED, S.ROLLED_BACK, S.HALTED, S.IN_DOUBT, S.APPROVED_NOT_EXECUTED}
    lived(90, 50, {"effect", "stitched effect", S.WITHDRAWN, S.REJECTED, S.EXPIRED, S.STALE, *ends})


def lived(lives: int, steps: int, reached: set[str]) -> None:
    """So many lives, and as many again up to four times until all of this happened at least once: chance is drawn anew."""
    seen.clear()
    bounds = settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    for chance in range(5):
        run_state_machine_as_test(seed(chance)(Life), settings=bounds)
        if all(seen[what] for what in reached):
            return
    assert not [what for what in reached if not seen[what]], seen
