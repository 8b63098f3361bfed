"""Claim: only the layout of Python source changes; tree, tokens and comments stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.python_equality import Difference, proof, same_program


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFormatting:
    """Two front ends agree, and each comment stands at the same code on the same line."""

    name: str = "python-formatting/1"
    change_class: ChangeClass = ChangeClass.FORMATTING

    def applies(self, file: ChangedFile) -> bool:
        """Python source, by name; the parser has the last word."""
        return file.name.endswith((".py", ".pyi"))

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """No: the bytes are enough."""
        return False

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when trees, tokens, comments and the line each comment binds to are equal."""
        del step, evidence
        outcome = same_program(file, base)
        if isinstance(outcome, Difference):
            return proof(self.name, self.change_class, file, outcome.why, outcome.status)
        old, new = outcome
        if old.comments != new.comments:
            why = "a comment changes, or stands at other code than before"
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        why = "CPython's syntax tree, every token and every comment are equal on both sides; only layout moved"
        return proof(self.name, self.change_class, file, why, ProofStatus.PROVEN)


PROVER: Final = PythonFormatting()
