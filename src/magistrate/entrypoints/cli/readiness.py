"""`magistrate readiness`: what may execute where, and until when."""

from __future__ import annotations

import click

from magistrate.domain.impact import LOW
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import show_list
from magistrate.wire.drill import DrillKind


@click.command()
@output_option
@home_option
@person_options
@pass_frame
def readiness(frame: Frame, *, output: str) -> None:
    """List repositories with the drills they have passed; until then only low classes execute."""
    rows = frame.client().get("/api/v1/people/status")["readiness"]
    for row in rows:
        states = row.pop("drills")
        drilled, weak = all(state == "passed" for state in states.values()), row["weak"]
        row |= {"ready": drilled and not weak, **states}
        row["may_execute"] = _may(drilled=drilled, weak=weak)
        row["next"] = "magistrate estate check" if weak else "" if drilled else f"magistrate drill {row['repository']}"
    show_list(
        output, rows, ("repository", "environment", "ready", "may execute"), wide=(*DrillKind, "estate", "weak", "alarm", "next"),
        empty="no repository yet; `magistrate repository add PATH` adds one",
    )  # fmt: skip


def _may(*, drilled: bool, weak: list[str]) -> str:
    if weak:
        return "nothing: analysis only"
    return "approved changes" if drilled else f"low classes only ({', '.join(sorted(LOW))})"
