"""Whatever bytes come from outside: a finding, a refusal with a code, or a text; never another error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.adapters.scanners.bandit_json import BanditFile
from magistrate.adapters.scanners.sarif import SarifFile
from magistrate.context.redact import Redactor, tokens_in
from magistrate.context.search import Pattern, search
from magistrate.context.visible import make_visible
from magistrate.domain.entitlements import entitlements_of, text_of
from magistrate.errors import Refused, Usage

Place = tuple[Any, ...]
PLAIN = settings(max_examples=250, deadline=None, derandomize=True)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**62, -1])
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["\u00b2 x", "9" * 5000 + " x", "../a", "file:///r/a.py"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
RESULT = {
    "ruleId": "B602", "message": {"text": "m"}, "level": "error",
    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 1}}}],
}  # fmt: skip
SARIF = {
    "version": "2.1.0",
    "runs": [{"tool": {"driver": {"name": "t", "rules": [{"id": "B602"}]}}, "results": [RESULT]}],
}
BANDIT = {
    "generated_at": "2026-11-25T00:00:00Z",
    "results": [
        {
            "filename": "a.py",
            "test_id": "B602",
            "issue_text": "m",
            "issue_severity": "HIGH",
            "line_number": 1,
            "line_range": [1],
            "code": "1 x\n",
        }
    ],
}
BITS = (
    "ghp_", "sk_live_", "AKIA", "FAKE2345QWERTYUP", "eyJ", "password", "=", "'", '"', '" + "', "'\n'", "://", ":", "@",
    "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "[[secret:github:0123456789abcdef]]", "[[secret:", "]]",
    "FaKe0123456789abcdefFaKe0123456789", "\\n", "\n", "\r", "\0", "é", "\u0130", "\ud800", " ", "Fake-9vQ2/x+LmZ7rT0pW",
)  # fmt: skip
MIXED = st.lists(st.sampled_from(BITS) | st.text(max_size=6), max_size=30).map("".join)


def code_of(call: Callable[[Any], object], given_: Any) -> str:
    try:
        call(given_)
    except (Refused, Usage) as error:
        return error.code
    return ""


def places(value: Any, here: Place = ()) -> list[Place]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(p for key, item in inner for p in places(item, (*here, key)))]


def changed(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(copy[place[0]], place[1:], new)
    return copy


def read_sarif(raw: bytes) -> int:
    file = SarifFile(io.BytesIO(raw), repository="shop", root="/r")
    return len(list(file.findings())) + len(file.refused)


def read_bandit(raw: bytes) -> int:
    file = BanditFile(raw, repository="shop", root="/r")
    return len(list(file.findings())) + len(file.refused)


READERS = [(read_sarif, SARIF), (read_bandit, BANDIT)]


@pytest.mark.parametrize(("read", "good"), READERS)
def test_any_bytes_and_any_cut_are_read_or_refused(read: Callable[[bytes], int], good: Any) -> None:
    whole = json.dumps(good).encode()

    @PLAIN
    @given(noise=st.binary(max_size=40), at=st.integers(0, len(whole)), end=st.integers(0, len(whole)))
    def run(noise: bytes, at: int, end: int) -> None:
        for raw in (noise, whole[:at] + noise + whole[end:]):
            assert code_of(read, raw)[:7] in {"", "MAG-E56"}

    run()
    assert read(whole) == 1


@pytest.mark.parametrize(("read", "good"), READERS)
def test_any_value_in_any_place_is_read_or_refused(read: Callable[[bytes], int], good: Any) -> None:
    @PLAIN
    @given(place=st.sampled_from(places(good)), value=VALUES)
    def run(place: Place, value: object) -> None:
        assert code_of(read, json.dumps(changed(good, place, value)).encode())[:7] in {"", "MAG-E56"}

    run()


@pytest.mark.slow
@pytest.mark.requirement("R8")
@settings(max_examples=600, deadline=None, derandomize=True)
@given(text=MIXED, entropy=st.booleans())
def test_redaction_of_any_text_comes_to_rest_or_refuses(text: str, entropy: bool) -> None:
    redactor = Redactor(b"plainly fake key", known=["Fake-9vQ2/x+LmZ7rT0pW"])
    if refused := code_of(partial(redactor.redact, entropy=entropy), text):
        assert refused == "MAG-E572"
        return
    once = redactor.redact(text, entropy=entropy)
    assert redactor.redact(once.text, entropy=entropy) == type(once)(text=once.text, count=0, spans=once.spans)
    assert [once.text[span.start : span.end] for span in once.spans] == tokens_in(once.text)
    assert "Fake-9vQ" not in once.text
    assert make_visible(make_visible(text).text).hidden == 0


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pattern=st.text(alphabet="ab.*+?\\()[]{}|^$-1dZ", max_size=14), text=st.text(alphabet="ab\n.", max_size=60))
def test_a_pattern_is_searched_for_or_refused(pattern: str, text: str) -> None:
    if refused := code_of(Pattern, pattern):
        assert refused == "MAG-E570"
        return
    search(Pattern(pattern), Redactor(b"plainly fake key").redact(text), limit=3)


WORDS = (
    "GRANT", "SELECT", "UPDATE", ",", "(", ")", "ON", "TABLE", "FUNCTION", "SCHEMA", "shop", ".", "price", "TO", "PUBLIC", "clerk",
    "WITH GRANT OPTION", ";", "\n", '"', '""', "--", "\r", "\t", "\u202e", "\0", "ALL", "GRANT SELECT ON TABLE shop.price TO",
)  # fmt: skip
STATEMENTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=24).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda between: between.join(words))
)


@PLAIN
@given(noise=STATEMENTS, at=st.integers(0, 60), end=st.integers(0, 60))
def test_any_text_is_a_document_of_entitlements_or_refused(noise: str, at: int, end: int) -> None:
    good = 'GRANT SELECT (a) ON TABLE shop."Price" TO clerk WITH GRANT OPTION;\n'
    for text in (noise, good + noise, good[:at] + noise + good[end:]):
        code = code_of(entitlements_of, text)
        assert code in {"", "MAG-E315"}
        if not code:
            assert entitlements_of(text_of(entitlements_of(text))) == entitlements_of(text)
