"""The watch on refs: does each still stand where this executor left it?

Rule kept: a move by another hand is noticed and said (`ref.moved_outside`), once for each
foreign tip, never undone.
"""

from __future__ import annotations

from typing import Final

from magistrate.executor.casebook import Casebook
from magistrate.executor.ports import Alarm, Broker, Clock

WATCH_SECONDS: Final = 10.0


class Watch:
    """Compares tips every `interval` seconds."""

    def __init__(
        self, *, book: Casebook, broker: Broker, clock: Clock, alarm: Alarm, interval: float = WATCH_SECONDS
    ) -> None:
        self._book = book
        self._broker = broker
        self._clock = clock
        self._alarm = alarm
        self._interval = interval
        self._next = clock.monotonic()

    def look_when_due(self) -> None:
        """Look, if the interval is over (raises Unavailable when the gate does not answer)."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + self._interval
            self.look()

    def look(self) -> None:
        """Compare every tip with the target now."""
        for tip in self._book.tips():
            seen = self._broker.read_ref(tip.repository, tip.ref)
            if seen != tip.tip and (seen or "absent") != tip.alarmed:
                self._book.moved_outside(tip, seen)
                self._alarm.raise_alarm(
                    f"`{tip.ref}` of `{tip.repository}` was moved by another hand: `{tip.tip[:12]}` to `{seen[:12]}`"
                )
