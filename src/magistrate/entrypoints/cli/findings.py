"""`magistrate findings`: what scanners found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import show_list

MAX_NAMED: Final = 12


def union(secrets: Sequence[Mapping[str, Any]], part: str) -> list[str]:
    """What the secrets of a finding open, or who uses them, together; a few of many."""
    found = sorted({str(one) for row in secrets for one in row[part]})
    return [*found[:MAX_NAMED], f"and {len(found) - MAX_NAMED} more"] if len(found) > MAX_NAMED else found


@click.command()
@click.option("--repository", metavar="NAME", help="Of one repository only.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="How many at most; 0 for all.")
@output_option
@home_option
@person_options
@pass_frame
def findings(frame: Frame, *, repository: str | None, limit: int, output: str) -> None:
    """List findings; the id is what `session open` and `remediate` take.

    Of a secret that stands in the open it says which systems the secret opens, and with `-o wide` who uses it;
    `unknown` where nobody declares it.
    """
    rows = list(frame.client().pages("/api/v1/people/findings", "findings", limit=limit, repository=repository))
    for row in rows:
        line = row.get("start_line") or row.get("line") or 0
        row["opens"], row["used_by"] = (union(row.get("secrets") or (), part) for part in ("opens", "consumers"))
        row["where"] = f"{row['path']}:{line}" if line else row["path"]
    show_list(
        output, rows, ("id", "severity", "rule", "where", "message", "opens"), wide=("used by", "tool", "repository", "fingerprint"),
        empty="no finding yet; `magistrate ingest results.sarif` reads some",
    )  # fmt: skip
    if output in {"table", "wide"} and limit and len(rows) == limit:
        click.echo(f"the first {limit}; --limit 0 lists all", err=True)
