"""System calls that a confined program never needs, as a classic BPF program.

Follows seccomp(2), SECCOMP_MODE_FILTER: `struct sock_filter {u16 code; u8 jt, jf; u32 k}`. Rule
kept: another architecture or the x32 calls end the process; namespaces, mounts, tracing, kernel
keys, BPF and io_uring answer EPERM; `clone3` answers ENOSYS so that libc falls back to `clone`,
whose flags can be read.
"""

from __future__ import annotations

import platform
import struct
from typing import Final

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_EPERM: Final = 0x00050001
_ENOSYS: Final = 0x00050026
_X32: Final = 0x40000000
_NEW_NAMESPACES: Final = 0x7E020080
"""CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} and CLONE_NEWTIME."""
_THREAD: Final = 0x00010000

_CALLS: Final[dict[str, tuple[int, dict[str, int]]]] = {
    "x86_64": (
        0xC000003E,
        {
            "clone": 56, "clone3": 435, "socket": 41, "fork": 57, "vfork": 58,
            "ptrace": 101, "syslog": 103, "pivot_root": 155, "chroot": 161, "acct": 163, "settimeofday": 164,
            "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175,
            "delete_module": 176, "quotactl": 179, "add_key": 248, "request_key": 249, "keyctl": 250,
            "kexec_load": 246, "unshare": 272, "perf_event_open": 298, "name_to_handle_at": 303,
            "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
            "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
            "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "clone": 220, "clone3": 435, "socket": 198,
            "ptrace": 117, "syslog": 116, "pivot_root": 41, "chroot": 51, "acct": 89, "settimeofday": 170,
            "mount": 40, "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142, "init_module": 105,
            "delete_module": 106, "quotactl": 60, "add_key": 217, "request_key": 218, "keyctl": 219,
            "kexec_load": 104, "unshare": 97, "perf_event_open": 241, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
            "finit_module": 273, "kexec_file_load": 294, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425,
            "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
        },
    ),
}  # fmt: skip
_SPECIAL: Final = frozenset({"clone", "clone3", "socket", "fork", "vfork"})


def filter_program(*, single_process: bool) -> bytes:
    """The filter as bytes; empty on an architecture that is not known here.

    With `single_process`, new processes and all sockets are refused as well (threads are not).
    """
    known = _CALLS.get(platform.machine())
    if known is None:
        return b""
    architecture, calls = known
    code = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    code += [(_JUMP_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    code += _answer(calls["clone3"], _ENOSYS)
    for name, number in calls.items():
        if name not in _SPECIAL:
            code += _answer(number, _EPERM)
    if single_process:
        for name in ("socket", "fork", "vfork"):
            if name in calls:
                code += _answer(calls[name], _EPERM)
        clone = [(_LOAD, 0, 0, 16), (_JUMP_ANY_BIT, 1, 0, _THREAD), (_RETURN, 0, 0, _EPERM)]
    else:
        clone = [(_LOAD, 0, 0, 16)]
    clone += [(_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, _EPERM)]
    code += [(_JUMP_EQUAL, 0, len(clone), calls["clone"]), *clone, (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _answer(number: int, action: int) -> list[tuple[int, int, int, int]]:
    return [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, action)]
