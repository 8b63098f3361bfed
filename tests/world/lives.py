"""What the machine of `test_life_of_a_case.py` knows of its cases, and how its words are made.

`Known` is the truth: what people really said and an executor really did, whatever control has written.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world.admissible import without
from world.lifecycle_world import LifeWorld

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import ChangeClass
from magistrate.domain.lifecycle import TRANSITIONS, CaseState
from magistrate.errors import MagistrateError
from magistrate.usecases.close import close_halted
from magistrate.usecases.settle import record_report, record_step
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.closure import Closure
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.proposal import Proposal
from magistrate.wire.report import Outcome, Report
from magistrate.wire.warrant import Warrant

S = CaseState
NEEDED = {ChangeClass.LINT: 1, ChangeClass.CODE: 1, ChangeClass.CI_CD: 2}
"""How many people an effect of this class rests on at least."""


@functools.cache
def life_world() -> LifeWorld:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="magistrate-lives-", dir=memory))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return LifeWorld(folder)


@dataclass
class Known:
    """What really happened to one case, as people and executor know it, whatever control has written."""

    kind: ChangeClass
    request: Any
    words: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Approvals that really were given, by person: (their digest, the decision that they name)."""
    taken_back: set[str] = field(default_factory=set)
    bundles: list[CaseBundle] = field(default_factory=list)
    effects: int = 0
    state: CaseState = S.SEALED

    def agreed(self, decision: str) -> int:
        """How many reviewing people other than the owner stand by this decision."""
        return sum(
            any(named == decision and given not in self.taken_back for given, named in words)
            for person, words in self.words.items()
            if person in {"ben", "carla"}
        )


seen: Counter[str] = Counter()
"""How often a state was reached, or somebody believed a bundle, in all lives: what never happens proves nothing."""


class Parts:
    """The world of one life and everything that is done in it by more than one rule."""

    def born(self) -> None:
        """A new life."""
        self.world = life_world()
        self.world.begin()
        self.known: dict[str, Known] = {}
        self.withdrawals: list[Any] = []

    def _tried(self, act: Any) -> Any:
        try:
            return act()
        except MagistrateError:
            return None

    def _leaves(self) -> list[bytes]:
        return [row[0] for row in self.world.rows("select leaf from log_entry order by seq")]

    def _warrant(self, bundle: CaseBundle) -> str:
        assert bundle.warrant is not None
        return open_envelope(bundle.warrant, Warrant, deployment="testing").id

    def _honest(self, name: str) -> CaseBundle | None:
        found = self._tried(lambda: self.world.bundle_of(self.world.case_of(name)))
        if found is None or found.decision is None:
            return None
        with self.world.store.transaction() as unit:
            return without(found, approvals=unit.documents("approval", name))

    def _warranted(self, found: CaseBundle) -> CaseBundle:
        """A warrant by control's key over whatever is there."""
        if found.decision is None or found.assessment is None:
            return found
        decision = open_envelope(found.decision, Decision, deployment="testing").body
        effect = open_envelope(found.proposal, Proposal, deployment="testing").body.effect
        body = Warrant(
            executor=self.world.deployment.executor_keyid, proposal=found.proposal.payload_digest(),
            decision=found.decision.payload_digest(), assessment_verdict=decision.assessment_verdict,
            policy=decision.policy, roster=decision.roster,
            approvals=tuple(one.payload_digest() for one in found.approvals), action=decision.action,
            environment=decision.environment, effect=effect,
        )  # fmt: skip
        warrant = self.world.deployment.by_process("control", body, "wrt", lifetime=300, now=self.world.now)
        return self.world.recorded(without(found, warrant=warrant))

    def _admitted(self, bundle: CaseBundle) -> bool:
        return self._tried(lambda: self.world.admitted(bundle, tuple(self.withdrawals))) is not None

    def _effect(self, name: str, bundle: CaseBundle, *, judged: bool = True) -> None:
        """Somebody believed this bundle: then everything under it must really have been given, and stand."""
        known = self.known[name]
        assert bundle.proposal.payload_digest() == name
        for part in ("assessment", "decision", "warrant"):
            assert getattr(bundle, part) is not None, part
        assert bundle.decision is not None
        people = known.agreed(bundle.decision.payload_digest())
        assert people >= NEEDED[known.kind], (known.kind, people, known.words, known.taken_back)
        seen["effect" if judged else "stitched effect"] += 1
        if judged:
            assert self.world.case_of(name).standing.state is S.WARRANTED
            known.effects += 1

    def _step(
        self, name: str, bundle: CaseBundle, event: Event, facts: dict[str, str], signer: str = "executor"
    ) -> Any:
        body = JournalEntry(
            sequence=1, previous=None, execution=self._warrant(bundle), step=event.value, status=StepStatus.DONE, facts=facts
        )  # fmt: skip
        entry = self.world.deployment.by_process(signer, body, "jrn", now=self.world.now)

        def tell() -> bool:
            with self.world.store.transaction() as unit:
                record_step(unit, entry, self.world.trust, self.world.now)
            return True

        return self._tried(tell)

    def _report(self, name: str, outcome: Outcome, signer: str) -> Any:
        bundles = self.known[name].bundles
        warrant = bundles[-1].warrant.payload_digest() if bundles and bundles[-1].warrant else digest(b"none")
        body = Report(
            outcome=outcome, warrant=warrant, proposal=name, why="as seen", steps=(), ref_before="", ref_after="",
            leases_open=0, journal_head=digest(b"j"),
        )  # fmt: skip
        envelope = self.world.deployment.by_process(signer, body, "rep", now=self.world.now)

        def tell() -> Case:
            with self.world.store.transaction() as unit:
                return record_report(unit, envelope, self.world.trust, self.world.now)

        return self._tried(tell)

    def _closed(self, name: str) -> None:
        case = self.world.case_of(name)
        tip = self.world.repositories.tip("shop", case.facts.ref)
        for person in ("ben", "carla", "anna"):
            word = Closure(
                person=person, proposal=name, repository="shop", ref=case.facts.ref, tip=tip, reason="looked",
                self_reviewed=False,
            )  # fmt: skip
            envelope = self.world.deployment.by_person(person, word, "clo", now=self.world.now)

            def sign(envelope: Any = envelope) -> Case:
                with self.world.store.transaction() as unit:
                    return close_halted(
                        unit, unit.case(name), envelope, trust=self.world.trust, repositories=self.world.repositories,
                        drop=lambda _: None, now=self.world.now,
                    )  # fmt: skip

            self._tried(sign)

    def _told_as_one_way(self, name: str) -> None:
        """The states of the record, read from the log alone, are one way through the table to where the case stands."""
        with self.world.store.transaction() as unit:
            ways = [row.facts["states"].split() for row in unit.events(name) if "states" in row.facts]
        at = ways[0][0]
        assert at == S.SEALED
        seen.update({state for way in ways for state in way})
        for way in ways[1:]:
            assert way[0] == at
            for one, following in itertools.pairwise(way):
                assert CaseState(following) in TRANSITIONS[CaseState(one)]
            at = way[-1]
        assert at == self.world.case_of(name).standing.state


@functools.cache
def reachable(state: CaseState) -> frozenset[CaseState]:
    found: set[CaseState] = set()
    todo = [state]
    while todo:
        for following in TRANSITIONS[todo.pop()] - found:
            found.add(following)
            todo.append(following)
    return frozenset(found)
