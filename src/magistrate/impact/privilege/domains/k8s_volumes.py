"""What a container reaches through its mounts: paths of the node, secrets, tokens, claims and what stands behind them.

A volume that no container mounts gives nothing. Paths of the node are held with everything beneath them, to
`read` and, unless the mount says `readOnly`, to `write`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import listed, mapping, shown
from magistrate.impact.privilege.domains.k8s_objects import Cluster, KubeObject, flag, scalar
from magistrate.impact.privilege.domains.k8s_rights import Right, right
from magistrate.impact.privilege.domains.k8s_workloads import Workload
from magistrate.impact.privilege.model import Where, literals
from magistrate.impact.privilege.patterns import RUN, Glob, literal

_HARMLESS: Final = frozenset({"emptyDir", "configMap", "downwardAPI", "gitRepo", "ephemeral", "image"})
_NAMED: Final = frozenset({"name"})


class Volumes:
    """The volumes of one pod, with the claims and persistent volumes of the state."""

    def __init__(self, workload: Workload, state: Cluster) -> None:
        self.workload = workload
        self.by_name = {scalar(mapping(one).get("name")): mapping(one) for one in listed(workload.pod.get("volumes"))}
        for one in listed(workload.origin.spec.get("volumeClaimTemplates")):
            name = scalar(mapping(mapping(one).get("metadata")).get("name"))
            self.by_name.setdefault(name, {})
        self.claims = [one for one in state.of("", "PersistentVolumeClaim") if one.namespace == workload.namespace]
        self.persistent = list(state.of("", "PersistentVolume"))

    def rights(self, container: Mapping[str, Any]) -> Iterator[Right]:
        """What one container gets from its mounts."""
        for entry in (*listed(container.get("volumeMounts")), *listed(container.get("volumeDevices"))):
            mount = mapping(entry)
            volume = self.by_name.get(scalar(mount.get("name")))
            if volume is None:
                continue
            yield from self._volume(volume, mount)
            if scalar(mount.get("mountPropagation")) == "Bidirectional":
                yield right("mounts of the host", says="mountPropagation: Bidirectional", power=True)

    def projects_token(self) -> bool:
        """Whether some volume brings a token of the service account."""
        return any(
            "serviceAccountToken" in mapping(source)
            for volume in self.by_name.values()
            for source in listed(mapping(volume.get("projected")).get("sources"))
        )

    def _volume(self, volume: Mapping[str, Any], mount: Mapping[str, Any]) -> Iterator[Right]:
        for kind in sorted(set(map(str, volume)) - _NAMED):
            body = mapping(volume[kind])
            if kind == "hostPath":
                yield _host_path(scalar(body.get("path")), mount)
            elif kind == "secret":
                yield from _secret(scalar(body.get("secretName")), body)
            elif kind == "projected":
                for source in listed(body.get("sources")):
                    yield from _projected(mapping(source))
            elif kind == "persistentVolumeClaim":
                yield from self._claim(scalar(body.get("claimName")), body, mount)
            elif kind not in _HARMLESS:
                yield right(
                    "volume", _mode(mount, body), volume=f"{kind} {shown(body)}", says=f"volume {kind}", power=True
                )

    def _claim(self, name: str, body: Mapping[str, Any], mount: Mapping[str, Any]) -> Iterator[Right]:
        yield right("claim", _mode(mount, body), claim=name, says=f"claim {name}")
        for claim in self.claims:
            if claim.name == name:
                for volume in self.persistent:
                    path = scalar(mapping(volume.spec.get("hostPath")).get("path")) or scalar(
                        mapping(volume.spec.get("local")).get("path")
                    )
                    if path and _may_bind(claim, volume):
                        yield _host_path(path, {**mount, **{key: body[key] for key in body if key == "readOnly"}})


def _may_bind(claim: KubeObject, volume: KubeObject) -> bool:
    """Whether a claim may be given this volume: by name, by the volume's own word, or by the class of storage."""
    wanted = scalar(claim.spec.get("volumeName"))
    if wanted:
        return wanted == volume.name
    owner = mapping(volume.spec.get("claimRef"))
    if owner:
        return (scalar(owner.get("namespace")), scalar(owner.get("name"))) == (claim.namespace, claim.name)
    return scalar(claim.spec.get("storageClassName")) == scalar(volume.spec.get("storageClassName"))


def _mode(*said: Mapping[str, Any]) -> Where:
    read_only = any(flag(one.get("readOnly"), absent=False, worse=False) for one in said)
    return literals("mode", "read") if read_only else literals("mode", "read", "write")


def _host_path(path: str, mount: Mapping[str, Any]) -> Right:
    inner = scalar(mount.get("subPath"))
    full = posixpath.normpath(
        "/" + posixpath.join(path, "" if inner.startswith("/") or ".." in inner else inner).lstrip("/")
    )
    beneath = Glob((*full.rstrip("/"), "/", RUN))
    where = Where(dimension="path", among=(literal(full), beneath))
    says = f"hostPath {full}" + (" (container engine)" if full.endswith((".sock", "/run", "/")) else "")
    return right("host path", where, _mode(mount), says=says, power=True)


def _secret(name: str, body: Mapping[str, Any]) -> Iterator[Right]:
    items = [scalar(mapping(one).get("key")) for one in listed(body.get("items"))]
    for key in items or [""]:
        yield secret_right(name, key)


def _projected(source: Mapping[str, Any]) -> Iterator[Right]:
    if "secret" in source:
        body = mapping(source["secret"])
        yield from _secret(scalar(body.get("name")), body)
    if "serviceAccountToken" in source:
        audience = scalar(mapping(source["serviceAccountToken"]).get("audience")) or "the API server"
        yield right("token", audience=audience, says=f"token for {audience}", power=True)


def secret_right(name: str, key: str = "") -> Right:
    """Reading one secret of the namespace, or one key of it."""
    if key:
        return right("secret", secret=name, key=key, says=f"secret {name}, key {key}", power=True)
    return right("secret", secret=name, says=f"secret {name}", power=True)
