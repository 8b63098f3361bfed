"""`--explain FILE`: everything that was tried for one file, with the lines themselves.

Rule kept: a secret is never printed. A line that the secrets sensor names, or finds something
in when it is asked about that line alone, is shown as masked, and so is what a reason quotes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from magistrate.entrypoints.cli.assess_relief import relief
from magistrate.entrypoints.cli.assess_text import STYLES, wrapped
from magistrate.entrypoints.cli.assess_words import (
    ASKS,
    MASKED,
    PROVERS_PAGE,
    Report,
    asks,
    behaves,
    file_asks,
    line_of,
    merged,
    objections,
    sensed,
    unquoted,
)
from magistrate.entrypoints.cli.screen import styled, visible
from magistrate.errors import NotFound

SHOWN: Final = 160
MAX_BYTES: Final = 2_000_000
NEAR: Final = 5
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides of one file; None where it does not exist."""

    before: bytes | None
    after: bytes | None

    @cached_property
    def changed(self) -> Mapping[tuple[int, bool], str]:
        """The lines that only one side has, by number and whether it is the new side."""
        from magistrate.impact.base import changed_lines

        return {(line.number, line.added): line.text for line in changed_lines(_text(self.before), _text(self.after))}

    def quoted(self, number: int) -> Iterator[tuple[str, str]]:
        """The line of a number: `-` with what goes and `+` with what comes, else the line as it stays."""
        known = [(sign, self.changed.get((number, sign == "+"))) for sign in "-+"]
        yield from ((sign, text) for sign, text in known if text is not None)
        lines = _text(self.after).split("\n")
        if all(text is None for _, text in known) and 0 < number <= len(lines):
            yield " ", lines[number - 1]


def explanation(report: Report, path: str, sides: Sides) -> str:
    """The story of one file; raises NotFound MAG-E251 where the change does not touch it."""
    files = {file["path"]: file for file in report.verdict["files"]}
    if path not in files:
        touched = ", ".join(f"`{visible(one)}`" for one in sorted(files)[:NEAR]) or "no file at all"
        more = f" and {len(files) - NEAR} more" if len(files) > NEAR else ""
        raise NotFound(
            "MAG-E251", f"`{visible(path)}` does not change between the two", hint=f"the change touches {touched}{more}"
        )
    return "\n".join(_lines(report, files[path], sides))


def page_of(rule: str) -> str:
    """The part of the documentation that explains a rule, as `docs/provers.md#documentation`."""
    from magistrate.impact.assess import PROVERS

    units = {prover.name: type(prover).__module__.rsplit(".", 1)[-1] for prover in PROVERS}
    return f"{PROVERS_PAGE}#{units.get(rule, 'before-any-proof')}"


def _lines(report: Report, file: Row, sides: Sides) -> Iterator[str]:
    path = file["path"]
    hits = [hit for hit in sensed(report.verdict) if hit["path"] == path]
    denials = [one for one in report.verdict["denials"] if one["path"] == path]
    needs = asks(file, hits, denials)
    yield f"{styled(visible(path), bold=True)}: {styled(ASKS[needs] + ', ' + file['class'], **STYLES[needs])}"
    tried = file.get("tried") or [{**file["proof"], "class": file["class"]}]
    yield "\n  Tried, in order:" if file.get("tried") else "\n  Nothing could be tried:"
    for number, proof in enumerate(tried, 1):
        status = styled(proof["status"], **STYLES["auto" if proof["status"] == "proven" else "one"])
        yield f"\n  {number:>2}. {visible(proof['rule'])} for {proof['class']}: {status}   {page_of(proof['rule'])}"
        yield from _said(proof["why"], hits, sides)
    if denials:
        yield "\n  Denied, whoever approves:"
        yield from _findings(denials, hits, sides)
    yield "\n  Sensitive, at its line:" if hits else "\n  No sensor found anything sensitive in it."
    yield from _findings(hits, hits, sides)
    yield from _behaviour([one for one in report.verdict.get("behaviour", ()) if one["path"] == path])
    yield ""
    if file["proof"]["status"] == "proven" and file_asks(file) == "auto":
        yield from wrapped("proven", f"by {file['proof']['rule']}", indent=2)
        if hits:
            yield from wrapped("", "what it touches is for people all the same: a sensor only raises", indent=2)
    else:
        yield from wrapped("to pass", relief(file), indent=2)
    if report.verdict["strictness"] != needs:
        why = f"the whole change asks for {ASKS[report.verdict['strictness']]}, by its strictest part"
        yield from wrapped("whole", why, indent=2)


def _said(why: str, hits: Sequence[Row], sides: Sides) -> Iterator[str]:
    for part in objections(why):
        number, words = line_of(part)
        quiet = _quoting(part, hits, sides)
        yield from wrapped("", f"line {number}: {quiet}" if number else quiet, indent=6, gap=0)
        if words and number:
            yield from _quote(number, hits, sides)


def _quoting(part: str, hits: Sequence[Row], sides: Sides) -> str:
    """A reason without its place; without what it quotes where that may be a secret."""
    number, words = line_of(part)
    shown = unquoted(part, hits)
    pieces = [piece for piece in words.split("`")[1::2] if _secret(piece)]
    if pieces or any(_secret(text) for _, text in sides.quoted(number)):
        return f"{visible(words.split('`')[0])}{MASKED}" if "`" in words else visible(words)
    return line_of(shown)[1]


def _findings(rows: Sequence[Row], hits: Sequence[Row], sides: Sides) -> Iterator[str]:
    last = 0
    for line, kind, why in merged(rows):
        yield from wrapped(f"line {line}" if line else "whole", f"{kind}: {why}", indent=6)
        if line and line != last:
            yield from _quote(line, hits, sides)
        last = line


def _behaviour(rows: Sequence[Row]) -> Iterator[str]:
    yield "\n  What changes in a running system:" if rows else "\n  Proven to change nothing in a running system."
    for line, words in behaves(rows):
        yield from wrapped(f"line {line}" if line else "whole", words, indent=6)


def _quote(number: int, hits: Sequence[Row], sides: Sides) -> Iterator[str]:
    named = any(hit["kind"] == "secrets" and hit["line"] in {0, number} for hit in hits)
    for sign, text in sides.quoted(number):
        hidden = named or _secret(text)
        words = f"{MASKED} {len(text)} characters; the secrets sensor looks at this line" if hidden else _cut(text)
        colour = {"+": "green", "-": "red"}.get(sign)
        yield styled(f"      {number:>6} | {sign} {words}", **({"fg": colour} if colour else {"dim": True}))


def _secret(text: str) -> bool:
    """Whether the secrets sensor finds anything in a text as one added line."""
    from magistrate.domain.impact import FileChange
    from magistrate.impact.assess import SENSORS
    from magistrate.impact.base import BaseTree, ChangedFile

    change = FileChange(path="line", before=None, after=text.encode("utf-8", "replace"), mode_before=None)
    sensor = next(one for one in SENSORS if one.name == "secrets")
    return any(True for _ in sensor.sense(ChangedFile(change=change), BaseTree()))


def _text(side: bytes | None) -> str:
    return "" if side is None or len(side) > MAX_BYTES or b"\0" in side else side.decode("utf-8", "replace")


def _cut(text: str) -> str:
    shown = visible(text.rstrip("\r").replace("\t", "    "))
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
