"""Text that does not read the way it runs: invisible, bidirectional, look-alike characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import PROSE, BaseTree, ChangedFile
from magistrate.impact.file_gate import HIDDEN, JOINERS

SCRIPTS: Final = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "HANGUL FILLER", "FULLWIDTH", "MATHEMATICAL")
ODD_SPACES: Final = frozenset(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
LOOK_ALIKE: Final = frozenset(
    "\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bc\u00b4\u2010\u2011\u2012\u2013\u2212\u2043\u2217\u2223\u2236\u2044\u2215\u01c3\u037e\u00b5\u1735\u1771\u05f0\u2024\u00d7\u2039\u203a\u02d0\ua789\u2e40\u30fb\uff5e\u201f\u02ee"
)
LOOKS: Final = (
    "ARABIC LETTER",
    "LISU",
    "COPTIC",
    "DESERET",
    "OSAGE",
    "HEBREW LETTER VAV",
    "PHILIPPINE",
    "BRAHMI",
    "ETHIOPIC",
    "WARANG",
    "VAI ",
    "BAMUM",
    "PAHAWH",
    "ARABIC",
    "CANADIAN",
    "MYANMAR",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenText:
    """Looks at changed lines of both sides; removing hidden text is worth a look as well."""

    name: str = "hidden_text"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """One finding a line, with the code point."""
        del base
        for line in file.lines:
            why = _why(line.text.removesuffix("\r"), code=not PROSE.search(file.path))
            if why is not None:
                yield Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=line.number, why=why)


def _why(text: str, *, code: bool) -> str | None:  # noqa: PLR0911 - one kind, one exit
    if text.isascii() and HIDDEN.search(text) is None and "\r" not in text:
        return None
    hidden = HIDDEN.search(text) or JOINERS.search(text)
    if hidden is not None:
        return f"invisible or reordering character U+{ord(hidden[0]):04X}"
    if "\r" in text:
        return "a carriage return inside the line, which ends the line for some readers only"
    for char in text:
        if char in ODD_SPACES:
            return f"U+{ord(char):04X} looks like a space and is none"
        name = unicodedata.name(char, "UNNAMED")
        if code and (char in LOOK_ALIKE or name.startswith(LOOKS)):
            return f"`{char}` is U+{ord(char):04X} {name.lower()}, which can pass for a character of ASCII"
        if ord(char) > 0x7F and name.startswith(SCRIPTS):  # noqa: PLR2004 - end of ASCII
            return f"`{char}` is U+{ord(char):04X} {name.lower()}, which can pass for a Latin letter"
    return None


SENSOR: Final = HiddenText()
