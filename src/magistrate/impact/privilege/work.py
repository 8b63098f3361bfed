"""Work counted, not timed: an answer that would take more than `MAX_WORK` steps is none.

Rule kept: who runs out says `TooManyError`, which a gate takes for widened, and never `unchanged`. The
count depends on what is asked alone, not on the machine or on what is remembered from before.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.privilege.patterns import TooManyError

MAX_WORK: Final = 12_000_000
"""Steps for one pair of states: about ten seconds of a slow machine."""


class Work:
    """Steps that are left for one question."""

    def __init__(self, most: int = MAX_WORK) -> None:
        self.left = most

    def spend(self, steps: int) -> None:
        """Count steps that are about to be taken, or have been.

        Raises:
            TooManyError: more than there were.
        """
        self.left -= steps
        if self.left < 0:
            raise TooManyError
