"""What never appears in the source: words, shapes and sizes that the design rules out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest
from paths import PACKAGE, ROOT
from world.source_graph import modules

from magistrate.errors import CODES

WORDS = {"handler", "handlers", "manager", "managers", "helper", "helpers", "util", "utils", "common", "processor",
         "processors", "data", "info"}  # fmt: skip
OVERRIDES = {"handle_starttag", "handle_data"}  # names that a base class of the standard library dictates
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
CODE = re.compile(r"MAG-E\d+")
WORKPLACE = re.compile(r"/work/|\.\./shared|shared/(design|notes|hooks|plan)|\bissues show\b")
OUTSIDE = {"tests/paths.py", "tests/architecture/test_never_rules.py"}


def parts(name):
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return {part.lower() for part in spaced.split("_") if part}


def definitions(module):
    return [node for node in module.nodes if isinstance(node, DEFINITIONS)]


def test_no_name_says_nothing():
    wrong = [m.name for m in modules().values() if WORDS & set().union(*map(parts, m.name.split(".")))]
    wrong += [
        f"{m.name}.{node.name}"
        for m in modules().values() for node in definitions(m)
        if WORDS & parts(node.name) and node.name not in OVERRIDES
    ]  # fmt: skip
    assert not wrong


def test_an_init_is_empty_but_for_a_docstring():
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        assert len(body) <= 1, path
        assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body), path


def test_verify_raises_and_never_answers_true_or_false():
    wrong = [
        f"{m.name}.{node.name}"
        for m in modules().values() for node in definitions(m)
        if not isinstance(node, ast.ClassDef) and node.name.lstrip("_").startswith("verify")
        and (node.returns is None or "bool" in ast.unparse(node.returns))
    ]  # fmt: skip
    assert not wrong


def test_nothing_is_swallowed():
    wrong = [
        f"{m.name}:{node.lineno}"
        for m in modules().values() for node in m.nodes
        if isinstance(node, ast.ExceptHandler) and _broad(node.type)
        and all(isinstance(inner, ast.Pass | ast.Continue) for inner in node.body)
    ]  # fmt: skip
    assert not wrong


def _broad(kind):
    return kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})


def raised_codes():
    return {
        code: m.name
        for m in modules().values() if m.name != "errors"
        for node in m.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for code in CODE.findall(node.value) if node.value == code
    }  # fmt: skip


def test_every_code_is_listed_and_every_listed_code_is_used():
    used = raised_codes()
    assert set(used) <= set(CODES), "raised, but not in `errors.CODES`"
    assert set(CODES) <= set(used), "listed in `errors.CODES`, but raised nowhere"


def test_every_code_in_a_docstring_is_listed():
    spoken = {
        (m.name, code)
        for m in modules().values() if m.name != "errors"
        for node in [m.tree, *definitions(m)]
        for code in CODE.findall(ast.get_docstring(node) or "")
    }  # fmt: skip
    assert not {entry for entry in spoken if entry[1] not in CODES}


def test_modules_and_functions_stay_small():
    done = subprocess.run([sys.executable, ROOT / "tools/sizes.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("what", ["content", "name"])
def test_the_project_speaks_of_itself_only(what):
    if not (ROOT / ".git").exists():
        files = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts]
    else:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        files = [name for name in listed.stdout.decode().split("\0") if name]
    wrong = []
    for name in files:
        if name in OUTSIDE or not (ROOT / name).is_file():
            continue
        text = (ROOT / name).read_bytes().decode("utf-8", "replace") if what == "content" else name
        wrong += [f"{name}: {found[0]}" for found in WORKPLACE.finditer(text)]
    assert not wrong
