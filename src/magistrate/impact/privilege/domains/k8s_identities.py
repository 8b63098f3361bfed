"""Identities in a cloud that a service account stands for, by its annotations.

Amazon's roles for service accounts (`eks.amazonaws.com/role-arn`) become an edge to `aws:role/NAME`, and, like
Google's and Microsoft's workload identities, a right of their own (the role may be defined elsewhere). The cloud
gives its token to the pods of the account whether the account's own token is mounted or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from magistrate.impact.privilege.domains.k8s_objects import Cluster
from magistrate.impact.privilege.domains.k8s_workloads import Workload, account_name, folder
from magistrate.impact.privilege.model import Edge, Statement, literals

AMAZON: Final = "eks.amazonaws.com/role-arn"
ANNOTATIONS: Final = (AMAZON, "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id")


def identities(state: Cluster) -> Iterator[tuple[str, Statement]]:
    """A holder for each annotated account, and the identity that it stands for."""
    for account in state.of("", "ServiceAccount"):
        for key, value in sorted(account.annotations.items()):
            if key in ANNOTATIONS and value:
                where = (folder(account.path), literals("right", "cloud identity"), literals("identity", value))
                name = identity_name(account.namespace, account.name)
                yield name, Statement(where=where, place=account.at(), says=f"{key}: {value}"[:120])


def cloud_edges(state: Cluster, workload: Workload | None = None) -> list[Edge]:
    """The edges from accounts, or (`workload`) from one workload, to identities in clouds and their roles."""
    found: list[Edge] = []
    for account in state.of("", "ServiceAccount"):
        used = workload is None or (workload.namespace, workload.account) == (account.namespace, account.name)
        actor = account_name(account.namespace, account.name) if workload is None else workload.holder
        said = {key: value for key, value in account.annotations.items() if key in ANNOTATIONS and value}
        if used and said:
            found.append(Edge(actor=actor, holder=identity_name(account.namespace, account.name), place=account.at()))
            if AMAZON in said:
                role = said[AMAZON].rpartition("/")[2]
                found.append(Edge(actor=actor, holder=f"aws:role/{role}", place=account.at()))
    return found


def identity_name(namespace: str, name: str) -> str:
    """The holder of what an account is in clouds."""
    return f"k8s:identity/{namespace}/{name}"
