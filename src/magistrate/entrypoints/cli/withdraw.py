"""`magistrate withdraw ID --reason TEXT`: take your approval back."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.at_the_gate import tell_gate
from magistrate.entrypoints.cli.cases import CASES, fetch_bundle, find_case
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options, reason_option
from magistrate.entrypoints.cli.papers import now, replace_file, seal
from magistrate.entrypoints.cli.screen import short
from magistrate.errors import MagistrateError, NotFound, Unavailable
from magistrate.wire.approval import Approval
from magistrate.wire.document import open_envelope
from magistrate.wire.withdrawal import Withdrawal


@click.command()
@click.argument("id_", metavar="ID")
@reason_option
@home_option
@person_options
@pass_frame
def withdraw(frame: Frame, *, id_: str, reason: str) -> None:
    """Take your approval back; before the effect begins, that stops it.

    The gate is told too, so that a control that keeps the word to itself changes nothing. When control or gate does not
    answer, the signed word goes into the home's file drop, which gate and executor obey by themselves.
    """
    settings, client = frame.settings(), frame.client()
    name = find_case(client, id_)
    own = [
        e for e in fetch_bundle(client, name).approvals
        if open_envelope(e, Approval, deployment=settings.deployment).body.person == client.caller.name
    ]  # fmt: skip
    if not own:
        raise NotFound("MAG-E606", f"`{client.caller.name}` has no approval of {short(name)} that counts")
    body = Withdrawal(
        person=client.caller.name, proposal=name, approval=own[-1].payload_digest(), reason=reason, epoch=now()
    )
    envelope = seal(body, "wdr", [client.caller], deployment=settings.deployment)
    missed, state = [], ""
    try:
        tell_gate(settings, envelope)
    except MagistrateError as error:
        missed.append(error.message)
    try:
        state = client.post(f"{CASES}/{name}/withdrawals", {"envelope": envelope})["state"]
    except Unavailable as error:
        missed.append(error.message)
    if missed:
        drop = settings.freeze / f"withdrawal-{short(name)}-{client.caller.name}.json"
        replace_file(drop, envelope.encode())
        click.echo(f"not everybody answers ({'; '.join(missed)})")
        click.echo(f"written to {drop}: gate and executor obey it until it is taken away")
    if state:
        click.echo(f"approval of {short(name)} withdrawn by {client.caller.name}: now {state}")
