"""`magistrate reject ID --reason TEXT`: one no ends a case."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.cases import CASES, find_case
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options, reason_option
from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.screen import short
from magistrate.wire.rejection import Rejection


@click.command()
@click.argument("id_", metavar="ID")
@reason_option
@home_option
@person_options
@pass_frame
def reject(frame: Frame, *, id_: str, reason: str) -> None:
    """Say no to a case in review; signed, with the reason, and final."""
    client = frame.client()
    name = find_case(client, id_)
    body = Rejection(person=client.caller.name, proposal=name, reason=reason)
    envelope = seal(body, "rej", [client.caller], deployment=frame.settings().deployment)
    answer = client.post(f"{CASES}/{name}/rejections", {"envelope": envelope})
    click.echo(f"rejected {short(name)} as {client.caller.name}: now {answer['state']}")
