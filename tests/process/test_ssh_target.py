"""The program of a target: one lease is claimed once, runs one argv, and is ended with everything it started."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from world.ssh_town import install_target, until

from magistrate.executor.credentials import ssh_target

pytestmark = pytest.mark.slow
LEASE = "lse-" + "a" * 26


class Target:
    def __init__(self, folder, **changes):
        self.folder, self.effects = folder, folder / "effects"
        self.program = install_target(folder, self.effects, **changes)

    def start(self, *words, environment=None, given=("shop-1.2", "0")):
        done = subprocess.Popen(
            [self.program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": "/usr/bin:/bin", **(environment or {})},
        )  # fmt: skip
        assert done.stdin is not None
        done.stdin.write(json.dumps(given).encode() if given is not None else b"")
        done.stdin.close()
        return done

    def call(self, *words, **options):
        started = self.start(*words, **options)
        assert started.stdout is not None
        with started.stdout:
            said = started.stdout.read().decode()
        return started.wait(), said

    def acted(self):
        return [line.split()[0] for line in self.effects.read_text().splitlines()] if self.effects.exists() else []

    def alive(self):
        lines = self.effects.read_text().splitlines() if self.effects.exists() else []
        return {int(line.split()[2]) for line in lines} & set(ssh_target.processes())


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path)


@pytest.mark.requirement("R52")
def test_of_many_who_come_with_one_lease_one_runs(target):
    started = [target.start("run", LEASE) for _ in range(8)]
    codes = []
    for one in started:
        with one.stdout:
            one.stdout.read()
        codes.append(one.wait())
    assert sorted(codes) == [0] + [77] * 7
    assert target.acted() == ["began", "after"]


@pytest.mark.requirement("R53")
def test_a_lease_that_was_ended_never_runs_and_ending_is_idempotent(target):
    for _ in range(2):
        assert target.call("end", LEASE, given=None) == (0, f"ended {LEASE}\n")
    assert target.call("run", LEASE)[0] == 77
    assert target.acted() == []


@pytest.mark.requirement("R53")
def test_run_and_end_at_the_same_moment_leave_nothing_alive(target):
    chance = random.Random(7)
    for number in range(12):
        lease = "lse-" + "abcdefghijkl"[number] * 26
        running = target.start("run", lease, given=("escape", "30"))
        time.sleep(chance.uniform(0, 0.25))
        assert target.call("end", lease, given=None) == (0, f"ended {lease}\n")
        until(lambda one=running: one.poll() is not None, "the runner is gone")
        running.stdout.close()
        assert not target.alive()
    assert "after" not in target.acted()


@pytest.mark.requirement("R53")
def test_what_waits_for_its_input_is_ended_too(target):
    waiting = subprocess.Popen(
        [target.program, "run", LEASE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until((target.folder / "state" / LEASE / "pids").exists, "it waits")
    assert target.call("end", LEASE, given=None)[0] == 0
    assert waiting.wait(5) == -signal.SIGKILL
    assert waiting.stdin is not None
    waiting.stdin.close()


@pytest.mark.requirement("R53")
def test_a_killed_runner_takes_its_program_with_it(target):
    running = target.start("run", LEASE, given=("shop-1.2", "30"))
    until(target.acted, "it began")
    running.kill()
    running.wait()
    running.stdout.close()
    until(lambda: not target.alive(), "the program died with it")
    assert target.call("end", LEASE, given=None)[0] == 0


@pytest.mark.requirement("R52")
def test_a_program_ends_with_its_time_and_leaves_nothing_behind(tmp_path):
    target = Target(tmp_path, seconds=1)
    assert target.call("run", LEASE, given=("escape", "30"))[0] == 124
    assert not target.alive()


@pytest.mark.requirement("R52")
def test_another_process_with_a_number_of_old_is_left_alone(target):
    (target.folder / "state" / LEASE).mkdir()
    mine = os.getpid()
    (target.folder / "state" / LEASE / "pids").write_text(f"{mine} 1 {mine} 1\n")
    assert target.call("end", LEASE, given=None)[0] == 0


@pytest.mark.requirement("R4")
@pytest.mark.parametrize(
    "words",
    [(), ("run",), ("run", "../../etc"), ("run", LEASE + "\n"), ("run", LEASE, "x"), ("shell", LEASE), ("run", "lse-" + "A" * 26),
     ("run", "lse-$(touch x)"), ("end", "/etc"), ("run", ""), ("-c", LEASE)],
)  # fmt: skip
def test_hostile_words_are_refused(target, words):
    assert target.call(*words)[0] == 77
    assert list((target.folder / "state").iterdir()) == []


@pytest.mark.requirement("R4")
def test_a_command_of_the_callers_own_is_refused_and_claims_nothing(target):
    asked = {"SSH_ORIGINAL_COMMAND": "sh"}
    assert target.call("run", LEASE, environment=asked)[0] == 77
    assert target.call("end", LEASE, environment=asked)[0] == 77
    assert list((target.folder / "state").iterdir()) == []


@pytest.mark.requirement("R4")
def test_the_program_sees_its_arguments_as_data_and_nothing_of_the_callers_environment(tmp_path):
    shows = [sys.executable, "-I", "-c", "import os, sys; print(sys.argv[1:], sorted(os.environ), sys.stdin.read())"]
    target = Target(tmp_path, argv=shows, arguments=["[^/]{1,40}"])
    status, said = target.call("run", LEASE, given=("$(touch x); *",), environment={"LD_PRELOAD_OF_A_STRANGER": "1"})
    assert (status, said) == (0, "['$(touch x); *'] ['LC_ALL', 'PATH'] \n")


@pytest.mark.requirement("R4")
def test_settings_or_state_that_others_can_write_are_refused(target):
    settings = target.program.with_suffix(".json")
    for path, mode in ((settings, 0o622), (target.folder / "state", 0o777)):
        before = path.stat().st_mode
        path.chmod(mode)
        assert target.call("run", LEASE)[0] == 78
        path.chmod(before)
    for told in ("", "[]", "{}", '{"state": "x"}', '{"state": "relative", "argv": ["/bin/true"], "arguments": [], "seconds": 1}',
                 '{"state": "/", "argv": ["true"], "arguments": [], "seconds": 1}'):  # fmt: skip
        settings.write_text(told)
        assert target.call("run", LEASE)[0] == 78
    assert target.acted() == []


@pytest.mark.requirement("R52")
def test_a_program_that_is_not_there_says_so(tmp_path):
    target = Target(tmp_path, argv=["/nonexistent/program"], arguments=[])
    status, said = target.call("run", LEASE, given=())
    assert (status, said) == (78, "/nonexistent/program cannot be run: No such file or directory\n")
