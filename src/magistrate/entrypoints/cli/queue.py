"""`magistrate queue`: what waits for people."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.cases import CASES, needs
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import short, show_list

WAITING = ("IN_REVIEW", "CLEARED", "HALTED")
"""Of the cleared ones only those that something holds: nobody need do anything for the others."""


@click.command()
@click.option("--all", "every", is_flag=True, help="Every case, not only those in review.")
@click.option("--state", metavar="STATE", help="Only cases in this state, like HELD.")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="How many at most; 0 for all.")
@output_option
@home_option
@person_options
@pass_frame
def queue(frame: Frame, *, every: bool, state: str | None, limit: int, output: str) -> None:
    """List what waits for a decision, newest first."""
    chosen = None if every else (state or ",".join(WAITING)).upper()
    rows = list(frame.client().pages(CASES, "cases", limit=limit, state=chosen))
    if not every and not state:
        rows = [row for row in rows if row["state"] != "CLEARED" or row.get("held")]
    for row in rows:
        row["id"] = short(str(row["proposal"]))
        row["needs"] = needs(row)
    show_list(
        output, rows, ("id", "state", "class", "strictness", "needs", "title"),
        wide=("agent", "owner", "repository", "environment", "opened", "expires", "proposal"),
        empty="nothing waits for you" if not every else "no case yet; an agent's proposal opens one",
    )  # fmt: skip
    if output in {"table", "wide"} and limit and len(rows) == limit:
        click.echo(f"the first {limit}; --limit 0 lists all", err=True)
