"""`magistrate leases [--systems | --roots | --scan]`: every credential, live or dead, why it exists, and what could issue one."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Final

import click

from magistrate.entrypoints.cli.at_the_gate import LEASES, gate_client, words
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import short, show_list, styled, visible

PAGE: Final = 50
_BROAD: Final = 120
"""Columns of a screen from which on every reason is whole and people are named."""
_COLUMNS: Final[tuple[str, ...]] = ("id", "state", "left", "age", "purpose", "scope", "proposal", "reason")
_ON_BROAD: Final = ("id", "state", "left", "age", "purpose", "scope", "proposal", "approvers", "reason")
_ON_NARROW: Final = ("id", "state", "left", "scope", "reason")
_WIDE: Final = ("executor", "owner", "approvers", "decision", "warrant", "issued", "expires", "ref state", "lease")


@click.command()
@click.option("--live", is_flag=True, help="Only those that could be used now; none is the normal state.")
@click.option("--limit", type=click.IntRange(min=0), default=PAGE, show_default=True, help="How many; 0: all.")
@click.option(
    "--systems",
    is_flag=True,
    help="What stands now at the systems and targets of this home, as they say it themselves.",
)
@click.option("--roots", is_flag=True, help="What can issue credentials, instead of the credentials.")
@click.option("--probe", is_flag=True, help="With --roots: ask the gate with each root alone; it must refuse.")
@click.option(
    "--scan", is_flag=True, help="Search disk, databases, environments and memory for credentials that stand."
)
@output_option
@home_option
@person_options
@pass_frame
def leases(  # noqa: PLR0913  the options of the command
    frame: Frame, *, live: bool, limit: int, systems: bool, roots: bool, probe: bool, scan: bool, output: str
) -> int:
    """List the gate's own record of credentials, newest first, each with the reason why it exists.

    SCOPE is the one move that a credential allows, LEFT the seconds until it is dead by itself. What is dead
    stays listed; a live one without reason is an alarm. --systems asks each PostgreSQL server of the settings, and reads
    what each SSH target's table does not say is dead; it ends with 4 where one does not answer. --scan ends with 1 where
    something usable stands, with 4 where not everything could be looked at: under walls of users only root sees it all.
    """
    if systems and (roots or probe or scan):
        raise click.UsageError("--systems is a list of its own: leave out --roots, --probe and --scan")
    if systems:
        from magistrate.entrypoints.cli.leases_systems import show_systems

        return show_systems(frame, output, live=live, limit=limit)
    if scan:
        from magistrate.entrypoints.cli.leases_scan import show_scan

        return show_scan(frame, output)
    if roots or probe:
        from magistrate.entrypoints.cli.leases_roots import show_probes, show_roots

        return show_probes(frame, output) if probe else show_roots(frame, output)
    rows, alarms, more = _fetch(frame, live=live, limit=limit)
    for alarm in alarms:
        click.echo(styled(f"alarm: {visible(alarm)}", fg="red", bold=True), err=True)
    columns = _COLUMNS
    if output == "table" and sys.stdout.isatty():
        columns = _ON_BROAD if shutil.get_terminal_size((100, 24)).columns >= _BROAD else _ON_NARROW
    shown = rows if output in {"json", "yaml"} else [_row(row) for row in rows]
    show_list(
        output, shown, columns, wide=_WIDE,
        empty="no credential is usable now" if live else "no credential was ever issued",
    )  # fmt: skip
    if more:
        click.echo(f"the newest {len(rows)} are shown; more with --limit N, all with --limit 0", err=True)
    return 0


def _fetch(frame: Frame, *, live: bool, limit: int) -> tuple[list[dict[str, Any]], list[str], bool]:
    """Leases as the gate tells them, what is alarming, and whether there are more."""
    client, after = gate_client(frame), ""
    rows: list[dict[str, Any]] = []
    while True:
        size = min(200, limit - len(rows)) if limit else 200
        page = client.get(LEASES, limit=size, after=after, live="yes" if live else "")
        rows += page["leases"]
        after = page["next"]
        if not after or len(rows) == limit:
            break
    alarms = [*map(words, page["closed"]), *(f"nothing justifies the lease {lease}" for lease in page["orphans"])]
    return rows, alarms, bool(after)


def _row(lease: dict[str, Any]) -> dict[str, Any]:
    """One lease with what people read: a short id, who and what, and seconds as numbers."""
    moves = f"{lease['old'][:7]}→{lease['new'][:7]}"
    known = lease["executor_listed"]
    return lease | {
        "id": short(lease["lease"]),
        "state": "LIVE" if lease["usable"] else lease["state"],
        "scope": f"{lease['repository']} {lease['ref'].removeprefix('refs/heads/')} {moves}",
        "proposal": short(lease["proposal"]),
        "executor": short(lease["executor"]) if known else f"{short(lease['executor'])} (not in the roster)",
        "reason": lease["reason"] if lease["ground"] else f"NO GROUND: {lease['reason']}",
    }
