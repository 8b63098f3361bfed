"""How far a change reaches, and that what is not known counts as the largest (R27)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import BlastRadius, ChangeClass, FileChange, FileImpact, Proof, ProofStatus
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case
from magistrate.impact.measures.blast_radius import blast_radius
from magistrate.impact.reach.declared import map_in
from magistrate.impact.reach.graph import graph_of, reach
from magistrate.policy.facts import MAX_COUNTED, _radius

MAP = """version: 1
reach:
  environments:
    production: ["app/**", "deploy/prod/**"]
    dev: ["deploy/dev/**", "tools/**"]
  services:
    web: ["app/**"]
  data_stores:
    orders: ["app/orders/**"]
"""
TREE = {
    "app/__init__.py": "", "app/orders/__init__.py": "", "app/orders/store.py": "import json\n",
    "app/views.py": "from app.orders import store\n", "app/main.py": "from . import views\n",
    "tools/seed.py": "import app.orders.store as s\n", "tools/alone.py": "x = 1\n",
    "pyproject.toml": '[project]\nname = "shop"\n', "app/Dockerfile": "FROM x\n",
    ".github/CODEOWNERS": "* @org/all\n/app/ @org/app\napp/orders/*.py @org/money\n", ".magistrate.yml": MAP,
}  # fmt: skip


def measured(*paths: str, tree: dict[str, str] | None = None, known: bool = True) -> BlastRadius:
    step = [ChangedFile(change=FileChange(path=path, before=b"a", after=b"b")) for path in paths]
    return blast_radius((), [step], BaseTree(files=TREE if tree is None else tree, known=known)).measured


def as_verdict(one: BlastRadius) -> dict[str, Any]:
    return {
        "files": one.files, "dependents": "unknown" if one.dependents is None else one.dependents,
        "packages": list(one.packages), "environments": list(one.environments), "complete": one.complete, "why": one.why,
    }  # fmt: skip


@pytest.mark.requirement("R27")
def test_dependents_environments_services_stores_and_owners_are_told() -> None:
    assert measured("app/orders/store.py") == BlastRadius(
        files=1, dependents=3, packages=("shop",), services=("app", "web"), environments=("dev", "production"),
        data_stores=("orders",), owners=("@org/money",), complete=True,
    )  # fmt: skip


@pytest.mark.requirement("R27")
def test_only_what_is_declared_to_be_elsewhere_is_not_production() -> None:
    assert measured("tools/alone.py").environments == ("dev",)
    assert measured("somewhere/else.py").environments == ("production",)
    assert measured("tools/alone.py", "somewhere/else.py").environments == ("dev", "production")


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    "broken",
    [
        None, "", "version: 1\n", "reach: []\n", "reach:\n  environments: []\n", "reach:\n  environments:\n    dev: tools/**\n",
        "reach:\n  services:\n    web: ['app/**']\n", "reach:\n  environments:\n    dev: ['tools/**']\n  extra:\n    a: ['b']\n",
        "reach:\n  environments:\n    dev: ['tools/**', '../x']\n", "reach:\n  environments:\n    'de v': ['tools/**']\n",
        "reach:\n  environments:\n    dev: ['tools/**']\n    dev: ['**']\n", "reach: &a\n  environments:\n    dev: ['tools/**']\n",
        "reach:\n  environments:\n    dev: []\n",
    ],
)  # fmt: skip
def test_a_missing_or_broken_map_means_production_and_the_largest_radius(broken: str | None) -> None:
    tree = {path: text for path, text in TREE.items() if path != ".magistrate.yml"}
    tree |= {} if broken is None else {".magistrate.yml": broken}
    assert map_in(tree) is None
    found = measured("tools/alone.py", tree=tree)
    assert (found.environments, found.complete) == (("production",), False)
    assert _radius(as_verdict(found)) == MAX_COUNTED


@pytest.mark.requirement("R27")
def test_without_the_repository_the_radius_is_the_largest() -> None:
    found = measured("tools/alone.py", known=False)
    assert (found.dependents, found.environments, found.data_stores) == (None, ("production",), ("unknown",))
    assert _radius(as_verdict(found)) == MAX_COUNTED
    change = FileChange(path="tools/alone.py", before=b"x = 1\n", after=b"x = 2\n")
    assert assess(Case(id="", steps=((change,),), base=BaseTree())).context_wanted


@pytest.mark.requirement("R27")
def test_a_file_that_is_read_by_name_is_never_complete() -> None:
    tree = {**TREE, "app/settings.yml": "a: 1\n", "app/load.py": "open('app/settings.yml')\n"}
    found = measured("app/settings.yml", tree=tree)
    assert (found.dependents, found.complete) == (1, False)


@pytest.mark.requirement("R27")
def test_a_proof_that_nothing_changes_reaches_nobody() -> None:
    proof = Proof(rule="x/1", status=ProofStatus.PROVEN, change_class=ChangeClass.FORMATTING, why="")
    file = FileImpact(path="app/orders/store.py", change_class=ChangeClass.FORMATTING, proof=proof)
    step = [ChangedFile(change=FileChange(path=file.path, before=b"a", after=b"b"))]
    base = BaseTree(files=TREE, known=True)
    assert blast_radius([file], [step], base).measured.dependents == 0
    assert "import graph" not in base.looked_up


@pytest.mark.requirement("R27", "R39")
@pytest.mark.parametrize(
    "put",
    [
        {}, {"complete": 1}, {"complete": "true"}, {"complete": False}, {"files": None}, {"files": "1"}, {"files": -1},
        {"files": True}, {"dependents": "unknown"}, {"dependents": None}, {"dependents": 1.5}, {"more": None},
        {"packages": [1]}, {"files": MAX_COUNTED + 1}, {"other": {"a": 1}},
    ],
)  # fmt: skip
def test_a_radius_that_is_not_sane_is_the_largest(put: dict[str, Any]) -> None:
    sane = {"files": 1, "dependents": 2, "packages": ["a"], "complete": True}
    assert _radius(sane) == 2
    assert _radius({**sane, "packages": ["a", "b", "c"]}) == 3
    assert _radius({**sane, **put} if put else {}) == MAX_COUNTED


TEXT = st.sampled_from([*TREE, "new.py", "docs/a.md", "deploy/dev/x.py"])


@pytest.mark.requirement("R27")
@settings(max_examples=60, deadline=None)
@given(st.sets(TEXT, min_size=1, max_size=4))
def test_a_missing_map_never_shrinks_the_radius(paths: set[str]) -> None:
    bare = {path: text for path, text in TREE.items() if path != ".magistrate.yml"}
    with_map = measured(*sorted(paths))
    for less in (measured(*sorted(paths), tree=bare), measured(*sorted(paths), known=False)):
        assert "production" in less.environments
        assert _radius(as_verdict(less)) >= _radius(as_verdict(with_map))


@pytest.mark.requirement("R27")
@settings(max_examples=60, deadline=None)
@given(st.sets(TEXT, min_size=1, max_size=4), TEXT)
def test_another_file_never_shrinks_the_radius(paths: set[str], more: str) -> None:
    some, all_of_it = measured(*sorted(paths)), measured(*sorted({*paths, more}))
    assert _radius(as_verdict(all_of_it)) >= min(_radius(as_verdict(some)), MAX_COUNTED) - 1
    assert set(some.environments) <= set(all_of_it.environments)
    assert set(some.data_stores) <= set(all_of_it.data_stores)


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    ("tree", "changed", "expected"),
    [
        ({"a/__init__.py": "", "a/b.py": "", "c.py": "import a.b"}, "a/b.py", {"c.py"}),
        ({"a/__init__.py": "", "a/b.py": "", "c.py": "from a import (\n    b,  # x\n)"}, "a/b.py", {"c.py"}),
        ({"a/__init__.py": "", "a/b.py": "", "a/c.py": "from .b import x"}, "a/b.py", {"a/c.py"}),
        ({"a/__init__.py": "", "a/b.py": "", "a/d/__init__.py": "", "a/d/c.py": "from .. import b"}, "a/b.py", {"a/d/c.py"}),
        ({"src/a/__init__.py": "", "src/a/b.py": "", "t.py": "x = 1; import a.b"}, "src/a/b.py", {"t.py"}),
        ({"b.py": "", "c.py": "if x: import b"}, "b.py", {"c.py"}),
        ({"b.py": "", "c.py": "from \\\n  b import y"}, "b.py", set()),
        ({"b.py": "", "c.py": "import importlib\nimportlib.import_module('b')"}, "b.py", {"c.py"}),
        ({"a/__init__.py": "", "a/b.py": "", "c.py": "from a import *", "d.py": "import c"}, "a/__init__.py", {"c.py", "d.py"}),
        ({"a.ts": "", "b.ts": "import x from './a'"}, "a.ts", {"b.ts"}),
        ({"a.ts": "", "b.ts": "export * from './a.js'"}, "a.ts", {"b.ts"}),
        ({"d/index.js": "", "b.js": "const x = require('./d')"}, "d/index.js", {"b.js"}),
        ({"src/l/u.ts": "", "src/b.tsx": "import('@/l/u')"}, "src/l/u.ts", {"src/b.tsx"}),
        ({"p/package.json": '{"name": "@o/p"}', "p/src/index.ts": "", "q/b.ts": "import '@o/p'"}, "p/src/index.ts", {"q/b.ts"}),
        ({"go.mod": "module e.org/m\n", "a/a.go": "package a", "b/b.go": 'package b\nimport (\n  x "e.org/m/a"\n)\n'}, "a/a.go", {"b/b.go"}),
        ({"go.mod": "module e.org/m\n", "a/a.go": "package a", "a/c.go": "package a"}, "a/a.go", {"a/c.go"}),
        ({"go.mod": "module e.org/m\n", "m.go": "package m", "b/b.go": 'package b\nimport "e.org/m"\n'}, "m.go", {"b/b.go"}),
        ({"s/o/A.java": "package o;", "s/p/B.java": "package p;\nimport o.A;\n"}, "s/o/A.java", {"s/p/B.java"}),
        ({"s/o/A.java": "package o;", "s/p/B.java": "package p;\nimport static o.A.f;\n"}, "s/o/A.java", {"s/p/B.java"}),
        ({"s/o/A.java": "package o;", "s/p/B.java": "package p;\nimport o.*;\n"}, "s/o/A.java", {"s/p/B.java"}),
        ({"s/o/A.java": "package o;", "s/o/C.java": "package o;"}, "s/o/A.java", {"s/o/C.java"}),
        ({"Cargo.toml": '[package]\nname = "k"\n', "src/lib.rs": "mod a;", "src/a.rs": "", "src/b.rs": "use crate::a::X;"}, "src/a.rs", {"src/lib.rs", "src/b.rs"}),
        ({"k/Cargo.toml": 'name = "k-l"\n', "k/src/lib.rs": "", "m/Cargo.toml": 'name = "m"\n', "m/src/lib.rs": "use k_l::{a as b, c};"}, "k/src/lib.rs", {"m/src/lib.rs"}),
    ],
)  # fmt: skip
def test_dependents_by_the_imports_of_each_language(tree: dict[str, str], changed: str, expected: set[str]) -> None:
    assert expected <= graph_of(BaseTree(files=tree, known=True)).dependents([changed])


@pytest.mark.requirement("R27")
def test_what_imports_something_else_does_not_depend() -> None:
    tree = {"a.py": "", "b.py": "", "c.py": "import b", "d.ts": "", "e.ts": "import './x'"}
    assert graph_of(BaseTree(files=tree, known=True)).dependents(["a.py", "d.ts"]) == frozenset()


@pytest.mark.requirement("R27")
@given(st.integers(1, 12), st.data())
def test_searching_finds_exactly_what_can_be_reached(size: int, data: st.DataObject) -> None:
    node = st.integers(0, size - 1)
    edges = data.draw(st.sets(st.tuples(node, node)))
    start = data.draw(st.sets(node))
    users = tuple(tuple(sorted(b for a, b in edges if a == one)) for one in range(size))
    wanted = set(start)
    for _ in range(size):
        wanted |= {b for a, b in edges if a in wanted}
    assert reach(users, start) == wanted


def test_a_chain_of_a_hundred_thousand_files_is_searched_without_recursion() -> None:
    users = tuple((n + 1,) if n < 99_999 else (0,) for n in range(100_000))
    assert len(reach(users, [0])) == 100_000
