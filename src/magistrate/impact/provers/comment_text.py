"""Claim: only comments that people read change; the program stays. What they say now, one person judges.

Rule kept (R18): a comment that a tool may read, by its shape, its words or the directive right
before it, is behaviour, and no such comment comes, goes, changes or moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, Proof, ProofStatus, Strictness
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.comment_lines import MAX_COMMENTS, differing, may_be_read
from magistrate.impact.equality import SourceClaim, proof, same_program
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import Difference, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentText(SourceClaim):
    """The code is equal to both front ends, and no comment that differs is for a tool."""

    change_class: ChangeClass = ChangeClass.COMMENTS

    @property
    def name(self) -> str:
        """`<language>-comment-text/1`."""
        return f"{self.language.name}-comment-text/1"

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the program is equal and every comment that differs is for people."""
        del step, evidence
        outcome = same_program(self.language, file, base)
        if isinstance(outcome, Difference):
            return self._said(file, outcome.why, outcome.status)
        why = self._objection(*outcome, file)
        if why is not None:
            return self._said(file, why, ProofStatus.REFUTED)
        said = "all but comments is equal on both sides to its front ends; what the comments say is for one person to judge"
        return self._said(file, said, ProofStatus.PROVEN)

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return replace(proof(self.name, self.change_class, file, why, status), asks=Strictness.ONE)

    def _objection(self, old: Reading, new: Reading, file: ChangedFile) -> str | None:
        why = self.language.no_prose(file.change.before or b"", file.change.after or b"")
        if why is not None:
            return why
        if len(old.comments) + len(new.comments) > MAX_COMMENTS:
            return "more comments than can be compared in time"
        for places in differing(old, new):
            for side, at in zip((old, new), places, strict=True):
                if at is None:
                    continue
                why = may_be_read(self.language, side.comments[at]) or self._follows_directive(side, at)
                if why is not None:
                    return f"line {side.comment_lines[at]}: {why}"
        return None

    def _follows_directive(self, side: Reading, at: int) -> str | None:
        """A line that comes or goes behind a directive for the next line changes what the directive is for."""
        before = at - 1
        if side.comments[at].inside or before < 0 or side.comment_lines[before] < side.comment_lines[at] - 1:
            return None
        if may_be_read(self.language, side.comments[before]) is None:
            return None
        return f"right before it stands `{side.comments[before].text[:60]}`, which a tool may read for the next line"


PROVERS: Final = tuple(CommentText(language=language) for language in LANGUAGES)
