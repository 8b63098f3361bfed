"""What a file says of its role, and which of its text may say so.

Rule kept: what any line of a file says gives every change of it the role, but for a page and for the source of
a test: these show examples of everything and are run by no tool as what they show. There the changed lines of
both sides must say it themselves, or the front matter, which tools do read. A role by place is not lessened.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sensing import Saying

PAGE: Final = rx(r"(?i)\.(?:md|mdx|markdown|rst|adoc)\Z")
TEST: Final = rx(
    r"(?i)(?:^|/)(?:tests?|__tests__|specs?)/(?:[^/]+/)*[^/]+\.(?:py|[cm]?[jt]sx?|php|rb|go|rs|java|kt|cs|cc?|cpp|h|hpp|swift|scala)\Z|"
    r"(?:_test|_spec|\.test|\.spec)\.(?:py|[cm]?[jt]sx?|rb|go|dart)\Z|(?:^|/)test_[^/]*\.py\Z"
)
RUN_BY_TOOLS: Final = rx(r"(?i)(?:^|/)(?:conftest|setup|noxfile|build)\.\w+\Z|(?:^|/)[^/]*(?:config|setup)[^/]*\.\w+\Z")
FRONT: Final = rx(r"\A\ufeff?---[ \t]*\r?\n(?:[^\n]*\n){0,60}?---[ \t]*(?:\r?\n|\Z)")


def says(file: ChangedFile, saying: Saying) -> bool:
    """Whether either side says something that is true of this change."""
    if not shows_examples(file.path):
        return any(saying.within(text) for text in file.both_texts)
    fronts = [found[0] for found in map(FRONT.match, file.both_texts) if found is not None]
    sides = ["\n".join(line.text for line in file.lines if line.added is added) for added in (False, True)]
    return any(saying.within(text) for text in (*fronts, *sides))


def shows_examples(path: str) -> bool:
    """Whether a file is a page, or the source of a test, that no tool takes for what it shows."""
    return PAGE.search(path) is not None or (TEST.search(path) is not None and RUN_BY_TOOLS.search(path) is None)
