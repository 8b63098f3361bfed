"""Which interpreter may run a repository's tests: one whose folder shows them no home."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from magistrate.bootstrap.tools import found_tools


def named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with pytest in a folder, as the operator would name it."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.symlink_to(sys.executable)
    listed = folder / "lib/python3.11/site-packages/pytest-9.dist-info"
    listed.mkdir(parents=True)
    (listed / "RECORD").write_text("")
    monkeypatch.setenv("MAGISTRATE_TEST_PYTHON", str(python))
    return folder


@pytest.mark.requirement("R20")
def test_an_environment_of_its_own_is_taken(tmp_path, monkeypatch):
    own = named(tmp_path / "home" / "project" / ".venv", monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own in found_tools()["pytest"].shown


@pytest.mark.requirement("R20")
@pytest.mark.parametrize("home", ["", "below"])
def test_one_that_would_show_a_whole_home_is_not(tmp_path, monkeypatch, home):
    folder = named(tmp_path / "home", monkeypatch)
    monkeypatch.setenv("HOME", str(folder / home))
    assert "pytest" not in found_tools()
