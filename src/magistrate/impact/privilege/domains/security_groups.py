"""Security groups of AWS as boxes: from where, by which protocol and port, something may be reached or may reach out.

A rule is a right of whoever it names; a group is reached through what wears it. Written in Terraform or
CloudFormation. Firewalls of other clouds are not read: they are `Unknown`.

Rule kept: a range that is filled in from elsewhere stays open, and a rule that cannot be read is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains import terraform, terraform_names
from magistrate.impact.privilege.domains.aws_policy import UnreadableError, addresses
from magistrate.impact.privilege.domains.terraform import CLOSE, DYNAMIC, OPEN, Block
from magistrate.impact.privilege.domains.terraform_meanings import Family
from magistrate.impact.privilege.model import (
    Atom,
    Edge,
    Grants,
    Holder,
    Layer,
    Place,
    Span,
    Statement,
    Unknown,
    Varying,
    Where,
    literals,
)
from magistrate.impact.privilege.patterns import literal

DOMAIN: Final = "net-aws"
GROUP: Final = "aws_security_group"
RULES: Final = {"aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"}
FOREIGN: Final = rx(
    r"google_compute_firewall|azurerm_network_security|azurerm_firewall|aws_network_acl|aws_default_security_group|"
    r"aws_default_network_acl|digitalocean_firewall|hcloud_firewall|openstack_networking_secgroup|alicloud_security_group"
)
WORN: Final = frozenset({"vpc_security_group_ids", "security_groups", "security_group_ids", "security_group"})
NUMBERS: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
REFERENCE: Final = rx(f"{OPEN}(?:data\\.)?(\\w+)\\.([\\w-]+)(\\[[^\\]]*\\])?\\.(?:id|name|arn){CLOSE}")
_OF_EACH: Final = rx(r"\b(?:each\.(?:key|value)|count\.index)\b")
_CIDR: Final = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
_PEERS: Final = (
    "security_groups",
    "source_security_group_id",
    "referenced_security_group_id",
    "prefix_list_ids",
    "prefix_list_id",
)


class _Reader:
    domain: Final = DOMAIN

    def reads(self, path: str) -> bool:
        """By suffix; `grants` looks inside."""
        return terraform.is_terraform(path) or terraform.is_values(path)

    def grants(self, files: Mapping[str, str]) -> Grants:
        """Every group that something wears, and every rule of it."""
        found: list[Block] = []
        unknown: list[Unknown] = []
        for path in sorted(files):
            try:
                found += terraform.blocks(path, files[path])
            except terraform.UnreadableError as error:
                if "security_group" in files[path] or "firewall" in files[path]:
                    unknown.append(Unknown(domain=DOMAIN, why=str(error), text=files[path], place=Place(path=path)))
        return _grants(terraform_names.resolved(found, files, frozenset(RULES)), unknown)


READER: Final = _Reader()


def _grants(found: list[Block], unknown: list[Unknown]) -> Grants:
    rules: dict[str, list[Statement]] = {}
    edges: list[Edge] = []
    several = _several(found)
    for block in found:
        place = Place(path=block.path, line=block.line)
        if block.kind != "resource":
            continue
        if FOREIGN.match(block.type):
            unknown.append(_open(f"`{block.type}` is not read", block, place))
        elif block.type == GROUP or block.type in RULES:
            name = _named(block) if block.type == GROUP else _group(block, block.body.get("security_group_id"), several)
            own = rules.setdefault(f"net:sg/{name}", [])
            try:
                own += _rules(block, name, place, several)
            except UnreadableError as error:
                unknown.append(_open(str(error), block, place))
        else:
            edges += _worn(block, place, several)
    worn = {edge.actor for edge in edges}
    here = {f"net:sg/{_named(block)}" for block in found if block.kind == "resource" and block.type == GROUP}
    for edge in _of_several(here, {edge.holder for edge in edges} | set(rules)):
        rules.setdefault(edge.actor, []).append(_elsewhere(edge.actor, edge.place))
        edges.append(edge)
    for edge in edges:
        if edge.holder not in rules:
            rules[edge.holder] = [_elsewhere(edge.holder, edge.place)]
    holders = tuple(
        Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(rules[name])),)) for name in sorted(rules)
    )
    live = worn | {name for name in rules if name.partition("[")[0] not in here}
    return Grants(holders=holders, edges=tuple(edges), live=frozenset(live), unknown=tuple(unknown))


def _elsewhere(holder: str, place: Place) -> Statement:
    """What a group that is not here lets through is not said here either: to wear it is a right of its own."""
    name = holder.removeprefix("net:sg/")
    among: tuple[Atom, ...] = (Varying((name,)) if "${" in name else literal(name),)
    says = f"whatever the group {name} lets through, which is not said here"
    return Statement(where=(Where(dimension="rules of", among=among),), place=place, says=says)


def _open(why: str, block: Block, place: Place) -> Unknown:
    text = json.dumps({block.type: {block.name: dict(block.body)}}, sort_keys=True, default=str)
    return Unknown(domain=DOMAIN, why=why, text=text, place=place)


def _named(block: Block) -> str:
    return f"{block.folder}#{block.name}"


def _several(found: list[Block]) -> frozenset[str]:
    """The groups that stand for several which are not alike: what they say depends on which of them it is."""
    kinds = [block for block in found if block.type == GROUP or block.type in RULES]
    odd = [block for block in kinds if _OF_EACH.search(json.dumps(dict(block.body), default=str, ensure_ascii=False))]
    return frozenset(
        _named(block) if block.type == GROUP else _group(block, block.body.get("security_group_id"), frozenset())
        for block in odd
    )


def _of_several(here: set[str], names: set[str]) -> list[Edge]:
    """Edges from one of several groups to what is said of all of them."""
    of = {name: base for name in names if (base := name.partition("[")[0]) != name and base in here}
    return [Edge(actor=name, holder=of[name], place=Place(path="")) for name in sorted(of)]


def _group(block: Block, value: object, several: frozenset[str]) -> str:
    """The name of a group that is referred to, with its index where it is one of several that are not alike."""
    found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return str(value).replace(OPEN, "${").replace(CLOSE, "}")
    name = f"{block.folder}#{found.group(2)}"
    return name + (found.group(3) or "") if name in several else name


def _worn(block: Block, place: Place, several: frozenset[str]) -> Iterator[Edge]:
    actor = f"aws:workload/{block.type}.{block.name}"
    for value in _wearing(block.body):
        yield Edge(actor=actor, holder=f"net:sg/{_group(block, value, several)}", place=place)


def _wearing(body: Mapping[str, Any]) -> Iterator[object]:
    for key, value in body.items():
        each = value if isinstance(value, list) else [value]
        if key in WORN:
            yield from each
        else:
            for one in each:
                if isinstance(one, Mapping):
                    yield from _wearing(one)


def _rules(block: Block, name: str, place: Place, several: frozenset[str]) -> Iterator[Statement]:
    if block.type == GROUP:
        for direction in ("ingress", "egress"):
            for rule in _listed(block.body.get(direction)):
                yield from _rule(rule, direction, (name, several), block, place)
        return
    direction = str(block.body.get("type")) if block.type == "aws_security_group_rule" else block.type.split("_")[4]
    yield from _rule(block.body, direction, (name, several), block, place)


def _rule(
    rule: object, direction: str, of: tuple[str, frozenset[str]], block: Block, place: Place
) -> Iterator[Statement]:
    name, several = of
    many = (rule.of,) if isinstance(rule, Family) else ()
    if not isinstance(rule, Mapping) or (DYNAMIC in rule and not many) or direction not in {"ingress", "egress"}:
        raise UnreadableError("a rule of a security group that cannot be read")
    peers: list[Atom] = []
    for key in _CIDR:
        peers += (_range(str(text)) for text in _listed(rule.get(key)))
    for key in _PEERS:
        peers += (literal(f"group {_group(block, one, several)}") for one in _listed(rule.get(key)))
    if rule.get("self") is True:
        peers.append(literal(f"group {name}"))
    if many and not peers:
        raise UnreadableError("a rule of a security group that cannot be read")
    if not peers:
        return
    where = (literals("direction", direction), Where(dimension="peer", among=tuple(peers)), *_ports(rule))
    there = (literals(f"where there is any of {text}", "yes") for text in (*block.built, *many))
    yield Statement(where=(*where, *there), place=place, says=_words(rule, direction))


def _range(text: str) -> Atom:
    return Varying(("${" + text.replace(OPEN, "").replace(CLOSE, "") + "}",)) if OPEN in text else addresses(text)


def _ports(rule: Mapping[str, Any]) -> Iterator[Where]:
    protocol = str(rule.get("protocol", rule.get("ip_protocol"))).lower()
    protocol = NUMBERS.get(protocol, protocol)
    if protocol in {"-1", "all"}:
        return
    if OPEN in protocol or protocol == "none":
        raise UnreadableError("a protocol is filled in from elsewhere")
    yield literals("protocol", protocol)
    first, last = rule.get("from_port"), rule.get("to_port")
    if first is None and last is None:
        return
    try:
        low, high = int(str(first)), int(str(last))
    except ValueError as error:
        raise UnreadableError("a port is filled in from elsewhere") from error
    if protocol not in {"icmp", "icmpv6"} or low >= 0:
        yield Where(dimension="port", among=(Span(max(low, 0), high),))


def _words(rule: Mapping[str, Any], direction: str) -> str:
    peers = [str(one) for key in (*_CIDR, *_PEERS) for one in _listed(rule.get(key))]
    peers += ["itself"] if rule.get("self") is True else []
    protocol = str(rule.get("protocol", rule.get("ip_protocol")))
    ports = "" if rule.get("from_port") is None else f" {rule.get('from_port')}-{rule.get('to_port')}"
    way = "from" if direction == "ingress" else "to"
    return f"{protocol}{ports} {way} {', '.join(peers[:3])}".replace(OPEN, "${").replace(CLOSE, "}")


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]
