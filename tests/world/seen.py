"""What a home looks like from outside: files, git, database rows, connections of a process."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASES = ("control/store.db", "gate/gate.db", "executor/journal.db", "witness/witness.db")
_NOT_FILES = re.compile(r"^(run/|.*\.db(-wal|-shm)?$)")
_LISTENING = "0A"


@dataclass(frozen=True)
class Snapshot:
    """One look at a home."""

    files: dict[str, str]
    refs: str
    objects: frozenset[str]
    rows: dict[str, frozenset[str]]

    def changes(self, later: Snapshot) -> dict[str, list[str]]:
        """What differs, by what it is; rows as `+table` and `-table`."""
        found: dict[str, list[str]] = {}
        names = set(self.files) | set(later.files)
        found["files"] = sorted(n for n in names if self.files.get(n) != later.files.get(n))
        found["refs"] = [] if self.refs == later.refs else [self.refs, later.refs]
        found["objects"] = sorted(self.objects ^ later.objects)
        for table in set(self.rows) | set(later.rows):
            before, after = self.rows.get(table, frozenset()), later.rows.get(table, frozenset())
            found[f"+{table}"] = sorted(after - before)
            found[f"-{table}"] = sorted(before - after)
        return {name: what for name, what in found.items() if what}


def look(home: Path) -> Snapshot:
    """Everything of a home but its logs and pid files; databases by row, all objects of every repository."""
    files = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_file() and not path.is_symlink() and not _NOT_FILES.match(name):
            files[name] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    refs, objects = "", set()
    for bare in sorted((home / "gate" / "repositories").glob("*.git")):
        refs += _git(bare, "for-each-ref", "--format=%(refname) %(objectname)")
        objects |= set(_git(bare, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())
    rows = {}
    for database in DATABASES:
        for table, content in _tables(home / database).items():
            rows[f"{database.partition('/')[0]}.{table}"] = content
    return Snapshot(files=files, refs=refs, objects=frozenset(objects), rows=rows)


def _tables(path: Path) -> dict[str, frozenset[str]]:
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as link:
        names = [n for (n,) in link.execute("select name from sqlite_master where type = 'table'")]
        query = 'select * from "{}"'
        return {n: frozenset(map(repr, link.execute(query.format(n)))) for n in names}


def _git(bare: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "safe.directory=*", "--git-dir", str(bare), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@dataclass(frozen=True, order=True)
class Connection:
    """A TCP socket of a process."""

    local: str
    remote: str
    listening: bool


def connections(pid: int) -> set[Connection]:
    """TCP sockets that a process holds, from its descriptors and /proc/PID/net."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink())):
                inodes.add(found[1])
    held = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                parts = line.split()
                if parts[9] in inodes:
                    held.add(Connection(_port(parts[1]), _port(parts[2]), parts[3] == _LISTENING))
    return held


def _port(text: str) -> str:
    address, _, port = text.rpartition(":")
    return f"{address}:{int(port, 16)}"


@contextlib.contextmanager
def watching_connections(pid: int) -> Iterator[set[Connection]]:
    """Collect the TCP sockets of a process while something happens."""
    seen: set[Connection] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                seen.update(connections(pid))
            time.sleep(0.005)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def environment(pid: int) -> dict[str, str]:
    """The environment a process was started with."""
    raw = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(pair.split("=", 1) for pair in raw.split("\0") if "=" in pair)


def open_files(pid: int) -> list[str]:
    """What the descriptors of a process point to."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(descriptor.readlink()))
    return sorted(found)


def windows(secret: str, size: int = 8) -> set[str]:
    """Every piece of a secret that counts as a leak."""
    return {secret[i : i + size] for i in range(len(secret) - size + 1)}


def leaked(secret: str, delivered: Any) -> list[str]:
    """Pieces of a secret in what was delivered."""
    text = str(delivered)
    return [piece for piece in windows(secret) if piece in text]
