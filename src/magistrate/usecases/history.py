"""What the history behind a base commit says of a change: facts for the assessor (ADR 0014).

Rule kept: the same base commit, trees and changes give the same facts in every repository that
holds the history they rest on; where it is cut there are fewer, and that is told as a note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from magistrate.domain.history import MAX_LANDED, AlteredRow, LandedRow
from magistrate.domain.impact import FileChange
from magistrate.ports import GitReader

MAX_ALTERED: Final = 500
"""Landed commits whose paths are looked at."""
MAX_PATHS: Final = 300
AHEAD: Final = 3
"""Histories that are read at once where one was not enough: the next base commit is older."""
MAX_SAID: Final = 2_000
CUT: Final = "the history here is cut (a shallow clone?): what takes a landed change back may stay unproven"


@dataclass(kw_only=True)
class Histories:
    """Histories of one repository; commits that follow each other share what was read."""

    git: GitReader
    rows: tuple[LandedRow, ...] = ()
    whole: bool = False
    places: dict[str, int] = field(default_factory=dict)
    known: dict[str, tuple[AlteredRow, ...]] = field(default_factory=dict)

    def facts(
        self, commit: str, base_tree: str, result_tree: str, changes: Sequence[FileChange]
    ) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """Facts in the form of the assess contract, None where nothing could rest on them; and notes."""
        rows, whole = self._before(commit)
        notes = () if whole else (CUT,)
        if not rows or rows[0].tree != base_tree or base_tree == result_tree:
            return None, notes
        at = next((at for at, row in enumerate(rows) if at and row.tree == result_tree), None)
        if at is not None:
            return _facts(result_tree, rows[: at + 1], self.git.merged(commit, at + 1)), notes
        taken = self._taken_back(rows, changes)
        if taken is None:
            return None, notes
        at, altered = taken
        more = {"of": rows[at].commit, "altered": [asdict(one) for one in altered]}
        return {**_facts(result_tree, rows[: at + 1], self.git.merged(commit, at + 1)), **more}, notes

    def _before(self, commit: str) -> tuple[tuple[LandedRow, ...], bool]:
        at = self.places.get(commit)
        if at is None or (len(self.rows) - at < MAX_LANDED and not self.whole):
            limit = MAX_LANDED * (AHEAD if self.rows else 1)
            found = self.git.landed(commit, limit)
            self.rows, self.whole = found.rows, found.whole and len(found.rows) < limit
            self.places = {row.commit: number for number, row in enumerate(found.rows)}
            return found.rows[:MAX_LANDED], found.whole or len(found.rows) >= MAX_LANDED
        return self.rows[at : at + MAX_LANDED], True

    def _taken_back(
        self, rows: Sequence[LandedRow], changes: Sequence[FileChange]
    ) -> tuple[int, tuple[AlteredRow, ...]] | None:
        """The latest landed commit whose exact inverse the change is."""
        if not 0 < len(changes) <= MAX_PATHS:
            return None
        wanted = sorted(_inverse(change) for change in changes)
        for at, altered in enumerate(self._altered(rows[:MAX_ALTERED])):
            if len(altered) == len(wanted) and sorted(_sides(one) for one in altered) == wanted:
                return at, altered
        return None

    def _altered(self, rows: Sequence[LandedRow]) -> list[tuple[AlteredRow, ...]]:
        """Paths of each row, up to the first whose trees are not at hand."""
        asked = [row for row in rows if row.parent_tree is not None and row.commit not in self.known]
        found = self.git.altered([(row.parent_tree or "", row.tree) for row in asked])
        self.known |= {row.commit: one for row, one in zip(asked, found, strict=True) if one is not None}
        return [self.known.get(row.commit, ()) for row in rows]


def _facts(result_tree: str, rows: Sequence[LandedRow], merged: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {"result_tree": result_tree, "landed": [_landed(row, merged.get(row.commit, ())) for row in rows]}


def _landed(row: LandedRow, merged: Sequence[str]) -> dict[str, Any]:
    one = {"commit": row.commit, "tree": row.tree, "subject": row.subject, "said": row.body[:MAX_SAID]}
    return {**one, "merged": list(merged)} if merged else one


def _inverse(change: FileChange) -> tuple[str, str, str, str, str]:
    old, new = _blob(change.before, change.mode_before), _blob(change.after, change.mode_after)
    return change.path, new, old, change.mode_after or "", change.mode_before or ""


def _sides(one: AlteredRow) -> tuple[str, str, str, str, str]:
    return one.path, one.before or "", one.after or "", one.mode_before or "", one.mode_after or ""


def _blob(content: bytes | None, mode: str | None) -> str:
    if content is None:
        return ""
    if mode == "160000":
        return content.decode(errors="replace").rpartition(" ")[2].strip()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
