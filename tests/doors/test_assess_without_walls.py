"""A machine with no bubblewrap, no namespaces and no Landlock: assess still judges, and says what that costs."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from world.assessing import commit, run, small_repository

import magistrate
from magistrate.adapters.sandbox.bare import BareProcess
from magistrate.errors import Unavailable
from magistrate.ports import SandboxLevel, SandboxLimits

pytestmark = pytest.mark.slow

PACKAGE = Path(magistrate.__path__[0])
"""The source that runs, also under sabotage."""
CALLS = {"x86_64": (444, 272), "aarch64": (444, 97)}
"""landlock_create_ruleset and unshare."""
POOR = """
import ctypes, struct, sys
def op(code, jt, jf, k):
    return struct.pack("=HBBI", code, jt, jf, k)
landlock, unshare = map(int, sys.argv[1:3])
deny = lambda number, errno: op(0x15, 0, 1, number) + op(0x06, 0, 0, 0x00050000 | errno)
program = op(0x20, 0, 0, 0) + deny(landlock, 38) + deny(unshare, 1) + op(0x06, 0, 0, 0x7FFF0000)
libc = ctypes.CDLL(None)
zero = ctypes.c_ulong(0)
assert libc.prctl(38, ctypes.c_ulong(1), zero, zero, zero) == 0
buffer = ctypes.create_string_buffer(program)
assert libc.prctl(22, ctypes.c_ulong(2), struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))) == 0
from magistrate.entrypoints.cli.main import main
main(sys.argv[3:])
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "a repo")


def poor(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`magistrate` where the kernel knows no Landlock, refuses namespaces, and bwrap is not on the PATH."""
    if platform.machine() not in CALLS:
        pytest.skip("no system call numbers for this architecture")
    programs = repo.parent / "bin"
    programs.mkdir(exist_ok=True)
    git = shutil.which("git")
    if git is not None and not (programs / "git").exists():
        (programs / "git").symlink_to(git)
    return subprocess.run(
        [sys.executable, "-c", POOR, *map(str, CALLS[platform.machine()]), "assess", *arguments],
        cwd=repo, capture_output=True, text=True, check=False, env={**os.environ, "PATH": str(programs)},
    )  # fmt: skip


@pytest.mark.requirement("R25")
def test_static_proofs_hold_without_walls_and_the_cost_is_said(repo: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n"})
    done = poor(repo, "HEAD~1", "--fail-on", "one")
    assert done.returncode == 0, done.stderr
    assert "documentation/1" in done.stdout
    said = " ".join(done.stdout.split())
    assert re.search(r"no walls here.*no tool was run again.*`apt-get install bubblewrap`", said)
    assert "no `bwrap` here" in said
    assert "no Landlock" in said


@pytest.mark.requirement("R25")
def test_the_verdict_is_the_same_as_behind_walls_but_for_what_a_tool_proves(repo: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n", "a.py": "import os\n\nprint(os, 1)\n", "b.bin": "\0"})
    done = poor(repo, "HEAD~1", "--format", "json")
    assert "note: no walls here" in done.stderr
    walled = subprocess.run(
        [sys.executable, "-m", "magistrate.entrypoints.cli.main", "assess", "HEAD~1", "--format", "json"],
        cwd=repo, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == json.loads(walled.stdout)


def test_without_walls_a_tool_is_never_run(repo: Path) -> None:
    commit(repo, {"a.py": "print(f'x')\n", "pyproject.toml": "[tool.ruff]\n"})
    commit(repo, {"a.py": "print('x')\n"})
    assert "ruff-fix/1" in run(repo, "HEAD~1").output, "with walls ruff proves it"
    done = poor(repo, "HEAD~1")
    assert done.returncode == 0, done.stderr
    assert "one person" in done.stdout
    assert "`ruff` gave no answer for 1 file" in " ".join(done.stdout.split())


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    "argv",
    [["/bin/true"], [sys.executable, "-c", "0"], [sys.executable]],
    ids=["another program", "not isolated", "bare interpreter"],
)
def test_only_the_isolated_interpreter_runs_bare(argv: list[str], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="only the assessor itself"):
        BareProcess().run(argv)
    judge = [sys.executable, "-I", "-c", "print(1)"]
    assert BareProcess().run(judge).stdout == b"1\n"
    with pytest.raises(Unavailable, match="only the assessor itself"):
        BareProcess().run(judge, read_only=[tmp_path])
    with pytest.raises(Unavailable, match="only the assessor itself"):
        BareProcess().run(judge, writable=tmp_path)


def test_a_bare_process_has_limits_no_environment_and_where_the_kernel_can_no_socket(tmp_path: Path) -> None:
    limits = SandboxLimits(cpu_seconds=2, wall_seconds=10, memory_bytes=1 << 29, output_bytes=100_000)

    def said(code: str) -> str:
        done = BareProcess().run([sys.executable, "-I", "-c", code], limits=limits)
        return (done.stdout + done.stderr).decode() or f"status {done.returncode}"

    assert "MemoryError" in said("x = bytes(1 << 30)")
    assert said("while True: pass") in {"status -24", "status -9"}
    assert "PermissionError" in said("import socket; socket.socket()")
    assert "PermissionError" in said("import os; os.fork()")
    written = tmp_path / "written"
    assert "File too large" in said(f"import os; os.write(os.open({str(written)!r}, os.O_CREAT | os.O_WRONLY), b'x')")
    assert said("import os; print(sorted(os.environ))").startswith("['HOME', 'LC_ALL', 'PATH', 'PYTHONDONTWRITEBYTE")


@pytest.mark.requirement("R25")
def test_only_assess_may_judge_without_walls() -> None:
    named = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"open_for_judging|BareProcess|sandbox\.bare", path.read_text())
    }
    assert named == {"adapters/sandbox/bare.py", "adapters/sandbox/detect.py", "bootstrap/assess.py"}
    from magistrate.adapters.sandbox.detect import open_sandbox

    with pytest.raises(Unavailable):
        open_sandbox(SandboxLevel.NONE)
    using = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"magistrate\.bootstrap\.assess import .*\b(?:assessor|missing_walls)\b", path.read_text())
    }
    assert all(re.fullmatch(r"entrypoints/cli/(?:assess\w*|privilege)\.py", path) for path in using), using
