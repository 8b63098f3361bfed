"""Text that does not read the way it runs: invisible, bidirectional, look-alike characters.

Rule kept: invisible and reordering characters are named wherever they stand; look-alikes are named by word, as
UTS 39 does (mixed scripts, whole-script confusables). What a page in another language is written with is no
finding: a word of one script that holds a letter like no Latin one, full-width punctuation beside Han or kana,
one U+FE0F or a joiner inside an emoji. Everything of this allowance holds for pages alone but the first; code,
code spans and addresses have none of the rest. References: Unicode UTS 39, UTS 51, CVE-2021-42574.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import MAX_LINE, PROSE, BaseTree, ChangedFile, ChangedLine, changed_lines
from magistrate.impact.compiled import rx
from magistrate.impact.file_gate import HIDDEN, JOINERS

SCRIPTS: Final = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "HANGUL FILLER", "FULLWIDTH", "MATHEMATICAL")
CLEAR: Final = frozenset(
    "\u0411\u0431\u0414\u0434\u0416\u0436\u0418\u0438\u0419\u0439\u041b\u043b\u0426\u0446\u0427\u0447\u0428\u0448\u0429\u0449\u042a\u044a\u042b\u044b\u042d\u044d\u042e\u044e\u042f\u044f\u0424\u0444\u0394\u03b4\u03b6\u0398\u03b8\u039b\u03bb\u039e\u03be\u03a0\u03c0\u03a3\u03c2\u03a6\u03c6\u03a8\u03c8\u03a9"
)
"""Letters of Cyrillic and Greek that look like no letter or digit of ASCII: a word with one is what it seems."""
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
_EMOJI: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2300-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
EMOJI: Final = rx(f"(?:{_EMOJI}\ufe0f?(?:\u200d{_EMOJI}\ufe0f?)*+|[0-9#*]\ufe0f\u20e3)(?![\u200b-\u200f\ufe00-\ufe0f])")
"""An emoji with its presentation selector and joined parts (UTS 51), and nothing more that is invisible."""
FAR_EAST: Final = rx("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
FAR_EASTERN_SIGNS: Final = frozenset(
    "\u3000\u30fb\uff5e\uff08\uff09\uff0c\uff1a\uff1b\uff01\uff1f\uff3b\uff3d\uff5b\uff5d\uff1d\uff0f\uff5e\u3002\u3001\u300c\u300d\uff05\uff06\uff0b"
)
CODE_SPAN: Final = rx(
    r"`[^`]*`|`[^`]*\Z|\]\([^)\s]*\)?|<[^>\s]*>|(?<!\w)(?:\w{1,20}://|www\.)[^\s)>\]\uff08\uff09\u300c\u300d\u3001\u3002\uff0c]*"
)
WORD: Final = rx(r"[^\W_]+")
FOREIGN: Final = ("CYRILLIC", "GREEK")
GLUE: Final = frozenset("/\\@_=:.$#&<>")
LATIN: Final = rx("[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenText:
    """Looks at changed lines of both sides; removing hidden text is worth a look as well."""

    name: str = "hidden_text"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """One finding a line, with the code point."""
        del base
        page = PROSE.search(file.path) is not None
        for line in _lines(file):
            why = _why(line.text[:MAX_LINE].removesuffix("\r"), page=page)
            if why is not None:
                yield Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=line.number, why=why)


def _lines(file: ChangedFile) -> tuple[ChangedLine, ...]:
    """The changed lines; text that a NUL makes binary for others is still read as text here."""
    if not file.binary:
        return file.lines
    try:
        old, new = ((side or b"").decode("utf-8") for side in (file.change.before, file.change.after))
    except UnicodeDecodeError:
        return file.lines
    return changed_lines(old, new)


def _why(text: str, *, page: bool) -> str | None:
    if text.isascii() and HIDDEN.search(text) is None and "\r" not in text:
        return None
    seen = EMOJI.sub("", text) if page else text
    hidden = HIDDEN.search(seen) or JOINERS.search(seen)
    if hidden is not None:
        return f"invisible or reordering character U+{ord(hidden[0]):04X}"
    if "\r" in text:
        return "a carriage return inside the line, which ends the line for some readers only"
    return next(_passing(seen, page=page), None)


def _passing(text: str, *, page: bool) -> Iterator[str]:
    """What of a line can pass for ASCII."""
    spans = [found.span() for found in CODE_SPAN.finditer(text)] if page else []
    plain = CODE_SPAN.sub(" ", text) if page else ""
    eastern = FAR_EAST.search(plain) is not None
    spoken = {script for script in FOREIGN if page and _spoken(plain, script)}
    foreign = 0
    for at, char in enumerate(text):
        if char.isascii() or at < foreign:
            continue
        coded = not page or any(first <= at < last for first, last in spans)
        if eastern and not coded and char in FAR_EASTERN_SIGNS:
            continue
        if char in ODD_SPACES:
            yield f"U+{ord(char):04X} looks like a space and is none"
        name = unicodedata.name(char, "UNNAMED")
        if not page and (char in LOOK_ALIKE or name.startswith(LOOKS)):
            yield f"`{char}` is U+{ord(char):04X} {name.lower()}, which can pass for a character of ASCII"
        if name.startswith(SCRIPTS):
            foreign = _foreign_until(text, at, name.split()[0], spoken=not coded and name.split()[0] in spoken)
            if not foreign:
                yield f"`{char}` is U+{ord(char):04X} {name.lower()}, which can pass for a Latin letter"


def _foreign_until(text: str, at: int, script: str, *, spoken: bool) -> int:
    """Where a word ends that is of one script and cannot be taken for a Latin one; 0 where it can.

    A word whose letters all look like Latin ones passes only in text of that script outside code.
    """
    found = WORD.match(text, at)
    if found is None or script not in FOREIGN or (at and WORD.match(text[at - 1])):
        return 0
    if not _of_one_script(found[0], script):
        return 0
    if not CLEAR.isdisjoint(found[0]):
        return found.end()
    glued = (at and text[at - 1] in GLUE) or text[found.end() : found.end() + 1] in GLUE - {".", ":"}
    return found.end() if spoken and not glued else 0


def _spoken(plain: str, script: str) -> bool:
    """Whether a line outside code is written in a script: by letters, and by a word that is of it for certain."""
    words = [one for one in WORD.findall(plain) if _of_one_script(one, script)]
    latin = len(LATIN.findall(plain))
    certain = not latin or any(not CLEAR.isdisjoint(one) for one in words)
    return certain and sum(len(one) for one in words) * 2 >= latin


def _of_one_script(word: str, script: str) -> bool:
    return all(unicodedata.name(char, "UNNAMED").startswith(script) for char in word)


SENSOR: Final = HiddenText()
