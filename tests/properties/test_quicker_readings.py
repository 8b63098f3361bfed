"""Readings that are quick by other means give what the plain ones give, in any order of cases, with or without what was kept."""

from __future__ import annotations

import ast
import gc
import json
import random
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import TESTS

from magistrate.impact.guards import python_side
from magistrate.impact.guards.python_side import read_python
from magistrate.impact.languages.python_nodes import nested_less_than, walk
from magistrate.impact.privilege.domains import aws_iam, terraform_names
from magistrate.impact.privilege.domains.sql_in_programs import COARSE, STATEMENT, statements
from magistrate.impact.privilege.domains.terraform import Block
from magistrate.impact.provers import documentation_text
from magistrate.impact.screening import FOREIGN, ODD_SPACES, places, screened
from magistrate.judge import answer
from magistrate.usecases.judging import judge_argv

LIBRARY = sorted(Path(ast.__file__).parent.glob("*.py"))
WORDS = st.sampled_from(
    [
        "grant",
        "revoke",
        "GRANT",
        "REVOKE",
        "select",
        "all",
        "privileges",
        "on",
        "to",
        "TO",
        "FROM",
        "from",
        "program",
        "CREATE",
        "create",
        "ALTER",
        "alter",
        "DROP",
        "role",
        "ROLE",
        "user",
        "USER",
        "policy",
        "drop",
        "enable",
        "disable",
        "no",
        "force",
        "row",
        "level",
        "security",
        "definer",
        "default",
        "owner",
        "owned",
        "reassign",
        "system",
        "set",
        "reset",
        "materialized",
        "view",
        "table",
        "large",
        "object",
        "x.y",
        "(a,b)",
        ",",
        ";",
        "pg_authid",
        "pg_auth_members",
        "öffn",
        "\u017fecurity",
        "option",
        "for",
        "login",
        "password",
        "by",
        "x_",
    ]
)
BLANKS = st.sampled_from([" ", "  ", "\n", "\t", "", " " * 19])


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("path", LIBRARY[:60], ids=lambda path: path.name)
def test_nodes_come_as_the_library_gives_them(path: Path) -> None:
    tree = ast.parse(path.read_bytes(), type_comments=True)
    found = list(walk(tree))
    plain = list(ast.walk(tree))
    assert len(found) == len(plain)
    assert all(one is other for one, other in zip(found, plain, strict=True))


def test_a_kind_of_node_that_is_not_known_is_looked_at_whole() -> None:
    class Odd(ast.AST):
        _fields = ("name", "rest_of_it")
        name: ast.expr
        rest_of_it: list[ast.expr]

    odd = Odd()
    odd.name, odd.rest_of_it = ast.Name(id="a"), [ast.Name(id="b")]
    assert list(walk(odd)) == list(ast.walk(odd))


@pytest.mark.parametrize("depth", [1, 5, 60])
def test_depth_is_counted_in_nodes(depth: int) -> None:
    node = ast.parse("not " * depth + "x", mode="eval").body
    assert not nested_less_than(node, depth)
    assert nested_less_than(node, depth + 3)


@pytest.mark.requirement("R28")
@given(st.lists(st.tuples(WORDS, BLANKS), max_size=40), st.integers(0, 250))
def test_statements_are_those_of_their_pattern(pieces: list[tuple[str, str]], gap: int) -> None:
    text = "".join(word + blank for word, blank in pieces)
    for one in (text, text + " alter table " + "x" * gap + " owner to me;" + text):
        assert [found.span() for found in statements(one)] == [found.span() for found in STATEMENT.finditer(one)]


@pytest.mark.requirement("R28")
def test_every_statement_has_what_is_looked_for_first() -> None:
    """Were `COARSE` to miss one that `STATEMENT` finds, it would not be told."""
    for said in (
        "no force row level security",
        "alter default privileges",
        "ALTER TABLE a OWNER TO b",
        "copy x from program",
    ):
        assert list(statements(said)), said
        assert COARSE.search(said), said


@pytest.mark.requirement("R28")
@given(
    st.text(alphabet=[*"aeEfFcClLoOwWtT\"':= \\", "\u017f", "é"], max_size=12),
    st.sampled_from(["effect", "EFFECT", "'Effect'"]),
)
def test_what_allows_is_found_as_the_pattern_finds_it(said: str, word: str) -> None:
    for text in (said, f"{word}: {said} Allow", f'{word} = "ALLOW"{said}', f"{said}{word}:allow"):
        assert aws_iam._allows(text) is (aws_iam.ALLOWS.search(text) is not None)


@given(st.text(alphabet=[*"abc \n\t", *ODD_SPACES, "é", "—", "\U0001f600", "\x80", "\udc80"]))
def test_foreign_signs_are_shown_one_by_one(text: str) -> None:
    content, _ = screened(text)
    plain = bytes(ord(one) if ord(one) < 0x80 and one not in ODD_SPACES else FOREIGN[0] for one in text)
    assert content == plain


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    "statement",
    [
        "return user.role == 'admin'",
        "x = " + "-" * 90 + "1",
        "return " + "not " * 60 + "user.is_admin",
        "do(a)\n    raise E(b)",
    ],
)
def test_what_is_made_later_is_what_is_made_at_once(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"def view(user):\n    if user.is_staff:\n        {statement.replace(chr(10), chr(10) + '    ')}\n    return user.is_admin\n".encode()
    later = _told(source)
    monkeypatch.setattr(python_side, "MAX_HELD", 0)
    assert _told(source) == later


def _told(source: bytes) -> object:
    try:
        side = read_python(source)
    except RecursionError:
        return "nested too deeply"
    return [
        (door.key, door.guards, [(act.what, act.when, act.line) for act in door.acts]) for door in side.doors.values()
    ]


def _cases() -> list[dict[str, Any]]:
    cases = []
    for place in sorted((TESTS / "corpus/attacks").glob("*.jsonl")):
        cases += [json.loads(line) for line in place.read_text().splitlines()][::23]
    return [{**one, "context": {"files": {}, "complete": True}} for one in cases] + cases


@pytest.mark.requirement("R26")
@pytest.mark.slow
def test_no_verdict_hangs_on_the_cases_before_it() -> None:
    """In any order, twice, and in a process that has seen none of them: the same bytes."""
    lines = [msgspec.json.encode({"v": 1, "mode": "assess", "case": case}) for case in _cases()]
    first = [answer(line)[0] for line in lines]
    order = list(range(len(lines)))
    random.Random(7).shuffle(order)
    for turn in (order, order[::-1]):
        assert {at: answer(lines[at])[0] for at in turn} == dict(enumerate(first))
    stdin = b"\n".join([b'{"v":1,"mode":"many","texts":{}}', *lines[::-1]])
    cold = subprocess.run(judge_argv(Path(sys.executable)), input=stdin, capture_output=True, check=True).stdout
    assert cold.split(b"\n")[:-1] == first[::-1]


def test_a_block_inside_of_a_call_differs_by_its_scope_only() -> None:
    block = Block(kind="a", type="b", name="c", body={"d": 1}, path="e/f.tf", line=7, scope="g", built=("h",))
    assert all(getattr(block, one.name) for one in fields(Block)), "a field that is new has to be told here as well"
    assert terraform_names._inside(block, "x") == replace(block, scope="x")


@given(
    st.lists(
        st.sampled_from(
            [
                *["-b", "doctest", "make", "mdtest", "sybil", "cram", "_é."],
                " ",
                "\n",
                "sphinx.ext.doctest",
                "doctest_glob",
            ]
        )
    )
)
def test_signs_of_tested_pages_are_those_of_their_pattern(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = [one.span() for one in places(documentation_text.TESTED, text)]
    assert found == [one.span() for one in documentation_text.TESTED.finditer(text)]


def test_the_search_for_rubbish_is_as_it_was_after_a_question() -> None:
    assert gc.isenabled()
    answer(b"{}")
    assert gc.isenabled()
    gc.disable()
    try:
        answer(b"{}")
        assert not gc.isenabled()
    finally:
        gc.enable()
