"""Which files are pages, which of them are lists of changes, and what in the base tree holds them fast."""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.equality import pinned_by

MARKDOWN: Final = (".md", ".markdown")
OTHER_PROSE: Final = (".rst", ".txt")
LISTS_OF_CHANGES: Final = re.compile(r"(?i)(?:^|/)(?:changelog|changes|history)[^/]*\Z")
MACHINE_TEXT: Final = re.compile(
    r"(?i)requirement|constraint|cmakelists|robots|humans|(?:^|/)ads\b|words?list|word_list|dictionar|ignore|"
    r"top_level|entry_points|depend|packages?\b|spelling|security"
)
READS_CHANGES: Final = re.compile(
    r"(?i)semantic-release|release-please|towncrier|scriv\b|changesets|standard-version|keepachangelog|keep-a-changelog|"
    r"release-drafter|auto-changelog|git-cliff|conventional-changelog|changelogger|parse-changelog|changelog-reader|"
    r"extract-release-notes|antsibull|release-it|cargo-dist|dist-workspace|axodotdev|knope|jreleaser|jetbrains\.changelog|zest\.|changelog-reader|commit-and-tag-version|python-semantic|semantic_release|cz_|commitizen|reno\b"
)
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
    for path in sorted(base.files):
        if not path.lower().endswith((*MARKDOWN, ".rst")) and (found := READS_CHANGES.search(base.files[path])):
            return f"`{path}` names `{found[0]}`, which makes releases out of lists of changes"
    return None
