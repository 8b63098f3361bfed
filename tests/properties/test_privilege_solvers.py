"""The engine of privilege against solvers of strings and numbers: wherever they decide, they say the same."""

from __future__ import annotations

import json
import random

import cvc5.pythonic
import pytest
import z3
from paths import TESTS
from world.solvers import Question

from magistrate.impact.privilege.domains.aws_policy import document
from magistrate.impact.privilege.model import Layer, Place, Varying
from magistrate.impact.privilege.search import found_only

pytestmark = [pytest.mark.requirement("R28"), pytest.mark.slow]
ACTIONS = ["s3:*", "s3:Get*", "s3:GetObject", "s3:Put?bject", "*", "iam:PassRole"]
RESOURCES = ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a*", "arn:aws:s3:::ab/x", "arn:aws:*:*:*:role/r"]
CONDITIONS = [
    None,
    {"StringEquals": {"k:a": ["x", "y"]}},
    {"StringLike": {"k:a": "x*"}},
    {"StringNotEquals": {"k:a": "x"}},
    {"NumericLessThan": {"k:n": "5"}, "StringLikeIfExists": {"k:a": "?"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}},
    {"Null": {"k:a": "true"}},
]


def sides_of(statements):
    found = document({"Version": "2012-10-17", "Statement": statements}, Place(path="p"))
    assert not found.unknown
    return [(Layer(statements=found.statements),)]


def statement(chance):
    made = {
        "Effect": chance.choice(["Allow", "Allow", "Allow", "Deny"]),
        chance.choice(["Action", "Action", "NotAction"]): chance.sample(ACTIONS, chance.randint(1, 2)),
        chance.choice(["Resource", "Resource", "NotResource"]): chance.sample(RESOURCES, chance.randint(1, 2)),
    }
    condition = chance.choice(CONDITIONS)
    return made if condition is None else {**made, "Condition": condition}


def random_pairs():
    chance = random.Random(11)
    for _ in range(60):
        yield [sides_of([statement(chance) for _ in range(chance.randint(1, 3))]) for _ in range(2)]


def corpus_pairs():
    for line in (TESTS / "corpus/privilege/aws-iam.jsonl").read_text().splitlines():
        row = json.loads(line)
        if set(row["before"]) == set(row["after"]) == {"policy.json"} and "twice" not in row["id"]:
            found = [document(json.loads(row[side]["policy.json"]), Place(path="p")) for side in ("before", "after")]
            wheres = [where for one in found for held in one.statements for where in held.where]
            if any(
                where.each is not None or any(isinstance(atom, Varying) for atom in where.among) for where in wheres
            ):
                continue
            yield [[(Layer(statements=one.statements),)] for one in found]


@pytest.mark.parametrize("solver", [z3, cvc5.pythonic], ids=["z3", "cvc5"])
@pytest.mark.parametrize("pairs", [random_pairs, corpus_pairs])
def test_solvers_say_the_same_where_they_decide(solver, pairs):
    asked = decided = 0
    for smaller, larger in pairs():
        mine = "sat" if next(found_only(larger, smaller), None) is not None else "unsat"
        said = Question(solver).only(larger, smaller, 400)
        asked += 1
        decided += said != "unknown"
        assert said in {mine, "unknown"}
    assert decided >= 0.6 * asked >= 20
