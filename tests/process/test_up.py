"""`magistrate up` and the loop through the command line: real processes, a real repository, one home."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest
from paths import MAGISTRATE, PYTHON
from world.ports import four_free_ports

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up")]
SOURCE = '"""A module."""\n\nimport os\nimport sys\n\n\ndef name() -> str:\n    """Say it."""\n    return f"shop"\n\n\nprint(sys.argv, name())\n'


class Shell:
    """A person's shell with one home."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder

    def __call__(self, *arguments, status=0, cwd=None, stdin="", said=""):
        done = subprocess.run(
            [str(MAGISTRATE), *map(str, arguments), "--home", str(self.home)], input=stdin, capture_output=True,
            text=True, timeout=240, cwd=cwd or self.folder, env={**os.environ, "HOME": str(self.folder)}, check=False,
        )  # fmt: skip
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert said in done.stderr
        return done.stdout

    def json(self, *arguments):
        return json.loads(self(*arguments, "-o", "json"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up")
    shell = Shell(folder / "home", folder)
    shell("init", "--solo", "--name", "anna", "--ports", four_free_ports())
    shell("up", "--detach")
    yield shell
    shell("up", "--stop")


@pytest.fixture(scope="module")
def own(shell):
    folder = shell.folder / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "one.py").write_text(SOURCE)
    (folder / "two.py").write_text(SOURCE)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    shell("repository", "add", folder)
    found = subprocess.run([PYTHON, "-m", "ruff", "check", "--isolated", "--output-format", "sarif", "."], cwd=folder, capture_output=True, check=False)  # fmt: skip
    (shell.folder / "results.sarif").write_bytes(found.stdout)
    assert "4 new" in shell("ingest", shell.folder / "results.sarif", cwd=folder)
    assert "0 new, 4 known" in shell("ingest", shell.folder / "results.sarif", cwd=folder)
    assert "2 proposed" in shell("remediate", "--all") or len(shell.json("queue", "--all")) == 2
    until(lambda: len(shell.json("queue")) == 2)
    return folder


def git(folder, *arguments):
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.3)


def case(shell, path):
    return next(row for row in shell.json("queue", "--all") if path in row["title"])


@pytest.mark.requirement("R1")
def test_every_part_is_a_process_of_its_own(shell):
    told = json.loads(shell("status", "-o", "json"))
    pids = {row["process"]: row["pid"] for row in told["processes"]}
    assert set(pids) == {"front", "control", "gate", "executor", "witness"}
    assert len(set(pids.values())) == 5
    assert told["walls"].startswith(("same user", "users"))


def test_a_second_up_is_refused(shell):
    shell("up", status=2)


def test_a_scan_of_another_place_is_no_success(shell, own):
    told = (shell.folder / "results.sarif").read_bytes().replace(bytes(own), b"/somewhere/else")
    (shell.folder / "elsewhere.sarif").write_bytes(told)
    said = shell("ingest", shell.folder / "elsewhere.sarif", cwd=own, status=1)
    assert "0 read, some refused" in said
    assert "next:" not in said


@pytest.mark.requirement("R44", "R46", "R55")
def test_an_approved_fix_is_merged_verified_and_recorded(shell, own):
    assert "2 proposals" not in shell("queue")
    name = case(shell, "one.py")["id"]
    assert "-import os" in shell("diff", name)
    shell("approve", name, status=1)  # nobody at the terminal, nobody said yes
    assert case(shell, "one.py")["state"] == "IN_REVIEW"
    shown = shell("approve", name, "--yes", cwd=own)
    assert "rebuilt here from your clone" in shown
    assert "self-reviewed" in shown
    until(lambda: case(shell, "one.py")["state"] == "SUCCEEDED")
    git(own, "fetch", "-q", "magistrate")
    assert "import os" not in git(own, "show", "magistrate/main:one.py")
    assert "import os" in git(own, "show", "magistrate/main:two.py")
    assert shell("leases", "--live") == ""
    story = shell("show", name)
    for event in ("session.opened", "proposal.sealed", "approval.given", "warrant.issued", "lease.held", "effect.done", "lease.released", "verification.done"):  # fmt: skip
        assert event in story
    assert "proven" in shell("audit", "prove", name)
    assert "verified" in shell("audit", "verify")


@pytest.mark.requirement("R15")
def test_what_stood_on_the_commit_before_is_stale_and_is_drafted_anew(shell, own):
    until(lambda: case(shell, "two.py")["state"] == "STALE")
    old = case(shell, "two.py")
    assert old["why"].endswith(f"draft again: magistrate remediate {old['finding']}")
    assert shell.json("queue") == []
    shell("approve", old["id"], "--yes", status=1, said=old["why"])
    shell("remediate", "--all")
    until(lambda: [row["state"] for row in shell.json("queue")] == ["IN_REVIEW"])
    assert case(shell, "two.py")["id"] != old["id"]


@pytest.mark.requirement("R47")
def test_a_rejected_case_is_over(shell, own):
    row = case(shell, "two.py")
    if row["state"] == "IN_REVIEW":
        shell("reject", row["id"], "--reason", "not now")
        assert case(shell, "two.py")["state"] == "REJECTED"
    shell("approve", row["id"], "--yes", status=1)


@pytest.mark.requirement("R62")
def test_an_export_is_verified_by_an_outsider_and_a_doctored_one_is_not(shell, own):
    export = shell.folder / "export"
    hint = shell("audit", "export", export)
    pin = re.findall(r"--pin (sha256:[0-9a-f]{64})", hint)[0]
    outsider = Shell(shell.folder / "nowhere", shell.folder)
    assert "verified" in outsider("audit", "verify", export, "--pin", pin)
    outsider("audit", "verify", export, "--pin", "sha256:" + "0" * 64, status=1)
    payloads = export / "payloads.jsonl"
    payloads.write_bytes(payloads.read_bytes().replace(b'"name":"facts"', b'"name":"farts"', 1).replace(b"A", b"B", 1))
    outsider("audit", "verify", export, "--pin", pin, status=1)


@pytest.mark.requirement("R85")
def test_drills_run_and_their_probes_are_shown(shell, own):
    shown = shell("drill", "shop")
    assert shown.count("passed\n") == 4
    assert "NOT HELD" not in shown
    assert shell.json("readiness")[0]["ready"] is True


def test_what_is_killed_comes_back_and_that_is_said(shell):
    def pid():
        rows = json.loads(shell("status", "-o", "json"))["processes"]
        return next(row for row in rows if row["process"] == "front")

    before = pid()
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: pid()["restarts"] == before["restarts"] + 1 and pid()["running"])
    assert "front ended (signal SIGKILL)" in shell("logs", "up")


@pytest.mark.requirement("R4")
def test_a_token_is_written_for_its_owner_only(shell, own):
    shell("agents", "register", "fixer")
    finding = shell.json("findings")[0]["id"]
    wish = ("session", "open", "--agent", "fixer", "--finding", finding, "--reason", "look")
    opened = shell.json(*wish)
    assert "token" not in opened
    file = shell.home / "sessions" / f"{opened['id']}.token"
    assert str(file) == opened["file"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in shell(*wish)
    shell("session", "close", opened["id"])
    assert next(r for r in shell.json("session", "list") if r["id"] == opened["id"])["state"] == "over"


def test_a_freeze_is_obeyed_without_control(shell, own):
    shell("thaw", "--reason", "over", status=3)
    shell("freeze", "--reason", "an incident")
    assert len(list((shell.home / "freeze").glob("*.json"))) == 1  # control dropped the same file
    assert "frozen (everything) by anna: an incident" in shell("status")
    shell("thaw", status=2)
    assert "lifted" in shell("thaw", "--reason", "over")
    assert "frozen" not in shell("status")
    assert json.loads(shell("status", "-o", "json"))["control"]["frozen"] == []
