"""Which files are pages, which of them are lists of changes, and what in the base tree holds them fast."""

from __future__ import annotations

from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import pinned_by
from magistrate.impact.screening import may_match

MARKDOWN: Final = (".md", ".markdown")
OTHER_PROSE: Final = (".rst", ".txt")
LISTS_OF_CHANGES: Final = rx(r"(?i)(?:^|/)(?:changelog|changes|history)[^/]*\Z")
MACHINE_TEXT: Final = rx(
    r"(?i)requirement|constraint|cmakelists|robots|humans|(?:^|/)ads\b|words?list|word_list|dictionar|ignore|"
    r"top_level|entry_points|depend|packages?\b|spelling|security"
)
READS_CHANGES: Final = rx(
    r"(?i)semantic-release|release-please|towncrier|scriv\b|changesets|standard-version|keepachangelog|keep-a-changelog|"
    r"release-drafter|auto-changelog|git-cliff|conventional-changelog|changelogger|parse-changelog|changelog-reader|"
    r"extract-release-notes|antsibull|release-it|cargo-dist|dist-workspace|axodotdev|knope|jreleaser|jetbrains\.changelog|zest\.|changelog-reader|commit-and-tag-version|python-semantic|semantic_release|cz_|commitizen|reno\b"
)
WRITES_CHANGES: Final = rx(
    r"(?i)(?<![a-z])(?:semantic-release|python-semantic|semantic_release|towncrier|scriv\b|changesets|standard-version|commit-and-tag-version|"
    r"auto-changelog|git-cliff|conventional-changelog|commitizen|cz_|reno\b)"
)
"""Tools that write lists of changes out of commits and fragments, and take nothing from what stands there."""
NAMES_ONLY: Final = rx(
    r"(?i)(?:^|/)(?:authors|contributors|thanks|credits|maintainers|notice|licen[cs]e|copying)[^/]*\Z|(?:^|/)\.?(?:mailmap|all-contributorsrc)\Z|"
    r"(?:^|/)(?:[^/]*\.lock|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|bun\.lockb?)\Z|\.(?:svg|po|pot|csv|map|css|snap)\Z"
)
"""Files that list people, licences and what is installed: a tool named there is started elsewhere, if at all."""
A_COMMENT: Final = rx(r"\s*(?:#+(?!!)(?:\s|\Z)|//+\s)")
PROSE_LINES: Final = 0.6
PROSE_WORDS: Final = 4


def reads_as_prose(file: ChangedFile) -> bool:
    """Whether most lines of a text are sentences."""
    lines = [line for side in file.both_texts for line in side.split("\n") if line.strip()]
    long = sum(len(line.split()) >= PROSE_WORDS for line in lines)
    return bool(lines) and long >= PROSE_LINES * len(lines)


def pin(file: ChangedFile, base: BaseTree) -> str | None:
    """The file that pins the digest of a page, in words."""
    if file.change.before is None:
        return None
    pinned = pinned_by(file.change.before, base)
    return None if pinned is None else f"`{pinned}` pins the digest of this page"


def release_tool(file: ChangedFile, base: BaseTree) -> str | None:
    """A tool that makes releases out of a list of changes, wherever it is named."""
    if LISTS_OF_CHANGES.search(file.path) is None:
        return None
    for path in _naming_tools(base):
        found = READS_CHANGES.search(base.files[path])
        if found is not None:
            return f"`{path}` names `{found[0]}`, which makes releases out of lists of changes"
    return None


def notes_tool(file: ChangedFile, base: BaseTree, *, entries: bool) -> tuple[str, bool]:
    """Which tool takes or writes this list of changes, in words (empty: none), and whether more than one reader judges.

    Tools that write lists take nothing from them. What others make of new entries is notes; what they make of a
    title, a date or a version is a release. `entries` says that nothing but entries changes.
    """
    said = ""
    if LISTS_OF_CHANGES.search(file.path) is None:
        return said, False
    for path in _naming_tools(base):
        if NAMES_ONLY.search(path):
            continue
        for found in READS_CHANGES.finditer(base.files[path]):
            if _a_word_of_a_comment(base.files[path], found.start()):
                continue
            writes = WRITES_CHANGES.match(base.files[path], found.start()) is not None
            if not writes and not entries:
                return f"`{path}` names `{found[0]}`, which makes releases out of lists of changes", True
            said = said or f"`{path}` names `{found[0]}`, which writes lists of changes or makes notes of them"
    return said, False


def _naming_tools(base: BaseTree) -> tuple[str, ...]:
    """Files that may name such a tool and are no pages, in order; looked for once in a base tree, in one pass of each text."""
    kept = base.looked_up.get("tools of releases")
    if not isinstance(kept, tuple):
        kept = tuple(
            path
            for path in sorted(base.files)
            if not path.lower().endswith((*MARKDOWN, ".rst")) and may_match(READS_CHANGES, base.files[path])
        )
        base.looked_up["tools of releases"] = kept
    return kept


def _a_word_of_a_comment(text: str, at: int) -> bool:
    """Whether a line is a comment as a whole, or the name goes on a longer word."""
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    return text[at - 1 : at].isalpha() or A_COMMENT.match(text[start : end if end >= 0 else len(text)]) is not None
