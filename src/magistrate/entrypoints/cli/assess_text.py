"""A verdict on a terminal: what it asks for, then the strictest files first, each with its reasons.

Eighty to a hundred and twenty columns; colour only on a terminal, and never under NO_COLOR.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from magistrate.entrypoints.cli.assess_relief import relief
from magistrate.entrypoints.cli.assess_words import (
    ASKS,
    ORDER,
    Report,
    asks,
    behaves,
    by_path,
    count,
    grouped,
    headline,
    line_of,
    objections,
    opinion_words,
    sensed,
    unquoted,
)
from magistrate.entrypoints.cli.proofs import secret_words
from magistrate.entrypoints.cli.screen import styled, visible

FEWEST: Final = 80
MOST: Final = 120
HITS: Final = 6
"""Sensitive things shown of one file; `--explain` shows all."""
STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "auto": {"fg": "green"},
    "one": {"fg": "yellow"},
    "two": {"fg": "magenta"},
    "deny": {"fg": "red", "bold": True},
}
POWER: Final[Mapping[str, Mapping[str, Any]]] = {
    "widened": {"fg": "red", "bold": True},
    "incomparable": {"fg": "red"},
    "unknown": {"fg": "magenta"},
    "narrowed": {"fg": "green"},
}
Row = Mapping[str, Any]


def plain_text(report: Report) -> str:
    """The whole report, without a line end after its last line."""
    return "\n".join(_lines(report))


def room() -> int:
    """Columns to fill: those of the terminal, between eighty and a hundred and twenty."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, FEWEST), MOST)


def wrapped(label: str, words: str, *, indent: int = 4, gap: int = 10) -> Iterator[str]:
    """A dim label and words beside it, folded under each other."""
    first = " " * indent + styled(label.ljust(gap), dim=True)
    width = max(20, room() - indent - gap)
    lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]
    yield first + lines[0]
    for line in lines[1:]:
        yield " " * (indent + gap) + line


def _lines(report: Report) -> Iterator[str]:
    verdict = report.verdict
    level = verdict["strictness"]
    old, new = (visible(one) for one in report.revisions)
    yield f"{old} -> {new}: {styled(headline(verdict), **{**STYLES[level], 'bold': True})}"
    hits, denials = by_path(sensed(verdict)), by_path(verdict["denials"])
    ranked = sorted(
        ((asks(file, hits.get(file["path"], ()), denials.get(file["path"], ())), file) for file in verdict["files"]),
        key=lambda one: (-ORDER.index(one[0]), one[1]["path"]),
    )
    asking = [one for one in ranked if one[0] != "auto"]
    low = [file for needs, file in ranked if needs == "auto"]
    shown = asking[: report.limit]
    stays = by_path(verdict.get("no_way_back", ()))
    does = by_path(verdict.get("behaviour", ()))
    opened = by_path(verdict.get("secrets", ()))
    for needs, file in shown:
        yield ""
        yield from _file(file, needs, hits.get(file["path"], ()), denials.get(file["path"], ()))
        yield from _behaviour(file["path"], does.get(file["path"], ()))
        yield from _stays(file["path"], stays.get(file["path"], ()))
        yield from _secrets(file["path"], opened.get(file["path"], ()))
    if len(asking) > len(shown):
        yield f"\n  and {count(len(asking) - len(shown), 'more file')} that ask for people: `--limit 0` shows all"
    elsewhere = sorted({*hits, *denials} - {file["path"] for file in verdict["files"]})
    for path in elsewhere:
        yield f"\n  {visible(path)}"
        yield from _findings(path, hits.get(path, ()), denials.get(path, ()))
    if verdict.get("privilege"):
        yield ""
        yield styled("  whose power moves", bold=True)
        yield from privilege_lines(verdict["privilege"])
    yield from _low(low, report.limit)
    yield ""
    yield from _foot(report, [needs for needs, _ in ranked], asking)


def privilege_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Each thing that somebody may do more or less: who and what in one line, the request that shows it below."""
    for row in rows:
        yield ""
        at = f"{visible(row['path'])}:{row['line']}" if row.get("line") else visible(row["path"])
        who = visible(row["who"]) or "somebody"
        verb = "" if row["verdict"] == "unknown" or row["gains"].startswith("no longer ") else "gains "
        words = f"{who}: {verb}{visible(row['gains'])}"
        yield f"  {styled(row['verdict'], **POWER[row['verdict']])}  {words}  {styled(at, dim=True)}"
        yield from wrapped("why" if row["verdict"] == "unknown" else "shown by", visible(row["witness"]))


def _file(file: Row, needs: str, hits: Sequence[Row], denials: Sequence[Row]) -> Iterator[str]:
    proof = file["proof"]
    parts = [line_of(unquoted(part, hits)) for part in objections(proof["why"])]
    line = next((number for number, _ in parts if number), 0)
    place = f"{visible(file['path'])}:{line}" if line else visible(file["path"])
    mark = f"{ASKS[needs]}, {file['class']}"
    yield f"  {styled(place, bold=True)}{' ' * max(2, room() - 2 - len(place) - len(mark))}{styled(mark, **STYLES[needs])}"
    yield from _findings(file["path"], (), denials)
    labels = ("why", "not low" if proof["status"] == "proven" else "also")
    for label, (number, words) in zip(labels, parts, strict=False):
        yield from wrapped(label, f"line {number}: {words}" if number else words)
    if proof["status"] == "proven":
        yield from wrapped("by", proof["rule"])
    else:
        yield from wrapped("to pass", relief(file))
    yield from _findings(file["path"], hits, ())


def _findings(path: str, hits: Sequence[Row], denials: Sequence[Row]) -> Iterator[str]:
    for lines, _, why in grouped(denials):
        yield from wrapped("DENIED", f"{_place(path, lines)}{why}")
    rows = grouped(hits)
    mentioned = {hit["kind"] for hit in hits if hit.get("mention")}
    for lines, kind, why in rows[:HITS]:
        label = "mentions" if kind in mentioned else "touches"
        yield from wrapped(label, f"{_place(path, lines)}{kind}: {why}")
    if len(rows) > HITS:
        yield from wrapped("", f"and {len(rows) - HITS} more: `--explain {visible(path)}`")


def _behaviour(path: str, rows: Sequence[Row]) -> Iterator[str]:
    """What changes in a running system; only a proof that it does nothing leaves this out."""
    told = behaves(rows)
    for number, (line, words) in enumerate(told[:HITS]):
        yield from wrapped("" if number else "behaviour", f"{_place(path, line)}{words}")
    if len(told) > HITS:
        yield from wrapped("", f"and {len(told) - HITS} more: `--explain {visible(path)}`")


def _stays(path: str, rows: Sequence[Row]) -> Iterator[str]:
    """What the inverse change does not undo."""
    for number, row in enumerate(rows[:HITS]):
        said = f"{visible(row['operation'])}: {visible(row['why'])}"
        yield from wrapped("" if number else "no return", f"{_place(path, str(row['line'] or ''))}{said}")
    if len(rows) > HITS:
        yield from wrapped("", f"and {len(rows) - HITS} more: `--explain {visible(path)}`")


def _secrets(path: str, rows: Sequence[Row]) -> Iterator[str]:
    """Which secrets are touched, what each opens and who uses it."""
    for number, row in enumerate(rows[:HITS]):
        said = f"{visible(row['name'])} {secret_words(row)}"
        yield from wrapped("" if number else "secret", f"{_place(path, str(row['line'] or ''))}{said}")
    if len(rows) > HITS:
        yield from wrapped("", f"and {len(rows) - HITS} more")


def _place(path: str, lines: str) -> str:
    return f"{visible(path.rsplit('/', 1)[-1])}:{lines}  " if lines else ""


def _low(files: Sequence[Row], limit: int | None) -> Iterator[str]:
    if not files:
        return
    yield f"\n  Proven low ({count(len(files), 'file')}):"
    shown = files[:limit]
    names = [visible(file["path"]) for file in shown]
    width = min(max(map(len, names), default=0), room() - 40)
    for name, file in zip(names, shown, strict=True):
        yield f"    {styled(name.ljust(width), **STYLES['auto'])}  {file['class']:<12} {file['proof']['rule']}"
    if len(files) > len(shown):
        yield f"    and {count(len(files) - len(shown), 'more file')}: `--limit 0` shows all"


def _foot(report: Report, needs: Sequence[str], asking: Sequence[tuple[str, Row]]) -> Iterator[str]:
    verdict = report.verdict
    if verdict["files"]:
        tally = ", ".join(
            f"{needs.count(one)} {'for nobody' if one == 'auto' else 'for ' + ASKS[one] if one != 'deny' else 'denied'}"
            for one in reversed(ORDER) if one in needs
        )  # fmt: skip
        yield f"  {count(len(needs), 'file')}: {tally}. Undone by its inverse: {verdict['reversible']}."
    for said in opinion_words(report):
        yield from wrapped("opinion", said, indent=2, gap=9)
    for note in report.found.notes:
        yield from wrapped("note", visible(note), indent=2, gap=6)
    digest = styled(f"{verdict['digest'][:19]}", dim=True)
    if asking:
        path = visible(asking[0][1]["path"])
        shown = f"'{path}'" if " " in path else path
        yield f"  More of one file: --explain {shown}   {digest}"
    else:
        yield f"  {digest}"
