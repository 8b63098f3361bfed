"""What one container may do: its security context over the pod's, capabilities, mounts, secrets, ports, image.

Follows the Kubernetes API reference of `SecurityContext` and `PodSecurityContext`: a field of the container
counts before the pod's; capabilities that nothing drops are those that container runtimes give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import listed, mapping, shown
from magistrate.impact.privilege.domains.k8s_objects import flag, number, scalar, scalars
from magistrate.impact.privilege.domains.k8s_rights import Right, right
from magistrate.impact.privilege.domains.k8s_volumes import Volumes, secret_right
from magistrate.impact.privilege.domains.k8s_workloads import Workload
from magistrate.impact.privilege.model import Where, literals
from magistrate.impact.privilege.patterns import literal

DEFAULT_CAPABILITIES: Final = (
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
)
_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
_IMAGE: Final = rx(r"(?P<name>[^@]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
_NATIVE: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


@dataclass(frozen=True, slots=True)
class Container:
    """A container by its name in the pod; its kind is in the name where it is not a plain one."""

    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """The pod around a container."""

    workload: Workload
    volumes: Volumes


def containers(workload: Workload) -> Iterator[Container]:
    """The containers of a pod, those that run at its start and those for debugging among them."""
    for kind in _LISTS:
        for at, body in enumerate(listed(workload.pod.get(kind))):
            yield Container(scalar(mapping(body).get("name")) or f"{kind}[{at}]", mapping(body))


def container_rights(container: Container, context: Context) -> Iterator[Right]:
    """Everything that one container may do beyond running confined without privilege."""
    yield from _security(container, context.workload)
    yield from context.volumes.rights(container.body)
    yield from _secrets(container.body)
    yield from _ports(container.body)
    yield from _image(scalar(container.body.get("image")))
    for name in sorted(mapping(mapping(container.body.get("resources")).get("limits"))):
        if name not in _NATIVE and not name.startswith("hugepages-"):
            yield right("device", device=str(name), says=f"device {name}", power=True)


def _security(container: Container, workload: Workload) -> Iterator[Right]:
    mine = mapping(container.body.get("securityContext"))
    pods = mapping(workload.pod.get("securityContext"))
    either = {**pods, **{key: value for key, value in mine.items() if scalar(value) or not isinstance(value, str)}}
    privileged = flag(mine.get("privileged"), absent=False, worse=True)
    if privileged:
        yield right("privileged", says="privileged: true", power=True)
        yield right("device", says="privileged: every device", power=True)
    added = _capabilities(mine.get("capabilities"), "add")
    yield from _held_capabilities(mine, privileged=privileged)
    if (
        privileged
        or added & {"ALL", "SYS_ADMIN"}
        or flag(mine.get("allowPrivilegeEscalation"), absent=True, worse=True)
    ):
        yield right("new privileges", says="allowPrivilegeEscalation: true")
    yield from _user(either)
    if not flag(mine.get("readOnlyRootFilesystem"), absent=False, worse=False):
        yield right("write to the root of files", says="readOnlyRootFilesystem: false")
    yield from _confinement(container, workload, either, privileged=privileged)


def _held_capabilities(mine: Mapping[str, Any], *, privileged: bool) -> Iterator[Right]:
    added, dropped = (_capabilities(mine.get("capabilities"), name) for name in ("add", "drop"))
    if privileged or "ALL" in added:
        kept = Where(
            dimension="capability", among=tuple(literal(one) for one in sorted(dropped - {"ALL"})), negated=True
        )
        where = (kept,) if dropped - {"ALL"} and not privileged else ()
        yield right("capability", *where, says="every capability", power=True)
        return
    for name in sorted(added):
        yield right("capability", capability=name, says=f"added capability {name}", power=name != "NET_BIND_SERVICE")
    for name in sorted(set(DEFAULT_CAPABILITIES) - added):
        if "ALL" not in dropped and name not in dropped:
            yield right("capability", capability=name, says=f"default capability {name}")


def _capabilities(said: object, name: str) -> frozenset[str]:
    return frozenset(one.upper().removeprefix("CAP_") for one in scalars(mapping(said).get(name)))


def _user(either: Mapping[str, Any]) -> Iterator[Right]:
    """Root: where that user is named, or where the image may name it and nothing forbids that."""
    said = either.get("runAsUser")
    user = number(said)
    if not scalar(said):
        if not flag(either.get("runAsNonRoot"), absent=False, worse=False):
            yield right("root", says="the user of the image, who may be root")
    elif user is None or user <= 0:
        yield right("root", says=f"runAsUser: {scalar(said)}")
    windows = mapping(either.get("windowsOptions"))
    if flag(windows.get("hostProcess"), absent=False, worse=True):
        yield right("host process", says="hostProcess: true", power=True)


def _confinement(
    container: Container, workload: Workload, either: Mapping[str, Any], *, privileged: bool
) -> Iterator[Right]:
    seccomp = mapping(either.get("seccompProfile"))
    kind = scalar(seccomp.get("type"))
    if privileged or kind not in {"RuntimeDefault", "Localhost"}:
        yield right("system calls", says=f"seccomp: {'Unconfined' if kind else 'no profile'}")
    elif kind == "Localhost":
        profile = scalar(seccomp.get("localhostProfile"))
        yield right("system calls", profile=profile, says=f"seccomp profile {profile}")
    armor = mapping(either.get("appArmorProfile"))
    said = scalar(armor.get("type")) or workload.annotations.get(
        f"container.apparmor.security.beta.kubernetes.io/{container.name}", ""
    )
    local = scalar(armor.get("localhostProfile")) or said
    if said.lower() == "unconfined":
        yield right("what AppArmor forbids", says="AppArmor: unconfined", power=True)
    elif said.lower().startswith("localhost"):
        yield right("what AppArmor forbids", profile=local, says=f"AppArmor profile {local}")
    if mapping(either.get("seLinuxOptions")):
        label = shown(either["seLinuxOptions"])
        yield right("label of SELinux", label=label, says=f"seLinuxOptions: {label}")
    mine = mapping(container.body.get("securityContext"))
    if scalar(mine.get("procMount")) not in {"", "Default"}:
        yield right("unmasked proc", says="procMount: Unmasked", power=True)


def _secrets(body: Mapping[str, Any]) -> Iterator[Right]:
    for one in listed(body.get("env")):
        secret = mapping(mapping(mapping(one).get("valueFrom")).get("secretKeyRef"))
        if secret:
            yield secret_right(scalar(secret.get("name")), scalar(secret.get("key")))
    for one in listed(body.get("envFrom")):
        secret = mapping(mapping(one).get("secretRef"))
        if secret:
            yield secret_right(scalar(secret.get("name")))


def _ports(body: Mapping[str, Any]) -> Iterator[Right]:
    for one in listed(body.get("ports")):
        port, protocol = scalar(mapping(one).get("hostPort")), scalar(mapping(one).get("protocol")) or "TCP"
        if port and port != "0":
            address = scalar(mapping(one).get("hostIP"))
            where = () if address in {"", "0.0.0.0", "::"} else (literals("host address", address),)  # noqa: S104 - read
            yield right("host port", *where, port=port, protocol=protocol, says=f"hostPort: {port}/{protocol}")


def _image(text: str) -> Iterator[Right]:
    """Whose code runs: of an image by its digest that one, of one by its tag whatever its owner puts there."""
    matched = _IMAGE.fullmatch(text)
    if matched is None:
        if text:
            yield right("image", Where(dimension="image", among=(literal(text),)), says=f"image {text}")
        return
    name = _full_name(matched["name"])
    if matched["digest"]:
        yield right("image", image=name, pinned="yes", says=f"image {name} by its digest")
    else:
        yield right("image", image=name, says=f"image {name} by its tag")


def _full_name(name: str) -> str:
    first, slash, _ = name.partition("/")
    if not slash:
        return f"docker.io/library/{name}"
    return name if "." in first or ":" in first or first == "localhost" else f"docker.io/{name}"
