"""Confine this process, then become the wanted program. Runs by itself: standard library only.

Started as `python -I -S launch.py SPEC`, SPEC being JSON on the command line (it holds paths and
numbers, no secrets). Order: die with the parent, limits, namespaces, Landlock, no capabilities,
seccomp, exec. Anything that cannot be put up ends the process with status 125 before the
program has run: a wall that is missing is never passed over.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import Any, Final

FAILED: Final = 125
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_NAMESPACES: Final = 0x7C020000
"""CLONE_NEW{NS,UTS,IPC,USER,PID,NET}, all but cgroup."""
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_READ: Final = 0b1101
"""EXECUTE, READ_FILE, READ_DIR."""
_FILE_ONLY: Final = 0b0111 | 1 << 14
_WRITE: Final = 0xFFFE
"""All but EXECUTE, without IOCTL_DEV."""
_RIGHTS_BY_ABI: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
_TCP: Final = 3
_SCOPES: Final = 3
NETWORK_ABI: Final = 4
SCOPED_ABI: Final = 6


def _prctl(option: int, *values: object) -> None:
    """Call prctl(2); bytes are passed as a pointer to them."""
    plain = [value if isinstance(value, bytes) else ctypes.c_ulong(int(str(value))) for value in values]
    if _LIBC.prctl(option, *plain):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def landlock_abi() -> int:
    """Version of Landlock that the kernel offers; 0 without."""
    found = int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    return max(found, 0)


def _restrict_files(spec: dict[str, Any]) -> None:
    abi = landlock_abi()
    rights = _RIGHTS_BY_ABI.get(abi, 0xFFFF)
    fields = [rights]
    if abi >= NETWORK_ABI:
        fields.append(_TCP)
    if abi >= SCOPED_ABI:
        fields.append(_SCOPES)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "no Landlock")
    for paths, wanted in ((spec["read"], _READ), (spec["write"], _WRITE), (spec["devices"], 0b110)):
        for path in paths:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = wanted & rights
            if not os.path.isdir(path):  # noqa: PTH112  standard library at its smallest
                allowed &= _FILE_ONLY
            rule = struct.pack("=Qi", allowed, fd)
            if _LIBC.syscall(_ADD_RULE, ruleset, 1, rule, 0):
                raise OSError(ctypes.get_errno(), f"Landlock rule for {path}")
            os.close(fd)
    if _LIBC.syscall(_RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "Landlock")
    os.close(ruleset)


def _filter_calls(program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program)
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    _prctl(_PR_SET_SECCOMP, 2, head)


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (value, value))


def _die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _separate(inner_uid: int) -> None:
    """Enter new namespaces; return in the first process of them, the outer one only waits."""
    uid, gid = os.geteuid(), os.getegid()
    if _LIBC.unshare(_NAMESPACES):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, line in (
        ("setgroups", "deny"), ("uid_map", f"{inner_uid} {uid} 1"), ("gid_map", f"{inner_uid} {gid} 1")
    ):  # fmt: skip
        with open(f"/proc/self/{name}", "w") as stream:  # noqa: PTH123
            stream.write(line)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child:
        os.close(read_end)
        os.close(write_end)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) % 256)
    os.close(write_end)
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    os.close(read_end)
    # The first process of a namespace ignores signals without a handler; limits must still end it.
    program = os.fork()
    if program:
        while True:
            ended, status = os.wait()
            if ended == program:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def main() -> None:
    """Put up the walls of the spec and become its program."""
    spec = json.loads(sys.argv[1])
    try:
        _die_with(spec["parent"])
        _limit(spec["limits"])
        if spec["namespaces"]:
            _separate(spec["inner_uid"])
        _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _restrict_files(spec)
        os.chdir(spec["cwd"])
        os.closerange(3, 65536)
        _filter_calls(bytes.fromhex(spec["filter"]))
        os.execve(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606  that is what this program is for
    except OSError as error:
        sys.stderr.write(f"magistrate sandbox: {error}\n")
        sys.stderr.flush()
    os._exit(FAILED)


if __name__ == "__main__":
    main()
