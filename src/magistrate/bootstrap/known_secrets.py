"""The file `known-secrets` of a home: values that no agent may be shown, in whatever form they stand.

Rule kept (R8, R12): front alone reads it; values are kept in front's memory and nowhere else, and
no error, log line or answer holds one: what is wrong with a line is said by its number.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from magistrate.context.known import PIECE
from magistrate.errors import Refused

MAX_BYTES: Final = 1_000_000
MAX_VALUES: Final = 2_000
_DISTINCT: Final = 4
_NAMED: Final = re.compile(r"(?:export )?[A-Za-z_][A-Za-z0-9_]{0,99}=(?P<value>.*[^=].*)")
_UNVALUED: Final = re.compile(r"(?:export )?[A-Z_][A-Z0-9_]{0,99}=")
_WORDS: Final = """
password password1 passw0rd changeme change-me change_me secret123 administrator localhost postgres postgresql
letmein1 welcome1 qwertyui qwertyuiop qwerty123 admin123 admin1234 test1234 testtest username undefined 12345678
123456789 1234567890 abcdefgh abcd1234 iloveyou 127.0.0.1
"""
_COMMON: Final = frozenset(_WORDS.split())


def read_known_secrets(path: Path, owner: int) -> tuple[str, ...]:
    """The values of the file, one a line, plain or as NAME=VALUE; none when there is no such file.

    Empty lines and lines that begin with `# ` say nothing. Quotes around a VALUE do not belong to it.

    Raises:
        Refused: MAG-E573 when it is no plain file, belongs to another user than `owner`, or others
            may touch it; MAG-E574 for a line whose value is too short or too common to look for.
    """
    raw = _read(path, owner).removeprefix(b"\xef\xbb\xbf")
    text = raw.decode("utf-8", errors="replace")
    if text.encode() != raw:
        raise Refused("MAG-E574", f"`{path}` is not UTF-8 text")
    values = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()  # noqa: PLW2901
        if line and line != "#" and not line.startswith("# "):
            value = _value(line)
            _verify_usable(line, value, f"line {number} of `{path}`")
            values[value] = number
    if len(values) > MAX_VALUES:
        raise Refused("MAG-E574", f"`{path}` holds more than {MAX_VALUES} values")
    return tuple(values)


def _read(path: Path, owner: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Refused("MAG-E573", f"`{path}` cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("MAG-E573", f"`{path}` is no plain file")
        if found.st_uid != owner:
            raise Refused(
                "MAG-E573", f"`{path}` belongs to user {found.st_uid}, front runs as {owner}",
                hint=f"chown {owner} {path}",
            )  # fmt: skip
        if mode & 0o077:
            raise Refused("MAG-E573", f"others may touch `{path}` (mode {mode:04o})", hint=f"chmod 600 {path}")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise Refused("MAG-E574", f"`{path}` is larger than {MAX_BYTES} bytes")
    return raw


def _value(line: str) -> str:
    named = _NAMED.fullmatch(line)
    if named is None:
        return line
    value = named["value"].strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _verify_usable(line: str, value: str, where: str) -> None:
    """Pieces of 8 characters of a value are taken out of every text, so it must be one that is rare."""
    if _UNVALUED.fullmatch(line):
        raise Refused("MAG-E574", f"{where} is a name without a value")
    if len(value) < PIECE:
        raise Refused("MAG-E574", f"{where} holds fewer than {PIECE} characters, too few to look for")
    if value.casefold() in _COMMON or len(set(value)) < _DISTINCT:
        raise Refused("MAG-E574", f"{where} is too common to look for", hint="change that secret; it protects nothing")
