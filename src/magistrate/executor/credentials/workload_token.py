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
        raw = read_own(self.path, "MAG-E380", "the workload token")
        if len(raw) > MAX_BYTES or not raw.strip().isascii():
            raise _refused("MAG-E380", f"the workload token `{self.path}` holds no token")
        return raw.strip().decode("ascii")


def read_own(path: Path, code: str, what: str) -> bytes:
    """What a file holds that nobody but root and this user may reach; one byte over MAX_BYTES at most.

    Raises:
        Refused: with `code`, when it cannot be read, is no file, belongs to somebody else, or others may read or write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _refused(code, f"{what} `{path}` cannot be read: {error.strerror}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(code, f"{what} `{path}` is no file")
        if found.st_mode & _OTHERS or found.st_uid not in {0, os.geteuid()}:
            raise _refused(code, f"{what} `{path}` belongs to another user, or others may read or write it")
        return os.read(descriptor, MAX_BYTES + 1)
    except OSError as error:
        raise _refused(code, f"{what} `{path}` cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _refused(code: str, why: str) -> Refused:
    return Refused(code, why, hint="it is there for the executor's user alone (mode 0400 or 0440)")


def no_token() -> str:
    """What an executor gives that has no token: nothing; the gate refuses where policy asks for one."""
    return ""
