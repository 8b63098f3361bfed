"""Claim: only comments that read as plain prose change; the program stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.prose import why_not_prose
from magistrate.impact.python_equality import Difference, proof, same_program
from magistrate.impact.python_source import Comment, PythonTokens

SCRIPT_BLOCK: Final = re.compile(r"^#[ \t]*///", re.MULTILINE)
MAX_COMMENTS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonComments:
    """Directive comments are behaviour (R18): whatever changes must read as prose."""

    name: str = "python-comments/1"
    change_class: ChangeClass = ChangeClass.COMMENTS

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
        """Proven when the program is equal and every comment that differs is plain prose."""
        del step, evidence
        outcome = same_program(file, base)
        if isinstance(outcome, Difference):
            return proof(self.name, self.change_class, file, outcome.why, outcome.status)
        why = _objection(*outcome, file)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        said = "syntax tree and tokens are equal on both sides; every comment that differs reads as plain prose"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)


def _objection(old: PythonTokens, new: PythonTokens, file: ChangedFile) -> str | None:
    if any(SCRIPT_BLOCK.search(text) for text in file.both_texts):
        return "the file has a `# ///` block, whose comments are script metadata"
    if len(old.comments) + len(new.comments) > MAX_COMMENTS:
        return "more comments than can be compared in time"
    for comment, line in _differing(old, new):
        if not comment.text.startswith("# ") and comment.text != "#":
            return f"line {line}: `{comment.text[:60]}` does not begin like prose"
        why = why_not_prose(comment.text[1:])
        if why is not None:
            return f"line {line}: the comment `{comment.text[:60]}` {why}"
    return None


def _differing(old: PythonTokens, new: PythonTokens) -> list[tuple[Comment, int]]:
    found: list[tuple[Comment, int]] = []
    a, b = old.comments, new.comments
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            found += [(old.comments[i], old.comment_lines[i]) for i in range(i1, i2)]
            found += [(new.comments[j], new.comment_lines[j]) for j in range(j1, j2)]
    return found


PROVER: Final = PythonComments()
