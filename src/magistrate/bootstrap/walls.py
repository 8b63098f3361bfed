"""Walls: each process under its own user, and each part of the home owned by one of them.

Rule kept: walls are raised only where they hold, which is tried by starting the interpreter
as each user; otherwise nothing is changed and the reason is said.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.environment import child_environment
from magistrate.settings import PROCESSES, Settings, Walls

USERS: Final = {
    "front": ("magistrate-front", 59001), "control": ("magistrate", 59002), "gate": ("magistrate-git", 59003),
    "executor": ("magistrate-exec", 59004), "witness": ("magistrate-witness", 59005),
}  # fmt: skip
"""User names of the design; where they do not exist, fixed numeric ids that nobody else has."""
_KEYS: Final = {
    "front": ("front", "redaction"), "control": ("control", "log"), "gate": ("gate",), "executor": ("executor",),
    "witness": ("witness",),
}  # fmt: skip
_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Under whom a process runs; None: under whoever started everything."""

    name: str
    uid: int | None = None
    gid: int | None = None


def accounts_of(settings: Settings) -> tuple[dict[str, Account], Walls]:
    """The account of every process, and whether that makes walls of users."""
    if settings.walls_users == "same":
        return _same('the settings say `walls.users = "same"`', "remove that line from magistrate.toml")
    if os.geteuid() != 0:
        return _same(
            "not started as root", f"sudo {sys.executable} -m magistrate.entrypoints.cli.main up --home {settings.home}"
        )
    found = {process: _account(*USERS[process]) for process in PROCESSES}
    for account in found.values():
        hindrance = _hindrance(account, settings.home)
        if hindrance:
            return _same(
                hindrance, "install where every user can read: pip install --prefix /opt/magistrate magistrate"
            )
    return found, Walls(users=True)


def raise_walls(settings: Settings, accounts: dict[str, Account]) -> None:
    """Give each part of the home to its process, and only the parts it needs."""
    home = settings.home
    for folder, mode in ((home, 0o711), (home / "keys", 0o711), (home / "policies", 0o755), (settings.freeze, 0o755)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    for process, account in accounts.items():
        for name in _KEYS[process]:
            _give(settings.key(name), account, 0o600)
        open_to_all = process == "gate"
        for path in _tree(home / process):
            _give(path, account, None)
        (home / process).chmod(0o711 if open_to_all else 0o700)
    _give(settings.known_secrets, accounts["front"], None)
    settings.repositories.chmod(0o755)
    # Created here, so that it is private although the objects beside it are not.
    database = home / "gate" / "gate.db"
    database.touch(mode=0o600)
    _give(database, accounts["gate"], 0o600)
    _give(settings.run, accounts["control"], 0o711)
    # Control may add a stop for others to obey, and take none away that it did not write itself.
    if (group := accounts["control"].gid) is not None:
        os.chown(settings.freeze, -1, group)
        settings.freeze.chmod(0o1775)


def open_socket_to_front(settings: Settings, accounts: dict[str, Account]) -> None:
    """Let front, and nobody else, connect to the socket of control."""
    front, control = accounts["front"], accounts["control"]
    if front.gid is None or control.uid is None or not settings.front_socket.exists():
        return
    os.chown(settings.front_socket, control.uid, front.gid)
    settings.front_socket.chmod(0o660)


def _same(reason: str, mend: str) -> tuple[dict[str, Account], Walls]:
    return {process: Account(name="") for process in PROCESSES}, Walls(users=False, reason=reason, mend=mend)


def _account(name: str, number: int) -> Account:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return Account(name=f"uid {number}", uid=number, gid=number)
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _hindrance(account: Account, home: Path) -> str:
    """Why this account cannot run a process here; empty when it can."""
    trial = "import os, sys, ssl, uvicorn, magistrate.bootstrap.witness; os.stat(sys.argv[1])"
    try:
        done = subprocess.run(
            [sys.executable, "-c", trial, str(home.parent)], user=account.uid, group=account.gid, extra_groups=[],
            env=child_environment(home), cwd="/", capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except OSError as error:
        return f"{sys.executable} cannot be started as {account.name}: {error.strerror}"
    if done.returncode != 0:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        return f"as {account.name}: {last[:160]}"
    return ""


def _give(path: Path, account: Account, mode: int | None) -> None:
    if account.uid is None or account.gid is None or not os.path.lexists(path):
        return
    os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if mode is not None:
        path.chmod(mode)


def _tree(top: Path) -> Iterator[Path]:
    yield top
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            yield Path(folder) / name
