"""Rules of branches as boxes: against a corpus, against an evaluator of its own, one by one as each is taken away."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS, outside_data
from world.brute_force import allowed_only_after, verdict_of

from magistrate.impact.privilege.domains.branch_rules import READER
from magistrate.impact.privilege.engine import Turn, delta

ROWS = [
    json.loads(line) for line in (TESTS / "corpus" / "privilege" / "branch-protection.jsonl").read_text().splitlines()
]
PROTECTING = {
    "required_pull_request_reviews": {"required_approving_review_count": 2},
    "required_status_checks": {"contexts": ["build"]},
    "enforce_admins": True,
    "required_linear_history": True,
    "required_conversation_resolution": True,
    "required_signatures": True,
    "restrictions": {"users": ["a"], "teams": []},
    "lock_branch": True,
    "block_creations": True,
}
REVIEWS = {
    "required_approving_review_count": 3,
    "dismiss_stale_reviews": True,
    "require_code_owner_reviews": True,
    "require_last_push_approval": True,
    "dismissal_restrictions": {"users": ["a"]},
}


def grants(files):
    texts = {name: body if isinstance(body, str) else json.dumps(body) for name, body in files.items()}
    return READER.grants({name: text for name, text in texts.items() if READER.reads(name)})


def rules(**protection):
    return grants({".github/settings.yml": {"branches": [{"name": "main", "protection": protection}]}})


def turns(before, after):
    return {change.turn for change in delta(before, after)}


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    before, after = grants(row["before"]), grants(row["after"])
    assert verdict_of(delta(before, after)) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", [row for row in ROWS if "ruleset" not in row["id"]], ids=lambda row: row["id"])
def test_an_evaluator_of_its_own_agrees_about_gains(row):
    before, after = grants(row["before"]), grants(row["after"])
    assert (Turn.GAINS in turns(before, after)) is allowed_only_after(before, after)


@pytest.mark.requirement("R28")
def test_every_labelled_pair_of_branch_rules_is_exact():
    exact = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}
    rows = [json.loads(line) for line in outside_data("privilege-pairs.jsonl").read_text().splitlines()]
    for row in rows:
        if row["domain"] == "branch-protection":
            got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
            assert got in exact.get(row["expected"], {row["expected"]}), row["id"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("key", [key for key in PROTECTING if key != "lock_branch"])
def test_each_rule_that_is_taken_away_lets_more_through(key):
    whole = {name: value for name, value in PROTECTING.items() if name != "lock_branch"}
    fewer = {name: value for name, value in whole.items() if name != key}
    assert Turn.GAINS in turns(rules(**whole), rules(**fewer))
    assert turns(rules(**fewer), rules(**whole)) == {Turn.LOSES}


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("key", REVIEWS)
def test_each_condition_on_reviews_that_is_taken_away_lets_more_through(key):
    fewer = {name: value for name, value in REVIEWS.items() if name != key}
    sides = [rules(required_pull_request_reviews=one, enforce_admins=True) for one in (REVIEWS, fewer)]
    assert Turn.GAINS in turns(*sides)


@pytest.mark.requirement("R28")
@given(st.dictionaries(st.sampled_from(sorted(PROTECTING)), st.booleans(), max_size=6))
@settings(max_examples=60, deadline=None)
def test_more_rules_never_let_more_through(chosen):
    with_more = {key: PROTECTING[key] for key in chosen}
    with_fewer = {key: PROTECTING[key] for key, kept in chosen.items() if kept}
    assert Turn.GAINS not in turns(rules(**with_fewer), rules(**with_more))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("value", ["no", "off", "0", "nope", ["true"], {"a": "b"}])
def test_a_switch_that_is_neither_true_nor_false_protects_nothing(value):
    checks = {"contexts": ["build"]}
    sides = [rules(required_status_checks=checks, enforce_admins=one) for one in (True, value)]
    found = turns(*sides)
    assert {Turn.GAINS, Turn.UNKNOWN} <= found


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("text", ["", "[", "branches: x", "branches: [1, {name: []}, {name: a, protection: 3}]", "a: &a [*a]", "\x00",
                                  "rulesets: [{rules: [1, [2]], enforcement: []}]\nenvironments: [x]\nteams: {a: b}\nrepository: []"])  # fmt: skip
def test_no_text_makes_the_reader_raise(text):
    grants({".github/settings.yml": text, ".github/rulesets/a.json": text})
