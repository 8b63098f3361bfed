"""Lists of changes whose name has no ending (`CHANGES`), and who in the base tree may read them.

Rule kept (R19): such a name is a word of many sentences, so it is looked for as it is written, and where it stands for a
file in small letters. Whoever names it counts as a reader, but a resource of Maven that is packed as it is.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.reachability import readers_in

NAME: Final = rx(r"(?:^|/)(?:CHANGES|CHANGELOG|HISTORY|ChangeLog|Changes|Changelog|History)\Z")
PACKED: Final = rx(r"\s*<include>(?:[\w.-]+/)*[\w.-]+\Z")
"""A line up to the end of the name where Maven packs a file as a resource."""
FILLED_IN: Final = rx(r"(?i)filtering\s*>\s*true|@\w+@")


def is_plain_list(path: str) -> bool:
    """Whether a path is that of a list of changes without an ending."""
    return NAME.search(path) is not None


def reader_of_list(file: ChangedFile, base: BaseTree) -> str | None:
    """The first file of the base that may read this list, in words; None when nothing names it."""
    name = file.path.rpartition("/")[2]
    exact = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    other = re.compile(rf"[\"'`/]{re.escape(name.lower())}(?![\w./-])|(?<![\w-]){re.escape(name.lower()[:5])}\w*[*?]")
    for path in readers_in(base):
        if path == file.path:
            continue
        text = base.files[path]
        places = (*exact.finditer(text), *other.finditer(base.lowered[path]))
        found = [one.start() for one in places if not _packed(path, text, one.end())]
        if found:
            line = text.count("\n", 0, min(found)) + 1
            return f"`{path}` line {line} may read this page (`{name}`)"
    return None


def _packed(path: str, text: str, end: int) -> bool:
    """Whether the name that ends here is a resource that Maven packs as it is: whoever opens it there names it too."""
    before = text[text.rfind("\n", 0, end) + 1 : end]
    whole = PACKED.match(before) is not None and text.startswith("</include>", end)
    return whole and path.rpartition("/")[2] == "pom.xml" and FILLED_IN.search(text) is None
