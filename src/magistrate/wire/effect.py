"""What an action would do to the world: the tagged union that a warrant authorises.

Rule kept: an effect names exactly one target and its state before; an agent never names
repository, ref or environment, the server derives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from magistrate.domain.execution import Action
from magistrate.errors import Refused
from magistrate.wire.canonical import digest_of
from magistrate.wire.document import Digest, GitId, Line, Name


class _Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    environment: Name
    pre_state: Line
    rollback_plan_digest: Digest


class GitUpdate(_Effect, frozen=True, kw_only=True, tag="git_update"):
    """Move one ref from `old` to a new commit whose tree is `result_tree`.

    `pre_state` is the tree id of `old`; the manifest covers path, mode and SHA-256 of every
    changed blob.
    """

    repository: Name
    ref: Line
    old: GitId
    base_tree: GitId
    result_tree: GitId
    manifest_sha256: Digest


class Release(_Effect, frozen=True, kw_only=True, tag="release"):
    """Put one new signed tag, `ref`, on a commit of the branch, for good.

    `previous` is the tag of the release before, `base_tree` its tree: what lies between it and
    `result_tree`, the tree of `commit`, is what the release brings and what people look at. Where there is
    nothing to compare with, `previous` is empty and both trees are the same. `pre_state` is `absent`.
    """

    repository: Name
    ref: Line
    commit: GitId
    previous: Line
    base_tree: GitId
    result_tree: GitId
    manifest_sha256: Digest


class _OfStage(_Effect, frozen=True, kw_only=True):
    """Puts the tree of a commit of the branch on the ref of a stage.

    The ref is moved from `old`, what the stage has now, to one more commit that holds `result_tree`, the tree of
    `commit`; between `base_tree`, the tree of `old`, and that lies what it brings. `pre_state` is `base_tree`.
    """

    repository: Name
    stage: Name
    ref: Line
    old: GitId
    commit: GitId
    base_tree: GitId
    result_tree: GitId
    manifest_sha256: Digest


class Deploy(_OfStage, frozen=True, kw_only=True, tag="deploy"):
    """Put the tree of a commit of the branch on the ref of a stage, and have it run there.

    `artifact_digest` is the SHA-256 of `result_tree` as one archive; `command_id` says how it comes to run: `follow`, by
    whatever watches the ref, or the name of the target that the executor brings it to.
    """

    artifact_digest: Digest
    command_id: Name


class ChangeEntitlement(_OfStage, frozen=True, kw_only=True, tag="change_entitlement"):
    """Give and take entitlements of one system, so that it has those of the document and no others.

    `document` is the path of the document in both trees; the digests are those of what it gives away before and after
    (`domain.entitlements.text_of`). The ref of the stage records which document the system follows.
    """

    system: Name
    document: Line
    before_digest: Digest
    after_digest: Digest


class RotateSecret(_OfStage, frozen=True, kw_only=True, tag="rotate_secret"):
    """Give a secret a new value in each system that it opens, switch each consumer, and end the old value.

    `store` is the system that the stage names, `document` the path that says who uses the secret (`domain.rotation`), and
    `consumers_digest` the digest of what it says in `result_tree`. Both trees may be the same: each rotation is one more
    commit on the ref of the stage.
    """

    secret_id: Name
    store: Name
    document: Line
    consumers_digest: Digest


class Plan(_Effect, frozen=True, kw_only=True, tag="plan"):
    """Apply exactly one plan of an infrastructure tool against one state serial."""

    tool: Name
    plan_digest: Digest
    state_serial: int


StageEffect = Deploy | ChangeEntitlement | RotateSecret
"""What brings a stage to where the branch stands, and moves its ref."""
GitEffect = GitUpdate | Release | StageEffect
"""What moves or makes one ref of one repository, and leads from one tree to another."""
Effect = GitUpdate | Release | Deploy | ChangeEntitlement | RotateSecret | Plan

ACTION_OF: Final[Mapping[type, Action]] = MappingProxyType(
    {
        GitUpdate: Action.MERGE,
        Release: Action.RELEASE,
        Deploy: Action.DEPLOY,
        RotateSecret: Action.ROTATE_SECRET,
        ChangeEntitlement: Action.CHANGE_ENTITLEMENT,
    }
)
"""The only action under which each kind of effect is decided, approved and done."""


ABSENT: Final = "0" * 40
"""How git writes that a ref does not exist."""
NOT_THERE: Final = "absent"
"""The state before of what is made anew."""


def commit_seen(effect: GitEffect) -> str:
    """The commit that was looked at: the base of a change, what a stage runs, or what a release names."""
    return effect.commit if isinstance(effect, Release) else effect.old


def ref_before(effect: GitEffect) -> str:
    """Where the ref stands before the effect; ABSENT for a tag, which is never moved."""
    return ABSENT if isinstance(effect, Release) else effect.old


def state_before(effect: GitEffect) -> str:
    """What `pre_state` must say: the tree that stands there, or that nothing does."""
    return NOT_THERE if isinstance(effect, Release) else effect.base_tree


def verify_action(action: Action, effect: Effect) -> None:
    """Check that an effect is decided under its own action, and not under one that policy asks less for (R5).

    Raises:
        Refused: MAG-E124 when the effect belongs to another action, or to none yet.
    """
    own = ACTION_OF.get(type(effect))
    if action is not own:
        kind = type(effect).__name__
        raise Refused("MAG-E124", f"`{kind}` is the action `{own or 'of nobody'}`, it was decided as `{action}`")


def way_back_digest(effect: GitEffect) -> str:
    """Digest of the way back of an effect, which is part of what people agree to; a release and a rotation have none."""
    if isinstance(effect, Release | RotateSecret):
        return release_plan_digest(repository=effect.repository, ref=effect.ref)
    return git_rollback_plan_digest(repository=effect.repository, ref=effect.ref, restore_tree=effect.base_tree)


def release_plan_digest(*, repository: str, ref: str) -> str:
    """Digest of the words that nothing takes back what was done on this ref."""
    return digest_of({"kind": "none", "ref": ref, "repository": repository})


def git_rollback_plan_digest(*, repository: str, ref: str, restore_tree: str) -> str:
    """Digest of the rehearsed inverse of a `git_update`: one more commit that restores the tree."""
    plan = {"kind": "git_restore_tree", "ref": ref, "repository": repository, "restore_tree": restore_tree}
    return digest_of(plan)
