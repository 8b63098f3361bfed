"""`magistrate leases --roots [--probe]`: what can issue credentials, how old it is, and that it opens nothing alone."""

from __future__ import annotations

import time

import click

from magistrate.bootstrap.executor_systems import probes_of_systems
from magistrate.bootstrap.executor_targets import probes_of_targets
from magistrate.bootstrap.root_probes import Probes
from magistrate.bootstrap.roots import roots_of
from magistrate.entrypoints.cli.cases import CASES, fetch_bundle
from magistrate.entrypoints.cli.frame import Frame
from magistrate.entrypoints.cli.people import load_chain, own_roster
from magistrate.entrypoints.cli.screen import show_list, show_value, styled, visible
from magistrate.errors import MagistrateError
from magistrate.wire.case_bundle import CaseBundle


def show_roots(frame: Frame, output: str) -> int:
    """List the roots; what is to be replaced is said as well."""
    settings, now = frame.settings(), int(time.time())
    found = roots_of(settings, load_chain(settings), own_roster(settings))
    rows = [root.row(now) for root in found]
    own = next((row["key"] for row in rows if row["root"] == "executor"), "")
    show_list(
        output, rows, ("root", "owner", "rotation", "rotate by", "reason"),
        wide=("since", "rotated", "bound", "lives", "key"), empty="none",
    )  # fmt: skip
    for row in rows:
        if row["rotation"].startswith("OVERDUE"):
            what = f"{row['root']} stands since {row['since']} and was to be replaced by {row['rotate_by']}"
            click.echo(styled(visible(what), fg="red", bold=True), err=True)
            if row["key"] == own:
                click.echo("  magistrate rotate --executor", err=True)
    return 0


def show_probes(frame: Frame, output: str) -> int:
    """Try each root alone at the gate, or at its system or target; 1 where one opened something, 4 where one could not be tried, else 0."""
    settings, roster = frame.settings(), own_roster(frame.settings())
    bundle, silence = _executed(frame)
    probes = (
        *Probes(settings, roster, bundle, "any").every(), *probes_of_systems(settings), *probes_of_targets(settings),
    )  # fmt: skip
    rows = [
        {"root": one.root, "held": "not tried" if one.refused is None else "yes" if one.refused else "NO",
         "tried": one.tried, "seen": one.seen} for one in probes
    ]  # fmt: skip
    if silence:
        rows.append({"root": "executor", "held": "not tried", "tried": "a case that was executed", "seen": silence})
    status = (
        1 if any(row["held"] == "NO" for row in rows) else 4 if any(row["held"] == "not tried" for row in rows) else 0
    )
    if output in {"json", "yaml"}:
        show_value(output, {"status": status, "probes": rows})
        return status
    show_list(output, rows, ("root", "held", "tried", "seen"), empty="none")
    if bundle is None and not silence:
        click.echo(
            "nothing was executed here yet; probes with the documents of a case come with the first one", err=True
        )
    click.echo("each refusal stands in the log of the gate: magistrate logs gate", err=True)
    return status


def _executed(frame: Frame) -> tuple[CaseBundle | None, str]:
    """The newest case that was executed, and why there is none where control does not say."""
    try:
        client = frame.client()
        for row in client.pages(CASES, "cases", limit=1, state="SUCCEEDED"):
            return fetch_bundle(client, str(row["proposal"])), ""
    except MagistrateError as error:
        return None, error.message
    return None, ""
