"""What pods of Kubernetes hold: defaults, both levels of the security context, identities, order that means nothing."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege.domains.ci_yaml import documents as texts
from magistrate.impact.privilege.domains.k8s_objects import flag, number
from magistrate.impact.privilege.domains.k8s_pods import READER
from magistrate.impact.privilege.engine import Turn, delta


def pod(container=None, spec=None, **named):
    body = {"name": "c", "image": "a/b@sha256:" + "0" * 64, **(container or {})}
    spec = {"containers": [body], **(spec or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n", **named}, "spec": spec}


def grants(*objects):
    return READER.grants({"a.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})})


def said(*objects):
    return {one.says for holder in grants(*objects).holders for layer in holder.layers for one in layer.statements}


def test_what_is_not_said_is_what_kubernetes_gives():
    found = said(pod())
    assert {"allowPrivilegeEscalation: true", "readOnlyRootFilesystem: false", "seccomp: no profile"} <= found
    assert {"the user of the image, who may be root", "default capability NET_RAW", "hostUsers: true"} <= found


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("of_pod", "of_container", "is_root"),
    [({}, {}, True), ({"runAsUser": 5}, {}, False), ({"runAsUser": 5}, {"runAsUser": 0}, True), ({"runAsUser": 0}, {"runAsUser": 5}, False),
     ({"runAsNonRoot": True}, {}, False), ({"runAsNonRoot": True}, {"runAsNonRoot": False}, True), ({"runAsUser": 0}, {"runAsNonRoot": True}, True)],
)  # fmt: skip
def test_the_container_counts_before_the_pod(of_pod, of_container, is_root):
    found = said(pod({"securityContext": of_container}, {"securityContext": of_pod}))
    assert any("runAsUser: 0" in one or "who may be root" in one for one in found) is is_root


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("of_pod", "of_account", "mounted"),
    [
        (None, None, True),
        (False, None, False),
        (None, False, False),
        (True, False, True),
        (False, True, False),
        ("false", False, True),
    ],
)
def test_the_token_is_mounted_unless_the_pod_or_else_the_account_says_no(of_pod, of_account, mounted):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "s", "namespace": "n"}}
    account |= {} if of_account is None else {"automountServiceAccountToken": of_account}
    spec = {"serviceAccountName": "s"} | ({} if of_pod is None else {"automountServiceAccountToken": of_pod})
    found = {(edge.actor, edge.holder) for edge in grants(pod(spec=spec), account).edges}
    assert (("k8s:workload/Pod/n/p", "k8s:sa/n/s") in found) is mounted


def test_an_annotation_is_an_edge_to_the_role():
    named = {
        "name": "s",
        "namespace": "n",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111111111111:role/path/deploy"},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named}
    found = {(edge.actor, edge.holder) for edge in grants(pod(spec={"serviceAccountName": "s"}), account).edges}
    assert {("k8s:workload/Pod/n/p", "aws:role/deploy"), ("k8s:sa/n/s", "aws:role/deploy")} <= found


@pytest.mark.requirement("R28")
@given(st.sets(st.sampled_from(["NET_RAW", "CHOWN", "SYS_ADMIN", "ALL", "KILL"])), st.sets(st.sampled_from(["NET_RAW", "CHOWN", "ALL", "KILL"])),
       st.sets(st.sampled_from(["NET_RAW", "CHOWN", "SYS_ADMIN", "ALL", "KILL"])), st.sets(st.sampled_from(["NET_RAW", "CHOWN", "ALL", "KILL"])))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_capabilities_grow_exactly_where_a_runtime_gives_more(add, drop, added, dropped):
    every = {"NET_RAW", "CHOWN", "SYS_ADMIN", "KILL", "SETUID", "OTHER"}

    def held(add, drop):
        if "ALL" in add:
            return every - drop
        return add | (set() if "ALL" in drop else {"NET_RAW", "CHOWN", "KILL", "SETUID"} - drop)

    def state(add, drop):
        context = {"allowPrivilegeEscalation": True, "capabilities": {"add": sorted(add), "drop": sorted(drop)}}
        return grants(pod({"securityContext": context}))

    changes = delta(state(add, drop), state(added, dropped))
    assert (Turn.GAINS in {one.turn for one in changes}) is bool(held(added, dropped) - held(add, drop))


@pytest.mark.requirement("R28")
def test_the_order_of_objects_containers_and_lists_means_nothing():
    extra = {"name": "d", "image": "x", "envFrom": [{"secretRef": {"name": "a"}}, {"secretRef": {"name": "b"}}]}
    first = pod(spec={"containers": [{"name": "c", "image": "y"}, extra], "tolerations": [{"operator": "Exists"}]})
    second = pod(spec={"hostPID": True}, name="q")
    turned = json.loads(json.dumps(first))
    turned["spec"]["containers"].reverse()
    turned["spec"]["containers"][0]["envFrom"].reverse()
    assert not delta(grants(first, second), grants(second, turned))


@pytest.mark.parametrize(
    ("text", "worse", "expected"),
    [("true", False, True), ("Yes", False, True), ("off", True, False), ("'true'", False, False), ("'false'", True, True), ("~", True, False),
     ("1", True, True), ("[true]", True, True), ("!!str true", False, False)],
)  # fmt: skip
def test_booleans_are_read_as_the_server_does_and_else_the_worse_way(text, worse, expected):
    (value,) = texts(text)
    assert flag(value, absent=False, worse=worse) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("0x10", 16), ("010", 8), ("0o10", 8), ("1_000", 1000), ("-1", -1), ("1.0", None), ("a", None)],
)
def test_numbers_are_read_in_the_forms_of_yaml(text, expected):
    (value,) = texts(text)
    assert number(value) == expected


@pytest.mark.requirement("R28")
@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_a_right_more_is_always_a_gain_and_a_right_less_never(seed):
    """Pods put together by chance: what is taken from one of them never makes a gain of it."""
    chance = random.Random(seed)
    rights = {"hostPID": True, "hostIPC": True, "hostNetwork": True, "shareProcessNamespace": True}
    some = {key: value for key, value in rights.items() if chance.random() < 0.5}
    left = chance.choice(sorted(rights))
    more, less = {**some, left: True}, {key: value for key, value in some.items() if key != left}
    assert {one.turn for one in delta(grants(pod(spec=less)), grants(pod(spec=more)))} == {Turn.GAINS}
    assert {one.turn for one in delta(grants(pod(spec=more)), grants(pod(spec=less)))} == {Turn.LOSES}
