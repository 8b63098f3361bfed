"""A consumer of a secret at a real sshd: it runs with the new one or says that it does not, and nobody else ever sees it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from world.ssh_town import install_target, ssh_town, until

from magistrate.errors import Refused, Unavailable
from magistrate.executor.credentials.ssh_consumer import SshConsumer
from magistrate.executor.ports import NewSecret

pytestmark = pytest.mark.slow
PIN = "unkept:sha256:[0-9a-f]{64}"
SECRET = NewSecret(login="shop_b", password=secrets.token_urlsafe(32))
PROGRAM = """
import base64, hashlib, json, os, resource, sys, time
effects, mode, installed, path = sys.argv[1:]
def note(word):
    with open(effects, "a") as out:
        out.write(f"{word} {mode} {os.getpid()}\\n")
raw = open(path, "rb").read()
told = json.loads(raw)
assert os.stat(path).st_mode & 0o777 == 0o400
assert resource.getrlimit(resource.RLIMIT_CORE) == (1, 1)
note("began")
if mode == "echoes":
    password = told["password"]
    print(password, raw.decode(), hashlib.sha256(raw).hexdigest(), hashlib.md5(password.encode()).hexdigest())
    print(" ".join(password[at : at + 8] for at in range(len(password))), file=sys.stderr)
    print(base64.b64encode(raw).decode(), password.encode().hex(), password[::-1])
    print("is not as the target wants it " + password, file=sys.stderr)
    sys.exit(4)
if mode in {"hangs", "echoes-and-hangs"}:
    print("%s@127.0.0.1: Permission denied (%s" % (os.popen("id -un").read().strip(), told["password"]), file=sys.stderr, flush=True)
    time.sleep(40)
if mode == "crashes":
    os.abort()
if mode == "fails":
    sys.exit(3)
if mode == "lies":
    print("runs unkept:sha256:" + hashlib.sha256(raw).hexdigest())
    sys.exit(5)
with open(installed, "w") as out:
    out.write(told["login"] + ":" + told["password"])
assert open(installed).read() == told["login"] + ":" + told["password"]
assert open(path, "rb").read() == raw, "it can be read again"
note("after")
"""


class Shop:
    """A consumer whose program installs what it is given into a file, or does something else."""

    def __init__(self, town):
        self.town, self.state = town, town.program.parent / "state"
        self.installed = town.folder / "installed/password"
        self.installed.parent.mkdir()
        (town.program.parent / "consumes.py").write_text(PROGRAM)
        self.change("installs")
        self.broker = town.broker()

    def change(self, mode, **changes):
        argv = [
            sys.executable,
            "-I",
            str(self.town.program.parent / "consumes.py"),
            str(self.town.effects),
            mode,
            str(self.installed),
        ]
        install_target(
            self.town.program.parent,
            self.town.effects,
            **{"argv": argv, "arguments": [PIN], "artifact": 4096, **changes},
        )

    def lease(self):
        return self.broker.request(self.town.bundle, self.town.lease(), ())

    def switch(self, seconds=30.0):
        """One lease from its mint to its end."""
        credential = self.lease()
        try:
            return SshConsumer(self.broker, seconds).switch(credential, SECRET)
        finally:
            self.broker.revoke(credential.lease)

    def holds(self):
        """Every file below the target, and of the whole town but for what the program installed, that holds a piece of the secret."""
        return sorted(
            one for one in self.town.folder.rglob("*")
            if one.is_file() and one != self.installed and any(piece in one.read_bytes() for piece in pieces())
        )  # fmt: skip


def artifact_of():
    return json.dumps({"login": SECRET.login, "password": SECRET.password}, separators=(",", ":")).encode()


def pieces():
    """What nobody may see: eight characters of the password, of its usual forms, and of the digests of it and its artifact."""
    raw, password = artifact_of(), SECRET.password.encode()
    whole = [password, password[::-1], password.hex().encode()]
    whole += [base64.b64encode(b"x" * shift + password)[4:-4] for shift in range(3)] + [base64.b64encode(raw)[-16:]]
    whole += [
        algorithm(one).hexdigest().encode() for algorithm in (hashlib.sha256, hashlib.md5) for one in (raw, password)
    ]
    return {one[at : at + 8] for one in whole for at in range(len(one) - 7)}


def verify_silent(text):
    """Fail where a text is long, has more lines than one, or holds anything of the secret."""
    assert len(text) <= 200
    assert text.isprintable()
    assert not [piece for piece in pieces() if piece in text.encode()]


@pytest.fixture
def shop(tmp_path):
    with ssh_town(tmp_path) as town:
        yield Shop(town)


@pytest.mark.requirement("R50", "R54")
def test_a_consumer_that_installs_the_secret_and_proves_it_holds(shop):
    seen = shop.switch()
    assert seen.held
    assert shop.installed.read_text() == f"{SECRET.login}:{SECRET.password}"
    assert shop.town.acted() == ["began", "after"]
    verify_silent(seen.seen)
    assert shop.holds() == [], "neither the secret nor its digest is in a file of the target"
    assert sorted(one.name for one in shop.state.iterdir() if not one.name.startswith("lse-")) == []


@pytest.mark.requirement("R54")
def test_the_same_secret_is_installed_again_and_not_believed_to_run(shop):
    shop.switch()
    shop.installed.unlink()
    assert shop.switch().held
    assert shop.installed.exists()


@pytest.mark.requirement("R50", "R54")
@pytest.mark.parametrize(("mode", "status"), [("fails", 3), ("lies", 5), ("crashes", 134)])
def test_a_consumer_that_fails_is_not_held(shop, mode, status):
    shop.change(mode)
    seen = shop.switch()
    assert (seen.held, seen.seen) == (False, f"the consumer's program ended with {status}")
    assert (shop.installed.exists(), shop.holds()) == (False, [])


@pytest.mark.requirement("R50", "R54")
def test_nothing_of_what_a_consumer_writes_is_told(shop):
    shop.change("echoes")
    seen = shop.switch()
    assert not seen.held
    verify_silent(seen.seen)
    assert seen.seen == "the consumer's program ended with 4: is not as the target wants it"
    assert shop.holds() == []


@pytest.mark.requirement("R54")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"arguments": ["sha256:[0-9a-f]{64}"]}, "77: is not as the target wants it"),
        ({"artifact": None}, "77: is no JSON list"),
        ({"artifact": 8}, "77: the artifact has more than"),
        ({"argv": ["/nonexistent/program"]}, "78: cannot be run"),
    ],
)
def test_a_target_that_takes_no_secret_refuses_it_and_says_why(shop, changes, why):
    shop.change("installs", **changes)
    seen = shop.switch()
    assert (seen.held, seen.seen) == (False, f"the consumer's program ended with {why}")
    assert (shop.town.acted(), shop.holds()) == ([], [])


@pytest.mark.requirement("R50", "R54")
def test_a_target_of_before_that_would_keep_it_refuses_it(shop):
    program, takes = shop.town.program.read_text(), "if given[0].startswith(UNKEPT):"
    assert program.count(takes) == 1
    shop.town.program.write_text(program.replace(takes, "if False:"))
    seen = shop.switch()
    assert (seen.held, seen.seen) == (
        False,
        "the consumer's program ended with 77: the artifact is not what its digest says",
    )
    assert (shop.town.acted(), shop.holds()) == ([], [])


@pytest.mark.requirement("R54")
def test_the_secret_is_handed_over_once_for_a_lease_and_never_with_a_dead_one(shop):
    credential, consumer = shop.lease(), SshConsumer(shop.broker, 30.0)
    assert consumer.switch(credential, SECRET).held
    assert consumer.switch(credential, SECRET).seen == "the consumer's program ended with 77: was used or ended before"
    shop.broker.revoke(credential.lease)
    with pytest.raises(Refused) as caught:
        consumer.switch(credential, SECRET)
    assert caught.value.code == "MAG-E424"
    verify_silent(caught.value.message)
    assert shop.town.acted() == ["began", "after"]


@pytest.mark.requirement("R50", "R54")
def test_a_program_over_its_time_is_not_held_and_one_over_the_callers_is_not_known(shop):
    shop.change("echoes-and-hangs", seconds=1)
    assert shop.switch().seen == "the consumer's program ended with 124"
    shop.change("echoes-and-hangs", seconds=40)
    with pytest.raises(Unavailable) as caught:
        shop.switch(seconds=3.0)
    assert caught.value.code == "MAG-E423", "it ran, whatever it wrote of a permission"
    verify_silent(caught.value.message)
    verify_silent(str(caught.value.hint or ""))
    assert (shop.town.pids(), shop.holds()) == (set(), []), "the end of its lease ended it"


@pytest.mark.requirement("R54")
def test_a_consumer_that_is_not_there_is_not_known(shop):
    credential = shop.lease()
    shop.town.stop()
    with pytest.raises(Unavailable) as caught:
        SshConsumer(shop.broker, 30.0).switch(credential, SECRET)
    assert caught.value.code == "MAG-E423"
    verify_silent(caught.value.message)


@pytest.mark.requirement("R50", "R53", "R54")
def test_a_lease_revoked_in_the_middle_ends_the_consumer_and_leaves_no_secret(shop):
    shop.change("hangs")
    credential, said = shop.lease(), []

    def go():
        with pytest.raises(Unavailable) as caught:
            SshConsumer(shop.broker, 60.0).switch(credential, SECRET)
        said.append(caught.value)

    going = threading.Thread(target=go)
    going.start()
    until(shop.town.acted, "it began")
    assert shop.holds() == [], "also while it runs"
    assert not shop.broker.revoke(credential.lease).usable
    going.join()
    assert not shop.town.pids()
    assert said[0].code == "MAG-E423", "it is not known how far it came"
    verify_silent(said[0].message)
    assert (shop.installed.exists(), shop.holds()) == (False, [])
    shop.change("installs")
    assert shop.switch().held, "the state is free again"


@pytest.mark.requirement("R50", "R54")
@pytest.mark.parametrize("after", ["run", "end"])
def test_a_kill_in_the_middle_leaves_no_secret_on_the_target(shop, after):
    shop.change("hangs")
    lease = "lse-" + "a" * 26
    pin = f"unkept:sha256:{hashlib.sha256(artifact_of()).hexdigest()}"
    running = begin(shop, lease)
    running.stdin.write(json.dumps([pin]).encode() + b"\n" + artifact_of())
    running.stdin.close()
    until(shop.town.acted, "it began")
    argvs = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in shop.town.pids()]
    assert argvs
    assert not [piece for piece in pieces() for argv in argvs if piece in argv], "not in the list of processes either"
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    until(lambda: not shop.town.pids(), "the program died with it")
    assert shop.holds() == []
    if after == "run":
        shop.change("installs")
        assert shop.switch().held
    else:
        done = subprocess.run([shop.town.program, "end", lease], stdout=subprocess.PIPE, check=True)
        assert done.stdout == f"ended {lease}\n".encode()
    assert shop.holds() == []


@pytest.mark.requirement("R50", "R54")
def test_a_kill_while_the_secret_comes_in_leaves_none_of_it(shop):
    lease = "lse-" + "a" * 26
    pin = f"unkept:sha256:{hashlib.sha256(artifact_of()).hexdigest()}"
    running = begin(shop, lease)
    running.stdin.write(json.dumps([pin]).encode() + b"\n" + artifact_of()[:-4])
    running.stdin.flush()
    until((shop.state / lease / "pids").exists, "it waits for the rest")
    time.sleep(0.3)
    assert shop.holds() == []
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    running.stdin.close()
    assert (shop.town.acted(), shop.holds()) == ([], [])


def begin(shop, lease):
    """One run without sshd; the caller waits for it."""
    return subprocess.Popen(
        [shop.town.program, "run", lease], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
