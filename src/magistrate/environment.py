"""The environment of this process: its only reader, and what a started process sees of it.

Rule kept: each variable is read here, by a function that says what it is for; `person.toml` stands beside them, since it
answers the same question: who calls, and with which key.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Final

from magistrate.errors import Usage
from magistrate.settings import Settings

LONGEST_SOCKET: Final = 107 if sys.platform == "linux" else 103
"""Bytes in the path of a unix socket: `sun_path` of unix(7), without its last NUL."""


def find_home(explicit: str | None = None) -> Path:
    """The home directory: `--home`, else MAGISTRATE_HOME, else `~/.magistrate`."""
    chosen = explicit or os.environ.get("MAGISTRATE_HOME") or str(Path.home() / ".magistrate")
    return Path(chosen).expanduser().absolute()


def person_settings(settings: Settings | None, *, name: str | None, key: str | None) -> tuple[str, str]:
    """Who calls and with which key: option, environment, home, then `~/.config/magistrate/person.toml`.

    Raises:
        Usage: MAG-E590 when that file is not understood.
    """
    own = _own_person()
    chosen = name or os.environ.get("MAGISTRATE_PERSON") or (settings.person if settings else "") or own.get("name", "")
    at_home = ""
    if settings and settings.person_key and chosen == settings.person:
        at_home = "agent" if settings.person_key == "agent" else str(settings.home / settings.person_key)
    at_own = own.get("key", "") if chosen == own.get("name", "") else ""
    file = key or os.environ.get("MAGISTRATE_KEY") or at_home or at_own
    return chosen, file


def agent_socket() -> str:
    """SSH_AUTH_SOCK, or an empty text."""
    return os.environ.get("SSH_AUTH_SOCK", "")


def shown_plain() -> bool:
    """Whether the environment asks for no colour (NO_COLOR, TERM=dumb)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def login_name() -> str:
    """The user's login name as the environment has it, for a first suggestion only."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or os.environ.get("LOGNAME") or ""


def child_environment(home: Path) -> dict[str, str]:
    """What a started process sees: the way to programs, the home, and nothing else of the user's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return kept | {"MAGISTRATE_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def git_environment() -> dict[str, str]:
    """Environment of git as this person's own tool: their configuration, no prompts, plain messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _GIT_KEPT}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


_GIT_KEPT: Final = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_SSH_COMMAND"})


def interpreter_of_tests() -> str:
    """The interpreter of the project under test, which the operator names; empty: none (`MAGISTRATE_TEST_PYTHON`)."""
    return os.environ.get("MAGISTRATE_TEST_PYTHON", "")


def index_of_caller() -> Path | None:
    """The index that git names to its hooks (`git commit PATH` has one of its own); None: the usual one."""
    named = os.environ.get("GIT_INDEX_FILE")
    return Path(named).absolute() if named else None


def _own_person() -> dict[str, str]:
    path = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "magistrate" / "person.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, ValueError) as error:
        raise Usage("MAG-E590", f"`{path}` is not usable: {error}") from error
    for name, value in found.items():
        if name not in {"name", "key"} or not isinstance(value, str):
            raise Usage("MAG-E590", f"`{path}`: `{name}` is not `name` or `key` with a text")
    if found.get("key", "agent") != "agent":
        found["key"] = str(path.parent / Path(found["key"]).expanduser())
    return found


def verify_socket_fits(home: Path) -> None:
    """Check that front's socket can be made in a home, before anything else is.

    Raises:
        Usage: MAG-E601 when the path is longer than systems take.
    """
    size = len(os.fsencode(home.absolute() / "run" / "control-front.sock"))
    if size > LONGEST_SOCKET:
        raise Usage(
            "MAG-E601", f"`{home}` is too long a path for a home: the socket in it would have {size} bytes, of {LONGEST_SOCKET}",
            hint="choose a shorter one with --home or MAGISTRATE_HOME",
        )  # fmt: skip
