"""What the saga asks of an action: the Protocol that each file under `executor/actions` keeps.

Rule kept (R5, invariant 7): an action knows what it changes and how to read where that stands; it never
asks for a credential. The saga alone holds leases, writes the journal and decides how an execution ends,
so no action can end more leniently than another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from magistrate.authority.admission import Admitted
from magistrate.domain.execution import Action
from magistrate.executor.ports import Credential, Target
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import GitEffect, ref_before

ReadRef = Callable[[str, str], str]
"""Where a ref (second) of a repository (first) stands behind the gate; empty when it does not exist."""


SignForGit = Callable[[bytes], str]
"""The executor's SSH signature in the namespace `git`, in the text form that git appends to what it signs."""


class Standing(StrEnum):
    """Where the target of one execution stands."""

    BEFORE = "before"
    DONE = "done"
    UNDONE = "undone"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The object that the effect puts there and the one that takes it back; `inverse` is empty where nothing can."""

    commit: str
    inverse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move of the execution's ref, for which the saga takes a lease; `reason` is kept with the lease."""

    old: str
    new: str
    tree: str
    reason: str


def git_row(row: ExecutionRow, admitted: Admitted, effect: GitEffect) -> ExecutionRow:
    """The row with the place of a git effect, its trees, and where its ref stands before."""
    return replace(
        row, proposal=admitted.proposal_digest, repository=effect.repository, environment=effect.environment,
        ref=effect.ref, old=ref_before(effect), base_tree=effect.base_tree, result_tree=effect.result_tree,
    )  # fmt: skip


class ExecutorAction(Protocol):
    """One kind of effect. Methods raise Refused for what a rule forbids, Unavailable for what may come right."""

    def row_of(self, row: ExecutionRow, admitted: Admitted) -> ExecutionRow:
        """The row with what the admitted warrant is about."""

    def prepare(self, admitted: Admitted) -> Made:
        """Make what may be put there, and the way back, before any credential exists; deterministic."""

    def verify_unmoved(self, row: ExecutionRow) -> None:
        """Check that the target stands where it stood at the approval (raises Refused MAG-E392)."""

    def effect(self, row: ExecutionRow) -> Move:
        """The move that was approved."""

    def way_back(self, row: ExecutionRow) -> Move | None:
        """The move that restores the state before; None where nothing can, and people must look."""

    def act(self, credential: Credential, row: ExecutionRow, move: Move) -> None:
        """Make the move with a credential for it. What happened is asked of the target afterwards."""

    def read(self, row: ExecutionRow) -> str:
        """Where the target stands now: an object id, or empty."""

    def standing(self, row: ExecutionRow, found: str) -> Standing:
        """What it means that the target stands at `found`."""


class Actions(Protocol):
    """The explicit list of what one executor does, made over its ports; only its composition root knows it."""

    def __call__(self, target: Target, read_ref: ReadRef, sign: SignForGit) -> Mapping[Action, ExecutorAction]:
        """Each action under the name that warrants bear."""
