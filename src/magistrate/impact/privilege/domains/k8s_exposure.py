"""What is reached from outside a cluster: services with ports on nodes or balancers, and the paths of ingresses.

A request says the `way` in, the `service`'s selection of pods, a `port`, the `address` it comes from, for an ingress
the `host` and `path`. `zone` is `inside` where a balancer's annotations keep it in the private network; a
login that an ingress asks for is a condition, so that taking it away is a gain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.privilege.domains.aws_policy import UnreadableError, addresses
from magistrate.impact.privilege.domains.ci_yaml import listed, mapping, shown
from magistrate.impact.privilege.domains.k8s_objects import Cluster, KubeObject, scalar, scalars, texts
from magistrate.impact.privilege.domains.k8s_workloads import folder
from magistrate.impact.privilege.model import Place, Statement, Where, literals
from magistrate.impact.privilege.patterns import RUN, Glob, glob, literal

_INSIDE: Final[Mapping[str, frozenset[str]]] = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": frozenset({"true", "0.0.0.0/0"}),
    "service.beta.kubernetes.io/aws-load-balancer-scheme": frozenset({"internal"}),
    "service.beta.kubernetes.io/azure-load-balancer-internal": frozenset({"true"}),
    "networking.gke.io/load-balancer-type": frozenset({"Internal"}),
    "cloud.google.com/load-balancer-type": frozenset({"Internal"}),
    "alb.ingress.kubernetes.io/scheme": frozenset({"internal"}),
}
_RANGES: Final = (
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "ingress.kubernetes.io/whitelist-source-range",
    "haproxy.org/allow-list",
    "haproxy.org/whitelist",
    "haproxy-ingress.github.io/allowlist-source-range",
    "alb.ingress.kubernetes.io/inbound-cidrs",
)
_LOGINS: Final = (
    "nginx.ingress.kubernetes.io/auth-",
    "haproxy-ingress.github.io/auth-",
    "alb.ingress.kubernetes.io/auth-",
    "traefik.ingress.kubernetes.io/router.middlewares",
)
_OPAQUE: Final = ("-snippet", "/use-regex", "/rewrite-target", "/app-root", "alb.ingress.kubernetes.io/actions.")


@dataclass(slots=True)
class Exposed:
    """What is exposed: statements by the holder through which anybody comes; what cannot be read."""

    held: dict[str, list[Statement]] = field(default_factory=dict)
    riddles: list[tuple[str, str, Place]] = field(default_factory=list)


def exposures(state: Cluster) -> Exposed:
    """Everything that is reached from outside in one state."""
    found = Exposed()
    for one in state.of("", "Service"):
        statements = list(_service(one, found))
        if statements:
            found.held.setdefault(f"net:service/{one.namespace}/{one.name}", []).extend(statements)
    for group in ("networking.k8s.io", "extensions"):
        for one in state.of(group, "Ingress"):
            statements = list(_ingress(one, found))
            if statements:
                found.held.setdefault(f"net:ingress/{one.namespace}/{one.name}", []).extend(statements)
    return found


def _service(one: KubeObject, found: Exposed) -> Iterator[Statement]:
    kind = scalar(one.spec.get("type")) or "ClusterIP"
    selector = shown(one.spec["selector"]) if mapping(one.spec.get("selector")) else f"service {one.name}"
    target = (folder(one.path), literals("namespace", one.namespace), literals("service", selector))
    ways: list[tuple[str, tuple[Where, ...]]] = []
    if kind in {"NodePort", "LoadBalancer"}:
        ways.append(("port of every node", ()))
    if kind == "LoadBalancer":
        ways.append(("load balancer", tuple(_gate(one, found, scalars(one.spec.get("loadBalancerSourceRanges"))))))
    ways += (("external address", (literals("external", ip),)) for ip in sorted(scalars(one.spec.get("externalIPs"))))
    if kind not in {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}:
        found.riddles.append(("a service of a type that is not known", f"{one.name}: {kind}", one.at()))
    for way, where in ways:
        for entry in listed(one.spec.get("ports")):
            port = mapping(entry)
            inner = scalar(port.get("targetPort")) or scalar(port.get("port"))
            ends = (literals("port", inner), literals("protocol", scalar(port.get("protocol")) or "TCP"))
            says = f"service {one.name}, port {inner}, by {way}"
            yield Statement(where=(*target, literals("way", way), *ends, *where), place=one.at(entry), says=says)


def _gate(one: KubeObject, found: Exposed, stated: tuple[str, ...] = ()) -> Iterator[Where]:
    """From where one may come: a private network, named ranges of addresses."""
    said = one.annotations
    if any(said.get(key) in values for key, values in _INSIDE.items()):
        yield literals("zone", "inside")
    ranges = stated or tuple(
        part.strip() for key in _RANGES if said.get(key) for part in said[key].split(",") if part.strip()
    )
    if ranges:
        try:
            yield Where(dimension="address", among=tuple(addresses(part) for part in sorted(ranges)))
        except UnreadableError as error:
            found.riddles.append((str(error), f"{one.kind} {one.name}: {sorted(ranges)}", one.at()))


def _ingress(one: KubeObject, found: Exposed) -> Iterator[Statement]:
    opaque = {key: value for key, value in one.annotations.items() if any(part in key for part in _OPAQUE)}
    if opaque:
        why = "an annotation that changes what an ingress does"
        found.riddles.append((why, f"{one.namespace}/{one.name}: {sorted(opaque.items())}", one.at()))
    controller = scalar(one.spec.get("ingressClassName")) or one.annotations.get("kubernetes.io/ingress.class", "")
    logins = sorted((key, value) for key, value in one.annotations.items() if key.startswith(_LOGINS))
    gate = (
        folder(one.path),
        literals("way", "ingress"),
        literals("class", controller or "default"),
        literals("namespace", one.namespace),
        *_gate(one, found),
        *((literals("login", shown(str(logins))),) if logins else ()),
    )
    backend = one.spec.get("defaultBackend") or one.spec.get("backend")
    if backend:
        yield Statement(where=(*gate, _backend(backend)), place=one.at(backend), says=f"ingress {one.name}: everything")
    for entry in listed(one.spec.get("rules")):
        rule = mapping(entry)
        host = scalar(rule.get("host"))
        hosts = () if host in {"", "*"} else (Where(dimension="host", among=(glob(host),)),)
        for each in listed(mapping(rule.get("http")).get("paths")):
            said = mapping(each)
            way = scalar(said.get("path")) or "/"
            among = _paths(way, scalar(said.get("pathType")))
            where = (*gate, *hosts, Where(dimension="path", among=among), _backend(said.get("backend")))
            yield Statement(where=where, place=one.at(each), says=f"ingress {one.name}: {host or 'any host'}{way}")


def _paths(way: str, kind: str) -> tuple[Glob, ...]:
    if kind == "Exact":
        return (literal(way),)
    if kind == "Prefix":
        stem = way.rstrip("/")
        return (literal(stem or "/"), Glob((*stem, "/", RUN)))
    return (Glob((*way.rstrip("*"), RUN)),)


def _backend(value: object) -> Where:
    """The service behind a path, in either form of the API; a port by name or number."""
    said = mapping(value)
    service = mapping(said.get("service"))
    port = texts(service.get("port"))
    name = scalar(service.get("name")) or scalar(said.get("serviceName")) or shown(said.get("resource", ""))
    number = port.get("number") or port.get("name") or scalar(said.get("servicePort"))
    return literals("backend", f"{name}:{number}")
