"""Whose code runs when Terraform is applied, as whom, and where its state is kept: against a corpus of pairs."""

from __future__ import annotations

import json

import pytest
from paths import TESTS
from world.brute_force import allowed_only_after, verdict_of

from magistrate.impact.privilege.domains import aws_iam, terraform_code
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, merged

pytestmark = pytest.mark.requirement("R28")
READERS = (aws_iam.READER, terraform_code.READER)
ROWS = [
    json.loads(line) for line in (TESTS / "corpus" / "privilege" / "terraform.jsonl").read_text().splitlines()
]  # fmt: skip


def grants(files) -> Grants:
    return merged(
        {reader.domain: reader.grants({n: t for n, t in files.items() if reader.reads(n)}) for reader in READERS}
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    changes = delta(grants(row["before"]), grants(row["after"]))
    assert verdict_of(changes) == row["expected"], row["why"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_asking_every_request_finds_nothing_that_goes_unsaid(row):
    before, after = grants(row["before"]), grants(row["after"])
    gains = verdict_of(delta(before, after)) in {"widened", "incomparable"}
    assert gains is allowed_only_after(before, after)


def test_what_grows_is_told_as_people_write_it():
    asks = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n      version = "%s"\n    }\n  }\n}\n'
    found = delta(grants({"a/main.tf": asks % "~> 5.1"}), grants({"a/main.tf": asks % "~> 6.0"}))
    gained = next(one for one in found if one.turn == "gains")
    assert gained.actor == "terraform:a providers"
    assert gained.by is not None
    assert gained.by.says == "code of the provider `hashicorp/aws` (>= 6.0.0, < 7.0.0) runs when it is applied"
