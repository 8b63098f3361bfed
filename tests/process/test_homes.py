"""Every kept home of an earlier stage: opened, migrated, verified with keys only, and continued."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import time
from contextlib import closing

import pytest
from paths import TESTS
from world import warm_judge
from world.ports import four_free_ports

from magistrate.adapters.stores.export import export_log
from magistrate.settings import HOME_VERSION

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("homes")]
KEPT = sorted(path.parent for path in (TESTS / "homes").glob("*/home.tar.gz"))
LARGEST = 500_000


class Home:
    """A copy of a kept home on ports of its own."""

    def __init__(self, folder, kept):
        self.folder, self.home = folder, folder / "home"
        self.expected = json.loads((kept / "expected.json").read_text())
        with tarfile.open(kept / "home.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        for key in [*self.home.glob("keys/*"), *folder.glob("people/*")]:
            key.chmod(0o600)
        ports = iter(range(first := four_free_ports(), first + 4))
        settings = self.home / "magistrate.toml"
        moved = re.sub(
            r"(?m)^(front|control|gate|witness) = \d+$", lambda m: f"{m[1]} = {next(ports)}", settings.read_text()
        )
        settings.write_text(moved)
        witness = self.home / "witness" / "witness.toml"
        witness.write_text(re.sub(r"(?m)^port = \d+$", f"port = {first + 3}", witness.read_text()))

    def run(self, *arguments, person="ann-example", status=0):
        env = {
            **os.environ, "MAGISTRATE_HOME": str(self.home), "MAGISTRATE_PERSON": person,
            "MAGISTRATE_KEY": str(self.folder / "people" / person), "HOME": str(self.folder),
        }  # fmt: skip
        done = warm_judge.program([*map(str, arguments)], cwd=self.folder / "shop", env=env)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def cases(self):
        return {row["id"]: row for row in json.loads(self.run("queue", "--all", "-o", "json"))}

    def database(self, query):
        with closing(sqlite3.connect(self.home / "control" / "store.db", isolation_level=None)) as rows:
            return rows.execute(query).fetchall()


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.3)


@pytest.fixture(params=KEPT, ids=lambda kept: kept.name)
def kept(request, tmp_path):
    return Home(tmp_path, request.param)


def test_a_home_is_kept_small_and_says_that_its_keys_are_fake():
    assert KEPT, "at least this stage"
    for folder in KEPT:
        assert (folder / "home.tar.gz").stat().st_size < LARGEST
        assert "keys in it are fake" in (folder / "README.md").read_text()


@pytest.mark.requirement("R62")
def test_its_log_is_verified_with_keys_alone(kept):
    kept.run("store", "migrate")
    with closing(sqlite3.connect(kept.home / "control" / "store.db")) as rows:
        export_log(rows, kept.folder / "export")
    shutil.copy(kept.home / "roster.json", kept.folder / "export" / "roster.json")
    elsewhere = kept.folder / "nowhere"
    said = kept.run("--home", elsewhere, "audit", "verify", kept.folder / "export", "--pin", kept.expected["pin"])
    size = kept.expected["checkpoint"].splitlines()[1]
    assert f"verified: {size} entries" in said
    assert (kept.folder / "export" / "checkpoint").read_text() == kept.expected["checkpoint"]


@pytest.mark.requirement("R62")
def test_it_is_continued_and_its_log_extends_the_old_checkpoint(kept):
    kept.run("store", "migrate")
    kept.run("up", "--detach")
    try:
        assert {name: row["state"] for name, row in kept.cases().items()} == kept.expected["cases"]
        name = execute_another(kept)
        assert "SUCCEEDED" in kept.run("show", name)
        kept.run("audit", "export", kept.folder / "export")
    finally:
        kept.run("up", "--stop")
    old = kept.expected["checkpoint"]
    size = old.splitlines()[1]
    assert (kept.folder / "export" / "checkpoints" / size).read_text() == old
    said = kept.run("audit", "verify", kept.folder / "export", "--pin", kept.expected["pin"])
    (entries,) = re.findall(r"verified: (\d+) entries", said)
    assert int(entries) > int(size)
    shop = kept.home / "gate" / "repositories" / "shop.git"
    shown = subprocess.run(["git", "-C", shop, "show", "main:three.py"], capture_output=True, text=True, check=True)
    assert "import os" not in shown.stdout


def execute_another(kept):
    """The finding that was left open, to its end."""
    known = set(kept.cases())
    other = ["--with", f"ben-example={kept.folder / 'people' / 'ben-example'}"]
    kept.run("agents", "register", "ruff-drafter", "--repository", "shop", *other)
    rows = json.loads(kept.run("findings", "-o", "json"))
    finding = next(row["id"] for row in rows if "three.py" in json.dumps(row))
    kept.run("remediate", finding, "--reason", "years later")

    def added():
        return [name for name, row in kept.cases().items() if name not in known and row["state"] != "ASSESSING"]

    until(lambda: len(added()) == 1 and kept.cases()[added()[0]]["state"] == "IN_REVIEW")
    (name,) = added()
    kept.run("approve", name, "--yes", person="ben-example")
    until(lambda: kept.cases()[name]["state"] == "SUCCEEDED")
    return name


@pytest.mark.parametrize("command", [("status",), ("up",), ("store", "migrate"), ("control",), ("queue",)])
def test_an_older_program_refuses_the_settings_of_a_newer_home(kept, command):
    settings = kept.home / "magistrate.toml"
    newer = settings.read_text().replace(f"version = {HOME_VERSION}\n", f"version = {HOME_VERSION + 1}\n")
    settings.write_text(newer)
    said = kept.run(*command, status=2)
    assert "MAG-E592" in said
    assert f"home version {HOME_VERSION + 1}, this one reads {HOME_VERSION}" in said
    assert "use the newer magistrate" in said
    assert settings.read_text() == newer


@pytest.mark.parametrize("command", [("store", "migrate"), ("control",), ("up",)])
def test_an_older_program_refuses_a_newer_store_and_changes_nothing(kept, command):
    kept.database("UPDATE alembic_version SET version_num = '9999'")
    entries = kept.database("SELECT COUNT(*) FROM log_entry")
    said = kept.run(*command, status=4)
    assert "MAG-E441" in said
    assert "has the version `9999`, this program knows up to `" in said
    assert "install the newer magistrate" in said
    assert kept.database("SELECT version_num FROM alembic_version") == [("9999",)]
    assert kept.database("SELECT COUNT(*) FROM log_entry") == entries


@pytest.mark.parametrize(
    ("database", "code", "command"),
    [("gate/gate.db", "MAG-E345", "gate"), ("executor/journal.db", "MAG-E384", "executor")],
)
def test_gate_and_executor_refuse_newer_databases(kept, database, code, command):
    with closing(sqlite3.connect(kept.home / database)) as rows:
        rows.execute("PRAGMA user_version = 99")
    said = kept.run(command, status=4)
    assert code in said
    assert "has the version `99`, this program" in said
