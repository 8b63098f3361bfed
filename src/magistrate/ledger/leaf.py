"""Leaves of the log: small canonical envelopes that commit to payloads kept elsewhere.

A leaf is canonical JSON `{"commitments":[{"commitment","name"}],"seq","type","v":1}`, at most
65,535 bytes. A commitment is `sha256:` over a fixed prefix, a random salt of 32 bytes and the
payload: with salt and payload erased it tells nothing, and the tree stays verifiable.
Rule kept: the bytes are hashed as stored, and only one spelling is accepted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from magistrate.errors import Refused, Usage
from magistrate.ledger.tiles import MAX_LEAF

SALT_BYTES: Final = 32
ERASED_TYPE: Final = "payload.erased"
"""Type of the entry that records a lawful erasure; its payload `erasure` names the commitment."""
_PREFIX: Final = b"magistrate/commitment/v1\0"
_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z", re.ASCII)
_COMMITMENT: Final = re.compile(r"sha256:[0-9a-f]{64}\Z", re.ASCII)


class Commitment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A payload of an entry: its name in the entry and the commitment to its bytes."""

    commitment: str
    name: str


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields in canonical order: what happened (`type`), where in the log, with which payloads."""

    commitments: tuple[Commitment, ...]
    seq: int
    type: str
    v: int


class Erasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of an erasing entry: when (RFC 3339), which commitment, and why."""

    at: str
    commitment: str
    reason: str


_LEAF: Final = msgspec.json.Decoder(Leaf)
_LEAVES: Final = msgspec.json.Decoder(list[Leaf])
_END: Final = b'"v":1}'
_ENCODER: Final = msgspec.json.Encoder()


def commitment(salt: bytes, payload: bytes) -> str:
    """Commitment to a payload under a salt of 32 bytes.

    Raises:
        Usage: MAG-E206 when the salt has another length.
    """
    if len(salt) != SALT_BYTES:
        raise Usage("MAG-E206", f"a salt of {len(salt)} bytes instead of {SALT_BYTES}")
    return "sha256:" + hashlib.sha256(_PREFIX + salt + payload).hexdigest()


def encode_leaf(kind: str, seq: int, commitments: Sequence[Commitment]) -> bytes:
    """Canonical bytes of a leaf.

    Raises:
        Usage: MAG-E206 when a name is not a plain word, two payloads share a name, or the
            leaf would be longer than 65,535 bytes.
    """
    names = [item.name for item in commitments]
    if not all(_WORD.match(word) for word in (kind, *names)) or len(set(names)) != len(names):
        raise Usage("MAG-E206", f"`{kind[:64]}` has a type or payload name that is not a distinct plain word")
    if not all(_COMMITMENT.match(item.commitment) for item in commitments):
        raise Usage("MAG-E206", f"`{kind}` has a commitment that is not a digest")
    leaf = _ENCODER.encode(Leaf(commitments=tuple(commitments), seq=seq, type=kind, v=1))
    if len(leaf) > MAX_LEAF:
        raise Usage("MAG-E206", f"a leaf of {len(leaf)} bytes; the limit is {MAX_LEAF}")
    return leaf


def decode_leaf(leaf: bytes) -> Leaf:
    """Read a leaf, accepting only the canonical spelling of version 1.

    Raises:
        Refused: MAG-E206 otherwise.
    """
    try:
        value = _LEAF.decode(leaf)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused("MAG-E206", f"an entry is not a leaf: {error}") from error
    if value.v != 1 or _ENCODER.encode(value) != leaf or len(leaf) > MAX_LEAF:
        raise Refused("MAG-E206", f"entry {value.seq} is not in the canonical form of version 1")
    return value


def decode_leaves(leaves: Sequence[bytes]) -> list[Leaf]:
    """Read many leaves at once, with the same strictness as `decode_leaf`.

    They are decoded as one array. Since `"v":1}` can only end an object of this shape, leaves
    that all end so, and are as many as the objects, are one object each.

    Raises:
        Refused: MAG-E206 when one of them is not a leaf in canonical form.
    """
    joined = b"[" + b",".join(leaves) + b"]"
    try:
        values = _LEAVES.decode(joined)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        values = []
    whole = len(values) == len(leaves) and all(leaf.endswith(_END) for leaf in leaves)
    if not whole or _ENCODER.encode(values) != joined:
        return [decode_leaf(leaf) for leaf in leaves]
    return values
