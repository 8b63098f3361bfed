"""Roster and policy of a home: read from their files, verified, read again when they change."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec

from magistrate.authority.policy import TrustedPolicy, trust_policy
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.errors import Unavailable
from magistrate.wire.envelope import Envelope, decode_envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    seen: tuple[tuple[int, int, int], ...]
    chain: tuple[Envelope, ...]
    roster: TrustedRoster
    envelope: Envelope
    policy: TrustedPolicy


class TrustFiles:
    """Implements `ports.Trust`. What does not verify is never used; the caller gets the reason."""

    def __init__(self, roster: Path, policy: Path, *, pin: str, deployment: str) -> None:
        self._roster, self._policy = roster, policy
        self._pin, self._deployment = pin, deployment
        self._lock = threading.Lock()
        self._read: _Read | None = None

    def roster(self) -> TrustedRoster:
        """The newest trusted roster."""
        return self._current().roster

    def chain(self) -> tuple[Envelope, ...]:
        """All its versions."""
        return self._current().chain

    def policy(self) -> TrustedPolicy:
        """The active policy."""
        return self._current().policy

    def policy_envelope(self) -> Envelope:
        """The active policy as it was signed."""
        return self._current().envelope

    def _current(self) -> _Read:
        with self._lock:
            seen = (_mark(self._roster), _mark(self._policy))
            if self._read is None or self._read.seen != seen:
                self._read = self._load(seen)
            return self._read

    def _load(self, seen: tuple[tuple[int, int, int], ...]) -> _Read:
        try:
            chain = msgspec.json.decode(self._roster.read_bytes(), type=tuple[Envelope, ...])
            envelope = decode_envelope(self._policy.read_bytes().strip())
        except (OSError, msgspec.MsgspecError) as error:
            raise Unavailable("MAG-E440", f"roster or policy cannot be read: {error}") from error
        roster = trust_roster(chain, pin=self._pin, deployment=self._deployment)
        return _Read(seen=seen, chain=chain, roster=roster, envelope=envelope, policy=trust_policy(envelope, roster))


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise Unavailable("MAG-E440", f"`{path}` cannot be read: {error.strerror}") from error
    return (found.st_mtime_ns, found.st_size, found.st_ino)
