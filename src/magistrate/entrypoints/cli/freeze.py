"""`magistrate freeze --reason TEXT`: stop, whatever the control plane says."""

from __future__ import annotations

import click

from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options, reason_option
from magistrate.entrypoints.cli.papers import now, replace_file, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.errors import MagistrateError
from magistrate.wire.freeze import Freeze, Scope


@click.command()
@click.option("--repository", metavar="NAME", help="Only this repository (else everything); the gate stops as a whole.")
@click.option("--environment", metavar="NAME", help="Only this environment.")
@click.option("--agent", metavar="NAME", help="Only changes of this agent.")
@reason_option
@home_option
@person_options
@pass_frame
def freeze(frame: Frame, *, repository: str | None, environment: str | None, agent: str | None, reason: str) -> None:
    """Sign a freeze into the file drop, which gate and executor read themselves, and tell control.

    Any one operator may. Analysis and review go on; nothing is executed.
    """
    settings, caller = frame.settings(), frame.caller()
    roster = own_roster(settings)
    roster.verify_role(roster.person(caller.name), Role.OPERATOR)
    scope = Scope(repository=repository, environment=environment, agent=agent, change_class=None)
    epoch = now()
    body = Freeze(person=caller.name, scope=scope, reason=reason, epoch=epoch)
    envelope = seal(body, "frz", [caller], deployment=settings.deployment)
    settings.freeze.mkdir(exist_ok=True)
    drop = settings.freeze / f"freeze-{epoch}-{caller.name}.json"
    replace_file(drop, envelope.encode())
    what = ", ".join(
        f"{k} {v}" for k, v in (("repository", repository), ("environment", environment), ("agent", agent)) if v
    )
    click.echo(f"frozen: {what or 'everything'}; gate and executor obey {drop}")
    try:
        frame.client().post("/api/v1/people/freezes", {"envelope": envelope})
    except MagistrateError as error:
        click.echo(f"control was not told ({error.message}); the freeze holds without it", err=True)
    click.echo("to lift it, an operator takes that file away")
