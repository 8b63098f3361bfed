"""The artifact of a tree: everything in it as one archive whose bytes follow from the tree alone.

Rule kept (R5, invariant 2): front, control, who approves and executor each make it anew and compare its SHA-256, so that what
reaches a stage is what was agreed. Attributes of the repository (`export-ignore`, `export-subst`) and filters play no part.
The format is POSIX.1-2001 pax, in the order of the paths by their bytes, with no owner, no times, and only the execute bit of modes.
"""

from __future__ import annotations

import io
import tarfile
from typing import Final

from magistrate.adapters.git.reader import GITLINK, RepositoryReader
from magistrate.errors import Refused
from magistrate.ports import TreeEntry

MAX_BYTES: Final = 256_000_000
_EXECUTABLE: Final = "100755"
_SYMLINK: Final = "120000"


def artifact_of(reader: RepositoryReader, tree: str) -> bytes:
    """The archive of a tree.

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
    blobs = reader.read_blobs([entry.object_id for entry in entries])
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for entry in entries:
            content = blobs[entry.object_id]
            member = _member(entry, content)
            archive.addfile(member, None if member.issym() else io.BytesIO(content))
    return into.getvalue()


def _member(entry: TreeEntry, content: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    if entry.mode == _SYMLINK:
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, content.decode("utf-8", "surrogateescape")
    else:
        member.mode, member.size = (0o755 if entry.mode == _EXECUTABLE else 0o644), len(content)
    return member
