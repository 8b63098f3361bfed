"""What the inner rooms ask of the world, as Protocols on one page, with the values they exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from magistrate.domain.impact import FileChange


class SandboxLevel(StrEnum):
    """How strong the walls are, strongest first.

    `LIMITS` has no namespaces: enough for static proofs (one process, no sockets), never for
    running code of a repository.
    """

    BUBBLEWRAP = "bubblewrap"
    UNSHARE = "unshare"
    LIMITS = "limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """Bounds of one run; seconds, bytes and counts.

    `memory_bytes` is the address space of each process, `output_bytes` bounds stdout and stderr
    together, `file_bytes` each written file, `processes` all processes of the run.
    """

    cpu_seconds: int = 30
    wall_seconds: float = 60.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 16_000_000
    file_bytes: int = 64_000_000
    processes: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxResult:
    """How a run ended. A run that was cut short (`timed_out`, `overflowed`) proves nothing."""

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    overflowed: bool = False

    @property
    def clean(self) -> bool:
        """Whether it ended by itself with status 0 inside its limits."""
        return self.returncode == 0 and not self.timed_out and not self.overflowed


class Sandbox(Protocol):
    """Runs a program with no network, no environment and no host files but those given."""

    @property
    def level(self) -> SandboxLevel:
        """How strong the walls are."""

    def run(  # noqa: PLR0913  one argument for each thing that crosses the wall
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        read_only: Sequence[Path] = (),
        writable: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        limits: SandboxLimits = SandboxLimits(),
    ) -> SandboxResult:
        """Run to the end or to a limit; raises Unavailable when the walls cannot be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One path of a tree: git mode (six octal digits), object id, size in bytes (-1: not a blob)."""

    path: str
    mode: str
    object_id: str
    size: int


class GitReader(Protocol):
    """Reads one repository: objects and refs, never the work tree, never its configuration's wishes."""

    def resolve(self, revision: str) -> str:
        """Commit id of a revision; raises NotFound."""

    def tree_of(self, commit: str) -> str:
        """Tree id of a commit; raises NotFound."""

    def parents(self, commit: str) -> tuple[str, ...]:
        """Parent ids of a commit."""

    def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
        """Every path of a tree with its mode, recursively."""

    def read_blobs(self, object_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Bytes by object id; raises NotFound when one is missing."""

    def read_path(self, tree: str, path: str) -> bytes | None:
        """Bytes of one regular file of a tree; None when there is none."""

    def changes(self, base_tree: str, result_tree: str) -> tuple[FileChange, ...]:
        """Every changed path between two trees, with bytes and modes of both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPatch:
    """What a patch really does, recomputed from trees; the submitted text is forgotten.

    `diff` is git's own binary diff of the two trees, `manifest` the canonical JSON of path, mode
    and SHA-256 of every changed blob, `pack` the new objects (empty unless asked for).
    """

    base_tree: str
    result_tree: str
    diff: bytes
    manifest: bytes
    manifest_sha256: str
    changes: tuple[FileChange, ...]
    pack: bytes = b""

    @property
    def paths(self) -> tuple[str, ...]:
        """The changed paths, sorted."""
        return tuple(change.path for change in self.changes)


class PatchApplier(Protocol):
    """Applies a patch to a base tree in a quarantined object directory inside the sandbox."""

    def apply(self, git_dir: Path, base_tree: str, patch: bytes, *, want_pack: bool = False) -> AppliedPatch:
        """Apply; raises Refused with git's words when the patch does not fit or is illegal."""
