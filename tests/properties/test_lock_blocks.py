"""A lock parsed by its packages is the lock parsed as a whole, or neither is accepted."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from magistrate.impact.dependencies.lock_blocks import lock_document

PIECES = (
    "[[package]]\n", 'name = "a"\n', 'name = "b"\nversion = "1.{n}"\n', "[package.source]\n", 'source = {{ registry = "x" }}\n', "[metadata]\n",
    'files = [\n    {{ url = "u{n}" }},\n]\n', "x = [\n[[package]]\n]\n", "x = [\n", "]\n", "[package]\n", "[[package.files]]\n", 'package = "x"\n',
    "version = 1.{n}\n", "# [[package]]\n", "[[other]]\n", "package = []\n", "[metadata.files]\n", " [[package]]\n", "[[package]] # c\n", "[[package]]\r\n", "\n",
    'k = "[[package]]"\n', "[x.package]\n", "[[ package ]]\n", 'name = "\n', "package.a = 1\n", "[metadata]\n[metadata.x]\n", "v = {{a = [\n[[package]]\n]}}\n",
)  # fmt: skip


def outcome(read: Any, text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        return ValueError


@pytest.mark.slow
@pytest.mark.requirement("R23")
@settings(max_examples=1000, deadline=None)
@example([0, 5, 0])
@example([7, 0])
@given(st.lists(st.integers(0, len(PIECES) - 1), max_size=14))
def test_a_lock_by_its_packages_is_the_lock_as_a_whole(numbers: list[int]) -> None:
    text = "".join(PIECES[number].format(n=at) for at, number in enumerate(numbers))
    whole = outcome(lambda one: tomllib.loads(one, parse_float=str), text)
    assert outcome(lock_document, text) == whole
    assert outcome(lock_document, text) == whole, "and again, from what is kept"
