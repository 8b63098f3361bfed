"""An artifact at a real sshd: run once, only if it is what its digest says; the target never claims more than it knows."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest
from world.ssh_town import MOST, TAKES_ARTIFACTS, install_target, ssh_town, until

from magistrate.errors import Refused, Unavailable

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = b"first\0\n", b"second" * 1000, b"\nthird\n\n"


def digest_of(artifact):
    return f"sha256:{hashlib.sha256(artifact).hexdigest()}"


class Shop:
    """A target that takes artifacts, and what its state says."""

    def __init__(self, town, **changes):
        self.town, self.state = town, town.program.parent / "state"
        self.change(**changes)
        self.broker = town.broker()

    def change(self, **changes):
        install_target(self.town.program.parent, self.town.effects, **{**TAKES_ARTIFACTS, **changes})

    def run(self, artifact, name="shop-1.2", seconds="0", digest=None):
        """One lease from its mint to its end."""
        credential = self.broker.request(self.town.bundle, self.town.lease(), ())
        try:
            return self.broker.run(credential, [digest or digest_of(artifact), name, seconds], 30, artifact)
        finally:
            self.broker.revoke(credential.lease)

    def begin(self, lease, artifact, name="shop-1.2", seconds="0"):
        """One run without sshd; the caller waits for it."""
        started = subprocess.Popen(
            [self.town.program, "run", lease], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert started.stdin is not None
        started.stdin.write(json.dumps([digest_of(artifact), name, seconds]).encode() + b"\n" + artifact)
        started.stdin.close()
        return started

    def current(self):
        path = self.state / "current"
        return path.read_text().strip() if path.exists() else "nothing"

    def kept(self):
        return sorted(one.name for one in (self.state / "artifacts").iterdir())

    def ran(self, word="after"):
        """The digests of the artifacts on which the program said a word, in order."""
        lines = self.town.effects.read_text().splitlines() if self.town.effects.exists() else []
        return [f"sha256:{line.split()[3]}" for line in lines if line.split()[0] == word]


def names(*artifacts):
    return sorted(hashlib.sha256(one).hexdigest() for one in artifacts)


@pytest.fixture
def shop(tmp_path):
    with ssh_town(tmp_path) as town:
        yield Shop(town)


@pytest.mark.requirement("R4", "R52")
def test_an_artifact_runs_and_the_target_says_what_runs(shop):
    for artifact in (FIRST, SECOND):
        said = shop.run(artifact)
        assert (said.status, said.last) == (0, f"runs {digest_of(artifact)}")
        assert said.output.startswith("acted on shop-1.2")
        assert shop.current() == digest_of(artifact)
    assert shop.ran() == [digest_of(FIRST), digest_of(SECOND)], "the program read the very bytes"


@pytest.mark.requirement("R52")
def test_what_runs_is_not_run_again(shop):
    shop.run(FIRST)
    again = shop.run(FIRST)
    assert (again.status, again.output, again.last) == (0, f"runs {digest_of(FIRST)}", f"runs {digest_of(FIRST)}")
    assert shop.ran("began") == [digest_of(FIRST)]
    shop.run(SECOND)
    assert shop.run(FIRST).status == 0
    assert shop.ran() == [digest_of(FIRST), digest_of(SECOND), digest_of(FIRST)], "the way back is a run of its own"


@pytest.mark.requirement("R4", "R52")
def test_an_artifact_that_is_not_what_its_digest_says_runs_nothing_and_is_deleted(shop):
    shop.run(FIRST)
    for digest in (digest_of(SECOND), digest_of(THIRD + b"\n")):
        refused = shop.run(THIRD, digest=digest)
        assert (refused.status, refused.last) == (77, "")
        assert "not what its digest says" in refused.output
    assert (shop.current(), shop.kept()) == (digest_of(FIRST), names(FIRST))
    assert shop.ran("began") == [digest_of(FIRST)]


@pytest.mark.requirement("R4")
def test_too_large_an_artifact_is_refused_and_deleted_and_one_of_the_very_size_is_not(shop):
    shop.change(artifact=100_000)
    assert shop.run(b"x" * 100_000).status == 0
    for size in (100_001, 20_000_000):
        refused = shop.run(b"x" * size)
        assert refused.status == 77
        assert "more than 100000 bytes" in refused.output
    assert shop.kept() == names(b"x" * 100_000)


@pytest.mark.requirement("R52")
def test_a_large_artifact_arrives_whole_while_the_target_talks(shop):
    large = random.Random(7).randbytes(MOST)
    said = shop.run(large, name="talk")
    assert (said.status, said.last) == (0, f"runs {digest_of(large)}"), "its last line, however much it said before"
    assert len(said.output) <= 65_536
    assert shop.ran() == [digest_of(large)]


@pytest.mark.requirement("R4", "R52")
def test_a_target_that_ends_before_it_has_read_is_no_crash(shop):
    large = b"x" * MOST
    shop.change(artifact=None)
    assert shop.run(large).status == 77, "it takes no artifacts"
    shop.town.program.with_suffix(".json").unlink()
    credential = shop.broker.request(shop.town.bundle, shop.town.lease(), ())
    assert shop.broker.run(credential, [digest_of(large), "shop-1.2", "0"], 30, large).status == 78
    shop.change()
    shop.broker.revoke(credential.lease)
    with pytest.raises(Refused):
        shop.broker.run(credential, [digest_of(large), "shop-1.2", "0"], 30, large)
    shop.town.stop()
    with pytest.raises(Unavailable):
        shop.broker.run(credential, [digest_of(large), "shop-1.2", "0"], 30, large)
    assert shop.ran("began") == []


@pytest.mark.requirement("R4")
@pytest.mark.parametrize("arguments", [[], ["first"], [1, "a", "0"], ["sha256:" + "0" * 64, "$(x)", "0"]])
def test_arguments_that_the_target_does_not_want_run_nothing(shop, arguments):
    credential = shop.broker.request(shop.town.bundle, shop.town.lease(), ())
    assert shop.broker.run(credential, arguments, 30, FIRST).status == 77
    assert shop.broker.run(credential, [digest_of(FIRST), "a", "0"], 30).status == 77, "and no artifact is no artifact"
    assert (shop.ran("began"), shop.current()) == ([], "nothing")


@pytest.mark.requirement("R4", "R52")
def test_one_lease_runs_one_artifact(shop):
    credential = shop.broker.request(shop.town.bundle, shop.town.lease(), ())
    for artifact, status in ((FIRST, 0), (FIRST, 77), (SECOND, 77)):
        said = shop.broker.run(credential, [digest_of(artifact), "shop-1.2", "0"], 30, artifact)
        assert said.status == status
    assert shop.ran("began") == [digest_of(FIRST)]


@pytest.mark.requirement("R52")
def test_after_a_run_that_failed_it_is_not_known_what_runs(shop):
    shop.run(FIRST)
    failed = shop.run(SECOND, name="fail")
    assert (failed.status, shop.current()) == (3, "unknown")
    assert not failed.last.startswith("runs")
    assert shop.kept() == names(FIRST, SECOND)
    assert shop.run(FIRST).status == 0
    assert shop.ran() == [digest_of(FIRST)] * 2, "it is no retry: what ran before may be gone"


@pytest.mark.requirement("R52")
@pytest.mark.parametrize("seconds", [1, 60])
def test_a_program_that_is_killed_or_over_its_time_leaves_unknown(shop, seconds):
    shop.change(seconds=seconds)
    answers = []
    going = threading.Thread(target=lambda: answers.append(shop.run(FIRST, seconds="40")))
    going.start()
    until(shop.town.acted, "it began")
    assert shop.current() == "unknown"
    if seconds > 1:
        for pid in shop.town.pids():
            os.kill(pid, signal.SIGKILL)
    going.join()
    assert (answers[0].status, shop.current()) == (137 if seconds > 1 else 124, "unknown")


@pytest.mark.requirement("R50", "R53")
@pytest.mark.parametrize("name", ["shop-1.2", "escape"])
def test_a_revocation_in_the_middle_ends_the_run_and_leaves_unknown(shop, name):
    shop.run(FIRST)
    credential = shop.broker.request(shop.town.bundle, shop.town.lease(), ())
    answers = []
    given = [digest_of(SECOND), name, "40"]
    going = threading.Thread(target=lambda: answers.append(shop.broker.run(credential, given, 60, SECOND)))
    going.start()
    until(lambda: digest_of(SECOND) in shop.ran("escaped" if name == "escape" else "began"), "it began")
    assert not shop.broker.revoke(credential.lease).usable
    going.join()
    assert not shop.town.pids()
    assert (shop.current(), shop.ran()) == ("unknown", [digest_of(FIRST)])
    assert shop.run(SECOND).last == f"runs {digest_of(SECOND)}", "the state is free again"


@pytest.mark.requirement("R53")
def test_an_end_leaves_what_runs_as_it_stands(shop):
    shop.run(FIRST)
    subprocess.run([shop.town.program, "end", "lse-" + "b" * 26], check=True, stdout=subprocess.DEVNULL)
    assert shop.begin("lse-" + "b" * 26, SECOND).wait(20) == 77
    assert (shop.current(), shop.kept()) == (digest_of(FIRST), names(FIRST))


@pytest.mark.requirement("R53")
def test_a_runner_that_was_too_slow_to_be_seen_by_the_end_of_its_lease_stops_by_itself(shop):
    shop.run(FIRST)
    program, seen = shop.town.program.read_text(), "    write_pids(claim, 0)\n"
    assert program.count(seen) == 1
    shop.town.program.write_text(program.replace(seen, f"    (claim / 'ended').touch()\n{seen}"))
    assert shop.begin("lse-" + "b" * 26, SECOND).wait(20) == 77
    assert (shop.current(), shop.ran("began")) == (digest_of(FIRST), [digest_of(FIRST)])


@pytest.mark.requirement("R52")
def test_two_runs_never_overlap(shop):
    first = shop.begin("lse-" + "a" * 26, FIRST, seconds="5")
    until(shop.town.acted, "the first began")
    second = shop.begin("lse-" + "b" * 26, SECOND)
    assert second.wait(20) == 77
    assert first.wait(20) == 0
    assert shop.ran("began") == [digest_of(FIRST)]
    first = shop.begin("lse-" + "c" * 26, SECOND, seconds="1")
    until(lambda: len(shop.ran("began")) > 1, "it began")
    assert (shop.begin("lse-" + "d" * 26, THIRD).wait(20), first.wait(20)) == (0, 0), "the other one waited"
    assert shop.town.acted() == ["began", "after"] * 3


@pytest.mark.requirement("R52")
def test_what_outlives_a_killed_runner_keeps_the_next_run_out(shop):
    first = shop.begin("lse-" + "a" * 26, FIRST, name="escape", seconds="40")
    until(lambda: set(shop.town.acted()) == {"began", "escaped"}, "it began")
    first.kill()
    first.wait()
    until(lambda: len(shop.town.pids()) == 1, "one is left")
    assert shop.begin("lse-" + "b" * 26, SECOND).wait(20) == 77
    for pid in shop.town.pids():
        os.kill(pid, signal.SIGKILL)
    assert shop.begin("lse-" + "c" * 26, SECOND).wait(20) == 0


@pytest.mark.requirement("R52")
def test_a_kill_at_any_point_leaves_a_state_that_tells_the_truth(shop):
    chance = random.Random(20261127)
    artifacts = [bytes([number]) * 300_000 for number in range(4)]
    for number in range(24):
        artifact, before, began, ended = artifacts[number % 4], shop.current(), shop.ran("began"), shop.ran()
        running = shop.begin("lse-" + "abcdefghijklmnopqrstuvwx"[number] * 26, artifact, seconds="0.05")
        time.sleep(chance.uniform(0, 0.4))
        running.kill()
        running.wait()
        until(lambda: not shop.town.pids(), "the program died with it")
        now = shop.current()
        if shop.ran("began") == began:
            assert now in {before, "unknown"}
        else:
            assert now == "unknown" or (now == digest_of(artifact) and shop.ran() == [*ended, now])
    assert len(shop.kept()) <= 4
    assert {shop.begin("lse-" + "z" * 26, FIRST).wait(20), shop.current()} == {0, digest_of(FIRST)}
    assert len(shop.kept()) <= 2


@pytest.mark.requirement("R52")
def test_the_artifacts_of_this_run_and_the_one_before_are_kept(shop):
    for artifact in (FIRST, SECOND, THIRD):
        assert shop.run(artifact).status == 0
    assert shop.kept() == names(SECOND, THIRD)
    assert shop.run(FIRST, name="fail").status == 3
    assert shop.kept() == names(FIRST, THIRD), "what was tried last, and the last that ended well"


@pytest.mark.requirement("R4")
def test_settings_that_do_not_bound_an_artifact_are_refused(shop):
    cases: tuple[dict[str, object], ...] = (
        {"artifact": 0},
        {"artifact": True},
        {"artifact": "9"},
        {"artifact": 1.5},
        {"arguments": []},
    )
    for changes in cases:
        shop.change(**changes)
        credential = shop.broker.request(shop.town.bundle, shop.town.lease(), ())
        assert shop.broker.run(credential, [digest_of(FIRST), "a", "0"], 30, FIRST).status == 78
        shop.change()
        shop.broker.revoke(credential.lease)
    assert shop.ran("began") == []
