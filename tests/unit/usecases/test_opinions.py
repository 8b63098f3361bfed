"""Second opinions: what is new is told, what cannot be told is said, and nothing is ever asked for less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange
from magistrate.errors import Unavailable
from magistrate.ports import SandboxLevel, SandboxResult
from magistrate.usecases.evidence import program
from magistrate.usecases.opinions import MOST_FINDINGS, ORDER, Opinion, Opinions, findings, second_opinions

pytestmark = pytest.mark.requirement("R23")
FLOW = ".github/workflows/a.yml"


class Answering:
    """A sandbox whose tool answers by the bytes of the file that it is given."""

    level = SandboxLevel.BUBBLEWRAP

    def __init__(self, answers):
        self.answers = answers

    def run(self, argv, **asked):
        answer = self.answers[Path(argv[-1]).read_bytes()]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(*found, returncode=0, timed_out=False, overflowed=False):
    text = json.dumps(found).encode()
    return SandboxResult(returncode=returncode, stdout=text, stderr=b"", timed_out=timed_out, overflowed=overflowed)


def finding(rule="template-injection", severity="High", row=7, feature="github.event.comment.body", step=0):
    route = {"route": [{"Key": "jobs"}, {"Key": "x"}, {"Key": "steps"}, {"Index": step}]}
    return {
        "ident": rule, "desc": "d", "determinations": {"severity": severity, "confidence": "High"},
        "locations": [{
            "symbolic": {"annotation": "may expand", "kind": "Primary", "route": route},
            "concrete": {"location": {"start_point": {"row": row, "column": 1}}, "feature": feature},
        }],
    }  # fmt: skip


@pytest.fixture
def tools(tmp_path):
    place = tmp_path / "zizmor"
    place.write_bytes(b"tool")
    return {"zizmor": program(place)}


def asked(tools, before, after, path=FLOW):
    change = FileChange(path=path, before=b"before", after=b"after")
    return second_opinions(Answering({b"before": before, b"after": after}), tools, [change])


def test_what_was_there_before_is_not_told_wherever_it_moved(tools):
    found = asked(tools, answer(finding()), answer(finding(row=90, step=4)))
    assert (found.new, found.notes) == ((), ())
    assert found.raised("auto") == "auto"


def test_a_new_high_finding_is_told_with_its_line_and_asks_for_two(tools):
    found = asked(tools, answer(), answer(finding()))
    assert [one.words for one in found.new] == ["second opinion: zizmor template-injection at line 8 (high): d"]
    assert [found.raised(one) for one in ORDER] == ["two", "two", "two", "deny"]


@pytest.mark.parametrize(
    "other", [finding(feature="github.head_ref"), finding(rule="dangerous-triggers"), finding(severity="Medium")]
)
def test_another_finding_in_the_place_of_an_old_one_is_new(tools, other):
    assert len(asked(tools, answer(finding()), answer(other)).new) == 1


def test_a_second_finding_of_the_same_kind_is_new(tools):
    assert len(asked(tools, answer(finding()), answer(finding(), finding(row=20))).new) == 1


def test_a_medium_finding_is_told_and_asks_for_nobody(tools):
    found = asked(tools, answer(), answer(finding(severity="Medium")))
    assert (len(found.new), found.raised("one")) == (1, "one")


def test_a_tool_that_is_not_here_is_named():
    change = FileChange(path=FLOW, before=None, after=b"after")
    found = second_opinions(Answering({}), {}, [change])
    assert (found.new, len(found.notes)) == ((), 1)
    assert "`zizmor` is not here: pip install 'magistrate[opinions]'" in found.notes[0]


BROKEN = [
    answer(finding(), returncode=1),
    answer(finding(), timed_out=True),
    answer(finding(), overflowed=True),
    answer({"ident": "x"}),
    answer(finding(rule="x\u202e")),
    answer(finding(rule="")),
    answer(finding(severity="Ultra")),
    answer(finding(row=-1)),
    answer({**finding(), "locations": []}),
    answer(*([finding()] * (MOST_FINDINGS + 1))),
    SandboxResult(returncode=0, stdout=b"[" * 200_000, stderr=b"", timed_out=False),
    SandboxResult(returncode=0, stdout=b"\xff", stderr=b"", timed_out=False),
    SandboxResult(returncode=0, stdout=b"", stderr=b"", timed_out=False),
    Unavailable("MAG-E280", "no walls"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_an_answer_that_cannot_be_read_is_said_and_says_nothing_else(tools, broken):
    found = asked(tools, answer(), broken)
    assert found.new == ()
    assert found.notes == (f"no second opinion: `zizmor` gave no answer that can be read for {FLOW}",)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_base_that_cannot_be_read_hides_nothing(tools, broken):
    found = asked(tools, broken, answer(finding()))
    assert (len(found.new), found.raised("auto")) == (1, "two")
    assert "all it finds counts as new" in found.notes[0]


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (FLOW, True), ("tools/x/action.yaml", True), ("action.yml", True), (".github/dependabot.yml", True),
        ("src/.github/workflows/a.yml", False), ("reaction.yml", False), ("main.tf", False),
    ],
)  # fmt: skip
def test_only_what_the_tool_reads_is_given_to_it(tools, path, read):
    assert bool(asked(tools, answer(), answer(finding()), path).new) is read


@pytest.mark.parametrize("path", ["../action.yml", "a//action.yml", f"{'x' * 300}/action.yml", "\0/action.yml"])
def test_a_name_that_cannot_be_laid_out_is_said(tools, path):
    found = asked(tools, answer(), answer(finding()), path)
    assert (found.new, len(found.notes)) == ((), 1)


def test_files_beyond_the_bound_are_counted(tools):
    many = [FileChange(path=f".github/workflows/{n}.yml", before=None, after=b"after") for n in range(43)]
    found = second_opinions(Answering({b"after": answer()}), tools, many)
    assert found.notes == ("no second opinion on 3 files: 40 at most are scanned",)


opinion = st.builds(
    Opinion, tool=st.just("zizmor"), rule=st.just("r"), path=st.just(FLOW), line=st.integers(1, 9),
    severity=st.sampled_from(["unknown", "informational", "low", "medium", "high"]), why=st.text(max_size=9),
)  # fmt: skip


@given(st.lists(opinion, max_size=5), st.lists(st.text(max_size=9), max_size=3), st.sampled_from(ORDER))
def test_with_opinions_nothing_asks_for_fewer_people(new, notes, strictness):
    found = Opinions(new=tuple(new), notes=tuple(notes))
    assert ORDER.index(found.raised(strictness)) >= ORDER.index(strictness)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(output):
    found = findings(output)
    assert found is None or isinstance(found, list)
