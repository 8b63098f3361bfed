"""The log-tamper drill: an exported log is doctored in eight ways, and each must be noticed.

Rule kept (R85): the clean export must verify and every doctored one must be refused by the
same offline verification that outsiders use, with the keys of the trusted roster.
"""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from magistrate.errors import MagistrateError, NotFound, Refused
from magistrate.ledger.tiles import pack_bundle, unpack_bundle
from magistrate.ledger.verify import Anchors, PayloadRecord, verify_export
from magistrate.wire.drill import Probe

MAX_EXPORT_BYTES: Final = 512_000_000
_PAYLOADS: Final = "payloads.jsonl"
_NOTE: Final = "checkpoint"
Files = dict[str, bytes]


class MemoryExport:
    """An exported log held in memory, as the verifier reads it."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, path: str) -> bytes:
        """Bytes of one file (raises NotFound)."""
        if path not in self._files:
            raise NotFound("MAG-E214", f"`{path}` is missing from the export")
        return self._files[path]

    def checkpoints(self) -> Iterator[str]:
        """Every earlier checkpoint note."""
        for path in sorted(self._files):
            if path.startswith("checkpoints/"):
                yield self._files[path].decode(errors="replace")

    def payloads(self) -> Iterator[PayloadRecord]:
        """Every payload record (raises Refused for a line that is none)."""
        for line in self.read(_PAYLOADS).splitlines():
            try:
                yield msgspec.json.decode(line, type=PayloadRecord)
            except msgspec.MsgspecError as error:
                raise Refused("MAG-E214", "a line of the payloads can not be read") from error


def unpack_export(content: bytes) -> Files:
    """Files of an export archive, named relative to its folder.

    Raises:
        Refused: MAG-E397 when it is no export.
    """
    files: Files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    files[member.name.removeprefix("./")] = stream.read(MAX_EXPORT_BYTES)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refused("MAG-E397", "the exported log is not a tar archive") from error
    roots = [name.removesuffix(_NOTE) for name in files if name == _NOTE or name.endswith(f"/{_NOTE}")]
    if not roots:
        raise Refused("MAG-E397", "the exported log holds no checkpoint")
    root = min(roots, key=len)
    return {name.removeprefix(root): raw for name, raw in files.items() if name.startswith(root)}


def tamper_probes(files: Files, anchors: Anchors) -> tuple[Probe, ...]:
    """Verify the clean export, then every doctored copy."""
    clean = _verdict(files, anchors)
    probes = [Probe(probe="the clean log verifies", held=clean == "", seen=clean or "verified")]
    for what, doctor in _DOCTORS.items():
        try:
            doctored = doctor(dict(files))
        except (Refused, LookupError, ValueError) as error:
            probes.append(Probe(probe=what, held=False, seen=f"could not be tried: {error}"))
            continue
        told = _verdict(doctored, anchors) if doctored != files else ""
        probes.append(Probe(probe=what, held=told != "", seen=told or "NOT NOTICED"))
    return tuple(probes)


def _verdict(files: Files, anchors: Anchors) -> str:
    try:
        verify_export(MemoryExport(files), anchors)
    except MagistrateError as error:
        return f"{error.code} {error.message}"[:400]
    return ""


def _bundle(files: Files) -> str:
    return max(name for name in files if name.startswith("tile/entries/"))


def _leaves(files: Files) -> tuple[str, list[bytes]]:
    name = _bundle(files)
    last = name.rpartition(".p/")[2]
    return name, unpack_bundle(files[name], int(last) if ".p/" in name else 256)


def _changed_entry(files: Files) -> Files:
    name, leaves = _leaves(files)
    leaves[0] = leaves[0][:-2] + bytes([leaves[0][-2] ^ 1]) + leaves[0][-1:]
    return {**files, name: pack_bundle(leaves)}


def _swapped_entries(files: Files) -> Files:
    name, leaves = _leaves(files)
    leaves[0], leaves[1] = leaves[1], leaves[0]
    return {**files, name: pack_bundle(leaves)}


def _cut_entry(files: Files) -> Files:
    name, leaves = _leaves(files)
    return {**files, name: pack_bundle(leaves[:-1])}


def _changed_tile(files: Files) -> Files:
    name = min(name for name in files if name.startswith("tile/0/"))
    return {**files, name: bytes([files[name][0] ^ 1]) + files[name][1:]}


def _changed_payload(files: Files) -> Files:
    lines = files[_PAYLOADS].splitlines()
    record = next(r for r in (msgspec.json.decode(line, type=PayloadRecord) for line in lines) if r.content)
    other = msgspec.structs.replace(record, content=(record.content or b"") + b" ")
    kept = [line for line in lines if msgspec.json.decode(line, type=PayloadRecord) != record]
    return {**files, _PAYLOADS: b"\n".join([*kept, msgspec.json.encode(other)]) + b"\n"}


def _removed_payload(files: Files) -> Files:
    lines = files[_PAYLOADS].splitlines()
    return {**files, _PAYLOADS: b"".join(line + b"\n" for line in lines[1:])}


def _changed_root(files: Files) -> Files:
    lines = files[_NOTE].decode().split("\n")
    root = bytearray(base64.b64decode(lines[2]))
    root[0] ^= 1
    lines[2] = base64.b64encode(bytes(root)).decode()
    return {**files, _NOTE: "\n".join(lines).encode()}


def _unwitnessed(files: Files) -> Files:
    body, _, signatures = files[_NOTE].decode().partition("\n\n")
    first = signatures.split("\n")[0]
    return {**files, _NOTE: f"{body}\n\n{first}\n".encode()}


_DOCTORS: Final[dict[str, Callable[[Files], Files]]] = {
    "an entry is changed": _changed_entry,
    "two entries are swapped": _swapped_entries,
    "the last entry is cut off": _cut_entry,
    "a hash of the tree is changed": _changed_tile,
    "a payload is changed": _changed_payload,
    "a payload is removed": _removed_payload,
    "the signed root is changed": _changed_root,
    "the witness is taken away": _unwitnessed,
}
