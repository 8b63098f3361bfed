"""Who reaches whom in a cluster and from outside: NetworkPolicy, Service, Ingress (networking.k8s.io/v1).

Policies are seen three ways, and each must not grow: over pods with any labels, all files being one
cluster (`net:cluster`); the same folder by folder, as if each were another cluster; and for each workload by
the labels that it has, with the workloads that reach it by name (`k8s:traffic/...`). A request has a
`direction`, labels of the pod and of its peer, or the peer's `address`, a `protocol` and a `port`.

Rule kept: traffic that no policy selects is allowed; policies only add up; what cannot be read selects
nothing where it protects and everything where it allows, and is unknown besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import shown
from magistrate.impact.privilege.domains.k8s_exposure import exposures
from magistrate.impact.privilege.domains.k8s_labels import apart, selects
from magistrate.impact.privilege.domains.k8s_objects import Cluster, cluster, is_manifest
from magistrate.impact.privilege.domains.k8s_policies import Opening, Policy, UnreadablePolicyError, policy_of
from magistrate.impact.privilege.domains.k8s_workloads import Workload, folder, workloads
from magistrate.impact.privilege.model import (
    ANYBODY,
    Edge,
    Grants,
    Holder,
    Layer,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
)

DOMAIN: Final = "net-k8s"
OPEN: Final = "net:cluster"
_ABOUT: Final = rx(r"NetworkPolicy|Service\b|Ingress|networkPolicy|ingress|service|[{]{2}")
MAX_NAMED: Final = 4000
"""Named pairs of workloads that are told apart; beyond them only labels are."""


class NetworkRules:
    """The reader of network policies and of what is exposed."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """YAML and JSON files, charts and overlays."""
        return is_manifest(path)

    def grants(self, files: Mapping[str, str]) -> Grants:
        """Who reaches whom in one state; without policies everybody reaches everybody."""
        state = cluster(files)
        unknown = [riddle.unknown(DOMAIN) for riddle in state.riddles if _ABOUT.search(riddle.text) is not None]
        policies = tuple(_policies(state, unknown))
        running = tuple(workloads(state))
        outside = exposures(state)
        unknown += (Unknown(domain=DOMAIN, why=why, text=text, place=place) for why, text, place in outside.riddles)
        holders = (*_by_labels(policies), *_by_name(state, policies, running))
        exposed = tuple(
            Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(dict.fromkeys(statements))),))
            for name, statements in sorted(outside.held.items())
        )
        return Grants(
            holders=(*holders, *exposed),
            edges=tuple(Edge(actor=ANYBODY, holder=one.name) for one in exposed),
            live=frozenset({OPEN, f"{OPEN}/by folder", ANYBODY}),
            unknown=tuple(unknown),
        )


READER: Final[Reader] = NetworkRules()


def _policies(state: Cluster, unknown: list[Unknown]) -> Iterator[Policy]:
    for group in ("networking.k8s.io", "extensions"):
        for one in state.of(group, "NetworkPolicy"):
            try:
                yield policy_of(one)
            except UnreadablePolicyError as error:
                text = f"{one.namespace}/{one.name}: {shown(one.spec)}"
                unknown.append(Unknown(domain=DOMAIN, why=str(error), text=text, place=one.at()))


def _by_labels(policies: Sequence[Policy]) -> Iterator[Holder]:
    """Traffic of pods with any labels. One layer a selection of pods: not of them, or opened by some policy.

    What policies open in another namespace or direction, or for pods that have another value of a label, is
    outside of the selection anyway.
    """
    for name, by_folder in ((OPEN, False), (f"{OPEN}/by folder", True)):
        opened: dict[tuple[Where, ...], list[tuple[Policy, Statement]]] = {}
        layers: dict[tuple[Where, ...], tuple[Policy, tuple[Where, ...]]] = {}
        for policy in policies:
            here = (folder(policy.origin.path),) if by_folder else ()
            for direction in policy.directions:
                space = (*here, literals("namespace", policy.namespace), literals("direction", direction))
                where = (*space, *policy.target())
                opened.setdefault(space, []).extend(
                    (policy, opening.statement(*where)) for opening in policy.openings(direction)
                )
                layers.setdefault(where, (policy, space))
        everything = Statement(where=(), says="no policy selects it")
        made = tuple(
            _layer(
                *_outside(policy, where),
                *(one for other, one in opened[space] if not apart(policy.selector, other.selector)),
            )
            for where, (policy, space) in sorted(layers.items(), key=repr)
        )
        yield Holder(name=name, domain=DOMAIN, layers=made or (_layer(everything),))


def _outside(policy: Policy, where: tuple[Where, ...]) -> Iterator[Statement]:
    """Traffic that one condition of a selection does not speak of."""
    for one in where:
        yield Statement(where=(_without(one),), place=policy.origin.at(), says=f"outside of {policy.title}")


def _without(where: Where) -> Where:
    """The opposite of a condition."""
    absent = None if where.absent is None else not where.absent
    return Where(dimension=where.dimension, among=where.among, negated=not where.negated, absent=absent)


def _layer(*statements: Statement) -> Layer:
    return Layer(statements=tuple(dict.fromkeys(statements)))


def _by_name(state: Cluster, policies: Sequence[Policy], running: Sequence[Workload]) -> Iterator[Holder]:
    """Traffic of each workload that is defined: by the policies that select its labels."""
    spaces = {one.name: one.labels for one in state.of("", "Namespace")}
    held: dict[str, dict[Statement, None]] = {}
    left = MAX_NAMED
    for workload in running:
        name = workload.holder.replace("k8s:workload/", "k8s:traffic/", 1)
        statements = held.setdefault(name, {})
        mine = [
            one for one in policies if one.namespace == workload.namespace and selects(one.selector, workload.labels)
        ]
        for direction in ("ingress", "egress"):
            where = (literals("direction", direction),)
            closed = [one for one in mine if direction in one.directions]
            if not closed:
                place = workload.origin.at()
                statements[Statement(where=where, place=place, says=f"no policy restricts its {direction}")] = None
            for policy in closed:
                for opening in policy.openings(direction):
                    statements[opening.statement(*where)] = None
                    left -= len(running)
                    if left > 0:
                        statements.update(dict.fromkeys(_named(opening, where, running, spaces)))
    for name, found in sorted(held.items()):
        yield Holder(name=name, domain=DOMAIN, layers=(_layer(*found),))


def _named(
    opening: Opening, where: tuple[Where, ...], running: Sequence[Workload], spaces: Mapping[str, Mapping[str, str]]
) -> Iterator[Statement]:
    """The workloads that one opening lets through, by name; those of a namespace whose labels no file says perhaps."""
    for other in running:
        perhaps = opening.lets(other, spaces)
        if perhaps is not None:
            yield opening.named(other.holder, perhaps, where)
