"""Where checkov is found: as the program of an environment of its own, that shows no home."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from magistrate.bootstrap.tools import found_tools

pytestmark = pytest.mark.requirement("R21")


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, first: str = "#!{bin}/python") -> Path:
    """An environment with checkov in a folder, on the `PATH` by a link from another one."""
    own, links = folder / "bin", folder.with_name("links")
    own.mkdir(parents=True)
    links.mkdir()
    (own / "python").symlink_to(sys.executable)
    (own / "checkov").write_text(first.format(bin=own) + "\nimport checkov\n")
    (own / "checkov").chmod(0o755)
    (links / "checkov").symlink_to(own / "checkov")
    listed = folder / "lib/python3.11/site-packages/checkov-3.dist-info"
    listed.mkdir(parents=True)
    (listed / "RECORD").write_text("")
    monkeypatch.setenv("PATH", str(links))
    monkeypatch.setenv("HOME", str(folder.parent / "home"))
    return own


def test_the_program_of_its_own_environment_is_taken(tmp_path, monkeypatch):
    own = installed(tmp_path / "pipx", monkeypatch)
    tool = found_tools()["checkov"]
    assert tool.start == (str(own / "python"), "-I", "-m", "checkov.main")
    assert own.parent in tool.shown
    assert tool.digest.startswith("sha256:")


@pytest.mark.parametrize(
    "first",
    ["", "#!", "#!/bin/sh", "#!python", "#!/usr/bin/env python3", "#!{bin}/python -c x", "#!{bin}/gone", "#!{bin}"],
)
def test_any_other_first_line_is_not_followed(tmp_path, monkeypatch, first):
    installed(tmp_path / "pipx", monkeypatch, first)
    assert "checkov" not in found_tools()


def test_a_home_that_is_a_link_is_no_hindrance(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "homes").symlink_to(tmp_path / "data")
    own = installed(tmp_path / "homes" / "pipx", monkeypatch)
    assert found_tools()["checkov"].start[0] == str(own / "python")


def test_a_relative_interpreter_is_not_followed(tmp_path, monkeypatch):
    own = installed(tmp_path / "pipx", monkeypatch, "#!bin/python")
    monkeypatch.chdir(own.parent)
    assert "checkov" not in found_tools()


def test_an_environment_without_its_record_is_not_taken(tmp_path, monkeypatch):
    own = installed(tmp_path / "pipx", monkeypatch)
    (own.parent / "lib/python3.11/site-packages/checkov-3.dist-info/RECORD").unlink()
    assert "checkov" not in found_tools()


def test_one_that_would_show_a_whole_home_is_not(tmp_path, monkeypatch):
    own = installed(tmp_path / "pipx", monkeypatch)
    monkeypatch.setenv("HOME", str(own.parent / "below"))
    assert "checkov" not in found_tools()


def test_one_of_a_repository_is_not(tmp_path, monkeypatch):
    installed(tmp_path / "pipx", monkeypatch)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "checkov" not in found_tools()
