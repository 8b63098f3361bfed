"""`magistrate freeze --reason TEXT`: stop, whatever the control plane says."""

from __future__ import annotations

from pathlib import Path

import click

from magistrate.adapters.stop_files import drop_stop
from magistrate.domain.impact import ChangeClass
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options, reason_option
from magistrate.entrypoints.cli.papers import now, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.screen import visible
from magistrate.errors import MagistrateError, Unavailable
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope


@click.command()
@click.option("--repository", metavar="NAME", help="Only this repository (else everything); the gate stops as a whole.")
@click.option("--environment", metavar="NAME", help="Only this environment.")
@click.option("--agent", metavar="NAME", help="Only changes of this agent.")
@click.option(
    "--class",
    "kind",
    type=click.Choice([one.value for one in ChangeClass]),
    help="Only changes that hold something of this class.",
)
@reason_option
@home_option
@person_options
@pass_frame
def freeze(  # noqa: PLR0913  one option each
    frame: Frame, *, repository: str | None, environment: str | None, agent: str | None, kind: str | None, reason: str
) -> None:
    """Sign a freeze into the file drop, which gate and executor read themselves, and tell control.

    Any one operator may. What several options name is frozen where all of them hold. Analysis and review go on;
    nothing is executed.
    """
    settings, caller = frame.settings(), frame.caller()
    roster = own_roster(settings)
    roster.verify_role(roster.person(caller.name), Role.OPERATOR)
    scope = Scope(repository=repository, environment=environment, agent=agent, change_class=kind)
    _say_unknown(settings.policies, {"repository": repository, "environment": environment})
    epoch = now()
    body = Freeze(person=caller.name, scope=scope, reason=reason, epoch=epoch)
    envelope = seal(body, "frz", [caller], deployment=settings.deployment)
    named = {"repository": repository, "environment": environment, "agent": agent, "class": kind}
    what = ", ".join(f"{key} {value}" for key, value in named.items() if value)
    dropped = hand_over(frame, envelope)
    click.echo(f"frozen: {what or 'everything'}; gate and executor obey {dropped}")
    click.echo("to lift it, two persons sign: magistrate thaw --reason TEXT")


def _say_unknown(folder: Path, named: dict[str, str | None]) -> None:
    """Warn where policy knows no such name: a stop is never refused for a word, but it may stop nothing."""
    try:
        source = read_source(folder)
    except MagistrateError:
        return
    known = {"repository": {r.name for r in source.repository}, "environment": {e.name for e in source.environment}}
    for kind, name in named.items():
        if name is not None and name not in known[kind]:
            told = ", ".join(sorted(known[kind])) or "none"
            click.echo(f"policy names no {kind} `{visible(name)}` ({told}); frozen all the same", err=True)


def hand_over(frame: Frame, *envelopes: Envelope) -> str:
    """Put signed words where gate and executor read them, and tell control; where they went, in words.

    Raises:
        Unavailable: MAG-E614 when neither this machine's home nor control could take them.
    """
    settings, failed = frame.settings(), None
    place = ""
    try:
        for envelope in envelopes:
            place = str(drop_stop(settings.freeze, envelope))
    except Unavailable as error:
        failed = error
    try:
        for envelope in envelopes:
            answer = frame.client().post("/api/v1/people/freezes", {"envelope": envelope})
    except MagistrateError as error:
        if failed is not None:
            raise failed from error
        click.echo(f"control was not told ({error.message}); it holds without it", err=True)
        return place
    if failed is not None and not answer["reaches_executor_and_gate"]:
        raise Unavailable("MAG-E614", f"only control heard it: {answer['why']}", hint=failed.message)
    return place or "it through control"
