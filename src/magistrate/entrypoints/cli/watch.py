"""`magistrate watch`: follow what happens."""

from __future__ import annotations

import json
import time

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import short
from magistrate.entrypoints.cli.show import show_event

_PAUSE_SECONDS = 1.0


@click.command()
@click.option(
    "--after", type=click.IntRange(0), metavar="SEQ", help="Begin after this entry (else at the end of the log)."
)
@click.option(
    "--for", "seconds", type=click.IntRange(1), metavar="SECONDS", help="Stop after this time (else with ^C)."
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    help="Form: lines, or one JSON object a line.",
)
@home_option
@person_options
@pass_frame
def watch(frame: Frame, *, after: int | None, seconds: int | None, output: str) -> None:
    """Print every entry of the log as it is made."""
    client = frame.client()
    place = after if after is not None else _end(client.get("/api/v1/people/log/checkpoint"))
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        for event in client.get("/api/v1/people/events", after=str(place))["events"]:
            place = max(place, int(event["seq"]))
            if output == "json":
                click.echo(json.dumps(event))
            else:
                event["event"] = f"{event['event']}  {short(str(event.get('subject', '')))}"
                show_event(event)
        time.sleep(_PAUSE_SECONDS)


def _end(answer: dict[str, object]) -> int:
    lines = str(answer.get("checkpoint") or "").split("\n")
    return int(lines[1]) - 1 if len(lines) > 1 and lines[1].isdigit() else -1
