"""Claim: only the layout of source text changes; the program and its comments stay (R17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.equality import proof, same_program
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import Difference, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatting:
    """Two front ends agree, and each comment stands at the same code on the same line."""

    language: Language
    change_class: ChangeClass = ChangeClass.FORMATTING

    @property
    def name(self) -> str:
        """`<language>-formatting/1`."""
        return f"{self.language.name}-formatting/1"

    def applies(self, file: ChangedFile) -> bool:
        """By name of the file; the parsers have the last word."""
        return self.language.reads(file.name)

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
        """Proven when the code, the comments and the line each comment binds to are equal."""
        del step, evidence
        outcome = same_program(self.language, file, base)
        if isinstance(outcome, Difference):
            return proof(self.name, self.change_class, file, outcome.why, outcome.status)
        old, new = outcome
        if old.comments != new.comments:
            why = "a comment changes, or stands at other code than before"
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        why = "syntax tree, tokens and comments are equal on both sides; only layout moved"
        return proof(self.name, self.change_class, file, why, ProofStatus.PROVEN)


PROVERS: Final = tuple(Formatting(language=language) for language in LANGUAGES)
