"""What a change comes to together with others by the same hands: what landed since people last agreed to the whole, and what is in flight.

All of it is judged as one change, from the state before the first of them to the state after the last
(R31, R32): a step that is harmless alone gets the class of what it completes.

Rule kept (invariant 4): the composed verdict only adds to what the change itself asks for. What does not
compose, could not be rebuilt or is too much to look at asks for two people by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from magistrate.domain.impact import FileChange, Strictness
from magistrate.errors import Unavailable
from magistrate.ports import GitReader, TreeEntry
from magistrate.usecases.assess import Assessor, case_of
from magistrate.usecases.base_texts import context_of
from magistrate.usecases.settled import woken
from magistrate.wire.assessment import SensitivityVerdict, Verdict
from magistrate.wire.effect import GitUpdate

SUBMODULE: Final = "160000"
WHOLE: Final = "*"
CONFLICT: Final = (
    "two changes in flight by the same hands write this file differently, so nobody can say what both come to"
)
TOO_MANY: Final = "{} more changes by the same hands are too many to be judged together"
MAX_FILES: Final = 5_000
MAX_BYTES: Final = 48_000_000
Held = tuple[bytes | None, str | None]
"""Bytes and mode of a path; both None where there is nothing."""
NOTHING: Final[Held] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The files of one member; `settled`: it landed, and two people agreed to it as a part of a whole."""

    changes: tuple[FileChange, ...]
    landed: bool
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What nobody can say of the whole; `path` is WHOLE where it is about no file."""

    path: str
    why: str


def net_of(
    mine: Sequence[FileChange], parts: Sequence[Part], now: Callable[[str], Held]
) -> tuple[tuple[FileChange, ...], tuple[str, ...]]:
    """All of it as one change, and the paths on which changes in flight contradict each other.

    Before: as it was before the first landed part wrote a file, else as it is now (`now` reads the
    current base). After: as this change leaves it, else as a change in flight would, else as it is now.
    """
    own = {change.path: change for change in mine}
    first: dict[str, FileChange] = {}
    flying: dict[str, FileChange] = {}
    torn: set[str] = set()
    for part in parts:
        for change in part.changes:
            if part.landed:
                first.setdefault(change.path, change)
            elif _after(flying.setdefault(change.path, change)) != _after(change):
                torn.add(change.path)
    torn |= {path for path, change in flying.items() if path in own and _after(own[path]) != _after(change)}
    torn |= {path for path, change in flying.items() if now(path) not in (_before(change), _after(change))}
    found = (
        _net(path, first.get(path), own.get(path) or flying.get(path), now) for path in sorted({*own, *first, *flying})
    )
    return tuple(one for one in found if _before(one) != _after(one)), tuple(sorted(torn))


def _net(path: str, first: FileChange | None, last: FileChange | None, now: Callable[[str], Held]) -> FileChange:
    before = _before(first) if first is not None else _before(last) if last is not None else NOTHING
    after = _after(last) if last is not None else now(path)
    return FileChange(path=path, before=before[0], after=after[0], mode_before=before[1], mode_after=after[1])


def _before(change: FileChange) -> Held:
    return change.before, change.mode_before


def _after(change: FileChange) -> Held:
    return change.after, change.mode_after


def judged_together(  # noqa: PLR0913, PLR0917  each is a separate thing that is known
    assessor: Assessor,
    git: GitReader,
    effect: GitUpdate,
    mine: Sequence[FileChange],
    parts: Sequence[Part],
    doubts: Sequence[Doubt] = (),
) -> tuple[Verdict, ...]:
    """Verdicts of this change with what is in flight, and of all of it since the window's base; strictest of both counts.

    Raises:
        Unavailable: the assessor cannot judge.
    """
    fresh, dropped = within_bounds([part for part in parts if not part.settled])
    doubts = [*doubts, *([Doubt(path=WHOLE, why=TOO_MANY.format(dropped))] if dropped else [])]
    settled = [part for part in parts if part.settled]
    state = _Standing(assessor=assessor, git=git, tree=effect.base_tree, parts=(*settled, *fresh))
    verdicts: list[Verdict] = []
    asked: list[tuple[FileChange, ...]] = []
    for chosen in ([part for part in fresh if not part.landed], fresh):
        net, torn = net_of(mine, chosen, state.now)
        unclear = [*doubts, *(Doubt(path=path, why=CONFLICT) for path in torn)]
        if not chosen and not doubts:
            continue
        if not net and unclear:
            net = tuple(mine)
        if not net or net in asked:
            continue
        asked.append(net)
        verdicts.append(doubted(state.judged(net), unclear))
    return (*verdicts, *_woken(state, mine, parts, fresh))


def woken_here(
    assessor: Assessor, git: GitReader, tree: str, mine: Sequence[FileChange], parts: Sequence[Part]
) -> tuple[Verdict, ...]:
    """All of it as one change, where what is settled counts again; empty else.

    Raises:
        Unavailable: the assessor cannot judge.
    """
    fresh, _ = within_bounds([part for part in parts if not part.settled])
    return _woken(_Standing(assessor=assessor, git=git, tree=tree, parts=tuple(parts)), mine, parts, fresh)


class _Standing:
    """The tree that stands now, and whoever judges a net change on it."""

    def __init__(self, *, assessor: Assessor, git: GitReader, tree: str, parts: Sequence[Part]) -> None:
        self._assessor = assessor
        self._current = contents_of(git, tree, {change.path for part in parts for change in part.changes})
        self._git, self._tree = git, tree

    @cached_property
    def _context(self) -> dict[str, Any]:
        return context_of(self._git, self._tree)

    def now(self, path: str) -> Held:
        return self._current.get(path, NOTHING)

    def judged(self, net: Sequence[FileChange]) -> Verdict:
        return verdict_of(self._assessor.of_case({**case_of(net, "chain"), "context": self._context}).verdict)


def _woken(
    state: _Standing, mine: Sequence[FileChange], parts: Sequence[Part], fresh: Sequence[Part]
) -> tuple[Verdict, ...]:
    """What is settled is bounded like the rest: the oldest of it is not looked at."""
    settled, _ = within_bounds([part for part in parts if part.settled])
    both, _ = within_bounds([*settled, *fresh])
    kept = {id(part) for part in both}
    chosen = [part for part in parts if id(part) in kept]
    settled = [part for part in chosen if part.settled]
    net, _ = net_of(mine, fresh, state.now)
    whole, _ = net_of(mine, chosen, state.now)
    last = {change.path: _after(change) for part in settled for change in part.changes}
    before, _ = net_of((), settled, lambda path: last[path])
    if not before or not net or not whole:
        return ()
    judged = state.judged(whole)
    found = woken(judged, state.judged(before), [state.judged(net)], (before, net))
    if not found:
        return ()
    if judged.strictness not in {Strictness.TWO, Strictness.DENY}:
        return (judged,)  # policy may ask for more than the verdict does
    return (doubted(judged, [Doubt(path=path or WHOLE, why=why[:900]) for path, why in found]),)


def within_bounds(parts: Sequence[Part]) -> tuple[list[Part], int]:
    """The newest parts that one run of the assessor takes, in their order, and how many are too much."""
    files = size = 0
    for count, part in enumerate(reversed(parts)):
        files += len(part.changes)
        size += sum(len(side) for change in part.changes for side in (change.before, change.after) if side is not None)
        if files > MAX_FILES or size > MAX_BYTES:
            return list(parts[len(parts) - count :]), len(parts) - count
    return list(parts), 0


def contents_of(git: GitReader, tree: str, paths: set[str]) -> Mapping[str, Held]:
    """What stands now under these paths; a submodule has its commit in words, as a diff shows it."""
    entries = [entry for entry in git.list_tree(tree) if entry.path in paths]
    blobs = git.read_blobs([entry.object_id for entry in entries if entry.mode != SUBMODULE])
    return {entry.path: (_content(entry, blobs), entry.mode) for entry in entries}


def _content(entry: TreeEntry, blobs: Mapping[str, bytes]) -> bytes:
    if entry.mode == SUBMODULE:
        return f"Subproject commit {entry.object_id}\n".encode()
    return blobs[entry.object_id]


def verdict_of(found: Mapping[str, Any]) -> Verdict:
    """The assessor's answer as the verdict that it is (raises Unavailable MAG-E468)."""
    try:
        return msgspec.convert(found, Verdict, strict=True)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E468", f"the verdict has another shape: {error}") from error


def doubted(verdict: Verdict, doubts: Iterable[Doubt]) -> Verdict:
    """Two people for what does not compose or was not seen."""
    extra = tuple(SensitivityVerdict(kind="unknown", path=one.path, line=0, why=one.why) for one in doubts)
    if not extra:
        return verdict
    level = Strictness.DENY if verdict.strictness is Strictness.DENY else Strictness.TWO
    return msgspec.structs.replace(
        verdict, sensitivities=(*verdict.sensitivities, *extra), strictness=level, auto_eligible=False
    )
