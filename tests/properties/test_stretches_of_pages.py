"""Leaving out a stretch of a page that both sides have: what is read of the rest is what the whole page says of it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from magistrate.impact.documents import stretches
from magistrate.impact.documents.markdown import read_markdown
from magistrate.impact.documents.page import Unit
from magistrate.impact.documents.stretches import without_same_stretch

BLOCKS = (
    "## 1.{n}.0\n", "### Fixed\n", "a line of {n}\n", "- one {n}\n- two\n", "1. one {n}\n2. two\n\n   more {n}\n", "> said {n}\n",
    "```\n# code {n}\n```\n", "```sh\nrun {n}\n", "~~~\n## odd\n\n~~~\n", "    indented {n}\n", "- item\n\n  ```\n  ## in an item {n}\n  ```\n",
    "- item\n  ```\n\n## behind\n", "<!-- hidden\n\n## a heading {n}\n\n-->\n", "<div>\n```\n</div>\n", "<pre>\n\n## raw {n}\n\n</pre>\n", "<!-- {n} -->\n",
    "[a{n}]: https://example.org/{n}\n", "[a\n{n}]: /x\n", "| a | b |\n|---|---|\n| {n} | y |\n", "title {n}\n===\n", "---\n", "````\n```\n\n## inner\n\n````\n",
    "``` `\n", "   ```\n## three in {n}\n   ```\n", "* * *\n", "#no heading\n", "## \u2028 odd {n}\n", "> ```\n> a\n\n## after a quote {n}\n", "{{% raw %}}\n",
)  # fmt: skip
"""Blocks that end where they seem to and blocks that do not."""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "MIN_LINES", 3)
    monkeypatch.setattr(stretches, "APART", 1)


def page(numbers: list[int]) -> str:
    return "\n".join(BLOCKS[number].replace("{n}", str(at)) for at, number in enumerate(numbers))


def keys(text: str) -> list[tuple[str, str]]:
    return [unit.key for unit in read_markdown(text).units]


def left_out(whole: list[tuple[str, str]], rest: list[tuple[str, str]]) -> set[tuple[tuple[str, str], ...]]:
    """Every run of units that may have stood in the whole where the rest lacks it."""
    many = len(whole) - len(rest)
    return {
        tuple(whole[at : at + many])
        for at in range(len(rest) + 1)
        if many >= 0 and whole[:at] == rest[:at] and whole[at + many :] == rest[at:]
    }


numbers = st.lists(st.integers(0, len(BLOCKS) - 1), max_size=8)
plain = st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 18]), min_size=4, max_size=14)


@pytest.mark.slow
@pytest.mark.requirement("R19")
@settings(max_examples=200, deadline=None)
@given(
    head=numbers,
    old=numbers,
    new=numbers,
    tail=st.one_of(plain, numbers, st.tuples(plain, numbers, plain).map(lambda p: [*p[0], *p[1], *p[2]])),
)
def test_the_rest_says_what_the_whole_says(head: list[int], old: list[int], new: list[int], tail: list[int]) -> None:
    end = page(tail)
    sides = f"{page(head)}\n{page(old)}\n{end}", f"{page(head)}\n{page(new)}\n{end}"
    rest = without_same_stretch(*sides)
    assume(rest != sides)
    pairs = [(keys(whole), keys(part)) for whole, part in zip(sides, rest, strict=True)]
    assert left_out(*pairs[0]) & left_out(*pairs[1]), "what is left out is not the same blocks on both sides"
    for whole, part in zip(sides, rest, strict=True):
        assert read_markdown(whole).references.keys() == read_markdown(part).references.keys()


@pytest.mark.requirement("R19")
def test_a_list_of_changes_loses_what_nothing_touches() -> None:
    entries = [f"## 1.{n}.0\n\n- a change {n}\n- another\n" for n in range(40)]
    before, after = "\n".join(["# Changes\n", *entries]), "\n".join(["# Changes\n\n## 1.40.0\n\n- new\n", *entries])
    old, new = without_same_stretch(before, after)
    assert len(new) < len(after) / 4
    assert after.startswith(new[: new.index("- new") + 5])
    assert len(after) - len(new) == len(before) - len(old)


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    "opens",
    ["```\n", "<!--\n", "<pre>\n", "~~~~\n", "   ```\n", "- a\n  ```\n", "{% raw %}\n", "<div>\n```\n</div>\n\n```\n"],
)
def test_what_may_reach_on_keeps_the_page_whole(opens: str) -> None:
    tail = "\n".join(f"## {n}\n\ntext\n" for n in range(30))
    sides = f"one\n\n{opens}\n{tail}", f"two\n\n{opens}\n{tail}"
    assert without_same_stretch(*sides) == sides


@pytest.mark.requirement("R19")
def test_a_stretch_never_ends_inside_a_fence() -> None:
    tail = "\n".join(
        [*(f"## {n}\n\ntext\n" for n in range(6)), "```", *(f"\n## {n} in code\n" for n in range(30)), "```\n\nend\n"]
    )
    sides = f"one\n\n{tail}", f"two\n\n{tail}"
    rest = without_same_stretch(*sides)
    assert rest != sides
    assert all("```" in part and part.count("in code") == tail.count("in code") for part in rest)


@pytest.mark.requirement("R19")
def test_an_opening_on_one_side_only_keeps_the_page_whole() -> None:
    tail = "\n".join(f"## {n}\n\ntext\n" for n in range(30))
    for sides in ((f"```\n\n{tail}", f"\n\n{tail}"), (f"\n\n{tail}", f"<!--\n\n{tail}")):
        assert without_same_stretch(*sides) == sides
    assert Unit("fence") not in read_markdown(tail).units
