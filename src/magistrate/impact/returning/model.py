"""What has no way back, as one side of a file says it, and what a change adds to that.

Rule kept (R30): an operation counts where it stands more often after the change than before; what holds
something (a resource, a protection, an object in a cluster) counts where it stands less often. Equal
statements are equal texts, blanks aside, so that moving or laying out anew is no change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from magistrate.domain.impact import NoWayBack

SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that cannot be taken back once it ran: `text` is the statement, `line` is 1-based (0: the file)."""

    name: str
    text: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something whose disappearance cannot be taken back.

    `key` names it in the whole change, so that it may move from file to file; `shown` is for people.
    """

    name: str
    key: str
    shown: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of one file."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """Last component, in lower case."""
        return self.path.rsplit("/", 1)[-1].lower()


Found = Operation | Holding


class Reader(Protocol):
    """One language of operations."""

    def __call__(self, side: Side) -> Iterable[Found]:
        """Everything of this language in one side; nothing where the file is of another."""


def one_line(text: str) -> str:
    """Blanks as one."""
    return " ".join(text.split())


def added(before: Iterable[Operation], after: Iterable[Operation]) -> Iterator[Operation]:
    """Operations that stand more often after than before, in the order of the new side, the last ones kept."""
    left = Counter((one.name, one.text) for one in before)
    for one in after:
        if left[one.name, one.text] > 0:
            left[one.name, one.text] -= 1
        else:
            yield one


def lost(before: Iterable[tuple[str, Holding]], after: Iterable[tuple[str, Holding]]) -> Iterator[tuple[str, Holding]]:
    """Holdings, each with its path, that stand less often after than before, anywhere in the change."""
    left = Counter((one.name, one.key) for _, one in after)
    for path, one in before:
        if left[one.name, one.key] > 0:
            left[one.name, one.key] -= 1
        else:
            yield path, one


def told(path: str, one: Operation) -> NoWayBack:
    """An operation as the verdict names it."""
    return NoWayBack(path=path, line=one.line, operation=one.name, why=one.why)


def missed(path: str, one: Holding) -> NoWayBack:
    """A holding that is gone, as the verdict names it; its line is that of the old side."""
    return NoWayBack(path=path, line=one.line, operation=one.name, why=one.why)
