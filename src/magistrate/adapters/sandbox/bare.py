"""No walls: the assessor as an ordinary process with limits, where nothing better can be had.

Rule kept: only `magistrate assess` opens this, on the machine of who asked; control, front and
executor never do. It runs this interpreter in isolated mode and nothing else: no tool, no file of
a repository, nothing given to read or to write. The verdict stays the same, for a proof is made of
bytes; what is missing is what would hold a parser that hostile bytes have captured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from magistrate.adapters.sandbox import bare_launch
from magistrate.adapters.sandbox.process import run_bounded
from magistrate.adapters.sandbox.seccomp import filter_program
from magistrate.adapters.sandbox.views import PATH
from magistrate.errors import Unavailable
from magistrate.ports import DEFAULT_LIMITS, SandboxLevel, SandboxLimits, SandboxResult


class BareProcess:
    """A `Sandbox` of level `NONE`, for the assessor alone."""

    level = SandboxLevel.NONE

    def run(  # noqa: PLR0913  the port says so
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        read_only: Sequence[Path] = (),
        writable: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        limits: SandboxLimits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Run the assessor to the end or to a limit.

        Raises:
            Unavailable: MAG-E280 for any other program, or one that is given files.
        """
        if list(argv[:2]) != [sys.executable, "-I"] or read_only or writable is not None or cwd is not None or env:
            raise Unavailable("MAG-E280", "without walls only the assessor itself runs, and no tool")
        spec = {
            "limits": {
                "CPU": limits.cpu_seconds, "AS": limits.memory_bytes, "FSIZE": 0, "NOFILE": 256, "CORE": 0,
            },
            "filter": filter_program(single_process=True).hex(),
            "argv": list(argv),
            "env": {"PATH": PATH, "HOME": "/", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        }  # fmt: skip
        launcher = [sys.executable, "-I", "-S", bare_launch.__file__, json.dumps(spec)]
        return run_bounded(launcher, stdin, {"PATH": PATH}, limits)
