"""Whose power moves, as a verdict says it: rows, what they raise, steps that together widen."""

from __future__ import annotations

import json

import pytest

from magistrate.domain.impact import ChangeClass, FileChange, PrivilegeTurn, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.measures import privilege as measure
from magistrate.impact.measures.privilege import privilege
from magistrate.impact.privilege.model import Grants
from magistrate.impact.privilege.readers import READERS, grants_of

pytestmark = pytest.mark.requirement("R28")


def policy(*actions: str, resource: str = "*") -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}]}
    )


def change(path: str, before: str | None, after: str | None) -> FileChange:
    sides = [None if one is None else one.encode() for one in (before, after)]
    modes = [None if one is None else "100644" for one in sides]
    return FileChange(path=path, before=sides[0], after=sides[1], mode_before=modes[0], mode_after=modes[1])


KNOWN = BaseTree(files={}, known=True)


def test_a_gain_is_a_row_with_a_request_and_asks_for_the_owners_of_permissions():
    found = privilege([[change("p.json", policy("s3:GetObject"), policy("s3:*"))]], KNOWN)
    assert [(row.verdict, row.domain, row.gains) for row in found.rows] == [
        (PrivilegeTurn.WIDENED, "aws-iam", "s3:* on *")
    ]
    assert "denied before, allowed after" in found.rows[0].witness
    assert [one.kind for one in found.raised] == [ChangeClass.PERMISSIONS]


def test_a_loss_is_told_and_raises_nothing():
    found = privilege([[change("p.json", policy("s3:*"), policy("s3:GetObject"))]], KNOWN)
    assert [row.verdict for row in found.rows] == [PrivilegeTurn.NARROWED]
    assert found.raised == ()


def test_layout_of_a_policy_moves_nothing():
    text = policy("s3:*")
    assert privilege([[change("p.json", text, json.dumps(json.loads(text), indent=2))]], KNOWN).rows == ()


def test_what_cannot_be_resolved_is_unknown_and_raises():
    text = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Unless": "x"}]}'
    found = privilege([[change("p.json", None, text)]], KNOWN)
    assert [row.verdict for row in found.rows] == [PrivilegeTurn.UNKNOWN]
    assert [one.kind for one in found.raised] == [ChangeClass.PERMISSIONS]


def test_a_file_that_holds_no_rights_moves_nothing_and_the_repository_would_say_more_of_one_that_does():
    assert privilege([[change("notes.txt", "one\n", "two\n")]], KNOWN).rows == ()
    assert privilege([[change("p.json", None, policy("s3:*"))]], BaseTree()).asks_base


ROLE = {
    "resource": {
        "aws_iam_role": {"spare": {"name": "spare", "assume_role_policy": '{"Version": "2012-10-17", "Statement": []}'}},
        "aws_iam_role_policy": {"p": {"role": "spare", "policy": policy("s3:*")}},
    }
}  # fmt: skip


def test_a_role_that_nobody_reaches_is_latent_only_where_the_repository_is_known():
    step = [[change("r.tf.json", None, json.dumps(ROLE))]]
    here, elsewhere = (
        [(row.domain, row.verdict) for row in privilege(step, base).rows if row.domain != "terraform"]
        for base in (KNOWN, BaseTree())
    )
    assert here == [], "but for whose code runs when Terraform is applied here for the first time"
    assert elsewhere == [("aws-iam", PrivilegeTurn.WIDENED)]


def workload(role: str) -> str:
    return json.dumps({"resource": {"aws_lambda_function": {"f": {"role": role}}}})


def test_steps_that_only_together_widen_are_named():
    steps = [
        [change("r.tf.json", None, json.dumps(ROLE))],
        [change("docs.md", None, "# words\n")],
        [change("f.tf.json", workload("plain"), workload("spare"))],
    ]
    found = privilege(steps, BaseTree(files={"f.tf.json": workload("plain")}, known=True))
    assert found.together == (1, 3)


def test_an_assessment_is_two_people_for_a_widening_whatever_the_file_is_called():
    for path in ("p.json", "docs/p.json", "tests/fixtures/p.json"):
        found = assess(Case(id="", steps=((change(path, policy("s3:GetObject"), policy("*")),),), base=KNOWN))
        assert found.strictness is Strictness.TWO
        assert any(row.verdict is PrivilegeTurn.WIDENED for row in found.privilege)


class Broken:
    domain = "broken"

    def reads(self, path: str) -> bool:
        return path.endswith(".x")

    def grants(self, files: object) -> Grants:
        raise MemoryError(str(files))


def test_a_reader_that_fails_leaves_its_files_unknown():
    found = privilege([[change("a.x", "1", "2")]], KNOWN, readers=(Broken(),))
    assert {row.verdict for row in found.rows} == {PrivilegeTurn.UNKNOWN}
    assert found.raised


def test_readers_have_names_of_their_own_and_nothing_to_say_of_nothing_but_what_is_open_to_all():
    assert len({reader.domain for reader in READERS}) == len(READERS)
    assert grants_of({}).unknown == ()


def test_branch_rules_that_are_deleted_widen():
    rules = "branches:\n  - name: main\n    protection:\n      required_pull_request_reviews:\n        required_approving_review_count: 2\n      enforce_admins: true\n"
    found = privilege([[change(".github/settings.yml", rules, None)]], KNOWN)
    assert PrivilegeTurn.WIDENED in {row.verdict for row in found.rows}


@pytest.mark.parametrize("broken", ["delta", "grants_of_both"])
@pytest.mark.parametrize("error", [RecursionError, KeyError, MemoryError, ZeroDivisionError])
def test_a_comparison_that_fails_is_unknown_and_never_unchanged(
    monkeypatch: pytest.MonkeyPatch, broken: str, error: type[Exception]
):
    def failing(*_: object) -> None:
        raise error

    step = [change("p.json", policy("s3:*"), policy("s3:GetObject"))]
    monkeypatch.setattr(measure, broken, failing)
    found = privilege([step], KNOWN)
    assert found.rows
    assert {(row.verdict, row.path) for row in found.rows} == {(PrivilegeTurn.UNKNOWN, "p.json")}
    assert "aws-iam" in {row.domain for row in found.rows}
    assert error.__name__ in found.rows[0].witness
    verdict = assess(Case(id="c", steps=(tuple(step),), base=KNOWN))
    assert verdict.strictness is Strictness.TWO


HELD = """resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.name
  policy = %s
}
variable "acts" {}
"""
DOCUMENT = 'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = %s, Resource = "*" }] })'
READ = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ACT", "Resource": "*"}]}'
ELSEWHERE = {
    "a local": (DOCUMENT % "local.acts", "locals.tf", 'locals {\n  acts = ["ACT"]\n}\n'),
    "a default": (DOCUMENT % "var.more", "variables.tf", 'variable "more" {\n  default = ["ACT"]\n}\n'),
    "a file of values": (DOCUMENT % "var.acts", "prod.auto.tfvars", 'acts = ["ACT"]\n'),
    "a template": ('templatefile("${path.module}/p.json.tpl", {})', "p.json.tpl", READ),
    "a file of any name": ('file("${path.module}/rights.txt")', "rights.txt", READ),
    "a file without an ending": ('file("${path.module}/rights")', "rights", READ),
    "settings that are decoded": (DOCUMENT % 'yamldecode(file("c.yaml")).acts', "c.yaml", "acts: [ACT]\n"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_file_that_gives_nothing_by_itself_counts_for_what_is_made_of_it(name):
    policy_text, path, text = ELSEWHERE[name]
    base = BaseTree(files={"main.tf": HELD % policy_text}, known=True)
    found = privilege([[change(path, text.replace("ACT", "s3:GetObject"), text.replace("ACT", "s3:*"))]], base)
    gated = {PrivilegeTurn.WIDENED, PrivilegeTurn.INCOMPARABLE, PrivilegeTurn.UNKNOWN}
    assert {row.verdict for row in found.rows} & gated, found
    assert ChangeClass.PERMISSIONS in {one.kind for one in found.raised}
    same = privilege([[change(path, text, text + "\n")]], base)
    assert not same.raised or name == "settings that are decoded", "one more blank line is no other right"


LONG = 300_000
HOSTILE = {
    "helmfile.yaml": "a " * LONG,
    "compose.yml": "services:\n  a:\n    extends:\n      file: " + "a" * LONG + "\n",
    "x.json": json.dumps({"k" * 1_000: {"v" * 1_000: list(range(20_000))}, "Statement": "allow"}),
    "main.tf": 'resource "aws_lb" "x" {\n  ' + "a_public_" * 5_000 + "- = 1\n}\n",
    "main.tf.json": json.dumps({"resource": {"aws_lb": {"x": {"_public" * 20_000 + "-": 1}}}}),
    ".github/workflows/a.yml": "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "
    + "sudo " * LONG
    + "\n      - run: go run "
    + "./a " * LONG
    + "\n",
    "t.yaml": "AWSTemplateFormatVersion: 2010-09-09\nParameters:\n  A: {Default: "
    + "b" * 100_000
    + "}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {PolicyDocument: ["
    + "{Ref: A}, " * 5_000
    + "]}\n",
}


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_file_comes_to_an_end(path):
    """Texts on which a pattern with two ways to read one text, or a copy for each word, would not end."""
    text = HOSTILE[path]
    files = {f"src/m{number}.go": "package a\n" for number in range(50)}
    found = privilege([[change(path, None, text)]], BaseTree(files=files, known=True))
    assert all(row.path for row in found.rows)
