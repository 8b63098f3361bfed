"""What the assessor does before it has read a word: counted, so that its start stays short."""

from __future__ import annotations

import ast
import gc
import json
import re
import subprocess
import sys
from typing import AnyStr

import pytest
from paths import ROOT

from magistrate.impact import assess
from magistrate.impact.compiled import OF_A_PATTERN, Uncompiled, rx

AT_START = 12
"""Patterns of Magistrate's own that are compiled at import: of `wire`, `domain` and fields with a pattern for all."""
IMPACT = ROOT / "src/magistrate/impact"
COUNTING = """
import collections, json, re, sys
compiled, seen = re.compile, collections.Counter()
def counting(*given, **named):
    seen[sys._getframe(1).f_globals["__name__"]] += 1
    return compiled(*given, **named)
re.compile = counting
import magistrate.judge
print(json.dumps({name: count for name, count in seen.items() if name.startswith("magistrate")}))
"""


@pytest.mark.requirement("R77")
def test_patterns_are_compiled_where_they_are_used_and_not_at_the_start() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", COUNTING], capture_output=True, check=True, text=True)
    seen = json.loads(done.stdout)
    assert sum(seen.values()) <= AT_START, seen


@pytest.mark.requirement("R77")
def test_every_pattern_that_waits_can_be_compiled() -> None:
    assert assess.PROVERS
    waiting = [one for one in gc.get_objects() if type(one) is Uncompiled]
    assert len(waiting) > 1_000
    for one in waiting:
        re.compile(one.pattern, one.wanted)


def test_a_pattern_that_waits_answers_as_re_does() -> None:
    _same(rx("a(?P<n>b)?", re.IGNORECASE), re.compile("a(?P<n>b)?", re.IGNORECASE), "xAB")
    _same(rx("(?i)é$", re.MULTILINE), re.compile("(?i)é$", re.MULTILINE), "É\n")
    _same(rx(b"a(?P<n>b)?"), re.compile(b"a(?P<n>b)?"), b"xab")


def _same(told: re.Pattern[AnyStr], made: re.Pattern[AnyStr], text: AnyStr) -> None:
    for name in ("pattern", "flags", "groups", "groupindex"):
        assert getattr(told, name) == getattr(made, name)
    for name in ("search", "match", "fullmatch"):
        ours, theirs = getattr(told, name)(text), getattr(made, name)(text)
        assert (ours and ours.span()) == (theirs and theirs.span())
    assert told.findall(text) == made.findall(text)
    assert told.split(text) == made.split(text)
    assert [one.span() for one in told.finditer(text)] == [one.span() for one in made.finditer(text)]


def test_a_pattern_that_re_refuses_is_refused_at_its_first_use() -> None:
    waiting = rx("(")
    with pytest.raises(re.error):
        waiting.search("x")


@pytest.mark.requirement("R77")
def test_no_match_is_asked_for_its_pattern_and_no_pattern_is_given_to_re() -> None:
    """`match.re is PATTERN` is never true, and `re.search(PATTERN, text)` fails, where the pattern is one that waits."""
    wrong = []
    for path in sorted(IMPACT.rglob("*.py")):
        tree = ast.parse(path.read_text())
        waiting = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign | ast.Assign) and _waits(node.value)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            compared = isinstance(node, ast.Compare) and any(
                isinstance(side, ast.Attribute) and side.attr == "re" for side in (node.left, *node.comparators)
            )
            given = (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).startswith("re.")
                and bool(node.args)
                and isinstance(node.args[0], ast.Name)
                and node.args[0].id in waiting
            )
            asked = isinstance(node, ast.Attribute) and ast.unparse(node) == "re.Pattern" and _in_isinstance(tree, node)
            if compared or given or asked:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]  # all of them have one
    assert wrong == []


def _waits(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "rx"


def _in_isinstance(tree: ast.AST, wanted: ast.AST) -> bool:
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "isinstance"]
    return any(inner is wanted for call in calls for inner in ast.walk(call))


def test_what_is_kept_of_a_pattern_is_all_that_the_sources_ask_for() -> None:
    asked = {name for name in dir(re.compile("")) if not name.startswith("_")} - {"scanner", "pattern"}
    assert asked == set(OF_A_PATTERN)


LOADING = """
import sys
import magistrate.bootstrap.assess, magistrate.entrypoints.cli.main, magistrate.entrypoints.cli.assess_forms
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
OF_OTHER_DOORS = {"cedarpy", "cryptography", "joserfc", "re2", "sqlalchemy", "starlette", "tree_sitter", "z3"}


@pytest.mark.requirement("R77")
def test_who_only_judges_loads_no_keys_no_store_and_no_assessor() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", LOADING], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert "magistrate" in loaded
    assert loaded & OF_OTHER_DOORS == set()
