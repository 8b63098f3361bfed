"""The token by which an issuer vouches for this executor: a file that the platform refreshes.

A projected token of Kubernetes, or what a SPIFFE helper writes. It is read at each lease, after the row of the lease is
durable and before anything is minted. Rule kept: the token is kept nowhere, and no error repeats any of it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.errors import Refused

MAX_BYTES: Final = 8192
_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """Reads the token anew at each use; links are followed, since Kubernetes swaps them."""

    path: Path

    def token(self) -> str:
        """The token as it stands now.

        Raises:
            Refused: MAG-E380 when it cannot be read, is no file, is too long or no text, belongs to somebody else than
                root and this user, or can be read or written by others.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._refused(f"cannot be read: {error.strerror}") from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise self._refused("is no file")
            if found.st_mode & _OTHERS or found.st_uid not in {0, os.geteuid()}:
                raise self._refused("belongs to another user, or others may read or write it")
            raw = os.read(descriptor, MAX_BYTES + 1)
        except OSError as error:
            raise self._refused(f"cannot be read: {error.strerror}") from error
        finally:
            os.close(descriptor)
        if len(raw) > MAX_BYTES or not raw.strip().isascii():
            raise self._refused("holds no token")
        return raw.strip().decode("ascii")

    def _refused(self, why: str) -> Refused:
        return Refused(
            "MAG-E380", f"the workload token `{self.path}` {why}",
            hint="the platform writes it for the executor's user alone (mode 0400 or 0440)",
        )  # fmt: skip


def no_token() -> str:
    """What an executor gives that has no token: nothing; the gate refuses where policy asks for one."""
    return ""
