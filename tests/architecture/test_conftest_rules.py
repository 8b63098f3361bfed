"""The test run itself: an unexplained skip fails, an explained one does not, markers are real."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from paths import OUTSIDE_DATA_ABSENT, PYTHON, TESTS

SKIPS = """
import pytest

def test_passes():
    pass

def test_skips():
    pytest.skip("{reason}")
"""
MODULE_SKIPS = """
import pytest
pytest.skip("no such tool", allow_module_level=True)
"""
MARKED = """
import pytest

@pytest.mark.skip(reason="tired")
def test_marked():
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected():
    assert False
"""


def run(tmp_path, source, *options, require_all="1"):
    for name in ("conftest.py", "clean.py", "allowed_skips.toml"):
        shutil.copy(TESTS / name, tmp_path / name)
    (tmp_path / "test_inner.py").write_text(source)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    requirement(*ids): x\n")
    return subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env={**os.environ, "REQUIRE_ALL": require_all},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=["alone", "workers"])
def test_an_unexplained_skip_fails(tmp_path, options):
    done = run(tmp_path, SKIPS.format(reason="too lazy"), *options)
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "allows no such skip: too lazy" in done.stdout


def test_an_explained_skip_is_a_skip(tmp_path):
    done = run(tmp_path, SKIPS.format(reason=f"{OUTSIDE_DATA_ABSENT}: commits"))
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_without_require_all_any_skip_is_a_skip(tmp_path):
    done = run(tmp_path, SKIPS.format(reason="too lazy"), require_all="")
    assert done.returncode == 0, done.stdout


def test_a_module_that_skips_itself_fails(tmp_path):
    done = run(tmp_path, MODULE_SKIPS)
    assert done.returncode != 0
    assert "allows no such skip: no such tool" in done.stdout


def test_a_mark_is_no_way_round_and_an_expected_failure_is_none(tmp_path):
    done = run(tmp_path, MARKED)
    assert done.returncode == 1
    assert "1 xfailed, 1 error" in done.stdout


@pytest.mark.parametrize("name", ['"R0"', '"R86"', '"R053"', "53", ""])
def test_a_requirement_must_exist(tmp_path, name):
    source = f"import pytest\n\n@pytest.mark.requirement({name})\ndef test_x():\n    pass\n"
    done = run(tmp_path, source)
    assert done.returncode == 4
    assert "no such requirement" in done.stdout + done.stderr


def test_the_environment_is_clean():
    assert "SSH_AUTH_SOCK" not in os.environ
    assert os.environ["MAGISTRATE_HOME"].startswith("/nonexistent")
    assert os.environ["GIT_CONFIG_GLOBAL"] == os.devnull
