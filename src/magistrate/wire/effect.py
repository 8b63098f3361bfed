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
    """Publish artifacts of one commit under one tag."""

    repository: Name
    commit: GitId
    tag: Line
    artifacts: tuple[Digest, ...]


class Deploy(_Effect, frozen=True, kw_only=True, tag="deploy"):
    """Run one artifact in the environment by a command that policy defines."""

    artifact_digest: Digest
    command_id: Name


class RotateSecret(_Effect, frozen=True, kw_only=True, tag="rotate_secret"):
    """Replace one secret in one store for a known set of consumers."""

    secret_id: Line
    store: Name
    consumers_digest: Digest


class ChangeEntitlement(_Effect, frozen=True, kw_only=True, tag="change_entitlement"):
    """Move the entitlements of one system from one digest to another."""

    system: Name
    before_digest: Digest
    after_digest: Digest


class Plan(_Effect, frozen=True, kw_only=True, tag="plan"):
    """Apply exactly one plan of an infrastructure tool against one state serial."""

    tool: Name
    plan_digest: Digest
    state_serial: int


Effect = GitUpdate | Release | Deploy | RotateSecret | ChangeEntitlement | Plan

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


def verify_action(action: Action, effect: Effect) -> None:
    """Check that an effect is decided under its own action, and not under one that policy asks less for (R5).

    Raises:
        Refused: MAG-E124 when the effect belongs to another action, or to none yet.
    """
    own = ACTION_OF.get(type(effect))
    if action is not own:
        kind = type(effect).__name__
        raise Refused("MAG-E124", f"`{kind}` is the action `{own or 'of nobody'}`, it was decided as `{action}`")


def git_rollback_plan_digest(*, repository: str, ref: str, restore_tree: str) -> str:
    """Digest of the rehearsed inverse of a `git_update`: one more commit that restores the tree."""
    plan = {"kind": "git_restore_tree", "ref": ref, "repository": repository, "restore_tree": restore_tree}
    return digest_of(plan)
