"""The version of the roster that waits for signatures: kept beside the one in force, and shown before it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.bootstrap.key_rotation import NEXT_ROSTER, replaced_executor
from magistrate.entrypoints.cli.papers import add_signature, now, read_bundle, replace_file, seal
from magistrate.entrypoints.cli.people import Caller
from magistrate.settings import Settings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope, process_keyid
from magistrate.wire.roster import Roster
from magistrate.wire.times import unix_seconds

WAITS_SECONDS: Final = 7 * 86_400
"""A version that was not signed and handed over by then is made anew."""


def parked(settings: Settings) -> Envelope | None:
    """The envelope that waits, unverified; None where none does."""
    path = settings.home / NEXT_ROSTER
    return read_bundle(path) if path.exists() else None


def verify_waiting(settings: Settings, roster: TrustedRoster, waiting: Envelope) -> Roster | None:
    """The version that waits; None when it does not follow the one in force or waits too long: it is void.

    Raises:
        Refused: MAG-E615 when it changes more than the key of one executor.
    """
    document = open_envelope(waiting, Roster, deployment=settings.deployment)
    body = document.body
    if body.previous != roster.digest or unix_seconds(document.issued) + WAITS_SECONDS < now():
        return None
    replaced_executor(roster.body, body)
    return body


def missing(roster: TrustedRoster, waiting: Envelope) -> int:
    """How many persons must sign yet (raises Refused when a signature does not verify)."""
    return max(0, roster.body.thresholds.roster - len(roster.signers(waiting)))


def signed_by(
    settings: Settings, roster: TrustedRoster, body: Roster, waiting: Envelope | None, callers: Sequence[Caller]
) -> Envelope:
    """The next version with the signatures of these as well, kept where the others find it."""
    envelope = waiting
    if envelope is None:
        envelope = seal(body, "ros", callers, deployment=settings.deployment)
    for caller in callers:
        envelope = add_signature(envelope, Roster, caller, deployment=settings.deployment)
    roster.signers(envelope)
    replace_file(settings.home / NEXT_ROSTER, envelope.encode())
    return envelope


def what_changes(roster: TrustedRoster, body: Roster) -> str:
    """What somebody signs, in words (raises Refused MAG-E615 as `replaced_executor`)."""
    former, new = (process_keyid(raw_key(text)) for text in replaced_executor(roster.body, body))
    return f"version {body.version} of the roster: the executor's key becomes\n  {new}\ninstead of\n  {former}\nand nothing else changes"
