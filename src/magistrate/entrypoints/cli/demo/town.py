"""The world of the demo: a repository, three plainly fake people, a home, running processes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

import httpx

from magistrate.adapters.keys.person import create_person_key
from magistrate.environment import child_environment
from magistrate.errors import Unavailable

PEOPLE: Final = {
    "ada": "proposer,reviewer,policy_owner,operator",
    "bela": "reviewer,platform,policy_owner",
    "cleo": "reviewer,security,operator",
}
"""Ada owns the agent and operates, Bela reviews, Cleo is security. None of them exists."""
_GIT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "Ada Example",
    "GIT_AUTHOR_EMAIL": "ada@example.invalid", "GIT_COMMITTER_NAME": "Ada Example",
    "GIT_COMMITTER_EMAIL": "ada@example.invalid",
}  # fmt: skip


@dataclass(slots=True)
class Ran:
    """How one command of the program ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401  whatever the command printed
        """Its answer as JSON."""
        return json.loads(self.out)


@dataclass(slots=True)
class Town:
    """Everything the demo made, below one folder."""

    folder: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The home of the deployment."""
        return self.folder / "home"

    @property
    def clone(self) -> Path:
        """The developers' clone of the shop."""
        return self.folder / "shop"

    @property
    def bare(self) -> Path:
        """The gate's repository."""
        return self.home / "gate" / "repositories" / "shop.git"

    @property
    def health(self) -> str:
        """The health page of the running service."""
        return f"http://127.0.0.1:{self.port}/health"

    def run(self, *arguments: str, person: str = "ada", check: bool = True, given: str = "") -> Ran:
        """Run the program as one of the people, as its own process."""
        env = child_environment(self.home) | {
            "MAGISTRATE_PERSON": person, "MAGISTRATE_KEY": str(self.folder / "people" / person),
            "NO_COLOR": "1", "HOME": str(self.folder),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "magistrate.entrypoints.cli.main", *arguments],
            cwd=self.clone if self.clone.exists() else self.folder, env=env, input=given,
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise Unavailable(
                "MAG-E649",
                f"`magistrate {' '.join(arguments[:3])}` ended with {done.returncode}: {done.stderr.strip()}",
            )
        return Ran(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        """Run git in the developers' clone."""
        done = subprocess.run(
            ["git", *arguments], cwd=folder or self.clone, env={**os.environ, **_GIT},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def build_repository(self) -> None:
        """Write the shop with its genuine faults and commit it in three steps."""
        _write_template(resources.files("magistrate.entrypoints.cli.demo") / "template", self.clone)
        self.git("init", "-q", "-b", "main")
        for message, paths in (
            (
                "Orders and report",
                ["README.md", "pyproject.toml", "shop/__init__.py", "shop/orders.py", "shop/report.py"],
            ),
            ("Service with a health page", ["shop"]),
            ("Tests and continuous integration", ["."]),
        ):
            self.git("add", *paths)
            self.git("commit", "-q", "-m", message)

    def enrol(self) -> list[str]:
        """Make the people's keys; returns the `--person` options of `init`."""
        options = []
        for person, roles in PEOPLE.items():
            key = self.folder / "people" / person
            key.parent.mkdir(mode=0o700, exist_ok=True)
            create_person_key(key, f"{person}@example.invalid")
            options += ["--person", f"{person}:{roles}:{key}"]
        return options

    def scan(self) -> list[Path]:
        """Scan with the real ruff and the real bandit."""
        results = self.folder / "results"
        results.mkdir(exist_ok=True)
        ruff, bandit = results / "ruff.sarif", results / "bandit.sarif"
        _tool(["ruff", "check", "--output-format", "sarif", "--output-file", str(ruff), "."], self.clone)
        _tool(["bandit", "-q", "-r", "shop", "-f", "sarif", "-o", str(bandit)], self.clone)
        return [ruff, bandit]

    def start_platform(self) -> None:
        """Start the stand-in for a deployment platform."""
        self.processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "magistrate.entrypoints.cli.demo.platform", str(self.bare),
                 "refs/heads/main", str(self.folder / "deployed"), str(self.port)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        self.wait_healthy()

    def wait_healthy(self, commit: str = "", seconds: float = 15) -> dict[str, Any]:
        """Wait until the service is ready (with that commit)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(self.health, timeout=2)
                seen: dict[str, Any] = answer.json()
                if answer.status_code == httpx.codes.OK and commit in str(seen["commit"]):
                    return seen
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(0.1)
        raise Unavailable("MAG-E649", f"`{self.health}` is not ready")

    def agent(self, play: str, session_file: str, front: str, finding: str) -> Ran:
        """Let the scripted assistant play, with what an assistant has and nothing else."""
        env = {
            "PATH": os.environ.get("PATH", ""), "MAGISTRATE_FRONT": front,
            "MAGISTRATE_SESSION_FILE": session_file, "DEMO_FINDING": finding,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "magistrate.entrypoints.cli.demo.agent", play],
            env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def stop(self) -> None:
        """End everything that was started."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _write_template(source: Any, target: Path) -> None:  # noqa: ANN401  a Traversable
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _write_template(entry, target / entry.name)
        elif entry.name.endswith(".in"):
            (target / entry.name.removesuffix(".in")).write_bytes(entry.read_bytes())


def _tool(argv: Sequence[str], folder: Path) -> None:
    """Run a scanner; scanners end with 1 when they find something."""
    program = Path(sys.executable).with_name(argv[0])
    done = subprocess.run(
        [str(program) if program.exists() else argv[0], *argv[1:]],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise Unavailable("MAG-E649", f"`{argv[0]}` could not scan: {done.stderr.strip()[:200]}")
