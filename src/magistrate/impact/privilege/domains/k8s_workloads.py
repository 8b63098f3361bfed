"""Workloads of Kubernetes: what kind of object starts which pods, under which account, in which namespace.

Known kinds are Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob and
PodTemplate; any other object with a pod template in its usual place (a rollout, a service that scales to none) is one too.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import mapping
from magistrate.impact.privilege.domains.k8s_objects import Cluster, KubeObject, flag, scalar, texts
from magistrate.impact.privilege.model import Where, literals

DEFAULT_ACCOUNT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """An object that starts pods: the pods' labels, annotations and specification."""

    origin: KubeObject
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod: Mapping[str, Any]

    @property
    def holder(self) -> str:
        """The name of its holder."""
        return f"k8s:workload/{self.origin.kind}/{self.origin.namespace}/{self.origin.name}"

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.origin.namespace

    @property
    def account(self) -> str:
        """The name of its service account."""
        return scalar(self.pod.get("serviceAccountName")) or scalar(self.pod.get("serviceAccount")) or DEFAULT_ACCOUNT


def workloads(state: Cluster) -> Iterator[Workload]:
    """Every workload of one state, in the order of paths."""
    for origin in state.objects:
        template = _template(origin)
        pod = mapping(template.get("spec"))
        if pod:
            named = mapping(template.get("metadata"))
            yield Workload(
                origin=origin, labels=texts(named.get("labels")), annotations=texts(named.get("annotations")), pod=pod
            )


def _template(origin: KubeObject) -> Mapping[str, Any]:
    if origin.group == "" and origin.kind == "Pod":
        return origin.body
    if origin.group == "" and origin.kind == "PodTemplate":
        return mapping(origin.body.get("template"))
    spec = origin.spec
    inner = mapping(mapping(spec.get("jobTemplate")).get("spec")) or spec
    template = mapping(inner.get("template"))
    pod = mapping(template.get("spec"))
    return template if "containers" in pod or "initContainers" in pod else {}


def account_name(namespace: str, name: str) -> str:
    """The holder of a service account."""
    return f"k8s:sa/{namespace}/{name}"


def mounts_token(workload: Workload, accounts: Mapping[tuple[str, str], KubeObject]) -> bool:
    """Whether the token of its account is in its containers: unless the pod, or else the account, says no."""
    account = accounts.get((workload.namespace, workload.account))
    stated = None if account is None else account.body.get("automountServiceAccountToken")
    default = flag(stated, absent=True, worse=True)
    return flag(workload.pod.get("automountServiceAccountToken"), absent=default, worse=True)


def accounts(state: Cluster) -> dict[tuple[str, str], KubeObject]:
    """The service accounts that are defined, by namespace and name."""
    return {(one.namespace, one.name): one for one in state.of("", "ServiceAccount")}


def folder(path: str) -> Where:
    """The condition that says of which folder of files something is: the same object for another cluster is another."""
    return literals("folder", "/" + posixpath.dirname(path))
