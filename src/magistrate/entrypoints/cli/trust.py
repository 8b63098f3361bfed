"""`magistrate trust`: what need not be asked about any more, how that is earned, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from magistrate.adapters.stop_files import drop_stop
from magistrate.authority.promotion import PROMOTION_SECONDS, missing_because, promoters
from magistrate.domain.impact import LOW, ChangeClass
from magistrate.entrypoints.cli.at_the_gate import tell_gate
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.frame import (
    Frame,
    home_option,
    output_option,
    pass_frame,
    person_options,
    reason_option,
)
from magistrate.entrypoints.cli.papers import add_signature, now, read_bundle, replace_file, seal
from magistrate.entrypoints.cli.people import own_roster, signers_at_hand
from magistrate.entrypoints.cli.screen import short, show_list, show_pairs, show_value, styled, visible
from magistrate.errors import MagistrateError, NotFound, Refused, Usage
from magistrate.settings import Settings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.trust import Promotion
from magistrate.wire.withdrawal import Withdrawal

_AT: Final = "/api/v1/people"
_DAY: Final = 86_400
_COLUMNS: Final = ("id", "class", "repository", "environment", "agent", "until", "counts")
_WIDE: Final = ("since", "persons", "lost", "promotion")

_class = click.argument("change_class", metavar="CLASS", type=click.Choice(sorted(str(kind) for kind in LOW)))
_repository = click.option("--repository", required=True, metavar="NAME", help="Where it lands.")
_environment = click.option("--environment", required=True, metavar="NAME", help="The environment of that repository.")
_agent = click.option("--agent", required=True, metavar="NAME", help="Whose changes; only this version of it.")


@click.group(invoke_without_command=True)
@output_option
@home_option
@person_options
@pass_frame
@click.pass_context
def trust(context: click.Context, frame: Frame, *, output: str) -> None:
    """List what was promoted: classes of changes that nobody is asked about, in one place, until they lose it."""
    if context.invoked_subcommand is not None:
        return
    rows = [{"id": short(one["promotion"]), **one} for one in frame.client().get(f"{_AT}/trust")["promotions"]]
    for name in _waiting(frame.settings()):
        click.echo(f"one more must sign: magistrate trust sign {name}", err=True)
    show_list(
        output, rows, _COLUMNS, wide=_WIDE,
        empty="nothing is promoted, people are asked about everything; `magistrate trust record CLASS` says what is missing",
    )  # fmt: skip


@trust.command()
@_class
@_repository
@_environment
@_agent
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", help="Form of the answer."
)
@home_option
@person_options
@pass_frame
def record(frame: Frame, *, change_class: str, repository: str, environment: str, agent: str, output: str) -> int:  # noqa: PLR0913  the options of the command
    """Show what is on record for a class in a place, and what it lacks for a promotion; exit 1 while it lacks something."""
    found = _record(frame.client(), change_class, repository, environment, agent)
    if output != "table":
        show_value(output, found)
        return 1 if found["lacking"] else 0
    told, bars = found["record"], found["bars"]
    show_pairs(
        {
            "proven low": f"{told['assessed']} of {bars['assessed']} in {bars['window_days']} days",
            "landed and verified": f"{told['live']} of {bars['live']}, {bars['settled_days']} days old or more",
            "by this agent": f"{told['agent_live']} of {bars['agent_live']}",
            "judged wrongly": told["misjudged"],
            "taken back or halted": told["setbacks"],
            "record incomplete": told["incomplete"],
            "leases not confirmed": told["unconfirmed"],
            "drills": [f"{one['kind']}: {one['passed']} passed, {one['failed']} failed" for one in told["drills"]],
            "ready now": "yes" if told["ready"] else "no",
        }
    )
    for why in found["lacking"]:
        click.echo(styled(f"missing: {visible(why)}", fg="yellow"))
    if not found["lacking"]:
        where = f"--repository {repository} --environment {environment} --agent {agent}"
        click.echo(f"earned; two persons may sign: magistrate trust promote {change_class} {where}")
    return 1 if found["lacking"] else 0


@trust.command()
@_class
@_repository
@_environment
@_agent
@click.option(
    "--days",
    type=click.IntRange(1, PROMOTION_SECONDS // _DAY),
    default=30,
    show_default=True,
    help="Until it ends by itself.",
)
@click.option("--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Who signs at the same time.")
@home_option
@person_options
@pass_frame
def promote(  # noqa: PLR0913  the options of the command
    frame: Frame, *, change_class: str, repository: str, environment: str, agent: str, days: int, others: tuple[str, ...],
) -> None:  # fmt: skip
    """Sign that nobody has to be asked about a class of changes there; it counts with a second person's signature.

    One of both owns the policy, and the owner of the agent does not count. It ends by itself, with any change of policy,
    roster, assessor or agent, and as soon as anything goes wrong there.
    """
    settings, caller = frame.settings(), frame.caller()
    found = _record(frame.client(), change_class, repository, environment, agent)
    if found["lacking"]:
        raise Refused(
            "MAG-E471", found["lacking"][0], hint="; ".join(found["lacking"][1:])[:900] or "magistrate trust record"
        )
    body = Promotion(
        change_class=ChangeClass(change_class), repository=repository, environment=environment, agent=agent,
        assessor=found["assessor"], policy=found["policy"], evidence=tuple(found["evidence"]),
    )  # fmt: skip
    signers = [caller, *(s for s in signers_at_hand(others, own_roster(settings)) if s.name != caller.name)]
    _hand_over(frame, seal(body, "prm", signers, deployment=settings.deployment, lifetime=days * _DAY))


@trust.command()
@click.argument("id_", metavar="ID")
@home_option
@person_options
@pass_frame
def sign(frame: Frame, *, id_: str) -> None:
    """Add your signature to a promotion that waits for it, after reading what it says."""
    settings = frame.settings()
    parked = _parked(settings, id_)
    document = open_envelope(parked, Promotion, deployment=settings.deployment)
    body = document.body
    show_pairs(
        {"class": body.change_class, "lands on": f"{body.repository} in `{body.environment}`", "agent": body.agent,
         "until": document.expires or "", "rests on": list(body.evidence)}
    )  # fmt: skip
    _hand_over(frame, add_signature(parked, Promotion, frame.caller(), deployment=settings.deployment))


@trust.command()
@click.argument("id_", metavar="ID")
@reason_option
@home_option
@person_options
@pass_frame
def demote(frame: Frame, *, id_: str, reason: str) -> None:
    """Take a promotion back, at once: any one person of the roster may.

    Executor and gate obey your signature, whatever control says; what was cleared under it waits for people again.
    """
    settings, client = frame.settings(), frame.client()
    name = _named(client, id_)
    body = Withdrawal(person=client.caller.name, proposal=name, approval=name, reason=reason, epoch=now())
    envelope = seal(body, "wdr", [client.caller], deployment=settings.deployment)
    missed = [
        why
        for why in (
            _untold(lambda: tell_gate(settings, envelope)),
            _untold(lambda: client.post(f"{_AT}/demotions", {"envelope": envelope})),
        )
        if why
    ]
    for why in missed:
        click.echo(f"not everybody answers: {visible(why)}", err=True)
    if missed:
        click.echo(
            f"written to {drop_stop(settings.freeze, envelope)}: gate and executor obey it until it is taken away"
        )
    click.echo(f"demoted: {short(name)}; people are asked again")


def _untold(tell: Callable[[], object]) -> str:
    """Why somebody could not be told, or an empty text."""
    try:
        tell()
    except MagistrateError as error:
        return error.message
    return ""


def _record(client: Client, change_class: str, repository: str, environment: str, agent: str) -> dict[str, Any]:
    query = {"class": change_class, "repository": repository, "environment": environment, "agent": agent}
    found: dict[str, Any] = client.get(f"{_AT}/trust/record", **query)
    return found


def _hand_over(frame: Frame, envelope: Envelope) -> None:
    """Give a whole promotion to control, or park it until enough have signed."""
    settings, client, name = frame.settings(), frame.client(), envelope.payload_digest()
    body = open_envelope(envelope, Promotion, deployment=settings.deployment).body
    roster = own_roster(settings)
    owner = next((row["owner"] for row in client.get(f"{_AT}/agents")["agents"] if row["agent"] == body.agent), "")
    missing = missing_because(promoters(envelope, roster, owner), roster)
    place = _place(settings, name)
    if missing:
        replace_file(place, envelope.encode())
        click.echo(f"signed as {client.caller.name}, not in force: {missing}")
        click.echo(f"the other runs: magistrate trust sign {short(name)} --as NAME --key FILE")
        return
    client.post(f"{_AT}/promotions", {"envelope": envelope})
    place.unlink(missing_ok=True)
    click.echo(
        f"promoted: {short(name)}; nobody is asked about `{body.change_class}` by {body.agent} in {body.repository} any more"
    )
    click.echo(f"to take it back: magistrate trust demote {short(name)} --reason TEXT")


def _place(settings: Settings, name: str) -> Path:
    return settings.home / f"promotion-{short(name)}.next.json"


def _waiting(settings: Settings) -> dict[str, Path]:
    """Promotions that lack a signature, by their short id."""
    found = sorted(settings.home.glob("promotion-*.next.json"))
    return {path.name.removeprefix("promotion-").removesuffix(".next.json"): path for path in found}


def _parked(settings: Settings, typed: str) -> Envelope:
    waiting = _waiting(settings)
    fits = [name for name in waiting if name.startswith(typed)]
    if len(fits) != 1:
        told = ", ".join(waiting) or "none"
        raise NotFound("MAG-E606", f"no one promotion `{visible(typed)[:20]}` waits for a signature; waiting: {told}")
    return read_bundle(waiting[fits[0]])


def _named(client: Client, typed: str) -> str:
    """The digest of the promotion that is meant."""
    rows = [one["promotion"] for one in client.get(f"{_AT}/trust")["promotions"]]
    fits = [name for name in rows if short(name).startswith(typed) or name == typed]
    if not fits:
        raise NotFound("MAG-E606", f"no promotion `{visible(typed)[:20]}`", hint="magistrate trust")
    if len(fits) > 1:
        raise Usage("MAG-E606", f"{len(fits)} promotions begin so: {', '.join(map(short, fits))}")
    return str(fits[0])
