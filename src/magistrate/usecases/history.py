"""What the history behind a base commit says of a change: facts for the assessor (ADR 0014).

Rule kept: the same base commit, trees and changes give the same facts in every repository that
holds the history they rest on; where it is cut there are fewer, and that is told as a note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from magistrate.domain.impact import FileChange
from magistrate.impact.documents.pages import LISTS_OF_CHANGES
from magistrate.impact.documents.releases import releases_in
from magistrate.impact.earlier import MAX_LANDED
from magistrate.ports import AlteredRow, GitReader, LandedRow

MAX_ALTERED: Final = 500
"""Landed commits whose paths are looked at."""
MAX_PATHS: Final = 300
MAX_SAID: Final = 2_000
PROSE: Final = (".md", ".markdown", ".rst", ".txt")
BY_MAGISTRATE: Final = "Magistrate-Proposal:"
RELEASES_BACK: Final = 2
"""A list is often written after the release: what landed before its last heading may belong to the next."""
CUT: Final = "the history here is cut (a shallow clone?): a revert or an entry of a list of changes may stay unproven"


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
            return _facts(result_tree, rows[: at + 1]), notes
        taken = self._taken_back(rows, changes)
        if taken is not None:
            at, altered = taken
            more = {"of": rows[at].commit, "altered": [asdict(one) for one in altered]}
            return {**_facts(result_tree, rows[: at + 1]), **more}, notes
        return self._for_list(result_tree, rows, changes), notes

    def _before(self, commit: str) -> tuple[tuple[LandedRow, ...], bool]:
        at = self.places.get(commit)
        if at is None or (len(self.rows) - at < MAX_LANDED and not self.whole):
            found = self.git.landed(commit, MAX_LANDED)
            ended = len(found.rows) < MAX_LANDED
            self.rows, self.whole = found.rows, found.whole and ended
            self.places = {row.commit: number for number, row in enumerate(found.rows)}
            return found.rows, found.whole
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

    def _for_list(
        self, result_tree: str, rows: Sequence[LandedRow], changes: Sequence[FileChange]
    ) -> dict[str, Any] | None:
        """What landed since the release before the last one, where exactly one list of changes changes."""
        lists = [change for change in changes if _is_list(change.path)]
        if len(lists) != 1 or lists[0].before is None:
            return None
        back = self._releases_back(rows, lists[0])
        if back is None:
            return None
        return _facts(result_tree, rows[:back], self.git.merged(rows[0].commit, back))

    def _releases_back(self, rows: Sequence[LandedRow], change: FileChange) -> int | None:
        """How many commits landed since the heading of the release before the last was written."""
        names = [version for _, version in releases_in((change.before or b"").decode("utf-8", "replace"))]
        if len(names) < RELEASES_BACK:
            return None
        wanted = names[RELEASES_BACK - 1]
        touching = [
            (at, one.before)
            for at, altered in enumerate(self._altered(rows))
            for one in altered
            if one.path == change.path and (one.mode_after or "").startswith("100")
        ]
        olds = self.git.read_blobs([old for _, old in touching[:MAX_PATHS] if old is not None])
        for at, old in touching[:MAX_PATHS]:
            text = olds[old].decode("utf-8", "replace") if old is not None else ""
            if all(version != wanted for _, version in releases_in(text)):
                return at
        return None


def _is_list(path: str) -> bool:
    return path.lower().endswith(PROSE) and LISTS_OF_CHANGES.search(path) is not None


def _facts(
    result_tree: str, rows: Sequence[LandedRow], merged: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, Any]:
    return {"result_tree": result_tree, "landed": [_landed(row, (merged or {}).get(row.commit, ())) for row in rows]}


def _landed(row: LandedRow, merged: Sequence[str]) -> dict[str, Any]:
    said = "" if merged else row.body[:MAX_SAID]
    proposed = BY_MAGISTRATE in row.body
    one = {"commit": row.commit, "tree": row.tree, "subject": row.subject, "said": said, "proposed": proposed}
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
