"""`magistrate close ID --reason TEXT`: two persons say that a halted case is over."""

from __future__ import annotations

from typing import Any

import click

from magistrate.authority.closures import verify_may_close
from magistrate.entrypoints.cli.cases import CASES, fetch_bundle, find_case
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options, reason_option
from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_pairs, visible
from magistrate.errors import Refused
from magistrate.wire.closure import Closure
from magistrate.wire.effect import GitEffect
from magistrate.wire.proposal import Proposal


@click.command()
@click.argument("id_", metavar="ID")
@reason_option
@home_option
@person_options
@pass_frame
def close(frame: Frame, *, id_: str, reason: str) -> None:
    """Sign that a halted case is over; with the second person's signature its ref is free again.

    Until then nothing executes on that ref. You sign that you looked at the commit where it stands now.
    The owner of the agent that wrote the change does not count, except alone in solo.
    """
    settings, client = frame.settings(), frame.client()
    name = find_case(client, id_)
    told: dict[str, Any] = client.get(f"{CASES}/{name}/halt")
    roster = own_roster(settings)
    bundle = fetch_bundle(client, name)
    proposal = roster.open_by_front(bundle.proposal, Proposal).body
    effect, tip = proposal.effect, str(told["tip"])
    if bundle.proposal.payload_digest() != name or not isinstance(effect, GitEffect):
        raise Refused("MAG-E605", "control handed out another case than the one asked for")
    verify_may_close(roster.person(client.caller.name), proposal.owner, roster)
    said = [f"{one['person']} at {one['tip'][:12] or 'nothing'}: {one['reason']}" for one in told["closures"]]
    show_pairs(
        {
            "halted": f"{short(name)}: {visible(str(told['why']))}",
            "stands": f"{effect.ref} of {effect.repository} at {tip or 'nothing'}",
            "signed by": said or ["nobody yet"],
        }
    )
    body = Closure(
        person=client.caller.name, proposal=name, repository=effect.repository, ref=effect.ref, tip=tip, reason=reason,
        self_reviewed=client.caller.name == proposal.owner,
    )  # fmt: skip
    envelope = seal(body, "cls", [client.caller], deployment=settings.deployment)
    answer = client.post(f"{CASES}/{name}/closures", {"envelope": envelope})
    if answer["state"] == "CLOSED":
        click.echo(f"closed: {short(name)}; {effect.ref} of {effect.repository} is free again")
        return
    click.echo(f"signed as {client.caller.name}; {answer['missing']} more must sign: magistrate close {short(name)}")
    click.echo(f"until then nothing executes on {effect.ref} of {effect.repository}")
