"""Which lines of both sides a reader looks at: the changed ones, and the equal ones beside them.

The neighbours are the same lines on both sides, so whatever a reader reaches on one side because of a
changed line it also reaches on the other side, if it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from magistrate.impact.base import ChangedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Marked lines of one side; `counts[n]` is how many of the first n lines are marked."""

    counts: tuple[int, ...]

    def any_in(self, first: int, last: int) -> bool:
        """Whether a line from `first` to `last` (1-based, both included) is marked."""
        end = len(self.counts) - 1
        low, high = min(max(first - 1, 0), end), min(max(last, 0), end)
        return self.counts[high] > self.counts[low]


def touched(file: ChangedFile) -> tuple[Lines, Lines]:
    """The lines of the old and of the new side that are looked at."""
    sizes = [text.count("\n") + 1 for text in file.both_texts]
    whole = file.change.before is None or file.change.after is None
    if whole or any("\r" in text.replace("\r\n", "") for text in file.both_texts):
        return _lines(bytearray(b"\1" * sizes[0])), _lines(bytearray(b"\1" * sizes[1]))
    changed = [bytearray(size) for size in sizes]
    for line in file.lines:
        changed[line.added][line.number - 1] = 1
    marked = [bytearray(one) for one in changed]
    at = [0, 0]
    while at[0] < sizes[0] or at[1] < sizes[1]:
        start = list(at)
        for side in (0, 1):
            while at[side] < sizes[side] and changed[side][at[side]]:
                at[side] += 1
        if at != start:
            for side in (0, 1):
                if start[side]:
                    marked[side][start[side] - 1] = 1
                if at[side] < sizes[side]:
                    marked[side][at[side]] = 1
        at = [at[0] + 1, at[1] + 1]
    return _lines(marked[0]), _lines(marked[1])


def _lines(marked: bytearray) -> Lines:
    return Lines(counts=tuple(accumulate(marked, initial=0)))
