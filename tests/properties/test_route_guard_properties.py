"""Guards of routes: another change never takes a finding away, names of variables and files hide nothing, no text breaks the sensor."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.sensors.route_guards import SENSOR

CASES = [json.loads(line) for line in (TESTS / "corpus" / "guards" / "widened.jsonl").read_text().splitlines()]
PYTHON = [case for case in CASES if case["path"].endswith(".py") and "settings.py" not in case["path"]]
SCRIPT = [case for case in CASES if case["path"].endswith((".js", ".ts"))]
DOORS = [
    ("@app.route('/a')\n@login_required\ndef a():\n    return 1\n", "@app.route('/a')\ndef a():\n    return 1\n"),
    (
        "@app.route('/b')\n@roles_accepted('x')\ndef b():\n    return 1\n",
        "@app.route('/b')\n@roles_accepted('x', 'y')\ndef b():\n    return 1\n",
    ),
    ("def c(user):\n    if not user.is_admin:\n        abort(403)\n    return 1\n", "def c(user):\n    return 1\n"),
    (
        "class D(View):\n    permission_classes = [IsAdminUser]\n",
        "class D(View):\n    permission_classes = [AllowAny]\n",
    ),
    ("WTF_CSRF_ENABLED = True\n", "WTF_CSRF_ENABLED = False\n"),
    ("def e():\n    return 1\n", "def e():\n    return 2\n"),
    ("def f(user):\n    if user.is_staff:\n        remove()\n", "def f(user):\n    remove()\n"),
]


def said(before: str, after: str, path: str = "a.py") -> set[str]:
    """What the sensor says, without lines."""
    change = FileChange(path=path, before=before.encode("utf-8", "replace"), after=after.encode("utf-8", "replace"))
    return {found.why for found in SENSOR.sense(ChangedFile(change=change), BaseTree())}


def both(some: set[int]) -> tuple[str, str]:
    """One file in which the named doors change."""
    head = "from flask import abort\n"
    return head + "\n".join(old for old, _ in DOORS), head + "\n".join(
        new if at in some else old for at, (old, new) in enumerate(DOORS)
    )


@pytest.mark.requirement("R24", "R26")
@settings(max_examples=120, deadline=None)
@given(st.sets(st.integers(0, len(DOORS) - 1), min_size=1), st.integers(0, len(DOORS) - 1))
def test_another_change_never_takes_a_finding_away(some: set[int], more: int) -> None:
    assert said(*both(some)) <= said(*both({*some, more}))


@pytest.mark.requirement("R24")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PYTHON),
    st.sampled_from(["a.py", "zz/notes.bin.txt", "docs/x", "deep/er/name.pyi"]),
    st.integers(0, 30),
)
def test_another_name_and_lines_before_it_hide_nothing(case: dict[str, str], path: str, lines: int) -> None:
    before, after = ("# a line\n" * lines + case[side] for side in ("before", "after"))
    assert said(before, after, path)


@pytest.mark.requirement("R24")
@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PYTHON), st.from_regex(r"\A[a-z]{3,9}\Z"))
def test_a_guard_under_another_name_is_still_that_guard(case: dict[str, str], alias: str) -> None:
    name = "login_required"
    if f"@{name}\n" not in case["before"] or f"import {name}" in case["before"] or alias in case["before"]:
        return
    before, after = (
        f"from a import {name} as {alias}\n" + case[side].replace(f"@{name}\n", f"@{alias}\n")
        for side in ("before", "after")
    )
    assert said(before, after)


@pytest.mark.requirement("R24")
@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PYTHON + SCRIPT))
def test_the_same_text_twice_is_no_finding(case: dict[str, str]) -> None:
    assert not said(case["before"], case["before"], case["path"])
    assert not said(case["after"], case["after"] + "\n", case["path"])


PIECES = [
    *"@()[]{}<>.,:;='\"`!&|\\/#\n\t ",
    "login_required",
    "app.get(",
    "if ",
    "def f",
    "class A",
    "return ",
    "\u202e",
    "\0",
    "é",
    "=>",
]
PIECES += [
    "permission_classes",
    "@UseGuards(",
    "lambda u:",
    "roles",
    "\ud800",
    "*",
    "**",
    "~",
    "%",
    "${",
    "not ",
    "in ",
    "await ",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@pytest.mark.slow
@pytest.mark.requirement("R24", "R25")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), HOSTILE, HOSTILE, st.integers(0, 400))
def test_no_text_breaks_it(case: dict[str, str], one: str, other: str, at: int) -> None:
    before = case["before"][:at] + one + case["before"][at:]
    after = case["after"][:at] + other + case["after"][at:]
    for path in (case["path"], "zz/notes.bin.txt"):
        assert isinstance(said(before, after, path), set)
