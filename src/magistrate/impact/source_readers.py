"""Who in the base tree reads the text of a source or data file, rather than running or importing it.

Rule kept (R17, R18): layout, comments and lines of a file are nothing only where no other file opens
it, compares it, takes it in, or names places in it. Importing, running, listing and including a
file by name is what names of files are for; every other naming may be a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from magistrate.impact.base import KEPT_TEXTS, BaseTree, ChangedFile
from magistrate.impact.build_lists import only_listed
from magistrate.impact.compiled import rx

PAGES: Final = (".md", ".markdown", ".txt", ".po", ".pot", ".svg", ".lock", ".sum", ".css", ".map")
WORDS: Final = rx(
    r"(?i)(?:^|/)(?:changelog|changes|history|authors|news|readme|todo|thanks|contributors|copying|licen[cs]e)\Z"
)
"""Files without an ending that people read."""
INCLUDING_PAGES: Final = (".rst", ".adoc", ".asciidoc", ".tex")
LISTS: Final = rx(
    r"(?:^|/)(?:package(?:-lock)?\.json|[jt]sconfig[^/]*\.json|cargo\.toml|cmakelists\.txt|meson\.build|build(?:\.bazel)?|codeowners|"
    r"manifest\.in|record|sources|\.magistrate\.yml|\.git(?:ignore|attributes)|\.(?:npm|docker|prettier|eslint)ignore)\Z"
)
"""Files that list others for a build, a package or a rule about paths."""
IMPORTED: Final = rx(
    r"(?:\bfrom|\bimport\b[^\n\"']*?|\brequire|\bimport|\bexport\b[^\n\"']*?\bfrom|#\s*include|\bpath\s*=|\bsrc\s*=|\bhref\s*=|\bload)\s*\(?\s*"
    r"[\"'<][^\"'<>\n]*\Z"
)
STARTED: Final = rx(
    r"(?:(?:^|[\s;&|\"'\[=])(?:python[\d.]*|node|bash|sh|zsh|ruby|perl|php|deno|bun|go run|source|\.|pytest|uv run|npx|tsx|ts-node|"
    r"java|exec|coverage run)\s+(?:-[\w-]+(?:[ =]\S+)?\s+)*[\w./-]*|(?:^|[\s\"'])\./[\w./-]*)\Z"
)
COMMENT: Final = rx(r"\s*(?:#(?!\[|!|\s*include)|//(?!go:embed)|--\s|;|\*\s|/\*)")
EMBEDS: Final = rx(r"//go:embed[^\n]*")
REFLECTS: Final = rx(r"\b(?:getsource(?:lines|file)?|getcomments|findsource|getblock|linecache|co_firstlineno)\b")
REFLECTING: Final = ("getsource", "getcomments", "findsource", "getblock", "linecache", "co_firstlineno")
"""One of them stands in whatever `REFLECTS` finds something in."""
HASHES: Final = rx(r"hash|digest|integrity|checksum|sha\d|eval\b|new function")
BEFORE: Final = 160


def source_reader_of(file: ChangedFile, base: BaseTree) -> str | None:
    """The first file that may read the text of this one, in words; None when nothing does."""
    key = f"source {file.path}"
    if key not in base.looked_up:
        base.looked_up[key] = next(_readers(file, base), None)
    found = base.looked_up[key]
    return found if isinstance(found, str) else None


def _readers(file: ChangedFile, base: BaseTree) -> Iterator[str]:
    word = file.name.partition(".")[0]
    stem = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    own = file.path.lower().split("/")[:-1][-1:]
    for path, text in sorted(base.lowered.items()):
        named = word in text
        if (
            path != file.path
            and named
            and file.name in text
            and not path.lower().endswith(PAGES)
            and not WORDS.search(path)
        ):
            line = _reading_line(path.lower(), text, file.name, own, base)
            if line:
                yield f"`{path}` line {line} may read the text of this file"
        reflects, prints = _of_itself(text) if named or path == file.path else (False, False)
        if reflects and (path == file.path or stem.search(text)):
            yield f"`{path}` reads the source of what it names, and names this"
        if prints and path != file.path and stem.search(text):
            yield f"`{path}` makes text of functions and hashes it, and names this"
        if path.endswith(".go") and "go:embed" in text and embedded(text, file.name):
            yield f"`{path}` embeds files of a name like this"


@lru_cache(maxsize=KEPT_TEXTS)
def _of_itself(text: str) -> tuple[bool, bool]:
    """Whether a text, in lower case, may read the source of something, and whether it may hash a function's text."""
    reflects = any(word in text for word in REFLECTING) and REFLECTS.search(text) is not None
    return reflects, ".tostring()" in text and HASHES.search(text) is not None


def _reading_line(path: str, text: str, name: str, own: list[str], base: BaseTree) -> int:
    """The first line that names the file otherwise than to import, run, list or describe it; 0 when none does."""
    at = text.find(name)
    while at >= 0:
        after = text[at + len(name) : at + len(name) + 1]
        before = text[max(text.rfind("\n", 0, at) + 1, at - BEFORE) : at]
        whole = not (before[-1:].isalnum() or before[-1:] in {"_", "-", "."} or after.isalnum() or after == "_")
        if whole and not (_elsewhere(before, own) or _only_named(path, before) or only_listed(path, text, at, base)):
            return text.count("\n", 0, at) + 1
        at = text.find(name, at + 1)
    return 0


def _elsewhere(before: str, own: list[str]) -> bool:
    """Whether the name stands behind a folder that is not this file's."""
    found = re.search(r"([\w.-]+)/\Z", before)
    return found is not None and found[1] not in {".", ".."} and [found[1]] != own


def _only_named(path: str, before: str) -> bool:
    if path.endswith(INCLUDING_PAGES):
        return "include" not in before
    if LISTS.search(path) or COMMENT.match(before):
        return True
    return IMPORTED.search(before) is not None or STARTED.search(before) is not None


def embedded(text: str, name: str) -> bool:
    """Whether a directive of Go takes in files of this name, by name or by pattern (`*`)."""
    for found in EMBEDS.finditer(text):
        for pattern in found[0].split()[1:]:
            shape = re.escape(pattern.strip('"`').rsplit("/", 1)[-1]).replace(r"\*", ".*").replace(r"\?", ".")
            if re.fullmatch(shape, name):
                return True
    return False
