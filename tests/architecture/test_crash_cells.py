"""The crash matrix names every step of the journal and every event of a lease; its sample covers steps and faults."""

from __future__ import annotations

import json
import subprocess

import pytest
from paths import PYTHON, ROOT
from soak.action_cells import ACTIONS
from soak.action_cells import CELLS as ACTION_CELLS
from soak.action_cells import covering as covering_actions
from soak.action_matrix import SUBJECT as ACTION_SUBJECT
from soak.crash_cells import (
    CELLS,
    FAULTS,
    LEASE_EVENTS,
    MATRIX,
    MOMENTS,
    NOT_APPLICABLE,
    WAYS,
    covering,
    written_by_the_executor,
)  # fmt: skip
from soak.crash_faults import DEEDS
from soak.crash_matrix import CASES, SUBJECT
from soak.journal_cells import CELLS as JOURNAL_CELLS
from soak.journal_cells import FAULTS as JOURNAL_FAULTS
from soak.journal_cells import LOST
from soak.journal_cells import covering as covering_journals
from soak.journal_matrix import SUBJECT as JOURNAL_SUBJECT
from soak.journal_matrix import Journals

from magistrate.domain.execution import LeaseState


@pytest.mark.requirement("R53", "R56")
def test_no_step_of_the_journal_is_missing_from_the_matrix() -> None:
    named = {cell.point.step for cell in MATRIX}
    assert named == written_by_the_executor(), "give a new step its cells, or say why it has none"
    assert set(LEASE_EVENTS) == set(LeaseState)
    assert set(LEASE_EVENTS.values()) <= {cell.point.step for cell in CELLS}
    assert all(cell.why_not.strip() for cell in MATRIX if cell not in CELLS)
    assert {cell.point.step for cell in MATRIX if cell.why_not} == set(NOT_APPLICABLE)


@pytest.mark.requirement("R53", "R56")
def test_every_write_meets_every_fault_before_and_after() -> None:
    writes = [(way.name, write) for way in WAYS for write in way.writes]
    assert len(writes) == len(set(writes))
    assert set(FAULTS) == set(DEEDS)
    assert len(CELLS) == len({cell.name for cell in CELLS}) == len(writes) * len(FAULTS) * len(MOMENTS)
    assert SUBJECT.cells == tuple(cell.name for cell in CELLS)
    assert SUBJECT.shards * CASES >= max(300, len(CELLS))


@pytest.mark.requirement("R5", "R53", "R56")
def test_each_write_of_each_action_meets_every_fault_and_both_moments() -> None:
    writes = [(way.name, write) for way in ACTIONS for write in way.writes]
    assert len(writes) == len(set(writes))
    assert len(ACTION_CELLS) == len({cell.name for cell in ACTION_CELLS}) == len(writes) * len(FAULTS)
    assert {(way, *write, fault) for way, write in writes for fault in FAULTS} == {
        (cell.way.name, cell.point.step, cell.point.status, cell.point.occurrence, cell.fault) for cell in ACTION_CELLS
    }
    met = {(cell.way.name, cell.point.step, cell.point.occurrence, cell.point.moment) for cell in ACTION_CELLS}
    assert met == {(way, step, nth, moment) for way, (step, _, nth) in writes for moment in MOMENTS}
    assert {cell.point.step for cell in ACTION_CELLS} >= {"system.started", "system.changed", "secret.probed"}
    assert ACTION_SUBJECT.cells == tuple(cell.name for cell in ACTION_CELLS)
    assert ACTION_SUBJECT.shards * CASES >= len(ACTION_CELLS) >= 300


@pytest.mark.requirement("R53", "R56")
def test_each_write_meets_whatever_befalls_a_journal_on_a_server() -> None:
    writes = [(way.name, write) for way in WAYS for write in way.writes]
    assert len(JOURNAL_CELLS) == len({cell.name for cell in JOURNAL_CELLS}) == len(writes) * len(JOURNAL_FAULTS)
    assert {(cell.fault, cell.point.moment) for cell in JOURNAL_CELLS} == {
        (f, m) for f in JOURNAL_FAULTS for m in MOMENTS
    }
    assert set(JOURNAL_FAULTS) <= set(Journals.deeds)
    assert JOURNAL_SUBJECT.cells == tuple(cell.name for cell in JOURNAL_CELLS)
    assert JOURNAL_SUBJECT.shards * CASES >= len(JOURNAL_CELLS)
    sample = covering_journals()
    assert {cell.fault for cell in sample} == set(JOURNAL_FAULTS)
    assert {cell.way.name for cell in sample} >= {"effect", "rollback"}
    assert len([cell for cell in sample if cell.fault in LOST]) >= len(LOST)


def test_the_sample_of_the_actions_covers_ways_faults_and_moments() -> None:
    sample = covering_actions()
    assert {cell.way.name for cell in sample} == {way.name for way in ACTIONS}
    assert {cell.fault for cell in sample} == set(FAULTS)
    assert {cell.point.moment for cell in sample} == set(MOMENTS)
    assert set(sample) <= set(ACTION_CELLS)


def test_the_sample_of_the_normal_suite_covers_writes_faults_and_moments() -> None:
    sample = covering()
    assert {(cell.way.name, cell.point.step, cell.point.status, cell.point.occurrence) for cell in sample} == {
        (way.name, *write) for way in WAYS for write in way.writes
    }
    assert {cell.fault for cell in sample} == set(FAULTS)
    assert {(cell.fault, cell.point.moment) for cell in sample} == {(f, m) for f in FAULTS for m in MOMENTS}
    assert set(sample) <= set(CELLS)


@pytest.mark.requirement("R53")
def test_the_page_of_reliability_is_what_the_soak_found() -> None:
    argv = [PYTHON, str(ROOT / "tools/reliability_page.py"), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for subject in (SUBJECT, ACTION_SUBJECT):
        result = json.loads((ROOT / f"docs/results/soak-{subject.name}.json").read_text())
        filled = {word.rpartition(": ")[0] for word in result["seen"]}
        assert filled == set(subject.cells), "no cell is empty, and none is unknown"
        assert result["failures"] == []
