"""What checkov finds in Terraform, manifests, templates and Dockerfiles of a change and not in its base.

Rule kept: as every second opinion it only raises (ADR 0019). The files are laid out under names
of our own, so that neither a folder, a configuration nor a baseline of the judged repository
reaches the tool; what a file asks to be silent about is looked at all the same, or told. What the
tool could not read, or said nothing of, is named. No text of a file is taken over from an answer.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from magistrate.context.redact import Redactor
from magistrate.domain.impact import FileChange
from magistrate.errors import MagistrateError, Unavailable
from magistrate.ports import Sandbox, SandboxLimits
from magistrate.usecases.evidence import Tool
from magistrate.usecases.opinions import LONGEST, MOST_FILES, MOST_FINDINGS, Opinion, Opinions

CHECKOV: Final = "checkov"
ADVICE: Final = "put it into an environment of its own, with `pipx install checkov`"
ARGUMENTS: Final = (
    "--framework", "terraform", "cloudformation", "kubernetes", "dockerfile", "--output", "json", "--compact",
    "--skip-download", "--download-external-modules", "false", "--soft-fail", "--directory",
)  # fmt: skip
"""It asks nobody, and takes rules from nowhere but its own package."""
ENV: Final = (("CHECKOV_PARALLELIZATION_TYPE", "none"), ("LOG_LEVEL", "ERROR"))
LIMITS: Final = SandboxLimits(cpu_seconds=60, wall_seconds=90, memory_bytes=1 << 32, output_bytes=64_000_000)
MOST_BYTES: Final = 1_000_000
"""Of one file on one side."""
WITHHELD: Final = "its words are not shown: they look like a secret"
SEVERITIES: Final[Mapping[str | None, str]] = {
    None: "unknown", "NONE": "unknown", "OFF": "unknown", "INFO": "informational", "LOW": "low", "MEDIUM": "medium",
    "MODERATE": "medium", "HIGH": "high", "IMPORTANT": "high", "CRITICAL": "high",
}  # fmt: skip
"""Without a key for its vendor's platform the tool names none."""

_DOCKERFILE: Final = re.compile(r"(?:[^/]+\.)?[Dd]ockerfile(?:\.[^/]+)?(?<!\.[Dd]ockerignore)")
_TERRAFORM: Final = (".tf.json", ".tf")
_DATA: Final = (".yaml", ".yml", ".json", ".template")
_KINDS: Final = (*_TERRAFORM, *_DATA)
_MARKED: Final = re.compile(rb"apiVersion|AWS::|AWSTemplateFormatVersion|\A(?:\xff\xfe|\xfe\xff)")
"""What names a manifest or a template in plain letters; in UTF-16 anything may be one."""
_SKIP: Final = re.compile(rb"(checkov|bridgecrew|cortex)(:|\.io/)skip")
_REDACTOR: Final = Redactor(b"no token of it is ever shown")

_Rule = Annotated[str, msgspec.Meta(pattern=r"\ACKV[A-Z0-9]*(_[A-Z0-9]+){1,8}\Z", max_length=60)]
_Words = Annotated[str, msgspec.Meta(max_length=2000)]
_Row = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]


class _Check(msgspec.Struct):
    check_id: _Rule
    check_name: _Words
    file_path: str
    file_line_range: tuple[_Row, _Row]
    resource: _Words
    severity: str | None = None


class _Passed(msgspec.Struct):
    file_path: str


class _Results(msgspec.Struct):
    passed_checks: list[_Passed]
    failed_checks: list[_Check]
    skipped_checks: list[_Check]
    parsing_errors: list[str]


class _Report(msgspec.Struct):
    check_type: str
    results: _Results


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The whole answer where it found nothing to look at."""

    passed: int
    failed: int
    skipped: int
    parsing_errors: int
    resource_count: int
    checkov_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found in each file that was laid out, by the name it was laid out under."""

    found: Mapping[str, tuple[_Check, ...]]
    unread: frozenset[str]
    """Could not be parsed."""
    unseen: frozenset[str]
    """Neither passed nor failed anything."""
    outside: int
    """Findings in files that were not laid out."""


def checkov_opinions(sandbox: Sandbox, tools: Mapping[str, Tool], changes: Iterable[FileChange]) -> Opinions:
    """Ask checkov once about all touched files as they are, and once about the same files as they were."""
    every = [one for one in changes if one.after is not None and _reads(one.path, one.after)]
    if not every:
        return Opinions()
    if CHECKOV not in tools:
        return Opinions(notes=(f"no second opinion: `{CHECKOV}` is not here: {ADVICE}",))
    tool = tools[CHECKOV]
    touched, notes = _chosen(every)
    if not touched:
        return Opinions(notes=tuple(notes), tools=((CHECKOV, tool.digest),))
    after = _scanned(sandbox, tool, {name: one.after or b"" for name, one in touched.items()})
    if after is None:
        named = _listed(one.path for one in touched.values())
        notes.append(f"no second opinion: `{CHECKOV}` gave no answer that can be read for {named}")
        return Opinions(notes=tuple(notes), tools=((CHECKOV, tool.digest),))
    old = {name: one.before for name, one in touched.items() if one.before is not None}
    before = _scanned(sandbox, tool, old) if old else answered({}, _Results([], [], [], []))
    new: list[Opinion] = []
    for name, one in touched.items():
        said, more = _told(one, name, before, after)
        new += said
        notes += more
    if after.outside:
        notes.append(f"second opinion: `{CHECKOV}` finds {after.outside} things in files that it was not given")
    unseen = [touched[name].path for name in sorted(after.unseen, key=list(touched).index)]
    if unseen:
        notes.append(f"no second opinion: `{CHECKOV}` has nothing to say of {_listed(unseen)}")
    return Opinions(new=tuple(new), notes=tuple(notes), tools=((CHECKOV, tool.digest),))


def _chosen(every: Sequence[FileChange]) -> tuple[dict[str, FileChange], list[str]]:
    """The files that are given to the tool by the names of `names_of`, and in words which are left out."""
    sizes = [max(len(one.after or b""), len(one.before or b"")) for one in every]
    large = [one.path for one, size in zip(every, sizes, strict=True) if size > MOST_BYTES]
    fitting = [one for one, size in zip(every, sizes, strict=True) if size <= MOST_BYTES]
    notes: list[str] = []
    if large:
        notes.append(f"no second opinion: larger than {MOST_BYTES:,} bytes for `{CHECKOV}`: {_listed(large)}")
    if len(fitting) > MOST_FILES:
        left = len(fitting) - MOST_FILES
        notes.append(f"no second opinion on {left} files: `{CHECKOV}` is given {MOST_FILES} at most")
    return names_of(fitting[:MOST_FILES]), notes


def names_of(changes: Sequence[FileChange]) -> dict[str, FileChange]:
    """A name for each file that says no more than its kinds and which files lie in one folder.

    A name may speak of two kinds (`Dockerfile.tf`): then it is looked at as both.
    """
    folders: dict[str, int] = {}
    named: dict[str, FileChange] = {}
    for number, one in enumerate(changes):
        folder, _, name = one.path.rpartition("/")
        place = folders.setdefault(folder, len(folders))
        kind = next((end for end in _KINDS if name.lower().endswith(end)), "")
        own = f"Dockerfile.f{number}{kind}" if _DOCKERFILE.fullmatch(name) else f"f{number}{kind}"
        named[f"d{place}/{own}"] = one
    return named


def read_answer(output: bytes, laid_out: Collection[str], top: Path) -> Answer | None:
    """The answer of checkov in JSON; None when it is of another form."""
    reports = _decoded(output)
    if reports is None:
        return None
    both = _Results([], [], [], [])
    for one in reports:
        both.passed_checks += one.passed_checks
        both.failed_checks += one.failed_checks
        both.skipped_checks += one.skipped_checks
        both.parsing_errors += [error.removeprefix(str(top)) for error in one.parsing_errors]
    return answered(laid_out, both)


def _decoded(output: bytes) -> list[_Results] | None:
    """One report, several, or the short form for none."""
    forms: tuple[Any, ...] = (list[_Report], _Report, _Nothing)
    for form in forms:
        try:
            said = msgspec.json.decode(output, type=form)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue
        if isinstance(said, _Nothing):
            return []
        return [one.results for one in (said if isinstance(said, list) else [said])]
    return None


def answered(laid_out: Collection[str], results: _Results) -> Answer:
    """What was said of each file; what is said of any other is counted and goes no further."""
    found: dict[str, list[_Check]] = {name: [] for name in laid_out}
    outside = 0
    for one in (*results.failed_checks, *results.skipped_checks):
        rows = found.get(one.file_path.removeprefix("/"))
        if rows is None:
            outside += 1
        else:
            rows.append(one)
    errors = [error.removeprefix("/") for error in results.parsing_errors]
    passed = {one.file_path.removeprefix("/") for one in results.passed_checks}
    unread = frozenset(errors) & frozenset(found)
    outside += sum(error not in found for error in errors)
    unseen = frozenset(name for name, rows in found.items() if not rows and name not in passed | unread)
    return Answer(
        found={name: tuple(rows) for name, rows in found.items()}, unread=unread, unseen=unseen, outside=outside
    )


def _reads(path: str, content: bytes) -> bool:
    """Whether it is of a kind that checkov is asked about here; YAML and JSON only with a mark of one."""
    name = path.rpartition("/")[2]
    if name.lower().endswith(_TERRAFORM) or _DOCKERFILE.fullmatch(name):
        return True
    return name.lower().endswith(_DATA) and _MARKED.search(content) is not None


def _scanned(sandbox: Sandbox, tool: Tool, contents: Mapping[str, bytes]) -> Answer | None:
    loud = {name: _SKIP.sub(rb"\1\2s_ip", content) for name, content in contents.items()}
    with tempfile.TemporaryDirectory(prefix="magistrate-opinion-") as made:
        folder = Path(made).resolve()
        top, scratch = folder / "given", folder / "scratch"
        try:
            folder.chmod(0o755)
            scratch.mkdir()
            for name, content in loud.items():
                place = top / name
                place.parent.mkdir(parents=True, exist_ok=True)
                for parent in (top, place.parent):
                    parent.chmod(0o755)
                place.write_bytes(content)
                place.chmod(0o644)
            result = sandbox.run(
                [*tool.start, *ARGUMENTS, str(top)],
                read_only=[*tool.shown, top], writable=scratch, cwd=scratch, env=dict((*tool.env, *ENV)), limits=LIMITS,
            )  # fmt: skip
        except (Unavailable, OSError):
            return None
    return read_answer(result.stdout, loud, top) if result.clean else None


def _told(one: FileChange, name: str, before: Answer | None, after: Answer) -> tuple[list[Opinion], list[str]]:
    """What is new in one file, the gravest first, and what has to be said beside it."""
    notes: list[str] = []
    if name in after.unread:
        notes.append(f"no second opinion: `{CHECKOV}` could not read {one.path}")
    known = () if before is None else before.found.get(name, ())
    if after.found[name] and one.before is not None and (before is None or name in before.unread):
        notes.append(f"second opinion: `{CHECKOV}` could not read {one.path} before; all it finds counts as new")
    new = _new(one, known, after.found[name])
    if len(new) > MOST_FINDINGS:
        notes.append(f"second opinion: `{CHECKOV}` finds {len(new) - MOST_FINDINGS} more things in {one.path}")
    return new[:MOST_FINDINGS], notes


def _new(change: FileChange, before: Sequence[_Check], after: Sequence[_Check]) -> list[Opinion]:
    """What occurs more often after than before, by rule, severity and resource; no line is part of it."""
    known = Counter((one.check_id, one.severity, one.resource) for one in before)
    last = (change.after or b"").count(b"\n") + 1
    found: list[Opinion] = []
    for one in after:
        mark = (one.check_id, one.severity, one.resource)
        if known[mark]:
            known[mark] -= 1
            continue
        line, severity = min(max(one.file_line_range[0], 1), last), SEVERITIES.get(one.severity, "unknown")
        rule, why = one.check_id, words(one.check_name)
        found.append(Opinion(tool=CHECKOV, rule=rule, path=change.path, line=line, severity=severity, why=why))
    return sorted(found, key=lambda one: (one.severity != "high", one.line))


@lru_cache(maxsize=1024)
def words(name: str) -> str:
    """The name of a rule as it may be shown: one short line, nothing hidden, nothing like a secret."""
    try:
        if _REDACTOR.redact(name).count:
            return WITHHELD
    except MagistrateError:
        return WITHHELD
    plain = "".join(one if one.isprintable() else " " for one in name)
    return " ".join(plain.split())[:LONGEST]


def _listed(paths: Iterable[str]) -> str:
    """The first few names, and how many more."""
    every = list(paths)
    shown, left = every[:3], len(every) - 3
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")
