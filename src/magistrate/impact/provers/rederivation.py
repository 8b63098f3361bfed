"""Claim: the new bytes are what a pinned tool makes of the old ones, under the base's own configuration (R21).

The prover runs nothing: it states which exact bytes a tool must read, and compares what the tool
made with what was proposed, byte for byte, each file by itself: a proposal that takes over a part
of a tool's edits, by file, is proven file by file. What is proven is who made the text, not what
the text means: so the class is `lint`, also for formatters. Where the parsers of the project see
that only layout moved, the static claim `formatting` holds before any tool is asked; where they do
not, a formatter's output still has to keep the words of the text, as its family says.

Refused: a tool the project does not use; plugins, programs as configuration, and settings that say
more than how lines look; a configuration, lock or ignore file that changes in the same step; files
that an ignore file may name, that others read or pin as bytes, or that may be templates.

Limits: the claim rests on the tool in the digest of the witness; versions of a tool differ, and
another version makes other bytes, which proves nothing. Tools whose configuration is code or whose
rules are plugins (eslint, pre-commit) are never re-run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.rederivation.family import Family
from magistrate.impact.rederivation.known import FAMILIES
from magistrate.impact.text_readers import read_by_line
from magistrate.wire.canonical import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rederivation:
    """One verb of one tool, re-run elsewhere on the base bytes; byte equality or nothing."""

    family: Family
    change_class: ChangeClass = ChangeClass.LINT

    @property
    def name(self) -> str:
        """The rule of the family, such as `black/1`."""
        return self.family.rule

    def applies(self, file: ChangedFile) -> bool:
        """By name of the file; the tool has the last word."""
        return self.family.reads(file.name)

    def needs_base(self) -> bool:
        """Yes: the configuration of the base decides what the tool does."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """The one run that would decide, where nothing else stands in the way."""
        if not base.known or self._refusal(file, step, base) or self._absence(file, base):
            return ()
        return (self._request(file, base),)

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the Evidence names exactly these inputs and its output is the new bytes."""
        refused = self._refusal(file, step, base)
        if refused is not None:
            return self._said(file, refused, ProofStatus.REFUTED)
        if not base.known:
            return self._said(file, "without the repository the configuration of the tool is not known")
        absent = self._absence(file, base)
        if absent is not None:
            return self._said(file, absent)
        wanted = self._request(file, base)
        for run in evidence:
            if (run.tool, run.path, run.inputs_digest) == (wanted.tool, wanted.path, wanted.inputs_digest):
                return self._compare(file, run, wanted)
        return self._said(file, f"no run of {wanted.tool} is at hand")

    def _said(self, file: ChangedFile, why: str, status: ProofStatus = ProofStatus.UNKNOWN) -> Proof:
        return proof(self.name, self.change_class, file, why, status)

    def _absence(self, file: ChangedFile, base: BaseTree) -> str | None:
        if self.family.used(file.path, base):
            return None
        return f"nothing in the repository says that it uses {self.family.program}"

    def _request(self, file: ChangedFile, base: BaseTree) -> EvidenceRequest:
        inputs = [(file.path, sha256_hex(file.change.before or b""))]
        inputs += [(path, sha256_hex(base.files[path].encode())) for path in self.family.configs(file.path, base)]
        return request(self.family.tool(file.path, base), file.path, tuple(sorted(inputs)))

    def _compare(self, file: ChangedFile, run: Evidence, wanted: EvidenceRequest) -> Proof:
        if run.output != file.change.after:
            why = f"{run.tool} under the base's configuration makes other bytes of the old file"
            return self._said(file, why, ProofStatus.REFUTED)
        why = f"{run.tool} on the old bytes, under the base's configuration, gives exactly the new bytes"
        found = self._said(file, why, ProofStatus.PROVEN)
        extra = (("inputs_digest", wanted.inputs_digest), ("tool", run.tool), ("tool_digest", run.tool_digest))
        return replace(found, witness=tuple(sorted((*found.witness, *extra))))

    def _refusal(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
        before, after = file.change.before, file.change.after
        if before is None or after is None:
            return "the file is added or deleted as a whole"
        kept = self.family.kept(file.path, before, after, base)
        if kept is not None:
            return kept
        steering = next((other.path for other in step if self.family.steered_by(other.name)), None)
        if steering is not None:
            return f"the change also touches `{steering}`, which may steer the tool"
        as_bytes = read_as_bytes(file, base)
        if as_bytes is not None:
            return as_bytes.why
        reader = read_by_line(file.name, base)
        if reader is not None:
            return f"`{reader}` reads a file of this name line by line"
        return self.family.objection(file.path, base)


def request(tool: str, path: str, inputs: tuple[tuple[str, str], ...]) -> EvidenceRequest:
    """Name a run by everything that it reads."""
    named = digest_of({"v": 1, "tool": tool, "path": path, "inputs": [list(pair) for pair in inputs]})
    return EvidenceRequest(tool=tool, path=path, inputs_digest=named, inputs=inputs)


PROVERS: Final = tuple(Rederivation(family=family) for family in FAMILIES)
