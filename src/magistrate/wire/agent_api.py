"""The agents' HTTP border: what each tool takes and what it answers.

`POST /api/v1/agent/<tool>` on front, JSON both ways. The stdio client and front use these same
structs, so an argument that is not written here is refused on both sides. Reading and drafting
only; no tool names a repository, a ref or an environment: the session does.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from magistrate.domain.tags import Step

Identifier = Annotated[str, Meta(min_length=5, max_length=80, pattern=r"^[a-z0-9:-]+$")]
Path = Annotated[str, Meta(min_length=1, max_length=4096)]
Line = Annotated[int, Meta(ge=1, le=10_000_000)]
Limit = Annotated[int, Meta(ge=1, le=200)]
StageName = Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$")]
Text = Annotated[str, Meta(max_length=64_000)]
Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Patch = Annotated[str, Meta(min_length=1, max_length=2_000_000)]


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    """Every struct of this border refuses what it does not know."""


class ListFindings(Strict, frozen=True, kw_only=True):
    """Findings of the session's repository, in stable order; `after` is the last id seen."""

    limit: Limit = 50
    after: Identifier | UnsetType = UNSET


class GetFinding(Strict, frozen=True, kw_only=True):
    """One finding by its id."""

    id: Identifier


class ReadFile(Strict, frozen=True, kw_only=True):
    """Lines of one file at the session's commit; 1-based, both ends included."""

    path: Path
    start_line: Line | UnsetType = UNSET
    end_line: Line | UnsetType = UNSET


class SearchCode(Strict, frozen=True, kw_only=True):
    r"""Lines that match, in text that is already redacted.

    A pattern holds literals, `.`, classes, anchors and at most two of `*`, `+`, `?`; a backslash makes
    `( ) { } |` and the others stand for themselves. Groups and choices are refused.
    """

    pattern: Annotated[str, Meta(min_length=1, max_length=200)]
    path_prefix: Annotated[str, Meta(max_length=4096)] | UnsetType = UNSET
    limit: Limit = 50


class AffectedFiles(Strict, frozen=True, kw_only=True):
    """Files that a finding touches, each with its reason."""

    finding: Identifier


class CheckDraft(Strict, frozen=True, kw_only=True):
    """What a patch would do, without proposing it."""

    patch: Patch


class SubmitProposal(Strict, frozen=True, kw_only=True):
    """A patch handed in for judgement; the text itself is neither shown nor judged. Or, with `release` or `deploy`, no patch.

    `release` proposes to release what has landed, in a step of this size; the name of the tag follows from
    the releases before. `deploy` proposes to bring what has landed to a stage, by the name that policy gives it: to run
    there, or to be the entitlements of its system.
    What either brings is compared by the server.

    `supersedes` names an earlier proposal of yours for the same finding, by its digest: that one ends, and
    its approvals with it. Not possible once it executes.
    """

    patch: Patch | UnsetType = UNSET
    release: Step | UnsetType = UNSET
    deploy: StageName | UnsetType = UNSET
    rationale: Text
    prompt: Text
    finding: Identifier
    supersedes: Digest | UnsetType = UNSET


class ProposalStatus(Strict, frozen=True, kw_only=True):
    """Where a proposal of this session stands."""

    id: Identifier


class SecretView(Strict, frozen=True, kw_only=True):
    """A secret that a finding is about: never its value. `unknown` stands for what nobody can say, which is the most."""

    name: str
    path: str
    line: int
    consumers: list[str]
    opens: list[str]


class FindingView(Strict, frozen=True, kw_only=True):
    """A finding as an agent sees it; `message` comes from outside and is redacted.

    `secrets` are those that it is about, with what each opens and who uses it; empty where it is of another kind.
    """

    id: str
    rule: str
    tool: str
    message: str
    path: str
    start_line: int
    end_line: int
    severity: str
    fingerprint: str
    source_sha256: str
    repository: str
    secrets: list[SecretView] = []
    untrusted: bool = True


class FindingList(Strict, frozen=True, kw_only=True):
    """One page; `next` is the id to send as `after`, empty at the end."""

    findings: list[FindingView]
    redactions: int
    truncated: bool
    next: str
    receipt: str


class FindingReply(Strict, frozen=True, kw_only=True):
    """One finding."""

    finding: FindingView
    redactions: int
    truncated: bool
    receipt: str


class FileText(Strict, frozen=True, kw_only=True):
    """Redacted text; `source_sha256` is the digest of the file, of its redacted text when it holds a secret."""

    path: str
    commit: str
    text: str
    redactions: int
    truncated: bool
    source_sha256: str
    receipt: str
    untrusted: bool = True


class MatchView(Strict, frozen=True, kw_only=True):
    """One matching line."""

    path: str
    line: int
    text: str


class MatchList(Strict, frozen=True, kw_only=True):
    """Matches of one search; `source` names commit and prefix."""

    matches: list[MatchView]
    redactions: int
    truncated: bool
    source: str
    receipt: str
    untrusted: bool = True


class AffectedView(Strict, frozen=True, kw_only=True):
    """One file and why it is affected."""

    path: str
    reason: str


class AffectedList(Strict, frozen=True, kw_only=True):
    """Affected files of a finding."""

    files: list[AffectedView]
    redactions: int
    truncated: bool
    source: str
    receipt: str


class DraftReply(Strict, frozen=True, kw_only=True):
    """What a patch does: the changed paths, and a name for its effect.

    `draft` is keyed and means something within one session only: drafts of equal effect have equal names.
    A plain digest of the result would let anybody try guesses at what redaction left out.
    """

    applies: bool
    draft: str
    paths: list[str]
    redactions: int
    truncated: bool


class ProposalReply(Strict, frozen=True, kw_only=True):
    """A sealed proposal by its digest, and its state."""

    proposal: str
    state: str


class ReasonView(Strict, frozen=True, kw_only=True):
    """One machine-readable reason; `relax` says what would make it go away, or is empty."""

    code: str
    text: str
    relax: str = ""


class StatusReply(Strict, frozen=True, kw_only=True):
    """Where a proposal stands and why."""

    proposal: str
    state: str
    strictness: str
    classes: list[str]
    reasons: list[ReasonView]


TOOLS: Final[dict[str, tuple[type[Struct], type[Struct]]]] = {
    "list_findings": (ListFindings, FindingList),
    "get_finding": (GetFinding, FindingReply),
    "read_file": (ReadFile, FileText),
    "search_code": (SearchCode, MatchList),
    "affected_files": (AffectedFiles, AffectedList),
    "check_draft": (CheckDraft, DraftReply),
    "submit_proposal": (SubmitProposal, ProposalReply),
    "proposal_status": (ProposalStatus, StatusReply),
}
"""Every tool an agent has, with its arguments and its answer. Read and draft; nothing else exists."""


def argument_schema(tool: str) -> dict[str, object]:
    """The JSON Schema (2020-12) of a tool's arguments, closed against unknown ones."""
    (schema,), definitions = msgspec.json.schema_components([TOOLS[tool][0]], ref_template="#/$defs/{name}")
    root: dict[str, object] = dict(definitions[str(schema["$ref"]).rsplit("/", 1)[1]])
    return root
