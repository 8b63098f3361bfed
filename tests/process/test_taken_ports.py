"""A port that somebody else has: said plainly, and a stranger's answer is never taken for ours."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest
from paths import MAGISTRATE
from world.ports import four_free_ports

pytestmark = pytest.mark.slow


def magistrate(home, *arguments):
    return subprocess.run(
        [str(MAGISTRATE), *map(str, arguments), "--home", str(home)], capture_output=True, text=True, timeout=120,
        cwd=home.parent, env={**os.environ, "HOME": str(home.parent)}, check=False,
    )  # fmt: skip


def test_a_port_of_another_program_is_a_clear_error(tmp_path):
    home, first = tmp_path / "home", four_free_ports()
    assert magistrate(home, "init", "--solo", "--name", "anna", "--ports", first).returncode == 0
    with socket.socket() as other:
        other.bind(("127.0.0.1", first + 1))
        other.listen()
        done = magistrate(home, "up")
    assert done.returncode == 4
    assert f"`control` of this home wants port {first + 1}, which is taken" in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr
    assert "[ports]" in done.stderr
    assert not (home / "run" / "up.json").exists()


def test_two_homes_with_the_same_ports_are_told_apart(tmp_path):
    first, second, ports = tmp_path / "first", tmp_path / "second", four_free_ports()
    for home in (first, second):
        assert magistrate(home, "init", "--solo", "--name", "anna", "--ports", ports).returncode == 0
    try:
        assert magistrate(first, "up", "--detach").returncode == 0
        refused = magistrate(second, "up", "--detach")
        assert refused.returncode == 4
        assert f"of the home {first}" in refused.stderr
        asked = magistrate(second, "queue")
        assert asked.returncode != 0
        assert "another deployment answers" in asked.stderr
        assert magistrate(first, "queue").returncode == 0
    finally:
        magistrate(first, "up", "--stop")
    try:
        assert magistrate(second, "up", "--detach").returncode == 0
    finally:
        magistrate(second, "up", "--stop")
