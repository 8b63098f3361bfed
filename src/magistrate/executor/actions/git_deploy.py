"""The action `deploy`: one more commit on the ref of a stage, with the tree of a commit of the branch.

Rule kept (R5, R58): the ref of a stage only ever grows, each of its commits is one deployment, and the way back is one more
commit with the tree of before. What watches the ref runs what it holds.
"""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.executor.action import Move
from magistrate.executor.actions.git_merge import GitMerge
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import Deploy


class GitDeploy(GitMerge):
    """Moves the ref of one stage from `old` to a commit of the result tree."""

    def effect(self, row: ExecutionRow) -> Move:
        """From what runs to what shall run."""
        return Move(old=row.old, new=row.commit, tree=row.result_tree, reason=f"deploy {row.proposal[:19]}")

    def _own(self, admitted: Admitted) -> Deploy:
        if not isinstance(admitted.effect, Deploy):
            raise Refused("MAG-E124", f"a deployment is no `{type(admitted.effect).__name__}`")
        return admitted.effect
