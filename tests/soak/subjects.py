"""The explicit list of soak subjects."""

from __future__ import annotations

from soak import mutated_patches, push_execute_race, race_of_processes
from soak.subject import Subject

SUBJECTS: tuple[Subject, ...] = (mutated_patches.SUBJECT, push_execute_race.SUBJECT, race_of_processes.SUBJECT)
