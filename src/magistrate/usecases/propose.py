"""Drafting: a patch becomes an immutable proposal, named by what it does to the tree.

Rule kept (invariant 2, R13): the submitted text is applied in a quarantine and then thrown
away; only the diff recomputed from the trees is shown, judged and signed. The server derives
repository, ref, environment and base; an agent names none of them. A redaction token in an
added line is a refusal, in other lines it is restored to what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from magistrate.domain.stages import FOLLOW, StagePlan
from magistrate.domain.tags import ReleasePlan, Step
from magistrate.errors import Refused, Usage
from magistrate.usecases.gather import Sight
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.effect import (
    ACTION_OF,
    NOT_THERE,
    ChangeEntitlement,
    Deploy,
    GitEffect,
    GitUpdate,
    Release,
    RotateSecret,
    StageEffect,
    git_rollback_plan_digest,
    release_plan_digest,
)
from magistrate.wire.front_api import Gathered, StageView
from magistrate.wire.proposal import Proposal, Provenance

MAX_PATCH_BYTES: Final = 2_000_000
MAX_TEXT_BYTES: Final = 64_000
UNATTRIBUTED: Final = "unattributed: the draft came without its prompt"
LEAK_CHARACTERS: Final = 8
_HUNK: Final = re.compile(r"@@ -\d{1,9}(?:,(?P<old>\d{1,9}))? \+\d{1,9}(?:,(?P<new>\d{1,9}))? @@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a patch does: the resulting tree, the diff recomputed from the trees, the manifest."""

    result_tree: str
    diff: bytes
    manifest_sha256: str
    paths: tuple[str, ...]


class Quarantine(Protocol):
    """Applies a patch where it can harm nothing, and compares what a release or a deployment brings."""

    def apply(self, sight: Sight, patch: bytes) -> Applied:
        """Apply to the base tree in a sandboxed child; raises Refused with git's own words."""

    def plan(self, sight: Sight, prefix: str, step: Step) -> ReleasePlan:
        """The next release of the commit that the session sees; raises Refused where there is none to make."""

    def plan_stage(self, sight: Sight, stage: StageView) -> StagePlan:
        """What brings that commit to a stage; raises Refused where the stage has it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an agent hands in; `patch` is empty for a release or a deployment, which is no text of an agent's."""

    patch: str
    rationale: str
    prompt: str
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who drafts, as control knows it from the session, never as the agent says it."""

    session: str
    session_digest: str
    agent: str
    owner: str
    model: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A proposal body with the payloads that it refers to by digest."""

    proposal: Proposal
    diff: bytes
    prompt: str
    rationale: str
    kind: str
    kind_salt: bytes


def restore_tokens(patch: str, tokens: Callable[[str], list[str]], secrets: Mapping[str, str]) -> str:
    """Put back what redaction took out of unchanged and removed lines, and nowhere else.

    File headers are never restored: git repeats them in its words, and a secret would leave with them.

    Raises:
        Refused: MAG-E540 for a token in an added line or outside of a hunk, MAG-E541 for one that
            stands for nothing in the files of this patch.
    """
    restored = []
    old = new = 0
    for number, line in enumerate(patch.split("\n"), 1):
        inside = old > 0 or new > 0
        found = tokens(line)
        if not inside and (hunk := _HUNK.match(line)):
            old, new = (1 if hunk[side] is None else int(hunk[side]) for side in ("old", "new"))
            restored.append(line)
            continue
        if found and not (inside and line.startswith((" ", "-"))):
            what = "adds" if line.startswith("+") else "holds outside of its unchanged and removed lines"
            raise Refused(
                "MAG-E540",
                f"line {number} of the patch {what} the redaction token `{found[0]}`",
                hint="a secret is never copied to a new place; leave that line as it was",
            )
        old -= inside and line[:1] in {" ", "-", ""}
        new -= inside and line[:1] in {" ", "+", ""}
        changed = line
        for token in found:
            if token not in secrets:
                raise Refused("MAG-E541", f"line {number} of the patch holds an unknown token `{token}`")
            changed = changed.replace(token, secrets[token])
        restored.append(changed)
    return "\n".join(restored)


def verify_silent(words: str, secrets: Mapping[str, str]) -> str:
    """Return words that go to an agent when they hold no piece of a secret that was put back.

    Raises:
        Refused: MAG-E544 when any 8 characters in a row of a secret are in them.
    """
    for secret in secrets.values():
        windows = {secret[i : i + LEAK_CHARACTERS] for i in range(max(1, len(secret) - LEAK_CHARACTERS + 1))}
        if any(window in words for window in windows):
            raise Refused("MAG-E544", "the patch does not apply; the reason is withheld, it would show a secret")
    return words


def verify_patch(patch: str) -> None:
    """Check that there is something to draft (raises Usage MAG-E542)."""
    if not patch.strip():
        raise Usage("MAG-E542", "the patch is empty", hint="send a unified diff")


def verify_draft(draft: Draft) -> None:
    """Check sizes.

    Raises:
        Usage: MAG-E542 naming the field.
    """
    for what, text, limit in (
        ("patch", draft.patch, MAX_PATCH_BYTES),
        ("rationale", draft.rationale, MAX_TEXT_BYTES),
        ("prompt", draft.prompt, MAX_TEXT_BYTES),
    ):
        if len(text.encode(errors="surrogatepass")) > limit:
            raise Usage("MAG-E542", f"the {what} is larger than {limit} bytes")


def change_effect(sight: Sight, environment: str, applied: Applied) -> GitUpdate:
    """The effect of a patch on the ref that the session sees.

    Raises:
        Refused: MAG-E543 when the patch changes nothing.
    """
    if applied.result_tree == sight.tree:
        raise Refused("MAG-E543", "the patch changes nothing")
    return GitUpdate(
        environment=environment, pre_state=sight.tree, repository=sight.repository,
        ref=sight.ref, old=sight.commit, base_tree=sight.tree, result_tree=applied.result_tree,
        manifest_sha256=applied.manifest_sha256,
        rollback_plan_digest=git_rollback_plan_digest(
            repository=sight.repository, ref=sight.ref, restore_tree=sight.tree
        ),
    )  # fmt: skip


def release_effect(repository: str, environment: str, plan: ReleasePlan) -> Release:
    """The effect of a release as the server planned it; nothing undoes it."""
    return Release(
        environment=environment, pre_state=NOT_THERE, repository=repository, ref=plan.ref, commit=plan.commit,
        previous=plan.previous, base_tree=plan.base_tree, result_tree=plan.result_tree,
        manifest_sha256=plan.manifest_sha256,
        rollback_plan_digest=release_plan_digest(repository=repository, ref=plan.ref),
    )  # fmt: skip


def stage_effect(repository: str, stage: StageView, plan: StagePlan) -> StageEffect:
    """The effect of bringing a stage up to date as the server planned it; one more commit with the tree of before undoes it."""
    way_back = git_rollback_plan_digest(repository=repository, ref=plan.ref, restore_tree=plan.base_tree)
    if stage.system is not None and stage.document is not None and stage.secret is not None:
        return RotateSecret(
            environment=stage.environment, pre_state=plan.base_tree, repository=repository, stage=stage.stage, ref=plan.ref,
            old=plan.old, commit=plan.commit, base_tree=plan.base_tree, result_tree=plan.result_tree,
            manifest_sha256=plan.manifest_sha256, document=stage.document, secret_id=stage.secret, store=stage.system,
            rollback_plan_digest=release_plan_digest(repository=repository, ref=plan.ref),
            consumers_digest=plan.consumers_digest,
        )  # fmt: skip
    if stage.system is not None and stage.document is not None:
        return ChangeEntitlement(
            environment=stage.environment, pre_state=plan.base_tree, repository=repository, stage=stage.stage, ref=plan.ref,
            old=plan.old, commit=plan.commit, base_tree=plan.base_tree, result_tree=plan.result_tree,
            manifest_sha256=plan.manifest_sha256, rollback_plan_digest=way_back, system=stage.system,
            document=stage.document, before_digest=plan.before_digest, after_digest=plan.after_digest,
        )  # fmt: skip
    return Deploy(
        environment=stage.environment, pre_state=plan.base_tree, repository=repository, stage=stage.stage, ref=plan.ref,
        old=plan.old, commit=plan.commit, base_tree=plan.base_tree, result_tree=plan.result_tree,
        manifest_sha256=plan.manifest_sha256, rollback_plan_digest=way_back, artifact_digest=plan.artifact_digest,
        command_id=stage.target or FOLLOW,
    )  # fmt: skip


def draft_proposal(  # noqa: PLR0913  each is a separate source of truth
    draft: Draft,
    effect: GitEffect,
    diff: bytes,
    authorship: Authorship,
    gathered: Gathered,
    *,
    redact: Callable[[str], str],
    commit_to_prompt: Callable[[str], str],
    kind_salt: bytes,
) -> Drafted:
    """Build the body of a proposal from what the server knows and what the effect really brings.

    A draft without a prompt is unattributed: that is a gap in its context, and gaps ask for more
    people (R14, R11). The prompt is stored redacted, with a keyed commitment to its raw form.
    """
    prompt, rationale = redact(draft.prompt), redact(draft.rationale)
    gaps = gathered.gaps if draft.prompt.strip() else (UNATTRIBUTED, *gathered.gaps)
    kind = "ordinary"
    proposal = Proposal(
        session=authorship.session, session_digest=authorship.session_digest, agent=authorship.agent,
        owner=authorship.owner, model=authorship.model, finding=draft.finding, action=ACTION_OF[type(effect)],
        effect=effect, diff_sha256=digest(diff), prompt_sha256=digest(prompt.encode()),
        prompt_commitment=commit_to_prompt(draft.prompt), rationale_sha256=digest(rationale.encode()),
        context=gathered.context, context_gaps=gaps,
        provenance=Provenance.CLAIMED,
        kind_commitment=digest(canonical({"kind": kind, "salt": kind_salt.hex()})),
    )  # fmt: skip
    return Drafted(proposal=proposal, diff=diff, prompt=prompt, rationale=rationale, kind=kind, kind_salt=kind_salt)
