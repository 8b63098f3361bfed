"""What the secrets open that findings are about, and who uses them, as the base tree has it now (R36).

The tree is read behind the walls, by the judge; here are only its bytes and its answer, which is kept for as long as
the tree stays the same.

Rule kept (R39): no answer is `unknown`: where policy does not name the repository, the judge fails, takes too long or
says something of another shape. A finding of another kind has no answer at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from magistrate.domain.finding import Finding
from magistrate.domain.impact import SecretReach
from magistrate.domain.secret_findings import is_of_secret
from magistrate.errors import MagistrateError, Unavailable
from magistrate.ports import GitReader, SandboxLimits
from magistrate.usecases.base_texts import context_of
from magistrate.usecases.judging import Judge

UNKNOWN: Final = "unknown"
LIMITS: Final = SandboxLimits(cpu_seconds=12, wall_seconds=15)
WAIT_SECONDS: Final = 8.0
FAILED_SECONDS: Final = 60.0
MAX_TREES: Final = 16
MAX_PLACES: Final = 2_000
AT_ONCE: Final = 200
Reaches = Mapping[str, tuple[SecretReach, ...]]
"""Of each finding about a secret, by its id, at least one secret."""
_Place = tuple[str, int, int]
_Tree = tuple[str, str]


def nobody_knows(findings: Sequence[Finding]) -> Reaches:
    """The answer where nobody can be asked."""
    return {one.id: (_unknown(one),) for one in findings if is_of_secret(one)}


@dataclass(kw_only=True)
class FindingSecrets:
    """Asks the judge, one run at a time. `base_of` names the tree that a repository stands at, and reads it."""

    judge: Judge
    base_of: Callable[[str], tuple[GitReader, str]]
    clock: Callable[[], float] = time.monotonic
    _kept: dict[_Tree, dict[_Place, tuple[SecretReach, ...]]] = field(default_factory=dict)
    _failed: dict[_Tree, float] = field(default_factory=dict)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def of(self, findings: Sequence[Finding]) -> Reaches:
        """The secrets of every finding that is about one; never raises."""
        asked = [one for one in findings if is_of_secret(one)]
        found: dict[str, tuple[SecretReach, ...]] = dict(nobody_knows(asked))
        if not asked or not self._one.acquire(timeout=WAIT_SECONDS):
            return found
        try:
            for repository in sorted({one.repository for one in asked}):
                mine = [one for one in asked if one.repository == repository]
                said = self._of_one(repository, sorted({_place(one) for one in mine}))
                found |= {one.id: said[_place(one)] for one in mine if _place(one) in said}
        finally:
            self._one.release()
        return found

    def _of_one(self, repository: str, places: Sequence[_Place]) -> Mapping[_Place, tuple[SecretReach, ...]]:
        """What is known of places of one repository; nothing where it cannot be read or judged."""
        try:
            reader, tree = self.base_of(repository)
        except MagistrateError:
            return {}
        name = repository, tree
        known = self._kept.get(name, {})
        missing = [place for place in places if place not in known]
        if missing and self.clock() >= self._failed.get(name, 0.0):
            try:
                known = {**known, **self._ask(reader, tree, missing[:AT_ONCE])}
            except (MagistrateError, msgspec.ValidationError):
                self._failed = {name: self.clock() + FAILED_SECONDS, **dict(list(self._failed.items())[:MAX_TREES])}
                return known
            self._keep(name, known)
        return known

    def _ask(self, reader: GitReader, tree: str, places: Sequence[_Place]) -> Mapping[_Place, tuple[SecretReach, ...]]:
        context = context_of(reader, tree)
        request = {"v": 1, "mode": "secrets", "texts": context["files"], "complete": context["complete"]}
        reply = self.judge.ask({**request, "places": [list(place) for place in places]})
        said = msgspec.convert(reply, _Answer, strict=True).places
        if len(said) != len(places) or not all(said):
            raise Unavailable("MAG-E253", "the assessor does not answer for every place")
        return {place: tuple(map(_row, rows)) for place, rows in zip(places, said, strict=True)}

    def _keep(self, name: _Tree, known: Mapping[_Place, tuple[SecretReach, ...]]) -> None:
        """The newest trees, each within a bound."""
        self._kept.pop(name, None)
        while len(self._kept) >= MAX_TREES:
            self._kept.pop(next(iter(self._kept)))
        self._kept[name] = dict(list(known.items())[-MAX_PLACES:])


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    path: str
    line: int
    consumers: tuple[str, ...]
    opens: tuple[str, ...]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judge's answer in mode `secrets`."""

    places: tuple[tuple[_Said, ...], ...]


def _row(said: _Said) -> SecretReach:
    """As it was said; what opens nothing opens what nobody knows."""
    return SecretReach(
        name=said.name, path=said.path, line=said.line, consumers=said.consumers, opens=said.opens or (UNKNOWN,)
    )


def _place(finding: Finding) -> _Place:
    return finding.path, finding.start_line, finding.end_line


def _unknown(finding: Finding) -> SecretReach:
    return SecretReach(
        name="*", path=finding.path, line=finding.start_line, consumers=(finding.path, UNKNOWN), opens=(UNKNOWN,)
    )
