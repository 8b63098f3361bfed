"""Who is at the other end of a loopback connection: the user that owns its socket, as the kernel says it.

Rule kept (R4): a credential is good for the user's process that it was given to, and for nobody
who only has its text. Where processes share one user this keeps nobody out.
"""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Any, Final

from magistrate.errors import Unavailable

_TABLES: Final = {4: "tcp", 6: "tcp6"}
_TRIES: Final = 5
_LOCAL, _REMOTE, _UID = 1, 2, 7  # columns of /proc/net/tcp, proc_net_tcp(5)


def user_of_peer(client: Any, server: Any, proc: Path = Path("/proc/self/net")) -> int | None:  # noqa: ANN401  ASGI
    """The user id behind a connection; None where the system does not tell (no `/proc/net/tcp`).

    `client` and `server` are address and port of both ends, as ASGI names them.

    Raises:
        Unavailable: MAG-E347 when the system tells of connections, and this one is not among them.
    """
    if not client or not server:
        raise Unavailable("MAG-E347", "the connection has no address, so nobody knows whose it is")
    table = proc / _TABLES[ipaddress.ip_address(client[0]).version]
    wanted = (_written(*client), _written(*server))
    for _ in range(_TRIES):  # a table that changes while it is read may leave a line out
        try:
            lines = table.read_text().splitlines()[1:]
        except FileNotFoundError:
            return None
        for columns in map(str.split, lines):
            if (columns[_LOCAL], columns[_REMOTE]) == wanted:
                return int(columns[_UID])
    raise Unavailable("MAG-E347", "the system does not say whose connection this is")


def _written(address: str, port: int) -> str:
    """An address as the kernel writes it: words of 4 bytes in the machine's own order."""
    packed = ipaddress.ip_address(address).packed
    words = [packed[i : i + 4] for i in range(0, len(packed), 4)]
    turned = (word[::-1] if sys.byteorder == "little" else word for word in words)
    return b"".join(turned).hex().upper() + f":{port:04X}"
