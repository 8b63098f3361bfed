"""`magistrate thaw`: two persons lift a freeze."""

from __future__ import annotations

import click

from magistrate.adapters.stop_files import drop_stop, read_stops
from magistrate.authority.stops import Stops, persons_needed, standing_freezes
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.freeze import hand_over
from magistrate.entrypoints.cli.papers import add_signature, now, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_pairs, visible
from magistrate.errors import NotFound, Refused, Usage
from magistrate.settings import Settings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Thaw


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--reason", metavar="TEXT", help="Why it is over; the first who signs says it, kept in the log.")
@home_option
@person_options
@pass_frame
def thaw(frame: Frame, *, id_: str | None, reason: str | None) -> None:
    """Sign that a freeze is over; with the second person's signature it is lifted.

    ID is only needed where several freezes stand.
    """
    settings, caller = frame.settings(), frame.caller()
    roster, stops = own_roster(settings), read_stops(settings.freeze)
    if stops.unreadable:
        raise Refused(
            "MAG-E388", f"`{stops.unreadable[0]}` in {settings.freeze} cannot be read, and stops everything",
            hint="take it away first",
        )  # fmt: skip
    roster.person(caller.name)
    name, freeze = _chosen(standing_freezes(stops, roster), id_)
    parked = _parked(stops, name, settings)
    if parked is None:
        if not reason:
            raise Usage("MAG-E601", "nobody has said yet why this freeze is over", hint="add --reason TEXT")
        body = Thaw(freeze=name, reason=reason, epoch=max(now(), freeze.epoch + 1))
        envelope = seal(body, "thw", [caller], deployment=settings.deployment)
    else:
        said = open_envelope(parked, Thaw, deployment=settings.deployment).body.reason
        show_pairs({"frozen by": f"{freeze.person}: {visible(freeze.reason)}", "over because": visible(said)})
        envelope = add_signature(parked, Thaw, caller, deployment=settings.deployment)
    missing = persons_needed(roster) - len(roster.signers(envelope))
    if missing > 0:
        place = drop_stop(settings.freeze, envelope)
        click.echo(f"signed as {caller.name}; {missing} more must sign before {short(name)} is lifted: magistrate thaw")
        click.echo(f"until then it waits in {place}, and everything stays frozen")
        return
    original = next(e for e in stops.freezes if e.payload_digest() == name)
    hand_over(frame, original, envelope)
    click.echo(f"lifted: {short(name)}, frozen by {freeze.person} ({visible(freeze.reason)})")


def _chosen(standing: dict[str, Freeze], typed: str | None) -> tuple[str, Freeze]:
    found = {name: freeze for name, freeze in standing.items() if short(name).startswith(typed or "")}
    if not found:
        raise NotFound("MAG-E606", "no such freeze stands" if typed else "nothing is frozen")
    if len(found) > 1:
        each = "; ".join(f"{short(name)} by {freeze.person}: {freeze.reason[:60]}" for name, freeze in found.items())
        raise Usage("MAG-E606", f"{len(found)} freezes stand: {visible(each)}", hint="magistrate thaw ID")
    return next(iter(found.items()))


def _parked(stops: Stops, name: str, settings: Settings) -> Envelope | None:
    """A thaw of this freeze that still lacks a signature."""
    for envelope in stops.thaws:
        if open_envelope(envelope, Thaw, deployment=settings.deployment).body.freeze == name:
            return envelope
    return None
