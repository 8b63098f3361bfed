"""The gate's own assessor: the pinned judge in the sandbox, over the gate's own objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from magistrate.adapters.git.objects import import_pack
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.tools import found_tools
from magistrate.errors import Refused, Unavailable
from magistrate.ports import Sandbox
from magistrate.usecases.assess import Assessor
from magistrate.usecases.effects import judged_on
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import GitUpdate


class GateAssessor:
    """Judges what a promoted push would bring. The walls are built when they are needed, so that a gate without them serves all else."""

    def __init__(self, git_dir: Callable[[str], Path], sandbox: Callable[[], Sandbox] = open_sandbox) -> None:
        self._git_dir = git_dir
        self._sandbox = sandbox

    def verdict(self, effect: GitUpdate, diff: bytes, proposal: str) -> Verdict:
        """The verdict on a change, from its diff and the gate's tree.

        Raises:
            Refused: MAG-E350 when the diff makes another tree than the approved one, MAG-E304, MAG-E305 for a diff
                that is none. Unavailable: MAG-E281, MAG-E253 when it could not be judged.
        """
        git_dir, sandbox = self._git_dir(effect.repository), self._sandbox()
        base = RepositoryReader(git_dir).tree_of(effect.old)
        applied = QuarantinedPatches(sandbox).rebuild(git_dir, base, diff, want_pack=True)
        made = (base, applied.result_tree, applied.manifest_sha256)
        if made != (effect.base_tree, effect.result_tree, effect.manifest_sha256):
            raise Refused("MAG-E350", "the change does something else than its effect says")
        import_pack(git_dir, applied.pack)
        assessor = Assessor(sandbox=sandbox, tools=found_tools())
        judged = assessor.of_trees(
            RepositoryReader(git_dir), base, applied.result_tree, commit=judged_on(effect), name=proposal
        )
        try:
            return msgspec.convert(judged.verdict, Verdict, strict=True)
        except msgspec.ValidationError as error:
            raise Unavailable("MAG-E350", f"the verdict has another shape: {error}") from error
