"""`magistrate drill REPOSITORY`: prove the boundaries on a scratch repository."""

from __future__ import annotations

import time

import click
import msgspec

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.screen import styled, visible
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.settings import Settings
from magistrate.wire.drill import SCRATCH_PREFIX, DrillKind, DrillOrder, DrillResult
from magistrate.wire.envelope import Envelope

_ORDER_SECONDS = 3600


@click.command()
@click.argument("repository")
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=180,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait; 0 returns at once.",
)
@click.option("--environment", metavar="NAME", help="Of a stage of the repository (else the one of its branch).")
@home_option
@person_options
@pass_frame
def drill(frame: Frame, *, repository: str, wait: int, environment: str | None) -> int:
    """Order log tamper, entitlement, revocation and rollback drills, and print what each probe saw.

    They run on a scratch repository of the gate; REPOSITORY itself is not touched. Passed, they
    count for seven days.
    """
    settings, client = frame.settings(), frame.client()
    roster = own_roster(settings)
    roster.verify_role(roster.person(client.caller.name), Role.OPERATOR)
    order = DrillOrder(
        person=client.caller.name, repository=repository, environment=_environment(settings, repository, environment),
        scratch=f"{SCRATCH_PREFIX}{repository}"[:100],
    )  # fmt: skip
    envelope = seal(order, "dro", [client.caller], deployment=settings.deployment, lifetime=_ORDER_SECONDS)
    client.post("/api/v1/people/drills", {"envelope": envelope})
    name = envelope.payload_digest()
    click.echo(f"drills ordered for {repository} in `{order.environment}`, on the scratch repository {order.scratch}")
    return _follow(client, roster, name, wait) if wait else 0


def _environment(settings: Settings, repository: str, wanted: str | None) -> str:
    """The environment that is drilled (raises NotFound MAG-E606 where the repository does not go)."""
    source = read_source(settings.policies)
    found = [one.environment for one in source.repository if one.name == repository]
    if not found:
        raise NotFound("MAG-E606", f"policy names no repository `{repository[:60]}`", hint="magistrate repository list")
    known = [*found, *(one.environment for one in source.stage if one.repository == repository)]
    if wanted is not None and wanted not in known:
        hint = f"it goes to: {', '.join(dict.fromkeys(known))}"
        raise NotFound("MAG-E606", f"`{repository}` does not go to `{wanted[:60]}`", hint=hint)
    return wanted or found[0]


def _follow(client: Client, roster: TrustedRoster, order: str, wait: int) -> int:
    shown: set[str] = set()
    failed = False
    end = time.monotonic() + wait
    while time.monotonic() < end:
        for envelope in client.get("/api/v1/people/drills")["envelopes"]:
            result = _opened(envelope, roster)
            if result is not None and result.order == order and result.kind not in shown:
                shown.add(result.kind)
                failed |= not result.passed
                _show(result)
        if len(shown) == len(DrillKind):
            verdict = (
                styled("some boundary did not hold", fg="red", bold=True)
                if failed
                else "all four passed: approved changes of every class may execute here"
            )
            click.echo(verdict)
            return 1 if failed else 0
        time.sleep(0.3)
    missing = ", ".join(sorted(set(DrillKind) - shown))
    raise Unavailable(
        "MAG-E611", f"after {wait} s these drills have no result: {missing}", hint="magistrate logs executor"
    )


def _opened(value: object, roster: TrustedRoster) -> DrillResult | None:
    """A result; None for one by a key that is no executor's now: it answers an earlier order, or none."""
    envelope = msgspec.convert(value, Envelope)
    try:
        return roster.open_by_executor(envelope, DrillResult).body
    except Refused as error:
        if error.code != "MAG-E107":
            raise
        return None


def _show(result: DrillResult) -> None:
    word = styled("passed", fg="green") if result.passed else styled("FAILED", fg="red", bold=True)
    click.echo(f"{result.kind:<12} {word}")
    for probe in result.probes:
        mark = "held" if probe.held else "NOT HELD"
        click.echo(f"  {mark:<8} {visible(probe.probe)}: {visible(probe.seen)}")
