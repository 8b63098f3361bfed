"""The stand-in for a deployment platform: it runs whatever stands on main, and nothing else.

Run as its own process: `python -m magistrate.entrypoints.cli.demo.platform BARE REF FOLDER PORT`.
It has no credential; it reads the ref twice a second, checks the commit out into a folder of
its own and (re)starts the service, the way a platform that follows a branch would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_ENV = {"PATH": os.environ.get("PATH", ""), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


class Platform:
    """Follows one ref of one repository and keeps one service running."""

    def __init__(self, repository: Path, ref: str, folder: Path, port: int) -> None:
        self._repository, self._ref, self._folder, self._port = repository, ref, folder, port
        self._running: subprocess.Popen[bytes] | None = None
        self._commit = ""

    def step(self) -> None:
        """Deploy when the ref has moved."""
        tip = self._git("rev-parse", "--verify", "--quiet", self._ref)
        if tip and tip != self._commit:
            self._commit = tip
            self._deploy(tip)

    def stop(self) -> None:
        """Stop the service."""
        if self._running is not None:
            self._running.terminate()
            self._running.wait(timeout=10)
            self._running = None

    def _git(self, *arguments: str) -> str:
        result = subprocess.run(
            ["git", "-c", "safe.directory=*", "--git-dir", str(self._repository), *arguments],
            capture_output=True, text=True, env=_ENV, check=False,
        )  # fmt: skip
        return result.stdout.strip()

    def _deploy(self, commit: str) -> None:
        target = self._folder / commit[:12]
        target.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["git", "-c", "safe.directory=*", "--git-dir", str(self._repository), "archive", commit],
            capture_output=True, env=_ENV, check=True,
        ).stdout  # fmt: skip
        subprocess.run(["tar", "-x", "-C", str(target)], input=archive, check=True)
        self.stop()
        self._running = subprocess.Popen(
            [sys.executable, "-m", "shop.service", str(self._port)],
            cwd=target, env={"SHOP_COMMIT": commit, "PYTHONPATH": str(target)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def main() -> None:
    """Follow until stopped."""
    repository, ref, folder, port = sys.argv[1:5]
    platform = Platform(Path(repository), ref, Path(folder), int(port))

    def stop(*_: object) -> None:
        platform.stop()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    while True:
        platform.step()
        time.sleep(0.3)


if __name__ == "__main__":
    main()
