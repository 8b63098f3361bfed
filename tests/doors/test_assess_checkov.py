"""`magistrate assess --opinions`: checkov itself, where the operator has it, behind the walls, beside the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from world.assessing import commit, git
from world.judging import judged_inside

from magistrate.bootstrap.tools import found_tools
from magistrate.entrypoints.cli.assess import command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requirement("R23"),
    pytest.mark.skipif("checkov" not in found_tools(), reason="checkov is not here: it is no dependency"),
]
TF = ".infra/main.tf"
SAFE = 'resource "aws_security_group_rule" "g" {\n  type        = "ingress"\n  description = "d"\n  from_port   = 443\n  to_port     = 443\n  protocol    = "tcp"\n  cidr_blocks = ["10.0.0.0/8"]\n}\n'
UNSAFE = SAFE.replace("443", "22").replace("10.0.0.0/8", "0.0.0.0/0")
MUTED = UNSAFE.replace("  type ", "  #checkov:skip=CKV_AWS_24:said the author\n  type ")
POD = """apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations:
    "checkov.io/skip1": CKV_K8S_16=said the author
spec:
  containers:
    - name: c
      image: nginx
      securityContext:
        privileged: true
"""
TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  B:
    Type: AWS::S3::Bucket
    Metadata:
      checkov:
        skip:
          - id: CKV_AWS_20
            comment: said the author
    Properties:
      AccessControl: PublicRead
"""
SILENCE = {
    ".checkov.yaml": "skip-check:\n  - CKV_AWS_24\nframework:\n  - secrets\nbaseline: .infra/.checkov.baseline\n",
    ".infra/.checkov.yaml": "skip-check: [CKV_AWS_24]\nexternal-checks-dir: [.infra/rules]\n",
    ".infra/rules/__init__.py": "raise SystemExit(0)\n",
    ".infra/.checkov.baseline": json.dumps(
        {
            "failed_checks": [
                {
                    "file": "/main.tf",
                    "findings": [{"resource": "aws_security_group_rule.g", "check_ids": ["CKV_AWS_24"]}],
                }
            ]
        }
    ),
}


def changed(place: Path, before: dict[str, str], after: dict[str, str]) -> Path:
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    commit(place, {"README.md": "x\n", **before})
    commit(place, after)
    return place


def run(repo: Path, *more: str) -> Result:
    with judged_inside():
        return CliRunner().invoke(command, ["--repo", str(repo), "HEAD~1", *more])


def said(repo: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(repo, "--opinions", "--format", "json").output)["opinions"]
    return answer


@pytest.mark.parametrize("after", [UNSAFE, MUTED], ids=["plain", "silenced by a comment"])
def test_an_open_port_is_told_whatever_the_repository_says(tmp_path: Path, after: str) -> None:
    repo = changed(tmp_path / "repo", {TF: SAFE, **SILENCE}, {TF: after})
    answer = said(repo)
    told = [(one["tool"], one["rule"], one["path"], one["line"], one["severity"]) for one in answer["new"]]
    assert told == [("checkov", "CKV_AWS_24", TF, 1, "unknown")]
    assert answer["notes"] == []
    assert [one["name"] for one in answer["tools"]] == ["checkov"]


def test_every_form_has_it_and_the_verdict_is_the_same(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", {TF: SAFE}, {TF: UNSAFE})
    saved = {end: tmp_path / f"answer.{end}" for end in ("json", "sarif", "md", "txt")}
    done = run(repo, "--opinions", "--quiet", *(word for path in saved.values() for word in ("--save", str(path))))
    assert done.exit_code == 0
    words = "second opinion: checkov CKV_AWS_24 at line 1 (unknown): Ensure no security groups allow ingress"
    assert words in " ".join(saved["txt"].read_text().split())
    assert words in " ".join(saved["md"].read_text().replace("`", "").replace("\\", "").split())
    sarif = json.loads(saved["sarif"].read_text())["runs"][0]
    assert [one["level"] for one in sarif["results"] if "CKV_AWS_24" in str(one)] == ["note"]
    beside = json.loads(saved["json"].read_text())
    assert beside.pop("opinions")["new"]
    assert beside == json.loads(run(repo, "--format", "json").output)


def test_what_stays_as_it_was_is_not_told_again(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", {TF: UNSAFE}, {TF: "# moved\n\n" + UNSAFE})
    assert (said(repo)["new"], said(repo)["notes"]) == ([], [])


def test_annotations_and_metadata_silence_nothing_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    new = {"k/pod.yaml": POD, "c.yaml": TEMPLATE, "broken.tf": 'resource "x" {{{\n', "k/bad.yaml": "apiVersion: [\n"}
    new["k/escaped.yaml"] = POD.replace("io/skip1", "io/\\x73kip1").replace("name: p", "name: q")
    answer = said(changed(tmp_path / "repo", {}, new))
    told = {(one["rule"], one["path"]) for one in answer["new"]}
    assert {("CKV_K8S_16", "k/pod.yaml"), ("CKV_K8S_16", "k/escaped.yaml"), ("CKV_AWS_20", "c.yaml")} <= told
    assert "no second opinion: `checkov` could not read broken.tf" in answer["notes"]
    assert "no second opinion: `checkov` has nothing to say of k/bad.yaml" in answer["notes"]
