"""The inverse of a change gives the base back, byte for byte, or there is none (R30)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.returning.inverse import NoInverseError, applied, inverse_of, tree_digest, verify_inverse

PATHS = ["a", "b/c", "b/d.py", "e"]
SIDES = st.tuples(st.sampled_from(["100644", "100755", "120000"]), st.binary(max_size=8))
TREES = st.dictionaries(st.sampled_from(PATHS), SIDES)


def between(old: dict[str, tuple[str, bytes]], new: dict[str, tuple[str, bytes]]) -> tuple[FileChange, ...]:
    found = []
    for path in sorted({*old, *new}):
        a, b = old.get(path), new.get(path)
        if a != b:
            found.append(
                FileChange(
                    path=path, before=a and a[1], after=b and b[1], mode_before=a and a[0], mode_after=b and b[0]
                )
            )
    return tuple(found)


@pytest.mark.requirement("R30")
@given(TREES, st.lists(TREES, min_size=1, max_size=4))
def test_the_inverse_of_any_chain_gives_the_digest_of_the_base(
    base: dict[str, tuple[str, bytes]], later: list[dict[str, tuple[str, bytes]]]
) -> None:
    trees = [base, *later]
    steps = [between(a, b) for a, b in zip(trees, later, strict=False)]
    assert verify_inverse(steps, base) == tree_digest(base)
    verify_inverse(steps)


@pytest.mark.requirement("R30")
@given(TREES, TREES)
def test_trees_have_one_digest_only_if_they_are_the_same(
    one: dict[str, tuple[str, bytes]], other: dict[str, tuple[str, bytes]]
) -> None:
    assert (tree_digest(one) == tree_digest(other)) is (one == other)


@pytest.mark.requirement("R30")
@given(TREES, TREES, st.sampled_from(PATHS), SIDES)
def test_an_inverse_does_not_apply_to_another_tree(
    base: dict[str, tuple[str, bytes]], after: dict[str, tuple[str, bytes]], path: str, side: tuple[str, bytes]
) -> None:
    change = between(base, after)
    moved = {**after, path: side}
    if path in {one.path for one in change} and after.get(path) != side:
        with pytest.raises(NoInverseError):
            applied(moved, inverse_of(change))


@pytest.mark.requirement("R30")
def test_steps_that_do_not_follow_from_each_other_have_no_inverse() -> None:
    torn = [[FileChange(path="a.py", before=b"1", after=b"2")], [FileChange(path="a.py", before=b"3", after=b"4")]]
    with pytest.raises(NoInverseError, match="not what the change starts from"):
        verify_inverse(torn)
    found = assess(Case(id="", steps=tuple(map(tuple, torn)), base=BaseTree()))
    assert (found.reversible, found.strictness) == ("no", Strictness.TWO)
    assert "no inverse" in {one.operation for one in found.no_way_back}
