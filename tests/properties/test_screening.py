"""The screen of patterns leaves out what cannot match, and nothing else (R24, R26)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import TESTS

from magistrate.impact import screening
from magistrate.impact.assess import SENSORS
from magistrate.impact.base import ChangedLine, joined
from magistrate.impact.privilege.domains import (
    aws_iam,
    infrastructure_programs,
    machine_texts,
    sql_in_programs,
    sudoers_in_texts,
)
from magistrate.impact.reach import secrets
from magistrate.impact.returning import command_text, program_text, sql_text
from magistrate.impact.screening import Screen, finds, may_match, places, wider
from magistrate.impact.sensing import Rule, found_in

SEARCHING = (
    aws_iam, command_text, infrastructure_programs, machine_texts, program_text, secrets, sql_in_programs, sql_text,
    sudoers_in_texts,
)  # fmt: skip

RULES: list[Rule] = [
    one
    for sensor in SENSORS
    for rules in (getattr(sensor, "rules", ()), getattr(sensor, "code_rules", ()))
    for one in rules
]


@cache
def texts() -> list[str]:
    """Every side of every attack, in lower case, where it is ASCII."""
    found: set[str] = set()
    for place in sorted((TESTS / "corpus/attacks").glob("*.jsonl")):
        for line in place.read_text().splitlines():
            case = json.loads(line)
            sides = [entry.get(side) for entry in case.get("files", []) for side in ("before", "after")]
            found.update(side.lower() for side in sides if isinstance(side, str) and side.isascii())
    return sorted(found)


@pytest.mark.requirement("R24")
def test_every_rule_is_known_to_the_screen() -> None:
    assert len(RULES) > 60
    assert all(Screen([one.folded.pattern]).usable for one in RULES)


@pytest.mark.slow
@pytest.mark.requirement("R24")
def test_what_a_rule_finds_in_the_attacks_is_never_left_out() -> None:
    screen = Screen([one.folded.pattern for one in RULES])
    hits = 0
    for text in texts():
        possible = screen.possible(text)
        found = {at for at, one in enumerate(RULES) if one.folded.search(text)}
        hits += len(found)
        assert possible is None or found <= possible
    assert hits > 500


@pytest.mark.slow
@pytest.mark.requirement("R24")
@given(choice=st.data())
@settings(max_examples=600, deadline=None)
def test_what_a_pattern_is_made_of_is_never_left_out(choice: st.DataObject) -> None:
    one = choice.draw(st.sampled_from(RULES))
    text = choice.draw(st.from_regex(re.compile(one.folded.pattern, re.MULTILINE | re.ASCII))).lower()
    if text.isascii() and one.folded.search(text):
        possible = Screen([one.folded.pattern]).possible(text)
        assert possible is None or 0 in possible


@pytest.mark.requirement("R24")
@given(
    pattern=st.text(alphabet=r"abSs.*+?|^$\bwds[]()=!<-", max_size=12),
    text=st.text(
        alphabet="abS \n\r\x0b\x1c\t_-\u00e9\u00a0\u2003\u017f\u0130\u0660\u2028\ud800\U0001f600", max_size=12
    ),
    flags=st.sampled_from([re.MULTILINE, re.MULTILINE | re.IGNORECASE]),
)
@settings(max_examples=800, deadline=None)
def test_a_pattern_becomes_wider_never_narrower(pattern: str, text: str, flags: re.RegexFlag) -> None:
    try:
        compiled = re.compile(pattern, flags)
    except (re.error, FutureWarning):
        return
    screen = Screen([f"(?i){pattern}" if flags & re.IGNORECASE else pattern])
    if screen.usable and compiled.search(text):
        possible = screen.possible(text)
        assert possible is None or 0 in possible
    assert shown(places(compiled, text)) == shown(compiled.finditer(text))


def shown(matches: Iterable[re.Match[str]]) -> list[tuple[tuple[int, int], tuple[str | None, ...]]]:
    return [(one.span(), one.groups()) for one in matches]


def compiled_in(module: ModuleType) -> list[re.Pattern[str]]:
    every = vars(module).values()
    single = [one for one in every if isinstance(one, re.Pattern) and isinstance(one.pattern, str)]
    rows = [row for one in every if isinstance(one, tuple) for row in one if isinstance(row, tuple)]
    return single + [one for row in rows for one in row if isinstance(one, re.Pattern)]


PATTERNS = [*(one.pattern for one in RULES), *(one for module in SEARCHING for one in compiled_in(module))]
"""What is leapt to: the patterns of the rules, and all of the modules that ask for places."""


@pytest.mark.slow
@pytest.mark.requirement("R24", "R30")
@given(choice=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_leapt_to_is_what_is_found(choice: st.DataObject) -> None:
    pattern = choice.draw(st.sampled_from(PATTERNS))
    around = st.text(alphabet="aZ0 =:;'\"(\n\t\r\x0b\u00e9\u00a0\u0131\u2028", max_size=6)
    made = st.from_regex(re.compile(pattern.pattern, pattern.flags & ~re.UNICODE | re.ASCII))
    pieces = choice.draw(st.lists(st.one_of(around, made, made.map(str.upper)), max_size=5))
    text = "".join(pieces)
    assert shown(places(pattern, text)) == shown(pattern.finditer(text))
    assert finds(pattern, text) is (pattern.search(text) is not None)


@pytest.mark.slow
@pytest.mark.requirement("R24")
def test_every_place_of_the_attacks_is_leapt_to() -> None:
    """Also where the whole is no longer ASCII."""
    for sign in ("", "\u00e9\n"):
        whole = sign.join(texts()) + sign
        for pattern in PATTERNS:
            assert shown(islice(places(pattern, whole), 50)) == shown(islice(pattern.finditer(whole), 50))


def test_a_pattern_that_often_stops_for_nothing_goes_on_alone() -> None:
    pattern = re.compile("a(?=b)")
    text = "a" * (10 * screening.MAX_MISSED) + "ab" + "a" * 100 + "ab"
    assert shown(places(pattern, text)) == shown(pattern.finditer(text))


def hits_line_by_line(lines: Sequence[ChangedLine], one: Rule) -> list[int]:
    """As slowly as possible: something begins in the line as it stands in the whole, and the line hits by itself."""
    text, starts, ascii_only = joined(lines)
    quick = one.folded if ascii_only else one.pattern
    found: list[int] = []
    for at, start in enumerate(starts):
        hit = quick.search(text, start)
        end = starts[at + 1] if at + 1 < len(starts) else len(text)
        if hit is not None and hit.start() < end and one.pattern.search(lines[at].text):
            found.append(at)
    return found


@pytest.mark.slow
@pytest.mark.requirement("R24")
@given(choice=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_rule_finds_the_lines_that_it_finds_one_by_one(choice: st.DataObject) -> None:
    one = choice.draw(st.sampled_from([rule for rule in RULES if rule.aside is None]))
    made = st.from_regex(re.compile(one.folded.pattern, re.MULTILINE | re.ASCII))
    plain = st.text(alphabet="aZ0 =:'\"(\u00e9\u00a0\u212a", max_size=8)
    written = "\n".join(choice.draw(st.lists(st.one_of(plain, made, made.map(str.upper)), min_size=1, max_size=5)))
    lines = [ChangedLine(number=at, text=text, added=True) for at, text in enumerate(written.split("\n"))]
    assert [line.number for line in found_in(lines, joined(lines), one)] == hits_line_by_line(lines, one)


class SetWithoutMemory:
    """RE2's set once it is out of memory: its wrapper tells it like no match. No pattern here brings that about."""

    def Match(self, text: bytes) -> None:  # noqa: N802 - the name of the library
        assert text


@pytest.mark.requirement("R26")
def test_a_set_that_gives_up_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen([r"[ab]{1,30}c", "xyz"])
    assert screen.possible("abc") == frozenset({0})
    assert screen.possible("q") == frozenset()
    monkeypatch.setattr(screen, "_set", SetWithoutMemory())
    assert screen.possible("abc") is None


@pytest.mark.requirement("R26")
@pytest.mark.parametrize("memory", [100, 2_000, 12_000])
def test_a_set_that_cannot_be_made_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr(screening, "MAX_MEMORY", memory)
    screen = Screen([r"(?:[ab]{0,60}x|[bc]{0,60}y|[ac]{0,60}z)w"])
    assert not screen.usable
    assert screen.possible("ab") is None


@pytest.mark.requirement("R24")
def test_flags_and_looking_ahead() -> None:
    assert wider(r"a(?!b[)]\))c(?<=x(y))d\Z") == r"a(?:)c(?:)d\z"
    assert may_match(re.compile("ABC", re.IGNORECASE), "xabcx")
    assert not may_match(re.compile("ABC"), "xabcx")
    assert not may_match(re.compile("abc"), "\u00e9")
    assert may_match(re.compile("a.c"), "a\u00e9c")
    assert may_match(re.compile(r"x.\b "), "x\u00e9 "), "a word may end at a sign that is not ASCII"
    assert may_match(re.compile("kiss", re.IGNORECASE), "\u212ai\u017fs"), "letters of ASCII where case does not count"
    assert may_match(re.compile("a\u00e9c"), "a\u00e9c"), "a pattern with a sign that is not ASCII is never left out"
    assert may_match(re.compile("a b", re.VERBOSE), "ab"), "blanks of such a pattern mean nothing"
    assert may_match(re.compile("a.c", re.DOTALL), "a\nc")
    assert may_match(re.compile(r"(a)\1"), "zz"), "what RE2 does not know is never left out"
