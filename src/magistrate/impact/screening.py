"""Which of many patterns can match a text at all, told in one pass by an automaton (RE2).

Python's `re` tries each alternative of each pattern at each place; a set of RE2 reads the text once.
Rule kept: the screen only leaves patterns out that cannot match. What RE2 does not know (looking
ahead and behind) is left away, which makes a pattern wider; only ASCII is screened, where both
agree on letters; and a set that gives up says so, and then every pattern is tried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import re2

MAX_MEMORY: Final = 8 << 20
"""Bytes of one set for what it has learnt; beyond it begins anew, and gives up where that is too often."""
SENTINEL: Final = "(?:)"
"""Matches everything: where it is missing from the answer, the set gave up."""
ODD_SPACES: Final = "\x0b\x1c\x1d\x1e\x1f"
"""White space of ASCII to Python that RE2 takes for none: a text with one is not screened."""
_FLAGS: Final = {re.IGNORECASE: "i", re.DOTALL: "s"}
_SET: Final = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_LOOK: Final = re.compile(r"\(\?<?[=!]")


class Screen:
    """A set of patterns of Python's `re`, all with MULTILINE, each perhaps wider than it was."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile them together; `usable` is false where one is beyond RE2, and then nothing is screened."""
        options = re2.Options()
        options.max_mem = MAX_MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        try:
            for pattern in (SENTINEL, *(f"(?m){wider(one)}" for one in patterns)):
                self._set.Add(pattern)
            self._set.Compile()
        except re2.error:
            self.usable = False
        else:
            self.usable = True

    def possible(self, text: str) -> frozenset[int] | None:
        """Which patterns may match, by their place; None where nobody can tell, and all may."""
        if not self.usable or not text.isascii() or any(sign in text for sign in ODD_SPACES):
            return None
        found = self._set.Match(text.encode("ascii")) or ()
        return frozenset(at - 1 for at in found if at) if 0 in found else None


@lru_cache(maxsize=256)
def screen_of(patterns: tuple[str, ...]) -> Screen:
    """The screen of some patterns, made once."""
    return Screen(patterns)


def may_match(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern may match somewhere in a text: False only where it cannot."""
    if pattern.flags & re.VERBOSE:
        return True
    flags = "".join(name for flag, name in _FLAGS.items() if pattern.flags & flag)
    spelled = f"(?{flags}){pattern.pattern}" if flags else pattern.pattern
    return screen_of((spelled,)).possible(text) != frozenset()


def wider(pattern: str) -> str:
    """The pattern without what looks ahead or behind, in the spelling of RE2: it matches wherever the other does."""
    made: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            made.append({r"\Z": r"\z"}.get(pattern[at : at + 2], pattern[at : at + 2]))
            at += 2
        elif (found := _SET.match(pattern, at)) is not None:
            made.append(found[0])
            at = found.end()
        elif _LOOK.match(pattern, at):
            at = _group_end(pattern, at)
            made.append(SENTINEL)
        else:
            made.append(pattern[at])
            at += 1
    return "".join(made)


def _group_end(pattern: str, at: int) -> int:
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 2
            continue
        found = _SET.match(pattern, at)
        if found is not None:
            at = found.end()
            continue
        depth += {"(": 1, ")": -1}.get(pattern[at], 0)
        at += 1
        if depth == 0:
            return at
    return at
