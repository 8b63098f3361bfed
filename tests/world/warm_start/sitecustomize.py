"""Read by Python as it starts where `WARM_JUDGE` is told: the assessor that this process asks is the warm one.

`WARM_JUDGE` is `SOCKET:SOURCE`. Two modules of the product are told of it as soon as they are read: the one that opens
walls gives walls behind which everything runs but the assessor of SOURCE, and the one that says what a started process
sees lets it see this too. See `world/warm_judge.py`.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

PLACE, _, SOURCE = os.environ.get("WARM_JUDGE", "").partition(":")
READ = 1 << 20


class WarmWalls:
    """The walls of this machine for every program but the assessor."""

    def __init__(self, walls: Any) -> None:
        self._walls = walls
        self.level = walls.level

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", **rest: Any) -> Any:
        from magistrate.ports import SandboxResult
        from magistrate.usecases.judging import judge_argv

        if list(argv) != [*judge_argv(Path(sys.executable))[:-1], SOURCE]:
            return self._walls.run(argv, stdin=stdin, **rest)
        limits = rest["limits"]
        try:
            said = _asked(stdin, limits.wall_seconds)
        except TimeoutError:
            return SandboxResult(returncode=-9, stdout=b"", stderr=b"", timed_out=True)
        status = said[0] if said else -9  # whoever says nothing has died
        return SandboxResult(
            returncode=status, stdout=said[1:], stderr=b"", timed_out=False, overflowed=len(said) > limits.output_bytes
        )


def _asked(question: bytes, seconds: float) -> bytes:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(seconds)
        link.connect(PLACE)
        said = b""
        with suppress(BrokenPipeError, ConnectionResetError):  # it died before it had heard everything
            link.sendall(question)
            link.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: link.recv(READ), b""))
        return said


def opens_warm_walls(module: ModuleType) -> None:
    """Who opens a sandbox gets warm walls; whether there are walls at all is still found out."""
    found: Any = module
    real_sandbox, real_judging = found.open_sandbox, found.open_for_judging

    def open_sandbox(level: Any = None) -> Any:
        return WarmWalls(real_sandbox(level))

    def open_for_judging() -> Any:
        real = real_judging()
        return found.Judging(sandbox=WarmWalls(real.sandbox), missing=real.missing)

    found.open_sandbox, found.open_for_judging = open_sandbox, open_for_judging


def passes_on(module: ModuleType) -> None:
    """What this process starts sees of its environment what it would, and who the assessor is."""
    found: Any = module
    real = found.child_environment

    def child_environment(home: Path) -> dict[str, str]:
        told = {"PYTHONPATH": str(Path(__file__).parent), "WARM_JUDGE": os.environ["WARM_JUDGE"]}
        return {**real(home), **told}

    found.child_environment = child_environment


TOLD: dict[str, Callable[[ModuleType], None]] = {
    "magistrate.adapters.sandbox.detect": opens_warm_walls, "magistrate.environment": passes_on,
}  # fmt: skip


class Told(importlib.abc.MetaPathFinder):
    """Finds what others find, and tells the two modules as soon as they are read."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if name not in TOLD:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            read = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                read(module)
                TOLD[name](module)

            loader.exec_module = exec_module
        return spec


if PLACE:
    sys.meta_path.insert(0, Told())
