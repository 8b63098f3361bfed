"""A whole deployment that runs: five real processes, a repository with scanned findings, an agent.

    with running(folder) as town:                       # about eight seconds
        session = town.session("shop/report.py")        # an open session with its token
        session.call("read_file", path="README.md")     # (status, answer) as an assistant gets it
        case = town.propose(session, {"shop/report.py": fixed})
        town.approve(case); town.until(case, {"SUCCEEDED"})

One person, `anna`, in solo mode. Everything is reached as a user would: the program, HTTP, git, /proc.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from paths import PYTHON
from world import warm_judge
from world.ports import four_free_ports

FILES = {
    "README.md": "# Shop\n\nThis servise recieves orders.\n",
    "shop/__init__.py": "",
    "shop/report.py": '"""Reports."""\n\nimport os\nimport sys\n\n\ndef name() -> str:\n    """Say it."""\n    return f"shop"\n\n\nprint(sys.argv, name())\n',
    "shop/orders.py": '"""Orders."""\n\nimport json\nimport sys\n\nprint(sys.argv)\n',
    "tests/test_report.py": "from shop import report\n\nassert report.name()\n",
}
ENDED = frozenset({"SUCCEEDED", "FAILED", "ROLLED_BACK", "HALTED", "REJECTED", "REFUSED", "STALE", "WITHDRAWN"})


@dataclass
class Session:
    """An assistant's side: a token, a client secret, an address."""

    town: Town
    id: str
    token: str
    finding: str
    client: str = field(default_factory=lambda: secrets.token_hex(32))

    def post(self, tool: str, body: bytes, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}", "Magistrate-Client": self.client} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return httpx.post(
            f"{self.town.front}/api/v1/agent/{tool}", content=body, headers=sent, timeout=60, trust_env=False
        )

    def call(self, tool: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        answer = self.post(tool, json.dumps(arguments).encode())
        return answer.status_code, answer.json()

    def good(self, tool: str, **arguments: Any) -> dict[str, Any]:
        status, answer = self.call(tool, **arguments)
        assert status == 200, (tool, status, answer)
        return answer


@dataclass
class Town:
    """One home, its processes and a developers' clone."""

    folder: Path
    first_port: int
    executed: str = ""
    """Digest of the proposal that a fixture saw through to its end."""
    walls: bool = False
    """Whether the assessor runs behind its walls, as it does for people, or warm (`warm_judge.py`)."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def clone(self) -> Path:
        return self.folder / "shop"

    @property
    def bare(self) -> Path:
        return self.home / "gate" / "repositories" / "shop.git"

    @property
    def front(self) -> str:
        return f"http://127.0.0.1:{self.first_port}"

    def __call__(self, *arguments: object, status: int | None = 0) -> str:
        """Run the program as anna; fails unless it ends with `status` (None: any)."""
        words = [*map(str, arguments), "--home", str(self.home)]
        folder = self.clone if self.clone.is_dir() else self.folder
        env = {**os.environ, "HOME": str(self.folder), "NO_COLOR": "1"}
        done = warm_judge.program(words, cwd=folder, env=env, walls=self.walls)
        if status is not None:
            assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + (done.stderr if done.returncode else "")

    def json(self, *arguments: object) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    # -- processes --------------------------------------------------------------

    def pid(self, name: str) -> int:
        note = json.loads((self.home / "run" / "up.json").read_text())
        return int(note["processes"][name]["pid"])

    def kill(self, name: str) -> int:
        """SIGKILL one process; returns the pid it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def await_again(self, name: str, before: int, seconds: float = 40) -> None:
        """Wait until the supervisor has started a killed process again and it answers."""

        def back() -> bool:
            note = json.loads((self.home / "run" / "up.json").read_text())["processes"][name]
            return note["pid"] != before and note["running"] and self._answers(name)

        until(back, seconds)

    def _answers(self, name: str) -> bool:
        ports = {"front": 0, "control": 1, "gate": 2, "witness": 3}
        if name not in ports:
            return True
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port(name))) == 0

    def port(self, name: str) -> int:
        lines = (self.home / "magistrate.toml").read_text().splitlines()
        return next(int(line.split("=")[1]) for line in lines if line.partition("=")[0].strip() == name)

    # -- the loop ---------------------------------------------------------------

    def finding(self, path: str) -> str:
        return next(str(f["id"]) for f in self.json("findings", "--repository", "shop") if f["path"] == path)

    def session(self, path: str = "shop/report.py", minutes: int = 30) -> Session:
        """Open a session on a finding of a file."""
        finding = self.finding(path)
        opened = self.json(
            "session", "open", "--agent", "fixer", "--finding", finding, "--reason", "try it", "--minutes", minutes
        )
        return Session(self, opened["id"], Path(opened["file"]).read_text().strip(), finding)

    def propose(self, session: Session, edits: dict[str, Callable[[str], str]], rationale: str = "fix it") -> str:
        """Read, edit, submit; returns the proposal's digest when it is decided."""
        patch = ""
        for path, edit in edits.items():
            before = session.good("read_file", path=path)["text"]
            patch += unified(path, before, edit(before))
        made = session.good(
            "submit_proposal", patch=patch, rationale=rationale, prompt="Fix it.", finding=session.finding
        )
        proposal = str(made["proposal"])
        self.until(proposal, ENDED | {"IN_REVIEW", "CLEARED", "WARRANTED", "EXECUTING", "APPROVED_NOT_EXECUTED"})
        return proposal

    def case(self, proposal: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.json("queue", "--all")
        return next(row for row in rows if row["proposal"] == proposal)

    def until(self, proposal: str, states: set[str] | frozenset[str], seconds: float = 60) -> dict[str, Any]:
        """Wait until a case has one of these states, and is told so by the program.

        The store is looked at while nothing happens: a program that starts five times a second takes the time of those
        it waits for.
        """
        end = time.monotonic() + seconds
        row: dict[str, Any] = {"state": "not looked at"}
        while True:
            state = self._state(proposal)
            if state is None or state in states:
                row = self.case(proposal)
                if row["state"] in states:
                    return row
            assert time.monotonic() < end, f"stays {state}, last told as {row}"
            time.sleep(0.1)

    def _state(self, proposal: str) -> str | None:
        """The state in the store; None where the store is no file of this home."""
        if not (self.home / "control" / "store.db").is_file():
            return None
        found = self.rows("select state from case_state where proposal = ?", proposal)
        return str(found[0][0]) if found else ""

    def approve(self, proposal: str, status: int | None = 0) -> str:
        return self("approve", proposal.removeprefix("sha256:")[:16], "--yes", status=status)

    def story(self, proposal: str) -> list[dict[str, Any]]:
        """The events of a case, by the one call that people use."""
        return list(self.json("show", proposal.removeprefix("sha256:")[:16])["events"])

    # -- what can be seen from outside ------------------------------------------

    def git(self, *arguments: str, folder: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(folder or self.bare), *arguments], capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def tip(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def rows(self, sql: str, *values: object, database: str = "control/store.db") -> list[tuple[Any, ...]]:
        """Read a database of the home, read-only."""
        with contextlib.closing(sqlite3.connect(f"file:{self.home / database}?mode=ro", uri=True, timeout=10)) as link:
            return link.execute(sql, values).fetchall()

    def events(self, event: str) -> list[tuple[int, str]]:
        """Sequence and subject of every event of a kind, in the record."""
        return self.rows("select seq, subject from event where event = ? order by seq", event)


@contextlib.contextmanager
def running(folder: Path, files: dict[str, str] | None = None, *, walls: bool = False) -> Iterator[Town]:
    """A deployment that runs, with a repository, findings and a registered agent."""
    town = Town(folder, four_free_ports(), walls=walls)
    repository(town.clone, {**FILES, **(files or {})})
    # `init` and `repository add` are told the folder by the clone's current directory.
    town("init", "--solo", "--name", "anna", "--ports", town.first_port)
    town("up", "--detach")
    try:
        town("repository", "add", town.clone)
        scan(town)
        town("agents", "register", "fixer")
        yield town
    finally:
        town("up", "--stop", status=None)


@contextlib.contextmanager
def running_below(prefix: str, files: dict[str, str] | None = None, *, walls: bool = False) -> Iterator[Town]:
    """The same in a folder of its own, outside anybody's home, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"magistrate-{prefix}-"))
    folder.chmod(0o755)
    try:
        with running(folder, files, walls=walls) as town:
            yield town
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def repository(folder: Path, files: dict[str, str]) -> None:
    """A clone with one commit."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def scan(town: Town) -> None:
    """Scan the clone with the real ruff and take the findings in."""
    found = subprocess.run(
        [PYTHON, "-m", "ruff", "check", "--isolated", "--output-format", "sarif", "."], cwd=town.clone,
        capture_output=True, check=False,
    )  # fmt: skip
    results = town.folder / "results.sarif"
    results.write_bytes(found.stdout)
    town("ingest", results, "--repository", "shop")


def unified(path: str, before: str, after: str) -> str:
    """A git-style patch of one file."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return f"diff --git a/{path} b/{path}\n" + "".join(lines)


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
