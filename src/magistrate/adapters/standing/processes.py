"""What processes hold: their environment, their arguments, and all of their writable memory.

Rule kept (R50): a process belongs to a deployment by its supervisor, its environment, its arguments
or its user; one whose memory may not be read is told as not searched.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.adapters.standing.places import CHUNK, OVERLAP
from magistrate.adapters.standing.search import Search, guarded
from magistrate.adapters.standing.shapes import in_url, of_code_host, variable_names_secret

PROC: Final = Path("/proc")
_HOMES: Final = (b"MAGISTRATE_HOME=", b"MAGISTRATE_GATE_HOME=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a deployment; `name` is what it is started as, or its program.

    `own` is false for one that is only told of the home, as a person's shell is.
    """

    pid: int
    name: str
    own: bool


def processes_of(home: Path, named: Mapping[int, str], users: frozenset[int]) -> tuple[Process, ...]:
    """The named processes with everything below them, and whatever else belongs to the home; never this one."""
    wanted = os.fsencode(home)
    parents: dict[int, int] = {}
    ours: dict[int, bool] = {}
    for pid in _pids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = (PROC / str(pid) / "stat").read_text(errors="replace")
            parents[pid] = int(stat.rpartition(")")[2].split()[1])
            if pid in named or (PROC / str(pid)).stat().st_uid in users:
                ours[pid] = True
            argv = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            if wanted in argv:
                ours[pid] = True
            environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
            if any(mark + wanted in environment for mark in _HOMES):
                ours.setdefault(pid, False)
    below = {pid for pid in parents if any(above in named for above in _ancestors(pid, parents))}
    called_by = set(_ancestors(os.getpid(), parents)) - below  # whoever asks, and how: sudo, a shell
    found = (ours.keys() | below) - called_by - {os.getpid()}
    return tuple(
        Process(pid=pid, name=named.get(pid) or _program(pid), own=pid in below or ours[pid]) for pid in sorted(found)
    )


def search_process(search: Search, process: Process, *, keys: Mapping[bytes, frozenset[str]]) -> None:
    """One process; `keys` are lines that tell keys apart, with the names of the processes that hold each."""
    where = f"{process.name} (pid {process.pid})"
    folder = PROC / str(process.pid)
    search.counts["processes"] += 1
    guarded(search, f"environment of {where}", lambda: _environment(search, folder, process, where))
    guarded(search, f"arguments of {where}", lambda: _arguments(search, folder, where))
    guarded(search, f"memory of {where}", lambda: _memory(search, folder, process, where, keys))


def _environment(search: Search, folder: Path, process: Process, where: str) -> None:
    for pair in (folder / "environ").read_bytes().split(b"\0"):
        name, _, value = pair.decode(errors="replace").partition("=")
        search.tokens(f"environment of {where}, {name}", pair)
        if variable_names_secret(name, value) or of_code_host(pair):
            what = "a variable that programs take a credential from"
            if process.own:
                search.found(f"environment of {where}, {name}", what)
            else:
                search.reachable.append((f"environment of {where}, {name}", what))


def _arguments(search: Search, folder: Path, where: str) -> None:
    content = (folder / "cmdline").read_bytes()
    search.tokens(f"arguments of {where}", content)
    if in_url(content) or of_code_host(content):
        search.found(f"arguments of {where}", "a credential among the arguments")


def _memory(search: Search, folder: Path, process: Process, where: str, keys: Mapping[bytes, frozenset[str]]) -> None:
    with (folder / "mem").open("rb", buffering=0) as memory:
        for low, high in _regions(folder):
            try:
                for piece in _region(memory.fileno(), low, high):
                    search.counts["bytes of memory"] += len(piece)
                    search.tokens(f"memory of {where}", piece, decode=False)
                    for line, holders in keys.items():
                        if process.name not in holders and line in piece:
                            search.found(f"memory of {where}", "a private key of another process of this deployment")
            except OSError as error:
                if (low, high) in set(_regions(folder)):
                    search.blind(f"memory of {where} at {low:x}", error.strerror or "cannot be read")


def _regions(folder: Path) -> Iterator[tuple[int, int]]:
    """The writable regions, as the kernel lists them now."""
    for line in (folder / "maps").read_text(errors="replace").splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("rw"):
            low, _, high = span.partition("-")
            yield int(low, 16), int(high, 16)


def _region(descriptor: int, low: int, high: int) -> Iterator[bytes]:
    kept, at = b"", low
    while at < high:
        piece = os.pread(descriptor, min(CHUNK, high - at), at)
        if not piece:
            return
        yield kept + piece
        kept, at = piece[-OVERLAP:], at + len(piece)


def _pids() -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    while pid in parents:
        yield pid
        pid = parents[pid]


def _program(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"
