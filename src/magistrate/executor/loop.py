"""The executor's loop: dead credentials first, unfinished work second, new work last.

Rule kept: while any lease is not confirmed dead, nothing new is taken. An error in one thing
never stops the others; nothing is swallowed, everything becomes an alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from magistrate.errors import MagistrateError, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.drills import Drills
from magistrate.executor.foreign import ForeignLeases
from magistrate.executor.halts import Halts
from magistrate.executor.hands import Hands
from magistrate.executor.outbox import Outbox
from magistrate.executor.ports import Alarm, Clock, ControlInbox
from magistrate.executor.saga import Saga
from magistrate.executor.watch import Watch

RECONCILE_SECONDS: Final = 30.0


class Loop:
    """Everything that one executor does, again and again."""

    def __init__(  # noqa: PLR0913  each is one of its duties
        self, *, book: Casebook, hands: Hands, saga: Saga, halts: Halts, foreign: ForeignLeases, drills: Drills, watch: Watch, outbox: Outbox,
        inbox: ControlInbox, clock: Clock, alarm: Alarm,
    ) -> None:  # fmt: skip
        self._book = book
        self._hands = hands
        self._saga = saga
        self._halts = halts
        self._foreign = foreign
        self._drills = drills
        self._watch = watch
        self._outbox = outbox
        self._inbox = inbox
        self._clock = clock
        self._alarm = alarm
        self._reconcile_at = clock.monotonic()

    def tick(self) -> None:
        """One round. Safe to repeat at any time, and after any crash.

        Raises:
            Unavailable, Refused: the journal was lost and is not to be had again, or not the same: then there is no round.
        """
        self._book.journal.resume()
        self.recover()
        if self._hands.open_leases():
            return
        self._outbox.flush()
        self._halts.tell()
        self._foreign.tell()
        self._guarded(self._take_new)
        if not self._hands.open_leases():
            self._guarded(self._run_drills)
            self._guarded(self._watch.look_when_due)
            self._guarded(self._reconcile_when_due)
        self._outbox.flush()

    def recover(self) -> None:
        """Revoke what is open, then settle what has no end by the state of its ref."""
        for lease in self._hands.open_leases():
            self._guarded(lambda lease=lease: self._hands.release(lease, None))  # type: ignore[misc]
        if self._hands.open_leases():
            return
        for row in self._book.open_executions():
            self._guarded(lambda row=row: self._saga.settle(row))  # type: ignore[misc]

    def _take_new(self) -> None:
        for bundle in self._inbox.warrants():
            if self._hands.open_leases() or self._book.open_executions():
                return
            self._guarded(lambda bundle=bundle: self._saga.start(bundle))  # type: ignore[misc]

    def _run_drills(self) -> None:
        for call in self._inbox.drills():
            if self._hands.open_leases():
                return
            self._guarded(lambda call=call: self._drills.run(call))  # type: ignore[misc]

    def _reconcile_when_due(self) -> None:
        if self._clock.monotonic() >= self._reconcile_at:
            self._foreign.reconcile()
            self._reconcile_at = self._clock.monotonic() + RECONCILE_SECONDS

    def _guarded(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except Unavailable as error:
            self._alarm.raise_alarm(f"not now: {error.code} {error.message}")
        except MagistrateError as error:
            self._alarm.raise_alarm(f"refused: {error.code} {error.message}")
