"""The artifact of a tree: everything in it as one archive whose bytes follow from the tree alone.

Rule kept (R5, invariant 2): front, control, who approves and executor each make it anew and compare its SHA-256, so that what
reaches a stage is what was agreed. Attributes of the repository (`export-ignore`, `export-subst`) and filters play no part.
The format is POSIX.1-2001 pax, in the order of the paths by their bytes, with no owner, no times, and only the execute bit of modes.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from magistrate.adapters.git.reader import GITLINK, RepositoryReader
from magistrate.errors import Refused
from magistrate.ports import TreeEntry

MAX_BYTES: Final = 256_000_000
BATCH_BYTES: Final = 16_000_000
_EXECUTABLE: Final = "100755"
_SYMLINK: Final = "120000"


def artifact_digest(reader: RepositoryReader, tree: str) -> str:
    """The `sha256:` digest of the archive of a tree, which is never held as a whole (raises as `write_artifact`)."""
    hashed = _Hashed()
    write_artifact(reader, tree, hashed)
    return f"sha256:{hashed.sha256.hexdigest()}"


def write_artifact(reader: RepositoryReader, tree: str, into: IO[bytes]) -> None:
    """Write the archive of a tree, some files at a time.

    Raises:
        Refused: MAG-E314 for a tree with a submodule or a name that is not UTF-8, or of more than 256 MB.
        NotFound, Unavailable: as git says.
    """
    entries = sorted(reader.list_tree(tree), key=lambda entry: entry.path.encode())
    for entry in entries:
        if entry.mode == GITLINK or "\\x" in entry.path:
            raise Refused(
                "MAG-E314", f"`{entry.path[:80]}` cannot be part of an artifact", hint="no submodules, UTF-8 names"
            )
    if sum(max(entry.size, 0) for entry in entries) > MAX_BYTES:
        raise Refused("MAG-E314", f"the tree has more than {MAX_BYTES // 1_000_000} MB; an artifact has less")
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for some in _batches(entries):
            blobs = reader.read_blobs([entry.object_id for entry in some])
            for entry in some:
                content = blobs[entry.object_id]
                member = _member(entry, content)
                archive.addfile(member, None if member.issym() else io.BytesIO(content))


def _batches(entries: Sequence[TreeEntry]) -> Iterator[list[TreeEntry]]:
    """In order, each of one file or of no more than BATCH_BYTES."""
    some: list[TreeEntry] = []
    held = 0
    for entry in entries:
        if some and held + max(entry.size, 0) > BATCH_BYTES:
            yield some
            some, held = [], 0
        some.append(entry)
        held += max(entry.size, 0)
    if some:
        yield some


class _Hashed(io.BytesIO):
    """Takes what is written, and remembers its hash alone."""

    def __init__(self) -> None:
        super().__init__()
        self.sha256 = hashlib.sha256()
        self._written = 0

    def write(self, some: Any) -> int:  # noqa: ANN401  whatever holds bytes
        """Hash it."""
        self.sha256.update(some)
        self._written += len(some)
        return len(some)

    def tell(self) -> int:
        """How much was written."""
        return self._written


def _member(entry: TreeEntry, content: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    if entry.mode == _SYMLINK:
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, content.decode("utf-8", "surrogateescape")
    else:
        member.mode, member.size = (0o755 if entry.mode == _EXECUTABLE else 0o644), len(content)
    return member
