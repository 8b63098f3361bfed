"""Ports of a home: taken by ourselves or by somebody else, and by whom.

Rule kept: a process counts as up only when its own port is held by that very process; an
answer of a stranger, such as another home with the same ports, is never taken for ours.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from magistrate.errors import Unavailable
from magistrate.settings import HOST, PROCESSES, Settings

_LISTENING: Final = "0A"
_TABLES: Final = ("/proc/net/tcp", "/proc/net/tcp6")


def port_of(settings: Settings, name: str) -> int | None:
    """The port of a process; None when it listens nowhere."""
    port: int | None = getattr(settings.ports, name, None)
    return port


def verify_ports_free(settings: Settings, names: Iterable[str] = PROCESSES) -> None:
    """Check by binding that each port can be had; nothing keeps it.

    Raises:
        Unavailable: MAG-E613 naming the port, the process that wants it, and who has it.
    """
    for name in names:
        port = port_of(settings, name)
        if port is not None:
            _verify_free(settings, name, port)


def holds_port(pid: int, port: int) -> bool | None:
    """Whether this process listens there; None when the system does not tell."""
    wanted = _listening(port)
    if wanted is None:
        return None
    found = _sockets(pid)
    return None if found is None else bool(wanted & found)


def _verify_free(settings: Settings, name: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: what only waits for late packets is free, what listens is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise Unavailable(
                "MAG-E613", f"`{name}` of this home wants port {port}, which "
                + (f"is taken{_by(port)}" if taken else f"cannot be had: {error.strerror}"),
                hint=f"stop the other one, or give `{name}` another port under [ports] in "
                f"{settings.home / 'magistrate.toml'}"
                + (" and in witness/witness.toml" if name == "witness" else ""),
            ) from error  # fmt: skip


def _by(port: int) -> str:
    for pid in _pids():
        if holds_port(pid, port):
            argv = _argv(pid)
            if argv[-2:-1] == ["--home"]:
                return f" by `{argv[-3]}` of the home {argv[-1]} (pid {pid})"
            return f" by `{' '.join(argv)[:80]}` (pid {pid})"
    return " by another process"


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))


def _argv(pid: int) -> list[str]:
    try:
        content = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in content.split(b"\0")[:-1]]


def _listening(port: int) -> set[str] | None:
    """Inode numbers of sockets that listen on a port, of any address."""
    found: set[str] = set()
    told = False
    for table in _TABLES:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        told = True
        rows = (line.split() for line in lines)
        found |= {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    return found if told else None


def _sockets(pid: int) -> set[str] | None:
    try:
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:
        return set()
    except OSError:
        return None
    return {link[8:-1] for link in links if link.startswith("socket:[")}
