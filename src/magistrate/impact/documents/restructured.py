"""reStructuredText and plain text: paragraphs and list items at their indentation; all else is fixed.

By the docutils specification (https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html):
explicit markup and its body, literal and doctest blocks, tables, line blocks, field and option
lists and section titles stay byte for byte. The scanner holds more than it must, never less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.documents.page import MAX_UNITS, Page, Unit, UnreadablePageError

ADORNMENT: Final = rx(r"\s*([^\w\s])\1{2,}\s*\Z")
BORDER: Final = rx(r"\s*(?:[=+-]{2,}[ =+-]*[ +][ =+-]*|\+[-=+]+\+?)\s*\Z")
EXPLICIT: Final = rx(r"\s*(?:\.\.(?:\s|\Z)|__(?:\s|\Z))")
BULLET: Final = rx(r"\s*[-*+\u2022]\s+(?=\S)")
NUMBERED: Final = rx(r"\s*(\(?(?:\d+|[A-Za-z#]|[ivxlcIVXLC]+)[.)])\s+(?=\S)")
FIELD: Final = rx(r"\s*:[^:`\s][^:`]*:(?:\s|\Z)")
OPTION: Final = rx(r"\s*(?:--?|/)[A-Za-z0-9?]")
DOCTEST: Final = rx(r"\s*(?:>>>|\.\.\.)(?:\s|\Z)")
HEADED: Final = 2
"""Borders below the top one of a simple table that has a header."""
OTHER: Final = rx(r"\s*(?:\||%|::|!|@|\{[{%]|<[A-Za-z/!?])")


@dataclass(slots=True)
class _Scan:
    """One pass over the lines."""

    fixed: list[tuple[int, str]] = field(default_factory=list)
    free: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Line number, indentation, mark, text."""
    body_of: int = -1
    """Indentation of the line whose more indented body is fixed; -1: none."""
    literal_of: int = -1
    to_blank: bool = False
    blanks: int = 0
    after_fixed: bool = True


@lru_cache(maxsize=8)
def read_restructured(text: str) -> Page:
    """The page; raises UnreadablePageError."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_UNITS:
        raise UnreadablePageError("the page has more lines than can be compared in time")
    held = _tables(lines) | _titles(lines)
    scan = _Scan()
    for number, line in enumerate(lines, 1):
        _take(scan, number, line, held=number in held)
    titles = {number: _titled(lines, number) for number in range(1, len(lines) + 1) if _is_title(lines, number)}
    units = tuple(_units(scan.free, titles))
    chunks = tuple((unit.line, unit.text, not unit.running) for unit in units)
    return Page(units=units, fixed=tuple(scan.fixed), chunks=chunks)


def _take(scan: _Scan, number: int, line: str, *, held: bool) -> None:
    indent = len(line) - len(line.lstrip(" "))
    if not line.strip():
        scan.to_blank = False
        scan.blanks += 1
        return
    _literal_opens(scan, line, indent)
    if scan.body_of >= 0 and indent <= scan.body_of:
        scan.body_of = -1
    in_body = scan.body_of >= 0
    inside = in_body or scan.to_blank or held or "\t" in line
    if not inside and (EXPLICIT.match(line) or FIELD.match(line)):
        scan.body_of, inside = indent, True
    if not inside and (DOCTEST.match(line) or OTHER.match(line) or OPTION.match(line)):
        scan.to_blank = inside = True
        scan.literal_of = indent if line.strip() == "::" else -1
    blanks, scan.blanks = scan.blanks, 0
    if inside:
        kept = blanks if in_body and scan.after_fixed else min(blanks, 1)
        scan.fixed.append((number, "\n" * kept + line))
        scan.after_fixed = True
        return
    scan.after_fixed = False
    if line.rstrip().endswith("::"):
        scan.literal_of = indent
    bullet, numbered = BULLET.match(line), NUMBERED.match(line)
    mark = "" if bullet is None and numbered is None else "-" if bullet else str(numbered and numbered[1])
    head = bullet or numbered
    scan.free.append((number, indent, mark, line[head.end() :] if head else line.strip()))


def _literal_opens(scan: _Scan, line: str, indent: int) -> None:
    """The first line behind `::`: what is indented more, or quoted, is literal."""
    if scan.literal_of >= 0 and indent > scan.literal_of:
        scan.body_of = scan.literal_of
    elif scan.literal_of >= 0 and not line.lstrip()[0].isalnum():
        scan.to_blank = True
    scan.literal_of = -1


def _units(free: list[tuple[int, int, str, str]], titles: dict[int, str]) -> Iterator[Unit]:
    held: list[str] = []
    place, start, last, column = "", 0, 0, -1
    for number, indent, mark, text in free:
        goes_on = bool(held) and number == last + 1 and not mark and indent == column
        if held and not goes_on:
            yield Unit(place, "\n".join(held), running=True, line=start, section=_section(titles, start))
            held = []
        if not held:
            start = number
            column = indent if not mark else -1
            place = f"item{indent}{mark}" if mark else f"paragraph{indent}"
        elif column < 0:
            column = indent
        if mark:
            column = indent + 2 if mark == "-" else -1
        held.append(text.rstrip())
        last = number
    if held:
        yield Unit(place, "\n".join(held), running=True, line=start, section=_section(titles, start))


def _section(titles: dict[int, str], line: int) -> tuple[str, ...]:
    above = [number for number in titles if number < line]
    return (titles[above[-1]],) if above else ()


def _titled(lines: list[str], number: int) -> str:
    """A title, with the word `Unreleased` where it stands alone below it."""
    below = next((line.strip() for line in lines[number + 1 : number + 4] if line.strip()), "")
    return f"{lines[number - 1].strip()}{' Unreleased' if below.lower() == 'unreleased' else ''}"


def _is_title(lines: list[str], number: int) -> bool:
    text = lines[number - 1]
    below = lines[number] if number < len(lines) else ""
    return bool(text.strip()) and not ADORNMENT.match(text) and ADORNMENT.match(below) is not None


def _titles(lines: list[str]) -> frozenset[int]:
    """Adornments and the lines beside them: a title is as long as its line."""
    found: set[int] = set()
    for number, line in enumerate(lines, 1):
        if ADORNMENT.match(line):
            found |= {number - 1, number, number + 1}
    return frozenset(found)


def _tables(lines: list[str]) -> frozenset[int]:
    """Grid tables to their blank line; simple tables from border to border, as docutils isolates them."""
    found: set[int] = set()
    at = 0
    while at < len(lines):
        if not BORDER.match(lines[at]):
            at += 1
            continue
        end = _table_end(lines, at)
        found |= set(range(at, end + 2))
        at = end + 1
    return frozenset(found)


def _table_end(lines: list[str], top: int) -> int:
    """The index of the last line of the table that begins at `top`; without an end, the end of the page."""
    grid = lines[top].lstrip().startswith("+")
    borders = 0
    for at in range(top + 1, len(lines)):
        if grid and not lines[at].strip():
            return at
        if not grid and BORDER.match(lines[at]) and len(lines[at].strip()) == len(lines[top].strip()):
            borders += 1
            if borders == HEADED or at + 1 == len(lines) or not lines[at + 1].strip():
                return at
    return len(lines) - 1
