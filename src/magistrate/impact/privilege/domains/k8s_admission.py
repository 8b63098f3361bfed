"""What a namespace's Pod Security admission refuses: the labels `pod-security.kubernetes.io/enforce`.

Follows the Pod Security Standards (privileged, baseline, restricted). Of several definitions of a
namespace the least strict counts; a level that is not known refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.k8s_objects import Cluster
from magistrate.impact.privilege.domains.k8s_rights import Right
from magistrate.impact.privilege.model import Statement, literals

ENFORCE: Final = "pod-security.kubernetes.io/enforce"
LEVELS: Final = ("privileged", "baseline", "restricted")
_VERSION: Final = rx(r"v1\.(\d{1,4})")
_COMPLETE: Final = 25
"""The minor version since which the standards are what they are."""
_BASELINE_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_SAFE_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
    }
)
_BASELINE: Final = frozenset(
    {"privileged", "host namespace", "host path", "host port", "unmasked proc", "host process"}
)
_RESTRICTED: Final = frozenset({"new privileges", "root", "system calls"})


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the Pod Security Standards: 0 privileged, 1 baseline, 2 restricted."""

    strictness: int

    def admits(self, right: Right) -> bool:
        """Whether a pod that has this right is admitted."""
        if self.strictness == 0:
            return True
        whole = right.kind == "device" and not right.of("device")
        if whole or right.kind in _BASELINE or (right.kind == "system calls" and "Unconfined" in right.says):
            return False
        if right.kind == "sysctl":
            return right.of("sysctl") in _SAFE_SYSCTLS
        if self.strictness == 1:
            added = right.kind == "capability" and not right.says.startswith("default")
            return not added or right.of("capability") in _BASELINE_CAPABILITIES
        unbound = right.kind == "capability" and right.of("capability") != "NET_BIND_SERVICE"
        return not unbound and right.kind not in _RESTRICTED


class Levels:
    """The levels of all namespaces of one state."""

    def __init__(self, state: Cluster) -> None:
        self.stated: dict[str, Level] = {}
        for one in state.of("", "Namespace"):
            said = one.labels.get(ENFORCE, LEVELS[0])
            known = said in LEVELS and _is_recent(one.labels.get(f"{ENFORCE}-version", "latest"))
            level = Level(LEVELS.index(said) if known else 0)
            other = self.stated.get(one.name, level)
            self.stated[one.name] = min(level, other, key=lambda each: each.strictness)

    def of(self, namespace: str) -> Level:
        """The level of one namespace; what is not defined refuses nothing."""
        return self.stated.get(namespace, Level(0))


def _is_recent(version: str) -> bool:
    """Whether a version of the standards has all their present rules; older ones have fewer."""
    matched = _VERSION.fullmatch(version)
    return version == "latest" or (matched is not None and int(matched[1]) >= _COMPLETE)


def level_statements(level: Level) -> Iterator[Statement]:
    """What someone gains who may start any pod that is admitted."""
    for strictness, name in enumerate(LEVELS):
        if strictness >= level.strictness:
            yield Statement(where=(literals("right", "start pods"), literals("pods", name)), says=f"{name} pods")
