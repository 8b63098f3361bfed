"""`magistrate freeze --reason TEXT`: stop, whatever the control plane says."""

from __future__ import annotations

from pathlib import Path

import click

from magistrate.adapters.stop_files import drop_stop, read_stops
from magistrate.authority.stops import joined, persons_needed, standing_freezes
from magistrate.domain.impact import ChangeClass
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.at_the_gate import stops_at_gate, tell_gate
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import now, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.screen import short, show_list, visible
from magistrate.errors import MagistrateError, Unavailable, Usage
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope

_COLUMNS = ("id", "scope", "person", "issued", "reason")
_WIDE = ("told", "epoch", "name")


@click.group(invoke_without_command=True)
@click.option("--repository", metavar="NAME", help="Only this repository (else everything); the gate stops as a whole.")
@click.option("--environment", metavar="NAME", help="Only this environment.")
@click.option("--agent", metavar="NAME", help="Only changes of this agent.")
@click.option(
    "--class",
    "kind",
    type=click.Choice([one.value for one in ChangeClass]),
    help="Only changes that hold something of this class.",
)
@click.option("--reason", metavar="TEXT", help="Why; kept in the log.  [required]")
@home_option
@person_options
@pass_frame
@click.pass_context
def freeze(  # noqa: PLR0913  one option each
    context: click.Context, frame: Frame, *, repository: str | None, environment: str | None, agent: str | None,
    kind: str | None, reason: str | None,
) -> None:  # fmt: skip
    """Sign a freeze into the file drop, which gate and executor read themselves, and tell the gate and control.

    Any one operator may. What several options name is frozen where all of them hold. Analysis and review go on;
    nothing is executed, and a credential that is held for what is frozen dies.
    """
    if context.invoked_subcommand is not None:
        return
    if not reason:
        raise Usage("MAG-E601", "a freeze says why", hint="add --reason TEXT")
    settings, caller = frame.settings(), frame.caller()
    roster = own_roster(settings)
    roster.verify_role(roster.person(caller.name), Role.OPERATOR)
    scope = Scope(repository=repository, environment=environment, agent=agent, change_class=kind)
    _say_unknown(settings.policies, {"repository": repository, "environment": environment})
    epoch = now()
    body = Freeze(person=caller.name, scope=scope, reason=reason, epoch=epoch)
    envelope = seal(body, "frz", [caller], deployment=settings.deployment)
    dropped = hand_over(frame, envelope)
    click.echo(f"frozen: {covered(scope)}; gate and executor obey {dropped}")
    who = "two persons sign" if persons_needed(roster) > 1 else "one person signs"
    click.echo(f"to lift it, {who}: magistrate thaw --reason TEXT")


@freeze.command("list")
@output_option
@home_option
@person_options
@pass_frame
def list_(frame: Frame, *, output: str) -> int:
    """List what stands: freezes in the file drop and at the gate, and files that cannot be read and stop everything."""
    settings = frame.settings()
    dropped, roster = read_stops(settings.freeze), own_roster(settings)
    told, known = stops_at_gate(frame)
    rows = [
        {"id": "", "name": "", "scope": "everything", "person": "", "issued": "", "epoch": "", "told": "drop",
         "reason": f"`{name}` in {settings.freeze} cannot be read"}
        for name in dropped.unreadable
    ]  # fmt: skip
    places = {e.payload_digest(): "drop" for e in dropped.freezes}
    for envelope in told.kept:
        name = envelope.payload_digest()
        places[name] = "drop, gate" if name in places else "gate"
    both = joined(dropped, told)
    issued = {
        e.payload_digest(): open_envelope(e, Freeze, deployment=roster.deployment).issued
        for e in (*both.freezes, *both.kept)
    }
    rows += [
        {"id": short(name), "name": name, "scope": covered(found.scope), "person": found.person, "issued": issued[name],
         "epoch": str(found.epoch), "told": places[name], "reason": found.reason}
        for name, found in standing_freezes(both, roster).items()
    ]  # fmt: skip
    show_list(output, rows, _COLUMNS, wide=_WIDE, empty="nothing is frozen")
    return 0 if known else 4


def covered(scope: Scope) -> str:
    """What a freeze covers, in words."""
    named = {
        "repository": scope.repository, "environment": scope.environment, "class": scope.change_class,
        "agent": scope.agent,
    }  # fmt: skip
    return ", ".join(f"{what} {value}" for what, value in named.items() if value is not None) or "everything"


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

    The gate gets the last of them: what the others say it knows, or needs not.

    Raises:
        Unavailable: MAG-E614 when neither this machine's home nor the gate nor control could take them.
    """
    settings, failed, taken = frame.settings(), None, []
    try:
        for envelope in envelopes:
            place = str(drop_stop(settings.freeze, envelope))
        taken.append(place)
    except Unavailable as error:
        failed = error
    try:
        ended = tell_gate(settings, envelopes[-1])["ended"]
        taken.append("the gate's own record" + (f", which ended {len(ended)} live credentials" if ended else ""))
    except MagistrateError as error:
        click.echo(f"the gate was not told ({error.message})", err=True)
    try:
        for envelope in envelopes:
            answer = frame.client().post("/api/v1/people/freezes", {"envelope": envelope})
    except MagistrateError as error:
        if not taken and failed is not None:
            raise failed from error
        click.echo(f"control was not told ({error.message}); it holds without it", err=True)
        return " and ".join(taken)
    if not taken and failed is not None and not answer["reaches_executor_and_gate"]:
        raise Unavailable("MAG-E614", f"only control heard it: {answer['why']}", hint=failed.message)
    return " and ".join(taken) or "it through control"
