"""Network policies against an evaluator of their own: who reaches whom among a handful of pods."""

from __future__ import annotations

import ipaddress
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege.domains.k8s_network import READER
from magistrate.impact.privilege.engine import Turn, delta

LABELS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"]), max_size=2)
EXPRESSION = st.one_of(
    st.fixed_dictionaries(
        {"key": st.sampled_from(["a", "b"]), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
    ),
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["a", "b"]),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(st.sampled_from(["1", "2"]), min_size=1, max_size=2, unique=True),
        }
    ),
)
SELECTOR = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSION, max_size=1)}
)
CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"]
PEER = st.one_of(
    st.fixed_dictionaries({"podSelector": SELECTOR}),
    st.fixed_dictionaries(
        {
            "ipBlock": st.fixed_dictionaries(
                {"cidr": st.sampled_from(CIDRS)}, optional={"except": st.just(["10.1.2.0/24"])}
            )
        }
    ),
)
PORT = st.fixed_dictionaries(
    {}, optional={"port": st.sampled_from([80, 90]), "protocol": st.sampled_from(["TCP", "UDP"])}
)
INGRESS = st.fixed_dictionaries({}, optional={"from": st.lists(PEER, max_size=2), "ports": st.lists(PORT, max_size=2)})
POLICIES = st.lists(
    st.fixed_dictionaries({"podSelector": SELECTOR, "ingress": st.lists(INGRESS, max_size=2)}), max_size=2
)
ALL_LABELS = [
    {},
    *({"a": one} for one in "12x"),
    *({"b": one} for one in "12x"),
    *({"a": x, "b": y} for x in "12x" for y in "12x"),
]


def files(policies):
    objects = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"p{at}", "namespace": "n"},
            "spec": spec,
        }
        for at, spec in enumerate(policies)
    ]
    return {"a.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})}


def selects(selector, labels):
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions", []):
        value = labels.get(one["key"])
        held = {
            "In": value in one.get("values", []),
            "NotIn": value not in one.get("values", []),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not held[one["operator"]]:
            return False
    return True


def reaches(policies, target, peer, port):
    """As the documentation says: open where nothing selects the target, else what some rule lets through."""
    mine = [one for one in policies if selects(one["podSelector"], target)]
    return not mine or any(
        (not rule.get("from") or any(is_peer(one, peer) for one in rule["from"]))
        and (not rule.get("ports") or any(is_port(one, port) for one in rule["ports"]))
        for policy in mine
        for rule in policy["ingress"]
    )


def is_peer(said, peer):
    if "ipBlock" in said:
        inside = [ipaddress.ip_address(peer) in ipaddress.ip_network(one) for one in [said["ipBlock"]["cidr"], *said["ipBlock"].get("except", [])]] if isinstance(peer, str) else [False]  # fmt: skip
        return inside[0] and not any(inside[1:])
    return isinstance(peer, dict) and selects(said["podSelector"], peer)


def is_port(said, port):
    if not said:
        return True
    return said.get("protocol", "TCP") == port[0] and said.get("port", port[1]) == port[1]


@pytest.mark.slow
@pytest.mark.requirement("R28")
@given(POLICIES, POLICIES)
@settings(max_examples=120, deadline=None)
def test_a_gain_is_found_exactly_where_somebody_reaches_more(before, after):
    changes = delta(READER.grants(files(before)), READER.grants(files(after)))
    mine = {change.turn for change in changes if change.actor == "net:cluster"}
    peers = [*ALL_LABELS, "10.0.0.1", "10.1.0.1", "10.1.2.3", "9.9.9.9", "::1"]
    ports = [(protocol, port) for protocol in ("TCP", "UDP", "SCTP") for port in (80, 90, 99)]
    asked = [(reaches(before, *one), reaches(after, *one)) for one in itertools.product(ALL_LABELS, peers, ports)]
    assert (Turn.GAINS in mine) is any(new and not old for old, new in asked)
    assert (Turn.LOSES in mine) is any(old and not new for old, new in asked)
