"""What a log submits to a witness, and what the witness decides (C2SP tlog-witness v1.0.0).

Pure: the state of the witness is passed in. `decide` returns the checkpoint to record or
raises `Rejection` with the HTTP status that the standard asks for.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from magistrate.errors import MagistrateError, Refused
from magistrate.ledger.checkpoint import Checkpoint, claimed_checkpoint, open_checkpoint, parse_hash, parse_number
from magistrate.ledger.merkle import EMPTY_ROOT, MAX_PROOF, verify_consistency
from magistrate.ledger.note import VerifierKey


class Rejection(Exception):
    """The witness does not cosign: HTTP status, reason in words, and its own size for 409."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Old size, consistency proof and checkpoint note of one request."""

    old: int
    proof: tuple[bytes, ...]
    note: str


def format_submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Body of `POST /add-checkpoint`."""
    lines = "".join(base64.b64encode(step).decode() + "\n" for step in proof)
    return f"old {old}\n{lines}\n{note}".encode()


def parse_submission(body: bytes) -> Submission:
    """Read a request body.

    Raises:
        Rejection: status 400 when it has another form.
    """
    try:
        head, separator, note = body.decode().partition("\n\n")
        first, *hashes = head.split("\n")
        if not separator or not first.startswith("old ") or len(hashes) > MAX_PROOF:
            raise Refused("MAG-E213", "an `old` line, at most 63 hashes, an empty line and a checkpoint are needed")
        proof = tuple(parse_hash(line) for line in hashes)
        submission = Submission(old=parse_number(first.removeprefix("old ")), proof=proof, note=note)
        claimed_checkpoint(note)
    except (MagistrateError, UnicodeDecodeError) as error:
        raise Rejection(400, str(error)) from error
    return submission


def decide(
    submission: Submission, logs: Mapping[str, VerifierKey], latest: Callable[[str], tuple[int, bytes] | None]
) -> Checkpoint:
    """The checkpoint that may be recorded and cosigned.

    `latest` gives size and root last cosigned for an origin; it must stay true until the
    result is recorded (one transaction).

    Raises:
        Rejection: 404 unknown origin, 403 not signed by its key, 400 old size above the new,
            409 another old size or another root at the same size, 422 no valid proof.
    """
    origin = claimed_checkpoint(submission.note).origin
    key = logs.get(origin)
    if key is None:
        raise Rejection(404, "a log that this witness does not know")
    try:
        checkpoint = open_checkpoint(submission.note, key)
    except MagistrateError as error:
        raise Rejection(403, str(error)) from error
    if submission.old > checkpoint.size:
        raise Rejection(400, "the old size is larger than the new one")
    size, root = latest(origin) or (0, EMPTY_ROOT)
    if submission.old != size:
        raise Rejection(409, f"the witness last cosigned size {size}", size)
    if size == checkpoint.size and root != checkpoint.root:
        raise Rejection(409, f"another tree of size {size} was cosigned", size)
    try:
        verify_consistency(size, checkpoint.size, root, checkpoint.root, submission.proof)
    except MagistrateError as error:
        raise Rejection(422, str(error)) from error
    return checkpoint
