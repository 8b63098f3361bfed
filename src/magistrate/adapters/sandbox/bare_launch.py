"""Limit this process as far as the system lets it, then become the assessor. Standard library only.

Started as `python -I -S bare_launch.py SPEC`, SPEC being JSON: limits by name, the system call
filter as hexadecimal, argv and environment. What cannot be had here is passed over: this is for
machines without walls, and only for the assessor itself (see `bare.py`).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import struct
import sys
from typing import Any, Final

_SET_SECCOMP: Final = 22
_NO_NEW_PRIVS: Final = 38


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        with contextlib.suppress(OSError, ValueError):
            if kind is not None:
                hard = resource.getrlimit(kind)[1]
                least = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(kind, (least, least))


def _filter_calls(program: bytes) -> None:
    """No sockets and no further processes, where the kernel can say so (Linux)."""
    if not program or not sys.platform.startswith("linux"):
        return
    call = ctypes.CDLL(None, use_errno=True).prctl
    unused = ctypes.c_ulong(0)
    buffer = ctypes.create_string_buffer(program)
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    if call(_NO_NEW_PRIVS, ctypes.c_ulong(1), unused, unused, unused) == 0:
        call(_SET_SECCOMP, ctypes.c_ulong(2), head)


def main() -> None:
    """Limit, filter, become."""
    spec: dict[str, Any] = json.loads(sys.argv[1])
    _limit(spec["limits"])
    os.chdir("/")
    os.closerange(3, 4096)
    _filter_calls(bytes.fromhex(spec["filter"]))
    os.execve(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606  that is what this program is for


if __name__ == "__main__":
    main()
