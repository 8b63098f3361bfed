"""Modes of files in all their notations, as rights of owner, group and others (chmod(1), open(2)).

Rule kept: a mode that takes bits away from what is not known is unknown, never narrower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.trees import Plain

FILE: Final = 0o644
FOLDER: Final = 0o755
MOST: Final = 0o7777
_OPS: Final = ((4, "read"), (2, "write"), (1, "execute"))
_CLASSES: Final = (("owner", 6), ("group", 3), ("others", 0))
_CLAUSE: Final = rx(r"([ugoa]*)((?:[-+=][rwxXst]*)+)")
_SPECIAL: Final = (0o4000, "as owner"), (0o2000, "as group")


class UnreadableModeError(Exception):
    """A mode that is not known, or that rests on one that is not."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Bits that are set for certain; `whole` where all others are not set."""

    bits: int
    whole: bool = True

    def rights(self) -> Iterator[tuple[str, str]]:
        """Class and what it may do: read, write, execute, run as owner or group, delete what others put there."""
        for name, shift in _CLASSES:
            for bit, says in _OPS:
                if self.bits >> shift & bit:
                    yield name, says
            if self.bits >> shift & 1:
                yield from ((name, "run " + says) for special, says in _SPECIAL if self.bits & special)
            if self.bits >> shift & 2 and name != "owner" and not self.bits & 0o1000:
                yield name, "delete what others put there"


def octal(text: str) -> Mode:
    """A mode in octal digits.

    Raises:
        UnreadableModeError: it is none.
    """
    found = re.fullmatch(r"(?:0o)?([0-7]{1,5})", text)
    if found is None or int(found.group(1), 8) > MOST:
        raise UnreadableModeError
    return Mode(int(found.group(1), 8))


def mode_of(text: str) -> Mode:
    """A mode as chmod takes it: octal, or symbolic.

    Raises:
        UnreadableModeError: it is none, or it takes bits away.
    """
    if re.fullmatch(r"[0-7]+", text):
        return octal(text)
    bits, said = 0, set[str]()
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None or "-" in found.group(2) or found.group(2).count("=") + found.group(2).count("+") != 1:
            raise UnreadableModeError
        who = set(found.group(1) or "a")
        who = {"u", "g", "o"} if "a" in who else who
        said |= who if found.group(2)[0] == "=" else set()
        bits |= _bits(who, found.group(2)[1:])
    return Mode(bits, whole=said == {"u", "g", "o"})


def _bits(who: set[str], what: str) -> int:
    bits = 0
    for name, shift, special in (("u", 6, 0o4000), ("g", 3, 0o2000), ("o", 0, 0)):
        if name in who:
            bits |= sum({{"r": 4, "w": 2, "x": 1, "X": 1}.get(sign, 0) for sign in what}) << shift
            bits |= special if "s" in what else 0
    return bits | (0o1000 if "t" in what else 0)


def scalar_mode(value: object) -> Mode:
    """A mode out of YAML 1.1: a plain number that begins with 0 is octal, any other plain one decimal; a text is as typed.

    Raises:
        UnreadableModeError: it is no mode.
    """
    if not isinstance(value, str):
        raise UnreadableModeError
    if isinstance(value, Plain) and re.fullmatch(r"[1-9][0-9]*", value):
        number = int(value)
        if number > MOST:
            raise UnreadableModeError
        return Mode(number)
    return mode_of(value.strip())
