"""Two sides of a long page of Markdown without a stretch that both have and that stands alone.

Blocks of CommonMark are found line by line (https://spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy). Behind an
empty line a heading that begins at the margin ends every open container and every leaf but a fence and raw markup, so
what stands between two such headings is the same blocks whatever stands around it. A list of changes is thousands of
lines of them, of which a change touches the first.

Rule kept: a stretch is left out only behind everything that changes, so every line that is told keeps its number; only
where no fence, raw markup or template may reach into it or out of it; and only without a label of a link. In doubt
nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from magistrate.impact.compiled import rx

MIN_LINES: Final = 200
"""A stretch shorter than this is read along."""
APART: Final = 60
"""Lines behind the last change that are read in any case: what comes new is compared with what follows it."""
HEADING: Final = rx(r"#{1,6} \S")
FENCE: Final = rx(r"(`{3,}|~{3,})([^`~]*)\Z")
LABEL: Final = "]:"
UNSURE: Final = "?"
REACHES: Final = rx(
    r"\s*<|[\s>*+\-.)\d]+(?:```|~~~|:::)|:::|\+\+\+|;;;|.*(?:<[!?]|-->|\?>|\{\{|\}\}|\{%|%\}|[\r\v\f\x1c-\x1e\x85\u2028\u2029])"
)
"""Lines that may reach behind an empty line and a heading (raw markup, CommonMark 4.6; templates), or that readers
take differently: a fence in a container, blanks that end lines for some."""


def without_same_stretch(before: str, after: str) -> tuple[str, str]:
    """Both sides without the longest such stretch; both as they are where there is none."""
    old, new = before.split("\n"), after.split("\n")
    tail = _equal(reversed(old), reversed(new))
    changed = max(len(old), len(new)) - tail - _equal(old, new)
    if tail < MIN_LINES:
        return before, after
    found = _stretch(new, len(new) - tail + max(APART, changed))
    if found is None:
        return before, after
    start, end = found
    there, ends = start - len(new) + len(old), end - len(new) + len(old)
    if _open_after(old[:there]):
        return before, after
    return "\n".join([*old[:there], *old[ends:]]), "\n".join([*new[:start], *new[end:]])


def _equal(these: Iterable[str], those: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(these, those, strict=False)))


def _stretch(lines: list[str], first: int) -> tuple[int, int] | None:
    """Where the longest stretch from `first` on begins and ends; None where none is long enough."""
    best, start, fence = (0, 0), -1, ""
    for at, line in enumerate(lines):
        if at >= first and not fence and HEADING.match(line) is not None and not lines[at - 1].strip():
            start = at if start < 0 else start
            best = max(best, (start, at), key=lambda one: one[1] - one[0])
        if LABEL in line:
            start = -1
        fence = _after(fence, line)
        if fence == UNSURE:
            break
    return best if best[1] - best[0] >= MIN_LINES else None


def _open_after(lines: Iterable[str]) -> str:
    """The fence that is open after these lines; empty where none is."""
    fence = ""
    for line in lines:
        fence = _after(fence, line)
        if fence == UNSURE:
            break
    return fence


def _after(fence: str, line: str) -> str:
    """The fence at the margin that is open after a line (CommonMark 4.5); `UNSURE` where something may reach on."""
    if REACHES.match(line) is not None:
        return UNSURE
    if not line.startswith(("```", "~~~")):
        return fence
    found = FENCE.match(line)
    if found is None:
        return UNSURE
    marks, words = found[1], found[2].strip()
    if not fence:
        return marks
    return "" if marks[0] == fence[0] and len(marks) >= len(fence) and not words else fence
