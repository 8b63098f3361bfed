"""The answer to each tool of an agent, from the desk of its session."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, Struct

from magistrate.context.locate import affected_files
from magistrate.context.search import Pattern
from magistrate.domain.finding import Finding, Severity
from magistrate.domain.gaps import mark_elsewhere
from magistrate.domain.tags import Step
from magistrate.errors import MagistrateError, Refused, Usage
from magistrate.usecases.desk import ControlRecorder, Desk
from magistrate.usecases.gather import Read
from magistrate.usecases.propose import (
    Applied,
    Draft,
    change_effect,
    draft_proposal,
    release_effect,
    restore_tokens,
    stage_effect,
    verify_draft,
    verify_patch,
    verify_silent,
)
from magistrate.wire.agent_api import (
    AffectedFiles,
    AffectedList,
    AffectedView,
    CheckDraft,
    DraftReply,
    FileText,
    FindingList,
    FindingReply,
    FindingView,
    GetFinding,
    ListFindings,
    MatchList,
    MatchView,
    ProposalReply,
    ProposalStatus,
    ReadFile,
    ReasonView,
    SearchCode,
    SecretView,
    StatusReply,
    SubmitProposal,
)
from magistrate.wire.canonical import digest
from magistrate.wire.effect import GitEffect
from magistrate.wire.front_api import Gathered, SealRequest

MAX_LOCATE_BYTES: Final = 8_000_000


def list_findings(desk: Desk, wanted: ListFindings) -> FindingList:
    """Findings of the session's repository, messages redacted."""
    after = "" if wanted.after is UNSET else wanted.after
    page = desk.control.findings(desk.sight.session, wanted.limit, after)
    views, count = [], 0
    for view in page.findings:
        redacted, found = _redacted_finding(desk, view)
        views.append(redacted)
        count += found
    receipt = _record_texts(desk, "list_findings", [_words(v) for v in views], count)
    return FindingList(findings=views, redactions=count, truncated=bool(page.next), next=page.next, receipt=receipt)


def get_finding(desk: Desk, wanted: GetFinding) -> FindingReply:
    """One finding."""
    with desk.reading.noting("get_finding", wanted.id):
        view, count = _redacted_finding(desk, desk.control.finding(desk.sight.session, wanted.id))
    receipt = _record_texts(desk, "get_finding", [_words(view)], count)
    return FindingReply(finding=view, redactions=count, truncated=False, receipt=receipt)


def read_file(desk: Desk, wanted: ReadFile) -> FileText:
    """Lines of one file, redacted."""
    start = None if wanted.start_line is UNSET else wanted.start_line
    end = None if wanted.end_line is UNSET else wanted.end_line
    served = desk.reading.file(wanted.path, start, end)
    return FileText(
        path=wanted.path,
        commit=desk.sight.commit,
        text=served.text,
        redactions=served.redactions,
        truncated=served.truncated,
        source_sha256=served.source_sha256,
        receipt=served.receipt,
    )


def search_code(desk: Desk, wanted: SearchCode) -> MatchList:
    """Matching lines of redacted text."""
    prefix = "" if wanted.path_prefix is UNSET else wanted.path_prefix
    found = desk.reading.search(Pattern(wanted.pattern), prefix, wanted.limit)
    return MatchList(
        matches=[MatchView(path=m.path, line=m.line, text=m.text) for m in found.matches],
        redactions=found.redactions,
        truncated=found.truncated,
        source=f"{desk.sight.commit}:{prefix}",
        receipt=found.receipt,
    )


def list_affected(desk: Desk, wanted: AffectedFiles) -> AffectedList:
    """Files that the finding touches, with a reason each."""
    with desk.reading.noting("affected_files", wanted.finding):
        view, _ = _redacted_finding(desk, desk.control.finding(desk.sight.session, wanted.finding))
    texts, whole = desk.reading.texts("affected_files", limit_bytes=MAX_LOCATE_BYTES)
    found = affected_files(_finding(view), texts)
    named = [f"{f.path}: {f.reason}" for f in found]
    receipt = _record_texts(desk, "affected_files", named, 0)
    return AffectedList(
        files=[AffectedView(path=f.path, reason=f.reason) for f in found],
        redactions=0,
        truncated=not whole,
        source=f"{desk.sight.commit}:",
        receipt=receipt,
    )


def check_draft(desk: Desk, wanted: CheckDraft) -> DraftReply:
    """What a patch would do, without proposing it."""
    applied = _apply(desk, wanted.patch)
    _, redactions = desk.texts.redact(applied.diff.decode(errors="replace"))
    return DraftReply(
        applies=True,
        draft=desk.texts.name_draft(desk.sight.session, applied.result_tree),
        paths=list(applied.paths),
        redactions=redactions,
        truncated=False,
    )


def submit_proposal(desk: Desk, wanted: SubmitProposal) -> ProposalReply:
    """Apply in quarantine or plan what is to be done, build the proposal from the trees, sign it, hand it over."""
    if sum(one is not UNSET for one in (wanted.patch, wanted.release, wanted.deploy)) != 1:
        raise Usage("MAG-E542", "a proposal is a `patch`, a `release` or a `deploy`", hint="send one of the three")
    patch = "" if wanted.patch is UNSET else wanted.patch
    draft = Draft(patch=patch, rationale=wanted.rationale, prompt=wanted.prompt, finding=wanted.finding)
    verify_draft(draft)
    effect, diff, paths = _wanted(desk, wanted, patch)
    drafted = draft_proposal(
        draft,
        effect,
        diff,
        desk.authorship,
        _gathered(desk, paths, diff),
        redact=desk.texts.free_text,
        commit_to_prompt=desk.texts.commit,
        kind_salt=secrets.token_bytes(32),
    )
    sealed = desk.control.seal(
        SealRequest(
            proposal=desk.sign(drafted.proposal),
            diff=base64.b64encode(drafted.diff).decode(),
            prompt=drafted.prompt,
            rationale=drafted.rationale,
            kind=drafted.kind,
            kind_salt=base64.b64encode(drafted.kind_salt).decode(),
            supersedes="" if wanted.supersedes is UNSET else wanted.supersedes,
        )
    )
    return ProposalReply(proposal=sealed.proposal, state=sealed.state)


def _wanted(desk: Desk, wanted: SubmitProposal, patch: str) -> tuple[GitEffect, bytes, tuple[str, ...]]:
    """What is proposed, what it brings, and the paths of that."""
    if wanted.release is not UNSET:
        return _release(desk, wanted.release)
    return _change(desk, patch) if wanted.deploy is UNSET else _deploy(desk, wanted.deploy)


def _change(desk: Desk, patch: str) -> tuple[GitEffect, bytes, tuple[str, ...]]:
    """What a patch does, its recomputed diff, and the paths."""
    verify_patch(patch)
    applied = _apply(desk, patch)
    return change_effect(desk.sight, desk.authorship.environment, applied), applied.diff, applied.paths


def _release(desk: Desk, step: Step) -> tuple[GitEffect, bytes, tuple[str, ...]]:
    """The next release, what it brings, and the paths of that."""
    prefix = desk.session.release_tags
    if prefix is None:
        raise Refused(
            "MAG-E545",
            f"policy lets nobody release `{desk.sight.repository}`",
            hint="a policy owner names `release_tags` in its [[repository]]",
        )
    plan = desk.quarantine.plan(desk.sight, prefix, step)
    return release_effect(desk.sight.repository, desk.authorship.environment, plan), plan.diff, plan.paths


def _deploy(desk: Desk, name: str) -> tuple[GitEffect, bytes, tuple[str, ...]]:
    """What brings the session's commit to a stage, what lies between, and the paths of that."""
    stage = next((one for one in desk.session.stages if one.stage == name), None)
    if stage is None:
        raise Refused(
            "MAG-E545",
            f"policy names no stage `{name[:60]}` of `{desk.sight.repository}`",
            hint=f"it names: {', '.join(one.stage for one in desk.session.stages) or 'none; magistrate stage add'}",
        )
    if not stage.old:
        raise Refused(
            "MAG-E545", f"nobody said what runs in `{name}` now", hint=f"an operator does: magistrate stage add {name}"
        )
    plan = desk.quarantine.plan_stage(desk.sight, stage)
    return stage_effect(desk.sight.repository, stage, plan), plan.diff, plan.paths


def proposal_status(desk: Desk, wanted: ProposalStatus) -> StatusReply:
    """Where a proposal of this session stands."""
    status = desk.control.status(desk.sight.session, wanted.id)
    return StatusReply(
        proposal=status.proposal,
        state=status.state,
        strictness=status.strictness,
        classes=list(status.classes),
        reasons=[ReasonView(code=r.code, text=desk.texts.redact(r.text)[0], relax=r.relax) for r in status.reasons],
    )


ANSWERS: Final[dict[str, Callable[[Desk, Any], Struct]]] = {
    "list_findings": list_findings,
    "get_finding": get_finding,
    "read_file": read_file,
    "search_code": search_code,
    "affected_files": list_affected,
    "check_draft": check_draft,
    "submit_proposal": submit_proposal,
    "proposal_status": proposal_status,
}


def _gathered(desk: Desk, paths: tuple[str, ...], diff: bytes) -> Gathered:
    """What the session read, each gap marked that lies on no file of the change and none that these need."""
    found = desk.control.gathered(desk.sight.session)
    if not found.gaps:
        return found
    near = desk.reading.needed(paths, diff.decode(errors="replace"))
    return Gathered(context=found.context, gaps=mark_elsewhere(found.gaps, near))


def _apply(desk: Desk, patch: str) -> Applied:
    """Apply in quarantine; neither git's words nor a path carries a secret that was put back."""
    known: dict[str, str] = {}
    if desk.texts.tokens(patch):
        modes = desk.trees.modes(desk.sight)
        for path in sorted(_paths_named(patch)):
            entry = modes.get(path)
            if entry is not None:
                text = desk.trees.blob(desk.sight, entry[1]).decode(errors="replace")
                known.update(desk.texts.secrets(text))
    restored = restore_tokens(patch, desk.texts.tokens, known)
    try:
        applied = desk.quarantine.apply(desk.sight, restored.encode())
    except MagistrateError as error:
        verify_silent(error.message + error.hint, known)
        raise
    verify_silent("\n".join(applied.paths), known)
    return applied


def _paths_named(patch: str) -> set[str]:
    lines = (line[4:].split("\t")[0] for line in patch.split("\n") if line.startswith(("--- ", "+++ ")))
    return {line[2:] for line in lines if line.startswith(("a/", "b/"))}


def _redacted_finding(desk: Desk, view: FindingView) -> tuple[FindingView, int]:
    message, count = desk.texts.redact(view.message)
    secrets_ = [_redacted_secret(desk, one) for one in view.secrets]
    return FindingView(
        id=view.id, rule=view.rule, tool=view.tool, message=message, path=view.path,
        start_line=view.start_line, end_line=view.end_line, severity=view.severity,
        fingerprint=view.fingerprint, source_sha256=view.source_sha256, repository=view.repository, secrets=[one for one, _ in secrets_],
    ), count + sum(found for _, found in secrets_)  # fmt: skip


def _redacted_secret(desk: Desk, view: SecretView) -> tuple[SecretView, int]:
    """Names and paths come from the repository: none of them carries a secret."""
    texts = [view.name, view.path, *view.consumers, *view.opens]
    (name, path, *rest), counts = zip(*map(desk.texts.redact, texts), strict=True)
    users = len(view.consumers)
    return SecretView(name=name, path=path, line=view.line, consumers=rest[:users], opens=rest[users:]), sum(counts)


def _words(view: FindingView) -> str:
    """What of a finding comes from outside, as it is served."""
    told = (part for one in view.secrets for part in (one.name, one.path, *one.consumers, *one.opens))
    return " ".join((view.id + view.message, *told))


def _record_texts(desk: Desk, tool: str, served: list[str], redactions: int) -> str:
    raw = "\n".join(served).encode()
    source = f"{desk.sight.repository}:findings"
    with desk.reading.noting(tool, source):
        return ControlRecorder(desk.control).record(
            Read(
                session=desk.sight.session, tool=tool, source=source, byte_start=0, byte_end=len(raw),
                sha256=digest(raw), redactions=redactions, truncated=False, refused="",
            )
        )  # fmt: skip


def _finding(view: FindingView) -> Finding:
    return Finding(
        id=view.id,
        rule=view.rule,
        tool=view.tool,
        message=view.message,
        path=view.path,
        start_line=view.start_line,
        end_line=view.end_line,
        severity=Severity(view.severity),
        fingerprint=view.fingerprint,
        source=view.source_sha256,
        repository=view.repository,
    )
