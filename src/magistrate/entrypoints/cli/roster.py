"""`magistrate roster show|sign|signers`: who holds which key and role."""

from __future__ import annotations

import click

from magistrate.authority.roster import raw_key
from magistrate.domain.execution import EXECUTOR_EMAIL
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame
from magistrate.entrypoints.cli.people import load_chain, own_roster
from magistrate.entrypoints.cli.screen import show_list
from magistrate.wire.roster import Roster
from magistrate.wire.sshsig import GIT, fingerprint, ssh_line


@click.group()
def roster() -> None:
    """Show and sign the roster."""


@roster.command()
@output_option
@home_option
@pass_frame
def show(frame: Frame, *, output: str) -> None:
    """Verify the roster from the pinned fingerprint, and list its people."""
    settings = frame.settings()
    trusted = own_roster(settings)
    rows = [
        {"person": p.person, "roles": list(p.roles), "keys": [fingerprint(line) for line in p.keys]}
        for p in trusted.body.persons
    ]
    if output == "table":
        click.echo(f"version {trusted.body.version} ({trusted.body.mode}), pinned {settings.pin()}", err=True)
    show_list(output, rows, ("person", "roles", "keys"), empty="the roster names nobody")


@roster.command()
@home_option
@pass_frame
def signers(frame: Frame) -> None:
    """Print the executors' keys as git's file of allowed signers, with which `git verify-tag` believes a release."""
    trusted = own_roster(frame.settings())
    for text in trusted.body.processes.executors:
        click.echo(f'{EXECUTOR_EMAIL} namespaces="{GIT}" {ssh_line(raw_key(text))}')


@roster.command()
@home_option
@click.option("--as", "name", required=True, metavar="NAME", help="Who signs.")
@click.option("--key", required=True, metavar="FILE", help="Their SSH key: a private key file, or `agent`.")
@pass_frame
def sign(frame: Frame, *, name: str, key: str) -> None:
    """Add your signature to a first roster that still lacks it."""
    from magistrate.entrypoints.cli.papers import add_signature, replace_file
    from magistrate.entrypoints.cli.people import Caller, open_signer
    from magistrate.errors import NotFound, Refused
    from magistrate.wire.canonical import canonical
    from magistrate.wire.document import open_envelope

    settings = frame.settings()
    *before, newest = load_chain(settings)
    body = open_envelope(newest, Roster, deployment=settings.deployment).body
    lines = [line for person in body.persons if person.person == name for line in person.keys]
    if not lines:
        raise NotFound("MAG-E604", f"the roster names nobody `{name[:60]}`")
    signer = open_signer(key, frozenset(map(fingerprint, lines)))
    if fingerprint(signer.public_line) not in set(map(fingerprint, lines)):
        raise Refused("MAG-E604", f"the key is not the one that the roster gives `{name}`")
    joined = add_signature(newest, Roster, Caller(name=name, signer=signer), deployment=settings.deployment)
    replace_file(settings.roster_path, canonical([*before, joined]))
    signed = {s.keyid for s in joined.signatures}
    missing = [p.person for p in body.persons if not signed & set(map(fingerprint, p.keys))]
    click.echo(f"signed as {name}; " + (f"still to sign: {', '.join(missing)}" if missing else "everybody has signed"))
