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
from paths import PYTHON
from world import warm_judge
from world.deployment import Deployment

import magistrate

CONTROL = "from pathlib import Path; import sys; from magistrate.entrypoints.control.server import main; main(Path(sys.argv[1]))"
GATE = "from pathlib import Path; import sys; from magistrate.bootstrap.gate import main; main(Path(sys.argv[1]))"
EXECUTOR = (
    "from pathlib import Path; import sys; from magistrate.bootstrap.executor import main;"
    " raise SystemExit(main(Path(sys.argv[1]), poll_seconds=0.1))"
)


class Running:
    """A process that is killed at the end, with its output in a file; its assessor is warm unless its source is another."""

    def __init__(self, name: str, home: Path, argv: list[str], ready, source: Path | None = None) -> None:
        asked = warm_judge.surroundings() if source is None else {"PYTHONPATH": str(source)}
        env = {**os.environ, **asked}
        with (home / "run" / f"{name}.log").open("ab") as log:
            self.child = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
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
    argv = [PYTHON, "-m", "magistrate.entrypoints.witness.server", str(deployment.home)]
    return Running("witness", deployment.home, argv, lambda: _answers(url))


def start_control(deployment: Deployment, captured: str = "", source: Path | None = None) -> Running:
    """Control as it is, or with this program run in it first, as who has captured it would; or from another source."""
    url = f"{deployment.settings.control_url}/nowhere"
    argv = [PYTHON, "-c", f"{captured}\n{CONTROL}", str(deployment.home)]
    socket = deployment.settings.front_socket
    return Running("control", deployment.home, argv, lambda: _answers(url) and socket.exists(), source)


def start_gate(deployment: Deployment) -> Running:
    url = f"{deployment.settings.gate_url}/gate/v1/health"
    return Running("gate", deployment.home, [PYTHON, "-c", GATE, str(deployment.home)], lambda: _well(url))


def start_executor(deployment: Deployment, source: Path | None = None, name: str = "executor") -> Running:
    """The executor as it is, or from another source; another `name` has a key, a journal and a home of its own."""
    home = deployment.home if name == "executor" else home_of_another(deployment, name)
    journal = home / "executor" / "journal.db"
    return Running(name, deployment.home, [PYTHON, "-c", EXECUTOR, str(home)], journal.exists, source)


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
