"""How far a change reaches: who depends on its files, and which packages, services, environments and stores that is.

Rule kept (R27): what is not known counts as the widest. Without the repository, without its map of environments, or
for a file whose readers cannot be found by imports, the radius is not complete, which policy takes for the largest;
what was found is shown all the same. Files that are proven to do nothing reach nobody, and cost no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import BlastRadius, ChangeClass, FileImpact, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.reach.declared import PRODUCTION, map_in, named
from magistrate.impact.reach.graph import graph_of
from magistrate.impact.reach.imports import tongue_of
from magistrate.impact.reach.places import owners_of, packages_of, services_of

UNKNOWN: Final = "unknown"
EQUAL: Final = frozenset(
    {ChangeClass.FORMATTING, ChangeClass.COMMENTS, ChangeClass.DOCS, ChangeClass.TESTS, ChangeClass.LINT}
)
"""Classes whose proof says that nothing that runs is another one."""
MAX_NAMED: Final = 50
MAX_SOUGHT: Final = 30
"""Files of no program whose names are sought in the tree; more are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The measure, and whether the repository would say more."""

    measured: BlastRadius
    asks_base: bool = False


def blast_radius(files: Sequence[FileImpact], steps: Sequence[Sequence[ChangedFile]], base: BaseTree) -> Radius:
    """Measure a change against its base tree."""
    paths = sorted({file.path for step in steps for file in step})
    equal = {one.path for one in files if one.proof.status is ProofStatus.PROVEN and one.change_class in EQUAL}
    acting = [path for path in paths if path not in equal]
    programs = [path for path in acting if tongue_of(path) is not None]
    if not base.known:
        measured = BlastRadius(
            files=len(paths), dependents=None, data_stores=(UNKNOWN,), why="without the repository nobody can say"
        )
        return Radius(measured=measured, asks_base=bool(programs))
    dependents = graph_of(base).dependents(programs) if programs else frozenset()
    others = [path for path in acting if tongue_of(path) is None]
    readers = _named_by(others[:MAX_SOUGHT], base)
    reached = sorted({*paths, *dependents, *readers})
    declared = map_in(base.files)
    why = _why_not(others, mapped=declared is not None)
    return Radius(
        measured=BlastRadius(
            files=len(paths),
            dependents=len((dependents | readers) - set(paths)),
            packages=packages_of(reached, base)[:MAX_NAMED],
            services=_services(reached, base)[:MAX_NAMED],
            environments=declared.environments_of(reached) if declared else (PRODUCTION,),
            data_stores=named(declared.data_stores, reached) if declared and declared.data_stores else (UNKNOWN,),
            owners=owners_of(paths, base)[:MAX_NAMED],
            complete=not why,
            why=why,
        )
    )


def _services(reached: Sequence[str], base: BaseTree) -> tuple[str, ...]:
    declared = map_in(base.files)
    mine = named(declared.services, reached) if declared else ()
    return tuple(sorted({*mine, *services_of(reached, base)}))


def _why_not(others: Sequence[str], *, mapped: bool) -> str:
    """Why the radius is not complete; empty where it is."""
    if others:
        shown = others[0][:80]
        return f"who reads `{shown}`{' and others' if len(others) > 1 else ''} is not told by imports"
    return "" if mapped else "the repository declares no map of what reaches which environment"


def _named_by(paths: Sequence[str], base: BaseTree) -> frozenset[str]:
    """Files of the base that name one of these: who may read them, as far as names say."""
    found: set[str] = set()
    for path in paths:
        name = path.rsplit("/", 1)[-1].lower()
        found |= {other for other in base.files if other != path and name in base.lowered[other]}
    return frozenset(found)
