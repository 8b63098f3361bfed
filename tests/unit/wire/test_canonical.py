"""Canonical JSON: one spelling for one value, and nothing outside the domain."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from magistrate.errors import Usage
from magistrate.wire.canonical import canonical, decode_canonical
from magistrate.wire.times import rfc3339, unix_seconds

ASCII = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_agrees_with_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, {"a": float("nan")}, 2**53, -(2**53), {"é": 1}, [object]])
def test_refuses_values_without_one_spelling(value: Any) -> None:
    with pytest.raises((Usage, TypeError, NotImplementedError)):
        canonical(value)


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1}\n', b'{"a":1.0}', b'{"\\u0061":1}', b"", b"\xff"],
)
def test_reads_only_the_canonical_spelling(text: bytes) -> None:
    with pytest.raises(Usage):
        decode_canonical(text, dict[str, Any])


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    with pytest.raises(Usage):
        decode_canonical(b"[" * 100_000 + b"]" * 100_000, list[Any])


@given(st.integers(0, 253402300799))
def test_times_round_trip_and_sort_as_text(seconds: int) -> None:
    text = rfc3339(seconds)
    assert unix_seconds(text) == seconds
    assert rfc3339(max(seconds - 1, 0)) <= text


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z", "x", "2026-13-01T00:00:00Z"]
)
def test_refuses_moments_that_do_not_exist(text: str) -> None:
    with pytest.raises(Usage):
        unix_seconds(text)


def test_json_module_agrees_on_samples() -> None:
    assert json.loads(canonical({"b": [1, None], "a": "ü"})) == {"a": "ü", "b": [1, None]}
