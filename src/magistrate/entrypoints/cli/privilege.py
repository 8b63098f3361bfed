"""`magistrate privilege diff BEFORE AFTER`: does anybody's power grow? For files and folders, with no server.

The question is put to the assessor behind its walls; files that both sides have alike count as what
stands around the change.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magistrate.entrypoints.cli.privilege_sides import sides_of
from magistrate.entrypoints.cli.screen import show_list, show_value, styled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    Reads AWS IAM and security groups (Terraform, plans, CloudFormation, JSON), Kubernetes (kustomizations and charts as
    kustomize or kubectl and helm render them, where these are here), GitHub Actions and
    GitLab CI, Dockerfiles and Compose, SQL grants, sudoers, file modes, systemd units, owners and branch rules.
    """
    from magistrate.bootstrap.assess import assessor, missing_walls

    sides = sides_of(before, after)
    reply, notes = assessor().power_of(sides.case)
    moved = [*sides.rows, *reply["privilege"]]
    rows = [{**row, "at": _place(row)} for row in moved]
    if output == "text":
        _sentences(rows, reply["more"])
    elif output in {"json", "yaml"}:
        show_value(output, {"privilege": moved, "more": reply["more"]})
    else:
        show_list(output, rows, ["verdict", "who", "gains", "at"], wide=["domain", "witness"], empty=_nothing())
    for note in (*sides.notes, *notes, *((walls,) if (walls := missing_walls()) else ())):
        click.echo(note, err=True)
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
