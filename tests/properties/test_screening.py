"""The screen of patterns leaves out what cannot match, and nothing else (R24, R26)."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS

from magistrate.impact import screening
from magistrate.impact.assess import SENSORS
from magistrate.impact.screening import Screen, may_match, wider
from magistrate.impact.sensing import Rule

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
    text=st.text(alphabet="ab \n\r\x0b\x1c\t_-", max_size=12),
)
@settings(max_examples=500, deadline=None)
def test_a_pattern_becomes_wider_never_narrower(pattern: str, text: str) -> None:
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except (re.error, FutureWarning):
        return
    screen = Screen([pattern])
    if screen.usable and compiled.search(text):
        possible = screen.possible(text)
        assert possible is None or 0 in possible


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
    assert may_match(re.compile("abc"), "\u00e9")
    assert may_match(re.compile("a b", re.VERBOSE), "ab"), "blanks of such a pattern mean nothing"
    assert may_match(re.compile("a.c", re.DOTALL), "a\nc")
    assert may_match(re.compile(r"(a)\1"), "zz"), "what RE2 does not know is never left out"
