"""AWS rights and security groups: against a corpus written from AWS's documentation, and against AWS's own labels."""

from __future__ import annotations

import json

import pytest
from paths import TESTS, outside_data
from world.brute_force import verdict_of

from magistrate.impact.privilege.domains import aws_iam, security_groups
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, merged

pytestmark = pytest.mark.requirement("R28")
READERS = (aws_iam.READER, security_groups.READER)
FOLDER = TESTS / "corpus" / "privilege"
ROWS = [
    json.loads(line) for name in ("aws-iam", "net-aws") for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()
]
EXACT = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}


def grants(files) -> Grants:
    texts = {name: text if isinstance(text, str) else json.dumps(text) for name, text in files.items()}
    return merged(
        {reader.domain: reader.grants({n: t for n, t in texts.items() if reader.reads(n)}) for reader in READERS}
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(grants(row["before"]), grants(row["after"]))) == row["expected"], row["why"]


def test_every_label_of_aws_and_of_others_is_met():
    """Labels of AWS say whether there is new access; whether something is lost as well they do not say."""
    rows = [json.loads(line) for line in outside_data("privilege-pairs.jsonl").read_text().splitlines()]
    mine = [row for row in rows if row["kind"] == "pair" and row["domain"].startswith(("aws", "terraform", "net-sg"))]
    assert len(mine) >= 170
    missed = []
    for row in mine:
        got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
        fits = EXACT.get(row["expected"], {row["expected"]})
        if row["domain"] == "aws-check-no-new-access" and row["expected"] == "widened":
            fits = {"widened", "incomparable"}
        if got not in fits:
            missed.append((row["id"], row["expected"], got))
    assert [one[0] for one in missed] == ["terraform-iam/attach-readonly-swap", "terraform-iam/inline-var"]
    assert {one[2] for one in missed} == {"incomparable", "unknown"}, "both are gated as widened"


@pytest.mark.slow
def test_public_labels_are_the_same_in_both_directions():
    latent = {"net-aws/unworn", "values/bucket-and-block-gone"}
    for row in ROWS:
        if row["id"] in latent:
            continue
        there = verdict_of(delta(grants(row["before"]), grants(row["after"])))
        back = verdict_of(delta(grants(row["after"]), grants(row["before"])))
        if "unknown" not in {there, back} and row["before"] and row["after"]:
            assert {there, back} in ({"widened", "narrowed"}, {"unchanged"}, {"incomparable"}), row["id"]
