"""What a registry says of releases, where somebody looked: Evidence of the tool `registry-facts`.

The output is one JSON object: `{"v": 1, "looked_at": TIME, "releases": [RELEASE...]}`; a RELEASE is
`{"ecosystem", "name", "version", "released": TIME, "new_maintainer": bool, "provenance": bool}`, TIME is
RFC 3339 in UTC with whole seconds. It binds to the new bytes of one file by `inputs_digest`.
Facts only raise: a file that is not explained by its bytes stays so, and a release that they do
not name stays an open question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.domain.impact import Evidence
from magistrate.errors import Usage
from magistrate.impact.base import ChangedFile, sha256_hex
from magistrate.impact.dependencies.pins import Pinned, json_of, listed, table
from magistrate.impact.languages.reading import UnreadableError
from magistrate.wire.canonical import digest_of
from magistrate.wire.times import unix_seconds

TOOL: Final = "registry-facts"
MIN_AGE: Final = 7 * 86_400
"""Seconds that a release has to be out (R23)."""
RELEASE: Final = frozenset({"ecosystem", "name", "version", "released", "new_maintainer", "provenance"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Releases by ecosystem, name and version: what speaks against each; empty where nothing does."""

    against: dict[tuple[str, str, str], tuple[str, ...]]


def facts_digest(path: str, after: bytes) -> str:
    """What Evidence of registry facts has to name: the file and its new bytes."""
    return digest_of({"v": 1, "tool": TOOL, "path": path, "after": sha256_hex(after)})


def facts_for(file: ChangedFile, evidence: Sequence[Evidence]) -> Facts | None:
    """The facts that came for this file, all of them together; None without any.

    Raises:
        UnreadableError: they have another shape.
    """
    wanted = facts_digest(file.path, file.change.after or b"")
    runs = [one for one in evidence if (one.tool, one.path, one.inputs_digest) == (TOOL, file.path, wanted)]
    against: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for run in runs:
        for key, said in _read(run.output):
            against[key] = tuple(dict.fromkeys((*against.get(key, ()), *said)))
    return Facts(against=against) if runs else None


def _read(output: bytes) -> Iterator[tuple[tuple[str, str, str], tuple[str, ...]]]:
    try:
        document = json_of(output.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableError("the facts of the registry are no text") from error
    if document.get("v") != 1 or set(document) != {"v", "looked_at", "releases"}:
        raise UnreadableError("the facts of the registry have another shape")
    looked = _time(document["looked_at"])
    for one in listed(document["releases"], "releases"):
        release = table(one, "release")
        if set(release) != RELEASE:
            raise UnreadableError("a release of the facts has other keys")
        yield _key(release), tuple(_against(release, looked))


def _key(release: dict[str, Any]) -> tuple[str, str, str]:
    return str(release["ecosystem"]), str(release["name"]), str(release["version"])


def _against(release: dict[str, Any], looked: int) -> Iterator[str]:
    age = looked - _time(release["released"])
    if age < MIN_AGE:
        yield f"it was released {max(age, 0) // 3600} hours before somebody looked, and seven days are asked for"
    if release["new_maintainer"] is not False:
        yield "somebody who did not publish it before published it"
    if release["provenance"] is not True:
        yield "it has no provenance: nothing says which source it was built from"


def _time(value: object) -> int:
    try:
        return unix_seconds(str(value))
    except Usage as error:
        raise UnreadableError("a time of the facts is none") from error


def judged(pins: Iterable[Pinned], facts: Facts | None) -> tuple[list[str], bool]:
    """What the facts hold against pins that come, in words; and whether they answer for all of them."""
    objections: list[str] = []
    answered = facts is not None
    for pin in pins:
        said = None if facts is None else facts.against.get((pin.ecosystem, pin.name, pin.version))
        answered = answered and said is not None
        objections += [f"{pin.name} {pin.version}: {why}" for why in said or ()]
    return objections, answered
