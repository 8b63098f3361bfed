"""Keep a small home of this version: `make_home.py FOLDER`, FOLDER as in tests/homes/0.1.0.

A real run with plainly fake people: two of three lint fixes are decided, one executed, the four
drills run; the third finding stays open for whoever continues. Writes `home.tar.gz` (the home,
its people's keys, the clone), `expected.json` (what a later version must find again) and
`README.md`. The keys inside are made for this home and protect nothing.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

MAGISTRATE = Path(sys.executable).with_name("magistrate")
PEOPLE = {"ann-example": "proposer,reviewer,policy_owner,operator", "ben-example": "reviewer,policy_owner,security"}
MODULES = ("one", "two", "three")
SOURCE = '"""A module."""\n\nimport os\n\n\ndef name() -> str:\n    """Say it."""\n    return "shop"\n'
SECONDS = 120
LARGEST = 500_000
README = """# A home as version {version} left it

`home.tar.gz` was made by `tools/make_home.py` from a real run. Every later version must open it, migrate its store,
verify its log and continue it: `tests/process/test_homes.py`. It is never made anew for a version that was released.

**The keys in it are fake.** They were made for this archive, are known to everybody, and protect nothing. The people
(`ann-example`, `ben-example`) do not exist. Sessions and tokens in it are expired or left out.

`expected.json` says what must be found again: the fingerprint, the last checkpoint, the cases and how they ended.
"""


class Run:
    """One home and the people who work with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.clone = folder, folder / "home", folder / "shop"

    def __call__(self, *arguments: str, person: str = "ann-example") -> str:
        """Run the program as one of the people; raises CalledProcessError."""
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "MAGISTRATE_HOME": str(self.home), "NO_COLOR": "1",
            "MAGISTRATE_PERSON": person, "MAGISTRATE_KEY": str(self.folder / "people" / person),
        }  # fmt: skip
        done = subprocess.run(
            [str(MAGISTRATE), *arguments], cwd=self.clone, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def cases(self) -> dict[str, dict[str, Any]]:
        """Every case, by the module that it is about."""
        rows = json.loads(self("queue", "--all", "-o", "json"))
        return {module: row for row in rows for module in MODULES if f"{module}.py" in row["title"]}

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait; raises TimeoutError."""
        end = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.2)


def live(run: Run) -> dict[str, Any]:
    """Everything that happens in the kept home; returns what must be found again."""
    run.clone.mkdir()
    git(run.clone, "init", "-q", "-b", "main")
    for module in MODULES:
        (run.clone / f"{module}.py").write_text(SOURCE)
    git(run.clone, "add", ".")
    git(run.clone, "commit", "-q", "-m", "Three modules with an import too many")
    people = run.folder / "people"
    people.mkdir(mode=0o700)
    options = []
    for person, roles in PEOPLE.items():
        key = people / person
        asked = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{person}@example.invalid", "-f", str(key)]
        subprocess.run(asked, check=True)
        options += ["--person", f"{person}:{roles}:{key}"]
    run("init", "--deployment", "kept-example", "--ports", str(free_ports()), *options)
    run("up", "--detach")
    try:
        return decide(run)
    finally:
        run("up", "--stop")


def decide(run: Run) -> dict[str, Any]:
    """One case executed, one rejected, one finding left, the drills passed."""
    other = ["--with", f"ben-example={run.folder / 'people' / 'ben-example'}"]
    run("repository", "add", ".", "--name", "shop", *other)
    run(
        "agents",
        "register",
        "ruff-drafter",
        "--purpose",
        "lint",
        "--review-days",
        "365",
        "--repository",
        "shop",
        *other,
    )
    found = run.folder / "ruff.sarif"
    asked = [str(MAGISTRATE.with_name("ruff")), "check", "--isolated", "--output-format", "sarif", "-o", str(found)]
    subprocess.run([*asked, "."], cwd=run.clone, check=False, capture_output=True)
    run("ingest", str(found))
    run("drill", "shop")
    for row in json.loads(run("findings", "-o", "json")):
        if "three.py" not in json.dumps(row):
            run("remediate", row["id"], "--reason", "kept home")
    run.until(lambda: {m: r["state"] for m, r in run.cases().items()} == {"one": "IN_REVIEW", "two": "IN_REVIEW"})
    run("reject", run.cases()["two"]["id"], "--reason", "kept as rejected", person="ben-example")
    run("approve", run.cases()["one"]["id"], "--yes", person="ben-example")
    run.until(lambda: run.cases()["one"]["state"] == "SUCCEEDED")
    export = run.folder / "export"
    run("audit", "export", str(export))
    return {
        "cases": {row["id"]: row["state"] for row in run.cases().values()},
        "checkpoint": (export / "checkpoint").read_text(),
        "pin": (run.home / "roster.pin").read_text().strip(),
        "program": version("magistrate"),
        "store": scalar(run.home / "control/store.db", "SELECT version_num FROM alembic_version"),
    }


def strip(run: Run) -> None:
    """Take away what no later version needs: logs, sockets, sessions, loose objects, sample hooks."""
    for path in [*(run.home / "run").iterdir(), *(run.home / "sessions").iterdir()]:
        path.unlink()
    for path in run.home.rglob("*.db"):
        with sqlite3.connect(path) as rows:
            rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows.close()
    for bare in [*run.home.rglob("*.git"), run.clone / ".git"]:
        git(bare, "gc", "-q", "--prune=now")
        for sample in (bare / "hooks").glob("*.sample"):
            sample.unlink()


def pack(run: Run, target: Path) -> None:
    """The same bytes for the same files: sorted, no times, no owners."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name in ("home", "people", "shop"):
            for path in [run.folder / name, *sorted((run.folder / name).rglob("*"))]:
                entry = archive.gettarinfo(path, str(path.relative_to(run.folder)))
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = 0
                with path.open("rb") if entry.isreg() else io.BytesIO() as content:
                    archive.addfile(entry, content if entry.isreg() else None)
    target.write_bytes(gzip.compress(whole.getvalue(), mtime=0))


def git(folder: Path, *arguments: str) -> None:
    """Run git with a plainly fake author and nobody's configuration."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", "Ann Example"), ("EMAIL", "ann@example.invalid"))}  # fmt: skip
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
    subprocess.run(["git", "-C", str(folder), *arguments], env=env, check=True, capture_output=True)


def free_ports() -> int:
    """The first of four free neighbours."""
    for first in range(31000, 60000, 4):
        if all(_free(first + step) for step in range(4)):
            return first
    raise OSError("no free ports")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def scalar(database: Path, query: str) -> str:
    """The one value that a query gives."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
        (value,) = rows.execute(query).fetchone()
    rows.close()
    return str(value)


def main(arguments: list[str]) -> int:
    """Make the home, or exit 2 for a folder that exists."""
    if len(arguments) != 1 or Path(arguments[0]).exists():
        print("usage: make_home.py FOLDER    a folder that does not exist yet", file=sys.stderr)
        return 2
    scratch = Path(tempfile.mkdtemp(prefix="magistrate-kept-"))
    try:
        run = Run(scratch)
        expected = live(run)
        strip(run)
        target = Path(arguments[0])
        target.mkdir(parents=True)
        pack(run, target / "home.tar.gz")
    finally:
        shutil.rmtree(scratch)
    (target / "expected.json").write_text(json.dumps(expected, indent=2, sort_keys=True) + "\n")
    (target / "README.md").write_text(README.format(version=expected["program"]))
    size = (target / "home.tar.gz").stat().st_size
    print(f"{target}: {size:,} bytes, {len(expected['cases'])} cases, store version {expected['store']}")
    return 0 if size < LARGEST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
