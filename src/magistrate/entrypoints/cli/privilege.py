"""`magistrate privilege diff BEFORE AFTER`: does anybody's power grow? For files and folders, with no server.

The question is put to the assessor behind its walls; files that both sides have alike count as what
stands around the change.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magistrate.entrypoints.cli.screen import show_list, show_value, styled
from magistrate.errors import NotFound, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_FILE: Final = 2_000_000
MAX_ALL: Final = 48_000_000
SKIPPED: Final = frozenset({".git", "node_modules", ".terraform", ".venv"})
GROWS: Final = frozenset({"widened", "incomparable", "unknown"})
FAIL_ON: Final = {"widened": frozenset({"widened", "incomparable"}), "unknown": GROWS}


@click.group("privilege")
def privilege() -> None:
    """Who may do what, and what a change makes of it."""


@privilege.command("diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Choice(["text", "table", "wide", "json", "yaml"]), default="text", show_default=True,
    help="Sentences, a table that pipes, or the rows as they are.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(list(FAIL_ON)), default=None,
    help="Exit 1 where power grows (`widened`), or also where nobody can say (`unknown`).",
)  # fmt: skip
def diff(before: Path, after: Path, output: str, fail_on: str | None) -> int:
    """Compare the rights in two files, or in two folders.

    Reads AWS IAM and security groups (Terraform, plans, CloudFormation, JSON), Kubernetes, GitHub Actions and
    GitLab CI, Dockerfiles and Compose, SQL grants, sudoers, file modes, systemd units, owners and branch rules.
    """
    from magistrate.bootstrap.assess import assessor, missing_walls

    case = _case(before, after)
    reply = assessor().ask({"v": 1, "mode": "privilege", "case": case})
    rows = [{**row, "at": _place(row)} for row in reply["privilege"]]
    if output == "text":
        _sentences(rows, reply["more"])
    elif output in {"json", "yaml"}:
        show_value(output, {"privilege": reply["privilege"], "more": reply["more"]})
    else:
        show_list(output, rows, ["verdict", "who", "gains", "at"], wide=["domain", "witness"], empty=_nothing())
    if walls := missing_walls():
        click.echo(walls, err=True)
    return int(fail_on is not None and any(row["verdict"] in FAIL_ON[fail_on] for row in rows))


def _nothing() -> str:
    return "nobody's power moves, as far as these files hold rights that are read"


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['path']}:{row['line']}" if row.get("line") else str(row["path"])


def _sentences(rows: Sequence[Mapping[str, Any]], more: int) -> None:
    from magistrate.entrypoints.cli.assess_text import POWER, privilege_lines

    if not rows:
        click.echo(_nothing())
        return
    counts = {kind: sum(row["verdict"] == kind for row in rows) for kind in POWER}
    head = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    grows = any(row["verdict"] in GROWS for row in rows)
    click.echo(styled(head, fg="red" if grows else "green", bold=True))
    for line in privilege_lines(rows):
        click.echo(line)
    if more:
        click.echo(f"\n  and {more} more")


def _case(before: Path, after: Path) -> dict[str, Any]:
    """Both sides as a case: what differs is the change, what is alike is the context."""
    for side in (before, after):
        if not side.exists():
            raise NotFound("MAG-E251", f"there is no file or folder `{side}`")
    if before.is_dir() != after.is_dir():
        raise Usage("MAG-E250", "one side is a folder and the other a file", hint="name two files or two folders")
    if before.is_file():
        return {"files": [{"path": after.name, "before": _text(before), "after": _text(after)}]}
    old, new = dict(_texts(before)), dict(_texts(after))
    changed = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    return {
        "files": [{"path": path, "before": old.get(path), "after": new.get(path)} for path in changed],
        "context": {"files": {path: text for path, text in old.items() if new.get(path) == text}},
    }


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    total = 0
    for place in sorted(folder.rglob("*")):
        inside = place.relative_to(folder)
        if place.is_symlink() or not place.is_file() or SKIPPED & set(inside.parts):
            continue
        size = place.stat().st_size
        if size > MAX_FILE:
            click.echo(f"left out, larger than {MAX_FILE // 1_000_000} MB: {inside}", err=True)
            continue
        total += size
        if total > MAX_ALL:
            hint = "name the folders that hold the rights"
            raise Usage("MAG-E250", f"`{folder}` holds more than {MAX_ALL // 1_000_000} MB", hint=hint)
        if (text := _text(place)) is not None:
            yield inside.as_posix(), text


def _text(place: Path) -> str | None:
    try:
        content = place.read_bytes()
    except OSError as error:
        raise NotFound("MAG-E251", f"`{place}` cannot be read: {error.strerror}") from error
    return None if b"\0" in content[:8_000] else content.decode("utf-8", "replace")
