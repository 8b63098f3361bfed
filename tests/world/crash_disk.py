"""A disk that is full: a small tmpfs where it can be mounted (root), else a limit on the size of files.

Measured: root may mount; an ordinary user may not, and may lower and raise the soft RLIMIT_FSIZE of
its own processes from outside (prlimit), after which each write that lengthens a file fails with EFBIG.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
from pathlib import Path

VOLUME_BYTES = 16_000_000


class Volume:
    """A folder that can be filled up: on a tmpfs of its own if `mounted`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._filler = folder, folder / "filler"
        argv = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES},mode=0700", "crash", str(folder)]
        self.mounted = os.geteuid() == 0 and subprocess.run(argv, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Write until the disk says that it is full (a mounted volume only)."""
        with self._filler.open("wb", buffering=0) as filler:
            for size in (1_000_000, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"\0" * size)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self._folder)], capture_output=True, check=False)


def no_more_bytes(pid: int) -> None:
    """No file of that process may grow any more."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def bytes_again(pid: int) -> None:
    """Lift the limit; a process that is gone needs none."""
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
