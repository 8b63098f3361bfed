"""Gaps: what an agent asked for and did not get whole, one line each, as a proposal states them.

A line reads `<kind> <place> <tool>: <how often>`, the place in JSON quotes. With `elsewhere: ` before it,
the gap lies on no file that the patch changes and on none that these need; every other line, also
one of a form that is not known here, counts against the change (R11).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

NO_SUCH_FILE: Final = "MAG-E532"
ELSEWHERE: Final = "elsewhere: "
MAX_LINES: Final = 500
MAX_PLACE: Final = 400
_LINE: Final = re.compile(r'(?:elsewhere: )?[a-z]+ (?P<place>"(?:[^"\\]|\\.)*") ')
_COMMIT: Final = re.compile(r"\A[0-9a-f]{40}:")


def gaps_of(reads: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """The gaps of a session's reads, in the order in which they first came; reads as the record has them."""
    found: Counter[tuple[str, str, str]] = Counter()
    for read in reads:
        where, tool = _COMMIT.sub("", read["source"]), read["tool"]
        if read.get("refused"):
            kind = "missing" if read["refused"] == NO_SUCH_FILE else "refused"
            found[f"{kind} with {read['refused']}", where, tool] += 1
            continue
        found["truncated", where, tool] += read.get("truncated") == "true"
        found["redacted", where, tool] += int(read.get("redactions", "0"))
        found["skipped", where, tool] += int(read.get("skipped", "0"))
    lines = [_line(*named, count) for named, count in found.items() if count]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"more: {len(lines) - MAX_LINES} further gaps are not listed"]
    return tuple(lines)


def mark_elsewhere(gaps: Iterable[str], near: Collection[str] | None) -> tuple[str, ...]:
    """The gaps that bear on some files first, then the others, marked; None: any file may matter."""
    told = [gap if near is None or not _placed_outside(gap, near) else ELSEWHERE + gap for gap in gaps]
    return tuple(sorted(told, key=lambda line: line.startswith(ELSEWHERE)))


def bears(gap: str, paths: Collection[str]) -> bool:
    """Whether a stated gap counts against a change of these paths."""
    return not gap.startswith(ELSEWHERE) or not _placed_outside(gap, paths)


def unmarked(gap: str) -> str:
    """The gap itself."""
    return gap.removeprefix(ELSEWHERE)


def _placed_outside(gap: str, paths: Collection[str]) -> bool:
    """Whether a gap names a place, and one that is none of the paths."""
    named = _LINE.match(gap)
    if named is None:
        return False
    try:
        place = json.loads(named["place"])
    except ValueError:
        return False
    return not any(place in {path, ascii(path)} for path in paths)  # what was refused is on record as `ascii` wrote it


def _line(kind: str, where: str, tool: str, count: int) -> str:
    word, _, code = kind.partition(" ")
    return f"{word} {json.dumps(where[:MAX_PLACE])} {tool}: {count}" + (f" {code}" if code else "")
