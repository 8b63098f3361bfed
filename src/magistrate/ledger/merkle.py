"""Merkle trees of RFC 6962 section 2.1: roots, inclusion proofs, consistency proofs.

Rule kept: leaves and nodes are hashed under different prefixes, so that neither can be
passed off as the other. Proofs are computed over any source of subtree hashes
(`Subtree`), and verified with the algorithms of RFC 9162 section 2.1, on hashes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from magistrate.errors import Refused, Usage

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
MAX_PROOF: Final = 63
_SHA256 = hashlib.sha256

Subtree = Callable[[int, int], bytes]
"""Merkle Tree Hash of the leaves `[start, end)`; start is a multiple of the power of two above the width."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of `0x00 || leaf`."""
    return _SHA256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of `0x01 || left || right`."""
    return _SHA256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; the empty tree has the hash of nothing."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    sha256 = _SHA256
    while len(row) > 1:
        above = [sha256(b"\x01" + a + b).digest() for a, b in zip(row[::2], row[1::2], strict=False)]
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


def subtree_of(hashes: Sequence[bytes]) -> Subtree:
    """Subtree hashes out of a list of leaf hashes in memory."""
    return lambda start, end: root_of(hashes[start:end])


def split_point(width: int) -> int:
    """Largest power of two below `width` (`width` > 1)."""
    return int(1 << (width - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Path from the leaf's sibling up to the child of the root (RFC 6962 2.1.1).

    Raises:
        Usage: MAG-E204 when the index lies outside the tree.
    """
    if not 0 <= index < size:
        raise Usage("MAG-E204", f"entry {index} lies outside a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split_point(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Proof that the tree of `old` leaves is a prefix of the tree of `size` (RFC 6962 2.1.2).

    Empty when `old` is zero or equal to `size`.

    Raises:
        Usage: MAG-E205 when `old` is larger than `size`.
    """
    if not 0 <= old <= size:
        raise Usage("MAG-E205", f"a tree of {size} has no prefix of {old}")
    if old in (0, size):
        return []
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + split_point(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash stands at `index` in the tree of `size` with this root.

    Raises:
        Refused: MAG-E204 otherwise.
    """
    if not 0 <= index < size or not _all_hashes([leaf, root, *proof]):
        raise Refused("MAG-E204", f"entry {index} is not proven to be in a tree of {size}")
    node, last, current = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise Refused("MAG-E204", "the inclusion proof is longer than the tree is high")
        if node & 1 or node == last:
            current = node_hash(step, current)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            current = node_hash(current, step)
        node >>= 1
        last >>= 1
    if last or current != root:
        raise Refused("MAG-E204", f"entry {index} is not proven to be in the tree of {size} with this root")


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is a prefix of the tree of `size`.

    Raises:
        Refused: MAG-E205 otherwise.
    """
    if not 0 <= old <= size or not _all_hashes([old_root, root, *proof]):
        raise Refused("MAG-E205", f"a tree of {size} can not extend a tree of {old}")
    if old in (0, size):
        if proof or old_root != (EMPTY_ROOT if old == 0 else root):
            raise Refused("MAG-E205", f"the tree of {size} is not the one seen before at {old}")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    before, after = _fold_consistency(old, size, path)
    if before != old_root or after != root:
        raise Refused("MAG-E205", f"the tree of {size} does not extend the tree of {old} seen before")


def _fold_consistency(old: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Old and new root that a path leads to (RFC 9162 2.1.4.2)."""
    if not path:
        raise Refused("MAG-E205", f"no proof that the tree of {size} extends the one of {old}")
    node, last = old - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            raise Refused("MAG-E205", "the consistency proof is longer than the tree is high")
        if node & 1 or node == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            after = node_hash(after, step)
        node >>= 1
        last >>= 1
    if last:
        raise Refused("MAG-E205", "the consistency proof is shorter than the tree is high")
    return before, after


def _all_hashes(hashes: Sequence[bytes]) -> bool:
    return len(hashes) <= MAX_PROOF + 3 and all(len(item) == HASH_SIZE for item in hashes)
