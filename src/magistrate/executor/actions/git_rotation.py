"""The action `rotate_secret`: one more commit on the ref of a stage, which records for which uses a secret got a new value.

Rule kept (R5, R54): each rotation is one commit. Its inverse takes back the record of a rotation that never began; nothing brings
an old value back. The secret itself is rotated after the ref moved, by `executor.rotations`.
"""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.executor.action import Move
from magistrate.executor.actions.git_merge import GitMerge
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import RotateSecret


class GitRotation(GitMerge):
    """Moves the ref of one stage from `old` to a commit with the uses that were agreed on."""

    def effect(self, row: ExecutionRow) -> Move:
        """From the rotation before to this one."""
        reason = f"record the rotation of {row.proposal[:19]}"
        return Move(old=row.old, new=row.commit, tree=row.result_tree, reason=reason)

    def _own(self, admitted: Admitted) -> RotateSecret:
        if not isinstance(admitted.effect, RotateSecret):
            raise Refused("MAG-E124", f"a rotation is no `{type(admitted.effect).__name__}`")
        return admitted.effect
