"""Parts of a Compose service in their short and long forms (Compose Specification).

Rule kept: a form that is not known, or one with a variable in it, is refused, never read in part.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.trees import is_true
from magistrate.impact.privilege.model import Where, literals, spans

DEFAULT_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
"""What Docker leaves a container that says nothing."""
CAPABILITIES: Final = DEFAULT_CAPABILITIES | frozenset(
    [
        "AUDIT_CONTROL",
        "AUDIT_READ",
        "BLOCK_SUSPEND",
        "BPF",
        "CHECKPOINT_RESTORE",
        "DAC_READ_SEARCH",
        "IPC_LOCK",
        "IPC_OWNER",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "NET_ADMIN",
        "NET_BROADCAST",
        "PERFMON",
        "SYSLOG",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "WAKE_ALARM",
    ]
)
IGNORED: Final = frozenset(
    [
        "annotations",
        "attach",
        "blkio_config",
        "command",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "depends_on",
        "develop",
        "dns_opt",
        "dns_search",
        "domainname",
        "entrypoint",
        "expose",
        "healthcheck",
        "hostname",
        "init",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "oom_kill_disable",
        "oom_score_adj",
        "pids_limit",
        "platform",
        "profiles",
        "pull_policy",
        "pull_refresh_after",
        "restart",
        "scale",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "tmpfs",
        "tty",
        "ulimits",
        "working_dir",
    ]
)
"""Keys that give no right on the host and open nothing."""
FROM_OUTSIDE: Final = rx(r"(?<!\$)\$(?:\{(\w+)|(\w+))")
"""A variable of whoever starts the file (Compose Specification, interpolation)."""
LIKELY: Final = rx(
    r"(?i)secret|token|passw|passphrase|_key\b|apikey|credential|private|auth|_pat\b|dsn\b|database_url|conn(?:ection)?_str"
)
"""Names of variables that are given secrets."""
NAMESPACES: Final = {"pid": "processes", "ipc": "memory", "uts": "names", "userns_mode": "users", "cgroup": "cgroups"}
_ADDRESS: Final = r"(?:\[[0-9A-Fa-f:]+\]|\d{1,3}(?:\.\d{1,3}){3})"
_PORT: Final = rx(
    rf"(?:(?P<address>{_ADDRESS}):)?(?:(?P<out>\d+(?:-\d+)?)?:)?(?P<to>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp|sctp))?"
)
_EVERY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - what a file says, bound by nobody here
_NAMES: Final = rx(r"[\w./-]{1,200}\.ya?ml\b")
_VARIABLES: Final = rx(r"\$\{?(\w+)")
_SET: Final = rx(r"(?m)^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=(.*)$")
_VOLUME: Final = frozenset({"type", "source", "target", "read_only", "bind", "volume", "tmpfs", "consistency"})


class UnreadablePartError(Exception):
    """A part of a service that this reading does not know."""


def listed(value: object) -> list[str]:
    """A list of texts, or one text."""
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in found):
        raise UnreadablePartError
    return [str(one) for one in found]


def keyed(value: object) -> list[str]:
    """Names out of a list, or out of the keys (`NAME=value` where there is one) of a mapping."""
    if isinstance(value, dict):
        return [f"{key}={one}" if isinstance(one, str) else str(key) for key, one in value.items()]
    return listed(value)


def volume_of(value: object) -> tuple[str, str, bool]:
    """One volume: `bind`, `volume` or another kind, its source, and whether it may be written."""
    if isinstance(value, str):
        if "$" in value.replace("$$", ""):
            raise UnreadablePartError
        parts = value.split(":")
        if len(parts) == 1:
            return "volume", "", True
        if len(parts) > 3 or re.fullmatch(r"[A-Za-z]", parts[0]):  # noqa: PLR2004 - source:target:mode
            raise UnreadablePartError
        options = set(parts[2].split(",")) if len(parts) == 3 else set()  # noqa: PLR2004 - as above
        kind = "bind" if parts[0].startswith((".", "/", "~")) else "volume"
        return kind, parts[0], "ro" not in options
    if not isinstance(value, dict) or set(value) - _VOLUME:
        raise UnreadablePartError
    named, origin = value.get("type"), value.get("source", "")
    if (
        not isinstance(named, str)
        or not isinstance(origin, str)
        or "$" in origin
        or "propagation" in str(value.get("bind"))
    ):
        raise UnreadablePartError
    return named, origin, not is_true(value.get("read_only"))


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def port_of(value: object) -> tuple[str, tuple[Where, ...]]:
    """One published port as conditions: address and port of the host, port within, protocol."""
    if isinstance(value, dict):
        if set(value) - {"target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"}:
            raise UnreadablePartError
        parts = {key: str(one) for key, one in value.items() if one is not None}
        address, out, to = parts.get("host_ip", ""), parts.get("published", ""), parts.get("target", "")
        protocol = parts.get("protocol", "tcp")
    else:
        found = _PORT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise UnreadablePartError
        address, out, to = found.group("address") or "", found.group("out") or "", found.group("to")
        protocol = found.group("protocol") or "tcp"
    if not re.fullmatch(r"\d+(-\d+)?", to) or not re.fullmatch(r"(\d+(-\d+)?)?", out):
        raise UnreadablePartError
    bare = address.strip("[]")
    where = [literals("protocol", protocol), spans("port within", _range(to))]
    where.append(spans("port", _range(out)) if out else spans("port", (0, 0)))
    if bare not in _EVERY_ADDRESS:
        where.append(literals("address", bare))
    return f"{bare or '*'}:{out or 'any'}:{to}/{protocol}", tuple(where)


def text_of(value: object) -> str:
    """A value as a text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def beside(path: str, value: object, files: Mapping[str, str]) -> str:
    """The files that a value names and the variables in it, each by what it holds now; empty where it names none."""
    text, folder = text_of(value), posixpath.dirname(path)
    named = sorted({posixpath.normpath(posixpath.join(folder, one)) for one in _NAMES.findall(text)} & set(files))
    told = [f"{one} holds {_digest(files[one])}" for one in named]
    set_here = dict(_SET.findall(files.get(posixpath.join(folder, ".env"), "")))
    told += [f"{one} is {set_here[one]}" for one in sorted(set(_VARIABLES.findall(text))) if one in set_here]
    return " where " + ", ".join(told) if told else ""
