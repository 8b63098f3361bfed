"""Where a file of automake does nothing with a source but list it for a program or a library.

Rule kept (R17): sources and headers of a target are compiled, installed and packed. A list whose variable is named anywhere
else in the tree, and every list of a file that has rules for all files of a kind, may be read by something.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx

FILES: Final = "makefile.am"
VARIABLE: Final = rx(r"(?m)^(?P<name>[a-z_][\w.]*)[ \t]*\+?=(?P<said>(?:[^\n]*\\\n)*[^\n]*)")
"""A variable with its value over continued lines, in lower case."""
OF_TARGET: Final = rx(r"(?!built_|extra_|nodist_)[a-z]\w*_(?:sources|headers)\Z")
WORDS: Final = rx(r"[\w./+\\\s-]*\Z")
OWN_RULES: Final = rx(
    r"(?m)^(?:\.[\w+-]+(?:\.[\w+-]+)?[ \t]*:|[^\n#=]*%[^\n=]*:|suffixes\b)|(?<!\\\n)^[ \t]*(?:-|s)?include[ \t]|"
    r"\$[({](?:(?:dist_)?(?:sources|headers)\b|distfiles|dist_common|am__|[^)}\n]*\$)|\.variables\b"
)
"""Rules by suffix or by pattern, what brings more of them in, and variables that automake makes of all lists."""


def only_listed(path: str, text: str, at: int, base: BaseTree) -> bool:
    """Whether the name that begins at a place of a text, in lower case, is one of the sources of a target and no more."""
    if path.rpartition("/")[2].lower() != FILES or OWN_RULES.search(text) is not None:
        return False
    found = next((one for one in VARIABLE.finditer(text) if one.start("said") <= at < one.end()), None)
    if found is None or OF_TARGET.match(found["name"]) is None or WORDS.match(found["said"]) is None:
        return False
    return not any(_used(found["name"], other) for other in base.lowered.values())


def _used(name: str, text: str) -> bool:
    """Whether a text names a variable otherwise than to give it a value."""
    return name in text and re.search(rf"(?<![\w.]){re.escape(name)}\b(?![ \t]*\+?=)", text) is not None
