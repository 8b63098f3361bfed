"""Guards of routes: each case of widening is told in words, no case that keeps its guards is, and hostile text breaks nothing."""

from __future__ import annotations

import json
import time

import pytest
from paths import TESTS

from magistrate.domain.impact import ChangeClass, FileChange, Sensitivity
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case
from magistrate.impact.guards.formula import both, either, implied, negated, readable
from magistrate.impact.sensors.route_guards import SENSOR

CASES = TESTS / "corpus" / "guards"


def cases(name: str) -> list[dict[str, str]]:
    """Self-made cases after the examples of the frameworks' own pages: id, path, before, after."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text().splitlines()]


def found(before: str, after: str, path: str = "a.py") -> list[Sensitivity]:
    """What the sensor says of a text that becomes another."""
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    return list(SENSOR.sense(ChangedFile(change=change), BaseTree()))


@pytest.mark.requirement("R24", "R28")
@pytest.mark.parametrize("case", cases("widened"), ids=lambda case: case["id"])
def test_a_door_that_asks_for_less_is_told_at_its_line(case: dict[str, str]) -> None:
    told = found(case["before"], case["after"], case["path"])
    assert told
    for one in told:
        assert one.kind in {ChangeClass.AUTHENTICATION, ChangeClass.PERMISSIONS}
        assert 1 <= one.line <= max(case["before"].count("\n"), case["after"].count("\n")) + 1
        assert len(one.why) < 500


@pytest.mark.requirement("R24", "R28")
@pytest.mark.parametrize("case", cases("kept"), ids=lambda case: case["id"])
def test_a_door_that_asks_for_no_less_is_not_told(case: dict[str, str]) -> None:
    assert not found(case["before"], case["after"], case["path"])


@pytest.mark.requirement("R24")
@pytest.mark.parametrize("case", cases("widened"), ids=lambda case: case["id"])
def test_a_name_that_says_nothing_hides_no_door(case: dict[str, str]) -> None:
    assert found(case["before"], case["after"], "zz/notes.bin.txt")


@pytest.mark.requirement("R24")
def test_there_are_as_many_cases_as_the_page_says() -> None:
    assert len(cases("widened")) >= 120
    assert len(cases("kept")) >= 40


ROUTE = "from fastapi import APIRouter, Depends\nrouter = APIRouter()\n@router.get('/users/{id}'GUARD)\ndef read(id):\n    return id\n"
GUARD = ", dependencies=[Depends(require_role('admin'))]"


@pytest.mark.requirement("R28")
def test_the_sentence_names_the_route_what_it_asked_for_and_both_sides() -> None:
    told = found(ROUTE.replace("GUARD", GUARD), ROUTE.replace("GUARD", ""))
    assert [one.why for one in told] == [
        "`GET /users/{id}` no longer asks for `require_role(admin)`: before `require_role(admin)`, after `nothing`"
    ]
    assert told[0].kind is ChangeClass.PERMISSIONS
    assert not found(ROUTE.replace("GUARD", ""), ROUTE.replace("GUARD", GUARD))


@pytest.mark.requirement("R26")
def test_a_lost_guard_asks_for_two_people() -> None:
    change = FileChange(
        path="a.py", before=ROUTE.replace("GUARD", GUARD).encode(), after=ROUTE.replace("GUARD", "").encode()
    )
    verdict = assess(Case(id="", steps=((change,),), base=BaseTree(known=True)))
    assert not verdict.auto_eligible
    assert any("no longer asks for" in one.why for one in (*verdict.sensitivities, *verdict.mentions))


@pytest.mark.requirement("R24")
def test_what_no_parser_reads_is_told_where_guards_change() -> None:
    broken = "def f(:\n"
    assert found(f"from flask import x\n@login_required\n{broken}", f"from flask import x\n{broken}")
    assert not found(f"from flask import x\na = 1\n{broken}", f"from flask import x\na = 2\n{broken}")


@pytest.mark.requirement("R24")
def test_nested_beyond_reason_is_not_read_and_not_forgiven() -> None:
    deep = "from flask import x\n@login_required\ndef f():\n    return " + "(" * 400 + "1" + ")" * 400 + "\n"
    assert found(deep, deep.replace("@login_required\n", ""))
    wide = "const express = 1\nrouter.get('/a', requireAuth, " + "[" * 3_000 + "]" * 3_000 + ")\n"
    assert found(wide, wide.replace("requireAuth, ", ""), "a.js") is not None


@pytest.mark.requirement("R24", "R53")
def test_a_secret_beside_a_guard_is_not_in_the_sentence() -> None:
    before = "const app = require('express')()\napp.use(jwt({ secret: 'plainly-fake-secret' }))\n"
    told = found(before, "const app = require('express')()\n", "a.js")
    assert told
    assert all("plainly-fake-secret" not in one.why for one in told)
    assert "\u202e" not in readable("a\u202eb", 40)


@pytest.mark.requirement("R24")
def test_whoever_meets_more_meets_less_and_never_the_other_way() -> None:
    a, b = "guard a", "guard b"
    assert implied(either([a, b]), [a])
    assert not implied(a, [either([a, b])])
    assert implied("login", [a])
    assert not implied(a, ["login"])
    assert not implied(negated(a), [a])
    many = both([f"guard {at}" for at in range(30)])
    assert implied(many, [many])
    assert not implied(many, [either([f"guard {at}" for at in range(30)])])


@pytest.mark.requirement("R24")
def test_a_file_without_such_words_costs_next_to_nothing() -> None:
    text = "".join(f"value_{at} = compute({at})\n" for at in range(400))
    file = ChangedFile(change=FileChange(path="a.py", before=text.encode(), after=(text + "more = 1\n").encode()))
    assert file.both_texts[0] != file.both_texts[1]
    took = min(_seconds(file) for _ in range(5))
    assert took < 0.003


def _seconds(file: ChangedFile) -> float:
    start = time.perf_counter()
    assert not list(SENSOR.sense(file, BaseTree()))
    return time.perf_counter() - start
