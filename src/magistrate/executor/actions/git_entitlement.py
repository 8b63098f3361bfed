"""The action `change_entitlement`: one more commit on the ref of a stage, which records what its system gives away.

Rule kept (R5, R58): the ref only ever grows, each of its commits is one change, and the way back is one more commit with the
document of before. The system itself is changed after the ref and brought back before it, by `executor.entitlements`.
"""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.executor.action import Move
from magistrate.executor.actions.git_merge import GitMerge
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import ChangeEntitlement


class GitEntitlement(GitMerge):
    """Moves the ref of one stage from `old` to a commit with the document that was agreed on."""

    def effect(self, row: ExecutionRow) -> Move:
        """From what is recorded to what shall be."""
        reason = f"record the entitlements of {row.proposal[:19]}"
        return Move(old=row.old, new=row.commit, tree=row.result_tree, reason=reason)

    def _own(self, admitted: Admitted) -> ChangeEntitlement:
        if not isinstance(admitted.effect, ChangeEntitlement):
            raise Refused("MAG-E124", f"a change of entitlements is no `{type(admitted.effect).__name__}`")
        return admitted.effect
