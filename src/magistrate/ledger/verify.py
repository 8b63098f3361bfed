"""Offline verification of the log: by an outsider, with public keys and nothing else.

Two questions are answered: is this entry in the signed and witnessed log
(`verify_inclusion_bundle`), and is this exported log whole, unaltered and an extension of
what was witnessed before (`verify_export`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from magistrate.errors import NotFound, Refused
from magistrate.ledger.checkpoint import Checkpoint, open_checkpoint
from magistrate.ledger.cosign import Cosignature, verify_quorum
from magistrate.ledger.leaf import ERASED_TYPE, Erasure, Leaf, commitment, decode_leaf, decode_leaves
from magistrate.ledger.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_inclusion
from magistrate.ledger.note import parse_vkey
from magistrate.ledger.proof import parse_proof
from magistrate.ledger.tiles import HEIGHT, WIDTH, split_hashes, tile_path, unpack_bundle, widths

MAX_NAMED: Final = 10
"""Missing payloads that a refusal names."""


class PayloadRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `payloads.jsonl`. Erased: `salt` and `content` null, `erased` the time.

    `content` and `salt` are standard base64.
    """

    commitment: str
    content: bytes | None
    erased: str | None
    media: str
    name: str
    salt: bytes | None


class Export(Protocol):
    """An exported log, wherever it is kept."""

    def read(self, path: str) -> bytes:
        """Bytes of a file by its path relative to the export; NotFound when absent."""

    def checkpoints(self) -> Iterable[str]:
        """Every earlier checkpoint note that the export carries."""

    def payloads(self) -> Iterable[PayloadRecord]:
        """Every payload record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What the verifier brings: vkeys of the log and of the witnesses, and how many must agree."""

    log: str
    witnesses: tuple[str, ...]
    quorum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """What was verified: the newest checkpoint, its cosignatures, and counts."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    payloads: int
    erased: int


def open_witnessed(note: str, anchors: Anchors) -> tuple[Checkpoint, tuple[Cosignature, ...]]:
    """A checkpoint signed by the log and cosigned by the quorum.

    Raises:
        Refused: MAG-E200 to MAG-E203.
    """
    checkpoint = open_checkpoint(note, anchors.log)
    return checkpoint, verify_quorum(note, anchors.witnesses, anchors.quorum, parse_vkey(anchors.log))


def verify_inclusion_bundle(
    leaf: bytes, proof: str, log_vkey: str, witness_vkeys: Sequence[str], quorum: int
) -> Checkpoint:
    """Check that a leaf is in the log at its own place, signed and witnessed.

    Raises:
        Refused: MAG-E200 to MAG-E207 or MAG-E213, whichever part does not hold.
    """
    parts = parse_proof(proof)
    anchors = Anchors(log=log_vkey, witnesses=tuple(witness_vkeys), quorum=quorum)
    checkpoint, _ = open_witnessed(parts.checkpoint, anchors)
    if decode_leaf(leaf).seq != parts.index:
        raise Refused("MAG-E207", f"the leaf says another place than index {parts.index}")
    verify_inclusion(leaf_hash(leaf), parts.index, checkpoint.size, parts.path, checkpoint.root)
    return checkpoint


def verify_export(export: Export, anchors: Anchors, witnessed: str | None = None) -> VerifiedLog:
    """Verify an exported log whole: every leaf, tile, root, checkpoint and payload.

    `witnessed` is the last checkpoint note known from elsewhere (from the witness, or from an
    earlier verification): the log must extend it.

    Raises:
        Refused: MAG-E200 to MAG-E214, naming what does not hold.
    """
    checkpoint, cosignatures = open_witnessed(_text(export, "checkpoint"), anchors)
    hashes, entries = _read_leaves(export, checkpoint.size)
    _verify_tiles(export, checkpoint.size, hashes)
    if root_of(hashes) != checkpoint.root:
        raise Refused("MAG-E208", f"the {checkpoint.size} entries do not have the root that the log signed")
    if witnessed is not None:
        _verify_extends(open_witnessed(witnessed, anchors)[0], checkpoint.size, hashes)
    for note in export.checkpoints():
        _verify_extends(open_checkpoint(note, anchors.log), checkpoint.size, hashes)
    payloads, erased = verify_payloads(entries, export.payloads())
    return VerifiedLog(checkpoint=checkpoint, cosignatures=cosignatures, payloads=payloads, erased=erased)


def verify_leaves(leaves: Sequence[bytes], first: int = 0) -> tuple[list[bytes], list[Leaf]]:
    """Hashes and contents of consecutive leaves; each must stand at its own place.

    Raises:
        Refused: MAG-E206 or MAG-E207.
    """
    values = decode_leaves(leaves)
    for seq, value in enumerate(values, first):
        if value.seq != seq:
            raise Refused("MAG-E207", f"entry {seq} says that it is entry {value.seq}")
    return [leaf_hash(leaf) for leaf in leaves], values


def verify_payloads(entries: Sequence[Leaf], records: Iterable[PayloadRecord]) -> tuple[int, int]:
    """Match payloads with the commitments of entries; counts of kept and erased.

    An erased payload needs an entry `payload.erased` that names its commitment.

    Raises:
        Refused: MAG-E211 when a payload is not what was committed to, MAG-E212 when one is
            missing, unknown, or erased without a record.
    """
    expected = {
        item.commitment: f"`{item.name}` of entry {entry.seq} ({entry.type})"
        for entry in entries
        for item in entry.commitments
    }
    erasing = {item.commitment for entry in entries if entry.type == ERASED_TYPE for item in entry.commitments}
    erased: set[str] = set()
    recorded: set[str] = set()
    kept = 0
    for record in records:
        if expected.pop(record.commitment, None) is None:
            raise Refused("MAG-E212", f"payload `{record.name}` {record.commitment[:23]} belongs to no entry")
        if record.content is None or record.salt is None:
            if record.erased is None or record.content is not None or record.salt is not None:
                raise Refused("MAG-E212", f"payload `{record.name}` {record.commitment[:23]} is half there")
            erased.add(record.commitment)
            continue
        if commitment(record.salt, record.content) != record.commitment:
            raise Refused("MAG-E211", f"payload `{record.name}` is not what {record.commitment[:23]} commits to")
        kept += 1
        if record.commitment in erasing:
            recorded.add(_erasure(record.content).commitment)
    if expected:
        shown = ", ".join(list(expected.values())[:MAX_NAMED])
        raise Refused("MAG-E212", f"{len(expected)} payloads are missing: {shown}")
    if not erased <= recorded:
        raise Refused("MAG-E212", f"{len(erased - recorded)} payloads are gone without a recorded erasure")
    return kept, len(erased)


def _erasure(content: bytes) -> Erasure:
    try:
        return msgspec.json.decode(content, type=Erasure)
    except msgspec.MsgspecError as error:
        raise Refused("MAG-E212", f"the record of an erasure can not be read: {error}") from error


def _read_leaves(export: Export, size: int) -> tuple[list[bytes], list[Leaf]]:
    hashes: list[bytes] = []
    entries: list[Leaf] = []
    for index, width in widths(size, 0):
        bundle = unpack_bundle(_read(export, tile_path("entries", index, width)), width)
        hashed, values = verify_leaves(bundle, index * WIDTH)
        hashes += hashed
        entries += values
    return hashes, entries


def _verify_tiles(export: Export, size: int, hashes: Sequence[bytes]) -> None:
    level, row = 0, list(hashes)
    while row:
        for index, width in widths(size, level):
            stored = split_hashes(_read(export, tile_path(level, index, width)))
            for offset, (mine, theirs) in enumerate(zip(row[index * WIDTH :][:width], stored, strict=False)):
                if mine != theirs:
                    place = (index * WIDTH + offset) << (HEIGHT * level)
                    raise Refused("MAG-E207", f"entry {place} is not the one that the tree was built over")
            if len(stored) != width:
                raise Refused("MAG-E214", f"tile {level}/{index} does not hold exactly {width} hashes")
        row = [root_of(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]
        level += 1


def _verify_extends(before: Checkpoint, size: int, hashes: Sequence[bytes]) -> None:
    if before.size > size:
        raise Refused(
            "MAG-E209",
            f"the log ends at {size}; at least {before.size} entries were recorded before",
            hint="entries were cut off, or an old copy was put in place of the log",
        )
    root = root_of(hashes[: before.size]) if before.size else EMPTY_ROOT
    if root != before.root:
        raise Refused(
            "MAG-E210",
            f"the first {before.size} entries are not those that were recorded before",
            hint="history was rewritten, or two histories were kept",
        )


def _read(export: Export, path: str) -> bytes:
    try:
        return export.read(path)
    except NotFound as error:
        raise Refused("MAG-E214", f"`{path}` is missing from the export") from error


def _text(export: Export, path: str) -> str:
    try:
        return _read(export, path).decode()
    except UnicodeDecodeError as error:
        raise Refused("MAG-E202", f"`{path}` is not text") from error
