"""chmod, chown, install and setfacl in shell text, as far as they are literal.

Rule kept: words that a shell would expand stay as they are written; a mode with such words is no mode.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.modes import Mode, UnreadableModeError, mode_of

_COMMANDS: Final = rx(
    r"\b(?:chmod|chown|setfacl|setcap)\b|(?:(?<=sudo )|(?<=exec )|(?<=then )|(?<=do )|(?<=[('\"`])|^\s*)(?:install|mkdir)\s"
)
"""`install` is a word of many other programs: it counts where a command begins."""
_PARTS: Final = rx(r"&&|\|\||;|\||\n")
_VALUED: Final = frozenset({"-m", "--mode", "-o", "--owner", "-g", "--group", "-t", "--target-directory", "-S"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChange:
    """One path that gets a mode, an owner or both; `mode` None where it is not known."""

    path: str
    mode: Mode | None
    owner: str = ""
    group: str = ""
    below: bool = False
    line: int
    text: str


def changes_of(text: str) -> Iterator[ModeChange]:
    """The changes in the order of the text."""
    joined = re.sub(r"\\\n", "  ", text)
    for number, line in enumerate(joined.splitlines(), 1):
        if _COMMANDS.search(line) is None or line.lstrip().startswith("#"):
            continue
        for part in _PARTS.split(line):
            found = _COMMANDS.search(part)
            if found is not None:
                yield from _of_command(part[found.start() :].strip(), number)


def _words(part: str) -> list[str]:
    try:
        return shlex.split(part, comments=True)
    except ValueError:
        return part.split()


def _of_command(part: str, line: int) -> Iterator[ModeChange]:
    words = _words(part)
    name, rest = words[0], words[1:]
    text = " ".join(words)
    if name in {"setfacl", "setcap"}:
        yield ModeChange(path=text, mode=None, line=line, text=text)
    elif name == "chmod":
        yield from _chmod(rest, line, text)
    elif name == "install" or (name == "mkdir" and any(one.startswith(("-m", "--mode")) for one in rest)):
        yield from _install(rest, line, text, folder=name == "mkdir")
    elif name == "chown":
        yield from _chown(rest, line, text)


def _chmod(rest: list[str], line: int, text: str) -> Iterator[ModeChange]:
    below = any(re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*|--recursive", one) for one in rest)
    plain = [one for one in rest if not re.fullmatch(r"-[Rcfv]+|--(?:recursive|changes|silent|quiet|verbose)", one)]
    if len(plain) < 2 or plain[0].startswith("--reference"):  # noqa: PLR2004 - a mode and a path
        return
    mode = _known(plain[0])
    for path in plain[1:]:
        yield ModeChange(path=path, mode=mode, below=below, line=line, text=text)


def _known(text: str) -> Mode | None:
    try:
        return mode_of(text)
    except UnreadableModeError:
        return None


def _chown(rest: list[str], line: int, text: str) -> Iterator[ModeChange]:
    below = any(re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*|--recursive", one) for one in rest)
    plain = [one for one in rest if not one.startswith("-")]
    if len(plain) < 2:  # noqa: PLR2004 - an owner and a path
        return
    owner, _, group = plain[0].replace(".", ":", 1).partition(":")
    for path in plain[1:]:
        mode = None if "$" in plain[0] else Mode(0, whole=False)
        yield ModeChange(path=path, mode=mode, owner=owner, group=group, below=below, line=line, text=text)


def _install(rest: list[str], line: int, text: str, *, folder: bool) -> Iterator[ModeChange]:
    given: dict[str, str] = {}
    plain: list[str] = []
    at = 0
    while at < len(rest):
        word = rest[at]
        name, sign, value = word.partition("=")
        short = re.fullmatch(r"-([a-zA-Z]*)([mogt])(.*)", word)
        if word in _VALUED or (short is not None and not short.group(3)):
            key = word[-1] if not word.startswith("--") else word[2]
            given[key] = rest[at + 1] if at + 1 < len(rest) else ""
            at += 1
        elif short is not None and not word.startswith("--"):
            given[short.group(2)] = short.group(3)
        elif word.startswith("--") and sign:
            given[name[2]] = value
        elif word.startswith("-"):
            folder = folder or "d" in word
        else:
            plain.append(word)
        at += 1
    mode = _known(given["m"]) if "m" in given else Mode(0o755)
    for path in plain if folder else [given["t"]] if "t" in given else plain[-1:]:
        yield ModeChange(path=path, mode=mode, owner=given.get("o", ""), group=given.get("g", ""), line=line, text=text)
