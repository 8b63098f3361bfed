"""What a registry says of releases, where somebody looked: Evidence of the tool `registry-facts`.

The output is one JSON object: `{"v": 2, "looked_at": TIME, "releases": [RELEASE...]}`. A RELEASE is `{"ecosystem",
"name", "version", "released": TIME or null, "publisher", "provenance", "script", "withdrawn": bool}`; TIME is RFC
3339 in UTC with whole seconds, null where the registry has no such release. `publisher` is `known`, `new` or `unsaid`,
against whoever published before; `provenance` is `given`, `lost` (releases before it had some), `none` or `unsaid`;
`script` is `none`, `old`, `new` (releases before it ran none on installing) or `unsaid`. It binds to the new bytes of
one file by `inputs_digest`. Facts only raise: a file that is not explained by its bytes stays so, and
a release that they do not name stays an open question.
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
BY_REGISTRY: Final = "held_against_by_registry"
"""In the witness of a proof that facts refuse: how many things they hold against it."""
MIN_AGE: Final = 7 * 86_400
"""Seconds that a release has to be out (R23)."""
RELEASE: Final = frozenset(
    {"ecosystem", "name", "version", "released", "publisher", "provenance", "script", "withdrawn"}
)
PUBLISHER: Final = {"known": "", "new": "somebody who did not publish it before published it", "unsaid": ""}
PROVENANCE: Final = {
    "given": "",
    "lost": "it has no provenance, and releases before it had some: that is what publishing with a stolen token looks like",
    "none": "",
    "unsaid": "",
}
SCRIPT: Final = {
    "none": "",
    "old": "",
    "new": "it runs a script on installing, and releases before it ran none",
    "unsaid": "",
}
OPEN: Final = {
    "publisher": {"unsaid": "who published it"},
    "provenance": {"none": "which source it was built from", "unsaid": "which source it was built from"},
}
DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Of one release: what speaks against it, and what the registry leaves open."""

    against: tuple[str, ...]
    left_open: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Releases by ecosystem, name and version."""

    said: dict[tuple[str, str, str], Said]


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
    said: dict[tuple[str, str, str], Said] = {}
    for run in runs:
        for key, one in _read(run.output):
            said[key] = _both(said[key], one) if key in said else one
    return Facts(said=said) if runs else None


def _both(one: Said, other: Said) -> Said:
    return Said(
        against=tuple(dict.fromkeys((*one.against, *other.against))),
        left_open=tuple(dict.fromkeys((*one.left_open, *other.left_open))),
        days=min(one.days, other.days),
    )


def _read(output: bytes) -> Iterator[tuple[tuple[str, str, str], Said]]:
    try:
        document = json_of(output.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableError("the facts of the registry are no text") from error
    if document.get("v") != 2 or set(document) != {"v", "looked_at", "releases"}:  # noqa: PLR2004  the version above
        raise UnreadableError("the facts of the registry have another shape")
    looked = _time(document["looked_at"])
    for one in listed(document["releases"], "releases"):
        release = table(one, "release")
        if set(release) != RELEASE:
            raise UnreadableError("a release of the facts has other keys")
        yield _key(release), _said(release, looked)


def _key(release: dict[str, Any]) -> tuple[str, str, str]:
    return str(release["ecosystem"]), str(release["name"]), str(release["version"])


def _said(release: dict[str, Any], looked: int) -> Said:
    if release["released"] is None:
        return Said(against=("the registry has no such release",), left_open=(), days=0)
    age = looked - _time(release["released"])
    against = [_worded(PUBLISHER, release["publisher"]), _worded(PROVENANCE, release["provenance"])]
    against.append(_worded(SCRIPT, release["script"]))
    if age < MIN_AGE:
        hours = max(age, 0) // 3600
        against.insert(0, f"it was released {hours} hours before somebody looked, and seven days are asked for")
    if release["withdrawn"] is not False:
        against.append("its publisher took it back")
    left = [OPEN[key].get(str(release[key]), "") for key in sorted(OPEN)]
    return Said(against=tuple(filter(None, against)), left_open=tuple(filter(None, left)), days=max(age, 0) // DAY)


def _worded(words: dict[str, str], value: object) -> str:
    if not isinstance(value, str) or value not in words:
        raise UnreadableError("a release of the facts has another shape")
    return words[value]


def _time(value: object) -> int:
    try:
        return unix_seconds(str(value))
    except Usage as error:
        raise UnreadableError("a time of the facts is none") from error


def judged(pins: Iterable[Pinned], facts: Facts | None) -> tuple[list[str], str | None]:
    """What the facts hold against pins that come, in words; and what they say where they answer for all of them."""
    objections: list[str] = []
    told: list[Said] = []
    answered = facts is not None
    for pin in pins:
        said = None if facts is None else facts.said.get((pin.ecosystem, pin.name, pin.version))
        answered = answered and said is not None
        told += [] if said is None else [said]
        objections += [f"{pin.name} {pin.version}: {why}" for why in (said.against if said else ())]
    return objections, _summary(told) if answered and told else None


def _summary(told: Sequence[Said]) -> str:
    open_ = sorted({one for said in told for one in said.left_open})
    rest = f"; it does not say {' or '.join(open_)}" if open_ else ""
    return f"the registry holds nothing against it, out for {min(said.days for said in told)} days{rest}"
