"""The worker of control: judges what is sealed, issues what is cleared, lets time have its say.

One thread, one step at a time; every step is a transaction of its own, so that a kill between
any two of them leaves log and state agreeing, and the next start goes on where it stood.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import MagistrateError
from magistrate.ports import Unit
from magistrate.usecases.assess_case import Bench, judge_case
from magistrate.usecases.settle import sweep, watch_tips
from magistrate.usecases.skew import hold_all_outdated
from magistrate.usecases.turns import another_asks
from magistrate.usecases.warrant import Office, clear, issue

_LOG: Final = logging.getLogger("magistrate.control")
BEAT_SECONDS: Final = 0.5
SLOW_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 30.0
BATCH: Final = 20


@dataclass(kw_only=True)
class Worker:
    """Runs `beat` until stopped; `wake` stirs it at once."""

    bench: Bench
    office: Office
    now: Callable[[], int]
    wake: threading.Event
    alarms: list[str]
    _stop: threading.Event = field(default_factory=threading.Event)
    _swept: float = 0.0
    _retried: float = 0.0
    _compared: bool = False

    def start(self) -> threading.Thread:
        """Start the thread."""
        thread = threading.Thread(target=self.run, name="control-worker", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let the current step end, then stop."""
        self._stop.set()
        self.wake.set()

    def run(self) -> None:
        """Beat until stopped."""
        while not self._stop.is_set():
            self.wake.clear()
            self.beat()
            self.wake.wait(BEAT_SECONDS)

    def beat(self) -> None:
        """One round; whatever fails is said and tried again later, never skipped over."""
        self._each(CaseState.SEALED, self._judge)
        if time.monotonic() - self._retried > RETRY_SECONDS:
            self._retried = time.monotonic()
            self._each(CaseState.HELD, self._judge)
        if not self.office.disarmed:
            self._each(CaseState.CLEARED, self._issue)
        if time.monotonic() - self._swept > SLOW_SECONDS:
            self._swept = time.monotonic()
            self._attempt("sweep", self._sweep)
            if not self._compared:
                self._attempt("compare versions", self._compare)
        self._attempt("seal", self._seal)

    def _each(self, state: CaseState, act: Callable[[str], None]) -> None:
        def waiting() -> None:
            with self.bench.store.transaction() as unit:
                found = [case.facts.proposal for case in unit.cases((state,), limit=BATCH)]
            for proposal in found:
                self._attempt(f"{state} {proposal[7:19]}", partial(act, proposal))

        self._attempt(f"look for {state}", waiting)

    def _judge(self, proposal: str) -> None:
        case = judge_case(self.bench, proposal, self.now())
        if case.standing.state is CaseState.IN_REVIEW:
            self._clear(case)

    def _clear(self, case: Case) -> None:
        """Ask nobody where people promoted what the change is proven to be."""
        with self.bench.store.transaction() as unit:
            clear(self.office, unit, case, self.now())

    def _issue(self, proposal: str) -> None:
        issue(self.office, proposal, self.now())

    def _compare(self) -> None:
        """After a start, once: what people are to approve was judged by the assessor that judges now."""
        with self.bench.store.transaction() as unit:
            self._compared = not unit.cases((CaseState.IN_REVIEW,), limit=1)
        if self._compared:
            return
        own = self.office.assessor()
        with self.bench.store.transaction() as unit:
            hold_all_outdated(unit, self.bench.trust.roster(), own, self.now())
        self._compared = True

    def _sweep(self) -> None:
        with self.bench.store.transaction() as unit:
            note_trust(unit, self.bench, self.now())
            now, roster, polls = self.now(), self.bench.trust.roster(), self.office.polls
            sweep(unit, now, lambda case: another_asks(unit, case, roster, polls, now))
            found = watch_tips(unit, self.office.repositories, self.now())
        for alarm in found:
            _LOG.error("ALARM %s", alarm)
            self.alarms.append(alarm)

    def _seal(self) -> None:
        with self.bench.store.transaction() as unit:
            empty = not unit.events_after(-1, 1)
        if not empty:
            self.bench.store.seal()

    def _attempt(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except MagistrateError as error:
            _LOG.warning("%s: %s", what, error.diagnostics())


def note_trust(unit: Unit, bench: Bench, now: int) -> None:
    """Record each roster and policy that comes into force, once."""
    for event, envelope, version in (
        (Event.ROSTER_CHANGED, bench.trust.chain()[-1], bench.trust.roster().body.version),
        (Event.POLICY_CHANGED, bench.trust.policy_envelope(), bench.trust.policy().body.version),
    ):
        name = envelope.payload_digest()
        if not unit.recorded(f"trust:{name}"):
            facts = {"digest": name, "version": str(version)}
            payloads = {"document": envelope.payload_bytes()}
            unit.append(event, "trust", facts, now=now, payloads=payloads, once=f"trust:{name}")
