"""`magistrate thaw`: two persons lift a freeze, or open what a foreign lease closed."""

from __future__ import annotations

from typing import Any

import click

from magistrate.adapters.stop_files import drop_stop, read_stops
from magistrate.authority.closures import CLOSING
from magistrate.authority.stops import Stops, joined, lifting, persons_needed, standing_freezes
from magistrate.entrypoints.cli.at_the_gate import closed_repositories, found_at, stops_at_gate, words
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.freeze import hand_over
from magistrate.entrypoints.cli.papers import add_signature, now, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_pairs, visible
from magistrate.errors import MagistrateError, NotFound, Refused, Usage
from magistrate.settings import Settings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Thaw


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--reason", metavar="TEXT", help="Why it is over; the first who signs says it, kept in the log.")
@home_option
@person_options
@pass_frame
def thaw(frame: Frame, *, id_: str | None, reason: str | None) -> None:
    """Sign that a freeze is over; with the second person's signature it is lifted.

    ID is only needed where several freezes stand. A repository that a lease of nobody closed is opened alike.
    """
    settings, caller = frame.settings(), frame.caller()
    roster, stops = own_roster(settings), joined(read_stops(settings.freeze), stops_at_gate(frame)[0])
    if stops.unreadable:
        raise Refused(
            "MAG-E388", f"`{stops.unreadable[0]}` in {settings.freeze} cannot be read, and stops everything",
            hint="take it away first",
        )  # fmt: skip
    if not CLOSING & set(roster.person(caller.name).roles):
        raise Refused("MAG-E122", f"`{caller.name}` operates and owns nothing here", hint="another person lifts it")
    frozen = standing_freezes(stops, roster)
    said = {name: f"by {freeze.person}: {freeze.reason}" for name, freeze in frozen.items()}
    closed = {str(one["name"]): one for one in _closed(frame)}
    name = _chosen(said | {key: words(one) for key, one in closed.items()}, id_)
    since, why = (frozen[name].epoch, said[name]) if name in frozen else (found_at(closed[name]), words(closed[name]))
    parked = _parked(stops, name, settings)
    if parked is None:
        if not reason:
            raise Usage("MAG-E601", "nobody has said yet why this freeze is over", hint="add --reason TEXT")
        body = Thaw(freeze=name, reason=reason, epoch=max(now(), since + 1))
        envelope = seal(body, "thw", [caller], deployment=settings.deployment)
    else:
        over = open_envelope(parked, Thaw, deployment=settings.deployment).body.reason
        show_pairs({"stopped": visible(why), "over because": visible(over)})
        envelope = add_signature(parked, Thaw, caller, deployment=settings.deployment)
    missing = persons_needed(roster) - len(lifting(envelope, roster))
    if missing > 0:
        place = drop_stop(settings.freeze, envelope)
        click.echo(f"signed as {caller.name}; {missing} more must sign before {short(name)} is lifted: magistrate thaw")
        click.echo(f"until then it waits in {place}, and everything stays frozen")
        return
    if name in frozen:
        hand_over(frame, next(e for e in (*stops.freezes, *stops.kept) if e.payload_digest() == name), envelope)
    else:
        drop_stop(settings.freeze, envelope)
    click.echo(f"lifted: {short(name)}, stopped {visible(why)}")


def _closed(frame: Frame) -> list[dict[str, Any]]:
    """What foreign leases closed; a gate that does not answer is said, and keeps nobody from lifting a freeze."""
    try:
        return closed_repositories(frame)
    except MagistrateError as error:
        click.echo(f"whether a foreign lease closes a repository is not known: {error.message}", err=True)
        return []


def _chosen(standing: dict[str, str], typed: str | None) -> str:
    """The digest of the one that is meant, among digests with what stopped in words."""
    found = {name: why for name, why in standing.items() if short(name).startswith(typed or "")}
    if not found:
        raise NotFound("MAG-E606", "no such freeze stands" if typed else "nothing is frozen")
    if len(found) > 1:
        each = "; ".join(f"{short(name)} {why[:80]}" for name, why in found.items())
        raise Usage("MAG-E606", f"{len(found)} freezes stand: {visible(each)}", hint="magistrate thaw ID")
    return next(iter(found))


def _parked(stops: Stops, name: str, settings: Settings) -> Envelope | None:
    """A thaw of this freeze that still lacks a signature."""
    for envelope in stops.thaws:
        if open_envelope(envelope, Thaw, deployment=settings.deployment).body.freeze == name:
            return envelope
    return None
