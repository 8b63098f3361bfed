"""Names of releases: each follows from the one before, and no hostile tag is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.tags import PREFIX, TAGS, Step, following, follows, newest, version_of

pytestmark = pytest.mark.requirement("R5")
numbers = st.integers(0, 999_999_998)
prefixes = st.sampled_from(["v", "", "release-", "core/v", "api@", "x_1"])


def tag(prefix: str, *version: int) -> str:
    return TAGS + prefix + ".".join(map(str, version))


@given(prefixes, numbers, numbers, numbers, st.sampled_from(list(Step)))
def test_what_follows_is_newer_and_reads_back(prefix: str, major: int, minor: int, patch: int, step: Step) -> None:
    before = tag(prefix, major, minor, patch)
    after = following(before, prefix, step)
    assert version_of(before, prefix) == (major, minor, patch)
    assert (version_of(after, prefix) or ()) > (major, minor, patch)
    assert newest([before, after, tag(prefix, 0, 0, 0)], prefix) == after
    assert follows(after, before, prefix)
    assert not follows(before, after, prefix)
    assert not follows(before, before, prefix)


@given(prefixes, st.lists(st.tuples(numbers, numbers, numbers), max_size=6), st.lists(st.text(max_size=20), max_size=4))
def test_the_newest_is_the_highest_whatever_else_lies_there(prefix, versions, noise) -> None:
    refs = [tag(prefix, *one) for one in versions] + [
        TAGS + one for one in noise if version_of(TAGS + one, prefix) is None
    ]
    assert newest(refs, prefix) == (tag(prefix, *max(versions)) if versions else "")


@pytest.mark.parametrize(
    "ref",
    [
        "refs/tags/v1.2", "refs/tags/v1.2.3.4", "refs/tags/v01.2.3", "refs/tags/v1.2.3-rc1", "refs/tags/v1.2.3+b",
        "refs/tags/v1.2.3\n", "refs/tags/v1.2.3 ", "refs/heads/v1.2.3", "v1.2.3", "refs/tags/V1.2.3", "refs/tags/1.2.3",
        "refs/tags/vv1.2.3", "refs/tags/v-1.2.3", "refs/tags/v1.2.9999999999", "refs/tags/v\u0661.2.3", "refs/tags/v",
        "refs/tags/v1.2.3/x", "refs/tags/x/v1.2.3", "",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_release_is_none(ref: str) -> None:
    assert version_of(ref, "v") is None
    assert newest([ref], "v") == ""


@pytest.mark.parametrize("step", list(Step))
def test_the_first_release_follows_from_nothing(step: Step) -> None:
    first = {Step.PATCH: "v0.0.1", Step.MINOR: "v0.1.0", Step.MAJOR: "v1.0.0"}
    assert following("", "v", step) == TAGS + first[step]
    assert follows(TAGS + first[step], "", "v")


def test_where_no_number_is_left_nothing_follows() -> None:
    last = tag("v", 1, 2, 999_999_999)
    assert following(last, "v", Step.PATCH) == ""
    assert not follows("", last, "v")
    assert not follows(tag("v", 1, 2, 1_000_000_000), last, "v")


@pytest.mark.parametrize("prefix", ["v", "", "release-", "core/v", "api@v", "a-b_c/"])
def test_prefixes_that_begin_a_tag(prefix: str) -> None:
    assert PREFIX.match(prefix)


@pytest.mark.parametrize(
    "prefix",
    [
        "/v",
        "-v",
        "a//v",
        "../v",
        ".v",
        "v ",
        "v\n",
        "a/b/v",
        "refs/tags/v",
        "@{",
        "v*",
        "v~",
        "a.lock/",
        "v1",
        "release-2",
        "\u00e4v",
    ],
)
def test_prefixes_that_git_or_a_shell_reads_otherwise(prefix: str) -> None:
    assert PREFIX.match(prefix) is None
