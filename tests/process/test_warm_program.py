"""The program that `world.warm` runs is the program: what it says, how it ends, and that nothing of a call is left."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from paths import MAGISTRATE, PYTHON, TESTS
from world import warm
from world.running import until

GRANT = '{"Version": "2012-10-17", "Statement": []}'


def real(*words: str, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(MAGISTRATE), *words], env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def warmed(*words: str, cwd: Path | None = None, **env: str) -> tuple[int, str, str]:
    done = warm.run(words, cwd=cwd, env={**os.environ, **env}, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--help"], 0), (["--version"], 0), (["init", "--nonsense"], 2), (["queue"], 3), (["audit", "verify", "/nonexistent"], 3)],
)  # fmt: skip
def test_it_says_and_ends_as_the_real_program(words, status):
    found = warmed(*words)
    assert found == real(*words)
    assert found[0] == status


@pytest.mark.slow
def test_nothing_of_a_call_is_left_for_the_next(tmp_path):
    made = warmed(
        "init", "--solo", "--name", "anna", cwd=tmp_path, HOME=str(tmp_path), MAGISTRATE_HOME=str(tmp_path / "made"),
        COLUMNS="60",
    )  # fmt: skip
    assert made[0] == 0, made
    assert (tmp_path / "made").is_dir()
    before = warmed("--help", COLUMNS="60")
    assert before == real("--help", COLUMNS="60") != warmed("--help")
    assert warmed("--help") == real("--help")
    assert warmed("queue") == real("queue")
    (tmp_path / "a.json").write_text(GRANT)
    assert warmed("privilege", "diff", "a.json", "a.json", cwd=tmp_path)[0] == 0
    assert warmed("privilege", "diff", "a.json", "a.json")[0] != 0


def test_what_counts_before_the_first_import_starts_the_real_program():
    assert "import time:" in warmed("--help", PYTHONPROFILEIMPORTTIME="1")[2]
    assert "import time:" not in warmed("--help")[2]


def children() -> list[int]:
    """The programs that run in this moment below the warm process."""
    pid = warm.started().process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def forever(tmp_path):
    """Words of a call that does not end by itself: the witness of a home."""
    words = ["--home", str(tmp_path / "home")]
    assert warmed("init", "--solo", "--name", "anna", *words, HOME=str(tmp_path))[0] == 0
    return ["witness", *words]


def test_a_call_that_takes_too_long_is_ended_and_said(forever):
    with pytest.raises(subprocess.TimeoutExpired) as late:
        warm.run(forever, timeout=1)
    assert late.value.cmd == [str(MAGISTRATE), *forever]
    assert not children()
    assert warmed("--help")[0] == 0, "the next call is not touched"


def test_a_signal_ends_it_as_it_ends_a_process(forever):
    ended: list[int] = []
    call = threading.Thread(target=lambda: ended.append(warm.run(forever).returncode))
    call.start()
    until(lambda: bool(children()))
    assert warmed("--version")[0] == 0, "one call does not wait for another"
    os.kill(children()[0], signal.SIGKILL)
    call.join()
    assert ended == [-signal.SIGKILL]


def test_it_ends_with_the_one_that_started_it():
    script = (
        "from world import warm\nassert warm.run(['--version']).returncode == 0\nprint(warm.started().process.pid, flush=True)\n"
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    asked = subprocess.run([PYTHON, "-c", script], cwd=TESTS, capture_output=True, text=True, check=False, timeout=60)
    pid = int(asked.stdout)
    assert asked.returncode == -signal.SIGKILL
    until(lambda: ended(pid))


def ended(pid: int) -> bool:
    """Whether a process is gone, or only its parent has not asked yet how it ended."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
