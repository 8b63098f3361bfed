"""The sabotage itself: every switch fits the source, names tests that exist, and is noticed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from functools import cache

import pytest
from paths import PYTHON, ROOT

sys.path.insert(0, str(ROOT / "tools"))
from switches import read_switches

UNDER_SABOTAGE = "MAGISTRATE_TEST_SABOTAGE"
PROVEN = "tests/unit/test_target.py::test_refuses"
TARGET = "def verify_small(n: int) -> None:\n    if n > 3:\n        raise ValueError(n)\n"
PROOF = """
import subprocess, sys
import pytest
from magistrate.target import verify_small

def test_refuses():
    with pytest.raises(ValueError):
        verify_small(4)

def test_refuses_in_a_child():
    code = "from magistrate.target import verify_small; verify_small(4)"
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True).returncode == 1

def test_accepts():
    verify_small(3)
"""


@pytest.fixture(scope="module")
def switches():
    return read_switches()


def test_every_switch_fits_the_source_exactly_once(switches):
    for switch in switches:
        assert switch.file.startswith("src/magistrate/"), switch.name
        doctored = switch.doctored((ROOT / switch.file).read_text())
        if switch.file.endswith(".py"):  # else a hook of git, in the language of the shell
            ast.parse(doctored)


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_switch_names_tests_that_exist(switches):
    for switch in switches:
        for test in switch.tests:
            file, _, name = test.partition("::")
            assert (ROOT / file).is_file(), f"{switch.name}: {file}"
            if name:
                assert name.split("::")[-1].split("[")[0] in functions_of(file), f"{switch.name}: {test}"


def test_every_switch_names_requirements_that_exist(switches):
    for switch in switches:
        for name in switch.requirements:
            assert name[0] == "R", f"{switch.name}: {name}"
            assert 1 <= int(name[1:]) <= 85, f"{switch.name}: {name}"


def small_project(tmp_path, *, find, tests):
    for name in ("sabotage.py", "switches.py"):
        (tmp_path / "tools").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools" / name)
    for folder in ("src/magistrate", "tests/unit", "tests/sabotage"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src/magistrate/__init__.py").touch()
    (tmp_path / "src/magistrate/target.py").write_text(TARGET)
    (tmp_path / "tests/unit/test_target.py").write_text(PROOF)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "tests/sabotage/switches.toml").write_text(
        f'[[switch]]\nname = "small"\nrequirement = "R1"\nfile = "src/magistrate/target.py"\n'
        f'find = "{find}"\nreplace = "n > 30"\ntests = ["{tests}"]\n'
    )
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", UNDER_SABOTAGE}}
    return subprocess.run(
        [PYTHON, "tools/sabotage.py"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_noticed_sabotage_is_red_and_passes(tmp_path):
    done = small_project(tmp_path, find="n > 3", tests=PROVEN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "red     small" in done.stdout
    assert (tmp_path / "src/magistrate/target.py").read_text() == TARGET, "the original is never touched"


@pytest.mark.slow
def test_a_child_process_runs_the_doctored_source_too(tmp_path):
    done = small_project(tmp_path, find="n > 3", tests=PROVEN + "_in_a_child")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_an_unnoticed_sabotage_fails(tmp_path):
    done = small_project(tmp_path, find="n > 3", tests="tests/unit/test_target.py::test_accepts")
    assert done.returncode == 1
    assert "GREEN   small" in done.stdout


def test_a_switch_that_no_longer_fits_fails(tmp_path):
    done = small_project(tmp_path, find="n > 5", tests=PROVEN)
    assert done.returncode == 1
    assert "misfit  small" in done.stdout


@pytest.mark.slow
def test_a_test_that_is_red_without_sabotage_fails(tmp_path):
    done = small_project(tmp_path, find="n > 3", tests="tests/unit/test_target.py::test_that_is_absent")
    assert done.returncode == 1
    assert "red" not in done.stdout.split("must be green")[1].split()
