"""Walls of bubblewrap: own user, mount, process, network, IPC and host-name namespaces.

Rule kept: the root is a read-only nothing; only what is given is mounted. As root, the program
runs under a user id that nobody else has, so that what it may not read or signal is decided by
the kernel's oldest rule, and the number of its processes can be limited; as an ordinary user it
runs in a user namespace that can make no further one. Either way it holds no capability.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

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

_FIRST_UID: Final = 1_900_000_000
_UIDS: Final = 100_000_000
_COUNTER: Final = itertools.count()
_OPEN_FILES: Final = 256
_TMP: Final = "/tmp"  # noqa: S108  the sandbox's own, a fresh memory file system
_SHM: Final = "/dev/shm"  # noqa: S108  as above
_SHARED_MEMORY: Final = 16_777_216


class BubblewrapSandbox:
    """A `Sandbox` of the strongest level."""

    level = SandboxLevel.BUBBLEWRAP

    def __init__(self) -> None:
        self._programs = {name: shutil.which(name) or "" for name in ("bwrap", "prlimit", "setpriv")}
        self._root = os.geteuid() == 0
        needed = ["bwrap", "prlimit", *(["setpriv"] if self._root else [])]
        missing = [name for name in needed if not self._programs[name]]
        if missing:
            raise Unavailable("MAG-E280", f"no `{missing[0]}` here", hint="apt-get install bubblewrap util-linux")
        self._filter = filter_program(single_process=False)
        if not self._filter:
            raise Unavailable("MAG-E280", "no system call filter for this architecture")

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
            Unavailable: MAG-E281 when it cannot start, MAG-E282 when a given path cannot be shown.
        """
        uid = _FIRST_UID + (os.getpid() * 1009 + next(_COUNTER)) % _UIDS if self._root else os.geteuid()
        shown = with_targets([*read_only, *(interpreter_paths() if wants_interpreter(argv) else ())])
        if self._root:
            _check_readable(shown)
        if writable is not None and self._root:
            _give(writable, uid)
        walls = [*self._limits(limits, uid), self._programs["bwrap"], *self._namespaces(), *_system()]
        walls += _folders([*shown, *([writable] if writable is not None else [])])
        for path in shown:
            walls += ["--ro-bind", str(path), str(path)]
        if writable is not None:
            walls += ["--bind", str(writable), str(writable)]
        walls += ["--chdir", str(cwd or writable or _TMP), "--remount-ro", "/"]
        walls += _environment(env or {})
        with self._filter_fd() as fd:
            walls += ["--seccomp", str(fd), "--", *self._become(uid), *argv]
            return run_bounded(walls, stdin, {"PATH": PATH}, limits, (fd,))

    def _limits(self, limits: SandboxLimits, uid: int) -> list[str]:
        # An ordinary user's processes are counted together, those outside the sandbox too.
        processes = limits.processes + (0 if self._root else processes_of(uid))
        return [
            self._programs["prlimit"], f"--cpu={limits.cpu_seconds}", f"--as={limits.memory_bytes}",
            f"--fsize={limits.file_bytes}", f"--nproc={processes}", f"--nofile={_OPEN_FILES}", "--core=0", "--",
        ]  # fmt: skip

    def _namespaces(self) -> list[str]:
        common = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        common += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"]
        if self._root:
            return [*common, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        return [*common, "--unshare-user", "--disable-userns"]

    def _become(self, uid: int) -> list[str]:
        if not self._root:
            return []
        return [
            self._programs["setpriv"],
            f"--reuid={uid}",
            f"--regid={uid}",
            "--clear-groups",
            "--inh-caps=-all",
            "--no-new-privs",
            "--",
        ]

    @contextlib.contextmanager
    def _filter_fd(self) -> Iterator[int]:
        fd = os.memfd_create("filter")
        try:
            os.write(fd, self._filter)
            os.lseek(fd, 0, os.SEEK_SET)
            yield fd
        finally:
            os.close(fd)


def _system() -> list[str]:
    walls: list[str] = []
    for path in SYSTEM:
        if path.is_symlink():
            walls += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            walls += ["--ro-bind", str(path), str(path)]
    for path in SYSTEM_FILES:
        walls += ["--ro-bind-try", str(path), str(path)]
    walls += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(_SHARED_MEMORY), "--tmpfs", _SHM]
    return [*walls, "--remount-ro", "/dev", "--perms", "1777", "--size", "67108864", "--tmpfs", _TMP]


def _folders(shown: Sequence[Path]) -> list[str]:
    """Empty folders above what is shown; bubblewrap alone would close them to the stranger."""
    above = {parent for path in shown for parent in path.parents if parent != Path("/")}
    walls: list[str] = []
    for folder in sorted(above, key=lambda path: len(path.parts)):
        if not any(folder == path or path in folder.parents for path in (*shown, *SYSTEM)) and folder != Path(_TMP):
            walls += ["--perms", "0755", "--dir", str(folder)]
    return walls


def _environment(env: Mapping[str, str]) -> list[str]:
    plain = {"PATH": PATH, "HOME": _TMP, "TMPDIR": _TMP, "LC_ALL": "C.UTF-8", "USER": "sandbox", "LOGNAME": "sandbox"}
    walls = ["--clearenv"]
    for name, value in {**plain, "PYTHONDONTWRITEBYTECODE": "1", **env}.items():
        walls += ["--setenv", name, value]
    return walls


def _check_readable(paths: Sequence[Path]) -> None:
    """As root the program is a stranger: what it shall read must be readable by strangers."""
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise Unavailable("MAG-E282", f"`{path}` cannot be shown: {error.strerror}") from error
        wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
        if mode & wanted != wanted:
            raise Unavailable(
                "MAG-E282", f"`{path}` is closed to other users, and nothing runs as root in the sandbox",
                hint="start magistrate as the ordinary user who owns it, or open it with `chmod o+rX`",
            )  # fmt: skip


def _give(folder: Path, uid: int) -> None:
    """Make it the program's own; root's group may still enter, for the walls are put up from inside."""
    os.chown(folder, uid, 0)
    folder.chmod(0o710)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root) / name, uid, uid, follow_symlinks=False)
