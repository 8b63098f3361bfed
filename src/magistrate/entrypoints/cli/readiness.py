"""`magistrate readiness`: what may execute where, and until when."""

from __future__ import annotations

import click

from magistrate.domain.impact import LOW
from magistrate.entrypoints.cli.at_the_gate import closed_repositories, words
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import show_list, visible
from magistrate.errors import MagistrateError
from magistrate.wire.drill import DrillKind


@click.command()
@output_option
@home_option
@person_options
@pass_frame
def readiness(frame: Frame, *, output: str) -> None:
    """List repositories with the drills they have passed; until then only low classes execute."""
    rows = frame.client().get("/api/v1/people/status")["readiness"]
    try:
        closed = {one["repository"]: one for one in closed_repositories(frame)}
    except MagistrateError as error:
        click.echo(f"whether a foreign lease closes a repository is not known: {error.message}", err=True)
        closed = {}
    for row in rows:
        states = row.pop("drills")
        drilled, weak = all(state == "passed" for state in states.values()), row["weak"]
        row |= {"ready": drilled and not weak and row["repository"] not in closed, **states}
        row["closed"] = words(closed[row["repository"]]) if row["repository"] in closed else ""
        row["may_execute"] = "nothing: closed by a foreign lease" if row["closed"] else _may(drilled=drilled, weak=weak)
        row["next"] = (
            "magistrate thaw"
            if row["closed"]
            else "magistrate estate check"
            if weak
            else ""
            if drilled
            else _drill(row)
        )
    for row in rows:
        if row.get("alarm") and output in {"table", "wide"}:
            click.echo(f"alarm: {row['repository']}: {visible(str(row['alarm']))}", err=True)
    show_list(
        output, rows, ("repository", "environment", "ready", "may execute"), wide=("stage", *DrillKind, "estate", "weak", "alarm", "closed", "next"),
        empty="no repository yet; `magistrate repository add PATH` adds one",
    )  # fmt: skip


def _drill(row: dict[str, str]) -> str:
    where = f" --environment {row['environment']}" if row["stage"] else ""
    return f"magistrate drill {row['repository']}{where}"


def _may(*, drilled: bool, weak: list[str]) -> str:
    if weak:
        return "nothing: analysis only"
    return "approved changes" if drilled else f"low classes only ({', '.join(sorted(LOW))})"
