"""The allow-list of modules: loading each does nothing that another module could see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from magistrate.impact.base import BaseTree
from magistrate.impact.python_imports import INERT, PACKAGES, QUIET, STARTED, SUBMODULES, Atom, may_go, shadowed
from magistrate.impact.python_unused import taken_by

LOOK = """
import builtins, json, os, signal, sys, warnings
def seen():
    return [
        repr(x) for x in (
            sys.excepthook, sys.displayhook, sys.meta_path, sys.path_hooks, sys.path, sys.gettrace(), sys.getprofile(), sys.stdin,
            sys.stdout, sys.stderr, builtins.input, builtins.print, builtins.__import__, dict(os.environ), warnings.filters,
            [signal.getsignal(one) for one in sorted(signal.valid_signals())], sys.getrecursionlimit(), sys.getswitchinterval(),
            os.getcwd(), sorted(vars(builtins)), getattr(sys, 'ps1', None),
        )
    ]
sys.path += sys.argv[2:]
wrong = []
for name in json.loads(sys.argv[1]):
    before = seen()
    __import__(name)
    if seen() != before:
        wrong.append(name)
print(json.dumps(wrong))
"""


def changed_by_loading(names: list[str], *folders: Path) -> list[str]:
    argv = [sys.executable, "-I", "-W", "ignore", "-c", LOOK, json.dumps(names), *map(str, folders)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.requirement("R17")
def test_loading_a_module_of_the_list_changes_nothing_that_others_see() -> None:
    assert changed_by_loading(sorted(INERT | SUBMODULES)) == []


@pytest.mark.parametrize(
    "effect",
    ["sys.meta_path.append(1)", "os.environ['A'] = '1'", "builtins.input = 1", "warnings.simplefilter('error')"],
)
def test_the_look_sees_what_a_module_with_effects_does(tmp_path: Path, effect: str) -> None:
    (tmp_path / "loud.py").write_text(f"import builtins, os, sys, warnings\n{effect}\n")
    assert changed_by_loading(["csv", "loud"], tmp_path) == ["loud"]


def test_the_lists_are_of_the_standard_library_and_agree() -> None:
    assert sys.stdlib_module_names >= INERT
    assert QUIET < INERT
    assert {name.split(".")[0] for name in SUBMODULES} <= INERT
    assert not INERT & {
        "antigravity",
        "this",
        "readline",
        "rlcompleter",
        "site",
        "pdb",
        "tkinter",
        "idlelib",
        "turtle",
        "__future__",
    }
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert set(loaded.stdout.split()) >= STARTED
    assert PACKAGES


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    ("module", "name", "goes"),
    [
        ("json", "", True), ("os.path", "", True), ("typing", "Any", True), ("logging", "getLogger", True), ("logging", "handlers", False), ("logging.handlers", "", False),
        ("importlib", "util", False), ("readline", "", False), ("app.models", "", False), (".models", "User", False),
    ],
)  # fmt: skip
def test_what_may_go_is_missed_by_nobody(module: str, name: str, goes: bool) -> None:
    assert may_go(Atom(module, name, "")) is goes


@pytest.mark.parametrize("path", ["json.py", "a/json.py", "a/json/__init__.py", "json.pyi", "x/json.cpython.pyx"])
def test_a_file_of_the_repository_may_be_meant(path: str) -> None:
    assert shadowed("json", BaseTree(files={path: ""}, known=True)) == path


@pytest.mark.parametrize(
    "text",
    [
        "from app.m import json", "from app import m\nm.json.loads", "patch('app.m.json')", "hook: app.m:json", "from app.m import (\n    json,\n)",
        "from app.m import *", "import app.m\nsetattr(app.m, 'json', 1)", "import app.m as x\nvars(x)",
    ],
)  # fmt: skip
def test_another_file_may_take_a_name(text: str) -> None:
    assert taken_by("app/m.py", "json", BaseTree(files={"b.py": text, "app/m.py": "import json"}, known=True)) == "b.py"
    assert taken_by("app/other.py", "json", BaseTree(files={"b.py": text}, known=True)) is None
