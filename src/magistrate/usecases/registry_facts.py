"""Asking registries about the releases that come with a change, for those who want to know.

Rule kept (R23): the assessor names the releases, behind its walls; facts only add reasons. A registry that gives no
answer leaves the question as open as it was, and that is said. Nothing is asked unless a person asked for it:
names of packages go to the registries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from magistrate.domain.release import Release
from magistrate.errors import Unavailable
from magistrate.usecases.evidence import Ran
from magistrate.wire.canonical import canonical
from magistrate.wire.times import rfc3339

AT_ONCE: Final = 8
MAX_RELEASES: Final = 300
"""Releases of one change that are asked about."""
Key = tuple[str, str, str]


class Registry(Protocol):
    """Who knows when a release came."""

    def release(self, name: str, version: str) -> Release | None:
        """One release; None where the registry has none; raises Unavailable."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Registries by ecosystem, and the time at which they are asked (Unix seconds)."""

    registries: Mapping[str, Registry]
    now: Callable[[], int]

    def runs(self, named: Mapping[str, Any]) -> tuple[tuple[Ran, ...], tuple[str, ...]]:
        """Evidence for each file that the assessor named releases of (mode `releases`), and in words what was not learned."""
        files = list(named["files"])
        wanted = sorted({(str(e), str(n), str(v)) for file in files for e, n, v in file["releases"]})
        asked = [key for key in wanted if key[0] in self.registries]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = dict(zip(asked, pool.map(self._ask, asked[:MAX_RELEASES]), strict=False))
        known = {key: one for key, one in answers.items() if isinstance(one, Release)}
        failed = [one for one in answers.values() if isinstance(one, Unavailable)]
        made = (self._run(file, known) for file in files)
        return tuple(run for run in made if run is not None), tuple(
            _notes(failed, len(asked) - len(answers), named["elsewhere"])
        )

    def _ask(self, key: Key) -> Release | Unavailable:
        ecosystem, name, version = key
        try:
            return self.registries[ecosystem].release(name, version) or Release(released=None)
        except Unavailable as error:
            return error

    def _run(self, file: Mapping[str, Any], known: Mapping[Key, Release]) -> Ran | None:
        rows = [
            {"ecosystem": key[0], "name": key[1], "version": key[2], **asdict(known[key])}
            for key in map(tuple, file["releases"])
            if key in known
        ]
        if not rows:
            return None
        output = canonical({"v": 2, "looked_at": rfc3339(self.now()), "releases": rows})
        return Ran(
            tool="registry-facts", tool_digest="", path=str(file["path"]), inputs_digest=str(file["inputs_digest"]),
            output=output, exit_status=0,
        )  # fmt: skip


def _notes(failed: list[Unavailable], left: int, elsewhere: int) -> Iterable[str]:
    if elsewhere:
        yield f"{elsewhere} releases may come from another registry than the public one, and nobody was asked about them"
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        yield f"not every release could be asked about: {failed[0].message}{more}"
    if left > 0:
        yield f"{left} releases were not asked about: {MAX_RELEASES} are looked up for one change"
