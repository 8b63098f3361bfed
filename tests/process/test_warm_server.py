"""A process that `world.warm_server` starts is the one that Python starts: what it has read, says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from paths import TESTS
from world import control_process, front_process, warm_judge, warm_server
from world.running import until
from world.warm_gate import DOOMED
from world.warm_server import Program

pytestmark = pytest.mark.slow
SAYS = """
import json, os
print(json.dumps({
    "argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "path": sys.path,
    "modules": sorted({n for n in sys.modules if n.partition(".")[0] not in {"json", "runpy", "warm_process", "gc"}} - {"select"}),
    "signals": {n: str(signal.getsignal(n)) for n in (1, 2, 15, 17)}, "streams": [sys.stdout.encoding, sys.stderr.errors],
    "walls": type(sys.modules["magistrate.adapters.sandbox.detect"].open_sandbox()).__name__ if len(sys.argv) > 2 else "",
}))
sys.stderr.write("said\\n")
os.write(2, b"after it\\n")
raise SystemExit(7)
"""
PROGRAMS = {
    "control": control_process.CONTROL, "gate": control_process.GATE, "executor": control_process.EXECUTOR,
    "witness": control_process.WITNESS, "front": front_process.FRONT, "doomed": DOOMED,
}  # fmt: skip


def asking(name: str) -> Program:
    """The program, which says what it sees where it would have begun."""
    return Program(PROGRAMS[name].imports + "\nimport signal, sys", SAYS)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_it_begins_where_the_real_one_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    judged = name in {"control", "executor"}
    words = ["home", *(["walls"] if judged else [])]
    env = {**os.environ, "ONE": "1", **(warm_judge.surroundings() if name != "doomed" else {"PYTHONPATH": str(TESTS)})}
    program = asking(name)
    warm_server.started(program, {**env, "ONE": "another"})
    monkeypatch.chdir(tmp_path)
    real = subprocess.run(program.argv(words), env=env, capture_output=True, timeout=60, check=False)
    warm = warm_server.run(program, words, env=env, timeout=60)
    assert warm.stderr == real.stderr == b"said\nafter it\n"
    assert warm.returncode == real.returncode == 7
    expected, found = json.loads(real.stdout), json.loads(warm.stdout)
    more = set(found.pop("modules")) ^ set(expected.pop("modules"))
    assert not {module for module in more if module.startswith(("magistrate", "world"))}
    assert found == expected
    if judged:
        assert expected["walls"] == "WarmWalls"


def test_what_is_started_can_be_signalled_and_waited_for(tmp_path: Path) -> None:
    program = Program("import sys, time", "print('up', file=sys.stderr); time.sleep(float(sys.argv[1])); sys.exit(3)")
    with (tmp_path / "log").open("ab") as log:
        one, other = (warm_server.start(program, [seconds], log=log) for seconds in ("60", "0.5"))
    until(lambda: (tmp_path / "log").read_text() == "up\nup\n")
    assert one.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    assert other.wait(10) == 3
    one.kill()
    assert one.wait(10) == one.poll() == -signal.SIGKILL
    one.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(one.pid, 0)


def test_one_that_cannot_be_imported_is_no_process(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log, pytest.raises((AssertionError, BrokenPipeError)):
        warm_server.start(Program("import magistrate.nothing", "pass"), [], log=log)


def test_other_surroundings_have_another_process(tmp_path: Path) -> None:
    program = Program("import os, sys", "sys.stdout.write(os.environ.get('TZ', '')); sys.exit(0)")
    here = {**os.environ, "TZ": "UTC"}
    assert warm_server.run(program, [], env=here, timeout=30).stdout == b"UTC"
    there = {**here, "TZ": "Asia/Tokyo"}
    assert warm_server.started(program, here) is not warm_server.started(program, there)
    assert warm_server.run(program, [], env=there, timeout=30).stdout == b"Asia/Tokyo"
