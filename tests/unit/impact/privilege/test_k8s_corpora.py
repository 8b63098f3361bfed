"""Kubernetes as boxes: corpora written from its documentation, and pairs and chains from elsewhere."""

from __future__ import annotations

import json

import pytest
from paths import TESTS, outside_data
from world.brute_force import allowed_only_after, verdict_of

from magistrate.impact.privilege.domains.ci_yaml import documents
from magistrate.impact.privilege.domains.k8s_network import READER as NETWORK
from magistrate.impact.privilege.domains.k8s_pods import READER as PODS
from magistrate.impact.privilege.domains.k8s_rbac import READER as RBAC
from magistrate.impact.privilege.domains.k8s_rbac import grants_of_rules
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import merged

READERS = (NETWORK, PODS, RBAC)
ROWS = [
    json.loads(line)
    for name in ("k8s-rbac", "k8s-pod", "k8s-network")
    for line in (TESTS / "corpus" / "privilege" / f"{name}.jsonl").read_text().splitlines()
]
STRICTER = {"net-k8s/np-label-typo"}
"""Pods of the mistyped label, if there are any, lose something: more than the label of the pair says."""


def grants(files):
    texts = {path: text if isinstance(text, str) else json.dumps(text) for path, text in files.items()}
    return merged({reader.domain: reader.grants(texts) for reader in READERS})


def judge(before, after):
    return verdict_of(delta(grants(before), grants(after)))


def is_as(verdict, expected):
    wanted = {"not_widened": {"narrowed", "unchanged"}, "narrower": {"narrowed"}}.get(expected, {expected})
    return verdict in wanted


def outside(kind, *domains):
    rows = map(json.loads, outside_data("privilege-pairs.jsonl").read_text().splitlines())
    return [row for row in rows if row["kind"] == kind and row["domain"] in domains]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpora_has_its_verdict(row):
    before, after = grants(row["before"]), grants(row["after"])
    changes = delta(before, after)
    assert verdict_of(changes) == row["expected"], row["why"]
    if row["domain"] != "net-k8s":  # its requests are too many to be asked one by one: see test_k8s_network_reader
        assert (Turn.GAINS in {one.turn for one in changes}) is allowed_only_after(before, after)


def test_the_corpora_have_as_many_gains_as_not():
    gated = [row for row in ROWS if row["expected"] in {"widened", "incomparable", "unknown"}]
    assert len(gated) * 2 >= len(ROWS)


@pytest.mark.requirement("R28")
def test_pairs_from_elsewhere_have_their_verdicts():
    wrong = [
        (row["id"], verdict)
        for row in outside("pair", "k8s-rbac", "k8s-pod", "net-k8s")
        if not is_as(verdict := judge(row["before"], row["after"]), row["expected"])
    ]
    assert {name for name, _ in wrong} == STRICTER
    assert {verdict for _, verdict in wrong} == {"incomparable"}


@pytest.mark.requirement("R28")
def test_lists_of_rules_are_compared_as_kubernetes_does():
    for row in outside("pair", "k8s-covers"):
        before, after = (
            grants_of_rules(documents(json.dumps(row[side]["rules.json"]))[0]) for side in ("before", "after")
        )
        found = Turn.GAINS in {one.turn for one in delta(before, after)}
        assert found is (row["expected"] == "widened"), row["id"]


@pytest.mark.requirement("R31")
def test_chains_from_elsewhere_are_seen_whole_and_not_before():
    rows = [row for row in outside("chain", "k8s", "k8s+aws", "control") if row["id"].startswith(("k8s", "control/np"))]
    assert len(rows) >= 7
    for row in rows:
        state = dict(row["base"])
        for step, expected in zip(row["steps"], row["steps_expected"], strict=True):
            assert is_as(judge(row["base"], {**row["base"], **step}), expected), row["id"]
            state |= step
        assert is_as(judge(row["base"], state), row["expected"]), row["id"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "text",
    ["", "[", "\x00", "a", "- a", "apiVersion: [1]\nkind: {a: b}", "apiVersion: v1\nkind: List\nitems: x",
     "apiVersion: v1\nkind: Pod\nspec: {containers: [1, {a: b}, [x]], volumes: 3, securityContext: [], tolerations: x}",
     "apiVersion: v1\nkind: Pod\nspec: {containers: {a: b}, initContainers: [{env: [1], envFrom: {a: b}, ports: [x], resources: {limits: [1]}}]}",
     "apiVersion: v1\nkind: Pod\nspec: {securityContext: {sysctls: [1], supplementalGroups: x, seLinuxOptions: 1}, containers: [{volumeMounts: [1, {name: a, subPath: [x]}]}], volumes: [{name: a, hostPath: 1, projected: {sources: [1]}}]}",
     "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: {a: b}\nmetadata: 1",
     "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nrules: [1, {verbs: {a: b}}]\naggregationRule: [1]\nmetadata: {labels: [1]}",
     "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nsubjects: [1, {}, {kind: User}, {kind: X, name: y}]\nroleRef: {kind: Role, name: a}",
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {podSelector: 1, policyTypes: x, ingress: [1, {from: {a: b}}], egress: 2}",
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {ingress: [{from: [{ipBlock: 1}], ports: [{port: [1]}]}]}",
     "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {rules: [1, {http: [x], host: [y]}, {http: {paths: [1, {backend: 3}]}}], defaultBackend: 1}",
     "apiVersion: v1\nkind: Service\nspec: {type: [x], ports: [1], selector: [a], externalIPs: {a: b}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {labels: {pod-security.kubernetes.io/enforce: [x]}}",
     "a: &a {apiVersion: v1, kind: Pod, spec: *a}", "apiVersion: v1\nkind: Pod\nspec: {? [a] : b}", "resources: {a: b}\npatches: 1\nimages: [1]"],
)  # fmt: skip
def test_no_text_makes_a_reader_raise(text):
    for path in ("a.yaml", "kustomization.yaml", "chart/values.yaml", "chart/Chart.yaml", "templates/a.tpl", "x.json"):
        grants({path: text})


@pytest.mark.requirement("R28")
def test_what_is_not_about_kubernetes_is_not_read():
    files = {
        "package-lock.json": '{"kind-of": {"kind": 1, "kind": 2}}',
        "a.yaml": "kind: x\nkind: y\n",
        "b.yml": "a: [\n",
    }
    assert grants(files) == grants({})


@pytest.mark.requirement("R28")
def test_the_same_unknown_on_both_sides_is_no_change_and_hides_nothing_beside_it():
    chart = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: false, containers: [{name: c, image: a}]}\n"
    before = {"chart/templates/p.yaml": chart, "p.yaml": pod}
    assert judge(before, {**before, "chart/templates/p.yaml": chart.replace("\n", "  \n\n")}) == "unchanged"
    assert judge(before, {**before, "chart/templates/p.yaml": chart + "spec: {}\n"}) == "unknown"
    assert judge(before, {**before, "p.yaml": pod.replace("false", "true")}) == "widened"
