"""One release against those before it: who published, whether provenance was lost, whether a script is new."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.release import Release
from magistrate.errors import Unavailable

LOOKED_BACK: Final = 5
"""Releases before this one that tell what is usual."""
TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version as a registry lists it; None and empty is what it does not say."""

    released: str
    publisher: str = ""
    provenance: bool | None = None
    script: bool | None = None
    withdrawn: bool = False


def release_of(versions: Mapping[str, Version], version: str) -> Release:
    """What is to be said of one version, by those released before it.

    Raises:
        Unavailable: MAG-E258 where the registry gives it no time, so that nothing can be said of its age.
    """
    mine = versions[version]
    now = _time(mine.released)
    if now is None:
        raise Unavailable("MAG-E258", f"the registry gives no time for the release `{version[:80]}`")
    timed = [(time, other) for other in versions.values() if (time := _time(other.released)) is not None]
    before = [other for time, other in sorted(timed, key=lambda one: one[0]) if time < now]
    return Release(
        released=now,
        publisher=_publisher(mine, before),
        provenance=_provenance(mine, before[-LOOKED_BACK:]),
        script=_script(mine, before[-LOOKED_BACK:]),
        withdrawn=mine.withdrawn,
    )


def _publisher(mine: Version, before: Sequence[Version]) -> str:
    known = {other.publisher for other in before if other.publisher}
    if not mine.publisher:
        return "unsaid"
    return "known" if mine.publisher in known or not before else "new" if known else "unsaid"


def _provenance(mine: Version, before: Sequence[Version]) -> str:
    if mine.provenance is None:
        return "unsaid"
    if mine.provenance:
        return "given"
    return "lost" if any(other.provenance for other in before) else "none"


def _script(mine: Version, before: Sequence[Version]) -> str:
    if mine.script is None:
        return "unsaid"
    if not mine.script:
        return "none"
    return "old" if any(other.script for other in before) else "new"


def _time(written: str) -> str | None:
    """RFC 3339 in UTC with whole seconds, or None for anything else."""
    found = TIME.fullmatch(written)
    return f"{found[1]}T{found[2]}Z" if found else None
