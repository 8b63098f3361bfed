"""As whom somebody may act who holds rules of Kubernetes: impersonation, tokens, pods that run as others, binding.

Whoever may start pods in a namespace (or change what starts them) may use every service account there, and
every kind of pod that the namespace admits; whoever may enter pods is what they are. Follows the
"RBAC good practices" of the Kubernetes documentation (privilege escalation risks).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.domains.k8s_rules import Rule
from magistrate.impact.privilege.domains.k8s_workloads import Workload
from magistrate.impact.privilege.model import Edge

_STARTERS: Final = (
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
)
_ENTER: Final = (
    ("create", "pods/exec"),
    ("get", "pods/exec"),
    ("create", "pods/attach"),
    ("get", "pods/attach"),
    ("update", "pods/ephemeralcontainers"),
    ("patch", "pods/ephemeralcontainers"),
)
_RBAC: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Whom one may become: the service accounts that are known, all holders, the workloads."""

    accounts: tuple[str, ...]
    holders: tuple[str, ...]
    running: tuple[Workload, ...]


Held = Sequence[tuple[Rule, str | None]]


def edges_of(subject: str, held: Held, people: People) -> Iterator[Edge]:
    """The edges of one subject to those it may become."""
    binds = any(
        rule.allows(verb, _RBAC, bindings)
        for rule, _ in held
        for verb in ("create", "update", "patch")
        for bindings in ("rolebindings", "clusterrolebindings")
    )
    for rule, namespace in held:
        for target in sorted(set(_targets(rule, namespace, people, binds=binds)) - {subject}):
            yield Edge(actor=subject, holder=target, place=rule.place)


def _targets(rule: Rule, namespace: str | None, people: People, *, binds: bool) -> Iterator[str]:
    known, holders, running = people.accounts, people.holders, people.running
    there = [name for name in known if namespace is None or name.split("/")[1] == namespace]
    if starts_pods(rule):
        yield from there
        spaces = {name.split("/")[1] for name in known} if namespace is None else {namespace}
        yield from (admission_name(space) for space in sorted(spaces))
    if not rule.names and any(rule.allows(verb, "", resource) for verb, resource in _ENTER):
        yield from (one.holder for one in running if namespace is None or one.namespace == namespace)
    if rule.allows("create", "", "serviceaccounts/token") or rule.allows("impersonate", "", "serviceaccounts"):
        yield from (name for name in there if not rule.names or name.split("/")[2] in rule.names)
    if namespace is None:
        for kind in ("user", "group"):
            if rule.allows("impersonate", "", f"{kind}s"):
                every = [name for name in holders if name.startswith(f"k8s:{kind}/")]
                yield from (f"k8s:{kind}/{name}" for name in rule.names)
                yield from every if not rule.names else ()
    if binds:
        yield from _roles(rule, namespace, holders)


def _roles(rule: Rule, namespace: str | None, holders: tuple[str, ...]) -> Iterator[str]:
    for resource, prefix in (("roles", "k8s:role/"), ("clusterroles", "k8s:clusterrole/")):
        if rule.allows("bind", _RBAC, resource):
            for name in holders:
                named = name.startswith(prefix) and (not rule.names or name.rpartition("/")[2] in rule.names)
                if named and (prefix != "k8s:role/" or namespace in {None, name.split("/")[1]}):
                    yield name


def starts_pods(rule: Rule) -> bool:
    """Whether it lets its holder choose what a pod is and under which account it runs."""
    return rule.allows("create", "", "pods") or any(
        rule.allows(verb, group, kind) for group, kind in _STARTERS for verb in ("create", "update", "patch")
    )


def admission_name(namespace: str) -> str:
    """The holder of what a namespace admits."""
    return f"k8s:admission/{namespace}"
