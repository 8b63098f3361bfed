"""Portable proofs that an entry is in the log (C2SP `c2sp.org/tlog-proof@v1`).

One text holds index, inclusion proof and the checkpoint with its cosignatures. It is
verified against keys alone; `verify.verify_inclusion_bundle` does so.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.errors import Refused
from magistrate.ledger.checkpoint import parse_hash, parse_number
from magistrate.ledger.merkle import MAX_PROOF

_MAGIC: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """The parts of a tlog-proof; `checkpoint` is a signed note, not yet verified."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str


def format_proof(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """Write a tlog-proof text (without extra)."""
    hashes = "".join(base64.b64encode(step).decode() + "\n" for step in path)
    return f"{_MAGIC}\nindex {index}\n{hashes}\n{checkpoint}"


def parse_proof(text: str) -> LogProof:
    """Read a tlog-proof text. An `extra` line is accepted and, being unsigned, ignored.

    Raises:
        Refused: MAG-E213 when it has another form, MAG-E202 for a bad number or hash.
    """
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != _MAGIC:
        raise Refused("MAG-E213", f"a proof must begin with `{_MAGIC}` and hold a checkpoint")
    at = 2 if len(lines) > 1 and lines[1].startswith("extra ") else 1
    if len(lines) <= at or not lines[at].startswith("index "):
        raise Refused("MAG-E213", "a proof has no index line")
    hashes = lines[at + 1 :]
    if len(hashes) > MAX_PROOF:
        raise Refused("MAG-E213", f"a proof of more than {MAX_PROOF} steps")
    index = parse_number(lines[at].removeprefix("index "))
    return LogProof(index=index, path=tuple(parse_hash(line) for line in hashes), checkpoint=checkpoint)
