"""Operations that cannot be undone: each language against its corpus, and what they do to a verdict (R30)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS

from magistrate.domain.impact import (
    STRICTNESS_ORDER,
    ChangeClass,
    FileChange,
    FileImpact,
    Proof,
    ProofStatus,
    Strictness,
)
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case
from magistrate.impact.measures.reversibility import MAX_TEXT, no_way_back, reversible
from magistrate.impact.returning.model import Side

CORPUS = [
    json.loads(line)
    for path in sorted((TESTS / "corpus" / "returning").glob("*.jsonl"))
    for line in path.read_text().splitlines()
]
LANGUAGES = ["clusters", "commands", "programs", "sql", "terraform", "workflows"]
MARKED = [one for one in CORPUS if one["operations"]]
PLAIN = [one for one in CORPUS if not one["operations"]]


def changes(case: dict[str, Any]) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(
            path=one["path"],
            before=None if one["before"] is None else one["before"].encode(),
            after=None if one["after"] is None else one["after"].encode(),
            mode_before=None if one["before"] is None else "100644",
            mode_after=None if one["after"] is None else "100644",
        )
        for one in case["files"]
    )


def found(step: tuple[FileChange, ...]) -> list[str]:
    return sorted(one.operation for one in no_way_back((), [[ChangedFile(change=change) for change in step]]))


@pytest.mark.requirement("R30")
@pytest.mark.parametrize("case", CORPUS, ids=[one["id"] for one in CORPUS])
def test_each_case_of_the_corpus(case: dict[str, Any]) -> None:
    assert found(changes(case)) == sorted(case["operations"]), case["why"]


def test_every_language_has_cases_of_both_kinds() -> None:
    for language in LANGUAGES:
        mine = [one for one in CORPUS if one["id"].startswith(language)]
        assert any(one["operations"] for one in mine), language
        assert any(not one["operations"] for one in mine), language


@pytest.mark.requirement("R30")
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MARKED), st.lists(st.sampled_from(PLAIN), max_size=3))
def test_adding_an_irreversible_operation_is_never_more_lenient(
    marked: dict[str, Any], plain: list[dict[str, Any]]
) -> None:
    base = BaseTree(files={"a": "b"}, known=True)
    quiet = {one.path: one for case in plain for one in changes(case)}
    both = {**quiet, **{f"more/{one.path}": one for one in changes(marked)}}
    renamed = [
        FileChange(
            path=path, before=one.before, after=one.after, mode_before=one.mode_before, mode_after=one.mode_after
        )
        for path, one in sorted(both.items())
    ]
    less = assess(Case(id="", steps=(tuple(quiet[path] for path in sorted(quiet)),), base=base))
    more = assess(Case(id="", steps=(tuple(renamed),), base=base))
    assert STRICTNESS_ORDER.index(more.strictness) >= STRICTNESS_ORDER.index(less.strictness)
    assert STRICTNESS_ORDER.index(more.strictness) >= STRICTNESS_ORDER.index(Strictness.TWO)
    assert (more.reversible, more.auto_eligible) == ("no", False)


@pytest.mark.requirement("R30")
@settings(max_examples=80, deadline=None)
@given(st.sampled_from(MARKED), st.integers(1, 3))
def test_splitting_over_steps_hides_nothing(case: dict[str, Any], parts: int) -> None:
    """The text comes in pieces: whichever step completes the operation shows it."""
    (change, *rest) = changes(case)
    if rest or change.after is None or change.before is not None:
        return
    cuts = [len(change.after) * n // parts for n in range(1, parts + 1)]
    steps, before = [], None
    for cut in cuts:
        after = change.after[:cut]
        one = FileChange(path=change.path, before=before, after=after, mode_before=None if before is None else "100644")
        steps.append([ChangedFile(change=one)])
        before = after
    whole = {one.operation for one in no_way_back((), [[ChangedFile(change=change)]])}
    assert whole <= {one.operation for one in no_way_back((), steps)}


@pytest.mark.requirement("R30")
def test_a_file_that_is_proven_to_be_words_is_not_read() -> None:
    change = FileChange(path="run.sh", before=b"", after=b"rm -rf /data\n")
    for status, number in ((ProofStatus.PROVEN, 0), (ProofStatus.REFUTED, 1), (ProofStatus.UNKNOWN, 1)):
        proof = Proof(rule="x/1", status=status, change_class=ChangeClass.COMMENTS, why="", witness=(("a", "b"),))
        file = FileImpact(path="run.sh", change_class=ChangeClass.COMMENTS, proof=proof)
        assert len(no_way_back([file], [[ChangedFile(change=change)]])) == number
    code = Proof(rule="x/1", status=ProofStatus.PROVEN, change_class=ChangeClass.BENIGN_CONFIG, why="")
    file = FileImpact(path="run.sh", change_class=ChangeClass.BENIGN_CONFIG, proof=code)
    assert len(no_way_back([file], [[ChangedFile(change=change)]])) == 1


@pytest.mark.requirement("R30", "R25")
def test_what_cannot_be_read_has_no_way_back() -> None:
    large = ChangedFile(change=FileChange(path="a.txt", before=b"", after=b"a" * (MAX_TEXT + 1)))
    assert [one.operation for one in no_way_back((), [[large]])] == ["cannot be read"]

    for kind, number in ((ChangeClass.DEPENDENCY, 0), (ChangeClass.CODE, 1), (ChangeClass.BENIGN_CONFIG, 1)):
        proof = Proof(rule="x/1", status=ProofStatus.PROVEN, change_class=kind, why="")
        assert len(no_way_back([FileImpact(path="a.txt", change_class=kind, proof=proof)], [[large]])) == number

    def broken(side: Side) -> list[Any]:
        raise RuntimeError

    small = ChangedFile(change=FileChange(path="a.txt", before=b"", after=b"a"))
    assert [one.operation for one in no_way_back((), [[small]], [broken])] == ["cannot be read"]


@pytest.mark.requirement("R30")
def test_only_a_change_without_any_such_thing_is_reversible() -> None:
    row = no_way_back((), [[ChangedFile(change=FileChange(path="a.sql", before=b"", after=b"DROP TABLE a"))]])
    assert (reversible(()), reversible((), row)) == ("yes", "no")


@pytest.mark.requirement("R30")
def test_no_row_quotes_what_may_be_a_key() -> None:
    secret = "AKIA" + "A" * 30
    text = f"curl -X DELETE https://u:{secret}@x.example/1\nALTER ROLE a PASSWORD '{secret}';\nmail {secret}\n"
    for path in ("a.sh", "a.sql", "a.py"):
        rows = no_way_back((), [[ChangedFile(change=FileChange(path=path, before=b"", after=text.encode()))]])
        assert all(secret not in row.why + row.operation for row in rows)
