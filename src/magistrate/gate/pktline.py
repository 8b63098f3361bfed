r"""What a push asks for: the command list of git-receive-pack, read before git sees a byte.

Follows gitprotocol-pack: pkt-lines `<4 hex length><payload>`, commands `old new ref`, the
first with `\0capabilities`, ended by a flush packet. Rule kept: anything but plain commands
(`shallow`, `push-cert`, options) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from magistrate.errors import Refused

_COMMAND: Final = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (refs/[!-~]{1,400})\Z")
MAX_COMMANDS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One ref update that a push asks for."""

    old: str
    new: str
    ref: str


def read_commands(body: bytes) -> tuple[Command, ...]:
    """Read the commands at the head of a receive-pack request.

    Raises:
        Refused: MAG-E331 for anything that is not a plain list of ref updates.
    """
    commands: list[Command] = []
    offset = 0
    while True:
        size = _length(body, offset)
        if size == 0:
            break
        line = body[offset + 4 : offset + size]
        offset += size
        command = _COMMAND.match(line.split(b"\0", 1)[0].rstrip(b"\n"))
        if command is None:
            raise Refused("MAG-E331", f"a push may hold plain ref updates only, not `{line[:24]!a}`")
        old, new, ref = (part.decode("ascii") for part in command.groups())
        commands.append(Command(old=old, new=new, ref=ref))
        if len(commands) > MAX_COMMANDS:
            raise Refused("MAG-E331", f"a push with more than {MAX_COMMANDS} ref updates")
    return tuple(commands)


def _length(body: bytes, offset: int) -> int:
    try:
        size = int(body[offset : offset + 4].decode("ascii"), 16)
    except ValueError as error:
        raise Refused("MAG-E331", "a push is not made of pkt-lines") from error
    if size == 0 and len(body) >= offset + 4:
        return 0
    if size <= 4 or offset + size > len(body):  # noqa: PLR2004  the length counts its own four digits
        raise Refused("MAG-E331", "a push is cut short")
    return size
