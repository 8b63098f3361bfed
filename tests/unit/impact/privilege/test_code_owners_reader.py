"""CODEOWNERS as boxes: against a corpus, against an evaluator of its own, and against git's own patterns."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from paths import TESTS, outside_data
from world.brute_force import _holds, allowed_only_after, verdict_of

from magistrate.impact.privilege.domains.code_owners import READER
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.patterns import classes, glob, matches, path

ROWS = [json.loads(line) for line in (TESTS / "corpus" / "privilege" / "codeowners.jsonl").read_text().splitlines()]


def grants(files):
    return READER.grants({name: text for name, text in files.items() if READER.reads(name)})


def enough(text, name, approver, section=""):
    """Whether this approver's word is enough for this path, asked statement by statement."""
    request = {"deed": "approve as owner", "section": section, "path": f"/{name}", "approver": approver, "approvals": 1}
    layers = grants({"CODEOWNERS": text}).holders[0].layers
    return all(
        any(all(_holds(where, request[where.dimension]) for where in one.where) for one in layer.statements)
        for layer in layers
    )


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    before, after = grants(row["before"]), grants(row["after"])
    changes = delta(before, after)
    assert verdict_of(changes) == row["expected"], row["why"]
    assert (Turn.GAINS in {one.turn for one in changes}) is allowed_only_after(before, after)


@pytest.mark.requirement("R28")
def test_every_labelled_pair_of_owners_is_exact():
    exact = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}
    rows = [json.loads(line) for line in outside_data("privilege-pairs.jsonl").read_text().splitlines()]
    for row in rows:
        if row["domain"] == "codeowners":
            got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
            assert got in exact.get(row["expected"], {row["expected"]}), row["id"]


NAMES = st.sampled_from(["a", "b", "ab", "x.tf", "a.b"])
PATHS = st.tuples(st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), max_size=3), NAMES).map(
    lambda two: "/".join((*two[0], two[1]))
)
PATTERNS = st.tuples(
    st.sampled_from(["", "/", "**/"]),
    st.lists(st.sampled_from(["a", "b", "a*", "*.tf", "?", "**", "ab"]), min_size=1, max_size=3),
    st.sampled_from(["", "/", "/**"]),
).map(lambda parts: parts[0] + "/".join(parts[1]) + parts[2])


def ignored(folder, pattern, paths):
    """Which paths git's own rules match with this one pattern."""
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_text(pattern + "\n")
    argv = ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin"]
    return subprocess.run(argv, input="\n".join(paths), capture_output=True, text=True, check=False).stdout.splitlines()


@pytest.mark.requirement("R28")
@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATHS, min_size=1, max_size=8, unique=True))
@example(["a", "**/"], ["a", "a/b"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_line_that_git_would_match_decides(tmp_path, patterns, paths):
    """A last `/*` is read in another way by git, and is not among these."""
    matched = [ignored(tmp_path, pattern, paths) for pattern in patterns]
    text = "".join(f"{pattern} @owner{number}\n" for number, pattern in enumerate(patterns))
    owners = [f"@owner{at}" for at in range(len(patterns))]
    for name in paths:
        last = max((at for at, found in enumerate(matched) if name in found), default=None)
        found = [owner for owner in owners if enough(text, name, owner)]
        assert found == (owners if last is None else [owners[last]]), (patterns, name)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["a", "a/b/c"], []),
        ("/*", ["a"], ["a/b"]),
        ("docs/*", ["docs/a"], ["docs/a/b", "x/docs/a"]),
        ("apps/", ["apps/a", "x/apps/a/b"], ["apps"]),
        ("/apps/", ["apps/a/b"], ["x/apps/a"]),
        ("**/logs", ["logs", "a/logs", "a/logs/x"], ["alogs"]),
        ("*.js", ["a.js", "a/b.js"], ["a.jsx"]),
        ("/a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["b", "ab"]),
    ],
)  # fmt: skip
def test_the_examples_of_the_documentation_hold(pattern, yes, no):
    text = f"{pattern} @sec\n"
    assert all(not enough(text, name, "@dev") and enough(text, name, "@sec") for name in yes)
    assert all(enough(text, name, "@dev") for name in no)


@pytest.mark.requirement("R28")
def test_sections_of_gitlab_decide_each_for_itself():
    text = "* @dev\n[Sec]\n/infra/ @sec\n"
    assert enough(text, "infra/a", "@dev")
    assert not enough(text, "infra/a", "@dev", "sec")
    assert enough(text, "src/a", "@dev", "sec")


@pytest.mark.requirement("R28")
@given(st.lists(st.sampled_from(["*", "**", "?", "a", "/", ":"]), max_size=6), st.text("a/:", max_size=6))
def test_a_wildcard_of_a_path_stops_at_a_slash_and_two_do_not(tokens, text):
    """Against a matcher that goes through the signs one by one."""

    def fits(parts, rest):
        if not parts:
            return not rest
        head, more = parts[0], parts[1:]
        if head == "**":
            return any(fits(more, rest[at:]) for at in range(len(rest) + 1))
        if head == "*":
            reach = next((at for at, sign in enumerate(rest) if sign == "/"), len(rest))
            return any(fits(more, rest[at:]) for at in range(reach + 1))
        return bool(rest) and (rest[0] != "/" if head == "?" else rest[0] == head) and fits(more, rest[1:])

    parts: list[str] = []
    for token in tokens:
        both = parts and parts[-1].startswith("*") and token.startswith("*")
        parts = [*parts[:-1], "**"] if both else [*parts, token]
    assert matches(path("".join(parts)), text) is fits(parts, text)


@pytest.mark.requirement("R28")
@given(st.lists(st.text("a*?/:", max_size=4), min_size=1, max_size=4), st.text("a/:", max_size=5))
def test_every_string_is_of_a_class_that_was_found(patterns, text):
    mixed = tuple(path(one) if at % 2 else glob(one) for at, one in enumerate(patterns))
    mask = sum(1 << at for at, one in enumerate(mixed) if matches(one, text))
    found = classes(mixed)
    assert mask in found
    assert all(
        sum(1 << at for at, one in enumerate(mixed) if matches(one, shown)) == kind for kind, shown in found.items()
    )


@pytest.mark.slow
@pytest.mark.requirement("R28")
@given(st.text(max_size=60))
@example("\\")
@settings(max_examples=150, deadline=None)
def test_no_text_makes_the_reader_raise(text):
    grants({"CODEOWNERS": text})
    grants({".gitlab/CODEOWNERS": "[S][2] @a\n" + text})


@pytest.mark.requirement("R28")
def test_a_file_that_github_does_not_load_protects_nothing():
    large = "* @dev\n" + "# filler\n" * 350_000
    changes = delta(grants({"CODEOWNERS": "* @dev\n"}), grants({"CODEOWNERS": large}))
    assert {Turn.GAINS, Turn.UNKNOWN} <= {one.turn for one in changes}
