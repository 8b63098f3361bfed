"""What a soak run is about: a requirement, the source that it measures, and cases made from a seed.

A subject opens a rig in a folder; the rig is a trial that runs one case with the chances of one
generator and says in a word how it ended. Any exception out of a trial is a failed case. Shard and
case name the generator, so that a case can be played again: `--replay SHARD:CASE`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SEED = "magistrate soak 1"
"""Changed by hand when other cases are wanted; part of every result."""


class Chances(random.Random):
    """The generator of one case, which knows which case it is."""

    shard: int
    case: int


class Told(str):
    """How a case ended, with figures: whole numbers by their name, kept in the shard's result."""

    __slots__ = ("figures",)
    figures: Mapping[str, Sequence[int]]

    def __new__(cls, word: str, figures: Mapping[str, Sequence[int]]) -> Self:
        told = super().__new__(cls, word)
        told.figures = figures
        return told


Trial = Callable[[Chances], str]


class BrokenError(AssertionError):
    """A case that broke what must hold; the text says what and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`shards` times `cases` cases; `measures` are patterns from the project's root.

    `must_see` are words of which a whole run has to show at least one each: without them it proved nothing. `cells`
    are beginnings of words, up to a colon: a cell without a case is an empty cell.
    """

    name: str
    requirement: str
    says: str
    measures: tuple[str, ...]
    shards: int
    cases: int
    rig: Callable[[Path], AbstractContextManager[Trial]]
    must_see: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


def chances(subject: str, shard: int, case: int, seed: str = SEED) -> Chances:
    """The generator of one case; the same on every machine."""
    made = Chances(f"{seed}/{subject}/{shard}/{case}")
    made.shard, made.case = shard, case
    return made
