"""The sandboxed assessor as control uses it: rebuilds the result tree, judges, signs the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from magistrate.adapters.git.bare import BareRepositories
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import planned
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.authority.across import Apart, LinkedVerdict
from magistrate.authority.release import differs
from magistrate.authority.stage_effect import kind_of, otherwise
from magistrate.domain.case import Companion
from magistrate.domain.impact import FileChange
from magistrate.errors import Refused, Unavailable
from magistrate.ports import Assessed, Pen, Sandbox
from magistrate.usecases.across import Side, by_place, judged_across
from magistrate.usecases.assess import Assessor
from magistrate.usecases.composition import TOO_MANY, WHOLE, Doubt, Part, judged_together
from magistrate.usecases.effects import judged_trees, verdict_on
from magistrate.usecases.evidence import Tool
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.effect import GitEffect, GitUpdate, Release, StageEffect
from magistrate.wire.evidence import Evidence

MAX_REBUILT: Final = 1_000
MAX_KEPT_BYTES: Final = 100_000
NOT_REBUILT: Final = "{} in flight by the same hands cannot be rebuilt: {}"


class _Rebuilt(RepositoryReader):
    """The base repository with one change laid over it in memory."""

    def __init__(self, git_dir: Path, changes: tuple[FileChange, ...]) -> None:
        super().__init__(git_dir)
        self._changes = changes

    def changes(self, base_tree: str, result_tree: str) -> tuple[FileChange, ...]:  # noqa: ARG002  there is one
        """The rebuilt change."""
        return self._changes


class SandboxedAssessor:
    """Implements `ports.Assessor`."""

    def __init__(
        self, repositories: BareRepositories, sandbox: Sandbox, pen: Pen, *, tools: Mapping[str, Tool]
    ) -> None:
        self._repositories = repositories
        self._patches = QuarantinedPatches(sandbox)
        self._assessor = Assessor(sandbox=sandbox, tools=tools)
        self._pen = pen
        self._rebuilt: dict[tuple[str, str, str], tuple[FileChange, ...]] = {}

    def assess(self, proposal: str, effect: GitEffect, diff: bytes, now: int) -> Assessed:
        """Judge the change that the diff makes to the base tree; it must make the tree it names."""
        git_dir = Path(self._repositories.git_dir(effect.repository))
        trees = effect.base_tree, effect.result_tree
        if not isinstance(effect, GitUpdate):
            self._verify_brings(git_dir, effect, diff)
            judged = judged_trees(effect, digest(diff))
            made = self._assessor.of_trees(RepositoryReader(git_dir), *judged, name=proposal)
        else:
            applied = self._patches.rebuild(git_dir, effect.base_tree, diff)
            if (applied.result_tree, applied.manifest_sha256) != (effect.result_tree, effect.manifest_sha256):
                raise Refused("MAG-E463", "the diff does not make the tree that the proposal names")
            self._keep((effect.repository, *trees), applied.changes)
            reader = _Rebuilt(git_dir, applied.changes)
            made = self._assessor.of_trees(reader, *trees, commit=effect.old, name=proposal)
        evidence = tuple(
            self._pen.sign(
                Evidence(
                    proposal=proposal, tool=run.tool, tool_digest=run.tool_digest, path=run.path,
                    inputs_digest=run.inputs_digest, output_digest=digest(run.output), exit_status=run.exit_status,
                ),
                "evd", now=now, lifetime=None,
            )
            for run in made.evidence
        )  # fmt: skip
        try:
            verdict = msgspec.convert(made.verdict, Verdict, strict=True)
        except msgspec.ValidationError as error:
            raise Unavailable("MAG-E468", f"the verdict has another shape: {error}") from error
        return Assessed(verdict=verdict_on(verdict, effect, digest(diff)), evidence=evidence)

    def _verify_brings(self, git_dir: Path, effect: Release | StageEffect, diff: bytes) -> None:
        if isinstance(effect, StageEffect):
            found = planned_stage(git_dir, self._patches, effect.ref, effect.old, effect.commit, kind_of(effect))
            why = otherwise(effect, digest(diff), found)
        else:
            plan = planned(git_dir, self._patches, "", effect.commit, effect.ref, effect.previous)
            why = differs(effect, digest(diff), plan)
        if why:
            raise Refused("MAG-E463", why)

    def together(self, effect: GitUpdate, diff: bytes, others: Sequence[Companion]) -> tuple[Verdict, ...]:
        """Judge the change together with others by the same hands; their diffs must make the trees they name.

        Of what is in flight and cannot be rebuilt nobody knows what it is: that asks for two people. What
        landed and cannot be rebuilt is no case to guess at (raises).
        """
        if not others:
            return ()
        git_dir = Path(self._repositories.git_dir(effect.repository))
        parts, doubts = self._parts(effect.repository, others)
        mine = self._changes(git_dir, effect.repository, (effect.base_tree, effect.result_tree), diff)
        return judged_together(self._assessor, RepositoryReader(git_dir), effect, mine, parts, doubts)

    def across(self, effect: GitUpdate, diff: bytes, apart: Apart, own: Sequence[Verdict]) -> tuple[LinkedVerdict, ...]:
        """Judge what others did in repositories that are linked with this change; what cannot be read is a link."""
        step = Companion(
            proposal="", base_tree=effect.base_tree, result_tree=effect.result_tree, diff=diff, landed=False,
            repository=effect.repository, ref=effect.ref, tip_tree=effect.base_tree,
        )  # fmt: skip
        sides = [self._side(group) for group in by_place(apart.elsewhere)]
        return judged_across(self._assessor, self._side([*apart.here, step]), sides, own, apart.places)

    def _side(self, group: Sequence[Companion]) -> Side:
        """One repository and ref as it stands now, with what the same hands did there."""
        last = group[-1]
        reader = self._repositories.reader(last.repository)
        tree = last.tip_tree or reader.tree_of(self._repositories.tip(last.repository, last.ref))
        parts, doubts = self._parts(last.repository, group)
        return Side(
            repository=last.repository, ref=last.ref, git=reader, tree=tree, parts=tuple(parts),
            members=tuple(one.proposal for one in group if not one.settled), doubts=tuple(doubts),
            settled=tuple(one.proposal for one in group if one.settled),
        )  # fmt: skip

    def _parts(self, repository: str, others: Sequence[Companion]) -> tuple[list[Part], list[Doubt]]:
        """The files of each that can be rebuilt, and what is in doubt."""
        git_dir = Path(self._repositories.git_dir(repository))
        parts: list[Part] = []
        left_out = sum(one.left_out for one in others)
        doubts = [Doubt(path=WHOLE, why=TOO_MANY.format(left_out))] if left_out else []
        for one in others:
            if one.left_out:
                continue
            trees = one.base_tree, one.result_tree
            try:
                changes = self._changes(git_dir, repository, trees, one.diff)
            except Refused as error:
                if one.landed:
                    raise
                doubts.append(Doubt(path=WHOLE, why=NOT_REBUILT.format(one.proposal[7:19], error.message)[:900]))
            else:
                parts.append(Part(changes=changes, landed=one.landed, settled=one.settled))
        return parts, doubts

    def _changes(self, git_dir: Path, repository: str, trees: tuple[str, str], diff: bytes) -> tuple[FileChange, ...]:
        """The files of one change, rebuilt once and kept by the trees that it leads from and to."""
        name = repository, *trees
        if name not in self._rebuilt:
            applied = self._patches.rebuild(git_dir, trees[0], diff)
            if applied.result_tree != trees[1]:
                raise Refused("MAG-E463", "the diff does not make the tree that the proposal names")
            self._keep(name, applied.changes)
            return applied.changes
        return self._rebuilt[name]

    def _keep(self, name: tuple[str, str, str], changes: tuple[FileChange, ...]) -> None:
        """What was rebuilt, unless it is large: within a hundred megabytes for a thousand of them."""
        if sum(len(side) for one in changes for side in (one.before, one.after) if side is not None) > MAX_KEPT_BYTES:
            return
        while len(self._rebuilt) >= MAX_REBUILT:
            self._rebuilt.pop(next(iter(self._rebuilt)))
        self._rebuilt[name] = changes

    def decide(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the judge's `decide` mode."""
        return self._assessor.ask({"v": 1, "mode": "decide", **request})
