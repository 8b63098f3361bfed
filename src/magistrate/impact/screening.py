"""Which of many patterns can match a text at all, and where one does, told in one pass by an automaton (RE2).

Python's `re` tries each alternative of each pattern at each place; a set of RE2 reads the text once.
Rule kept: the screen only leaves patterns out that cannot match. What RE2 does not know (looking
ahead and behind) is left away, which makes a pattern wider. On ASCII both agree on letters; any
other sign becomes one that every class of signs may match, and words may end anywhere. A set that
gives up says so, and then every pattern is tried.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

import re2

from magistrate.impact.compiled import rx

MAX_MEMORY: Final = 8 << 20
"""Bytes of one set for what it has learnt; beyond it begins anew, and gives up where that is too often."""
SENTINEL: Final = "(?:)"
"""Matches everything: where it is missing from the answer, the set gave up."""
MAX_MEMORY_OF_ONE: Final = 1 << 20
"""Bytes that the automaton of one pattern may learn; beyond them it goes on more slowly."""
MAX_MISSED: Final = 64
"""Places at which the automaton stops and the pattern does not match, in one text; then `re` goes on alone."""
ODD_SPACES: Final = "\x0b\x1c\x1d\x1e\x1f"
"""White space of ASCII to Python that RE2 takes for none: a text with one is treated as if it were not ASCII."""
ALIKE: Final = "\u0130\u0131\u017f\u212a"
"""Signs that are letters of ASCII where case does not count: a text with one is not screened."""
FOREIGN: Final = b"\x80"
"""What stands for any sign that is not ASCII, and for odd spaces."""
SHOWN: Final = "magistrate.foreign"
"""The name under which `str.encode` knows how foreign signs are shown."""
IN_ONE_BYTE: Final = bytes(FOREIGN[0] if chr(sign) in ODD_SPACES else sign for sign in range(256))
"""Odd spaces as foreign signs, every other byte as it is."""
SPELLED: Final = rx(r"\\[xuUNv0-7]|[^\x00-\x7f]")
"""A sign in a pattern that may not be ASCII, or an odd space."""
MAX_KEPT: Final = 1_000_000
IN_ASCII: Final = {r"\Z": r"\z"}
IN_FOREIGN: Final = {
    r"\Z": r"\z", r"\b": SENTINEL, r"\B": SENTINEL, r"\w": r"[\w\x80]", r"\d": r"[\d\x80]", r"\s": r"[\s\x80]",
}  # fmt: skip
"""Escaped signs that are spelled otherwise for RE2."""
_FLAGS: Final = {re.IGNORECASE: "i", re.DOTALL: "s"}
_SET: Final = rx(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_MANY: Final = rx(r"\{(\d+),(\d{4,})\}")
"""More repetitions than RE2 counts."""
_LOOK: Final = rx(r"\(\?<?[=!]")


class Screen:
    """A set of patterns of Python's `re`, all with MULTILINE, each perhaps wider than it was."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile them together; `usable` is false where one is beyond RE2, and then nothing is screened."""
        self._patterns = tuple(patterns)
        self._set = _set_of([f"(?m){wider(one)}" for one in self._patterns])
        self.usable = self._set is not None

    @cached_property
    def _foreign(self) -> Any | None:  # noqa: ANN401 - the wrapper has no types
        """The set for texts that are not ASCII, whose case counts for nothing."""
        if any(SPELLED.search(one) for one in self._patterns):
            return None
        return _set_of([f"(?im){wider(one, foreign=True)}" for one in self._patterns], foreign=True)

    def possible(self, text: str) -> frozenset[int] | None:
        """Which patterns may match, by their place; None where nobody can tell, and all may."""
        content, foreign = screened(text)
        searched = self._foreign if self.usable and foreign else self._set
        if content is None or searched is None:
            return None
        found = searched.Match(content) or ()
        return frozenset(at - 1 for at in found if at) if 0 in found else None


def _options(memory: int, *, foreign: bool) -> re2.Options:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.never_capture = True
    if foreign:
        options.encoding = re2.Options.Encoding.LATIN1
    return options


def _set_of(patterns: Sequence[str], *, foreign: bool = False) -> Any | None:  # noqa: ANN401 - the wrapper has no types
    made = re2.Set.SearchSet(_options(MAX_MEMORY, foreign=foreign))
    try:
        for pattern in (SENTINEL, *patterns):
            made.Add(pattern)
        made.Compile()
    except re2.error:
        return None
    return made


@lru_cache(maxsize=256)
def screen_of(patterns: tuple[str, ...]) -> Screen:
    """The screen of some patterns, made once."""
    return Screen(patterns)


@lru_cache(maxsize=256)
def _automaton(pattern: re.Pattern[str], *, foreign: bool) -> Any | None:  # noqa: ANN401 - the wrapper has no types
    """Finds where a pattern may match: at every place where it does, and perhaps at others. None: it is beyond RE2."""
    if pattern.flags & re.VERBOSE or (foreign and SPELLED.search(pattern.pattern)):
        return None
    try:
        spelled = f"(?m){wider(_spelled(pattern), foreign=foreign)}".encode("ascii")
        return re2.compile(spelled, _options(MAX_MEMORY_OF_ONE, foreign=foreign))
    except (re2.error, UnicodeError):
        return None


def _searched(pattern: re.Pattern[str], text: str) -> tuple[Any | None, bytes | None]:
    """The automaton for a text and the bytes that it reads, a byte for a sign; None where nobody can tell."""
    content, foreign = screened(text)
    return (None if content is None else _automaton(pattern, foreign=foreign)), content


def _spelled(pattern: re.Pattern[str]) -> str:
    flags = "".join(name for flag, name in _FLAGS.items() if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern


def screened(text: str) -> tuple[bytes | None, bool]:
    """A text in a byte a sign, and whether any of them stands for one that is not ASCII; None: it cannot be screened."""
    return _signs(text) if len(text) <= MAX_KEPT else _signs.__wrapped__(text)


@lru_cache(maxsize=8)
def _signs(text: str) -> tuple[bytes | None, bool]:
    if text.isascii() and not any(sign in text for sign in ODD_SPACES):
        return text.encode("ascii"), False
    if any(sign in text for sign in ALIKE):
        return None, True
    return text.encode("ascii", SHOWN).translate(IN_ONE_BYTE), True


def _shown(error: UnicodeError) -> tuple[bytes, int]:
    """`FOREIGN` for each sign that is not ASCII; a handler of `str.encode`, which looks for them several times as fast as `re`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return FOREIGN * (error.end - error.start), error.end


codecs.register_error(SHOWN, _shown)


def places(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What `pattern.finditer(text)` gives, and mostly sooner.

    The automaton leaps to the next place where the pattern may match, and the pattern itself says whether it does.
    """
    automaton, content = _searched(pattern, text)
    at = missed = 0
    while automaton is not None and missed < MAX_MISSED:
        leapt = automaton.search(content, at)
        if leapt is None:
            return
        found = pattern.match(text, leapt.start())
        if found is None:
            missed += 1
            at = leapt.start() + 1
        elif found.end() == found.start():
            at = found.start()
            break
        else:
            yield found
            at = found.end()
    yield from pattern.finditer(text, at)


def finds(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern matches somewhere in a text, as `pattern.search(text)` says it."""
    return next(places(pattern, text), None) is not None


def leaps(pattern: re.Pattern[str], text: str) -> Callable[[int], int | None]:
    """Says the first place from another on where a pattern may match: no match begins before it."""
    automaton, content = _searched(pattern, text)

    def leap(at: int) -> int | None:
        leapt = pattern.search(text, at) if automaton is None else automaton.search(content, at)
        return None if leapt is None else leapt.start()

    return leap


def may_match(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern may match somewhere in a text: False only where it cannot."""
    if pattern.flags & re.VERBOSE:
        return True
    return screen_of((_spelled(pattern),)).possible(text) != frozenset()


def wider(pattern: str, *, foreign: bool = False) -> str:
    """The pattern without what looks ahead or behind, in the spelling of RE2: it matches wherever the other does.

    `foreign`: in a text with `FOREIGN` signs, which any class of signs may match and at which a word may end.
    """
    made: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            sign = pattern[at : at + 2]
            made.append((IN_FOREIGN if foreign else IN_ASCII).get(sign, sign))
            at += 2
        elif (found := _SET.match(pattern, at)) is not None:
            made.append(rf"(?:{found[0]}|\x80)" if foreign else found[0])
            at = found.end()
        elif (many := _MANY.match(pattern, at)) is not None:
            made.append(f"{{{many[1]},}}")
            at = many.end()
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
