"""Second opinions: what another scanner finds in the result of a change and not in its base.

Rule kept: an opinion stands beside the verdict, never in it, and only raises (ADR 0019). A tool
that is missing, fails, is cut short or answers in another form is said in words and lowers
nothing. A base that cannot be scanned counts as a base without findings, so that nothing is
hidden by it.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from magistrate.domain.impact import FileChange
from magistrate.errors import Unavailable
from magistrate.ports import Sandbox, SandboxLimits
from magistrate.usecases.evidence import Tool

ZIZMOR: Final = "zizmor"
ADVICE: Final = "pip install 'magistrate[opinions]'"
ARGUMENTS: Final = (
    "--offline", "--no-config", "--no-ignores", "--no-progress", "--quiet", "--color=never", "--strict-collection",
    "--no-exit-codes", "--format=json-v1", "--",
)  # fmt: skip
"""Neither configuration nor comments of the judged repository silence it, and it asks nobody."""
LIMITS: Final = SandboxLimits(cpu_seconds=20, wall_seconds=30, memory_bytes=1 << 32, output_bytes=4_000_000)
MOST_FILES: Final = 40
MOST_FINDINGS: Final = 200
"""Of one file; more is an answer that nobody reads."""
LONGEST: Final = 160
ORDER: Final = ("auto", "one", "two", "deny")

_READ: Final = re.compile(r"\.github/workflows/[^/]+\.ya?ml|(?:.*/)?action\.ya?ml|\.github/dependabot\.ya?ml")
_RULE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_SEVERITIES: Final = ("Unknown", "Informational", "Low", "Medium", "High")


class _Determinations(msgspec.Struct):
    severity: str


class _Symbolic(msgspec.Struct):
    annotation: str
    kind: str
    route: dict[str, list[dict[str, str | int]]]


class _Point(msgspec.Struct):
    row: int


class _Range(msgspec.Struct):
    start_point: _Point


class _Concrete(msgspec.Struct):
    location: _Range
    feature: str


class _Location(msgspec.Struct):
    symbolic: _Symbolic
    concrete: _Concrete


class _Finding(msgspec.Struct):
    ident: str
    desc: str
    determinations: _Determinations
    locations: list[_Location]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One finding that the change brings; `line` counts from 1 in the result."""

    tool: str
    rule: str
    path: str
    line: int
    severity: str
    why: str

    @property
    def words(self) -> str:
        """As a person reads it."""
        return f"second opinion: {self.tool} {self.rule} at line {self.line} ({self.severity}): {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What the other tools say about one change, and in words what they could not say."""

    new: tuple[Opinion, ...] = ()
    notes: tuple[str, ...] = ()
    tools: tuple[tuple[str, str], ...] = ()
    """Names and digests of those that were asked."""

    def raised(self, strictness: str) -> str:
        """The strictness with the opinions: a new high finding asks for two people, one of unknown weight for one."""
        asked = "two" if any(one.severity == "high" for one in self.new) else "auto"
        least = "one" if any(one.severity == "unknown" for one in self.new) else "auto"
        return max(strictness, asked, least, key=ORDER.index)

    def beside(self, other: Opinions) -> Opinions:
        """Both together."""
        return Opinions(new=self.new + other.new, notes=self.notes + other.notes, tools=self.tools + other.tools)

    def plain(self, strictness: str) -> dict[str, Any]:
        """For machines: beside a verdict, never inside it."""
        return {
            "strictness": self.raised(strictness),
            "new": [_row(one) for one in self.new],
            "notes": list(self.notes),
            "tools": [{"name": name, "digest": digest} for name, digest in self.tools],
        }


def second_opinions(sandbox: Sandbox, tools: Mapping[str, Tool], changes: Iterable[FileChange]) -> Opinions:
    """Ask zizmor about every touched workflow, action and Dependabot file, before and after."""
    touched = [one for one in changes if one.after is not None and _READ.fullmatch(one.path)]
    if not touched:
        return Opinions()
    if ZIZMOR not in tools:
        return Opinions(notes=(f"no second opinion: `{ZIZMOR}` is not here: {ADVICE}",))
    tool = tools[ZIZMOR]
    new: list[Opinion] = []
    notes: list[str] = []
    for one in touched[:MOST_FILES]:
        after = _scanned(sandbox, tool, one.path, one.after)
        if after is None:
            notes.append(f"no second opinion: `{ZIZMOR}` gave no answer that can be read for {one.path}")
            continue
        before = [] if one.before is None else _scanned(sandbox, tool, one.path, one.before)
        if before is None:
            notes.append(f"second opinion: `{ZIZMOR}` could not read {one.path} before; all it finds counts as new")
        new += _new(one.path, before or [], after)
    if len(touched) > MOST_FILES:
        notes.append(f"no second opinion on {len(touched) - MOST_FILES} files: {MOST_FILES} at most are scanned")
    return Opinions(new=tuple(new), notes=tuple(notes), tools=((ZIZMOR, tool.digest),))


def findings(output: bytes) -> list[_Finding] | None:
    """The answer of zizmor (json-v1), or None when it is of another form or size."""
    try:
        found = msgspec.json.decode(output, type=list[_Finding])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    fine = all(
        _RULE.fullmatch(one.ident)
        and one.determinations.severity in _SEVERITIES
        and one.locations
        and all(0 <= place.concrete.location.start_point.row < 1 << 31 for place in one.locations)
        for one in found
    )
    return found if fine and len(found) <= MOST_FINDINGS else None


def _scanned(sandbox: Sandbox, tool: Tool, path: str, content: bytes | None) -> list[_Finding] | None:
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return None
    with tempfile.TemporaryDirectory(prefix="magistrate-opinion-") as made:
        folder = Path(made).resolve()
        place = folder / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            for parent in (folder, *(folder / one for one in Path(path).parents)):
                parent.chmod(0o755)
            place.write_bytes(content or b"")
            place.chmod(0o644)
            result = sandbox.run(
                [*tool.start, *ARGUMENTS, str(place)],
                read_only=[*tool.shown, folder], cwd=folder, env=dict(tool.env), limits=LIMITS,
            )  # fmt: skip
        except (Unavailable, OSError, ValueError):  # a name that no file here can have is no file to scan
            return None
    return findings(result.stdout) if result.clean else None


def _new(path: str, before: Sequence[_Finding], after: Sequence[_Finding]) -> list[Opinion]:
    """What occurs more often after than before, by rule and fingerprint; no line number is part of either."""
    known = Counter(_fingerprint(one) for one in before)
    found: list[Opinion] = []
    for one in after:
        mark = _fingerprint(one)
        if known[mark]:
            known[mark] -= 1
            continue
        main = next((place for place in one.locations if place.symbolic.kind == "Primary"), one.locations[0])
        found.append(
            Opinion(
                tool=ZIZMOR,
                rule=one.ident,
                path=path,
                line=main.concrete.location.start_point.row + 1,
                severity=one.determinations.severity.lower(),
                why=" ".join(one.desc.split())[:LONGEST],
            )
        )
    return found


def _fingerprint(one: _Finding) -> tuple[object, ...]:
    """Rule, severity and, of each place, its keys, what is said of it and its first line."""
    places = [
        (
            tuple(step["Key"] for step in place.symbolic.route.get("route", []) if "Key" in step),
            place.symbolic.annotation,
            place.concrete.feature.strip().partition("\n")[0],
        )
        for place in one.locations
    ]
    return (one.ident, one.determinations.severity, tuple(sorted(places, key=repr)))


def _row(one: Opinion) -> dict[str, Any]:
    return {
        "tool": one.tool, "rule": one.rule, "path": one.path, "line": one.line, "severity": one.severity,
        "why": one.why,
    }  # fmt: skip
