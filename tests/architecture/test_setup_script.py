"""The set-up on a bare machine: what is missing is named with the one command that mends it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from paths import ROOT

TOOLS = ("sh", "dirname", "rm", "touch", "mkdir")
OLD = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2' && exit 0\nexit 1\n"
NO_VENV = '#!/bin/sh\n[ "$1" = -m ] && exit 1\nexit 0\n'


@pytest.fixture
def bare(tmp_path):
    """A project folder with a space in its name and a search path that holds next to nothing."""
    folder = tmp_path / "a project"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools/setup.sh", folder / "tools/setup.sh")
    shutil.copy(ROOT / "tools/uv.txt", folder / "tools/uv.txt")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(shutil.which(name))
    return folder, programs


def give(programs, name, text="#!/bin/sh\nexit 0\n"):
    (programs / name).write_text(text)
    (programs / name).chmod(0o755)


def set_up(bare):
    folder, programs = bare
    return subprocess.run(
        [folder / "tools/setup.sh"], env={"PATH": str(programs), "GOAL": "demo"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_without_git(bare):
    done = set_up(bare)
    assert done.returncode == 2
    assert "git is missing\n  mend it with:  sudo apt-get install -y git" in done.stderr


def test_without_python(bare):
    give(bare[1], "git")
    done = set_up(bare)
    assert done.returncode == 2
    assert "sudo apt-get install -y python3 python3-venv" in done.stderr


def test_with_an_old_python(bare):
    give(bare[1], "git")
    give(bare[1], "python3", OLD)
    done = set_up(bare)
    assert done.returncode == 2
    assert "Python 3.9.2 is too old: Python 3.11 or newer is needed" in done.stderr
    assert "make PYTHON=python3.12 demo" in done.stderr


def test_without_the_venv_module(bare):
    give(bare[1], "git")
    give(bare[1], "python3", NO_VENV)
    done = set_up(bare)
    assert done.returncode == 2
    assert "sudo apt-get install -y python3-venv" in done.stderr


def test_a_uv_on_the_path_is_used_with_the_lock(bare):
    folder, programs = bare
    give(programs, "git")
    give(programs, "uv", '#!/bin/sh\necho "$@" > asked\nmkdir -p .venv\n')
    done = set_up(bare)
    assert done.returncode == 0, done.stderr
    assert (folder / "asked").read_text() == "sync --frozen --quiet\n"
    assert (folder / ".venv/.ready").exists()


def test_the_lock_is_hashed_throughout():
    assert "--hash=sha256:" in (ROOT / "tools/uv.txt").read_text()
    lock = (ROOT / "uv.lock").read_text()
    files = re.findall(r"\{ url = .*\}", lock)
    assert files
    assert all('hash = "sha256:' in line for line in files)


def test_the_runner_of_continuous_integration_runs_everything():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("make deps\nREQUIRE_ALL=1 make test")
