"""Live verification: the policy's probes against the running target, after the effect.

Rule kept (R57): success is what an independent look saw, not what was attempted. A probe that
never answers as the policy wants within its time is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from magistrate.domain.events import Event
from magistrate.executor.casebook import Casebook
from magistrate.executor.checks import NOBODY, vouching
from magistrate.executor.ports import Clock, LiveProbe, Seen
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import Work
from magistrate.wire.journal_entry import StepStatus
from magistrate.wire.policy_bundle import HttpProbe

FAILED: Final = "live verification failed"
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
SOAK_PAUSE_SECONDS: Final = 1.0


class Verifier:
    """Polls each probe until it holds or its time is over."""

    def __init__(self, *, book: Casebook, live: LiveProbe, clock: Clock) -> None:
        self._book = book
        self._live = live
        self._clock = clock

    def recorded(self, execution: str) -> bool | None:
        """What an earlier verification of the same execution found; None when there was none."""
        for entry in self._book.journal.entries(execution):
            if entry.body.step == Event.VERIFICATION_DONE:
                return entry.body.facts["passed"] == "yes"
        return None

    def vouched_by(self, execution: str) -> str:
        """Who vouches for a change whose verification passed, in words."""
        done = [e.body for e in self._book.journal.entries(execution) if e.body.step == Event.VERIFICATION_DONE]
        return done[-1].facts.get("vouched_by", NOBODY) if done else NOBODY

    def failure(self, execution: str) -> str:
        """What failed, in words."""
        done = [e.body for e in self._book.journal.entries(execution) if e.body.step == Event.VERIFICATION_DONE]
        return done[-1].facts.get("why", FAILED) if done else FAILED

    def failed(self, work: Work, why: str) -> None:
        """Write down that there is nothing to look at: what was to be put there is not there."""
        facts = {"passed": "no", "commit": work.row.commit, "probes": "0", "why": why[:2000], "vouched_by": NOBODY}
        self._book.step(work.name, Event.VERIFICATION_DONE, StepStatus.DONE, facts)

    def observe(self, work: Work, checks: tuple[str, ...], state: Callable[[], Seen | None]) -> bool:
        """Look at the live target and write down what was seen; True when every probe held, and last the state of its system.

        `checks` are those that vouch for the change, as far as it cannot influence them; `state` gives None without a system.
        """
        self._book.step(work.name, JournalStep.VERIFICATION_STARTED, StepStatus.INTENT, {})
        seen = [(probe, self._wait_for(probe, work.row.commit)) for probe in work.verification]
        looks = 0
        if work.soak_seconds and all(look.held for _, look in seen):
            seen, looks = self._soak(work)
        system = state()
        passed = all(look.held for _, look in seen) and (system is None or system.held)
        facts = {f"probe.{n}": f"{probe.url}: {look.seen}"[:500] for n, (probe, look) in enumerate(seen)}
        facts |= {"passed": "yes" if passed else "no", "commit": work.row.commit, "probes": str(len(seen))}
        if work.soak_seconds:
            facts |= {"soak_seconds": str(work.soak_seconds), "soak_looks": str(looks)}
        facts |= {} if system is None else {"state": system.seen[:2000]}
        facts["vouched_by"] = vouching(facts, checks) if passed else NOBODY
        self._book.step(work.name, Event.VERIFICATION_DONE, StepStatus.DONE, facts)
        return passed

    def _soak(self, work: Work) -> tuple[list[tuple[HttpProbe, Seen]], int]:
        """Look again and again for the soak time; the last looks, and how many rounds there were. It ends with the first that fails."""
        deadline, rounds = self._clock.monotonic() + work.soak_seconds, 0
        while True:
            self._clock.sleep(min(SOAK_PAUSE_SECONDS, work.soak_seconds))
            seen = [(probe, self._live.look(probe, work.row.commit)) for probe in work.verification]
            rounds += 1
            if not all(look.held for _, look in seen) or self._clock.monotonic() >= deadline:
                return seen, rounds

    def _wait_for(self, probe: HttpProbe, commit: str) -> Seen:
        deadline = self._clock.monotonic() + probe.within_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            look = self._live.look(probe, commit)
            if look.held or self._clock.monotonic() >= deadline:
                return look
            self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
