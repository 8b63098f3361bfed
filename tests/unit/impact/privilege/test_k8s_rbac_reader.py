"""Rules of Kubernetes against an authorizer of their own: every request over the words that occur is asked of both."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege.domains.k8s_rbac import READER
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import Grants

VERBS, GROUPS = ["get", "list", "*"], ["", "apps", "*"]
RESOURCES = ["pods", "pods/log", "*", "*/log"]
NAMES = ["a", "b"]
URLS = ["/m", "/m/*", "*"]
GROUP = "rbac.authorization.k8s.io"
ACCOUNT = {"kind": "ServiceAccount", "name": "app", "namespace": "prod"}


def some(values, least=1):
    return st.lists(st.sampled_from(values), min_size=least, max_size=2, unique=True)


RULE = st.one_of(
    st.fixed_dictionaries(
        {"verbs": some(VERBS), "apiGroups": some(GROUPS), "resources": some(RESOURCES)},
        optional={"resourceNames": some(NAMES, 0)},
    ),
    st.fixed_dictionaries({"verbs": some(VERBS), "nonResourceURLs": some(URLS)}),
)
LOG = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}
STATE = st.lists(st.tuples(st.sampled_from(["prod", None]), st.lists(RULE, max_size=2)), max_size=2)


def files(state):
    """Roles and bindings for one account: each with its rules, in one namespace or in all."""
    objects = []
    for at, (space, rules) in enumerate(state):
        kind = "Cluster" if space is None else ""
        named = {"name": f"r{at}"} if space is None else {"name": f"r{at}", "namespace": space}
        objects += [
            {"apiVersion": f"{GROUP}/v1", "kind": f"{kind}Role", "metadata": named, "rules": rules},
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": f"{kind}RoleBinding",
                "metadata": named,
                "roleRef": {"kind": f"{kind}Role", "name": f"r{at}"},
                "subjects": [ACCOUNT],
            },
        ]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "prod"}}
    return {"a.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": [account, *objects]})}


def of_the_account(state):
    """What the account holds, without the roles by themselves."""
    found = READER.grants(files(state))
    return Grants(holders=tuple(one for one in found.holders if one.name == "k8s:sa/prod/app"))


def asks():
    """Every request over the words that occur, with one that does not."""
    for verb, group, resource, name, space in itertools.product(
        ["get", "list", "x"],
        ["", "apps", "x"],
        ["pods", "pods/log", "x", "x/log", "x/y"],
        [None, "a", "b", "x"],
        ["prod", "x", None],
    ):
        yield {"verb": verb, "group": group, "resource": resource, "name": name, "namespace": space}
    for verb, url in itertools.product(["get", "list", "x"], ["/m", "/m/", "/m/x", "/x"]):
        yield {"verb": verb, "url": url}


def authorized(state, request):
    """As `rbac/v1` evaluation says: each list by itself, a star as a whole word."""
    return any(
        (space is None or ("resource" in request and request["namespace"] == space))
        and any(matches(rule, request) for rule in rules)
        for space, rules in state
    )


def matches(rule, request):
    if "*" not in rule["verbs"] and request["verb"] not in rule["verbs"]:
        return False
    if "url" in request:
        return any(
            one == "*" or one == request["url"] or (one.endswith("*") and request["url"].startswith(one.rstrip("*")))
            for one in rule.get("nonResourceURLs", [])
        )
    if "*" not in rule.get("apiGroups", []) and request["group"] not in rule.get("apiGroups", []):
        return False
    _, slash, sub = request["resource"].partition("/")
    if not any(one in {"*", request["resource"]} or (slash and one == f"*/{sub}") for one in rule.get("resources", [])):
        return False
    return not rule.get("resourceNames") or request["name"] in rule["resourceNames"]


@pytest.mark.requirement("R28")
@given(STATE, STATE)
@example([("prod", [LOG])], [("prod", [{**LOG, "resources": ["*/log"]}])])
@example([("prod", [{**LOG, "resourceNames": ["a"]}])], [("prod", [LOG])])
@example(
    [(None, [{"verbs": ["get"], "nonResourceURLs": ["/m"]}])],
    [(None, [{"verbs": ["get"], "nonResourceURLs": ["/m/*"]}])],
)
@settings(max_examples=150, deadline=None)
def test_a_gain_is_found_exactly_where_the_authorizer_allows_more(before, after):
    mine = {change.turn for change in delta(of_the_account(before), of_the_account(after))}
    more = [one for one in asks() if authorized(after, one) and not authorized(before, one)]
    less = [one for one in asks() if authorized(before, one) and not authorized(after, one)]
    assert (Turn.GAINS in mine) is bool(more)
    assert (Turn.LOSES in mine) is bool(less)


def role(rules, name="app"):
    return {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def binding(name, *subjects):
    ref = {"kind": "ClusterRole", "name": name}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": ref,
        "subjects": list(subjects),
    }


def rights(*objects):
    return READER.grants({"a.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})})


def edges(*objects):
    return {(edge.actor, edge.holder) for edge in rights(*objects).edges}


def allow(verb, resource, group="", **more):
    return {"verbs": [verb], "apiGroups": [group], "resources": [resource], **more}


USER, OTHER = {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("rule", "becomes"),
    [
        (allow("create", "pods"), True), (allow("create", "pods/exec"), False), (allow("get", "pods"), False),
        (allow("patch", "deployments", "apps"), True), (allow("create", "deployments"), False),
        (allow("create", "serviceaccounts/token"), True), (allow("create", "serviceaccounts/token", resourceNames=["s"]), True),
        (allow("create", "serviceaccounts/token", resourceNames=["other"]), False), (allow("get", "serviceaccounts/token"), False),
        (allow("impersonate", "serviceaccounts"), True), (allow("impersonate", "users"), False), (allow("*", "*", "*"), True),
    ],
)  # fmt: skip
def test_who_may_become_an_account_reaches_it(rule, becomes):
    found = edges(role([rule]), binding("app", USER), role([allow("get", "secrets")], "o"), binding("o", OTHER))
    assert (("k8s:user/u", "k8s:sa/n/s") in found) is becomes


@pytest.mark.requirement("R28")
def test_binding_is_an_edge_only_for_who_may_create_bindings():
    bind = allow("bind", "clusterroles", GROUP, resourceNames=["o"])
    for more, becomes in (([], False), ([allow("create", "clusterrolebindings", GROUP)], True)):
        found = edges(role([bind, *more]), binding("app", USER), role([allow("get", "secrets")], "o"))
        assert (("k8s:user/u", "k8s:clusterrole/o") in found) is becomes


@pytest.mark.requirement("R28")
def test_whoever_may_start_pods_gains_when_the_namespace_admits_more():
    def state(level):
        labels = {"pod-security.kubernetes.io/enforce": level}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}}
        return rights(role([allow("create", "pods")]), binding("app", USER), binding("view", OTHER), space)

    assert Turn.GAINS in {one.turn for one in delta(state("restricted"), state("baseline"))}
    assert Turn.GAINS not in {one.turn for one in delta(state("baseline"), state("restricted"))}
    assert not delta(state("baseline"), state("baseline"))
