"""Equivalence classes of all strings under a set of patterns, each with a shortest string that shows it.

Two strings are equal to a set of patterns when the same of them match. The set is walked as one
automaton whose state is one integer (a bit for each place in each pattern, Baeza-Yates and
Gonnet's bit-parallel way), so every class that any string can be in is found, and no other.
Rule kept: the answer is exact, or `TooManyError` says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_STATES: Final = 20_000
SHOWN: Final = "xzqjkwvy0123456789abcdefghilmnoprstu"
"""Letters for places where any letter will do: the first that no pattern names."""
FIRST_OTHER: Final = 0x2600
"""Signs from here on stand for any letter where patterns name all of these."""


class TooManyError(Exception):
    """The classes of these patterns are too many to be told apart in bounded time."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern: `*` any run, `?` any one sign; otherwise each sign stands for itself.

    `tokens` are the parts: a set of signs that match one, or `ANY`, `RUN`, and their forms that
    stop at a colon (`ANY_IN`, `RUN_IN`), which is how the segments of an ARN are read, or at a slash
    (`ANY_NAME`, `RUN_NAME`), which is how the names in a path are.
    """

    tokens: tuple[str, ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Kept, for patterns are looked up again and again."""
        object.__setattr__(self, "_hash", hash(self.tokens))

    def __hash__(self) -> int:
        return self._hash

    @property
    def literal(self) -> str | None:
        """The one string it matches, where it matches one only."""
        plain = all(len(token) == 1 for token in self.tokens)
        return "".join(self.tokens) if plain else None


ANY: Final = "any"
RUN: Final = "run"
ANY_IN: Final = "any-in"
RUN_IN: Final = "run-in"
ANY_NAME: Final = "any-name"
RUN_NAME: Final = "run-name"
_RUNS: Final = frozenset({RUN, RUN_IN, RUN_NAME})
_STOPS: Final = {ANY_IN: ":", RUN_IN: ":", ANY_NAME: "/", RUN_NAME: "/"}


def glob(text: str) -> Glob:
    """A pattern whose `*` and `?` match any sign."""
    return Glob(tuple(merged_runs(RUN if sign == "*" else ANY if sign == "?" else sign for sign in text)))


def path(text: str) -> Glob:
    """A pattern for paths: `*` and `?` stop at a slash, `**` does not."""
    parts = (
        RUN if sign == "**" else RUN_NAME if sign == "*" else ANY_NAME if sign == "?" else sign
        for sign in _starred(text)
    )
    return Glob(tuple(merged_runs(parts)))


def literal(text: str) -> Glob:
    """A pattern without any wildcard."""
    return Glob(tuple(text))


def either_case(pattern: Glob) -> Glob:
    """The same pattern, whatever the case of its letters."""
    return Glob(tuple(_cases(token) for token in pattern.tokens))


def arn(text: str) -> Glob:
    """A pattern for Amazon resource names: wildcards in the first five segments stop at the colon.

    A lone `*`, and a pattern of fewer than six segments that ends with `*`, match across colons.
    """
    parts = text.split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        head, star = (text[:-1], (RUN,)) if text.endswith("*") else (text, ())
        return Glob(tuple(merged_runs((*_inside(head), *star))))
    return Glob(tuple(merged_runs((*_inside(":".join(parts[:5]) + ":"), *glob(parts[5]).tokens))))


def matches(pattern: Glob, text: str) -> bool:
    """Whether one string matches one pattern, by the same automaton."""
    machine = Machine((pattern,))
    state = machine.start
    for sign in text:
        state = machine.step(state, sign)
    return bool(machine.accepted(state))


def _inside(text: str) -> Iterator[str]:
    return (RUN_IN if sign == "*" else ANY_IN if sign == "?" else sign for sign in text)


def merged_runs(tokens: Iterable[str]) -> Iterator[str]:
    """Tokens as the automaton wants them: runs that follow each other are one, where one is the wider."""
    held: str | None = None
    for token in tokens:
        if token in _RUNS:
            if held is not None and RUN not in {held, token} and held != token:
                yield held
            held = RUN if RUN in {held, token} else token
            continue
        if held is not None:
            yield held
            held = None
        yield token
    if held is not None:
        yield held


def _starred(text: str) -> Iterator[str]:
    """The signs of a text, two or more stars in a row as one."""
    at = 0
    while at < len(text):
        stars = len(text) - at - len(text[at:].lstrip("*"))
        yield "**" if stars > 1 else text[at]
        at += max(stars, 1)


def _cases(token: str) -> str:
    """The signs that one sign is in either case: a case that takes more than one sign (`ß`) is none."""
    if len(token) != 1:
        return token
    return "".join(dict.fromkeys(case for case in (token.lower(), token.upper(), token) if len(case) == 1))


class Machine:
    """All patterns at once; a state has a bit for each place before a token, and one for each end."""

    def __init__(self, patterns: Sequence[Glob]) -> None:
        self.ends: list[int] = []
        self.signs: list[str] = []
        self.start = self.runs = self.any_sign = self.loop = self.named = 0
        self.by_token: dict[str, int] = {}
        self.any_but: dict[str, int] = {":": 0, "/": 0}
        self.loop_but: dict[str, int] = {":": 0, "/": 0}
        self.by_sign: dict[str, int] = {}
        self.moves: dict[str, tuple[int, int]] = {}
        self.places: list[int] = []
        at = 0
        for pattern in patterns:
            self.start |= 1 << at
            self.places.append(((2 << len(pattern.tokens)) - 1) << at)
            for token in pattern.tokens:
                self._place(at, token)
                at += 1
            self.ends.append(at)
            self.signs.append("")
            at += 1
        self.start = self._open(self.start)
        self.end_mask = sum(1 << end for end in self.ends)
        self.at_end = {end: index for index, end in enumerate(self.ends)}

    def _place(self, at: int, token: str) -> None:
        bit = 1 << at
        self.signs.append("")
        if token == RUN:
            self.runs |= bit
            self.loop |= bit
        elif token in _RUNS:
            self.runs |= bit
            self.loop_but[_STOPS[token]] |= bit
        elif token == ANY:
            self.any_sign |= bit
        elif token in _STOPS:
            self.any_but[_STOPS[token]] |= bit
        else:
            self.signs[at] = token
            self.named |= bit
            self.by_token[token] = self.by_token.get(token, 0) | bit
            for sign in token:
                self.by_sign[sign] = self.by_sign.get(sign, 0) | bit

    def _open(self, state: int) -> int:
        return state | (state & self.runs) << 1

    def step(self, state: int, sign: str) -> int:
        """The state after one more sign."""
        moves = self.moves.get(sign)
        if moves is None:
            moves = self.moves[sign] = self._moves(sign)
        after = (state & moves[0]) << 1 | state & moves[1]
        return after | (after & self.runs) << 1

    def _moves(self, sign: str) -> tuple[int, int]:
        """The places that one sign leads on from, and those that it stays at."""
        takes, stays = self.by_sign.get(sign, 0) | self.any_sign, self.loop
        for stop, bits in self.any_but.items():
            if sign != stop:
                takes |= bits
                stays |= self.loop_but[stop]
        return takes, stays

    def signs_to_try(self) -> tuple[str, ...]:
        """A sign that no pattern names, and those that some wildcard stops at: with those that are `asked`, all there are."""
        other = next((sign for sign in SHOWN if sign not in self.by_sign), "")
        at = FIRST_OTHER
        while not other:
            other = "" if chr(at) in self.by_sign else chr(at)
            at += 1
        return (other, *(stop for stop in self.any_but if self.any_but[stop] | self.loop_but[stop]))

    def accepted(self, state: int) -> int:
        """The patterns that match here, one bit for each in their order."""
        ended, found = state & self.end_mask, 0
        while ended:
            low = ended & -ended
            found |= 1 << self.at_end[low.bit_length() - 1]
            ended ^= low
        return found

    def asked(self, state: int) -> Iterator[str]:
        """The signs that some pattern waits for by name."""
        seen: set[str] = set()
        waiting = state & self.named
        while waiting:
            token = self.signs[(waiting & -waiting).bit_length() - 1]
            waiting &= ~self.by_token[token]
            for sign in token:
                if sign not in seen:
                    seen.add(sign)
                    yield sign


Groups = tuple[tuple[int, ...], ...]
"""Patterns by their index; of each group one at least has to match."""


def classes(patterns: Sequence[Glob]) -> dict[int, str]:
    """Every set of patterns that some string matches (bit i: pattern i), with a string that shows it.

    Patterns without a wildcard are matched one by one, the others are walked together; a string
    that shows a class of wildcards is never one of the plain ones.

    Raises:
        TooManyError: more than `MAX_STATES` states of the automaton can be reached.
    """
    return counted_classes(patterns)[0]


def counted_classes(
    patterns: Sequence[Glob], needed: Groups = (), most: int = MAX_STATES
) -> tuple[dict[int, str], int]:
    """The same, of strings that match one pattern of each group, and how many states of the automaton were reached for it.

    Raises:
        TooManyError: more than `most` states can be reached.
    """
    plain = {index: text for index, pattern in enumerate(patterns) if (text := pattern.literal) is not None}
    shown: dict[int, str] = {}
    steps = 0
    if not any(all(index in plain for index in group) for group in needed):
        shown, steps = _wild(patterns, plain, needed, most)
    alike = min((group for group in needed if all(index in plain for index in group)), key=len, default=None)
    texts = dict.fromkeys(plain[index] for index in (plain if alike is None else alike))
    machine = Machine(patterns) if texts else None
    for text in texts:
        assert machine is not None  # noqa: S101 - there is a plain pattern, so there is a machine
        state = machine.start
        for sign in text:
            state = machine.step(state, sign)
        mask = machine.accepted(state)
        if all(any(mask >> index & 1 for index in group) for group in needed):
            shown.setdefault(mask, text)
    return shown, steps + sum(map(len, texts))


def _wild(patterns: Sequence[Glob], plain: dict[int, str], needed: Groups, most: int) -> tuple[dict[int, str], int]:
    """The classes of strings that no plain pattern matches."""
    walked = [index for index in range(len(patterns)) if index not in plain]
    taken = frozenset(plain.values())
    steps = 0
    while True:
        at = {index: place for place, index in enumerate(walked)}
        groups = tuple(tuple(at[index] for index in group if index in at) for group in needed)
        found, states = _walk([patterns[index] for index in walked], groups, most)
        steps += states
        clash = [index for text in found.values() if text in taken for index, own in plain.items() if own == text]
        clash = [index for index in clash if index not in at]
        if not clash:
            return {_spread(mask, walked): text for mask, text in found.items()}, steps
        walked += clash


def _spread(mask: int, places: Sequence[int]) -> int:
    return sum(1 << place for at, place in enumerate(places) if mask >> at & 1)


def _walk(patterns: Sequence[Glob], needed: Groups, most: int) -> tuple[dict[int, str], int]:
    machine = Machine(patterns)
    always = machine.signs_to_try()
    ways = [sum(machine.places[index] for index in set(group)) for group in needed]
    ends = [sum(1 << index for index in set(group)) for group in needed]
    told: dict[int, str] = {}
    reached: dict[int, tuple[int, str]] = {machine.start: (0, "")}
    line = [machine.start]
    for state in line:
        mask = machine.accepted(state)
        if mask not in told and all(mask & end for end in ends):
            told[mask] = spelled(reached, state, machine.start)
        for sign in (*always, *machine.asked(state)):
            after = machine.step(state, sign)
            if after not in reached and all(after & way for way in ways):
                if len(reached) >= most:
                    raise TooManyError
                reached[after] = (state, sign)
                line.append(after)
    return told, len(reached)


def spelled(reached: dict[int, tuple[int, str]], state: int, start: int) -> str:
    """The string that leads from the start to a state: `reached` has the state before each, and the sign."""
    signs: list[str] = []
    while state != start:
        state, sign = reached[state]
        signs.append(sign)
    return "".join(reversed(signs))
