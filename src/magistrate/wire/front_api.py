"""What crosses the socket between front and control, `/internal/v1/*`.

Front holds no store: it asks who a token belongs to, has every read recorded before it
serves it, and hands signed proposals over to be sealed.
"""

from __future__ import annotations

import msgspec

from magistrate.domain.stages import StageKind
from magistrate.wire.agent_api import FindingView, ReasonView
from magistrate.wire.envelope import Envelope


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class TokenQuestion(_Shape, frozen=True, kw_only=True):
    """Whose token is this? Digests only; the first client to use a token is the only one."""

    token_sha256: str
    client_sha256: str


class StageView(_Shape, frozen=True, kw_only=True):
    """A stage that policy gives the session's repository; `old` is the commit at its ref, empty where there is none.

    `system` and `document` are those of a stage whose entitlements are changed, with `secret` of one whose secret is
    rotated, else null; `target` is whoever runs what is deployed, null: whatever watches the ref.
    """

    stage: str
    environment: str
    old: str
    system: str | None = None
    document: str | None = None
    secret: str | None = None
    target: str | None = None

    def kind(self) -> StageKind:
        """What is done in it."""
        return StageKind(document=self.document, secret=self.secret)


class SessionView(_Shape, frozen=True, kw_only=True):
    """A live session as front needs it; `release_tags` is what policy lets its releases begin with, null for none."""

    session: Envelope
    model: str
    environment: str
    ref: str
    git_dir: str
    commit: str
    tree: str
    bytes_left: int
    release_tags: str | None = None
    stages: tuple[StageView, ...] = ()


class SessionQuestion(_Shape, frozen=True, kw_only=True):
    """Which session is asked about."""

    session: str


class Gathered(_Shape, frozen=True, kw_only=True):
    """What a session read so far: receipts of what was served, and the gaps (`domain.gaps`)."""

    context: tuple[str, ...]
    gaps: tuple[str, ...]


class ReadNote(_Shape, frozen=True, kw_only=True):
    """One read, recorded before it is served.

    `skipped` counts files that the answer should have covered and could not; `refused` is an error code or empty.
    """

    session: str
    tool: str
    source: str
    byte_start: int
    byte_end: int
    sha256: str
    redactions: int
    truncated: bool
    refused: str
    skipped: int = 0


class Receipt(_Shape, frozen=True, kw_only=True):
    """The read is in the log; `receipt` is the digest of its record."""

    receipt: str


class FindingPage(_Shape, frozen=True, kw_only=True):
    """Findings of the session's repository, unredacted; front redacts before it serves."""

    findings: tuple[FindingView, ...]
    next: str


class SealRequest(_Shape, frozen=True, kw_only=True):
    """A signed proposal with what it refers to.

    `diff` and `kind_salt` are base64; `prompt` and `rationale` are redacted; `supersedes` is the digest of
    an earlier proposal of the same agent that this one takes the place of, or empty.
    """

    proposal: Envelope
    diff: str
    prompt: str
    rationale: str
    kind: str
    kind_salt: str
    supersedes: str = ""


class Sealed(_Shape, frozen=True, kw_only=True):
    """The proposal by its digest, and its state."""

    proposal: str
    state: str


class CaseStatus(_Shape, frozen=True, kw_only=True):
    """Where a proposal of the session stands, with machine-readable reasons."""

    proposal: str
    state: str
    strictness: str
    classes: tuple[str, ...]
    reasons: tuple[ReasonView, ...]
