"""Walls without bubblewrap: Landlock, seccomp and limits, with namespaces where they can be had.

`UNSHARE` adds own user, process, network and IPC namespaces; `LIMITS` has none of them, and
in exchange allows one process and no socket at all: enough for a static proof, too little to
run code of a repository.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from magistrate.adapters.sandbox import launch
from magistrate.adapters.sandbox.process import processes_of, run_bounded
from magistrate.adapters.sandbox.seccomp import filter_program
from magistrate.adapters.sandbox.views import (
    PATH,
    SYSTEM,
    SYSTEM_FILES,
    interpreter_paths,
    wants_interpreter,
    with_targets,
)
from magistrate.errors import Unavailable
from magistrate.ports import DEFAULT_LIMITS, SandboxLevel, SandboxLimits, SandboxResult

_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_INNER_ROOT: Final = 65534


class ConfinedSandbox:
    """A `Sandbox` of level `UNSHARE` or `LIMITS`."""

    def __init__(self, level: SandboxLevel) -> None:
        self.level = level
        self._namespaces = level is SandboxLevel.UNSHARE
        self._filter = filter_program(single_process=not self._namespaces)
        if not self._filter:
            raise Unavailable("MAG-E280", "no system call filter for this architecture")
        abi = launch.landlock_abi()
        if abi == 0:
            raise Unavailable("MAG-E280", "this kernel has no Landlock", hint="apt-get install bubblewrap")
        if os.geteuid() == 0 and not self._namespaces and abi < launch.SCOPED_ABI:
            raise Unavailable("MAG-E280", "as root this kernel cannot keep a program from signalling others")

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
        """Run to the end or to a limit.

        Raises:
            Unavailable: MAG-E281 when the walls cannot be put up.
        """
        program = shutil.which(argv[0], path=PATH) if "/" not in argv[0] else argv[0]
        if program is None:
            raise Unavailable("MAG-E281", f"no `{argv[0]}` here")
        shown = with_targets([*read_only, *(interpreter_paths() if wants_interpreter(argv) else ())])
        scratch = str(writable or "/")
        plain = {"PATH": PATH, "HOME": scratch, "TMPDIR": scratch, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        root = os.geteuid() == 0
        counted = {} if root else {"NPROC": limits.processes + processes_of(os.geteuid())}
        spec = {
            "parent": os.getpid(),
            "namespaces": self._namespaces,
            "inner_uid": _INNER_ROOT if root else os.geteuid(),
            "limits": {
                "CPU": limits.cpu_seconds, "AS": limits.memory_bytes, "FSIZE": limits.file_bytes,
                "NOFILE": 256, "CORE": 0, **counted },
            "read": [str(path) for path in (*SYSTEM, *SYSTEM_FILES, *shown) if path.exists()],
            "write": [str(writable)] if writable is not None else [],
            "devices": _DEVICES,
            "cwd": str(cwd or writable or "/"),
            "filter": self._filter.hex(),
            "argv": [program, *argv[1:]],
            "env": {**plain, **(env or {})},
        }  # fmt: skip
        launcher = [sys.executable, "-I", "-S", launch.__file__, json.dumps(spec)]
        result = run_bounded(launcher, stdin, {"PATH": PATH}, limits)
        if result.returncode == launch.FAILED and result.stderr.startswith(b"magistrate sandbox:"):
            raise Unavailable(
                "MAG-E281", f"the sandbox could not start: {result.stderr.decode(errors='replace').strip()[:200]}"
            )
        return result
