"""The manifest of a change: path, mode and SHA-256 of every changed blob, as canonical JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from magistrate.domain.impact import FileChange
from magistrate.wire.canonical import canonical, digest


def manifest_of(changes: Iterable[FileChange]) -> bytes:
    """Canonical bytes: a list, sorted by path, of `{"path", "mode", "sha256"}`.

    A removed path has an empty mode and an empty digest; a submodule entry is hashed as the line
    `Subproject commit <id>`.
    """
    rows = [
        {
            "path": change.path,
            "mode": change.mode_after or "",
            "sha256": "" if change.after is None else hashlib.sha256(change.after).hexdigest(),
        }
        for change in sorted(changes, key=lambda change: change.path.encode())
    ]
    return canonical(rows)


def manifest_digest(changes: Iterable[FileChange]) -> str:
    """`sha256:` digest of the manifest."""
    return digest(manifest_of(changes))
