"""Claim: only plain sentences of a Markdown page change that nothing in the repository reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, ChangedLine
from magistrate.impact.equality import pinned_by, proof
from magistrate.impact.prose import why_not_prose

PROSE_NAMES: Final = re.compile(r"(?i)\.(?:md|markdown|rst|txt|adoc)\Z")
NOT_PROSE: Final = re.compile(
    r"(?i)claude|agents?\b|gemini|copilot|cursor|codex|skill|prompt|instruction|rules|llms|security|license|licence|"
    r"copying|notice|codeowners|changelog|changes|history|news|release|policy|runbook|playbook|governance|contributing"
)
FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,}|:{3,})(.*)")
ACTIVE: Final = re.compile(r"[`<>\[\]{}|\\$=@#*~^&%+]|:/|\t|^\s{4}|^\s*(?:-{3,}|={3,}|\.\. )|^---|!!!|\?\?\?|::")
INCLUDES: Final = re.compile(r"(?i)include|import|embed|--8<--|!\[|transclu|literal|mdsnippet|automd|cog\b")
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
UNCLEAR: Final = "?"
NEAR_LINES: Final = 2
"""How far from the name of a page a directive that includes it may stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownProse:
    """Prose that nothing executes, includes or publishes as code, by the base tree (R19)."""

    name: str = "markdown-prose/1"
    change_class: ChangeClass = ChangeClass.DOCS

    def applies(self, file: ChangedFile) -> bool:
        """Markdown, by name: one premise beside the base tree."""
        return file.name.endswith((".md", ".markdown"))

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
        """Proven when each changed line is a plain sentence and nothing reaches the page."""
        del step, evidence
        why = _objection(file)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        if not base.known:
            unknown = "without the repository nobody knows what reads this page (give `context` or `--repo`)"
            return proof(self.name, self.change_class, file, unknown, ProofStatus.UNKNOWN)
        reader = reached_by(file, base)
        if reader is not None:
            return proof(self.name, self.change_class, file, reader, ProofStatus.REFUTED)
        said = "only plain sentences change, and no code, build, CI or test file of the base tree names this page"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)


def _objection(file: ChangedFile) -> str | None:
    if file.change.before is None or file.change.after is None:
        return "the page is added or deleted as a whole"
    named = NOT_PROSE.search(file.path)
    if named is not None or any(part.startswith((".", "_")) for part in file.parts):
        return "this name is read by agents, operators, lawyers or publishers, not only by people"
    guarded_old, guarded_new = _guarded(file.before), _guarded(file.after)
    for line in file.lines:
        if line.number in (guarded_new if line.added else guarded_old):
            return f"line {line.number} is inside a code block, raw markup or front matter"
        why = _line_objection(line)
        if why is not None:
            return f"line {line.number} {why}"
    if _numbers(file, added=False) != _numbers(file, added=True):
        return "a number changes, or what it counts: people act on numbers"
    return None


def _line_objection(line: ChangedLine) -> str | None:
    text = line.text.removesuffix("\r")
    if not text.strip():
        return None
    found = ACTIVE.search(text)
    if found is not None:
        return f"has `{found[0].strip() or 'an indented block'}`: a link, command, heading or markup may change"
    bare = re.sub(r"^\s*(?:-|\d+[.)])\s+", "", text)
    for sentence in re.split(r"[:]\s+|:$", bare):
        why = why_not_prose(sentence) if len(sentence.split()) != 1 else why_not_prose(sentence + " word")
        if why is not None:
            return why
    return None


def _numbers(file: ChangedFile, *, added: bool) -> list[tuple[str, ...]]:
    """Every number of one side in order, each between the words beside it."""
    words = ["", *WORD.findall("\n".join(line.text for line in file.lines if line.added is added)), ""]
    return [tuple(words[at - 1 : at + 2]) for at, word in enumerate(words) if NUMBER.fullmatch(word)]


def _guarded(text: str) -> frozenset[int]:
    """Line numbers inside fences, HTML, comments, front matter: never prose."""
    found: set[int] = set()
    html = comment = False
    fence = ""
    lines = text.split("\n")
    front = bool(lines) and lines[0].strip() in {"---", "+++", ";;;"}
    for number, line in enumerate(lines, 1):
        before, fence = fence, _fence_after(fence, line)
        html = (html and bool(line.strip())) or re.match(r"\s{0,3}<[A-Za-z/!?]", line) is not None
        comment = comment or "<!--" in line or "{%" in line or "{{" in line
        if before or fence or html or comment or front:
            found.add(number)
        comment = comment and not re.search(r"-->|%\}|\}\}", line)
        front = front and (number == 1 or line.strip() not in {"---", "+++", ";;;"})
    return frozenset(found)


def _fence_after(fence: str, line: str) -> str:
    """The fence that is open after a line (CommonMark 4.5); one that readers differ about is never closed."""
    found = FENCE.match(line)
    if found is None:
        return fence
    marks, words = found[1], found[2].strip()
    if not fence:
        return UNCLEAR if marks[0] == "`" and "`" in words else marks
    if marks[0] == ":" and fence[0] == ":" and words:
        return UNCLEAR  # a container in a container: which of them the next line of colons ends differs
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not words
    return "" if closes else fence


def reached_by(file: ChangedFile, base: BaseTree) -> str | None:
    """Who in the base tree reads the page, or may: by name, stem, glob or folder."""
    pinned = pinned_by(file.change.before or b"", base)
    if pinned is not None:
        return f"`{pinned}` pins the digest of this page"
    name = re.escape(file.name)
    stem = re.escape(file.name.rsplit(".", 1)[0])
    folders = "|".join(re.escape(part) for part in file.parts[:-1])
    folder = rf"|[\"'/]?(?<![\w-])(?:{folders})(?:[\"'/]|\s*$)" if folders else ""
    reader = re.compile(
        rf"(?<![\w.-]){name}|[\"'/](?:{stem})[\"'.]|\*\.(?:md|markdown|\*|\{{)|[\"']\.?(?:md|markdown)[\"']|\.md[\"')]{folder}",
        re.IGNORECASE | re.MULTILINE,
    )
    for path in sorted(base.files):
        if path == file.path:
            continue
        text = base.files[path]
        if PROSE_NAMES.search(path):
            hit = _included(file.name, text.split("\n"))
            if hit is not None:
                return f"`{path}` may include this page: `{hit.strip()[:80]}`"
            continue
        found = reader.search(text)
        if found is not None:
            line = text.count("\n", 0, found.start()) + 1
            return f"`{path}` line {line} may read this page (`{found[0].strip()[:40]}`)"
    return None


def _included(name: str, lines: Sequence[str]) -> str | None:
    """The line that names the page with a word of inclusion in it or near it."""
    for at, line in enumerate(lines):
        if name in line.lower():
            near = lines[max(0, at - NEAR_LINES) : at + NEAR_LINES + 1]
            if any(INCLUDES.search(one) for one in near):
                return line
    return None


PROVER: Final = MarkdownProse()
