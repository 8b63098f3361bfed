"""Witness cosignatures: Ed25519, timestamped (C2SP tlog-cosignature v1, type 0x04).

A cosignature says: at that time, this was the largest consistent tree that the witness had
seen of this log. Rule kept: a quorum counts distinct witness keys, the log's own key never
counts, and a quorum of nobody is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.errors import Refused
from magistrate.ledger.note import (
    COSIGNATURE,
    SignatureLine,
    VerifierKey,
    parse_vkey,
    signatures_of,
    split_note,
    verifier_key,
    verify_ed25519,
)

_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = _TIME_BYTES + 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A verified cosignature: by which witness, at which time (Unix seconds)."""

    witness: str
    time: int


def witness_key(name: str, private: Ed25519PrivateKey) -> VerifierKey:
    """Verifier key of a witness (type 0x04)."""
    return verifier_key(name, private, COSIGNATURE)


def cosign(note: str, name: str, private: Ed25519PrivateKey, now: int) -> str:
    """Cosignature line over the text of a checkpoint note, at `now` (Unix seconds)."""
    text, _ = split_note(note)
    signature = now.to_bytes(_TIME_BYTES, "big") + private.sign(_message(text, now))
    return SignatureLine(name=name, key_id=witness_key(name, private).key_id, signature=signature).encode()


def verify_cosignature(note: str, witness: VerifierKey) -> Cosignature:
    """The (latest) cosignature of one witness on a note.

    Raises:
        Refused: MAG-E203 when there is none, MAG-E201 when one is wrong.
    """
    text, lines = split_note(note)
    times = [_verify_line(text, line, witness) for line in signatures_of(witness, lines)]
    if not times:
        raise Refused("MAG-E203", f"not cosigned by the witness `{witness.name}`")
    return Cosignature(witness=witness.name, time=max(times))


def verify_quorum(
    note: str, witnesses: Sequence[VerifierKey | str], quorum: int, log: VerifierKey
) -> tuple[Cosignature, ...]:
    """The cosignatures on a note, of at least `quorum` distinct witness keys.

    Raises:
        Refused: MAG-E203 when there are fewer or `quorum` is below one; MAG-E201 when a
            cosignature of a configured witness is wrong.
    """
    if quorum < 1:
        raise Refused("MAG-E203", "a quorum of nobody proves nothing", hint="name at least one witness")
    _, lines = split_note(note)
    found: dict[bytes, Cosignature] = {}
    for item in witnesses:
        key = parse_vkey(item, COSIGNATURE) if isinstance(item, str) else item
        if key.public != log.public and signatures_of(key, lines):
            found[key.public] = verify_cosignature(note, key)
    if len(found) < quorum:
        raise Refused(
            "MAG-E203",
            f"cosigned by {len(found)} of the {quorum} witnesses needed",
            hint="is the witness running, and is its key the one in the roster?",
        )
    return tuple(found.values())


def _verify_line(text: str, line: SignatureLine, witness: VerifierKey) -> int:
    if len(line.signature) != _SIGNATURE_BYTES:
        raise Refused("MAG-E201", f"a cosignature of `{witness.name}` has the wrong length")
    time = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if time >> 63:
        raise Refused("MAG-E201", f"a cosignature of `{witness.name}` has an impossible time")
    verify_ed25519(witness, line.signature[_TIME_BYTES:], _message(text, time))
    return time


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
