"""Headers of C and C++ that list tests, and whether a change does nothing but add entries to one.

Rule kept (R16, R20): the list stands below a folder of tests, a test of its own folder includes it and nothing that is no
test names it; entries come, none goes or moves, each one is a call with plain names of a macro that made entries there
before, and stands right below another entry. What an entry leaves out or lets fail is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.testing.loading import who_loads
from magistrate.impact.testing.native import ENDINGS, lists_of_changes, makers_of

HEADERS: Final = (".h", ".hh", ".hpp")
NAME: Final = rx(r"(?:^|/)(?:tests?|unit_?tests?|gtests?)/(?:[^/]+/)*[^/]*test[^/]*\.(?:h|hh|hpp)\Z")
ENTRY: Final = rx(
    r"[ \t]*(?P<macro>[A-Z]*(?:TEST|TEST_[A-Z_]+))[ \t]*\([ \t]*[A-Za-z_]\w*(?:[ \t]*,[ \t]*\w+)*[ \t]*\)[ \t]*;?[ \t]*\Z"
)
"""A whole line that is one entry."""
LEAVES_OUT: Final = rx(r"SKIP|DISABLE|IGNORE|EXCLUDE|FAIL|OMIT|UN(?:DEF|REG|LIST)|REMOVE|OFF\b|NO_|_NOT|IF\b|MAIN")
LEAST: Final = 2
"""Entries of a macro that show what it is for."""


def is_list(path: str) -> bool:
    """Whether a path may be that of a list of tests."""
    return NAME.search(path) is not None


def why_no_list(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, tests: frozenset[str]) -> str | None:
    """Why a header is no list of tests in the base, or gets more than entries; None when neither holds."""
    if file.change.before is None or file.change.after is None:
        return "the list comes or goes as a whole"
    folder, _, name = file.path.rpartition("/")
    beside = [one for one in tests if one.rpartition("/")[0] == folder and ENDINGS.search(one)]
    if not any(re.search(rf'(?m)^[ \t]*#[ \t]*include[ \t]*"{re.escape(name)}"', base.files[one]) for one in beside):
        return "no test of its folder includes this header"
    near = frozenset({*beside, *_speaking(folder, name, base)}) | makers_of(file.path, base) | lists_of_changes(base)
    return _why_no_entries(file) or who_loads(file, step, base, near, suffixed=True)


def _speaking(folder: str, name: str, base: BaseTree) -> Iterator[str]:
    """Headers beside a list that name it in words alone: never in quotes, brackets or behind a folder."""
    brings = re.compile(rf"[\"'</]\s*{re.escape(name)}")
    for path, text in base.files.items():
        if path.rpartition("/")[0] == folder and path.endswith(HEADERS) and brings.search(text) is None:
            yield path


def _why_no_entries(file: ChangedFile) -> str | None:
    """The first changed line that is no entry, or stands elsewhere than below one."""
    lines = file.after.split("\n")
    for line in file.lines:
        found = ENTRY.match(line.text)
        if not line.added or found is None or LEAVES_OUT.search(found["macro"]):
            return f"line {line.number} is no entry of a list of tests that comes"
        above = lines[line.number - 2] if line.number > 1 else ""
        if ENTRY.match(above) is None:
            return f"line {line.number} does not stand below an entry of the list"
        if _made(file.before, found["macro"]) < LEAST:
            return f"line {line.number} calls `{found['macro'][:40]}`, which makes no entries of this list yet"
    return None


def _made(text: str, macro: str) -> int:
    """How many entries of a text a macro makes."""
    entries = (ENTRY.match(line) for line in text.split("\n"))
    return sum(one is not None and one["macro"] == macro for one in entries)
