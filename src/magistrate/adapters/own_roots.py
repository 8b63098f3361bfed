"""Roster and policy as people installed them on this machine, for executor and gate alike.

Rule kept (invariant 8): a captured control that withholds a newer roster or policy wins nothing with the older
one. What stands in these files is believed only when it verifies from the pin, and it only ever raises a pin.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from magistrate.authority.admission import Pins
from magistrate.authority.policy import TrustedPolicy, trust_policy
from magistrate.authority.roster import TrustedRoster, trust_versions
from magistrate.errors import Unavailable
from magistrate.wire.canonical import canonical
from magistrate.wire.envelope import Envelope, decode_envelope


def newest_pins(pins: Pins, roster_path: Path, policy_path: Path) -> Pins:
    """The pins, raised to the versions of these files; a file that was never installed here raises nothing.

    Raises:
        Unavailable: MAG-E440 when one is there and cannot be read.
        Refused: MAG-E120, MAG-E121, MAG-E107 and others when one does not verify: nothing is admitted then.
    """
    roster = installed_roster(pins, roster_path)
    if roster is None:
        return pins
    raised = replace(pins, roster_version=max(pins.roster_version, roster.body.version))
    bundle = _read(policy_path)
    if bundle is None:
        return raised
    policy = trust_policy(decode_envelope(bundle.strip()), roster)
    return replace(raised, policy_version=max(pins.policy_version, policy.body.version))


def installed_policy(pins: Pins, roster_path: Path, policy_path: Path) -> TrustedPolicy | None:
    """The policy that people installed on this machine, verified; None where none was (raises as `newest_pins`)."""
    roster, bundle = installed_roster(pins, roster_path), _read(policy_path)
    return None if roster is None or bundle is None else trust_policy(decode_envelope(bundle.strip()), roster)


def installed_roster(pins: Pins, roster_path: Path) -> TrustedRoster | None:
    """The roster that people installed on this machine, verified from the pin; None where none was (raises as `newest_pins`)."""
    versions = installed_versions(pins, roster_path)
    return versions[-1] if versions else None


def installed_versions(pins: Pins, roster_path: Path) -> tuple[TrustedRoster, ...]:
    """Every version of that roster, the first one first; none where none was installed (raises as `newest_pins`)."""
    kept = _read(roster_path)
    if kept is None:
        return ()
    try:
        chain = msgspec.json.decode(kept, type=tuple[Envelope, ...])
    except msgspec.MsgspecError as error:
        raise Unavailable("MAG-E440", f"the roster `{roster_path}` cannot be read: {error}") from error
    return trust_versions(chain, pin=pins.roster, deployment=pins.deployment)


def install_roster(path: Path, chain: Sequence[Envelope]) -> None:
    """Put a chain in the place of the installed roster, at once and durably; it was verified by whoever calls."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(canonical(list(chain)))
        file.flush()
        os.fsync(descriptor)
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable("MAG-E440", f"`{path}` cannot be read: {error.strerror}") from error
