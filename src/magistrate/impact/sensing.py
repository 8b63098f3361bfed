"""How sensors are made: rules over changed lines, and roles that make every line count.

A role comes from what the file says (both sides); a path is only one more hint, and a hint
can only raise.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import MAX_LINE, BaseTree, ChangedFile, ChangedLine
from magistrate.impact.compiled import rx
from magistrate.impact.configuration.declared import SETTINGS, UndeclaredError, declared_keys
from magistrate.impact.screening import Screen, finds, leaps
from magistrate.impact.vocabulary import vocabulary

Role = Callable[[ChangedFile], str | None]
MAX_PER_RULE: Final = 20
BLANKS: Final = rx(r"\[\^?\]?(?:[^\]\\]|\\.)*\]|\\s|\\.", re.DOTALL)
"""White space of a pattern, a set of signs as a whole, or any other escaped sign."""
RESOURCE: Final = rx(
    r"(?im)^\s*(?:resource|module)\s+[\"'][\w-]+[\"']|^\s*resource\s+\w+\s+'microsoft\.|\b(?:aws|alexa)::\w+::\w+|"
    r"[\"']microsoft\.\w+/[\w/]+[\"']|\bnew\s+(?:\w+\.)?(?:cfn\w+|bucket|queue|topic|table|cluster)\("
)
RUNNING: Final = rx(
    r"(?im)^[^\S\n]*[\"']?kind[\"']?[^\S\n]*:[^\S\n]*[\"']?(?:pod|deployment|deploymentconfig|daemonset|statefulset|replicaset|replicationcontroller|job|cronjob)\b"
)
"""What a cluster is told to run."""
WORKLOAD: Final = rx(RUNNING.pattern + r"|^[^\S\n]*image[^\S\n]*:[^\S\n]*\S")
"""What runs as somebody, in a cluster or a composition."""
TURNS: Final = rx(
    r"(?<![\w.])(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?)(?:ms|[smhdkKMGuUlLfFiB]{1,2})?(?![\w.])|\b(?:[tT]rue|[fF]alse|TRUE|FALSE|on|off|yes|no|enabled?|disabled?)\b"
)
"""A number that stands by itself, or a word for what is on or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern in a changed line and what it means, in words."""

    pattern: re.Pattern[str]
    folded: re.Pattern[str]
    why: str
    given: frozenset[str] = frozenset()
    itself: bool = False
    aside: Callable[[str], str] | None = None


def rule(
    pattern: str, why: str, given: str = "", *, itself: bool = False, aside: Callable[[str], str] | None = None
) -> Rule:
    """Compile a rule; patterns are linear, case-insensitive, and no white space of theirs ends a line.

    `given` lists words (`impact/vocabulary.py`), one of which every hit has: without it nothing is searched.
    `itself` says that a hit is the sensitive thing and not a word about it. `aside` gives a line without what is
    certainly not meant; the rule has to find something in the rest.
    """
    inside = BLANKS.sub(_in_one_line, pattern)
    folded = re.sub(r"\\.|[A-Z]", lambda found: found[0] if found[0][0] == "\\" else found[0].lower(), inside)
    return Rule(
        pattern=rx(inside, re.IGNORECASE | re.MULTILINE),
        folded=rx(folded, re.MULTILINE),
        why=why,
        given=vocabulary(given),
        itself=itself,
        aside=aside,
    )


def _in_one_line(found: re.Match[str]) -> str:
    """A set with white space keeps its blanks and, where it takes everything else, its line ends out as well."""
    if found[0] == r"\s":
        return r"[^\S\n]"
    return found[0].replace(r"\s", r" \t\r\f\v\n" if found[0].startswith("[^") else r" \t\r\f\v")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a file says anywhere: at the start of a line (blanks before), or by a word and a pattern around it."""

    starts: re.Pattern[str] | None = None
    words: tuple[str, ...] = ()
    around: re.Pattern[str] | None = None

    def within(self, text: str) -> bool:
        """Whether a text says so."""
        begun = "\n" + text
        if self.starts is not None and finds(self.starts, begun):
            return True
        if self.around is None or not any(word in text for word in self.words):
            return False
        return finds(self.around, text)


def line_start(pattern: str) -> re.Pattern[str]:
    """A pattern that begins a line, after blanks; searched by its line end, which is the fast way."""
    return rx(rf"\n[ \t]*(?:{pattern})", re.MULTILINE)


def _declared(file: ChangedFile, base: BaseTree) -> bool:
    """Whether the base declares keys of this file (R22)."""
    try:
        return any(key.names(file.path) for key in declared_keys(base.files.get(SETTINGS)))
    except UndeclaredError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSensor:
    """Raises by role of the file, then by rule on each changed line."""

    name: str
    kind: ChangeClass
    rules: tuple[Rule, ...] = ()
    role: Role | None = None
    place: re.Pattern[str] | None = None
    place_why: str = ""
    words: frozenset[str] = frozenset()
    words_why: str = ""
    near: frozenset[str] = frozenset()
    near_why: str = ""
    code_rules: tuple[Rule, ...] = ()
    turned_why: str = ""
    """Said of lines that change in a number or a switch alone. Where the base declares keys of a file with their
    ranges, such a sensor is quiet: those are proven one by one, and any other change there is proven by nothing."""

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Every hit, at its line; removed lines are named by the line they had."""
        if self.turned_why and _declared(file, base):
            return
        if self.place is not None and named(file, self.place):
            line = first_line(file)
            yield Sensitivity(kind=self.kind, path=file.path, line=line, why=self.place_why, itself=True)
        elif self.role is not None:
            found = self.role(file)
            if found is not None:
                yield Sensitivity(kind=self.kind, path=file.path, line=first_line(file), why=found)
        yield from self._by_rule(file)
        yield from self._by_word(file)
        for hit in islice(turned(file) if self.turned_why else (), MAX_PER_RULE):
            yield Sensitivity(kind=self.kind, path=file.path, line=hit.number, why=worded(self.turned_why, hit))

    def _by_word(self, file: ChangedFile) -> Iterator[Sensitivity]:
        """One finding for words on changed lines, at the first of them; else one for words beside them."""
        if not self.words and not self.near:
            return
        has, text = file.words
        used = sorted(has.keys() & self.words)
        if used:
            line = min((line_of(file, text, has[word]) for word in used[:MAX_PER_RULE]), key=lambda one: one.number)
            shown = ", ".join(f"`{word}`" for word in sorted({has[word] for word in used})[:3])
            yield Sensitivity(
                kind=self.kind, path=file.path, line=line.number, why=worded(f"{self.words_why}: {shown}", line)
            )
        elif self.near and file.code_lines:
            beside = sorted(file.words_near.keys() & self.near)
            if beside:
                shown = ", ".join(f"`{file.words_near[word]}`" for word in beside[:3])
                why = f"{self.near_why}: {shown}"
                yield Sensitivity(kind=self.kind, path=file.path, line=first_line(file), why=why)

    def _by_rule(self, file: ChangedFile) -> Iterator[Sensitivity]:
        for one in _possible(file, self.rules, file.changed_text):
            for line in islice(hits(file, one), MAX_PER_RULE):
                yield Sensitivity(
                    kind=self.kind, path=file.path, line=line.number, why=worded(one.why, line), itself=one.itself
                )
        for one in _possible(file, self.code_rules, file.code_text):
            for line in islice(found_in(file.code_lines, file.code_text, one), MAX_PER_RULE):
                why = worded(one.why, line)
                yield Sensitivity(kind=self.kind, path=file.path, line=line.number, why=why, itself=one.itself)


@lru_cache(maxsize=256)
def _screen(rules: tuple[Rule, ...]) -> Screen:
    return Screen(tuple(one.folded.pattern for one in rules))


def _possible(file: ChangedFile, rules: tuple[Rule, ...], joined: tuple[str, tuple[int, ...], bool]) -> Iterator[Rule]:
    """Rules that may find something: a word that they need is there, and the screen does not leave them out."""
    text = joined[0]
    if not rules or not text:
        return
    left = _screen(rules).possible(text)
    for at, one in enumerate(rules):
        if (left is None or at in left) and (not one.given or not one.given.isdisjoint(file.all_words)):
            yield one


def hits(file: ChangedFile, one: Rule) -> Iterator[ChangedLine]:
    """Changed lines, cut at `MAX_LINE`, that a rule finds something in.

    One search leaps over all lines without a hit: `^` and `$` of a rule stand at every line, so
    a hit inside a line is a hit in the whole; only lines that hit by themselves count. In ASCII,
    a search of lower case for lower case is the same and several times as fast.
    """
    return found_in(file.lines, file.changed_text, one)


def found_in(
    lines: Sequence[ChangedLine], joined: tuple[str, tuple[int, ...], bool], one: Rule
) -> Iterator[ChangedLine]:
    """The lines that a rule finds something in; `joined` is their text."""
    text, starts, ascii_only = joined
    quick = one.folded if ascii_only else one.pattern
    leap = leaps(quick, text)
    at = 0
    while at < len(text):
        place = leap(at)
        if place is None:
            return
        index = bisect_right(starts, place) - 1
        line = lines[index]
        at = starts[index + 1] if index + 1 < len(starts) else len(text)
        cut = line.text[:MAX_LINE]
        if not one.pattern.search(cut if one.aside is None else one.aside(cut)):
            continue
        found = quick.search(text, place)
        if found is None:
            return
        if found.start() < at:
            yield line
        else:  # what looks behind sees other lines as well, so that nothing begins here
            at = found.start()


def turned(file: ChangedFile) -> Iterator[ChangedLine]:
    """Added lines of code that stood there before but for numbers, or for what is on and what is off."""
    old: dict[str, set[str]] = {}
    for line in file.code_lines:
        text = line.text[:MAX_LINE].strip()
        shape = TURNS.sub("0", text)
        if shape == text and "0" not in text:
            continue
        if not line.added:
            old.setdefault(shape, set()).add(text)
        elif old.get(shape, {text}) != {text}:
            yield line


def line_of(file: ChangedFile, text: str, token: str) -> ChangedLine:
    """The first changed line that has a token of the changed text."""
    return file.code_lines[text.count("\n", 0, max(0, text.find(token)))]


def declares_resource(file: ChangedFile) -> bool:
    """Whether changed lines declare something in a cloud: what is not said of it is left at a default."""
    text, _, _ = file.code_text
    return finds(RESOURCE, text)


def declares_workload(file: ChangedFile) -> bool:
    """Whether changed lines declare what runs in a cluster or a composition: its rights are said or left at a default."""
    text, _, _ = file.code_text
    return finds(WORKLOAD, text)


def declares_running(file: ChangedFile) -> bool:
    """Whether changed lines declare what a cluster runs: its reach and its bounds are said or left at a default."""
    text, _, _ = file.code_text
    return finds(RUNNING, text)


def worded(why: str, line: ChangedLine) -> str:
    """The reason, with which side of the change the line is on."""
    return f"{why} ({'added' if line.added else 'removed'} line)"


def first_line(file: ChangedFile) -> int:
    """The first line that changes on the new side, else on the old one."""
    return next((line.number for line in file.added), next((line.number for line in file.lines), 0))


def says(file: ChangedFile, saying: Saying) -> bool:
    """Whether either side says something."""
    return any(saying.within(text) for text in file.both_texts)


def named(file: ChangedFile, pattern: re.Pattern[str]) -> bool:
    """Whether the path hints at something."""
    return pattern.search(file.path) is not None
