"""Decisions: the default policy, failing closed, and what a policy may not say."""

import copy
import os
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.deployment import default_policies, default_policy
from world.wire_samples import VERDICT

from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, Strictness, strictness_of
from magistrate.policy.bundle import compile_bundle
from magistrate.policy.decide import decide
from magistrate.policy.lint import lint
from magistrate.wire.canonical import canonical
from magistrate.wire.policy_bundle import PolicyBundle, PolicyText


def bundle(*texts: str) -> PolicyBundle:
    chosen = tuple(PolicyText(name=f"{n}.cedar", text=t) for n, t in enumerate(texts)) or default_policies()
    return PolicyBundle(
        version=1, previous=None, schema=default_policy("schema.cedarschema"), policies=chosen, commands=(),
        repositories=(),
    )  # fmt: skip


def question(**changes) -> dict:
    made = {
        "verdict": msgspec.to_builtins(VERDICT), "policy": msgspec.to_builtins(bundle()), "action": "merge",
        "environment": "staging", "production": False, "solo": False, "repository": "shop", "agent": "fixer",
        "provenance": "claimed", "context_gaps": [],
    }  # fmt: skip
    made = msgspec.json.decode(msgspec.json.encode(made))
    verdict = changes.pop("verdict", {})
    return {**made, **changes, "verdict": {**made["verdict"], **verdict}}


def level(answer: dict) -> int:
    return STRICTNESS_ORDER.index(Strictness(answer["strictness"]))


PLAIN = decide(question())
BASE = " ".join(p.text for p in default_policies())


@pytest.mark.requirement("R43")
@pytest.mark.parametrize("production", [False, True])
@pytest.mark.parametrize("kind", list(ChangeClass))
def test_every_class_asks_for_at_least_what_the_design_says(kind, production):
    verdict = {"classes": [kind.value], "strictness": strictness_of(kind).value}
    answer = decide(question(verdict=verdict, production=production))
    least = max(STRICTNESS_ORDER.index(strictness_of(kind)), STRICTNESS_ORDER.index(Strictness.ONE))
    assert level(answer) >= max(least, 2 if production else 0)
    assert answer["strictness"] not in {"auto", "deny"}
    assert sum(o["count"] for o in answer["obligations"]) >= 1


@pytest.mark.requirement("R38", "R43")
def test_a_sensitive_place_asks_its_owners():
    found = [{"kind": "ci_cd", "path": "x.yml", "line": 3, "why": "permissions"}]
    answer = decide(question(verdict={"sensitivities": found}))
    roles = {o["role"]: o["count"] for o in answer["obligations"]}
    assert roles[None] == 2
    assert roles["security"] == 1
    assert any(r["rule"] == "policy/security-owns" and r["relax"] for r in answer["reasons"])


@pytest.mark.requirement("R39")
@pytest.mark.parametrize("wrong", [None, "?", -1, 2**70, 1.5, [], {}, True, "x" * 9000], ids=repr)
@pytest.mark.parametrize("fact", [k for k in question() if k != "verdict"])
def test_a_wrong_fact_is_never_less_strict(fact, wrong):
    asked = question()
    if wrong == asked[fact] and type(wrong) is type(asked[fact]):
        return
    asked[fact] = wrong
    assert level(decide(asked)) >= level(PLAIN)


@pytest.mark.requirement("R39")
@pytest.mark.parametrize("fact", list(question()))
def test_a_missing_fact_is_a_denial(fact):
    asked = question()
    del asked[fact]
    assert decide(asked) == {**decide(asked), "strictness": "deny", "obligations": ()}


@pytest.mark.requirement("R39")
@settings(max_examples=150, deadline=None)
@given(
    fact=st.sampled_from(sorted(question()["verdict"])),
    wrong=st.one_of(
        st.none(), st.integers(), st.text(max_size=5), st.floats(), st.lists(st.text(max_size=3), max_size=2)
    ),
    drop=st.booleans(),
)
def test_a_broken_verdict_is_never_less_strict(fact, wrong, drop):
    asked = question()
    if drop:
        del asked["verdict"][fact]
    else:
        asked["verdict"][fact] = wrong
    assert level(decide(asked)) >= level(PLAIN)


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    "texts",
    [
        ("",),
        ("permit(principal, action, resource);",),
        ("nonsense",),
        (BASE.replace("context.production", "context.prodction"),),
        (BASE.replace('"unknown"', '"unknwon"'),),
        (BASE + '@id("one-approval") @obligation("deny") @why("x") @relax("x") forbid(principal, action, resource);',),
        (BASE + "permit(principal, action, resource);",),
        (BASE.replace('@id("two-in-production")', ""),),
        (BASE.replace('@count("2")', '@count("0")'),),
        (BASE.replace("context.approvals.any >= 1", "context.approvals.any >= 0"),),
    ],
    ids=["empty", "permit only", "unparsable", "typo", "enum typo", "same id", "second permit", "no id", "zero", "met"],
)
def test_a_policy_that_is_not_sound_denies_everything(texts):
    answer = decide(question(policy=msgspec.to_builtins(bundle(*texts))))
    assert answer["strictness"] == "deny"
    assert not answer["obligations"]


@pytest.mark.requirement("R40")
def test_a_policy_that_forgets_a_forbidden_vector_is_refused():
    forgetful = BASE.replace(
        'context.classes.contains(Magistrate::ChangeClass::"unknown") || context.assessed == "two"', "false"
    )
    answer = decide(question(policy=msgspec.to_builtins(bundle(forgetful))))
    assert answer["strictness"] == "deny"
    assert answer["reasons"][0]["source"] == "MAG-E435"


def rule(condition: str) -> str:
    return BASE + (
        f' @id("mine") @obligation("approvals") @role("any") @count("3") @why("w") @relax("r")'
        f" forbid(principal, action, resource) {condition} unless {{ context.approvals.any >= 3 }};"
    )


@pytest.mark.requirement("R38")
@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        ('when { context.agent == "x" }', True),
        ('when { context.agent != "x" }', False),
        ('when { !(context.paths.contains("docs")) }', False),
        ("when { context.files > 10 }", True),
        ('when { context.agent != "x" && context.files > 10 }', True),
        ("when { context.files + 1 > 10 }", False),
        ("when { context.approvals.security < 1 }", False),
    ],
)
def test_lint_refuses_what_relaxes_by_agent_or_path_alone(condition, accepted):
    assert (not lint(compile_bundle(bundle(rule(condition))))) is accepted


@pytest.mark.requirement("R42")
def test_the_same_facts_give_the_same_bytes():
    asked = question()
    assert canonical(decide(asked)) == canonical(decide(copy.deepcopy(asked)))


@pytest.mark.slow
@pytest.mark.requirement("R42")
def test_the_same_facts_give_the_same_bytes_in_every_process():
    """Control and executor decide apart: nothing may depend on the order in which a process hashes."""
    found = [{"kind": kind, "path": "x", "line": 3, "why": "y"} for kind in ("ci_cd", "infrastructure", "migration")]
    asked = {"v": 1, "mode": "decide", **question(verdict={"sensitivities": found}, production=True)}
    answers = set()
    for seed in range(6):
        done = subprocess.run(
            [sys.executable, "-m", "magistrate.judge"], input=msgspec.json.encode(asked), capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )  # fmt: skip
        answers.add(done.stdout)
    assert len(answers) == 1
    outcome = msgspec.json.decode(answers.pop())
    assert len(outcome["obligations"]) >= 2
    assert all(reason["rule"] and reason["why"] and reason["relax"] for reason in outcome["reasons"])


def test_in_solo_one_person_is_enough_and_it_is_said():
    answer = decide(question(solo=True, verdict={"classes": ["ci_cd"], "strictness": "two"}))
    assert {o["count"] for o in answer["obligations"]} == {1}
    assert any(r["rule"] == "floor/solo" for r in answer["reasons"])


@pytest.mark.requirement("R11")
def test_gaps_on_the_patch_ask_for_two_and_those_elsewhere_for_nothing_more():
    (path, *_) = [file["path"] for file in question()["verdict"]["files"]]
    here, there = f'redacted "{path}" read_file: 1', 'redacted "far/away.py" read_file: 1'
    asked = {gap: decide(question(context_gaps=[gap])) for gap in (here, there, f"elsewhere: {here}", "anything")}
    assert all("policy/two-for-gaps" in {r["rule"] for r in answer["reasons"]} for answer in asked.values())
    assert all(level(answer) >= level({"strictness": "two"}) for answer in asked.values())
    assert decide(question(context_gaps=[f"elsewhere: {there}"])) == PLAIN
