"""What the provers said of each file: the apt one in front, all of them when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from magistrate.entrypoints.cli.assess_words import behaves
from magistrate.entrypoints.cli.frame import F
from magistrate.entrypoints.cli.screen import short, visible

MAX_NAMED: Final = 20


def provers_option(command: F) -> F:
    """`--all-provers`."""
    return click.option(
        "--all-provers", "every", is_flag=True, help="What each prover said of each file, not the apt one alone."
    )(command)


def proof_lines(files: Sequence[Mapping[str, Any]], *, every: bool) -> Iterator[str]:
    """One line a file with the proof in front; below it, when asked, each prover with its status and reason."""
    for file in files:
        proof, tried = file["proof"], file.get("tried") or []
        more = f" ({len(tried)} provers read it: --all-provers)" if len(tried) > 1 and not every else ""
        said = f"{proof['status']} by {proof['rule']}: {visible(proof['why'])}"
        yield f"  {visible(file['path'])}: {file['class']}, {said}{more}"
        if every:
            yield from (
                f"      {one['rule']} for {one['class']}: {one['status']}, {visible(one['why'])}" for one in tried
            )


def power_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Whose power a change moves, one thing a line, with the request that shows it."""
    for row in rows:
        line = f":{row['line']}" if row.get("line") else ""
        who = visible(row["who"]) or "somebody"
        says = f"{row['verdict']}: {who}: {visible(row['gains'])} at {visible(row.get('path', ''))}{line}"
        yield f"  privilege: {says} ({visible(row['witness'])})"


def behaviour_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What changes in a running system, one line each with its place."""
    for row, (line, words) in zip(rows, behaves(rows), strict=True):
        yield f"  behaviour: {words} at {visible(row['path'])}{':' + line if line else ''}"


def lasting_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the inverse change does not undo, one line each with its place (R30)."""
    for row in rows:
        where = f"{visible(row['path'])}:{row['line']}" if row["line"] else visible(row["path"])
        yield f"  no way back: {visible(row['operation'])} at {where}: {visible(row['why'])}"


def secret_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Which secrets a change touches, what each opens and who uses it (R36)."""
    for row in rows:
        where = f"{visible(row['path'])}:{row['line']}" if row["line"] else visible(row["path"])
        yield f"  secret {visible(row['name'])} at {where}: {secret_words(row)}"


def secret_words(row: Mapping[str, Any]) -> str:
    """What one opens and who uses it."""
    opens, used = (
        f"{', '.join(map(visible, row[part][:MAX_NAMED]))}"
        + (f" and {len(row[part]) - MAX_NAMED} more" if len(row[part]) > MAX_NAMED else "")
        for part in ("opens", "consumers")
    )
    return f"opens {opens}; used by {used or 'nothing that is here'}"


def chain_lines(chain: Mapping[str, Any] | None) -> Iterator[str]:
    """What the change comes to together with others by the same hands, and which those are (R31, R32)."""
    if not chain:
        return
    landed, members = chain["landed"], chain["members"]
    yield f"  together it asks for {chain['strictness']}, alone for {chain['alone']}: {visible(chain['why'])}"
    for words, names in (("landed", members[:landed]), ("in flight", members[landed:])):
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        if names:
            yield f"    {words}: {', '.join(short(name) for name in names[-MAX_NAMED:])}{more}"


def prover_rows(files: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each prover's word as one row, in the form of a reason."""
    return [
        {
            "rule": one["rule"], "source": f"prover: {one['status']}", "why": f"{file['path']}: {one['why']}",
            "relax": "",
        }
        for file in files
        for one in (file.get("tried") or [{**file["proof"], "class": file["class"]}])
    ]  # fmt: skip
