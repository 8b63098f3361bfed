"""Whose code runs when Terraform is applied, as whom, and where its state is kept: against a corpus of pairs."""

from __future__ import annotations

import json

import pytest
from paths import TESTS
from world.brute_force import allowed_only_after, verdict_of

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree
from magistrate.impact.measures.privilege import privilege
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


@pytest.mark.parametrize(
    ("constraint", "shown"),
    [
        ("= 0.14.1", "0.14.1"),
        ("1.2", "1.2.0"),
        (">= 1.1, 1.2.3", "1.2.3"),
        ("!= 1.2.3", "0.0.0"),
        (">= 2.0, = 1.2.3", "2.0.0"),
    ],
)
def test_the_request_that_shows_an_exact_version_names_it(constraint, shown):
    asks = 'terraform {\n  required_version = "%s"\n}\n'
    old, new = ((asks % one).encode() for one in ("= 9.9.9", constraint))
    step = [FileChange(path="a/main.tf", before=old, after=new)]
    (gained,) = [row for row in privilege([step], BaseTree(known=True)).rows if not row.loses]
    assert f"version `{shown}`" in gained.witness


@pytest.mark.parametrize(
    ("before", "after", "gains"),
    [("= 1.2.3", ">= 1.0, = 1.2.3", False), (">= 1.0, = 1.2.3", "= 1.2.3", False), ("= 1.2.3", "= 1.2.4", True),
     ("= 1.2.3", ">= 1.2.3", True), (">= 1.2.3", "= 1.2.3", True), ("= 1.2.3", "!= 1.2.3", True)],
)  # fmt: skip
def test_bounds_beside_an_exact_version_give_nothing_and_another_one_does(before, after, gains):
    asks = 'terraform {\n  required_version = "%s"\n}\n'
    found = delta(grants({"a/main.tf": asks % before}), grants({"a/main.tf": asks % after}))
    assert any(one.turn == "gains" for one in found) is gains


@pytest.mark.parametrize("known", [True, False])
def test_a_new_resource_gives_nothing_by_its_provider_and_one_that_moves_does(known):
    queue = 'provider "aws" {\n  alias = "b"\n}\nresource "aws_sqs_queue" "q" {\n  provider = aws%s\n}\n'
    base = BaseTree(known=known)

    def judged(before, after):
        return privilege([[FileChange(path="a/main.tf", before=before.encode(), after=after.encode())]], base).rows

    bare = queue.partition("resource")[0]
    assert not [row for row in judged(bare, queue % ".b") if not row.loses and "made with" in row.gains]
    (gained,) = [row for row in judged(queue % "", queue % ".b") if not row.loses]
    assert gained.gains == "`aws_sqs_queue.q` is made with the provider `aws.b`"
    (gained,) = [row for row in judged(queue % ".b", queue % "") if not row.loses]
    assert gained.gains == "`aws_sqs_queue.q` is made with the provider `aws`"
