"""GitHub Actions as boxes: against a corpus written from the documentation, and against an evaluator of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import PYTHON, TESTS, outside_data
from world.brute_force import allowed_only_after, verdict_of

from magistrate.impact.privilege.domains.ci_yaml import Text, only_document
from magistrate.impact.privilege.domains.github_actions import READER
from magistrate.impact.privilege.domains.github_actions_triggers import cases_of, starts_of
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import ANYBODY, Grants

CORPUS = TESTS / "corpus" / "privilege" / "gha.jsonl"
PIN = "1" * 40


def rows(path, domains):
    return [row for row in map(json.loads, path.read_text().splitlines()) if row["domain"] in domains]


def text_of(files):
    return {path: body if isinstance(body, str) else json.dumps(body) for path, body in files.items()}


def grants(files):
    return READER.grants({path: text for path, text in text_of(files).items() if READER.reads(path)})


def workflow(on="push", permissions="{contents: read}", steps="[{run: make}]", more=""):
    return (
        f"on: {on}\npermissions: {permissions}\njobs:\n  build:\n    runs-on: ubuntu-latest\n{more}    steps: {steps}\n"
    )


def turns(before, after):
    sides = [grants({".github/workflows/w.yml": one} if isinstance(one, str) else one) for one in (before, after)]
    return {change.turn for change in delta(*sides)}


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS, {"gha"}), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    before, after = grants(row["before"]), grants(row["after"])
    assert verdict_of(delta(before, after)) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS, {"gha"}), ids=lambda row: row["id"])
def test_an_evaluator_of_its_own_finds_gains_where_the_engine_does_and_nowhere_else(row):
    before, after = grants(row["before"]), grants(row["after"])
    found = {change.turn for change in delta(before, after)}
    assert (Turn.GAINS in found) is allowed_only_after(before, after)


@pytest.mark.requirement("R28")
def test_every_labelled_pair_of_actions_is_exact():
    exact = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}
    for row in rows(outside_data("privilege-pairs.jsonl"), {"gha"}):
        if row["kind"] == "pair":
            got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
            assert got in exact.get(row["expected"], {row["expected"]}), row["id"]


@pytest.mark.requirement("R32")
def test_a_chain_of_steps_that_widens_only_together_is_seen_in_its_net_effect():
    for row in rows(outside_data("privilege-pairs.jsonl"), {"gha"}):
        if row["kind"] == "chain" and row["id"] != "gha/bypass-team-then-member":
            state = dict(row["base"])
            for step in row["steps"]:
                state |= step
            assert Turn.GAINS in {one.turn for one in delta(grants(row["base"]), grants(state))}, row["id"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "text",
    ["", "\x00", "on: push", "jobs: []", "jobs: {a: 1}\non: push", "- a", "a: &a [*a]", "on: {push: {branches: {a: b}}}\njobs: {a: {}}",
     "on: push\njobs: {a: {steps: x, permissions: [], env: [], if: [], needs: {a: b}, container: [], services: x, strategy: x}}",
     "on: [[push]]\njobs: {a: {runs-on: {labels: {a: b}}, uses: [x]}}", "{" * 200, "on: push\njobs: {? [a] : b}"],
)  # fmt: skip
def test_no_text_makes_the_reader_raise(text):
    found = READER.grants({".github/workflows/w.yml": text, "scripts/x.sh": text})
    assert isinstance(found, Grants)


@pytest.mark.requirement("R28")
@given(st.recursive(
    st.sampled_from(["push", "on", "run", "uses", "steps", "write", "a/b@v1", "${{ secrets.X }}", "jobs", "./x", "$A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["on", "jobs", "permissions", "steps", "run", "uses", "with", "env", "if", "needs", "runs-on", "container",
                         "services", "strategy", "matrix", "secrets", "environment", "defaults", "types", "branches"]),
        inner, max_size=4),
    max_leaves=25,
))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_shape_of_values_makes_the_reader_raise(value):
    body = {"on": "push", "jobs": {"a": value}} if not isinstance(value, dict) else {"on": "push", **value}
    READER.grants({".github/workflows/w.yml": json.dumps(body)})


@pytest.mark.requirement("R28")
@given(st.permutations(["contents: write", "issues: read", "packages: write"]), st.permutations(["a", "b", "c"]))
def test_order_means_nothing_where_the_format_gives_it_none(scopes, jobs):
    def made(scopes, jobs):
        each = "\n".join(f"  {job}: {{runs-on: ubuntu-latest, steps: [{{run: make {job}}}]}}" for job in jobs)
        return f"on: push\npermissions: {{{', '.join(scopes)}}}\njobs:\n{each}\n"

    sides = [
        grants({".github/workflows/w.yml": text}) for text in (made(sorted(scopes), sorted(jobs)), made(scopes, jobs))
    ]
    assert delta(*sides) == ()


@pytest.mark.requirement("R28")
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_condition_means_what_its_alternatives_say(data):
    """A random expression over three names, evaluated by Python and by the alternatives."""
    names = ["github.a", "github.b", "github.c"]
    expression = data.draw(
        st.recursive(
            st.sampled_from(names),
            lambda inner: st.one_of(
                st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
                st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
                inner.map(lambda one: f"!({one})"),
            ),
            max_leaves=5,
        )
    )
    python = expression.replace("&&", " and ").replace("||", " or ").replace("!", " not ").replace("github.", "")
    cases = cases_of(Text.of(expression, line=1))
    for values in itertools.product([False, True], repeat=3):
        given_values = dict(zip("abc", values, strict=True))
        holds = {f"github.{name}": value for name, value in given_values.items()}
        wanted = eval(python, {}, given_values)  # noqa: S307 - an expression that this test wrote
        assert any(all(holds[text] is must for text, must in case) for case in cases) is wanted, expression


@pytest.mark.requirement("R28")
def test_a_condition_that_cannot_be_parsed_is_kept_as_it_is_written():
    assert cases_of(Text.of("a && (b", line=1)) == [frozenset({("a && (b", True)})]


@pytest.mark.requirement("R28")
def test_yaml_names_are_texts_so_that_on_stays_on():
    assert [start.event for start in starts_of(only_document("on: [push]")["on"]).starts] == ["push"]


@pytest.mark.requirement("R28")
def test_the_same_unknown_on_both_sides_is_no_change_and_hides_no_gain_beside_it():
    odd = workflow(permissions="{contents: read, everything: write}")
    assert turns(odd, odd + "# comment\n") == set()
    assert Turn.GAINS in turns(odd, odd.replace("contents: read", "contents: write"))


@pytest.mark.requirement("R28")
def test_strangers_who_steer_a_job_act_as_the_job_and_reach_what_trusts_it():
    before = workflow("pull_request_target", "{id-token: write}", f'[{{uses: "actions/checkout@{PIN}"}}]')
    after = workflow(
        "pull_request_target", "{id-token: write}",
        f'[{{uses: "actions/checkout@{PIN}", with: {{ref: "${{{{ github.head_ref }}}}"}}}}]',
    )  # fmt: skip
    edges = [
        {(edge.actor, edge.holder) for edge in grants({".github/workflows/w.yml": one}).edges}
        for one in (before, after)
    ]
    assert (ANYBODY, "gha:.github/workflows/w.yml#build") not in edges[0]
    assert (ANYBODY, "gha:.github/workflows/w.yml#build") in edges[1]
    assert ("gha:.github/workflows/w.yml#build", "oidc:token.actions.githubusercontent.com") in edges[1]


@pytest.mark.requirement("R28")
def test_a_workflow_without_identity_tokens_reaches_no_role():
    found = grants({".github/workflows/w.yml": workflow(permissions="{contents: write}")})
    assert all(not edge.holder.startswith("oidc:") for edge in found.edges)


@pytest.mark.requirement("R28")
def test_artifacts_of_runs_that_only_writers_start_give_strangers_nothing():
    upstream = (
        "name: ci\non: {}\njobs: {{a: {{runs-on: ubuntu-latest, steps: [{{uses: 'actions/upload-artifact@{}'}}]}}}}\n"
    )
    follows = workflow(
        "{workflow_run: {workflows: [ci]}}", "{contents: write}", f"[{{uses: 'actions/download-artifact@{PIN}'}}]"
    )
    sides = [
        {".github/workflows/ci.yml": upstream.format(on, PIN), ".github/workflows/w.yml": follows}
        for on in ("push", "pull_request")
    ]
    assert Turn.GAINS in turns(*sides)
    assert turns(*reversed(sides)) == {Turn.LOSES}


@pytest.mark.requirement("R28")
def test_a_script_that_is_too_large_to_be_followed_counts_with_every_file():
    text = workflow(permissions="{contents: write}", steps="[{run: ./long.sh}]")
    files = {".github/workflows/w.yml": text, "long.sh": "# filler\n" * 230_000, "scripts/other.sh": "1\n"}
    assert turns(files, {**files, "scripts/other.sh": "2\n"}) == {Turn.GAINS}


@pytest.mark.requirement("R28")
def test_the_order_of_hashes_changes_nothing():
    """The same rights, word for word, whatever seed the interpreter has."""
    code = (
        "import json, sys; from magistrate.impact.privilege.domains import branch_rules, code_owners, github_actions, gitlab_ci\n"
        "for line in sys.stdin:\n"
        "    row = json.loads(line)\n"
        "    for reader in (branch_rules, code_owners, github_actions, gitlab_ci):\n"
        "        grants = reader.READER.grants(row['after'])\n"
        "        print(grants.holders, grants.edges, sorted(grants.live), grants.unknown)\n"
    )
    rows = "".join(sorted(path.read_text() for path in CORPUS.parent.glob("g*.jsonl")))
    told = [
        subprocess.run(
            [PYTHON, "-c", code],
            input=rows,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "7")
    ]
    assert told[0] == told[1]
    assert "gha:" in told[0]
