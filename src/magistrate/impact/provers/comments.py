"""Claim: only spelling, grammar and case change in comments; the program stays (R18).

What a comment newly says is for a person to judge (`comment_text.py`): no list tells a sentence that
informs from one that misleads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.comment_lines import MAX_COMMENTS, differing, may_be_read
from magistrate.impact.documents.compare import why_not_same_words
from magistrate.impact.documents.words import Vocabulary
from magistrate.impact.equality import SourceClaim, proof, same_program
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import Comment, Difference, Reading, body_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments(SourceClaim):
    """Directive comments are behaviour (R18): nothing of them changes."""

    change_class: ChangeClass = ChangeClass.COMMENTS

    @property
    def name(self) -> str:
        """`<language>-comments/1`."""
        return f"{self.language.name}-comments/1"

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the program is equal and every comment that differs differs in its wording only."""
        del evidence
        outcome = same_program(self.language, file, base)
        if isinstance(outcome, Difference):
            return proof(self.name, self.change_class, file, outcome.why, outcome.status)
        words = Vocabulary(
            base=base, changed=frozenset(one.path for one in step), page=file.before, new_page=file.after
        )
        why = self._objection(*outcome, file, words)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        said = "all but comments is equal on both sides to its front ends; in comments only spelling, grammar or case differs"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)

    def _objection(self, old: Reading, new: Reading, file: ChangedFile, words: Vocabulary) -> str | None:
        why = self.language.no_prose(file.change.before or b"", file.change.after or b"")
        if why is not None:
            return why
        if len(old.comments) + len(new.comments) > MAX_COMMENTS:
            return "more comments than can be compared in time"
        for i, j in differing(old, new):
            if i is None or j is None:
                side, at = (new, j) if j is not None else (old, i or 0)
                return f"line {side.comment_lines[at]}: a comment comes, goes or moves, and what it says is for people"
            why = self._wording(old.comments[i], new.comments[j], words)
            if why is not None:
                return f"line {new.comment_lines[j]}: {why}"
        return None

    def _wording(self, old: Comment, new: Comment, words: Vocabulary) -> str | None:
        """Why two comments at one place differ in more than wording."""
        if replace(old, text="") != replace(new, text=""):
            return f"the comment `{new.text[:60]}` stands at other code than before"
        why = may_be_read(self.language, old) or may_be_read(self.language, new)
        if why is not None:
            return why
        why = why_not_same_words(self._body(old), self._body(new), words.ordinary, words.strange)
        return None if why is None else f"the comment `{new.text[:60]}` {why}"

    def _body(self, comment: Comment) -> str:
        start = self.language.prose_starts.match(comment.text)
        return body_of(comment.text, start.end() if start else 0)


PROVERS: Final = tuple(Comments(language=language) for language in LANGUAGES)
