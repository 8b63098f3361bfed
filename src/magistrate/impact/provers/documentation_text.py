"""Claim: a page that people read, and nothing else does (R19). What it says now, one person judges.

No list of words tells a sentence that informs from one that misleads, so new sentences, commands and
examples are not low; but that the change is one of documentation is certain: the page names no
reader but people, publishes nothing active, and no program of the base tree is given its name.
Patterns and folders of tools that build pages do not count as readers here; a sign that examples
of pages are run does.

Commands that only compare a page, look for a text on it, ask whether it is there or name it in a
message read nothing that it says (`documents/uses.py`); every other place that names it counts.

A second claim, `read-page/1`: a page that only chores of the repository read (checking scripts by
their name and folder, which show no sign that they run what they read), in which no example
changes. It is no documentation then (R19), but an input of the build, and one person judges it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus, Strictness
from magistrate.impact.base import BaseTree, ChangedFile, ChangedLine
from magistrate.impact.compiled import rx
from magistrate.impact.documents.examples import directives_over, example_changes, of_another_page, surely_fenced
from magistrate.impact.documents.mdx import why_program
from magistrate.impact.documents.pages import (
    MACHINE_TEXT,
    MARKDOWN,
    OTHER_PROSE,
    notes_tool,
    pin,
    reads_as_prose,
    release_tool,
)
from magistrate.impact.documents.plain_lists import is_plain_list, reader_of_list
from magistrate.impact.documents.programs import entries_only, makes_releases, taken_as_file
from magistrate.impact.documents.uses import only_checked
from magistrate.impact.equality import proof
from magistrate.impact.reachability import Mention, agents_sent, program_mentions, readers_in, said_of
from magistrate.impact.screening import places

FOR_OTHERS: Final = rx(
    r"(?i)claude|agents?\b|gemini|copilot|cursor|codex|skill|prompt|instruction|rules|llms|security|license|licence|"
    r"copying|notice|codeowners|policy|runbook|playbook|changeset|newsfragment|(?:^|/)[^/]*(?:template|fixture|testdata)[^/]*/"
)
"""Names of pages that more than readers act on: agents, lawyers, operators, tools."""
ORDERS: Final = rx(r"(?i)prompts?|instructions?|rules|skills?")
"""Words that name orders to an agent in Markdown; agents take none from reStructuredText."""
MDX: Final = ".mdx"
ACTIVE: Final = rx(
    r"(?i)<\s*/?\s*(?:script|iframe|object|embed|form|style|link|meta|base|svg|math|template)\b|\bon[a-z]+\s*=\s*[\"']|javascript:|"
    r"data:[a-z]+/|vbscript:|\{%|\{\{|\}\}|<%|--8<--|!include|!!|\A\s*\.\. +(?!(?:note|warning|tip|hint|important|danger|caution|attention|"
    r"error|admonition|seealso|contents|toctree|rubric|topic|sidebar|table|list-table|code|code-block|math|figure|image|"
    r"versionadded|versionchanged|deprecated|index|centered|glossary|epigraph|(?:c|cpp|py|js):(?:type|struct|union|enum|enumerator|member|var|macro|"
    r"function|class|method|staticmethod|classmethod|attribute|property|data|exception|module|alias|concept))::)[\w:+-]+::|:::(?!\s*\Z| ?(?:note|tip|info|warning|caution|danger)\b)|\{(?:[\w-]+:)?\w*(?:include|eval|exec|import)\w*\}|"
    r"\A(?:---|\+\+\+)\s*\Z|<!--|-->|\A\s*(?:import|export) .*from|\[\[\[?cog|automodule|autoclass|literalinclude|\braw\b::"
)
"""What a page does when it is published, beside being read."""
CHORES: Final = rx(
    r"(?i)\A(?:(?:\.github/scripts|scripts?|tools?|ci)/[^/]*(?:lint|check|verif|validat|spell|links|\btoc\b)[^/]*\.(?:[cm]?[jt]s|py)\Z)"
)
"""Checks by their names, in languages whose calls can be told (not shell and Ruby, which run a text by a sign); what ships to users, releases or deploys is elsewhere."""
RUNS: Final = rx(
    r"(?i)(?<![.\w])(?:eval|exec|execfile|execsync|system|spawn|popen)\s*[(\"']|(?-i:\bFunction\s*\()|"
    r"\b(?:eval|compile|__import__|runpy|importlib|subprocess|child_process|worker_threads|execa|shelljs|zx|instance_eval|class_eval|"
    r"new\s+function|kernel\.(?:exec|system|load)|os\.(?:system|exec\w*|spawn\w*|popen)|open3|pty|vm)\b|node:vm|"
    r"\b(?:writefile\w*|appendfile\w*|copyfile\w*|createwritestream|shutil|write_text|write_bytes|symlink\w*)\b|"
    r"(?:file|io)\.(?:write|binwrite|rename)|open\([^)\n]*[\"'][wax]b?\+?[\"']|"
    r"\b(?:load|import|require(?:_relative)?)\b[ (\"'][^\n]*\.(?:md|rst|txt|mdx)\b|\b(?:import|require)\s*\((?!\s*[\"'])"
)
"""Signs that what a script reads it runs as well, or hands on as a file."""
IMPORT: Final = rx(r"\s*(?:import|export) ")
BREAK: Final = rx(r"(?:---|\+\+\+)\s*\Z")
TOP: Final = rx(r"\ufeff?\s*(?:---|\+\+\+)")
TESTED: Final = rx(
    r"doctest-(?:glob|plus|rst)|doctest_(?:glob|plus|rst|files)|sphinx\.ext\.doctest|-b doctest|make doctest|doctest\.(?:testfile|DocFileSuite|DocTest)|markdown-?it-?test|mdtest|"
    r"pytest-(?:examples|markdown)|phmdoctest|\bsybil\b|rustdoc --test|\bskeptic\b|\bcram\b|byexample|\bmdsh\b|include_str!"
)
"""Signs that examples on pages are run."""
SPHINX_TARGET: Final = rx(r"(?i)(?:^|/)(?:makefile|make\.bat)\Z")
FOR_PEOPLE: Final = rx(r"(?i)\.github/(?:contributing|code_of_conduct|support|governance)\.(?:md|rst)\Z")
"""Pages that the forge shows to people under these names, from this folder as from the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """A page that is read by people only, whatever it says now; one person judges that."""

    name: str = "documentation-text/1"
    change_class: ChangeClass = ChangeClass.DOCS

    def applies(self, file: ChangedFile) -> bool:
        """As for wording, and the text of MDX."""
        return file.name.endswith((*MARKDOWN, *OTHER_PROSE, MDX)) or is_plain_list(file.path)

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
        """Proven when nothing that changes does more than be read, and nothing names the page to a program."""
        del step, evidence
        why = self._objection(file)
        if why is not None:
            return self._said(file, why, ProofStatus.REFUTED)
        if not base.known:
            unknown = "without the repository nobody knows what reads this page (give `context` or `--repo`)"
            return self._said(file, unknown, ProofStatus.UNKNOWN)
        return self._read(file, base)

    def _read(self, file: ChangedFile, base: BaseTree) -> Proof:
        named = tuple(program_mentions(file.path, base))
        notes, decides = notes_tool(file, base, entries=entries_only(file))
        reader = (
            pin(file, base)
            or (reader_of_list(file, base) if is_plain_list(file.path) else None)
            or next((said_of(one, base) for one in named if not self._spared(one, file, base)), None)
            or agents_sent(file.path, base)
            or (notes if decides else None)
            or _tested(file, base)
        )
        if reader is not None:
            return self._said(file, reader, ProofStatus.REFUTED)
        said = "a page for people, which nothing in the base tree names to a program: one person judges what it says"
        if named:
            said = f"a page for people, which commands only compare, search, name or take as a file, and releases as notes; one person judges what it says, knowing that {said_of(named[0], base)}"
        if notes:
            said = f"{said}; {notes}"
        return self._said(file, said, ProofStatus.PROVEN)

    def _spared(self, one: Mention, file: ChangedFile, base: BaseTree) -> bool:
        """Whether what names the page there runs nothing of it and decides nothing by it."""
        text = base.files[one.path]
        known = _checked(one, base) or taken_as_file(text, one.path, one.start, one.shown)
        return known or makes_releases(one.path, file, base)

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return replace(proof(self.name, self.change_class, file, why, status), asks=Strictness.ONE)

    def _objection(self, file: ChangedFile) -> str | None:
        if file.change.after is None:
            return "the page is deleted as a whole"
        if file.name.endswith(MDX) and (program := why_program(file)) is not None:
            return program
        others = ORDERS.sub("", file.path) if file.name.endswith(".rst") else file.path
        hidden = any(part.startswith((".", "_")) for part in file.parts) and not FOR_PEOPLE.match(file.path)
        if FOR_OTHERS.search(others) or hidden:
            return "this name is read by agents, operators, lawyers or publishers, not only by people"
        bare = is_plain_list(file.path)
        if (bare or file.name.endswith(".txt")) and (MACHINE_TEXT.search(file.path) or not reads_as_prose(file)):
            return "a text of this name or shape may be read by a program"
        for line in file.lines:
            found = ACTIVE.search(line.text)
            if found is not None and not _only_shown(file, line, found):
                return f"line {line.number} has `{found[0].strip()[:40]}`, which does more than be read when the page is published"
        return _in_active(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage(PageText):
    """A page that only chores of the repository read, in which sentences, lists and links change."""

    name: str = "read-page/1"
    change_class: ChangeClass = ChangeClass.BUILD

    def applies(self, file: ChangedFile) -> bool:
        """As for pages, but lists of changes without an ending."""
        return PageText.applies(self, file) and not is_plain_list(file.path)

    def _read(self, file: ChangedFile, base: BaseTree) -> Proof:
        fast = pin(file, base) or release_tool(file, base) or agents_sent(file.path, base) or example_changes(file)
        if fast is not None:
            return self._said(file, fast, ProofStatus.REFUTED)
        readers = [one for one in program_mentions(file.path, base) if not _checked(one, base)]
        if not readers:
            return self._said(file, _tested(file, base) or "no program reads it", ProofStatus.UNKNOWN)
        other = next((one for one in readers if not _chore(one, base)), None)
        if other is not None:
            return self._said(file, said_of(other, base), ProofStatus.REFUTED)
        said = f"a page that only chores of the repository read, in which no example changes: one person judges it, knowing that {said_of(readers[0], base)}"
        return self._said(file, said, ProofStatus.PROVEN)


def _in_active(file: ChangedFile) -> str | None:
    """A changed line inside of a directive that does more than show it, such as `click:example` or `testsetup`."""
    if not file.name.endswith((".rst", ".txt")):
        return None
    found = ((number, ACTIVE.search(above)) for number, above in directives_over(file))
    return next(
        (f"line {number} stands inside of `{one[0].strip()[:40]}`, which may run it" for number, one in found if one),
        None,
    )


def _only_shown(file: ChangedFile, line: ChangedLine, found: re.Match[str]) -> bool:
    """Whether a line of Markdown that looks like a statement stands in an example, or a rule across the page is one.

    A rule may open front matter only as the first line of a page; no side of this one begins with it.
    """
    if not file.name.endswith(MARKDOWN):
        return False
    if BREAK.match(line.text):
        return not any(TOP.match(text) for text in file.both_texts)
    statement = IMPORT.match(found[0]) is not None and ACTIVE.search(IMPORT.sub("", line.text, count=1)) is None
    return statement and line.number in surely_fenced(file.both_texts[line.added])


def _checked(one: Mention, base: BaseTree) -> bool:
    return only_checked(base.files[one.path], one.path, one.start, one.shown)


def _chore(one: Mention, base: BaseTree) -> bool:
    """Whether a reader is a chore by its place, and shows no sign that it runs what it reads."""
    if CHORES.search(one.path) is None:
        return False
    return RUNS.search(base.files[one.path]) is None


def _tested(file: ChangedFile, base: BaseTree) -> str | None:
    """A sign that examples on pages are run, where one of this page changes."""
    if example_changes(file) is None:
        return None
    unstarted = _doctest_never_runs(base)
    for path in readers_in(base):
        for found in places(TESTED, base.files[path]):
            never = unstarted and found[0] == "-b doctest" and SPHINX_TARGET.search(path) is not None
            if not never and not of_another_page(found, path, file, base):
                return f"`{path}` names `{found[0]}`, which may run the examples of this page"
    return None


def _doctest_never_runs(base: BaseTree) -> bool:
    """Whether a target that Sphinx writes into every Makefile is all that names its builder `doctest`.

    Without the extension that brings it the builder does not exist, whoever starts the target.
    """
    named = (
        "ext.doctest" in base.lowered[path] if SPHINX_TARGET.search(path) else "doctest" in base.lowered[path]
        for path in readers_in(base)
    )
    return not any(named)


PROVERS: Final = (PageText(), ReadPage())
