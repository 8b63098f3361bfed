"""Changes of one file as the assessor judges them, for tests of what they do to a running system."""

from __future__ import annotations

from magistrate.domain.impact import BehaviourChange, FileChange, Impact
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

Told = tuple[str, str, str | None, str | None]


def judged(path: str, before: str | None, after: str | None) -> Impact:
    """The verdict about a change of one file, with its whole base (which is that file) at hand."""
    change = FileChange(
        path=path,
        before=None if before is None else before.encode(),
        after=None if after is None else after.encode(),
        mode_before=None if before is None else "100644",
        mode_after=None if after is None else "100644",
    )
    base = BaseTree(files={} if before is None else {path: before}, known=True)
    return assess(Case(id="x", steps=((change,),), base=base))


def entries(path: str, before: str | None, after: str | None) -> tuple[BehaviourChange, ...]:
    """What is told of it."""
    return judged(path, before, after).behaviour


def told(path: str, before: str | None, after: str | None) -> list[Told]:
    """The same without paths and lines."""
    return [(str(one.kind), one.why, one.before, one.after) for one in entries(path, before, after)]
