"""One NetworkPolicy: which pods it selects, in which directions, and the traffic that each of its rules opens.

Follows networking.k8s.io/v1: `policyTypes` that are absent mean ingress, and egress where there are egress
rules; no rule opens nothing, an empty rule everything; peers without a namespace selector are in the
policy's own namespace; a port is of TCP unless it says otherwise, `endPort` makes a range of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.domains.aws_policy import UnreadableError, addresses
from magistrate.impact.privilege.domains.ci_yaml import listed, mapping
from magistrate.impact.privilege.domains.k8s_labels import Term, UnreadableSelectorError, selects, terms
from magistrate.impact.privilege.domains.k8s_objects import KubeObject, number, scalar, scalars
from magistrate.impact.privilege.domains.k8s_workloads import Workload
from magistrate.impact.privilege.model import Place, Statement, Where, literals, spans

NAME_LABEL: Final = "kubernetes.io/metadata.name"
_RULES: Final = {"ingress": "from", "egress": "to"}


class UnreadablePolicyError(Exception):
    """A policy with something in it that the documentation does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Pods by labels of theirs and of their namespaces (`namespace`: one by its name)."""

    namespace: str | None
    spaces: tuple[Term, ...]
    pods: tuple[Term, ...]

    def where(self) -> Iterator[Where]:
        """The same as conditions on a peer with any labels."""
        yield literals("peer", "pod")
        if self.namespace is not None:
            yield literals("namespace of peer", self.namespace)
        for term in self.spaces:
            if term.key == NAME_LABEL:
                named = term.where("")
                yield Where(dimension="namespace of peer", among=named.among, negated=named.negated)
            else:
                yield term.where("label of namespace of peer")
        yield from (term.where("label of peer") for term in self.pods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Traffic that one peer and one port of a rule open; None stands for any."""

    peers: Peers | None
    addresses: tuple[Where, ...]
    port: tuple[Where, ...]
    place: Place
    says: str

    def statement(self, *where: Where) -> Statement:
        """The same for a peer with any labels."""
        peer = (*self.addresses, *(self.peers.where() if self.peers is not None else ()))
        return Statement(where=(*where, *peer, *self.port), place=self.place, says=self.says)

    def lets(self, other: Workload, spaces: Mapping[str, Mapping[str, str]]) -> tuple[Where, ...] | None:
        """None: it does not let this workload through; else further conditions, none where it certainly does."""
        peers = self.peers
        if peers is None or not selects(peers.pods, other.labels):
            return None
        if peers.namespace is not None:
            return () if peers.namespace == other.namespace else None
        labels = {NAME_LABEL: other.namespace, **spaces.get(other.namespace, {})}
        if other.namespace in spaces or all(term.key == NAME_LABEL for term in peers.spaces):
            return () if selects(peers.spaces, labels) else None
        return tuple(term.where("label of namespace of peer") for term in peers.spaces)

    def named(self, holder: str, perhaps: tuple[Where, ...], where: tuple[Where, ...]) -> Statement:
        """The same for one workload as the peer."""
        peer = (literals("peer", "workload"), literals("workload", holder))
        return Statement(
            where=(*where, *peer, *perhaps, *self.port), place=self.place, says=f"{holder}: {self.says}"[:160]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that has been read."""

    origin: KubeObject
    selector: tuple[Term, ...]
    directions: tuple[str, ...]
    opened: tuple[tuple[str, Opening], ...]

    @property
    def namespace(self) -> str:
        """Where it selects pods."""
        return self.origin.namespace

    @property
    def title(self) -> str:
        """In words."""
        return f"network policy {self.origin.namespace}/{self.origin.name}"

    def target(self) -> tuple[Where, ...]:
        """The pods of its namespace that it selects, as conditions."""
        return tuple(term.where("label") for term in self.selector)

    def openings(self, direction: str) -> Iterator[Opening]:
        """What its rules open in one direction."""
        return (opening for each, opening in self.opened if each == direction)


def policy_of(origin: KubeObject) -> Policy:
    """A policy as it stands.

    Raises:
        UnreadablePolicyError: see there.
    """
    spec = origin.spec
    try:
        types = tuple(one.lower() for one in scalars(spec.get("policyTypes")))
        directions = types or (("ingress", "egress") if listed(spec.get("egress")) else ("ingress",))
        if not set(directions) <= set(_RULES):
            raise UnreadablePolicyError("a policy of a type that is not known")
        opened = tuple(
            (direction, opening)
            for direction in directions
            for rule in listed(spec.get(direction))
            for opening in _openings(origin, direction, mapping(rule))
        )
        return Policy(
            origin=origin, selector=terms(spec.get("podSelector")), directions=tuple(sorted(directions)), opened=opened
        )
    except (UnreadableSelectorError, UnreadableError) as error:
        raise UnreadablePolicyError("a selector, an address or a port of a policy cannot be read") from error


def _openings(origin: KubeObject, direction: str, rule: Mapping[str, object]) -> Iterator[Opening]:
    if set(map(str, rule)) - {_RULES[direction], "ports"}:
        raise UnreadablePolicyError("a rule of a policy has a name that is not known")
    peers = [mapping(one) for one in listed(rule.get(_RULES[direction]))] or [{}]
    ports = [mapping(one) for one in listed(rule.get("ports"))] or [{}]
    for peer in peers:
        who, told = _peer(origin, peer)
        for port in ports:
            place = origin.at(peer or port or rule)
            says = f"{direction} {told} {_port_words(port)}".strip()
            addressed = tuple(_addresses(mapping(peer.get("ipBlock")))) if "ipBlock" in peer else ()
            yield Opening(peers=who, addresses=addressed, port=tuple(_port(port)), place=place, says=says)


def _peer(origin: KubeObject, peer: Mapping[str, object]) -> tuple[Peers | None, str]:
    if set(map(str, peer)) - {"podSelector", "namespaceSelector", "ipBlock"}:
        raise UnreadablePolicyError("a peer of a policy has a name that is not known")
    if not peer:
        return None, "anybody"
    if "ipBlock" in peer:
        return None, scalar(mapping(peer["ipBlock"]).get("cidr"))
    pods = terms(peer.get("podSelector"))
    spaces = terms(peer["namespaceSelector"]) if "namespaceSelector" in peer else ()
    own = None if "namespaceSelector" in peer else origin.namespace
    words = ", ".join(f"{term.key} {term.operator} {'|'.join(term.values)}".strip() for term in (*spaces, *pods))
    return Peers(namespace=own, spaces=spaces, pods=pods), f"pods {words or 'of any labels'}"


def _addresses(block: Mapping[str, object]) -> Iterator[Where]:
    yield literals("peer", "address")
    yield Where(dimension="address", among=(addresses(scalar(block.get("cidr"))),), absent=False)
    left_out = tuple(addresses(one) for one in scalars(block.get("except")))
    if left_out:
        yield Where(dimension="address", among=left_out, negated=True)


def _port(port: Mapping[str, object]) -> Iterator[Where]:
    if not port:
        return
    yield literals("protocol", scalar(port.get("protocol")) or "TCP")
    said, low = scalar(port.get("port")), number(port.get("port"))
    if said and low is None:
        yield literals("port name", said)
    elif low is not None:
        high = number(port.get("endPort"))
        yield spans("port", (low, low if high is None else max(low, high)))


def _port_words(port: Mapping[str, object]) -> str:
    end = scalar(port.get("endPort"))
    said = scalar(port.get("port")) or "any port"
    return f"{said}{'-' + end if end else ''}/{scalar(port.get('protocol')) or 'TCP'}" if port else "on any port"
