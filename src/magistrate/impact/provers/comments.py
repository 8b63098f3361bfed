"""Claim: only comments that read as plain prose change; the program stays (R18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.equality import SourceClaim, proof, same_program
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import Comment, Difference, Reading, body_of
from magistrate.impact.prose import why_not_prose

MAX_COMMENTS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments(SourceClaim):
    """Directive comments are behaviour (R18): whatever changes must read as prose."""

    change_class: ChangeClass = ChangeClass.COMMENTS

    @property
    def name(self) -> str:
        """`<language>-comments/1`."""
        return f"{self.language.name}-comments/1"

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the program is equal and every comment that differs is plain prose."""
        del step, evidence
        outcome = same_program(self.language, file, base)
        if isinstance(outcome, Difference):
            return proof(self.name, self.change_class, file, outcome.why, outcome.status)
        why = self._objection(*outcome, file)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        said = (
            "all but comments is equal on both sides to its front ends; every comment that differs reads as plain prose"
        )
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)

    def _objection(self, old: Reading, new: Reading, file: ChangedFile) -> str | None:
        why = self.language.no_prose(file.change.before or b"", file.change.after or b"")
        if why is not None:
            return why
        if len(old.comments) + len(new.comments) > MAX_COMMENTS:
            return "more comments than can be compared in time"
        for side, at in _differing(old, new):
            why = self._not_prose(side.comments[at]) or self._follows_directive(side, at)
            if why is not None:
                return f"line {side.comment_lines[at]}: {why}"
        return None

    def _not_prose(self, comment: Comment) -> str | None:
        if comment.kept is not None:
            return f"`{comment.text[:60]}` stays as it is: {comment.kept}"
        start = self.language.prose_starts.match(comment.text)
        if start is None:
            return f"`{comment.text[:60]}` does not begin like prose"
        why = why_not_prose(body_of(comment.text, start.end()))
        return None if why is None else f"the comment `{comment.text[:60]}` {why}"

    def _follows_directive(self, side: Reading, at: int) -> str | None:
        """A line that comes or goes behind a directive for the next line changes what the directive is for."""
        before = at - 1
        if side.comments[at].inside or before < 0 or side.comment_lines[before] < side.comment_lines[at] - 1:
            return None
        if self._not_prose(side.comments[before]) is None:
            return None
        return f"right before it stands `{side.comments[before].text[:60]}`, which a tool may read for the next line"


def _differing(old: Reading, new: Reading) -> list[tuple[Reading, int]]:
    """Every comment that only one side has: the side, and its place there."""
    found: list[tuple[Reading, int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old.comments, new.comments, autojunk=False).get_opcodes():
        if tag != "equal":
            found += [(old, at) for at in range(i1, i2)]
            found += [(new, at) for at in range(j1, j2)]
    return found


PROVERS: Final = tuple(Comments(language=language) for language in LANGUAGES)
