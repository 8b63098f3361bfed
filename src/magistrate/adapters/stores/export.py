"""Exported logs as directories: the C2SP tlog-tiles layout, payloads and earlier checkpoints.

`checkpoint`, `tile/<L>/…`, `tile/entries/…`, `payloads.jsonl`, `checkpoints/<size>`. Anybody
can verify such a directory with public keys alone (`ledger.verify.verify_export`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from magistrate.adapters.stores.log import read_entries, read_tile
from magistrate.adapters.stores.rows import Rows
from magistrate.errors import NotFound, Refused, Usage
from magistrate.ledger.tiles import HEIGHT, WIDTH, pack_bundle, tile_path, widths
from magistrate.ledger.verify import PayloadRecord


def export_log(connection: Rows, directory: Path) -> int:
    """Write the sealed part of the log into a new or empty directory; returns its size.

    Raises:
        Usage: MAG-E214 when the directory is not empty or nothing is sealed yet.
    """
    notes = connection.execute("SELECT size, note FROM log_checkpoint ORDER BY size").fetchall()
    if not notes:
        raise Usage("MAG-E214", "nothing is sealed yet, so there is nothing to export")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Usage("MAG-E214", f"`{directory}` is not empty")
    size = int(notes[-1][0])
    level = 0
    while size >> (HEIGHT * level):
        for n, width in widths(size, level):
            _write(directory / tile_path(level, n, width), read_tile(connection, level, n, width))
        level += 1
    for n, width in widths(size, 0):
        rows = connection.execute(
            "SELECT leaf FROM log_entry WHERE seq >= ? AND seq < ? ORDER BY seq", (n * WIDTH, n * WIDTH + width)
        )
        _write(directory / tile_path("entries", n, width), pack_bundle([row[0] for row in rows.fetchall()]))
    for earlier, note in notes[:-1]:
        _write(directory / "checkpoints" / str(earlier), note.encode())
    _write_payloads(connection, size, directory / "payloads.jsonl")
    _write(directory / "checkpoint", notes[-1][1].encode())
    return size


class DirectoryExport:
    """An exported log in a directory, for `verify_export`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, path: str) -> bytes:
        """Bytes of a file of the export.

        Raises:
            NotFound: MAG-E214 when it is absent.
        """
        try:
            return (self._directory / path).read_bytes()
        except OSError as error:
            raise NotFound("MAG-E214", f"`{path}` can not be read: {error.strerror}") from error

    def checkpoints(self) -> Iterator[str]:
        """Earlier checkpoint notes."""
        folder = self._directory / "checkpoints"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                yield path.read_text("utf-8")
            except ValueError as error:
                raise Refused("MAG-E202", f"`checkpoints/{path.name}` is not text") from error

    def payloads(self) -> Iterator[PayloadRecord]:
        """Payload records, line by line.

        Raises:
            NotFound, Refused: MAG-E214 when the file is absent or a line is not as the export writes it.
        """
        try:
            with (self._directory / "payloads.jsonl").open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield _record(number, line)
        except OSError as error:
            raise NotFound("MAG-E214", "`payloads.jsonl` is missing from the export") from error


def _record(number: int, line: bytes) -> PayloadRecord:
    """One spelling only: the spare bits of base64, another order or a second key would change unseen."""
    try:
        record = msgspec.json.decode(line, type=PayloadRecord)
    except msgspec.MsgspecError as error:
        raise Refused("MAG-E214", f"line {number} of `payloads.jsonl` can not be read") from error
    if _line(record) != line:
        raise Refused("MAG-E214", f"line {number} of `payloads.jsonl` is not spelled as an export is")
    return record


def _line(record: PayloadRecord) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def _write_payloads(connection: Rows, size: int, path: Path) -> None:
    written: set[str] = set()
    with path.open("wb") as out:
        for seq, leaf, _hash in read_entries(connection):
            if seq >= size:
                break
            for item in msgspec.json.decode(leaf)["commitments"]:
                if item["commitment"] in written:
                    continue
                written.add(item["commitment"])
                row = connection.execute(
                    "SELECT salt, name, media, bytes, erased FROM log_payload WHERE commitment = ?",
                    (item["commitment"],),
                ).fetchone()
                if row is None:
                    continue  # the verifier names what is missing
                record = PayloadRecord(
                    commitment=item["commitment"], content=row[3], erased=row[4], media=row[2], name=row[1], salt=row[0]
                )
                out.write(_line(record))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
