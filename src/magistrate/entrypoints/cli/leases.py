"""`magistrate leases [--roots]`: every credential, live or dead, and what could issue one."""

from __future__ import annotations

import click

from magistrate.authority.roster import raw_key
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import short, show_list
from magistrate.wire.envelope import process_keyid


@click.command()
@click.option("--live", is_flag=True, help="Only those that could be used now; none is the normal state.")
@click.option("--roots", is_flag=True, help="What can issue credentials, instead of the credentials.")
@output_option
@home_option
@person_options
@pass_frame
def leases(frame: Frame, *, live: bool, roots: bool, output: str) -> None:
    """List the gate's own record of credentials, each with the reason why it existed."""
    settings = frame.settings()
    if roots:
        processes = own_roster(settings).body.processes
        rows = [
            {"root": "gate", "kind": "mints push tokens", "key": process_keyid(raw_key(processes.gate)),
             "bound": "one ref, old to new, one use, at most 60 s, only for a warrant it verified itself"},
            *({"root": "executor", "kind": "asks the gate", "key": process_keyid(raw_key(text)),
               "bound": "worth nothing without a warrant, its approvals and their record"} for text in processes.executors),
            {"root": "control", "kind": "signs warrants", "key": process_keyid(raw_key(processes.control)),
             "bound": "worth nothing without the approvals of people; five minutes"},
        ]  # fmt: skip
        show_list(output, rows, ("root", "kind", "bound"), wide=("key",), empty="none")
        return
    client = Client(settings.gate_url, frame.caller(), deployment=settings.deployment, audience="gate")
    rows = [row for row in client.get("/gate/v1/leases")["leases"] if row["usable"] or not live]
    for row in rows:
        row["id"] = short(row["lease"])
        row["warrant_"] = short(row["warrant"])
    show_list(
        output, rows, ("id", "state", "usable", "purpose", "repository", "ref", "issued", "reason"),
        wide=("expires", "ref state", "warrant", "lease"),
        empty="no credential is usable now" if live else "no credential was ever issued",
    )  # fmt: skip
