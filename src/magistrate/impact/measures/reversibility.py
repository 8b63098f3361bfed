"""Whether the inverse change brings everything back, and what it does not bring back (R30).

Rule kept: `yes` only where nothing sensitive outlives the change and no operation without a way back is
added or altered, and where the inverse, tried in a scratch copy, gives the base; what cannot be read, or fails to be, is named and counts as such an operation. Files
that are proven to be words, layout or tests run nothing and are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from magistrate.domain.impact import ChangeClass, FileImpact, NoWayBack, ProofStatus, Sensitivity
from magistrate.impact.base import PROSE, ChangedFile
from magistrate.impact.returning.inverse import NoInverseError, verify_inverse
from magistrate.impact.returning.model import Holding, Operation, Reader, Side, added, lost, missed, told
from magistrate.impact.returning.readers import HOLDING, READERS

YES: Final = "yes"
NO: Final = "no"
LASTING: Final = frozenset(
    {ChangeClass.MIGRATION, ChangeClass.RELEASE, ChangeClass.SECRETS, ChangeClass.INFRASTRUCTURE}
)
EQUAL: Final = frozenset(
    {ChangeClass.FORMATTING, ChangeClass.COMMENTS, ChangeClass.DOCS, ChangeClass.TESTS, ChangeClass.LINT}
)
"""Classes whose proof says that nothing of the file is run, or runs as before."""
MAX_TEXT: Final = 1_000_000
MAX_ROWS: Final = 60
NO_INVERSE: Final = "no inverse"
UNREAD: Final = "cannot be read"


def reversible(sensitivities: Iterable[Sensitivity], no_way_back: Sequence[NoWayBack] = ()) -> str:
    """`yes` for a plain git change; `no` where data, releases, secrets, resources or an operation outlive it."""
    lasting = bool(no_way_back) or any(found.kind in LASTING for found in sensitivities)
    return NO if lasting else YES


def no_way_back(
    files: Sequence[FileImpact], steps: Sequence[Sequence[ChangedFile]], readers: Sequence[Reader] = READERS
) -> tuple[NoWayBack, ...]:
    """What the change adds or alters that cannot be undone, by path and line; each step for itself."""
    proven = [one for one in files if one.proof.status is ProofStatus.PROVEN]
    equal = {one.path for one in proven if one.change_class in EQUAL}
    locks = {one.path for one in proven if one.change_class is ChangeClass.DEPENDENCY}
    found: dict[NoWayBack, None] = {}
    try:
        verify_inverse([[file.change for file in step] for step in steps])
    except NoInverseError as error:
        found[NoWayBack(path="", line=0, operation=NO_INVERSE, why=str(error))] = None
    for step in steps:
        for row in _of_step([file for file in step if file.path not in equal], readers, locks):
            found.setdefault(row)
    rows = sorted(found, key=lambda row: (row.path, row.line, row.operation, row.why))
    if len(rows) > MAX_ROWS:
        rest = len(rows) - MAX_ROWS
        more = NoWayBack(path=rows[MAX_ROWS].path, line=0, operation="more", why=f"{rest} more that are not listed")
        return (*rows[:MAX_ROWS], more)
    return tuple(rows)


def _of_step(files: Sequence[ChangedFile], readers: Sequence[Reader], locks: set[str]) -> Iterator[NoWayBack]:
    """`locks`: files that a proof has read whole as names and versions, however large they are."""
    held: tuple[list[tuple[str, Holding]], list[tuple[str, Holding]]] = ([], [])
    for file in files:
        if file.binary or (PROSE.search(file.path) and file.change.mode_after != "100755"):
            continue  # what is no text is `unknown` and asks for two people already; prose runs nothing
        if max(len(file.before), len(file.after)) > MAX_TEXT:
            yield from () if file.path in locks else (_too_large(file),)
            continue
        operations: tuple[list[Operation], list[Operation]] = ([], [])
        for after in (True, False):  # what stood there before matters only beside what stands there now
            mine = readers if after or operations[True] else [one for one in readers if one in HOLDING]
            text = file.both_texts[after]
            found = _read_all(Side(path=file.path, text=text), mine) if text else []
            operations[after].extend(one for one in found if isinstance(one, Operation))
            held[after].extend((file.path, one) for one in found if isinstance(one, Holding))
        for new in added(*operations):
            yield told(file.path, new)
    for path, gone in lost(*held):
        yield missed(path, gone)


def _too_large(file: ChangedFile) -> NoWayBack:
    why = "it is too large to be read for operations without a way back"
    return NoWayBack(path=file.path, line=0, operation=UNREAD, why=why)


def _read_all(side: Side, readers: Sequence[Reader]) -> list[Operation | Holding]:
    return [one for reader in readers for one in _read(reader, side)]


def _read(reader: Reader, side: Side) -> list[Operation | Holding]:
    """What one reader finds; where it fails, the whole text is one operation that nobody could read."""
    try:
        return list(reader(side))
    except Exception as error:  # noqa: BLE001 - a crash must never make a change look as if it could be undone
        why = f"a reader failed ({type(error).__name__}), so nobody knows what it does"
        return [Operation(name=UNREAD, text=side.text, line=0, why=why)]
