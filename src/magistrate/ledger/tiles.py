"""Tiles of 256 hashes (C2SP tlog-tiles): paths, entry bundles, hashes of any subtree.

A full tile at level L holds 256 Merkle Tree Hashes of 256**L leaves each. Whoever can read
tiles can compute every root and proof; `TileTree` does so over a reading function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from magistrate.errors import Refused
from magistrate.ledger.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of, split_point

WIDTH: Final = 256
HEIGHT: Final = 8
TILE_BYTES: Final = WIDTH * HASH_SIZE
MAX_LEAF: Final = 65_535

ReadTile = Callable[[int, int, int], bytes]
"""(level, n, width) -> `width` hashes, concatenated, of that tile."""


def index_path(index: int) -> str:
    """`1234067` as `x001/x234/067`."""
    index, last = divmod(index, 1000)
    parts = [f"{last:03}"]
    while index:
        index, part = divmod(index, 1000)
        parts.append(f"x{part:03}")
    return "/".join(reversed(parts))


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Path of a tile; level `entries` names an entry bundle; partial below 256."""
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{partial}"


def widths(size: int, level: int) -> list[tuple[int, int]]:
    """(n, width) of every tile at a level of a tree of `size`, the partial one last."""
    full, partial = divmod(size >> (HEIGHT * level), WIDTH)
    tiles = [(index, WIDTH) for index in range(full)]
    if partial:
        tiles.append((full, partial))
    return tiles


def split_hashes(tile: bytes) -> list[bytes]:
    """Concatenated hashes as a list."""
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]


def pack_bundle(leaves: Sequence[bytes]) -> bytes:
    """Entry bundle: each leaf behind its length as big-endian uint16."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def unpack_bundle(bundle: bytes, width: int) -> list[bytes]:
    """The leaves of an entry bundle that must hold exactly `width`.

    Raises:
        Refused: MAG-E214 when it holds more, fewer, or ends in the middle of one.
    """
    leaves: list[bytes] = []
    at, end = 0, len(bundle)
    while at + 2 <= end:
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        leaves.append(bundle[start:at])
    if at != end or len(leaves) != width:
        raise Refused("MAG-E214", f"an entry bundle does not hold exactly {width} entries")
    return leaves


class TileTree:
    """A tree of fixed size over a function that reads tiles; tiles are read once each.

    Raises:
        Refused: MAG-E214 when a tile has another length than its width asks for.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def root(self) -> bytes:
        """Root of the whole tree."""
        return self.subtree(0, self.size) if self.size else EMPTY_ROOT

    def subtree(self, start: int, end: int) -> bytes:
        """Merkle Tree Hash of the leaves `[start, end)`, aligned as proofs need them."""
        width = end - start
        if width & (width - 1) == 0:
            return self._perfect(start, width)
        middle = start + split_point(width)
        return node_hash(self.subtree(start, middle), self.subtree(middle, end))

    def _perfect(self, start: int, width: int) -> bytes:
        level, rest = divmod(width.bit_length() - 1, HEIGHT)
        first = start >> (HEIGHT * level)
        offset = first % WIDTH
        return root_of(self._tile(level, first // WIDTH)[offset : offset + (1 << rest)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        known = self._tiles.get((level, index))
        if known is None:
            width = min(WIDTH, (self.size >> (HEIGHT * level)) - index * WIDTH)
            known = split_hashes(self._read(level, index, width))
            if len(known) != width or len(known[-1]) != HASH_SIZE:
                raise Refused("MAG-E214", f"tile {level}/{index} does not hold exactly {width} hashes")
            self._tiles[(level, index)] = known
        return known
