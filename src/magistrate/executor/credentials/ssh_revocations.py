"""The list of revoked keys that sshd reads (a KRL, `PROTOCOL.krl` of OpenSSH): every serial but the live ones.

Rule kept (R50, R53): what is not known to live is dead. The list names all serials from 1 to the highest there is, without
the few that may log in now, so that it stays small for ever, and a serial that nobody recorded is refused too. A lease that
was revoked without ever being minted is named by its id. It replaces the old list in one step; sshd that cannot read its
list refuses every key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.errors import Unavailable
from magistrate.wire.sshsig import pack

MAGIC: Final = b"SSHKRL\n\0"
FORMAT: Final = 1
HIGHEST: Final = 2**64 - 1
_CERTIFICATES, _RANGE, _KEY_ID = b"\x01", b"\x21", b"\x23"


def gaps(live: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ranges, first and last, of all serials from 1 on that are not live. Serial 0 no list can name."""
    first = 1
    for serial in sorted(set(live)):
        if serial > first:
            yield first, serial - 1
        first = serial + 1
    if first <= HIGHEST:
        yield first, HIGHEST


def revocation_list(authority: bytes, *, live: Iterable[int], names: Iterable[str], version: int, now: int) -> bytes:
    """The list for one CA (its public key as a blob): all serials but `live`, and these key ids."""
    revoked = b"".join(_RANGE + pack(_number(first) + _number(last)) for first, last in gaps(live))
    ids = b"".join(pack(name.encode()) for name in sorted(set(names)))
    if ids:
        revoked += _KEY_ID + pack(ids)
    head = MAGIC + FORMAT.to_bytes(4, "big") + _number(version) + _number(now) + _number(0) + pack(b"", b"magistrate")
    return head + _CERTIFICATES + pack(pack(authority, b"") + revoked)


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFile:
    """Puts the list where an sshd of this host reads it (`RevokedKeys`)."""

    path: Path

    def deliver(self, content: bytes) -> None:
        """Replace the list, whole, on the disk before this returns.

        Raises:
            Unavailable: MAG-E421 when it cannot be written; the old list stands.
        """
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fchmod(stream.fileno(), 0o644)
                    os.fsync(stream.fileno())
                fresh.rename(self.path)
            finally:
                fresh.unlink(missing_ok=True)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Unavailable(
                "MAG-E421", f"the list of revoked keys cannot be put at `{self.path}`: {error.strerror}",
                hint="the folder belongs to the executor's user; sshd only reads it",
            ) from error  # fmt: skip
