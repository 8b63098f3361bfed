"""`magistrate findings`: what scanners found."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import show_list


@click.command()
@click.option("--repository", metavar="NAME", help="Of one repository only.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="How many at most; 0 for all.")
@output_option
@home_option
@person_options
@pass_frame
def findings(frame: Frame, *, repository: str | None, limit: int, output: str) -> None:
    """List findings; the id is what `session open` and `remediate` take."""
    rows = list(frame.client().pages("/api/v1/people/findings", "findings", limit=limit, repository=repository))
    for row in rows:
        line = row.get("start_line") or row.get("line") or 0
        row["where"] = f"{row['path']}:{line}" if line else row["path"]
    show_list(
        output, rows, ("id", "severity", "rule", "where", "message"), wide=("tool", "repository", "fingerprint"),
        empty="no finding yet; `magistrate ingest results.sarif` reads some",
    )  # fmt: skip
    if output in {"table", "wide"} and limit and len(rows) == limit:
        click.echo(f"the first {limit}; --limit 0 lists all", err=True)
