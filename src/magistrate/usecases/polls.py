"""Who asked for work lately: the executors as control sees them, each with the assessor it says it has.

Rule kept: this decides only to whom a warrant is made out and whether it would be issued in vain. The executor
believes nobody and recomputes everything, so an untrue word here costs time and nothing else. It is of this
process alone: after a start nobody has asked yet.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

ASKING_SECONDS: Final = 5
"""An executor with nothing to do asks twice a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The last question of one executor: its key id, its assessor (empty: not told), and when (Unix seconds)."""

    executor: str
    assessor: str
    at: int


class Polls:
    """The last question of each executor, and which got the `last` warrant; safe for several threads."""

    def __init__(self) -> None:
        self.last = ""
        self._last: dict[str, Poll] = {}
        self._lock = threading.Lock()

    def asked(self, executor: str, assessor: str, now: int) -> None:
        """An executor asked for work."""
        with self._lock:
            self._last[executor] = Poll(executor=executor, assessor=assessor, at=now)

    def asking(self, executors: Collection[str], now: int) -> tuple[Poll, ...]:
        """Those of `executors` that asked within the last seconds, in the order of `executors`."""
        with self._lock:
            last = dict(self._last)
        return tuple(last[name] for name in executors if name in last and now - last[name].at <= ASKING_SECONDS)
