"""The action `release`: one new signed tag on a commit of the branch, made once and never moved.

Rule kept (R5, R30): the tag is determined by what was approved and signed with the executor's key, so that anybody can verify
it with git alone (`gpg.format=ssh`). There is no way back: what goes wrong after it is for people.
"""

from __future__ import annotations

from collections.abc import Callable

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.executor.action import Made, Move, ReadRef, Standing, git_row
from magistrate.executor.commits import tag_text
from magistrate.executor.ports import Credential, Target
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.effect import Release


class GitRelease:
    """Makes one tag where there is none; `sign` gives the SSH signature that git reads, in its text form."""

    def __init__(self, target: Target, read_ref: ReadRef, sign: Callable[[bytes], str]) -> None:
        self._target = target
        self._read_ref = read_ref
        self._sign = sign

    def row_of(self, row: ExecutionRow, admitted: Admitted) -> ExecutionRow:
        """The row with the tag, the trees that were compared, and that nothing stood there."""
        return git_row(row, admitted, _release(admitted))

    def prepare(self, admitted: Admitted) -> Made:
        """The one tag that may be pushed; nothing takes it back."""
        text = tag_text(admitted, _release(admitted))
        return Made(commit=self._target.tag(admitted.effect.repository, text + self._sign(text).encode()), inverse="")

    def verify_unmoved(self, row: ExecutionRow) -> None:
        """Check that the tag does not exist (raises Refused MAG-E392)."""
        found = self.read(row)
        if found:
            raise Refused("MAG-E392", f"`{row.ref}` exists already, at `{found[:12]}`; a release is made once")

    def effect(self, row: ExecutionRow) -> Move:
        """From nothing to the tag."""
        return Move(old=row.old, new=row.commit, tree=row.result_tree, reason=f"release {row.proposal[:19]}")

    def way_back(self, row: ExecutionRow) -> Move | None:  # noqa: ARG002  whatever the row
        """None: who fetched the tag has it."""
        return None

    def act(self, credential: Credential, row: ExecutionRow, move: Move) -> None:
        """Push the tag."""
        self._target.push(credential, row.repository, row.ref, move.new)

    def read(self, row: ExecutionRow) -> str:
        """The tag object; empty when there is no such tag."""
        return self._read_ref(row.repository, row.ref)

    def standing(self, row: ExecutionRow, found: str) -> Standing:
        """Nothing there, our tag, or another hand's. Never undone: an inverse that is empty is no state of the target."""
        if not found:
            return Standing.BEFORE
        return Standing.DONE if found == row.commit else Standing.ELSEWHERE


def _release(admitted: Admitted) -> Release:
    if not isinstance(admitted.effect, Release):
        raise Refused("MAG-E124", f"a release is no `{type(admitted.effect).__name__}`")
    return admitted.effect
