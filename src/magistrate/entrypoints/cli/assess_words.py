"""A verdict in words: what each part of it is called, what would pass, and safe text.

Rule kept: text of the judged repository never reaches a reader with control, bidirectional or
invisible characters in it, and a line that the secrets sensor names is never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.entrypoints.cli.screen import visible
from magistrate.usecases.assess import Assessed
from magistrate.usecases.opinions import Opinions

ORDER: Final = ("auto", "one", "two", "deny")
"""Strictness, from the least to the most."""
HEADLINES: Final = {
    "auto": "low risk, proven: this change asks for nobody by itself",
    "one": "asks for one person",
    "two": "asks for two people, one of them from the owning role",
    "deny": "denied: nobody may approve this as it is",
}
EMPTY: Final = "nothing changes between the two: there is nothing to prove, and nothing is approved by that"
ASKS: Final = {"auto": "nobody", "one": "one person", "two": "two people", "deny": "denied"}
LOW: Final = frozenset({"formatting", "comments", "docs", "tests", "lint", "benign_config"})
ONE: Final = frozenset({"dependency", "revert", "code", "build"})
PROVERS_PAGE: Final = "docs/provers.md"
MASKED: Final = "[masked]"
NAMED: Final = 5
"""Lines named for one sensitive thing; `--explain` names all."""

_LINE: Final = re.compile(r"line (\d+)(?:[:,]| )\s*(?=\S)")
_MORE: Final = re.compile(r"; no (?:lower class|ordinary code), because ")
_SIDES: Final = re.compile(r" \((?:added|removed) line\)\Z")
_KEY: Final = re.compile(r"(?=[A-Za-z+/_=-]{0,200}[0-9])[A-Za-z0-9+/_=-]{16,}")
_QUOTED: Final = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verdict, what it was asked about, and the status the program will leave with."""

    found: Assessed
    revisions: tuple[str, str]
    status: int = 0
    limit: int | None = None
    opinions: Opinions | None = None
    """Second opinions, where they were asked for: beside the verdict (ADR 0019)."""

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The assess contract."""
        return self.found.verdict

    @property
    def asked(self) -> str:
        """The strictness that the answer ends with: the verdict's, or more by a second opinion."""
        return self.opinions.raised(self.found.strictness) if self.opinions else self.found.strictness


def asks(file: Mapping[str, Any], hits: Sequence[Mapping[str, Any]], denials: Sequence[Mapping[str, Any]]) -> str:
    """The strictness of one file by itself: the strictest of its proof, what it touches or mentions, and denials."""
    if denials:
        return "deny"
    touched = ["one" if hit.get("mention") else max("one", strictness(hit["kind"]), key=ORDER.index) for hit in hits]
    return max((file_asks(file), *touched), key=ORDER.index)


def file_asks(file: Mapping[str, Any]) -> str:
    """What the proof of a file leaves to ask for: what its class says, unless the verdict says more."""
    return max(strictness(file["class"]), str(file.get("asks", "auto")), key=ORDER.index)


def sensed(verdict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Everything that sensors found; what a file of words or layout only mentions is marked as such."""
    return [*verdict["sensitivities"], *({**found, "mention": True} for found in verdict.get("mentions", ()))]


def strictness(kind: str) -> str:
    """What a class asks for by itself."""
    return "auto" if kind in LOW else "one" if kind in ONE else "two"


def headline(verdict: Mapping[str, Any]) -> str:
    """The verdict in one sentence."""
    return HEADLINES[verdict["strictness"]] if verdict["files"] else EMPTY


def by_path(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Findings by the file they are in."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["path"], []).append(row)
    return found


def behaves(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What changes in a running system as (line, words), such as `limit: default of "x": 30 -> 300`; no line for 0."""
    return [(str(row["line"] or ""), visible(_behaves(row))) for row in rows]


def _behaves(row: Mapping[str, Any]) -> str:
    before, after = row["before"], row["after"]
    if before is None and after is None:
        return f"{row['kind']}: {row['why']}"
    values = f"new, {after}" if before is None else f"{before}, gone" if after is None else f"{before} -> {after}"
    return f"{row['kind']}: {row['why']}: {values}"


def objections(why: str) -> tuple[str, ...]:
    """The parts of a reason: what is said first, then what stood in the way of a lower class."""
    return tuple(_MORE.split(why))


def line_of(why: str) -> tuple[int, str]:
    """The line that a reason starts with and the rest of it; 0 for the whole file."""
    found = _LINE.match(why)
    return (int(found[1]), why[found.end() :]) if found else (0, why)


def merged(hits: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    """What is sensitive in a file as (line, kind, why), in order; the two sides of a changed line count once."""
    return sorted({(hit["line"], hit["kind"], visible(_SIDES.sub("", unkeyed(hit, hits)))) for hit in hits})


def unkeyed(hit: Mapping[str, Any], hits: Sequence[Mapping[str, Any]]) -> str:
    """Why something is sensitive; of a line that the secrets sensor names, nothing that could be a key."""
    hidden = not secret_lines(hits).isdisjoint({0, hit["line"]})
    return _KEY.sub(MASKED, str(hit["why"])) if hidden else str(hit["why"])


def grouped(hits: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """What is sensitive as (lines, kind, why): said once with all its lines, the strictest kinds first."""
    found: dict[tuple[str, str], list[int]] = {}
    for line, kind, why in merged(hits):
        found.setdefault((kind, why), []).append(line)
    ranked = sorted(found.items(), key=lambda one: (-ORDER.index(strictness(one[0][0])), one[1][0], one[0]))
    return [(_lines(lines), kind, why) for (kind, why), lines in ranked]


def _lines(numbers: Sequence[int]) -> str:
    """`3, 4, 7 and 2 more`; empty where it is about the whole file."""
    named = [str(number) for number in numbers if number]
    rest = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + rest


def secret_lines(hits: Sequence[Mapping[str, Any]]) -> frozenset[int]:
    """Lines that the secrets sensor names; 0 says any line of the file."""
    return frozenset(hit["line"] for hit in hits if hit["kind"] == "secrets")


def unquoted(why: str, hits: Sequence[Mapping[str, Any]]) -> str:
    """A reason on a screen; what it quotes of a line that the secrets sensor names is masked."""
    quiet = secret_lines(hits)
    named = {int(number) for number in re.findall(r"line (\d{1,9})", why)}
    if quiet and named and (0 in quiet or named <= quiet):
        why = _QUOTED.sub(MASKED, why).split("`")[0]
    elif quiet:
        why = _KEY.sub(MASKED, why)
    return visible(why)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def opinion_words(report: Report, most: int | None = None) -> list[str]:
    """Each new finding of another tool as `path: second opinion: ...`, and what they raise; safe text."""
    if report.opinions is None:
        return []
    said = [visible(f"{one.path}: {one.words}") for one in report.opinions.new]
    left = len(said) - most if most is not None and len(said) > most else 0
    more = [f"and {left} more second opinions"] if left else []
    raised = report.asked != report.found.strictness
    ends = [f"with second opinions this change asks for {ASKS[report.asked]}"] if raised else []
    return [*said[:most], *more, *ends]
