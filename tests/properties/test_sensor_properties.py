"""Sensors: another hunk never takes a finding away, a failure never relaxes, a new name hides nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, FileChange, Sensitivity
from magistrate.impact.assess import SENSORS, assess, sense
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case

HUNKS = [
    ("a = one()", "a = two()"),
    ("timeout = 5", "timeout = 500"),
    ('query = "x"', 'query = "SELECT a FROM b WHERE c = " + name'),
    ("# says what", "# tells what"),
    ("x = f(1,  2)", "x = f(1, 2)"),
    ("if user.is_admin:", "if user:"),
    ("key = load()", "key = md5(text)"),
    ("b = run()", "b = run()  # noqa"),
    ("FROM debian:11", "FROM debian:12"),
    ("log.warning(text)", "log.debug(text)"),
    ("version = '1.0.0'", "version = '1.0.1'"),
    ("host = '127.0.0.1'", "host = '0.0.0.0'"),
    ("password = read()", "password = 'fake-for-a-test'"),
    ("ALTER TABLE t ADD a int;", "ALTER TABLE t DROP a;"),
]
PATHS = ["a.py", "zz/notes.bin.txt", "docs/a.md", "Dockerfile", ".github/workflows/a.yml"]
BASE = BaseTree(known=True)


def change(path: str, hunks: set[int]) -> FileChange:
    """A file in which the named hunks change, with a line of its own between each two."""
    before = "".join(f"{old}\nkeep {at}\n" for at, (old, _) in enumerate(HUNKS))
    after = "".join(f"{new if at in hunks else old}\nkeep {at}\n" for at, (old, new) in enumerate(HUNKS))
    return FileChange(path=path, before=before.encode(), after=after.encode())


def kinds(one: FileChange) -> set[ChangeClass]:
    return {found.kind for found in sense(ChangedFile(change=one), BASE, SENSORS)}


def level(one: FileChange, sensors: tuple[object, ...] = SENSORS) -> int:
    case = Case(id="", steps=((one,),), base=BASE)
    return STRICTNESS_ORDER.index(assess(case, sensors=sensors).strictness)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.requirement("R26")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PATHS), st.sets(st.integers(0, len(HUNKS) - 1), min_size=1), st.integers(0, len(HUNKS) - 1))
def test_another_hunk_never_takes_a_finding_away(path: str, some: set[int], more: int) -> None:
    part, whole = change(path, some), change(path, {*some, more})
    assert kinds(part) <= kinds(whole)
    assert level(part) <= level(whole)


class Failing:
    """A sensor that fails after some of what it had to say."""

    def __init__(self, inner: object, after: int) -> None:
        self.inner, self.after = inner, after

    @property
    def name(self) -> str:
        return "failing"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterator[Sensitivity]:
        for at, found in enumerate(self.inner.sense(file, base)):  # type: ignore[attr-defined]
            if at == self.after:
                break
            yield found
        raise RecursionError


@pytest.mark.slow
@pytest.mark.requirement("R25", "R26")
@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.sets(st.integers(0, len(HUNKS) - 1), min_size=1),
    st.integers(0, len(SENSORS) - 1),
    st.integers(0, 2),
)
def test_a_sensor_that_fails_halfway_never_relaxes(path: str, some: set[int], which: int, after: int) -> None:
    one = change(path, some)
    broken = tuple(Failing(sensor, after) if at == which else sensor for at, sensor in enumerate(SENSORS))
    assert level(one, broken) >= level(one)
    assert level(one, broken) == len(STRICTNESS_ORDER) - 2


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("hunk", "kind"),
    [
        (1, ChangeClass.CODE),
        (2, ChangeClass.CODE),
        (5, ChangeClass.AUTHENTICATION),
        (6, ChangeClass.CRYPTOGRAPHY),
        (7, ChangeClass.GATE),
        (8, ChangeClass.INFRASTRUCTURE),
        (9, ChangeClass.AUDIT_CONFIG),
        (10, ChangeClass.RELEASE),
        (11, ChangeClass.NETWORK),
        (12, ChangeClass.SECRETS),
        (13, ChangeClass.MIGRATION),
    ],
)
def test_a_name_that_says_nothing_hides_nothing(hunk: int, kind: ChangeClass) -> None:
    assert kind in kinds(change("zz/notes.bin.txt", {hunk}))
    assert kind in kinds(change("src/a.py", {hunk}))


@pytest.mark.requirement("R24")
def test_layout_and_comments_are_not_taken_for_code() -> None:
    assert ChangedFile(change=change("a.py", {4})).code_lines == ()
    assert ChangedFile(change=change("a.py", {3})).code_lines == ()
    assert ChangedFile(change=change("docs/a.md", {1})).code_lines == ()
    assert len(ChangedFile(change=change("a.py", {1, 3})).code_lines) == 2
