"""GitLab CI as boxes: against a corpus written from the documentation, and against an evaluator of its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS
from world.brute_force import allowed_only_after, verdict_of

from magistrate.impact.privilege.domains.ci_yaml import only_document
from magistrate.impact.privilege.domains.gitlab_ci import READER
from magistrate.impact.privilege.domains.gitlab_ci_conditions import ways_of
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.patterns import Glob

ROWS = [json.loads(line) for line in (TESTS / "corpus" / "privilege" / "gitlab-ci.jsonl").read_text().splitlines()]


def grants(files):
    return READER.grants({name: text for name, text in files.items() if READER.reads(name)})


def turns(before, after):
    return {change.turn for change in delta(grants(before), grants(after))}


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    before, after = grants(row["before"]), grants(row["after"])
    changes = delta(before, after)
    assert verdict_of(changes) == row["expected"], row["why"]
    assert (Turn.GAINS in {one.turn for one in changes}) is allowed_only_after(before, after)


@pytest.mark.requirement("R28")
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from(["on_success", "never", "manual"])), min_size=1, max_size=4
    )
)
@settings(max_examples=60, deadline=None)
def test_the_first_rule_that_holds_decides(rules):
    """Against a reading of the rules from the top, for every setting of three variables."""
    job = only_document(json.dumps({"rules": [{"if": f"${name}", "when": when} for name, when in rules]}))
    ways = ways_of(job, {}, ())
    for bits in range(8):
        truth = {name: bool(bits >> at & 1) for at, name in enumerate("ABC")}
        first = next((when for name, when in rules if truth[name]), "never")
        for by_hand in (False, True):
            request = {f"if ${name}": "holds" if value else "fails" for name, value in truth.items()}
            request["if somebody starts it by hand"] = "holds" if by_hand else "fails"
            runs = any(
                all(
                    any(isinstance(atom, Glob) and atom.literal == request[where.dimension] for atom in where.among)
                    for where in way
                )
                for way in ways
            )
            assert runs is (first == "on_success" or (first == "manual" and by_hand))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "text",
    ["", "[", "\x00", "a", "- a", "include: [1, {a: b}, [x]]\nb: {script: {a: b}, extends: [b], rules: x, only: {a: {b: c}}, needs: 1}",
     "a: {extends: a}", "include: /.gitlab-ci.yml\na: {trigger: {include: /.gitlab-ci.yml}, id_tokens: [], secrets: x, services: {a: b}}",
     "a: {script: !reference [a, script]}", "a: &a {script: [x], <<: *a}", "stages: {a: b}\ndefault: [x]\nworkflow: 1\nvariables: []\nz: {script: x}"],
)  # fmt: skip
def test_no_text_makes_the_reader_raise(text):
    grants({".gitlab-ci.yml": text, "ci/a.yml": text})


@pytest.mark.requirement("R28")
@given(st.recursive(
    st.sampled_from(["make", "$KEY", "never", "main", ".a", "a", "x:1", "/ci/a.yml"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["script", "extends", "rules", "if", "when", "only", "except", "include", "local", "needs", "image", "trigger",
                         "environment", "tags", "id_tokens", "aud", "services", "variables", "a", ".a", "default", "hooks"]),
        inner, max_size=4),
    max_leaves=25,
))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_shape_of_values_makes_the_reader_raise(value):
    grants(
        {".gitlab-ci.yml": json.dumps(value if isinstance(value, dict) else {"a": value}), "ci/a.yml": "a: {script: x}"}
    )


@pytest.mark.requirement("R28")
def test_whoever_owns_an_included_file_acts_as_every_job_until_it_is_pinned():
    job = 'a: {script: ["x $KEY"]}\n'
    moves, pinned = (
        {".gitlab-ci.yml": f"include: [{{project: o/p, file: f.yml, ref: {ref}}}]\n{job}"} for ref in ("main", "1" * 40)
    )
    assert turns(moves, pinned) == {Turn.LOSES}
    assert Turn.GAINS in turns(pinned, moves)


@pytest.mark.requirement("R28")
def test_an_include_that_goes_round_in_circles_ends():
    files = {
        ".gitlab-ci.yml": "include: /a.yml\n",
        "a.yml": "include: /b.yml\n",
        "b.yml": 'include: /a.yml\nx: {script: ["$KEY"]}\n',
    }
    assert [holder.name for holder in grants(files).holders if holder.domain == "gitlab-ci"] == [
        "gitlab:.gitlab-ci.yml#x"
    ]


def fan_out(kind: str, last: str) -> str:
    """Twelve floors, each of which names the one below ten times."""
    floors = {
        "reference": lambda n: f".f{n}:\n  script:\n" + f"    - !reference [.f{n - 1}, script]\n" * 10,
        "extends": lambda n: f".f{n}:\n  extends: [{', '.join([f'.f{n - 1}'] * 10)}]\n",
    }
    text = f".f0:\n  script: [{last}]\n" + "".join(floors[kind](n) for n in range(1, 10))
    top = "  script:\n    - !reference [.f9, script]\n" if kind == "reference" else "  extends: [.f9]\n"
    return text + "job:\n" + top


@pytest.mark.slow
@pytest.mark.requirement("R25")
@pytest.mark.requirement("R28")
@pytest.mark.parametrize("kind", ["reference", "extends"])
def test_what_leads_to_more_than_can_be_followed_is_unknown_and_comes_to_an_end(kind):
    before, after = ({".gitlab-ci.yml": fan_out(kind, last)} for last in ("make", "curl evil"))
    assert grants(before).unknown
    assert verdict_of(delta(grants(before), grants(after))) == "unknown"
