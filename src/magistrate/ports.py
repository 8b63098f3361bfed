"""What the inner rooms ask of the world, as Protocols on one page, with the values they exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from magistrate.domain.case import (
    AgentRow,
    Case,
    CaseFacts,
    Companion,
    DrillRow,
    EventRow,
    Recorded,
    RepositoryRow,
    SessionRow,
    Standing,
)
from magistrate.domain.events import Event
from magistrate.domain.finding import Finding
from magistrate.domain.history import AlteredRow, LandedRows
from magistrate.domain.impact import FileChange
from magistrate.domain.lifecycle import CaseState

if TYPE_CHECKING:  # a page of types: who only judges loads no signatures, tokens and documents for it
    from magistrate.authority.across import Apart, LinkedVerdict
    from magistrate.authority.policy import TrustedPolicy
    from magistrate.authority.roster import TrustedRoster
    from magistrate.wire.assessment import Verdict
    from magistrate.wire.document import Body
    from magistrate.wire.effect import GitEffect, GitUpdate
    from magistrate.wire.envelope import Envelope


class SandboxLevel(StrEnum):
    """How strong, strongest first. `LIMITS` never runs a repository's code; `NONE`: `magistrate assess` on one's own."""

    BUBBLEWRAP = "bubblewrap"
    UNSHARE = "unshare"
    LIMITS = "limits"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """Bounds of one run; `memory_bytes` of each process, `output_bytes` of both outputs, `file_bytes` of each file."""

    cpu_seconds: int = 30
    wall_seconds: float = 60.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 16_000_000
    file_bytes: int = 64_000_000
    processes: int = 64


DEFAULT_LIMITS: Final = SandboxLimits()


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
        limits: SandboxLimits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Run to the end or to a limit; raises Unavailable when the walls cannot be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One path of a tree: git mode (six octal digits), object id, size in bytes (-1: no blob, or none at hand)."""

    path: str
    mode: str
    object_id: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRow:
    """One commit with its first parent (`parent_tree` None: it has none); `committed` in Unix seconds, `title` as written."""

    commit: str
    tree: str
    parent: str | None
    parent_tree: str | None
    committed: int
    title: str


class GitReader(Protocol):
    """Reads one repository: objects and refs, never the work tree, never its configuration's wishes."""

    def resolve(self, revision: str) -> str:
        """Commit id of a revision; raises NotFound."""

    def tree_of(self, commit: str) -> str:
        """Tree id of a commit; raises NotFound."""

    def parents(self, commit: str) -> tuple[str, ...]:
        """Parent ids of a commit."""

    def history(self, revisions: str, limit: int) -> tuple[CommitRow, ...]:
        """Commits of a range along first parents, newest first; raises NotFound, Usage."""

    def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
        """Every path of a tree with its mode, recursively."""

    def read_blobs(self, object_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Bytes by object id; raises NotFound when one is missing."""

    def read_path(self, tree: str, path: str) -> bytes | None:
        """Bytes of one regular file of a tree; None when there is none."""

    def changes(self, base_tree: str, result_tree: str) -> tuple[FileChange, ...]:
        """Every changed path between two trees, with bytes and modes of both sides."""

    def landed(self, commit: str, limit: int) -> LandedRows:
        """The commit and what landed before it, along first parents; empty where it is no commit at hand."""

    def merged(self, commit: str, limit: int) -> Mapping[str, tuple[str, ...]]:
        """Subjects of the sides that the merges among the last `limit` landed commits brought, by merge."""

    def altered(self, pairs: Sequence[tuple[str, str]]) -> Sequence[tuple[AlteredRow, ...] | None]:
        """What differs between each pair of trees; None for all from the first that is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPatch:
    """What a patch really does, recomputed from trees; the submitted text is forgotten.

    `diff` is git's binary diff, `manifest` canonical JSON of path, mode and SHA-256 of each changed blob, `pack` new objects.
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


class Records(Protocol):
    """The rows of record and the log."""

    def append(  # noqa: PLR0913  an entry is all of these
        self,
        event: Event,
        subject: str,
        facts: Mapping[str, str],
        *,
        now: int,
        payloads: Mapping[str, bytes] | None = None,
        once: str | None = None,
    ) -> Recorded:
        """Append an entry; `once` names an occurrence that may be recorded only one time."""

    def recorded(self, once: str) -> bool:
        """Whether that occurrence is in the log."""

    def events(self, subject: str) -> tuple[EventRow, ...]:
        """All entries about a subject (a proposal digest, a session id), in order."""

    def count(self, subject: str, event: Event) -> int:
        """How many entries of a kind there are about a subject."""

    def events_after(self, seq: int, limit: int) -> tuple[EventRow, ...]:
        """Entries after a sequence number, in order."""

    def keep(self, envelope: Envelope, *, kind: str, proposal: str | None, author: str, seq: int) -> str:
        """Keep a document as a row of record; returns its digest."""

    def document(self, digest: str) -> Envelope:
        """A document by its digest (raises NotFound MAG-E450)."""

    def documents(self, kind: str, *proposals: str) -> tuple[Envelope, ...]:
        """Documents of a kind, of these cases alone if any is named, oldest first."""

    def proposals(self, names: Sequence[str], *, whole: int) -> Mapping[str, tuple[Envelope, bytes]]:
        """Proposals by digest, the last `whole` of them with their diffs (raises NotFound when one is missing or erased)."""

    def keep_payload(self, proposal: str, name: str, commitment: str) -> None:
        """Name a payload of the log as belonging to a case."""

    def payload(self, proposal: str, name: str) -> bytes:
        """Bytes of a payload (raises NotFound when it was erased)."""

    def opening(self, seq: int, name: str) -> tuple[bytes, bytes]:
        """Leaf of an entry and the salt that opens one of its commitments."""

    def keep_withdrawal(self, approval: str, withdrawal: str, epoch: int) -> None:
        """An approval was taken back."""

    def withdrawn(self, approval: str) -> bool:
        """Whether an approval was taken back."""

    def keep_drill(self, row: DrillRow) -> None:
        """Keep the result of a drill."""

    def drills(self) -> tuple[DrillRow, ...]:
        """Every result, oldest first."""

    def keep_findings(self, findings: Sequence[Finding], *, now: int, source: str) -> int:
        """Keep those that are new; returns how many were."""

    def findings(self, repository: str | None, limit: int, after: str) -> tuple[Finding, ...]:
        """Findings in order of their ids."""

    def finding(self, name: str) -> Finding:
        """One finding (raises NotFound MAG-E450)."""

    def open_case(self, facts: CaseFacts) -> None:
        """Keep what never changes of a case."""


class Projections(Protocol):
    """What can be rebuilt from the record."""

    def case(self, proposal: str) -> Case:
        """A case by its digest or a unique prefix of its hex (NotFound MAG-E450, Usage MAG-E466)."""

    def cases(
        self, states: Sequence[CaseState], *, limit: int, after: str = "", repository: str = ""
    ) -> tuple[Case, ...]:
        """Cases in any of the states (all, when none is named), newest first."""

    def companions(self, agent: str, owner: str, *, since: int, states: Sequence[CaseState]) -> tuple[Case, ...]:
        """Cases of this agent or of this owner that came to one of these states since then, the first opened first."""

    def counts(self) -> Mapping[str, int]:
        """How many cases stand in each state."""

    def case_of_warrant(self, warrant: str) -> Case:
        """The case of a warrant id (raises NotFound MAG-E450)."""

    def project(self, proposal: str, standing: Standing) -> None:
        """Write where a case stands. Called by `usecases.transition` alone."""

    def take_warrant(self, warrant: str, now: int) -> bool:
        """Mark a warrant as taken; False when somebody did before."""

    def session(self, session: str) -> SessionRow:
        """A session (raises NotFound MAG-E450)."""

    def session_of_token(self, token_sha256: str) -> SessionRow:
        """The session of a token (raises NotFound MAG-E450)."""

    def sessions(self, limit: int) -> tuple[SessionRow, ...]:
        """Sessions, newest first."""

    def put_session(self, row: SessionRow) -> None:
        """Write a session."""

    def agent(self, agent: str) -> AgentRow:
        """An agent (raises NotFound MAG-E450)."""

    def agents(self) -> tuple[AgentRow, ...]:
        """Every agent."""

    def put_agent(self, row: AgentRow) -> None:
        """Write an agent."""

    def repository(self, repository: str) -> RepositoryRow:
        """A repository (raises NotFound MAG-E450)."""

    def repositories(self) -> tuple[RepositoryRow, ...]:
        """Every repository."""

    def put_repository(self, row: RepositoryRow) -> None:
        """Write a repository."""

    def use_request(self, request: str, expires: int, now: int) -> bool:
        """Remember a request's id; False when it was used before."""


class Unit(Records, Projections, Protocol):
    """One transaction over the store: the log and what rests on it become durable together."""


class Store(Protocol):
    """The store with its log."""

    def transaction(self) -> AbstractContextManager[Unit]:
        """Begin, and commit at the end; Unavailable MAG-E443 when nothing can be recorded."""

    def seal(self) -> None:
        """Sign the log over everything committed and have it witnessed (raises Unavailable)."""

    def proof(self, seq: int) -> str:
        """tlog-proof of a sealed entry (raises NotFound)."""

    def checkpoint(self) -> str:
        """The newest witnessed checkpoint, empty when there is none."""


class Trust(Protocol):
    """Roster and policy as they stand now, verified."""

    def roster(self) -> TrustedRoster:
        """The newest trusted roster."""

    def chain(self) -> tuple[Envelope, ...]:
        """All its versions."""

    def policy(self) -> TrustedPolicy:
        """The active policy."""

    def policy_envelope(self) -> Envelope:
        """The active policy as it was signed."""


class Pen(Protocol):
    """Signs as control."""

    def sign(self, body: Body, prefix: str, *, now: int, lifetime: int | None) -> Envelope:
        """Frame a body with a fresh id and sign it."""


class Repositories(Protocol):
    """The gate's bare repositories, read only. Methods raise Unavailable or NotFound."""

    def git_dir(self, repository: str) -> str:
        """Path of the bare repository."""

    def tip(self, repository: str, ref: str) -> str:
        """Commit at a ref, empty when it does not exist."""

    def tree(self, repository: str, commit: str) -> str:
        """Tree id of a commit."""

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag by its whole name."""

    def pack(self, repository: str, *commits: str) -> bytes:
        """A pack with these commits, their trees and everything below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The verdict of the assessor and the evidence that it rests on, each signed."""

    verdict: Verdict
    evidence: tuple[Envelope, ...]


class Assessor(Protocol):
    """The assessor in its sandbox. Methods raise Unavailable when it cannot judge."""

    def assess(self, proposal: str, effect: GitEffect, diff: bytes, now: int) -> Assessed:
        """What the change is, from its trees."""

    def together(self, effect: GitUpdate, diff: bytes, others: Sequence[Companion]) -> tuple[Verdict, ...]:
        """What it comes to together with others by the same hands; empty where it stands alone."""

    def across(self, effect: GitUpdate, diff: bytes, apart: Apart, own: Sequence[Verdict]) -> tuple[LinkedVerdict, ...]:
        """What others come to where a link leads from here to elsewhere."""

    def decide(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """What it needs: the `decide` mode of the judge."""
