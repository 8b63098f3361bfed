"""`magistrate readiness`: what may execute where, and until when."""

from __future__ import annotations

import click

from magistrate.domain.impact import LOW
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import show_list


@click.command()
@output_option
@home_option
@person_options
@pass_frame
def readiness(frame: Frame, *, output: str) -> None:
    """List repositories with the drills they have passed; until then only low classes execute."""
    rows = frame.client().get("/api/v1/people/status")["readiness"]
    for row in rows:
        ready = row.get("ready") or row.get("drilled")
        row["may_execute"] = "approved changes" if ready else f"low classes only ({', '.join(sorted(LOW))})"
        if not ready:
            row["next"] = f"magistrate drill {row.get('repository', '')}"
    show_list(
        output, rows, ("repository", "environment", "ready", "until", "may execute"), wide=("missing", "passed", "next"),
        empty="no repository yet; `magistrate repository add PATH` adds one",
    )  # fmt: skip
