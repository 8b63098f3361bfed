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
    """Marked lines of one side; `counts[n]` is how many of the first n lines are marked, `changed` the same of changed ones."""

    counts: tuple[int, ...]
    changed: tuple[int, ...]

    def changed_in(self, first: int, last: int) -> bool:
        """Whether a line from `first` to `last` changes."""
        return _any(self.changed, first, last)

    def any_in(self, first: int, last: int) -> bool:
        """Whether a line from `first` to `last` (1-based, both included) is marked."""
        return _any(self.counts, first, last)


def _any(counts: tuple[int, ...], first: int, last: int) -> bool:
    end = len(counts) - 1
    low, high = min(max(first - 1, 0), end), min(max(last, 0), end)
    return counts[high] > counts[low]


def touched(file: ChangedFile) -> tuple[Lines, Lines]:
    """The lines of the old and of the new side that are looked at."""
    sizes = [text.count("\n") + 1 for text in file.both_texts]
    whole = file.change.before is None or file.change.after is None
    if whole or any("\r" in text.replace("\r\n", "") for text in file.both_texts):
        all_old, all_new = (bytearray(b"\1" * size) for size in sizes)
        return _lines(all_old, all_old), _lines(all_new, all_new)
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
    return _lines(marked[0], changed[0]), _lines(marked[1], changed[1])


def _lines(marked: bytearray, changed: bytearray) -> Lines:
    return Lines(counts=tuple(accumulate(marked, initial=0)), changed=tuple(accumulate(changed, initial=0)))
