"""What the pods of Kubernetes may do to their nodes, which secrets they read, and as whom they act.

A workload's holder (`k8s:workload/KIND/NAMESPACE/NAME`) has what counts for the whole pod, with an edge to one
holder for each container (`...#CONTAINER`), to its service account where its token is mounted, and to the cloud
identity that the account is annotated with. What Kubernetes grants where nothing is said is written out. What
the namespace's Pod Security admission refuses is not held. A request is of one `right`.

Rule kept: absent means Kubernetes' default, which is mostly the more powerful one; a scalar that is no
boolean is the worse one; kinds that no reader knows are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from magistrate.impact.privilege.domains.ci_yaml import mapping, shown
from magistrate.impact.privilege.domains.k8s_admission import Level, Levels
from magistrate.impact.privilege.domains.k8s_code import code_of
from magistrate.impact.privilege.domains.k8s_containers import Context, container_rights, containers
from magistrate.impact.privilege.domains.k8s_flux import Charts, filling
from magistrate.impact.privilege.domains.k8s_identities import cloud_edges, identities
from magistrate.impact.privilege.domains.k8s_objects import (
    WITHOUT_RIGHTS,
    Cluster,
    KubeObject,
    cluster,
    flag,
    is_manifest,
    scalar,
    without_tags,
)
from magistrate.impact.privilege.domains.k8s_rights import Right, right
from magistrate.impact.privilege.domains.k8s_volumes import Volumes
from magistrate.impact.privilege.domains.k8s_workloads import (
    Workload,
    account_name,
    accounts,
    folder,
    mounts_token,
    workloads,
)
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Reader, Statement, Unknown

DOMAIN: Final = "k8s-pod"
_READ: Final = frozenset(
    {("", kind) for kind in ("Namespace", "ServiceAccount", "Service", "PersistentVolume", "PersistentVolumeClaim")}
    | {("rbac.authorization.k8s.io", kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")}
    | {("networking.k8s.io", "NetworkPolicy"), ("networking.k8s.io", "Ingress")}
    | {("extensions", "NetworkPolicy"), ("extensions", "Ingress")}
)
_STARTS_PODS: Final = frozenset(
    {("", kind) for kind in ("Pod", "PodTemplate", "ReplicationController")}
    | {(group, kind) for group in ("apps", "extensions") for kind in ("Deployment", "DaemonSet", "ReplicaSet")}
    | {("apps", "StatefulSet"), ("batch", "Job"), ("batch", "CronJob")}
)


class PodRights:
    """The reader of workloads."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """YAML and JSON files, charts and overlays."""
        return is_manifest(path)

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of every workload in one state."""
        return _Reading(cluster(files)).grants()


READER: Final[Reader] = PodRights()


class _Reading:
    """One state being read."""

    def __init__(self, state: Cluster) -> None:
        self.state = state
        self.running = tuple(workloads(state))
        self.accounts = accounts(state)
        self.levels = Levels(state)
        self.charts = Charts(state)
        self.held: dict[str, dict[Statement, None]] = {}
        self.domains: dict[str, str] = {}
        self.edges: list[Edge] = []

    def grants(self) -> Grants:
        """Everything in this state, in a stable order."""
        for workload in self.running:
            self._workload(workload)
        for name, statement in identities(self.state):
            self._hold(name, DOMAIN, statement)
        self.edges += cloud_edges(self.state)
        holders = tuple(
            Holder(name=name, domain=self.domains[name], layers=(Layer(statements=tuple(held)),))
            for name, held in sorted(self.held.items())
        )
        charts = tuple(self.charts.holders())
        unknown = (*(riddle.unknown(DOMAIN) for riddle in self.state.riddles), *self._strangers())
        live = frozenset({*(one.holder for one in self.running), *(one.name for one in charts)})
        return Grants(holders=(*holders, *charts), edges=tuple(dict.fromkeys(self.edges)), live=live, unknown=unknown)

    def _hold(self, name: str, domain: str, *statements: Statement) -> None:
        self.domains.setdefault(name, domain)
        self.held.setdefault(name, {}).update(dict.fromkeys(statements))

    def _workload(self, workload: Workload) -> None:
        name, place = workload.holder, workload.origin.at()
        where = folder(workload.origin.path)
        foreign = scalar(mapping(workload.pod.get("os")).get("name")).lower() == "windows"
        level = Level(0) if foreign else self.levels.of(workload.namespace)
        volumes = Volumes(workload, self.state)
        mine = [one for one in pod_rights(workload) if level.admits(one)]
        self._hold(name, DOMAIN, *(one.statement(where, place) for one in mine))
        powerful = any(one.is_power for one in mine) or bool(cloud_edges(self.state, workload))
        powerful |= mounts_token(workload, self.accounts) and workload.account != "default"
        for container in containers(workload):
            inner = f"{name}#{container.name}"
            rights = [one for one in container_rights(container, Context(workload, volumes)) if level.admits(one)]
            powerful |= any(one.is_power for one in rights)
            self._hold(inner, DOMAIN, *(one.statement(where, one.place or place) for one in rights))
            self.edges.append(Edge(actor=name, holder=inner, place=place))
        account = account_name(workload.namespace, workload.account)
        if mounts_token(workload, self.accounts) or volumes.projects_token():
            self.edges.append(Edge(actor=name, holder=account, place=place))
        self.edges += cloud_edges(self.state, workload)
        if powerful:
            code = code_of(workload)
            if code is not None:
                joined = self.held.get(code.name, {})
                self._hold(code.name, code.domain, *joined, *code.layers[0].statements)
                self.edges.append(Edge(actor=name, holder=code.name, place=place))

    def _strangers(self) -> Iterator[Unknown]:
        """Objects of kinds that no reader knows: what they bring is not known either."""
        started = {id(one.origin) for one in self.running}
        for one in filling(self.state):
            text = f"{one.kind} {one.namespace}/{one.name}: {shown(_said(one))}"
            yield Unknown(
                domain=DOMAIN, why="it fills variables or values that Flux applies", text=text, place=one.at()
            )
        for one in self.state.objects:
            kind = (one.group, one.kind)
            if kind in _READ or kind in WITHOUT_RIGHTS or kind in _STARTS_PODS or id(one) in started:
                continue
            text = f"{one.group}/{one.kind} {one.namespace}/{one.name}: {shown(without_tags(self.charts.asked_for(one, _said(one))))}"
            why = f"what an object of kind `{one.kind[:60]}` brings is not known"
            yield Unknown(domain=DOMAIN, why=why, text=text, place=one.at())


def _said(one: KubeObject) -> dict[str, object]:
    return {str(key): value for key, value in one.body.items() if key not in {"metadata", "status"}}


def pod_rights(workload: Workload) -> Iterator[Right]:
    """What counts for all containers of a pod."""
    pod = workload.pod
    security = mapping(pod.get("securityContext"))
    for name, key in (("pid", "hostPID"), ("ipc", "hostIPC"), ("network", "hostNetwork")):
        if flag(pod.get(key), absent=False, worse=True):
            yield right("host namespace", namespace=name, says=f"{key}: true", power=True)
    if flag(pod.get("hostUsers"), absent=True, worse=True):
        yield right("users of the host", says="hostUsers: true")
    if flag(pod.get("shareProcessNamespace"), absent=False, worse=True):
        yield right("processes of other containers", says="shareProcessNamespace: true")
    for sysctl in security.get("sysctls") or ():
        name = scalar(mapping(sysctl).get("name"))
        yield right("sysctl", sysctl=name, says=f"sysctl {name}", power=True)
    for group in security.get("supplementalGroups") or ():
        yield right("group", gid=shown(group), says=f"supplementalGroups: {shown(group)}")
    if scalar(security.get("fsGroup")):
        yield right("group", gid=scalar(security.get("fsGroup")), says=f"fsGroup: {scalar(security.get('fsGroup'))}")
    runtime = scalar(pod.get("runtimeClassName"))
    yield right("runtime", runtime=runtime or "of the node", says=f"runtimeClassName: {runtime or 'absent'}")
    for toleration in pod.get("tolerations") or ():
        key = scalar(mapping(toleration).get("key"))
        if not key or "control-plane" in key or "master" in key:
            yield right("node", node=key or "any", says=f"tolerates {key or 'every taint'}")
