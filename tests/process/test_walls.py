"""Walls of users: as root, each process under its own uid, and what each of these can reach."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from world.ports import four_free_ports

import magistrate

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("walls")]
SYSTEM_PYTHON = Path("/usr/bin/python3")
NO_WALLS = "walls of users cannot be raised here"
PROCESSES = ("front", "control", "gate", "executor", "witness")
OWN_KEYS = {
    "front": {"front.key", "redaction.key"}, "control": {"control.key", "log.key"}, "gate": {"gate.key"},
    "executor": {"executor.key"}, "witness": {"witness.key"},
}  # fmt: skip


@pytest.fixture(scope="module")
def installation():
    """An installation that every user can read: the source copied, packages of the running environment."""
    if os.geteuid() != 0:
        pytest.skip(f"{NO_WALLS}: not root")
    if not SYSTEM_PYTHON.exists() or _version(SYSTEM_PYTHON) != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"{NO_WALLS}: {SYSTEM_PYTHON} is not of the version of these tests")
    folder = Path(tempfile.mkdtemp(prefix="magistrate-walls-"))
    folder.chmod(0o755)
    try:
        made = [str(SYSTEM_PYTHON), "-m", "venv", "--without-pip", "--symlinks", str(folder / "venv")]
        subprocess.run(made, check=True, capture_output=True)
        shutil.copytree(
            Path(magistrate.__path__[0]).parent, folder / "src", ignore=shutil.ignore_patterns("__pycache__")
        )
        inner = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
        packages = Path(msgspec.__path__[0]).parent
        (inner / "walls.pth").write_text(f"{folder / 'src'}\n{packages}\n")
        (folder / "venv/bin/ruff").symlink_to(Path(sys.executable).with_name("ruff"))
        trial = subprocess.run(
            [folder / "venv/bin/python", "-c", "import sqlalchemy, cryptography, magistrate.errors"], user=65534, group=65534,
            extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
        if trial.returncode != 0:
            pytest.skip(f"{NO_WALLS}: the packages are not readable by others: {trial.stderr[-200:]}")
        yield folder
    finally:
        shutil.rmtree(folder)


def _version(python):
    asked = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


class Walled:
    """A home with walls, in a folder that others may pass."""

    def __init__(self, installation):
        self.folder, self.python = installation / "world", installation / "venv/bin/python"
        self.home, self.clone = self.folder / "home", self.folder / "shop"
        self.folder.mkdir(mode=0o755)

    def run(self, *arguments, status=0):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "MAGISTRATE_HOME": str(self.home), "NO_COLOR": "1"}
        done = subprocess.run(
            [self.python, "-m", "magistrate.entrypoints.cli.main", *map(str, arguments)], env=env, cwd=self.folder,
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        logs = "".join(log.read_text()[-1500:] for log in self.home.glob("run/*.log"))
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{logs}"
        return done.stdout

    def processes(self):
        return {row["process"]: row for row in json.loads(self.run("status", "-o", "json"))["processes"]}

    def uid(self, process):
        return Path(f"/proc/{self.processes()[process]['pid']}").stat().st_uid

    def try_as(self, uid, code, *arguments):
        """What the code printed, run as this user and nobody else; None when it was not permitted."""
        done = subprocess.run(
            [self.python, "-c", code, *map(str, arguments)], user=uid, group=uid, extra_groups=[], cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            assert "PermissionError" in done.stderr, done.stderr
            return None
        return done.stdout


READ = "import sys; print(len(open(sys.argv[1], 'rb').read()))"
WRITE = "import os, sys; open(f'{sys.argv[1]}/intruder-{os.getpid()}', 'x').close()"
REMOVE = "import os, sys; os.unlink(sys.argv[1])"
APPEND = "import sys; open(sys.argv[1], 'ab').close()"


@pytest.fixture(scope="module")
def walled(installation):
    world = Walled(installation)
    world.clone.mkdir()
    git(world.clone, "init", "-q", "-b", "main")
    (world.clone / "one.py").write_text('"""A module."""\n\nimport os\n')
    git(world.clone, "add", ".")
    git(world.clone, "commit", "-q", "-m", "first")
    world.run("init", "--solo", "--name", "anna", "--ports", four_free_ports())
    world.run("up", "--detach")
    try:
        world.run("repository", "add", world.clone)
        yield world
    finally:
        world.run("up", "--stop")


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.mark.requirement("R2", "R55")
def test_each_process_has_a_user_of_its_own(walled):
    assert "walls users" in " ".join(walled.run("status").split())
    uids = {name: walled.uid(name) for name in PROCESSES}
    assert len(set(uids.values())) == len(PROCESSES)
    assert 0 not in uids.values()
    for name in PROCESSES:
        groups = Path(f"/proc/{walled.processes()[name]['pid']}/status").read_text().split("Groups:")[1].split("\n")[0]
        assert not set(groups.split()) - {str(uids[name])}, "no group of whoever started it"


@pytest.mark.requirement("R2", "R50")
@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_reads_its_own_keys_and_no_other(walled, process):
    uid = walled.uid(process)
    keys = sorted(key for key in (walled.home / "keys").iterdir() if key.suffix != ".pub")
    readable = {key.name for key in keys if walled.try_as(uid, READ, key) is not None}
    assert readable == OWN_KEYS[process]
    assert any(key.name.startswith("person-") for key in keys), "the person's own key was tried as well"


@pytest.mark.requirement("R2")
@pytest.mark.parametrize("process", ["front", "gate", "executor", "witness"])
def test_only_control_reads_its_store(walled, process):
    assert (walled.home / "control/store.db").exists()
    assert walled.try_as(walled.uid(process), READ, walled.home / "control/store.db") is None


@pytest.mark.requirement("R2", "R50")
@pytest.mark.parametrize("process", ["front", "control", "executor", "witness"])
def test_only_the_gate_writes_its_repositories(walled, process):
    uid = walled.uid(process)
    bare = walled.home / "gate/repositories/shop.git"
    for place in [bare, bare / "refs/heads", bare / "objects", bare.parent]:
        assert walled.try_as(uid, WRITE, place) is None, place
    for file in [path for path in bare.rglob("*") if path.is_file()]:
        assert walled.try_as(uid, APPEND, file) is None, file
    assert walled.try_as(uid, READ, walled.home / "gate/gate.db") is None
    assert walled.try_as(walled.uid("gate"), APPEND, bare / "HEAD") is not None, "the probe itself works"


@pytest.mark.requirement("R60")
@pytest.mark.parametrize("process", ["front", "control", "gate", "witness"])
def test_only_the_executor_reads_its_journal(walled, process):
    assert walled.try_as(walled.uid(process), READ, walled.home / "executor/journal.db") is None
    assert walled.try_as(walled.uid("executor"), READ, walled.home / "executor/journal.db") is not None


@pytest.mark.parametrize("process", PROCESSES)
def test_what_everybody_verifies_by_is_read_by_all_and_written_by_none(walled, process):
    uid = walled.uid(process)
    for name in ("roster.json", "roster.pin", "policy-bundle.json", "magistrate.toml"):
        assert walled.try_as(uid, READ, walled.home / name) is not None, name
        assert walled.try_as(uid, APPEND, walled.home / name) is None, name
    assert walled.try_as(uid, WRITE, walled.home) is None


@pytest.mark.requirement("R2")
def test_the_socket_of_front_is_fronts_alone(walled):
    path = walled.home / "run/control-front.sock"
    assert stat.S_ISSOCK(path.stat().st_mode)
    connect = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
    reached = {name for name in PROCESSES if walled.try_as(walled.uid(name), connect, path) is not None}
    assert reached == {"front", "control"}
    assert walled.try_as(65534, connect, path) is None


@pytest.mark.requirement("R1", "R55")
def test_the_loop_runs_within_the_walls(walled):
    ruff = Path(sys.executable).with_name("ruff")
    found = walled.folder / "ruff.sarif"
    subprocess.run(
        [ruff, "check", "--isolated", "--output-format", "sarif", "-o", found, "."], cwd=walled.clone, check=False,
        capture_output=True,
    )  # fmt: skip
    walled.run("ingest", found, "--checkout", walled.clone)
    walled.run("remediate", "--all")

    def state():
        rows = json.loads(walled.run("queue", "--all", "-o", "json"))
        return (rows[0]["id"], rows[0]["state"]) if rows else ("", "none yet")

    until(lambda: state()[1] == "IN_REVIEW")
    walled.run("approve", state()[0], "--yes")
    until(lambda: state()[1] in {"SUCCEEDED", "FAILED", "HALTED", "ROLLED_BACK"})
    assert state()[1] == "SUCCEEDED", walled.run("show", state()[0])


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.3)


@pytest.mark.requirement("R59")
def test_a_freeze_is_obeyed_within_the_walls(walled):
    walled.run("freeze", "--reason", "the walls are tried")
    drop = next(path for path in walled.home.rglob("*") if path.is_dir() and path.name in {"freeze", "freezes"})
    (stop, *_) = drop.iterdir()
    for process in ("executor", "gate"):
        assert walled.try_as(walled.uid(process), READ, stop) is not None, f"{process} reads it"
    for process in PROCESSES:
        assert walled.try_as(walled.uid(process), REMOVE, stop) is None, f"{process} lifts it"
    adding = {process for process in PROCESSES if walled.try_as(walled.uid(process), WRITE, drop) is not None}
    assert adding == {"control"}, "which passes on what persons signed"
    (walled.clone / "two.py").write_text('"""Another."""\n')
    git(walled.clone, "add", ".")
    git(walled.clone, "commit", "-q", "-m", "second")
    pushed = subprocess.run(
        ["git", "-C", walled.clone, "push", "-q", "magistrate", "HEAD:main"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert pushed.returncode != 0


@pytest.mark.requirement("R50")
def test_root_finds_nothing_that_stands_and_anybody_else_says_what_they_could_not_look_at(walled):
    told = json.loads(walled.run("leases", "--scan", "-o", "json"))
    assert told["status"] == 0, told
    assert told["searched"]["processes"] >= 6
    code = (
        "import sys; from magistrate.entrypoints.cli.main import run;"
        " sys.stderr.write(str(run(['leases', '--scan', '-o', 'json', '--home', sys.argv[1]])))"
    )
    done = subprocess.run(
        [walled.python, "-c", code, str(walled.home)], user=walled.uid("front"), group=walled.uid("front"), extra_groups=[],
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.endswith("4"), done.stderr
    blind = {row["where"] for row in json.loads(done.stdout)["found"] if row["state"] == "not searched"}
    assert str(walled.home / "gate" / "gate.db") in blind
    assert any(where.startswith("memory of executor") for where in blind)
