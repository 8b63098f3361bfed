"""Who uses a secret, as a document says it: whole or refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.rotation import MAX_BYTES, SecretUse, secret_use_of
from magistrate.errors import Refused

pytestmark = pytest.mark.requirement("R36", "R54")
NAME = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
NAMES = st.lists(NAME, min_size=1, max_size=5, unique=True)


@given(NAMES, NAMES)
def test_what_is_written_is_read(opens: list[str], consumers: list[str]) -> None:
    use = secret_use_of(f"# by hand\nconsumers = {json.dumps(consumers)}\nopens = {json.dumps(opens)}\n")
    assert use == SecretUse(opens=tuple(opens), consumers=tuple(consumers))


@given(NAMES, NAMES, NAMES, NAMES)
def test_two_have_one_text_only_where_they_say_the_same(a: list[str], b: list[str], c: list[str], d: list[str]) -> None:
    one, two = SecretUse(opens=tuple(a), consumers=tuple(b)), SecretUse(opens=tuple(c), consumers=tuple(d))
    assert (one.text() == two.text()) is (one == two)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", 'opens = ["a"]', 'consumers = ["a"]', 'opens = "a"\nconsumers = ["a"]', 'opens = ["a", "a"]\nconsumers = ["b"]',
        'opens = ["A"]\nconsumers = ["b"]', 'opens = ["a"]\nconsumers = ["b c"]', 'opens = [1]\nconsumers = ["b"]',
        'opens = ["a"]\nconsumers = ["b"]\nskip = ["c"]', 'opens = ["a"]\nconsumers = [["b"]]', 'opens = ["../a"]\nconsumers = ["b"]',
        'opens = ["a\\n"]\nconsumers = ["b"]', "x = " + "[" * 5000, "#" * (MAX_BYTES + 1), "a" + ".a" * 40_000 + " = 1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        secret_use_of(text)
    assert refused.value.code == "MAG-E316"


@given(st.text(max_size=200))
def test_whatever_it_is_given_it_reads_or_refuses(text: str) -> None:
    with contextlib.suppress(Refused):
        assert secret_use_of(text).opens
