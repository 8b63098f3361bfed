"""Whether an import of a Python file may go: its module does nothing else, and nobody uses the name.

Rule kept: what a framework, a test double, a text that is evaluated or another file could take from
the module speaks against it, found by the words of the whole base tree; in doubt it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from magistrate.impact.base import KEPT_TEXTS, BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.python_imports import Atom, may_go, shadowed

NAMES_ITS_NAMES: Final = rx(
    r"\b(?:globals|locals|vars|dir|eval|exec|__all__|__dict__|__getattr__|getattr|hasattr|sys\s*\.\s*modules|getmembers|load_tests|"
    r"import_module|__import__|inspect|symtable|include)\b|\bimport\s+\*"
)
READ_WHOLE: Final = rx(
    r"(?:^|/)(?:__init__|__main__|conftest|settings\w*|config\w*|conf|setup|noxfile|tasks|fabfile|manage|sitecustomize|usercustomize)"
    r"\.pyi?\Z|(?:^|/)(?:settings|conf|config)/"
)
NAME_LIMIT: Final = 1_000_000
LISTS_NAMES: Final = r"\b(?:getmembers|vars|dir)\s*\(|__dict__"


def why_missed(gone: Iterable[Atom], path: str, rest: str, left: frozenset[Atom], base: BaseTree) -> str | None:
    """Why one of the imports that go may be missed, or None.

    `rest` is the new text without its imports, `left` are the imports that it has.
    """
    if READ_WHOLE.search(path.lower()):
        return "others read the names of this file as a whole"
    found = NAMES_ITS_NAMES.search(rest)
    if found is not None or any(atom.name == "*" for atom in left):
        return f"the file has `{found[0] if found else 'import *'}`, which may ask for names as text"
    return next((why for atom in sorted(gone) if (why := _why_one(atom, path, rest, left, base))), None)


def _why_one(atom: Atom, path: str, rest: str, left: frozenset[Atom], base: BaseTree) -> str | None:
    name = atom.bound
    if not may_go(atom):
        return f"the import of `{atom.module}` goes, and loading it may do more than give a name"
    own = shadowed(atom.module, base)
    if own is not None:
        return f"`{own}` may be loaded instead of `{atom.module}` of the library"
    if name.isupper() or name.lower().startswith(("test", "pytest")) or name.startswith("_"):
        return f"`{name}` is a name that frameworks look for"
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest) or any(other.bound == name for other in left):
        return f"the file still says `{name}`"
    reader = taken_by(path, name, base)
    return f"`{reader}` may take `{name}` from this file" if reader is not None else None


def taken_by(path: str, name: str, base: BaseTree) -> str | None:
    """A file of the base that says the name of this module and may take a name from it."""
    parts = path.rsplit(".", 1)[0].split("/")
    stem = parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]
    module = re.compile(rf"(?<!\w){re.escape(stem)}(?!\w)")
    word = re.escape(name)
    imported = rf"\bfrom\s+[\w.]*(?<!\w){re.escape(stem)}\s+import"
    taken = re.compile(rf"[.:]\s*{word}(?!\w)|{imported}\b[^\n]*(?<!\w)(?:{word}(?!\w)|\*)|[\"']{word}[\"'.:]")
    listed = re.compile(rf"{imported}\s*[(\\][^)]*(?<!\w){word}(?!\w)")
    starred = re.compile(rf"{imported}\b[^\n]*(?<!\w)\*")
    for other, text in sorted(base.files.items()):
        if other == path or stem not in text or not (name in text or "*" in text or _lists_names(text)):
            continue
        if not module.search(text):
            continue
        by_name = (taken, listed) if name in text else (starred,)  # without the name only a star may take it
        if len(text) > NAME_LIMIT or _lists_names(text) or any(one.search(text) for one in by_name):
            return other
    return None


@lru_cache(maxsize=KEPT_TEXTS)
def _lists_names(text: str) -> bool:
    """Whether a text asks some object for all its names."""
    return re.search(LISTS_NAMES, text) is not None
