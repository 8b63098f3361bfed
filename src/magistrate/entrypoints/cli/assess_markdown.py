"""A verdict as Markdown for a pull request or the summary of a job: one table, folded details.

Rule kept: nothing of the judged repository becomes markup, a link, a mention, a reference, an
image or an emoji. Words are passed through one by one: a plain word stays, all else stands in a
code span, in which GitHub reads nothing; backticks and bars, which could end one, are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    merged,
    objections,
    opinion_words,
    sensed,
    unquoted,
)
from magistrate.entrypoints.cli.proofs import secret_words
from magistrate.entrypoints.cli.screen import visible

MARK: Final = "<!-- magistrate assess -->"
MAX_BYTES: Final = 60_000
ROWS: Final = 45_000
"""Bytes for the table; what is left is for the details."""
NOTES: Final = 3
OPINIONS: Final = 10
"""Second opinions shown; the other forms have all."""
CELL: Final = 400
SIGNS: Final = {"auto": "🟢", "one": "🟡", "two": "🟣", "deny": "🔴"}
_PLAIN: Final = re.compile(r"\(?(?:[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]{1,6})[,;:.)]{0,2}\Z")
_COMMIT: Final = re.compile(r"(?i)[0-9a-f]{7,}")
_REFERENCE: Final = re.compile(r"(?i)\(?gh-|.*[a-z]-[0-9]")
Row = Mapping[str, Any]


def markdown_text(report: Report) -> str:
    """At most 60,000 bytes of GitHub-flavoured Markdown."""
    verdict = report.verdict
    head = [MARK, f"### {SIGNS[verdict['strictness']]} Magistrate: {headline(verdict)}", ""]
    foot = ["", f"<sub>change {code(verdict['digest'][:19])}, judged by {code(verdict['assessor'][:19])}</sub>"]
    notes = report.found.notes
    left = [f"and {len(notes) - NOTES} more notes"] if len(notes) > NOTES else []
    foot[:0] = [f"\n> {prose(note)}" for note in (*notes[:NOTES], *left)]
    foot[:0] = [f"\n- {prose(said)}" for said in opinion_words(report, OPINIONS)]
    if not verdict["files"] and not verdict["denials"]:
        return "\n".join([*head, *foot[-1:]])
    hits, denials = by_path(sensed(verdict)), by_path(verdict["denials"])
    ranked = sorted(
        ((asks(file, hits.get(file["path"], ()), denials.get(file["path"], ())), file) for file in verdict["files"]),
        key=lambda one: (-ORDER.index(one[0]), one[1]["path"]),
    )
    table = ["| file | asks for | why |", "|---|---|---|"]
    rows = (_row(needs, file, hits.get(file["path"], ()), denials.get(file["path"], ())) for needs, file in ranked)
    table += _fitting(rows, len(ranked), ROWS, "| … and {} | | see `magistrate assess` |")
    said = "\n".join([*head, *table, *foot])
    details = list(_details(ranked, verdict, MAX_BYTES - len(said.encode()) - 600))
    return "\n".join([*head, *table, *details, *foot])


def prose(text: str) -> str:
    """A sentence whose plain words stay, and all else stands in code spans."""
    parts: list[str] = []
    odd: list[str] = []
    for word in visible(text).split():
        bare = word.strip("`")
        plain = _PLAIN.match(word) and not _COMMIT.fullmatch(bare.strip("(),;:.")) and not _REFERENCE.match(word)
        if not plain:
            odd.append(word)
            continue
        parts += [_span(odd), word] if odd else [word]
        odd = []
    return " ".join([*parts, _span(odd)] if odd else parts)


def _span(words: Sequence[str]) -> str:
    """A code span without the backticks that a reason has, and without the sign that ends it."""
    whole = " ".join(words).replace("`", "")
    end = whole[-1:] if whole[-1:] in {",", ";", ":", "."} else ""
    return code(whole[: len(whole) - len(end)]) + end


def code(text: str) -> str:
    """A code span that its content cannot leave, also inside a cell of a table."""
    safe = " ".join(visible(text).replace("`", "'").replace("|", "¦").split())
    return f"`{safe[:CELL]}{'…' if len(safe) > CELL else ''}`" if safe else ""


def _row(needs: str, file: Row, hits: Sequence[Row], denials: Sequence[Row]) -> str:
    said = [f"denied: {prose(why)}" for _, _, why in merged(denials)[:2]]
    parts = objections(unquoted(file["proof"]["why"], hits))
    said += [prose(parts[0] if file["class"] == "tests" else parts[-1])]  # of a test, what it no longer checks
    kinds = sorted({hit["kind"] for hit in hits})
    said += [f"touches {', '.join(kind.replace('_', ' ') for kind in kinds)}"] if kinds else []
    return f"| {code(file['path'])} | {SIGNS[needs]} {ASKS[needs]}, {file['class'].replace('_', ' ')} | {'; '.join(said)} |"


def _details(ranked: Sequence[tuple[str, Row]], verdict: Row, budget: int) -> Iterator[str]:
    asking = [file for needs, file in ranked if needs != "auto" and file["proof"]["status"] != "proven"]
    passing = (f"- {code(file['path'])}: {prose(relief(file))}" for file in asking)
    found = places([*verdict["denials"], *sensed(verdict)])
    does = list(behaviour_places(verdict.get("behaviour", ())))
    stays = list(lasting_places(verdict.get("no_way_back", ())))
    opened = list(secret_places(verdict.get("secrets", ())))
    power = list(power_places(verdict.get("privilege", ())))
    for title, lines, number in (
        (f"{count(len(power), 'thing')} that somebody may do more or less", (f"- {one}" for one in power), len(power)),
        (f"{count(len(stays), 'thing')} that cannot be undone", (f"- {one}" for one in stays), len(stays)),
        (f"{count(len(opened), 'secret')} touched", (f"- {one}" for one in opened), len(opened)),
        (f"{count(len(does), 'change')} in a running system", (f"- {one}" for one in does), len(does)),
        (count(len(found), "sensitive thing"), (f"- {place} {why}" for place, why in found), len(found)),
        ("What would make it pass", passing, len(asking)),
    ):
        if number:
            body = list(_fitting(lines, number, budget // 4, "- … and {}"))
            yield from ("", f"<details><summary>{title}</summary>", "", *body, "", "</details>")


def places(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Each sensitive thing with its places, in order of path."""
    return [
        (code(f"{path}:{lines}" if lines else path), f"{kind.replace('_', ' ').replace('-', ' ')}: {prose(why)}")
        for path, inside in sorted(by_path(rows).items())
        for lines, kind, why in grouped(inside)
    ]


def behaviour_places(rows: Sequence[Row]) -> Iterator[str]:
    """What changes in a running system, each with its place."""
    for row, (line, words) in zip(rows, behaves(rows), strict=True):
        place = f"{row['path']}:{line}" if line else row["path"]
        yield f"{code(place)} {row['kind']}: {code(words.split(': ', 1)[1])}"


def power_places(rows: Sequence[Row]) -> Iterator[str]:
    """Whose power moves, each with its place and the request that shows it."""
    for row in rows:
        place = f"{row['path']}:{row['line']}" if row.get("line") else row["path"]
        yield f"{code(place)} {row['verdict']}: {code(row['who'])} {code(row['gains'])}, {prose(row['witness'])}"


def lasting_places(rows: Sequence[Row]) -> Iterator[str]:
    """What the inverse change does not undo, each with its place."""
    for row in rows:
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
        yield f"{code(place)} {prose(row['operation'])}: {prose(row['why'])}"


def secret_places(rows: Sequence[Row]) -> Iterator[str]:
    """Each secret that is touched with its place, what it opens and who uses it."""
    for row in rows:
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
        yield f"{code(place)} {code(row['name'])} {prose(secret_words(row))}"


def _fitting(lines: Iterable[str], number: int, budget: int, rest: str) -> Iterator[str]:
    """The lines that fit, and one that counts the others."""
    for done, line in enumerate(lines):
        budget -= len(line.encode()) + 1
        if budget < 0:
            yield rest.format(f"{number - done:,} more")
            return
        yield line
