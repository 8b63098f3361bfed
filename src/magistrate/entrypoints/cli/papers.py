"""Framing and signing what a person issues: identifiers, times, signatures, files."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click
import msgspec

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.people import Caller
from magistrate.entrypoints.cli.policy_files import bundle_of
from magistrate.errors import NotFound, Usage
from magistrate.settings import Settings
from magistrate.wire.document import Body, document, open_envelope, seal_by_person
from magistrate.wire.envelope import Envelope, decode_envelope, join_signatures
from magistrate.wire.policy_bundle import PolicyBundle
from magistrate.wire.sshsig import fingerprint

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
NEXT_POLICY: Final = "policy-bundle.next.json"


def new_id(prefix: str) -> str:
    """`<prefix>-` and 26 random base32 characters (130 bits)."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(26))


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def seal(  # noqa: PLR0913  each is a field of the document's header
    body: Body,
    prefix: str,
    signers: Iterable[Caller],
    *,
    deployment: str,
    lifetime: int | None = None,
    audience: str = "",
) -> Envelope:
    """Frame a body and sign it by every signer (at least one)."""
    framed = document(body, deployment=deployment, id=new_id(prefix), now=now(), lifetime=lifetime, audience=audience)
    joined: Envelope | None = None
    for caller in signers:
        sealed = seal_by_person(framed, caller.signer)
        joined = sealed if joined is None else join_signatures(joined, sealed)
    if joined is None:
        raise AssertionError("a document without a signer")
    return joined


def add_signature(envelope: Envelope, body: type[Body], caller: Caller, *, deployment: str) -> Envelope:
    """The same document with one more signature; unchanged when this key signed already."""
    if fingerprint(caller.signer.public_line) in {s.keyid for s in envelope.signatures}:
        return envelope
    opened = open_envelope(envelope, body, deployment=deployment)
    return join_signatures(envelope, seal_by_person(opened, caller.signer))


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put a file in place at once and durably."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    partial.replace(path)


def read_bundle(path: Path) -> Envelope:
    """A policy bundle from a file (raises NotFound MAG-E609, Usage MAG-E101, MAG-E102)."""
    try:
        return decode_envelope(path.read_bytes())
    except OSError as error:
        raise NotFound("MAG-E609", f"`{path}` cannot be read: {error.strerror}") from error


def say_policy(settings: Settings, version: int, missing: int) -> None:
    """Say whether a policy version counts, or who else must sign it."""
    if missing:
        click.echo(
            f"  policy   version {version} waits for {missing} more policy owner(s) in {settings.home / NEXT_POLICY}"
        )
        click.echo("           each runs: magistrate policy sign --as NAME --key FILE")
        return
    click.echo(f"  policy   version {version} is signed and active")


def publish_policy(settings: Settings, roster: TrustedRoster, signers: list[Caller]) -> tuple[PolicyBundle, int]:
    """Build the next policy version from its sources, sign it, and make it active once enough did.

    Returns the bundle and how many signatures of policy owners are still missing; while some
    are, it waits in `policy-bundle.next.json`.

    Raises:
        Usage: MAG-E609 when the sources say what the active version says already.
    """
    active = read_bundle(settings.policy_path)
    current = open_envelope(active, PolicyBundle, deployment=settings.deployment).body
    bundle = bundle_of(settings.policies, version=current.version + 1, previous=active.payload_digest())
    same = msgspec.structs.replace(bundle, version=current.version, previous=current.previous)
    if same == current:
        raise Usage("MAG-E609", f"the policy sources say what version {current.version} says already")
    envelope = seal(bundle, "pol", signers, deployment=settings.deployment)
    return bundle, settle_policy(settings, roster, envelope)


def settle_policy(settings: Settings, roster: TrustedRoster, envelope: Envelope) -> int:
    """Make a bundle active when enough policy owners signed it, else park it; the number missing."""
    owners = [p for p in roster.signers(envelope).values() if Role.POLICY_OWNER in p.roles]
    missing = max(0, roster.body.thresholds.policy - len(owners))
    waiting = settings.home / NEXT_POLICY
    if missing:
        replace_file(waiting, envelope.encode())
        return missing
    replace_file(settings.policy_path, envelope.encode())
    waiting.unlink(missing_ok=True)
    return 0
