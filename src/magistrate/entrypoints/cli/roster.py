"""`magistrate roster show|sign|signers`: who holds which key and role."""

from __future__ import annotations

import re

import click

from magistrate.authority.roster import former_executors, raw_key, trust_versions
from magistrate.domain.execution import EXECUTOR_EMAIL
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame
from magistrate.entrypoints.cli.people import load_chain, own_roster
from magistrate.entrypoints.cli.screen import show_list
from magistrate.settings import Settings
from magistrate.wire.envelope import Envelope
from magistrate.wire.roster import Roster
from magistrate.wire.sshsig import GIT, fingerprint, ssh_line
from magistrate.wire.times import rfc3339, unix_seconds


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
    """Print the executors' keys as git's file of allowed signers, with which `git verify-tag` believes a release.

    A former key is believed for what it signed until the version that dropped it was in force at the latest.
    """
    from magistrate.entrypoints.cli.next_roster import WAITS_SECONDS

    settings = frame.settings()
    versions = trust_versions(load_chain(settings), pin=settings.pin(), deployment=settings.deployment)
    for text in versions[-1].body.processes.executors:
        click.echo(f'{EXECUTOR_EMAIL} namespaces="{GIT}" {ssh_line(raw_key(text))}')
    for public in former_executors(versions).values():
        last = max(n for n, one in enumerate(versions) if public in map(raw_key, one.body.processes.executors))
        ended = unix_seconds(versions[last + 1].document.issued) + WAITS_SECONDS
        until = re.sub(r"\D", "", rfc3339(ended))[:14]
        click.echo(f'{EXECUTOR_EMAIL} namespaces="{GIT}",valid-before="{until}Z" {ssh_line(public)}')


@roster.command()
@home_option
@click.option("--as", "name", required=True, metavar="NAME", help="Who signs.")
@click.option("--key", required=True, metavar="FILE", help="Their SSH key: a private key file, or `agent`.")
@pass_frame
def sign(frame: Frame, *, name: str, key: str) -> None:
    """Add your signature to the roster that lacks it: the next version, or the first."""
    from magistrate.entrypoints.cli.papers import add_signature, replace_file
    from magistrate.entrypoints.cli.people import Caller, open_signer
    from magistrate.errors import NotFound, Refused
    from magistrate.wire.canonical import canonical
    from magistrate.wire.document import open_envelope

    settings = frame.settings()
    if (waiting := _waiting(settings)) is not None:
        _sign_next(settings, waiting, name, key)
        return
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


def _waiting(settings: Settings) -> Envelope | None:
    from magistrate.entrypoints.cli.next_roster import parked

    return parked(settings)


def _sign_next(settings: Settings, waiting: Envelope, name: str, key: str) -> None:
    """Say what changes, and sign it; it counts once it is handed over where the executor runs."""
    from magistrate.entrypoints.cli.next_roster import missing, signed_by, verify_waiting, what_changes
    from magistrate.entrypoints.cli.people import Caller, open_signer
    from magistrate.errors import Refused

    trusted = own_roster(settings)
    body = verify_waiting(settings, trusted, waiting)
    if body is None:
        raise Refused(
            "MAG-E615", "the roster that waits does not follow the one in force", hint="magistrate rotate --executor"
        )
    click.echo(what_changes(trusted, body))
    signer = open_signer(key, frozenset(map(fingerprint, trusted.person(name).keys)))
    if trusted.person_of_key(fingerprint(signer.public_line)).person != name:
        raise Refused("MAG-E604", f"the key is not the one that the roster gives `{name}`")
    joined = signed_by(settings, trusted, body, waiting, [Caller(name=name, signer=signer)])
    lacking = missing(trusted, joined)
    click.echo(
        f"signed as {name}; "
        + (
            f"{lacking} more must sign"
            if lacking
            else "enough have signed. Where the executor runs: magistrate rotate --executor"
        )
    )
