"""Who in the base tree asks a Python module for a name that is put together when it runs.

Rule kept (R17): that nobody asks for a name can only be read where names are written out.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx

ASKS: Final = rx(r"\b(?:getattr|hasattr|delattr|setattr|attrgetter|methodcaller)\s*\(")
WRITTEN: Final = rx(
    r"\b(?:(?:get|has|del|set)attr\s*\(\s*[\w.]+\s*,\s*|(?:attrgetter|methodcaller)\s*\(\s*)([\"'])[\w.]+\1\s*[,)]"
)
OPENS: Final = rx(
    r"\bvars\s*\(|\bglobals\s*\(|\b__dict__\b|\b__getattribute__\b|\b__getattr__\b|\binspect\.getmembers\b|\bdir\s*\("
)


def asks_computed_names(file: ChangedFile, base: BaseTree) -> str | None:
    """The first Python file that names this module and asks things for names that are not written out."""
    parts = file.path.removesuffix(".py").split("/")
    stem = parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]
    named = re.compile(rf"(?<!\w){re.escape(stem)}(?!\w)")
    for path, text in sorted(base.files.items()):
        if not path.endswith(".py") or (path != file.path and named.search(text) is None):
            continue
        if OPENS.search(text) or len(ASKS.findall(text)) > len(WRITTEN.findall(text)):
            return path
    return None
