"""The action `merge`: one commit on top of a branch, and the commit that takes it back.

Rule kept (R5, R58): both commits are made before the effect, from what was approved and nothing else; where the
branch stands says what happened; the way back is one more commit, never a push of force.
"""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.executor.action import Made, Move, ReadRef, Standing, git_row
from magistrate.executor.commits import commit_spec, inverse_spec
from magistrate.executor.ports import Credential, Target
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import GitUpdate, StageEffect


class GitMerge:
    """Moves one branch from `old` to the commit of the result tree."""

    def __init__(self, target: Target, read_ref: ReadRef) -> None:
        self._target = target
        self._read_ref = read_ref

    def row_of(self, row: ExecutionRow, admitted: Admitted) -> ExecutionRow:
        """The row with repository, ref, trees and the commit that the branch stood at."""
        return git_row(row, admitted, self._own(admitted))

    def prepare(self, admitted: Admitted) -> Made:
        """The one commit that may be pushed together with its inverse."""
        repository = admitted.effect.repository
        commit = self._target.commit(repository, commit_spec(admitted, self._own(admitted)))
        return Made(commit=commit, inverse=self._target.commit(repository, inverse_spec(admitted, commit)))

    def verify_unmoved(self, row: ExecutionRow) -> None:
        """Check that the branch stands at `old` (raises Refused MAG-E392)."""
        found = self.read(row)
        if found != row.old:
            raise Refused("MAG-E392", f"`{row.ref}` stands at `{found[:12]}`, approved was `{row.old[:12]}`")

    def effect(self, row: ExecutionRow) -> Move:
        """From `old` to the commit of the result tree."""
        reason = f"execute the approved proposal {row.proposal[:19]}"
        return Move(old=row.old, new=row.commit, tree=row.result_tree, reason=reason)

    def way_back(self, row: ExecutionRow) -> Move | None:
        """From that commit to the one on top of it that has the tree of before."""
        reason = "live verification failed: the rehearsed inverse of the same proposal"
        return Move(old=row.commit, new=row.inverse, tree=row.base_tree, reason=reason)

    def act(self, credential: Credential, row: ExecutionRow, move: Move) -> None:
        """Push exactly `old -> new`."""
        self._target.push(credential, row.repository, row.ref, move.new)

    def read(self, row: ExecutionRow) -> str:
        """The commit that the branch points at; empty when it does not exist."""
        return self._read_ref(row.repository, row.ref)

    def standing(self, row: ExecutionRow, found: str) -> Standing:
        """By equality with the three commits that the journal names; everything else is another hand's."""
        known = {row.old: Standing.BEFORE, row.inverse: Standing.UNDONE, row.commit: Standing.DONE}
        return known.get(found, Standing.ELSEWHERE)

    def _own(self, admitted: Admitted) -> GitUpdate | StageEffect:
        if not isinstance(admitted.effect, GitUpdate):
            raise Refused("MAG-E124", f"a merge is no `{type(admitted.effect).__name__}`")
        return admitted.effect
