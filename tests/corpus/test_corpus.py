"""Every prover and sensor is listed, has its cases, more refuted than proven, and its page."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from paths import PACKAGE, ROOT, TESTS

from magistrate.bootstrap.tools import found_tools
from magistrate.domain.impact import LOW, Evidence, FileChange, ProofStatus
from magistrate.impact.assess import PROVERS, SENSORS, assess, evidence_wanted, judge, sense
from magistrate.impact.base import BaseTree, ChangedFile, Prover
from magistrate.impact.case import Case, parse_case
from magistrate.impact.earlier import earlier_of
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.provers.comment_text import CommentText
from magistrate.impact.provers.comments import Comments
from magistrate.impact.provers.formatting import Formatting
from magistrate.impact.provers.program_text import ProgramText
from magistrate.impact.testing.runs import request
from magistrate.usecases.evidence import RUNNERS

CORPUS = TESTS / "corpus"
TOOLS = found_tools()


def folders(kind: str) -> list[Path]:
    return sorted(place for unit in (CORPUS / kind).iterdir() for place in unit.iterdir())


def side(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def case_at(place: Path) -> Case:
    old, new = side(place / "before"), side(place / "after")
    base = {path: content.decode() for path, content in side(place / "base").items()}
    step = tuple(FileChange(path=path, before=old.get(path), after=new.get(path)) for path in sorted({*old, *new}))
    facts = place / "earlier.json"
    earlier = earlier_of(json.loads(facts.read_text())) if facts.is_file() else None
    tree = BaseTree(files=base, known="unknown_base" not in place.name, earlier=earlier)
    return Case(id=place.name, steps=(step,), base=tree)


def evidence_for(case: Case, tmp: Path, provers: Sequence[Prover] = PROVERS) -> list[Evidence]:
    runs = []
    step = tuple(ChangedFile(change=change) for change in case.steps[0])
    judged = [judge(file, step, case.base, (), provers) for file in step]
    for want in (want for one in judged for want in evidence_wanted(one, case.base, ())):
        if want.tool == "pytest-run":
            continue  # cases of the tests prover bring the record of their run; see below
        configs = [path for path, _ in want.inputs if path != want.path]
        for path in configs:
            (tmp / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp / path).write_bytes(case.base.files[path].encode())
        before = next(change.before for change in case.steps[0] if change.path == want.path)
        runner = RUNNERS[want.tool]
        if runner.program not in TOOLS:
            pytest.skip(f"tool of the operator absent: {runner.program}")
        argv = runner.argv(TOOLS[runner.program], tmp, want.path, configs)
        done = subprocess.run(argv, input=before, capture_output=True, check=True, cwd=tmp)
        runs.append(
            Evidence(
                tool=want.tool, tool_digest="d", path=want.path, inputs_digest=want.inputs_digest, output=done.stdout
            )
        )
    return runs


def recorded_run(case: Case, place: Path) -> list[Evidence]:
    """The record of a run of tests in `run.json`; tests/process/test_runs_of_tests.py makes each again."""
    record = place / "run.json"
    wanted = request([ChangedFile(change=change) for change in case.steps[0]], case.base)
    if wanted is None or not record.is_file():
        return []
    return [
        Evidence(
            tool=wanted.tool,
            tool_digest="d",
            path=wanted.path,
            inputs_digest=wanted.inputs_digest,
            output=record.read_bytes(),
        )
    ]


@pytest.mark.requirement("R17", "R18", "R19", "R20", "R21")
@pytest.mark.parametrize("place", folders("provers"), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_each_case_is_proven_by_its_prover_or_refuted(place: Path, tmp_path: Path) -> None:
    case = case_at(place)
    own = [p for p in PROVERS if type(p).__module__.endswith("." + place.parent.name)]
    own = [
        p
        for p in own
        if not isinstance(p, Formatting | Comments | CommentText | ProgramText) or place.name.startswith(p.language.name + "_")
    ]
    runs = [*evidence_for(case, tmp_path, own), *recorded_run(case, place)]
    step = tuple(ChangedFile(change=change) for change in case.steps[0])
    found = [judge(file, step, case.base, runs, own).impact.proof for file in step]
    if place.name.endswith("_refuted"):
        assert any(proof.status is not ProofStatus.PROVEN for proof in found)
        assert not assess(case, runs).auto_eligible
    else:
        assert [proof.status for proof in found] == [ProofStatus.PROVEN], found
        assert all(proof.witness for proof in found)


@pytest.mark.parametrize("place", folders("sensors"), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_each_sensor_speaks_when_it_must(place: Path) -> None:
    case = case_at(place)
    sensor = next(s for s in SENSORS if s.name == place.parent.name)
    files = [ChangedFile(change=change) for change in case.steps[0]]
    found = [hit for file in files for hit in sense(file, case.base, [sensor])]
    assert bool(found) is not place.name.endswith("_refuted")
    if found:
        assert not assess(case).auto_eligible


@pytest.mark.parametrize("kind", ["provers", "sensors"])
def test_every_file_is_listed_has_cases_and_a_page(kind: str) -> None:
    modules = {p.stem for p in (PACKAGE / "impact" / kind).glob("*.py")} - {"__init__"}
    provers = {type(p).__module__.rsplit(".", 1)[1] for p in PROVERS}
    listed = provers if kind == "provers" else {s.name for s in SENSORS}
    assert modules == listed == {p.name for p in (CORPUS / kind).iterdir()}
    for name in modules:
        cases = [p.name for p in (CORPUS / kind / name).iterdir()]
        refuted = [case for case in cases if case.endswith("_refuted")]
        assert refuted
        assert len(refuted) * 2 >= len(cases), name
        assert (ROOT / "docs" / "reference" / kind / f"{name}.md").is_file()


@pytest.mark.requirement("R17", "R18")
@pytest.mark.parametrize("language", [language.name for language in LANGUAGES])
@pytest.mark.parametrize("kind", ["formatting", "comments"])
def test_every_language_has_its_cases(kind: str, language: str) -> None:
    cases = [p.name for p in (CORPUS / "provers" / kind).iterdir() if p.name.startswith(language + "_")]
    refuted = [case for case in cases if case.endswith("_refuted")]
    assert refuted
    assert len(refuted) * 2 >= len(cases)


def attacks() -> list[dict[str, Any]]:
    files = sorted((CORPUS / "attacks").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("attack", attacks(), ids=lambda a: a["id"])
def test_no_attack_of_our_own_is_automatic(attack: dict[str, Any]) -> None:
    assert not assess(parse_case(attack)).auto_eligible


@pytest.mark.requirement("R21")
def test_a_proposal_that_steers_the_tool_lowers_nothing(tmp_path: Path) -> None:
    case = case_at(CORPUS / "provers" / "rederivation" / "changed_config_refuted")
    found = {file.path: file for file in assess(case, evidence_for(case, tmp_path)).files}
    assert found["a.py"].change_class not in LOW
