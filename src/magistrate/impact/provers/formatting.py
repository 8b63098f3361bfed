"""Claim: only the layout of source text changes; the program and its comments stay (R17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.equality import SourceClaim, proof, same_program
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatting(SourceClaim):
    """Two front ends agree, and each comment stands at the same code on the same line."""

    change_class: ChangeClass = ChangeClass.FORMATTING

    @property
    def name(self) -> str:
        """`<language>-formatting/1`."""
        return f"{self.language.name}-formatting/1"

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
        why = "structure, tokens and comments are equal on both sides to both front ends; only layout moved"
        return proof(self.name, self.change_class, file, why, ProofStatus.PROVEN)


PROVERS: Final = tuple(Formatting(language=language) for language in LANGUAGES)
