"""The log in the store: sequencing, sealing, proofs and the check at start.

Rule kept: `append` runs inside the caller's transaction, so a change of state and its entry
are durable together or not at all; sealing (tree, signature, witness) follows the commit.
The database itself refuses to change or delete rows of record; a payload can be erased, once,
leaving a tombstone. That hinders mistakes; what proves tampering is the witness.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.adapters.stores.rows import Rows
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from magistrate.ledger.cosign import verify_quorum
from magistrate.ledger.leaf import ERASED_TYPE, SALT_BYTES, Commitment, Erasure, commitment, encode_leaf
from magistrate.ledger.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash, root_of
from magistrate.ledger.note import parse_vkey, verifier_key
from magistrate.ledger.proof import format_proof
from magistrate.ledger.tiles import HEIGHT, TILE_BYTES, WIDTH, TileTree, split_hashes, widths
from magistrate.ledger.verify import Anchors

PAGE: Final = 1024
"""Entries read at once: bounded memory on either engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Bytes to commit to. `salt`: 32 random bytes; drawn here unless the caller already did."""

    name: str
    media: str
    content: bytes
    salt: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to append: its type (an `Event`) and its payloads."""

    type: str
    payloads: tuple[Payload, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where an entry went. `salts` and `commitments` are in the order of its payloads."""

    seq: int
    leaf: bytes
    commitments: tuple[str, ...] = field(default=())
    salts: tuple[bytes, ...] = field(default=())


class Witness(Protocol):
    """A witness as the log sees it."""

    @property
    def vkey(self) -> str:
        """Its verifier key (type 0x04)."""

    def cosign(self, size: int, prove: Callable[[int], tuple[bytes, ...]], note: str) -> str:
        """Cosignature lines for a note over `size` leaves; `prove(old)` gives the proof from `old`.

        Raises Unavailable or Refused.
        """

    def latest(self, origin: str) -> str | None:
        """The checkpoint that it last cosigned for an origin, or None."""


def append(connection: Rows, entries: Sequence[NewEntry]) -> list[Appended]:
    """Append entries inside the caller's open transaction; durable when the caller commits.

    Raises:
        Usage: MAG-E206 when a leaf is malformed or too long.
        the driver's error: disk full, read-only and the like; the caller rolls back.
    """
    row = connection.execute("SELECT MAX(seq) FROM log_entry").fetchone()
    seq = 0 if row[0] is None else row[0] + 1
    done: list[Appended] = []
    for entry in entries:
        salts = tuple(payload.salt or os.urandom(SALT_BYTES) for payload in entry.payloads)
        committed = tuple(commitment(s, p.content) for s, p in zip(salts, entry.payloads, strict=True))
        named = [
            Commitment(name=payload.name, commitment=item)
            for payload, item in zip(entry.payloads, committed, strict=True)
        ]
        leaf = encode_leaf(entry.type, seq, named)
        connection.execute("INSERT INTO log_entry VALUES (?, ?, ?)", (seq, leaf, leaf_hash(leaf)))
        for payload, salt, item in zip(entry.payloads, salts, committed, strict=True):
            _keep_payload(connection, payload, salt, item)
        done.append(Appended(seq=seq, leaf=leaf, commitments=committed, salts=salts))
        seq += 1
        if seq % WIDTH == 0:
            _complete_tiles(connection, seq)
    return done


def erase(connection: Rows, item: str, *, at: str, reason: str) -> Appended:
    """Erase a payload and its salt, and record that in the log, in the caller's transaction.

    Raises:
        NotFound: MAG-E212 when there is no such payload, or it is erased already.
    """
    done = connection.execute(
        "UPDATE log_payload SET bytes = NULL, salt = NULL, erased = ? WHERE commitment = ? AND erased IS NULL",
        (at, item),
    )
    if done.rowcount != 1:
        raise NotFound("MAG-E212", f"no payload `{item[:80]}` that could be erased")
    content = msgspec.json.encode(Erasure(at=at, commitment=item, reason=reason))
    payload = Payload(name="erasure", media="application/json", content=content)
    return append(connection, [NewEntry(type=ERASED_TYPE, payloads=(payload,))])[0]


def read_payload(connection: Rows, item: str) -> tuple[bytes, bytes]:
    """Salt and bytes of a payload by its commitment, checked against it.

    Raises:
        NotFound: MAG-E212 when unknown or erased.
        Refused: MAG-E211 when the bytes are not what was committed to.
    """
    row = connection.execute("SELECT salt, bytes FROM log_payload WHERE commitment = ?", (item,)).fetchone()
    return _checked(item, row)


def read_payloads(connection: Rows, items: Sequence[str]) -> dict[str, bytes]:
    """The bytes of several payloads by their commitments, each checked as `read_payload` does (raises the same)."""
    if not items:
        return {}
    marks = ", ".join("?" * len(items))
    query = f"SELECT commitment, salt, bytes FROM log_payload WHERE commitment IN ({marks})"  # noqa: S608  marks only
    rows = {row[0]: (row[1], row[2]) for row in connection.execute(query, tuple(items)).fetchall()}
    return {item: _checked(item, rows.get(item))[1] for item in items}


def _checked(item: str, row: tuple[bytes, bytes | None] | None) -> tuple[bytes, bytes]:
    if row is None or row[1] is None:
        raise NotFound("MAG-E212", f"no payload `{item[:80]}`: never there, or erased")
    if commitment(row[0], row[1]) != item:
        raise Refused("MAG-E211", f"the stored bytes are not what `{item[:23]}` commits to")
    return row[0], row[1]


def read_leaf(connection: Rows, seq: int) -> bytes:
    """The leaf of an entry.

    Raises:
        NotFound: MAG-E204 when the log has no such entry.
    """
    row = connection.execute("SELECT leaf FROM log_entry WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise NotFound("MAG-E204", f"the log has no entry {seq}")
    return bytes(row[0])


def read_entries(connection: Rows) -> Iterator[tuple[int, bytes, bytes]]:
    """Index, leaf and leaf hash of every entry in order, a page at a time."""
    last = -(1 << 62)
    query = "SELECT seq, leaf, leaf_hash FROM log_entry WHERE seq > ? ORDER BY seq LIMIT ?"
    while page := connection.execute(query, (last, PAGE)).fetchall():
        yield from page
        last = page[-1][0]


def log_size(connection: Rows) -> int:
    """How many entries are in the log, sealed or not."""
    row = connection.execute("SELECT MAX(seq) FROM log_entry").fetchone()
    return 0 if row[0] is None else int(row[0]) + 1


def tree_at(connection: Rows, size: int) -> TileTree:
    """The tree over the first `size` entries, read from tiles."""
    return TileTree(size, lambda level, n, width: read_tile(connection, level, n, width))


def read_tile(connection: Rows, level: int, n: int, width: int) -> bytes:
    """The first `width` hashes of a tile; a partial one is gathered from the level below.

    Raises:
        Refused: MAG-E214 when the log does not have them.
    """
    row = connection.execute("SELECT hashes FROM log_tile WHERE level = ? AND n = ?", (level, n)).fetchone()
    if row is not None:
        return bytes(row[0][: width * 32])
    bounds = (n * WIDTH, n * WIDTH + width)
    query = (
        "SELECT leaf_hash FROM log_entry WHERE seq >= ? AND seq < ? ORDER BY seq"
        if level == 0
        else f"SELECT root FROM log_tile WHERE level = {level - 1:d} AND n >= ? AND n < ? ORDER BY n"  # noqa: S608  an integer
    )
    rows = connection.execute(query, bounds).fetchall()
    if len(rows) != width:
        raise Refused("MAG-E214", f"tile {level}/{n} of the log has {len(rows)} of {width} hashes")
    return b"".join(row[0] for row in rows)


def _keep_payload(connection: Rows, payload: Payload, salt: bytes, item: str) -> None:
    if payload.salt is not None:
        known = connection.execute("SELECT 1 FROM log_payload WHERE commitment = ?", (item,)).fetchone()
        if known is not None:
            return
    connection.execute(
        "INSERT INTO log_payload VALUES (?, ?, ?, ?, ?, NULL)",
        (item, salt, payload.name, payload.media, payload.content),
    )


def _complete_tiles(connection: Rows, size: int) -> None:
    level = 0
    while size % WIDTH == 0 and size:
        size //= WIDTH
        hashes = read_tile(connection, level, size - 1, WIDTH)
        if len(hashes) != TILE_BYTES:
            raise Refused("MAG-E214", f"tile {level}/{size - 1} of the log is not whole")
        root = root_of(split_hashes(hashes))
        connection.execute("INSERT INTO log_tile VALUES (?, ?, ?, ?)", (level, size - 1, hashes, root))
        level += 1


class LogStore:
    """The log of one deployment: its key, its witnesses, and what it can prove.

    Every method takes a connection without an open transaction, since only committed
    entries may be sealed.
    """

    def __init__(self, origin: str, key: Ed25519PrivateKey, witnesses: Sequence[Witness], quorum: int) -> None:
        if not 1 <= quorum <= len(witnesses):
            raise Usage("MAG-E203", f"{quorum} witnesses are needed and {len(witnesses)} configured")
        self.origin = origin
        self._key = key
        self._witnesses = tuple(witnesses)
        self.anchors = Anchors(
            log=verifier_key(origin, key).encode(), witnesses=tuple(w.vkey for w in witnesses), quorum=quorum
        )

    def latest(self, connection: Rows) -> str | None:
        """The newest sealed checkpoint note, or None."""
        row = connection.execute("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def seal(self, connection: Rows) -> str:
        """Sign the tree over all committed entries, have it witnessed, keep and return the note.

        Raises:
            Usage: MAG-E215 inside an open transaction or with an empty log.
            Unavailable: MAG-E220 or MAG-E203 when too few witnesses cosigned: nothing is sealed.
            Refused: MAG-E221 or MAG-E222 when a witness knows another history.
        """
        if connection.in_transaction:
            raise Usage("MAG-E215", "sealing inside an open transaction", hint="commit first")
        size = log_size(connection)
        sealed = connection.execute("SELECT note FROM log_checkpoint WHERE size = ?", (size,)).fetchone()
        if sealed is not None:
            return str(sealed[0])
        if size == 0:
            raise Usage("MAG-E215", "an empty log has nothing to seal")
        tree = tree_at(connection, size)
        note = sign_checkpoint(Checkpoint(origin=self.origin, size=size, root=tree.root()), self._key)
        note = self._cosigned(note, size, tree)
        try:  # one statement is a transaction of its own here
            connection.execute("INSERT INTO log_checkpoint VALUES (?, ?)", (size, note))
        except connection.Error:
            newer = self.latest(connection)
            if newer is None or open_checkpoint(newer, self.anchors.log).size < size:
                raise
            return newer
        return note

    def prove(self, connection: Rows, seq: int) -> str:
        """tlog-proof of a sealed entry under the newest checkpoint.

        Raises:
            NotFound: MAG-E204 when the entry is not sealed (yet).
        """
        note = self.latest(connection)
        size = 0 if note is None else open_checkpoint(note, self.anchors.log).size
        if note is None or not 0 <= seq < size:
            raise NotFound("MAG-E204", f"entry {seq} is not sealed; the sealed log has {size} entries")
        return format_proof(seq, self.inclusion_proof(connection, seq, size), note)

    def inclusion_proof(self, connection: Rows, seq: int, size: int) -> list[bytes]:
        """RFC 6962 inclusion proof of an entry in the tree of `size`."""
        return inclusion_proof(seq, size, tree_at(connection, size).subtree)

    def consistency_proof(self, connection: Rows, old: int, size: int) -> list[bytes]:
        """RFC 6962 consistency proof from `old` to `size`."""
        return consistency_proof(old, size, tree_at(connection, size).subtree)

    def check(self, connection: Rows) -> None:
        """Check at start: leaves, tiles, own checkpoint and the witnesses' agree.

        Raises:
            Refused: MAG-E207 to MAG-E210: do not start. Unavailable: too few witnesses answer.
        """
        hashes = _recompute(connection)
        own = self.latest(connection)
        if own is not None:
            verify_quorum(own, self.anchors.witnesses, self.anchors.quorum, parse_vkey(self.anchors.log))
            _extends(open_checkpoint(own, self.anchors.log), hashes, "its own checkpoint")
        answered = 0
        for witness in self._witnesses:
            try:
                note = witness.latest(self.origin)
            except Unavailable:
                continue
            answered += 1
            if note is None and own is not None:
                raise Refused("MAG-E222", "the witness knows nothing of a log that it has cosigned")
            if note is not None:
                _extends(open_checkpoint(note, self.anchors.log), hashes, "what the witness has seen")
        if answered < self.anchors.quorum:
            raise Unavailable("MAG-E220", f"{answered} of {self.anchors.quorum} witnesses answer")

    def _cosigned(self, note: str, size: int, tree: TileTree) -> str:
        def prove(old: int) -> tuple[bytes, ...]:
            if old > size:
                raise Refused(
                    "MAG-E209",
                    f"the log has {size} entries; the witness has seen {old}",
                    hint="the log was set back to an older state; bring back the newest copy",
                )
            return tuple(consistency_proof(old, size, tree.subtree))

        missing = ""
        for witness in self._witnesses:
            try:
                note += witness.cosign(size, prove, note)
            except Unavailable as error:
                missing = f": {error.message}"
        try:
            verify_quorum(note, self.anchors.witnesses, self.anchors.quorum, parse_vkey(self.anchors.log))
        except Refused as error:
            raise Unavailable(error.code, error.message + missing, hint=error.hint) from error
        return note


def _recompute(connection: Rows) -> list[bytes]:
    """Leaf hashes computed from the leaves; they and the stored tiles must agree."""
    hashes: list[bytes] = []
    for seq, (stored, leaf, kept) in enumerate(read_entries(connection)):
        computed = leaf_hash(leaf)
        if stored != seq or computed != kept:
            raise Refused("MAG-E207", f"entry {seq} of the log was changed or taken out")
        hashes.append(computed)
    level, row = 0, hashes
    while len(row) >= WIDTH:
        roots: list[bytes] = []
        for n, width in widths(len(row), 0):
            if width == WIDTH:
                tile = row[n * WIDTH : (n + 1) * WIDTH]
                roots.append(root_of(tile))
                kept_row = connection.execute(
                    "SELECT hashes, root FROM log_tile WHERE level = ? AND n = ?", (level, n)
                ).fetchone()
                if kept_row is None or kept_row[0] != b"".join(tile) or kept_row[1] != roots[-1]:
                    raise Refused(
                        "MAG-E208", f"tile {level}/{n} does not match the entries, first {n << (HEIGHT * (level + 1))}"
                    )
        level, row = level + 1, roots
    return hashes


def _extends(before: Checkpoint, hashes: Sequence[bytes], whose: str) -> None:
    if before.size > len(hashes):
        raise Refused("MAG-E209", f"the log has {len(hashes)} entries; {whose} has {before.size}")
    if (root_of(hashes[: before.size]) if before.size else EMPTY_ROOT) != before.root:
        raise Refused("MAG-E210", f"the first {before.size} entries do not match {whose}")
