"""Witness and control as real processes on one home, and a client that signs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import msgspec
from world import warm_judge, warm_server
from world.deployment import Deployment
from world.warm_server import Program

import magistrate

HOME = "from pathlib import Path\nimport sys\n"
CONTROL = Program(HOME + "from magistrate.entrypoints.control.server import main", "main(Path(sys.argv[1]))")
GATE = Program(HOME + "from magistrate.bootstrap.gate import main", "main(Path(sys.argv[1]))")
EXECUTOR = Program(
    HOME + "from magistrate.bootstrap.executor import main",
    "raise SystemExit(main(Path(sys.argv[1]), poll_seconds=0.1))",
)
WITNESS = Program(HOME + "from magistrate.entrypoints.witness.server import main", "main(Path(sys.argv[1]))")


class Running:
    """A process that is killed at the end, with its output in a file.

    It and its assessor are warm, unless its source is another; one that has been `captured` runs that program first.
    """

    def __init__(
        self, name: str, home: Path, program: Program, words: list[str], ready, *, source: Path | None = None, captured: str = ""
    ) -> None:  # fmt: skip
        self.child: warm_server.Child | subprocess.Popen[bytes]
        with (home / "run" / f"{name}.log").open("ab") as log:
            if source is None and not captured:
                self.child = warm_server.start(program, words, log=log, env={**os.environ, **warm_judge.surroundings()})
            else:
                asked = warm_judge.surroundings() if source is None else {"PYTHONPATH": str(source)}
                self.child = subprocess.Popen(
                    program.argv(words, captured), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    env={**os.environ, **asked},
                )  # fmt: skip
        self.home, self.name = home, name
        self.await_ready(ready)

    def await_ready(self, ready) -> None:
        end = time.monotonic() + 90
        while not ready():
            if self.child.poll() is not None or time.monotonic() > end:
                raise AssertionError((self.home / "run" / f"{self.name}.log").read_text()[-3000:])
            time.sleep(0.05)

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def start_witness(deployment: Deployment) -> Running:
    url = f"{deployment.settings.witness_url}/{'0' * 64}/checkpoint"
    return Running("witness", deployment.home, WITNESS, [str(deployment.home)], lambda: _answers(url))


def start_control(deployment: Deployment, captured: str = "", source: Path | None = None) -> Running:
    """Control as it is, or with this program run in it first, as who has captured it would; or from another source."""
    url = f"{deployment.settings.control_url}/nowhere"
    socket, words = deployment.settings.front_socket, [str(deployment.home)]
    return Running(
        "control",
        deployment.home,
        CONTROL,
        words,
        lambda: _answers(url) and socket.exists(),
        source=source,
        captured=captured,
    )


def start_gate(deployment: Deployment) -> Running:
    url = f"{deployment.settings.gate_url}/gate/v1/health"
    return Running("gate", deployment.home, GATE, [str(deployment.home)], lambda: _well(url))


def start_executor(deployment: Deployment, source: Path | None = None, name: str = "executor") -> Running:
    """The executor as it is, or from another source; another `name` has a key, a journal and a home of its own."""
    home = deployment.home if name == "executor" else home_of_another(deployment, name)
    journal = home / "executor" / "journal.db"
    return Running(name, deployment.home, EXECUTOR, [str(home)], journal.exists, source=source)


def home_of_another(deployment: Deployment, name: str) -> Path:
    """A home that shares everything with the deployment's but the key and the journal of its executor."""
    made = deployment.home.parent / f"home-{name}"
    if made.exists():
        return made
    (made / "keys").mkdir(parents=True)
    for entry in deployment.home.iterdir():
        if entry.name not in {"keys", "executor"}:
            (made / entry.name).symlink_to(entry)
    shutil.copy(deployment.home / "keys" / f"{name}.key", made / "keys" / "executor.key")
    (made / "executor").mkdir(mode=0o700)
    return made


def other_version(folder: Path) -> Path:
    """The source of a program whose assessor has another digest and says the same of every change."""
    made = folder / "other-version"
    shutil.copytree(Path(magistrate.__path__[0]), made / "magistrate", ignore=shutil.ignore_patterns("__pycache__"))
    with (made / "magistrate" / "judge.py").open("a") as judge:
        judge.write("# another version\n")
    return made


class Caller:
    """Signs and sends as one caller; front goes through the socket."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self.deployment, self.name = deployment, name

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
        """Send as it is; nothing is signed here."""
        transport = None
        if self.name == "front":
            transport = httpx.HTTPTransport(uds=str(self.deployment.settings.front_socket))
        base = self.deployment.settings.control_url
        with httpx.Client(base_url=base, transport=transport, trust_env=False, timeout=30) as client:
            return client.request(method, path, content=body or None, headers=headers)

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path, headers=self.deployment.authorization(self.name, "GET", path))

    def post(self, path: str, content: object) -> httpx.Response:
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        return self.send("POST", path, body, self.deployment.authorization(self.name, "POST", path, body))

    def awaited(self, path: str, good, seconds: float = 20) -> dict:
        end = time.monotonic() + seconds
        while True:
            found = self.get(path).json()
            if good(found):
                return found
            if time.monotonic() > end:
                raise AssertionError(json.dumps(found)[:2000])
            time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False, timeout=1)
    except httpx.HTTPError:
        return False
    return True


def _well(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False
