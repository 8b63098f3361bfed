"""Role based access control of Kubernetes: who may do what to which objects, and as whom they may act by it.

Holders are subjects (`k8s:sa/NAMESPACE/NAME`, `k8s:user/NAME`, `k8s:group/NAME`) with the rules of all roles
bound to them, and the roles themselves: a role that was there may be bound where no file says so.
Impersonation, tokens of service accounts, starting pods and entering them are edges to those one becomes.

Rule kept: a subject of which the files say nothing else exists; a role that no file defines, and that
Kubernetes does not bring, is a right of its own; rules that cannot be read are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import line_of, listed, mapping, shown
from magistrate.impact.privilege.domains.k8s_admission import Levels, level_statements
from magistrate.impact.privilege.domains.k8s_labels import UnreadableSelectorError, selects, terms
from magistrate.impact.privilege.domains.k8s_objects import UNNAMED, Cluster, KubeObject, cluster, is_manifest, scalar
from magistrate.impact.privilege.domains.k8s_power import People, edges_of
from magistrate.impact.privilege.domains.k8s_rules import FIELDS, Rule, boxes, rules_of, unread
from magistrate.impact.privilege.domains.k8s_workloads import (
    DEFAULT_ACCOUNT,
    Workload,
    account_name,
    accounts,
    folder,
    workloads,
)
from magistrate.impact.privilege.model import (
    ANYBODY,
    Edge,
    Grants,
    Holder,
    Layer,
    Place,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
)

DOMAIN: Final = "k8s-rbac"
GROUP: Final = "rbac.authorization.k8s.io"
_ABOUT: Final = rx(r"Role|ServiceAccount|rules|[{]{2}")
_AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"
_BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "view": ("view",),
    "edit": ("view", "edit"),
    "admin": ("view", "edit", "admin"),
}
"""What Kubernetes brings: each of them holds those before it. `cluster-admin` holds everything."""


_OF_AN_EDITOR: Final = {
    "verbs": ("create", "impersonate"),
    "groups": ("",),
    "resources": ("pods", "pods/exec", "serviceaccounts", "serviceaccounts/token"),
    "names": (),
    "urls": (),
}
"""What the built-in `edit` and `admin` allow by which one becomes another."""
_OF_AMAZON: Final = "aws-auth"
"""The map of identities in Amazon's cloud to groups of the cluster."""


class AccessRules:
    """The reader of roles and their bindings."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """YAML and JSON files, charts and overlays."""
        return is_manifest(path)

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of every subject and role in one state."""
        state = cluster(files)
        return _Reading(state).grants()


READER: Final[Reader] = AccessRules()


@dataclass(slots=True)
class _Held:
    statements: list[Statement] = field(default_factory=list)
    rules: list[tuple[Rule, str | None]] = field(default_factory=list)


class _Reading:
    """One state being read."""

    def __init__(self, state: Cluster) -> None:
        self.state = state
        self.roles = list(state.of(GROUP, "Role", "ClusterRole"))
        self.accounts = accounts(state)
        self.workloads: tuple[Workload, ...] = tuple(workloads(state))
        self.held: dict[str, _Held] = {}
        self.unknown: list[Unknown] = [
            riddle.unknown(DOMAIN) for riddle in state.riddles if _ABOUT.search(riddle.text) is not None
        ]

    def grants(self) -> Grants:
        """Everything in this state, in a stable order."""
        for one in self.state.of("", "ConfigMap"):
            if one.name == _OF_AMAZON:
                why = "it says who from Amazon's cloud is in which groups"
                self._riddle(why, f"{one.namespace}/{one.name}: {shown(one.body.get('data', ''))}", one.at())
        for namespace, name in self.accounts:
            self._holds(account_name(namespace, name))
        for role in self.roles:
            self._role(role)
        for built_in in _BUILT_IN:
            for extra in self._aggregated(built_in):
                self._add(f"k8s:clusterrole/{built_in}", extra, None, extra.place.path)
        subjects = {name for binding in self._bindings() for name in self._bound(binding)}
        edges = tuple(self._edges())
        levels = Levels(self.state)
        for space in sorted(edge.holder for edge in edges if edge.holder.startswith("k8s:admission/")):
            self._holds(space).statements += level_statements(levels.of(space.rpartition("/")[2]))
        holders = tuple(
            Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(held.statements)),))
            for name, held in sorted(self.held.items())
        )
        return Grants(
            holders=holders,
            edges=edges,
            live=frozenset(name for name in subjects if self._exists(name))
            | {f"k8s:clusterrole/{name}" for name in _BUILT_IN}
            | {ANYBODY},
            unknown=tuple(self.unknown),
        )

    def _holds(self, name: str) -> _Held:
        return self.held.setdefault(name, _Held())

    def _add(self, holder: str, rule: Rule, namespace: str | None, path: str) -> None:
        held = self._holds(holder)
        held.statements += boxes(rule, folder(path), namespace=namespace)
        held.rules.append((rule, namespace))

    def _riddle(self, why: str, text: str, place: Place) -> None:
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=text, place=place))

    def _role(self, role: KubeObject) -> None:
        strange = unread(role.body.get("rules")) or sorted(set(map(str, role.body)) - _OF_A_ROLE)
        if strange:
            why = f"a role with `{strange[0][:40]}` in it"
            self._riddle(why, f"{role.kind} {role.name}: {shown(dict(role.body))}", role.at())
        namespace = role.namespace if role.kind == "Role" else None
        name = _role_name(role.kind, role.namespace, role.name)
        self._holds(name)
        for rule in self._rules(role):
            self._add(name, rule, namespace, role.path)

    def _rules(self, role: KubeObject) -> tuple[Rule, ...]:
        """The rules of a role, with those that it gathers from others."""
        own = tuple(
            rule
            for one in listed(role.body.get("rules"))
            for rule in rules_of([one], Place(path=role.path, line=line_of(one, role.line)))
        )
        selectors = listed(mapping(role.body.get("aggregationRule")).get("clusterRoleSelectors"))
        return own + tuple(rule for one in selectors for rule in self._gathered(role, one))

    def _gathered(self, role: KubeObject, selector: object) -> Iterator[Rule]:
        try:
            wanted = terms(selector)
        except UnreadableSelectorError:
            self._riddle("a selector of roles cannot be read", f"{role.name}: {shown(selector)}", role.at())
            return
        for other in self.roles:
            if other.kind == "ClusterRole" and other is not role and selects(wanted, other.labels):
                yield from rules_of(other.body.get("rules"), other.at())

    def _aggregated(self, built_in: str) -> Iterator[Rule]:
        """What files add to a role that Kubernetes brings, by a label that says so."""
        for role in self.roles:
            added = any(role.labels.get(_AGGREGATE + lower, "").lower() == "true" for lower in _BUILT_IN[built_in])
            if role.kind == "ClusterRole" and added:
                yield from rules_of(role.body.get("rules"), role.at())

    def _bindings(self) -> Iterator[KubeObject]:
        return self.state.of(GROUP, "RoleBinding", "ClusterRoleBinding")

    def _bound(self, binding: KubeObject) -> Iterator[str]:
        """The subjects of one binding, after its role has been given to each."""
        reference = mapping(binding.body.get("roleRef"))
        kind, name = scalar(reference.get("kind")), scalar(reference.get("name"))
        namespace = binding.namespace if binding.kind == "RoleBinding" else None
        if kind not in {"Role", "ClusterRole"} or not name:
            self._riddle("a binding names no role", f"{binding.name}: {shown(reference)}", binding.at())
            return
        found = self._defined(kind, name, binding)
        for one in listed(binding.body.get("subjects")):
            subject = _subject(mapping(one), binding)
            if subject is None:
                self._riddle("a subject of a kind that is not known", f"{binding.name}: {shown(one)}", binding.at(one))
                continue
            place = binding.at(one)
            for rule in found or ():
                self._add(subject, rule, namespace, binding.path)
            if found is None:
                self._built_in(subject, (kind, name), namespace, place)
            yield subject

    def _defined(self, kind: str, name: str, binding: KubeObject) -> tuple[Rule, ...] | None:
        """The rules of the role of this name, of several that which stands nearest to the binding; None: no file has it."""
        found = [
            role
            for role in self.roles
            if role.kind == kind and role.name == name and (kind != "Role" or role.namespace == binding.namespace)
        ]
        if not found:
            return None
        near = max(_shared(role.path, binding.path) for role in found)
        nearest = [role for role in found if _shared(role.path, binding.path) == near]
        extra = tuple(self._aggregated(name)) if kind == "ClusterRole" and name in _BUILT_IN else ()
        return tuple(rule for role in nearest for rule in self._rules(role)) + extra

    def _built_in(self, subject: str, role: tuple[str, str], namespace: str | None, place: Place) -> None:
        """A role that no file defines: what Kubernetes says of it, or its name as a right of its own."""
        kind, name = role
        where: tuple[Where, ...] = (folder(place.path),)
        if namespace is not None:
            where = (*where, Where(dimension="namespace", among=literals("", namespace).among, absent=False))
        if kind == "ClusterRole" and name == "cluster-admin":
            every = {"verbs": ("*",), "groups": ("*",), "resources": ("*",), "names": (), "urls": ("*",)}
            self._add(subject, Rule(**every, place=place), namespace, place.path)
            self._holds(subject).statements.append(Statement(where=where, place=place, says="cluster-admin"))
            return
        if kind == "ClusterRole" and name in {"edit", "admin"}:
            self._holds(subject).rules.append((Rule(**_OF_AN_EDITOR, place=place), namespace))
        scope = f"{namespace}/" if kind == "Role" else ""
        named = _BUILT_IN.get(name, (name,)) if kind == "ClusterRole" else (name,)
        for one in named:
            condition = Where(dimension="role", among=literals("", f"{kind}/{scope}{one}").among, absent=False)
            self._holds(subject).statements.append(
                Statement(where=(*where, condition), place=place, says=f"{kind} {name}")
            )
        for rule in self._aggregated(name) if kind == "ClusterRole" and name in _BUILT_IN else ():
            self._add(subject, rule, namespace, place.path)

    def _exists(self, subject: str) -> bool:
        """Whether a subject is there whatever the files say: not an account that only they define or use."""
        if not subject.startswith("k8s:sa/"):
            return True
        namespace, _, name = subject.removeprefix("k8s:sa/").partition("/")
        used = any((one.namespace, one.account) == (namespace, name) for one in self.workloads)
        return name == DEFAULT_ACCOUNT or not (used or (namespace, name) in self.accounts)

    def _edges(self) -> Iterator[Edge]:
        used = {account_name(one.namespace, one.account) for one in self.workloads}
        known = sorted({name for name in self.held if name.startswith("k8s:sa/")} | used)
        yield Edge(actor=ANYBODY, holder="k8s:group/system:unauthenticated")
        yield Edge(actor=ANYBODY, holder="k8s:user/system:anonymous")
        for account in known:
            namespace = account.split("/")[1]
            for group in ("authenticated", "serviceaccounts", f"serviceaccounts:{namespace}"):
                if f"k8s:group/system:{group}" in self.held:
                    yield Edge(actor=account, holder=f"k8s:group/system:{group}")
        if "k8s:group/system:authenticated" in self.held:
            for user in sorted(name for name in self.held if name.startswith("k8s:user/")):
                yield Edge(actor=user, holder="k8s:group/system:authenticated")
        people = People(accounts=tuple(known), holders=tuple(sorted(self.held)), running=self.workloads)
        for name, held in sorted(self.held.items()):
            if name.startswith(("k8s:sa/", "k8s:user/", "k8s:group/")):
                yield from edges_of(name, held.rules, people)


_OF_A_ROLE: Final = frozenset({"apiVersion", "kind", "metadata", "rules", "aggregationRule"})


def _role_name(kind: str, namespace: str, name: str) -> str:
    return f"k8s:role/{namespace}/{name}" if kind == "Role" else f"k8s:clusterrole/{name}"


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common."""
    count = 0
    for mine, theirs in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _subject(said: Mapping[str, object], binding: KubeObject) -> str | None:
    kind, name = scalar(said.get("kind")), scalar(said.get("name"))
    if not name:
        return None
    if kind == "ServiceAccount":
        return account_name(scalar(said.get("namespace")) or binding.namespace or UNNAMED, name)
    if kind == "User":
        parts = name.split(":")
        if name.startswith("system:serviceaccount:") and len(parts) == 4:  # noqa: PLR2004 - system, kind, namespace, name
            return account_name(parts[2], parts[3])
        return f"k8s:user/{name}"
    return f"k8s:group/{name}" if kind == "Group" else None


def grants_of_rules(rules: object, path: str = "rules.json") -> Grants:
    """A bare list of rules, held by somebody who exists: for comparing two lists of rules on their own."""
    place = Place(path=path)
    statements = tuple(box for rule in rules_of(rules, place) for box in boxes(rule))
    holder = Holder(name="k8s:user/owner", domain=DOMAIN, layers=(Layer(statements=statements),))
    strange = [name for name in unread(rules) if name not in FIELDS]
    unknown = tuple(
        Unknown(domain=DOMAIN, why="a rule with a name of its own", text=one, place=place) for one in strange
    )
    return Grants(holders=(holder,), live=frozenset({holder.name}), unknown=unknown)
