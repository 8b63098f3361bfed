"""Claim: only spelling, grammar, layout or dead links change, in a page that nothing reads (R19).

What a page newly says is for a person to judge (`documentation_text.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.documents.compare import why_not_same_page
from magistrate.impact.documents.judging import Judge
from magistrate.impact.documents.links import why_not_link
from magistrate.impact.documents.markdown import inline_marks, read_markdown
from magistrate.impact.documents.page import UnreadablePageError
from magistrate.impact.documents.pages import MACHINE_TEXT, MARKDOWN, OTHER_PROSE, pin, reads_as_prose, release_tool
from magistrate.impact.documents.restructured import read_restructured
from magistrate.impact.documents.stretches import without_same_stretch
from magistrate.impact.documents.words import Vocabulary
from magistrate.impact.equality import proof
from magistrate.impact.reachability import reader_of

NOT_PROSE: Final = rx(
    r"(?i)claude|agents?\b|gemini|copilot|cursor|codex|skill|prompt|instruction|rules|llms|security|license|licence|"
    r"copying|notice|codeowners|release|policy|runbook|playbook|governance|contributing|conduct|template|fixture|testdata|"
    r"changeset|newsfragment|news\b"
)
IN_CHANGES: Final = rx(r"(?i)(?:^|/)(?:changelog|changes|history)[^/]*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """Prose that nothing executes, includes or publishes as code, by the base tree (R19)."""

    name: str = "documentation/1"
    change_class: ChangeClass = ChangeClass.DOCS

    def applies(self, file: ChangedFile) -> bool:
        """Markdown, reStructuredText and plain text, by name: one premise beside the base tree."""
        return file.name.endswith((*MARKDOWN, *OTHER_PROSE))

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """Yes: only the base tree says who reads the page."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when both readers find nothing but wording and nothing reaches the page."""
        del evidence
        why = _name_objection(file)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        try:
            why = _page_objection(file, step, base)
        except UnreadablePageError as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.UNKNOWN)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        if not base.known:
            unknown = "without the repository nobody knows what reads this page (give `context` or `--repo`)"
            return proof(self.name, self.change_class, file, unknown, ProofStatus.UNKNOWN)
        reader = pin(file, base) or reader_of(file.path, base) or release_tool(file, base)
        if reader is not None:
            return proof(self.name, self.change_class, file, reader, ProofStatus.REFUTED)
        said = "only spelling, grammar, layout or dead links differ; nothing in the base tree reads the page"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)


def _name_objection(file: ChangedFile) -> str | None:
    if file.change.after is None:
        return "the page is deleted as a whole"
    named = NOT_PROSE.search(file.path) or IN_CHANGES.search(file.path)
    if named is not None or any(part.startswith((".", "_")) for part in file.parts):
        return "this name is read by agents, operators, lawyers or publishers, not only by people"
    if file.name.endswith(".txt") and (MACHINE_TEXT.search(file.path) or not reads_as_prose(file)):
        return "a text of this name or shape may be read by a program"
    return None


def _page_objection(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    """What differs in the page itself beyond wording, at its line; None when nothing does."""
    markdown = file.name.endswith(MARKDOWN)
    read = read_markdown if markdown else read_restructured
    words = Vocabulary(base=base, changed=frozenset(one.path for one in step), page=file.before, new_page=file.after)
    if file.change.before is None:
        return "the page is new: what it says is for people to judge"
    paths = {*base.files, *(one.path for one in step if one.change.after is not None)}
    judge = Judge(
        link=lambda old, new: why_not_link(old, new, file.path, paths),
        ordinary=words.ordinary,
        misspelt=words.strange,
        anchored=words.anchored,
        marks=inline_marks if markdown else None,
    )
    sides = without_same_stretch(file.before, file.after) if markdown else file.both_texts
    found = why_not_same_page(read(sides[0]), read(sides[1]), judge)
    if found is None:
        return None
    return f"line {found[0]} {found[1]}" if found[0] else found[1]


PROVER: Final = Documentation()
