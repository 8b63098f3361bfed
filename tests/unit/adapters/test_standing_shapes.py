"""What looks like a token is found by RE2 as Python's own patterns find it, in whatever bytes."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.adapters.standing.shapes import _BASIC, _RUN, in_basic, token_like

PIECES = (
    b"Basic", b"basic", b"asic", b"Basi", b" ", b"\t", b"\n", b"\r\n", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xa0", b"\x00",
    b"\xff", b"\xc3\xa9", b"A" * 20, b"z" * 43, b"b9+/" * 10, b"_-" * 9, b"=",
)  # fmt: skip
TOKEN = b"xW3kqT9vLr0_bN-2yHc7ZpUeJ5sFgA1mDiO8nQtBwXa"


@pytest.mark.requirement("R50")
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=16).map(b"".join))
def test_it_finds_what_pythons_own_patterns_find(content: bytes) -> None:
    assert [found[0] for found in _RUN.finditer(content)] == re.findall(rb"[A-Za-z0-9_-]{43,}", content)
    assert _BASIC.findall(content) == re.findall(rb"[Bb]asic\s+([A-Za-z0-9+/]{40,})", content)


@pytest.mark.requirement("R50")
def test_a_token_is_found_in_megabytes_of_anything_and_in_a_basic_header() -> None:
    around = bytes(range(256)) * 8192
    assert TOKEN in {token for _, token in token_like(around + TOKEN + around, decode=False)}
    header = b"\xff\x00Basic \x0b" + base64.b64encode(b"x:" + TOKEN) + b"\x00"
    assert [token for _, token in in_basic(around + header)] == [TOKEN]
    assert not list(in_basic(header.replace(b"Basic", b"Basi")))
