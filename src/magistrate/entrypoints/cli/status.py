"""`magistrate status`: which processes run, which walls stand, what waits."""

from __future__ import annotations

from typing import Any

import click
import httpx

from magistrate.adapters.stop_files import read_stops
from magistrate.authority.stops import standing_freezes
from magistrate.bootstrap.supervisor import read_note
from magistrate.entrypoints.cli.at_the_gate import closed_repositories, words
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.freeze import covered
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_pairs, show_value, styled, visible
from magistrate.errors import MagistrateError
from magistrate.settings import PROCESSES, Settings, standing_walls


@click.command()
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", help="Form of the answer."
)
@home_option
@person_options
@pass_frame
def status(frame: Frame, *, output: str) -> int:
    """Tell how this deployment stands; exit status 4 when it is not up."""
    settings = frame.settings()
    note = read_note(settings)
    told, silence = _control(frame)
    walls = _walls(settings, note)
    stops = [*_stops(settings), *_closed(frame)]
    whole = {
        "home": str(settings.home), "deployment": settings.deployment, "mode": settings.mode, "up": note is not None,
        "walls": walls, "executor_proof": executor_proof(settings), "known_secrets": known_secrets(settings), "processes": _processes(settings, note), "file_drop": stops, "control": told,
    }  # fmt: skip
    if output != "table":
        show_value(output, whole)
        return 0 if note is not None or told is not None else 4
    show_pairs(
        {
            "home": settings.home,
            "deployment": f"{settings.deployment} ({settings.mode})",
            "walls": walls,
            "executor proves itself by": executor_proof(settings),
        }
    )
    if whole["known_secrets"] is not None:
        click.echo(f"redaction  {whole['known_secrets']} known secrets beside the known forms")
    for row in _processes(settings, note):
        state = styled("up".ljust(7), fg="green") if row["running"] else styled("down".ljust(7), fg="red")
        restarts = f"  restarted {row['restarts']} times" if row["restarts"] else ""
        click.echo(f"  {row['process']:<9} {state} {row['where']:<16} {row['user']}{restarts}")
    for stop in stops:
        click.echo(styled(visible(stop), fg="red", bold=True))
    if told is None:
        click.echo(f"control says nothing: {silence}")
    else:
        _show_control(told)
    if note is None and told is None:
        click.echo("\nnot up; `magistrate up --detach` starts everything")
        return 4
    return 0


def executor_proof(settings: Settings) -> str:
    """What the executor shows the gate before it is given a credential."""
    source, issuer = settings.workload_token, settings.workload_issuer
    if issuer is not None:
        how = f"in exchange for the one in {source}" if source is not None else f"as the client {issuer.client_id}"
        return f"its roster key and a workload token that {issuer.issuer} gives it {how}"
    return "its roster key" if source is None else f"its roster key and the workload token in {source}"


def known_secrets(settings: Settings) -> int | None:
    """How many known secrets front looks for; None when it does not say."""
    try:
        told = httpx.get(f"{settings.front_url}/health", timeout=2, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return None
    found = told.get("known_secrets") if isinstance(told, dict) else None
    return found if isinstance(found, int) else None


def _stops(settings: Settings) -> list[str]:
    """What executor and gate obey in the freeze folder, in words."""
    found = read_stops(settings.freeze)
    told = [f"stopped by {name} in {settings.freeze}, which cannot be read" for name in found.unreadable]
    try:
        standing = standing_freezes(found, own_roster(settings))
    except MagistrateError as error:
        return [*told, f"stopped by {settings.freeze}: {error.message}"]
    told += [
        f"frozen ({covered(freeze.scope)}) by {freeze.person}: {freeze.reason} ({short(name)})"
        for name, freeze in standing.items()
    ]
    return [*told, *(["a thaw waits for its second signature: magistrate thaw"] if standing and found.thaws else [])]


def _closed(frame: Frame) -> list[str]:
    """What foreign leases closed, as the gate knows it; a gate that says nothing is down above."""
    try:
        return [words(closed) for closed in closed_repositories(frame)]
    except MagistrateError:
        return []


def _walls(settings: Settings, note: dict[str, Any] | None) -> str:
    walls = standing_walls(settings)
    if walls.users:
        return "users"
    reason = (note or {}).get("reason") or walls.reason
    return f"same user ({reason}); nothing counts as production"


def _control(frame: Frame) -> tuple[dict[str, Any] | None, str]:
    try:
        answer: dict[str, Any] = frame.client().get("/api/v1/people/status")
    except MagistrateError as error:
        return None, error.message
    return answer, ""


def _processes(settings: Settings, note: dict[str, Any] | None) -> list[dict[str, Any]]:
    known = (note or {}).get("processes", {})
    rows = []
    for name in PROCESSES:
        own = known.get(name, {})
        port = getattr(settings.ports, name, None)
        rows.append(
            {
                "process": name, "running": bool(own.get("running")), "pid": own.get("pid"),
                "user": own.get("user", ""), "restarts": own.get("restarts", 0),
                "where": f"127.0.0.1:{port}" if port else "listens nowhere",
            }
        )  # fmt: skip
    return rows


def _show_control(told: dict[str, Any]) -> None:
    cases = told.get("cases") or {}
    waiting = cases.get("IN_REVIEW", 0)
    rest = ", ".join(f"{count} {state}" for state, count in sorted(cases.items()) if state != "IN_REVIEW")
    click.echo(f"log        {told['log']['size']} entries")
    click.echo(f"cases      {waiting} wait for people" + (f"; {rest}" if rest else ""))
    for place in told.get("readiness") or []:
        states = place["drills"]
        passed = sum(state == "passed" for state in states.values())
        word = (
            "ready" if passed == len(states) else f"{passed} of {len(states)} drills passed: only low classes execute"
        )
        if place["weak"]:
            word = "analysis only, nothing executes: magistrate estate check"
        click.echo(f"readiness  {place['repository']} in `{place['environment']}`: {word}")
        for why in place["weak"]:
            click.echo(styled(f"  {visible(str(why))}", fg="red"))
        if place.get("alarm"):
            click.echo(styled(f"  alarm: {visible(str(place['alarm']))}", fg="red", bold=True))
    for line in told.get("windows") or []:
        click.echo(styled(f"window     {visible(str(line))}", fg="yellow"))
    for line in [*(told.get("frozen") or []), *(told.get("alarms") or [])]:
        click.echo(styled(f"alarm      {visible(str(line))}", fg="red", bold=True))
    if told.get("disarmed"):
        click.echo(styled(f"disarmed   {visible(str(told['disarmed']))}", fg="red", bold=True))
