"""The explicit list of soak subjects."""

from __future__ import annotations

from soak.action_matrix import SUBJECT as CRASH_ACTIONS
from soak.crash_matrix import SUBJECT as CRASH_MATRIX
from soak.journal_matrix import SUBJECT as CRASH_JOURNAL
from soak.mutated_patches import SUBJECT as MUTATED_PATCHES
from soak.push_execute_race import SUBJECT as PUSH_EXECUTE_RACE
from soak.race_of_processes import SUBJECT as RACE_OF_PROCESSES
from soak.subject import Subject

SUBJECTS: tuple[Subject, ...] = (
    CRASH_MATRIX, CRASH_ACTIONS, CRASH_JOURNAL, MUTATED_PATCHES, PUSH_EXECUTE_RACE, RACE_OF_PROCESSES,
)  # fmt: skip
