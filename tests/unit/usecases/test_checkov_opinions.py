"""Checkov beside a verdict: what is new is told, nothing that a repository or an answer says silences or is believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange
from magistrate.errors import Unavailable
from magistrate.ports import SandboxLevel, SandboxResult
from magistrate.usecases.checkov_opinions import (
    MOST_BYTES,
    WITHHELD,
    Answer,
    checkov_opinions,
    names_of,
    read_answer,
    words,
)
from magistrate.usecases.evidence import program
from magistrate.usecases.opinions import MOST_FILES, MOST_FINDINGS, ORDER

pytestmark = pytest.mark.requirement("R23")
ANSWERS = Path(__file__).with_name("checkov_answers")
"""Of checkov 3.3.30 itself: `several` and `one` and `nothing` that it could look at."""
TOP = Path("/tmp/given")
GIVEN = ("d0/f0.tf", "d0/f1.tf", "d1/f2.Dockerfile", "d0/f3.tf")
TF = "infra/main.tf"


class Answering:
    """A sandbox whose tool answers by the bytes of the first file that it is given."""

    level = SandboxLevel.BUBBLEWRAP

    def __init__(self, answers):
        self.answers, self.runs = answers, []

    def run(self, argv, **asked):
        top = Path(argv[-1])
        files = {one.relative_to(top).as_posix(): one.read_bytes() for one in sorted(top.rglob("*")) if one.is_file()}
        self.runs.append((argv, asked, files))
        answer = self.answers[min(files.items())[1]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def row(*, rule="CKV_AWS_1", path="/d0/f0.tf", line=1, resource="a.b", severity=None, name="Ensure it"):
    return {
        "check_id": rule, "check_name": name, "file_path": path, "file_line_range": [line, line + 1],
        "resource": resource, "severity": severity, "check_result": {"result": "FAILED", "evaluated_keys": []},
    }  # fmt: skip


def report(*failed, skipped=(), passed=(), errors=()):
    results = {
        "passed_checks": list(passed), "failed_checks": list(failed), "skipped_checks": list(skipped),
        "parsing_errors": list(errors),
    }  # fmt: skip
    return {"check_type": "terraform", "results": results, "summary": {"checkov_version": "3.3.30"}, "url": "x"}


def ran(said, returncode=0, **more):
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    return SandboxResult(returncode=returncode, stdout=text, stderr=b"", **{"timed_out": False, **more})


def answer(*failed, **more):
    return ran(report(*failed, passed=[{"file_path": "/d0/f0.tf"}], **more))


@pytest.fixture
def tools(tmp_path):
    place = tmp_path / "checkov"
    place.write_bytes(b"tool")
    return {"checkov": program(place)}


def asked(tools, before, after, path=TF):
    change = FileChange(path=path, before=b"before", after=b"after\n\n\n\n\n\n\n\n\n")
    return checkov_opinions(Answering({b"before": before, change.after: after}), tools, [change])


def recorded(name: str, given_: tuple[str, ...], top: Path = TOP) -> Answer:
    found = read_answer((ANSWERS / name).read_bytes(), given_, top)
    assert found is not None
    return found


def test_the_recorded_answers_are_read():
    found = recorded("several.json", GIVEN)
    rules = {name: sorted((one.check_id, one.file_line_range[0]) for one in rows) for name, rows in found.found.items()}
    assert rules["d0/f0.tf"] == [("CKV_AWS_26", 1), ("CKV_AWS_27", 5)]
    assert [rule for rule, _ in rules["d1/f2.Dockerfile"]] == ["CKV_DOCKER_2", "CKV_DOCKER_8"]
    assert (set(found.unread), set(found.unseen), found.outside) == ({"d0/f1.tf"}, {"d0/f3.tf"}, 0)
    alone = recorded("one.json", ("d0/f0.tf",))
    assert [one.check_id for one in alone.found["d0/f0.tf"]] == ["CKV_AWS_26", "CKV_AWS_27"]
    nothing = recorded("nothing.json", ("d0/f3.tf",))
    assert (dict(nothing.found), set(nothing.unseen)) == ({"d0/f3.tf": ()}, {"d0/f3.tf"})


def test_what_was_there_before_is_not_told_wherever_it_moved(tools):
    found = asked(tools, answer(row(line=1)), answer(row(line=9)))
    assert (found.new, found.notes, found.raised("auto")) == ((), (), "auto")


def test_a_new_finding_is_told_with_its_line_and_asks_for_somebody(tools):
    found = asked(tools, answer(), answer(row(line=8)))
    assert [one.words for one in found.new] == ["second opinion: checkov CKV_AWS_1 at line 8 (unknown): Ensure it"]
    assert [found.raised(one) for one in ORDER] == ["one", "one", "two", "deny"]


@pytest.mark.parametrize(
    ("said", "told", "asks"),
    [
        ("CRITICAL", "high", "two"), ("HIGH", "high", "two"), ("MEDIUM", "medium", "auto"), ("LOW", "low", "auto"),
        (None, "unknown", "one"), ("\x1b[1mFINE", "unknown", "one"), ("", "unknown", "one"),
    ],
)  # fmt: skip
def test_a_weight_that_is_not_known_is_not_a_small_one(tools, said, told, asks):
    found = asked(tools, answer(), answer(row(severity=said)))
    assert [(one.severity, found.raised("auto")) for one in found.new] == [(told, asks)]


@pytest.mark.parametrize("other", [row(rule="CKV_AWS_2"), row(resource="a.c"), row(severity="HIGH")])
def test_another_finding_in_the_place_of_an_old_one_is_new(tools, other):
    assert len(asked(tools, answer(row()), answer(other)).new) == 1


def test_a_second_finding_of_the_same_kind_is_new(tools):
    assert len(asked(tools, answer(row()), answer(row(), row(line=5))).new) == 1


def test_a_finding_that_another_file_had_is_new_here(tools):
    both = [FileChange(path=path, before=b"before", after=b"after") for path in ("dev/a.tf", "prod/a.tf")]
    old, new = report(row(path="/d0/f0.tf")), report(row(path="/d1/f1.tf"))
    found = checkov_opinions(Answering({b"before": ran(old), b"after": ran(new)}), tools, both)
    assert [one.path for one in found.new] == ["prod/a.tf"]


def test_what_a_file_asks_to_skip_is_told(tools):
    assert [one.rule for one in asked(tools, answer(), answer(skipped=[row(rule="CKV2_K8S_6")])).new] == ["CKV2_K8S_6"]


@pytest.mark.parametrize(
    "plea", ["checkov:skip=CKV_AWS_24:x", "bridgecrew:skip=CKV_AWS_24", "cortex:skip=A", "checkov.io/skip1: CKV_K8S_16"]
)
def test_a_plea_for_silence_does_not_reach_the_tool(tools, plea):
    content = f"# {plea}\n".encode()
    walls = Answering({content.replace(b"skip", b"s_ip"): answer()})
    assert checkov_opinions(walls, tools, [FileChange(path=TF, before=None, after=content)]).notes == ()


def test_nothing_of_the_repository_but_the_bytes_reaches_the_tool(tools):
    """No folder that the tool passes over, no name that it takes for a configuration, no way out."""
    paths = [".terraform/a.tf", "node_modules/b.tf", "../../c.tf", ".checkov.yaml", "x/.checkov.yml", "y/\0.tf"]
    changes = [FileChange(path=path, before=None, after=b"apiVersion") for path in paths]
    walls = Answering({b"apiVersion": ran(report())})
    found = checkov_opinions(walls, tools, changes)
    ((argv, given_, files),) = walls.runs
    assert sorted(files) == ["d0/f0.tf", "d1/f1.tf", "d2/f2.tf", "d3/f3.yaml", "d4/f4.yml", "d5/f5.tf"]
    assert given_["cwd"] == given_["writable"] != Path(argv[-1])
    assert not {"--config-file", "--external-checks-dir", "--baseline", "--bc-api-key"} & set(argv)
    assert {"--skip-download", "--soft-fail", "--compact"} < set(argv)
    assert given_["env"] == {"CHECKOV_PARALLELIZATION_TYPE": "none", "LOG_LEVEL": "ERROR"}
    assert "nothing to say of .terraform/a.tf, node_modules/b.tf, ../../c.tf and 3 more" in found.notes[0]


def test_files_of_one_folder_stay_together():
    changes = [FileChange(path=path, before=None, after=b"") for path in ("a/x.tf", "b/x.tf", "a/y.tf.json", "z.YAML")]
    assert list(names_of(changes)) == ["d0/f0.tf", "d1/f1.tf", "d0/f2.tf.json", "d2/f3.yaml"]


def test_a_name_of_two_kinds_is_looked_at_as_both():
    paths = ("Dockerfile.tf", "prod.Dockerfile.YML", "Dockerfile.dev", "api.dockerfile")
    changes = [FileChange(path=path, before=None, after=b"") for path in paths]
    kinds = ["d0/Dockerfile.f0.tf", "d0/Dockerfile.f1.yml", "d0/Dockerfile.f2", "d0/Dockerfile.f3"]
    assert list(names_of(changes)) == kinds


def test_a_tool_that_is_not_here_is_named():
    found = checkov_opinions(Answering({}), {}, [FileChange(path=TF, before=None, after=b"x")])
    assert (found.new, len(found.notes)) == ((), 1)
    assert "`checkov` is not here: put it into an environment of its own" in found.notes[0]


BROKEN = [
    *(ran(report(row()), returncode=code) for code in (1, 2, -9, 137)),
    ran(report(row()), timed_out=True),
    ran(report(row()), overflowed=True),
    ran(b""),
    ran(b"\xff"),
    ran(b"\x1b[0m" + json.dumps(report(row())).encode()),
    ran(json.dumps(report(row())).encode() + b"\nmore"),
    ran(b"[" * 200_000),
    ran(b"Traceback (most recent call last):"),
    ran({}),
    ran({"passed": 0}),
    ran("nothing"),
    ran([report(row()), 1]),
    ran({"check_type": "terraform", "results": {"failed_checks": []}}),
    ran({**report(), "results": None}),
    ran(report({**row(), "check_id": 7})),
    ran(report(row(rule="x\u202e"))),
    ran(report(row(rule="CKV_AWS_1\n"))),
    ran(report(row(rule="CKV_" + "A" * 90))),
    ran(report(row(line=-1))),
    ran(report({**row(), "file_line_range": [1]})),
    ran(report({**row(), "file_line_range": [True, "2"]})),
    ran(report(row(line=1 << 40))),
    ran(report({**row(), "check_name": None})),
    ran(report(row(name="x" * 2001))),
    ran(report(row(resource="x" * 2001))),
    ran(report({**row(), "resource": ["a"]})),
    ran(report(row(severity={"name": "LOW"}))),
    Unavailable("MAG-E280", "no walls"),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_an_answer_that_cannot_be_read_is_said_and_says_nothing_else(tools, broken):
    found = asked(tools, answer(), broken)
    assert found.new == ()
    assert found.notes == (f"no second opinion: `checkov` gave no answer that can be read for {TF}",)


@pytest.mark.parametrize("broken", [*BROKEN, answer(errors=["/d0/f0.tf"])])
def test_a_base_that_cannot_be_read_hides_nothing(tools, broken):
    found = asked(tools, broken, answer(row(severity="HIGH")))
    assert (len(found.new), found.raised("auto")) == (1, "two")
    assert "all it finds counts as new" in found.notes[0]


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/d0/f1.tf", "", "/", "//d0/f0.tf", "d0/f0.tf/../x", "\x1b[2J"])
def test_what_is_said_of_other_files_is_counted_and_not_shown(tools, path):
    found = asked(tools, answer(), answer(row(path=path), row(), errors=[path]))
    assert [one.path for one in found.new] == [TF]
    assert found.notes == ("second opinion: `checkov` finds 2 things in files that it was not given",)


def test_a_line_that_the_file_has_not_is_its_last(tools):
    assert [one.line for one in asked(tools, answer(), answer(row(line=0), row(line=4000))).new] == [1, 10]


def test_a_file_that_cannot_be_parsed_is_said(tools):
    found = asked(tools, answer(), answer(errors=["/d0/f0.tf"]))
    assert (found.new, found.notes) == ((), (f"no second opinion: `checkov` could not read {TF}",))


def test_a_file_that_the_tool_passes_over_is_said(tools):
    found = asked(tools, answer(), ran(report()))
    assert found.notes == (f"no second opinion: `checkov` has nothing to say of {TF}",)


def test_of_very_many_findings_the_gravest_are_told_and_the_rest_is_counted(tools):
    many = [row(resource=f"a.{number}") for number in range(MOST_FINDINGS + 5)]
    found = asked(tools, answer(), answer(*many, row(severity="CRITICAL", line=9)))
    assert (len(found.new), found.new[0].severity, found.raised("auto")) == (MOST_FINDINGS, "high", "two")
    assert found.notes == (f"second opinion: `checkov` finds 6 more things in {TF}",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ensure\n  it is\tso", "Ensure it is so"),
        ("a\x1b[31mred\u202eb", "a [31mred b"),
        ("x" * 500, "x" * 160),
        ("password = AKIAIOSFODNN7EXAMPLE", WITHHELD),
        ("found ghp_" + "a1B2" * 9, WITHHELD),
    ],
)
def test_words_are_short_visible_and_hold_no_secret(name, shown):
    assert words(name) == shown


def test_a_secret_in_an_answer_comes_out_nowhere(tools):
    secret = "ghp_" + "a1B2" * 9
    found = asked(tools, answer(), answer(row(name=f"token {secret}", resource=secret), row(path=f"/{secret}")))
    assert found.new
    assert secret not in repr(found)


@pytest.mark.parametrize(
    ("path", "content", "read"),
    [
        ("a.tf", b"", True), ("a.tf.json", b"", True), ("Dockerfile", b"", True), ("x/api.Dockerfile", b"", True),
        ("Dockerfile.dev", b"", True), ("k/pod.yaml", b"apiVersion: v1", True), ("c.json", b'"AWS::S3::Bucket"', True),
        ("c.template", b"AWSTemplateFormatVersion", True), ("k/wide.yaml", "apiVersion".encode("utf-16"), True), ("package.json", b"{}", False), ("k/v.yaml", b"a: 1", False),
        ("Dockerfile.dockerignore", b"", False), ("README.md", b"apiVersion", False), ("a.tfx", b"", False),
    ],
)  # fmt: skip
def test_only_what_the_tool_is_asked_about_is_given_to_it(tools, path, content, read):
    walls = Answering({content: ran(report())})
    checkov_opinions(walls, tools, [FileChange(path=path, before=None, after=content)])
    assert bool(walls.runs) is read


def test_files_beyond_the_bounds_are_counted(tools):
    many = [FileChange(path=f"{n}.tf", before=None, after=b"after") for n in range(MOST_FILES + 3)]
    large = FileChange(path="large.tf", before=None, after=b"x" * (MOST_BYTES + 1))
    found = checkov_opinions(Answering({b"after": ran(report())}), tools, [large, *many])
    assert found.notes[:2] == (
        "no second opinion: larger than 1,000,000 bytes for `checkov`: large.tf",
        "no second opinion on 3 files: `checkov` is given 40 at most",
    )


def test_a_removed_file_is_no_matter_of_the_tool(tools):
    walls = Answering({})
    assert checkov_opinions(walls, tools, [FileChange(path=TF, before=b"x", after=None)]).notes == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(output):
    found = read_answer(output, GIVEN, TOP)
    assert found is None or set(found.found) == set(GIVEN)
