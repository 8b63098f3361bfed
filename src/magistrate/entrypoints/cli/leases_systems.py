"""`magistrate leases --systems`: what stands at the systems and targets of a home now, as they say it themselves."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from magistrate.entrypoints.cli.frame import Frame
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_list, show_value, styled, visible

if TYPE_CHECKING:
    from magistrate.bootstrap.executor_standing import Looked, StandingLease

_UNSEEN: Final = 4
_BROAD: Final = 120
_COLUMNS: Final[tuple[str, ...]] = ("id", "state", "left", "age", "purpose", "scope", "proposal", "reason")
_ON_NARROW: Final = ("id", "state", "left", "scope", "reason")
_WIDE: Final = ("says", "sessions", "executor", "warrant", "issued", "expires", "where", "lease")
_NONE_NAMED: Final = (
    "this home names no system, and no target has a table: docs/credentials-postgres.md shows `[system.NAME]`,"
    " docs/credentials-ssh.md a target"
)


def show_systems(frame: Frame, output: str, *, live: bool, limit: int) -> int:
    """Ask and tell; 4 where one of them does not answer, and the others are shown all the same, else 0."""
    from magistrate.bootstrap.executor_standing import look_at_systems

    settings = frame.settings()
    looked = look_at_systems(settings, own_roster(settings), int(time.time()))
    alarms = [alarm for one in looked.leases if (alarm := one.alarm())]
    leases = sorted(
        (one for one in looked.leases if one.usable or not live), key=lambda one: (not one.usable, one.where, one.lease)
    )
    shown, status = leases[:limit] if limit else leases, _UNSEEN if looked.unseen else 0
    if output in {"json", "yaml"}:
        unseen = [{"where": where, "why": why} for where, why in looked.unseen]
        rows = [asdict(one) for one in shown]
        show_value(
            output, {"status": status, "leases": rows, "alarms": alarms, "answered": looked.answered, "unseen": unseen}
        )
    _tell(alarms, looked)
    if output not in {"json", "yaml"}:
        columns = _COLUMNS
        if output == "table" and sys.stdout.isatty() and shutil.get_terminal_size((100, 24)).columns < _BROAD:
            columns = _ON_NARROW
        if shown or looked.answered or not looked.unseen:
            show_list(output, [_row(one) for one in shown], columns, wide=_WIDE, empty=_empty(looked, live=live))
    if len(shown) < len(leases):
        click.echo(f"{len(shown)} of {len(leases)} are shown; more with --limit N, all with --limit 0", err=True)
    return status


def _tell(alarms: list[str], looked: Looked) -> None:
    for alarm in alarms:
        click.echo(styled(f"alarm: {visible(alarm)}", fg="red", bold=True), err=True)
    for where, why in looked.unseen:
        click.echo(styled(visible(f"not seen: {where}: {why}"), fg="yellow", bold=True), err=True)


def _empty(looked: Looked, *, live: bool) -> str:
    if not looked.answered:
        return _NONE_NAMED
    what = "nothing usable stands" if live else "nothing stands"
    return f"{what} at {', '.join(looked.answered)}" if looked.unseen else f"{what} at any system"


def _row(one: StandingLease) -> dict[str, Any]:
    """One lease with what people read, in the form of the gate's list."""
    return asdict(one) | {
        "id": short(one.lease),
        "state": "LIVE" if one.usable else "dead",
        "says": one.state,
        "left": "no end" if one.left is None else one.left,
        "proposal": short(one.proposal),
        "executor": short(one.executor)
        if one.executor_listed
        else f"{short(one.executor)} (not in the roster)".strip(),
        "reason": one.reason if one.explained else "NO REASON is said",
    }
