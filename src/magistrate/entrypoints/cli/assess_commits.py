"""`assess --commits RANGE`: one verdict for each commit of a history, and what they come to."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from magistrate.entrypoints.cli.assess_words import ASKS, LOW, ORDER
from magistrate.entrypoints.cli.screen import styled, visible
from magistrate.errors import MagistrateError, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from magistrate.usecases.assess_many import Change, Verdict

MOST: Final = 10_000
"""Commits that one call takes."""
CANNOT: Final = 4
SHORT: Final = 12
COLOURS: Final = {"auto": "green", "one": "yellow", "two": "red", "deny": "red"}
STEP: Final = 20
WIDTH: Final = 100


def judge_commits(repo: Path, revisions: str, fail_on: str | None, form: str, *, quiet: bool = False) -> int:
    """Judge every commit against its first parent; returns the exit status.

    Text goes out as it is found, one line a commit, newest first; JSON is one verdict a line, as
    of `--cases`, with the commit as its `id`.

    Raises:
        Usage, NotFound: where the range is none, or too long.
    """
    from magistrate.bootstrap.assess import assessor, missing_walls, reader
    from magistrate.entrypoints.cli.assess_cases import status_of
    from magistrate.usecases.assess_many import ManyChanges, changes_of

    if form not in {"text", "json"}:
        raise Usage("MAG-E250", "`--commits` answers as text or as JSON lines")
    git = reader(repo)
    titled = changes_of(git, revisions, MOST + 1)
    if len(titled) > MOST:
        raise Usage("MAG-E250", f"`{revisions[:80]}` has more than {MOST} commits", hint="name a shorter range")
    titles = {change.name: title for change, title in titled}
    counted: Counter[str] = Counter()
    judged = ManyChanges(assessor=assessor(), git=git).judge(change for change, _ in titled)
    for change, verdict in _with_progress(judged, len(titled), quiet=quiet):
        counted["failed" if isinstance(verdict, MagistrateError) else verdict.strictness] += 1
        if not quiet:
            click.echo(_line(change, verdict, titles[change.name]) if form == "text" else _json(change, verdict))
    if not quiet and form == "text":
        click.echo(_summary(counted), err=not sys.stdout.isatty())
    if (walls := missing_walls()) and not quiet:
        click.echo(walls, err=True)
    return CANNOT if counted["failed"] else status_of([one for one in ORDER if counted[one]], fail_on)


def _with_progress(
    judged: Iterator[tuple[Change, Verdict]], total: int, *, quiet: bool
) -> Iterator[tuple[Change, Verdict]]:
    """The same, with a count on standard error where a person looks at it and the answer goes elsewhere."""
    shown = sys.stderr.isatty() and not sys.stdout.isatty() and not quiet
    for number, one in enumerate(judged, 1):
        yield one
        if shown and (number % STEP == 0 or number == total):
            click.echo(f"\r{number} of {total} commits judged", err=True, nl=number == total)


def _line(change: Change, verdict: Verdict, title: str) -> str:
    head = change.name[:SHORT]
    if isinstance(verdict, MagistrateError):
        return (
            f"{head}  {styled('not judged'.ljust(10), fg='red')}  {visible(verdict.code)}  {visible(verdict.message)}"
        )
    classes = [str(name) for name in verdict.verdict["classes"]]
    first = [name for name in classes if name not in LOW] or classes
    if not sys.stdout.isatty():
        return "\t".join((change.name, verdict.strictness, ",".join(classes), visible(title)))
    words = ", ".join(first[:2]) + (f" +{len(classes) - 2}" if len(first) > 2 else "")  # noqa: PLR2004 - two are shown
    asks = styled(ASKS[verdict.strictness].ljust(10), fg=COLOURS[verdict.strictness])
    line = f"{head}  {asks}  {words.ljust(28)}  "
    room = shutil.get_terminal_size((WIDTH, 24)).columns - SHORT - 2 - 10 - 2 - max(28, len(words)) - 2
    shown = visible(title)
    return line + (shown if len(shown) <= room else shown[: max(room - 1, 0)] + "…")


def _json(change: Change, verdict: Verdict) -> bytes:
    from magistrate.wire.canonical import canonical

    if isinstance(verdict, MagistrateError):
        wrong = {"code": verdict.code, "message": verdict.message}
        return canonical({"id": change.name, "error": wrong, "auto_eligible": False})
    return canonical(verdict.verdict)


def _summary(counted: Counter[str]) -> str:
    total = counted.total()
    parts = [f"{ASKS[one]} {counted[one]} ({counted[one] / total:.0%})" for one in ORDER if counted[one]]
    failed = f"; not judged: {counted['failed']}" if counted["failed"] else ""
    return f"{total} commits ask for: {', '.join(parts) or 'nothing'}{failed}"
