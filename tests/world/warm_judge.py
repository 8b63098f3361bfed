"""The assessor for processes that a test starts, without a new interpreter and a second of imports for each question.

    env = {**os.environ, **warm_judge.surroundings()}   # a process started so asks the warm assessor

One process of the same interpreter, `warm_judge_process.py`, has imported the assessor and judged nothing; for each
question it forks a child, which answers it and ends. So every question meets the assessor as it is after its imports,
in a process of its own that can die or run out of time: what is missing are the walls around it, and nothing else.
`warm_start/sitecustomize.py` says in the started process who is asked; every other program stays behind its walls.
Tests about walls, about what lies in memory, or about another source start their processes without this.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from paths import MAGISTRATE, PYTHON, SRC
from world import warm

START = Path(__file__).with_name("warm_start")
PROCESS = Path(__file__).with_name("warm_judge_process.py")
ASKED = "WARM_JUDGE"
"""The variable that names the socket; it is what `sitecustomize.py` and `warm_process.py` look for."""


class WarmJudge:
    """The process that forks; it ends with the one that started it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mag-judge-"))
        self.folder.chmod(0o755)  # processes with users of their own ask too
        self.place = self.folder / "asked"
        self._alive, theirs = socket.socketpair()
        with theirs, socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.place))
            self.place.chmod(0o777)
            listening.listen(64)
            passed = [listening.fileno(), theirs.fileno()]
            self.process = subprocess.Popen(
                [PYTHON, str(PROCESS), *map(str, passed)], pass_fds=passed, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip

    def close(self) -> None:
        """End it: it ends when the one that started it is gone."""
        self._alive.close()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


_started: dict[int, WarmJudge] = {}
_starting = threading.Lock()


def started() -> WarmJudge:
    """The one of this process, started by the first who asks."""
    with _starting:
        if os.getpid() not in _started:
            _started[os.getpid()] = WarmJudge()
            atexit.register(_started[os.getpid()].close)
        return _started[os.getpid()]


def asked() -> dict[str, str]:
    """What `warm.run` is told so that the program asks the warm assessor of this very source."""
    return {ASKED: f"{started().place}:{SRC}"}


def surroundings() -> dict[str, str]:
    """The same for a process that is started: Python reads `sitecustomize.py` there."""
    return {"PYTHONPATH": str(START), **asked()}


def program(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 180, walls: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the program, which asks the warm assessor, or with `walls` the one behind walls; see `warm.run`.

    What starts processes that stay is started as the program starts it.
    """
    if words[0] != "up":
        return warm.run(words, cwd=cwd, env={**env, **({} if walls else asked())}, timeout=timeout)
    return subprocess.run(
        [str(MAGISTRATE), *words], cwd=cwd, env={**env, **({} if walls else surroundings())}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False, timeout=timeout,
    )  # fmt: skip
