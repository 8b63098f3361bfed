"""Checkpoints: origin, size and root of the log, as a signed note (C2SP tlog-checkpoint).

Rule kept: a checkpoint counts only when the key of the log named by its origin signed it.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.errors import Refused
from magistrate.ledger.merkle import HASH_SIZE
from magistrate.ledger.note import VerifierKey, open_note, parse_vkey, sign_note, split_note

_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """State of a log: `size` leaves whose tree has the root `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three signed lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def log_origin(deployment: str) -> str:
    """Origin line, and key name, of a deployment's log."""
    return f"magistrate/{deployment}"


def parse_number(text: str) -> int:
    """A decimal without leading zeroes.

    Raises:
        Refused: MAG-E202 otherwise.
    """
    if _NUMBER.match(text) is None:
        raise Refused("MAG-E202", f"`{text[:40]}` is not a plain decimal number")
    return int(text)


def parse_hash(text: str) -> bytes:
    """A SHA-256 hash in canonical base64.

    Raises:
        Refused: MAG-E202 otherwise.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("MAG-E202", f"`{text[:60]}` is not base64") from error
    if len(value) != HASH_SIZE or base64.b64encode(value).decode() != text:
        raise Refused("MAG-E202", f"`{text[:60]}` is not a hash in canonical base64")
    return value


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the signed text of a checkpoint; extension lines are accepted and ignored.

    Raises:
        Refused: MAG-E202 when it has another form.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or "" in lines[3:-1] or lines[-1]:  # noqa: PLR2004  three lines and the end
        raise Refused("MAG-E202", "a checkpoint needs origin, size and root, each on a line of its own")
    return Checkpoint(origin=lines[0], size=parse_number(lines[1]), root=parse_hash(lines[2]))


def sign_checkpoint(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """Signed note over a checkpoint; the name of the key is the origin."""
    return sign_note(checkpoint.text(), checkpoint.origin, private)


def open_checkpoint(note: str, log: VerifierKey | str) -> Checkpoint:
    """The checkpoint in a note signed by this log (key or vkey), whose name is the origin.

    Raises:
        Refused: MAG-E200, MAG-E201 or MAG-E202.
    """
    key = parse_vkey(log) if isinstance(log, str) else log
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise Refused("MAG-E202", f"a checkpoint of `{checkpoint.origin[:120]}`, not of `{key.name}`")
    return checkpoint


def claimed_checkpoint(note: str) -> Checkpoint:
    """What a note claims, unverified: only to choose which key must have signed it."""
    return parse_checkpoint(split_note(note)[0])
