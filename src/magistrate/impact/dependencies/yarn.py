"""yarn.lock, version 1 (own strict line parser) and Berry (YAML).

Each entry says which ranges it answers for, which version that is, from where and with what hash.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.npm import EXACT, INTEGRITY, address_of
from magistrate.impact.dependencies.pins import (
    Listing,
    Pinned,
    Reader,
    bounded,
    name_of,
    named,
    only,
    table,
    text_in,
    written,
)
from magistrate.impact.dependencies.versions import holds
from magistrate.impact.dependencies.yaml_values import value_of
from magistrate.impact.languages.reading import UnreadableError

HEAD: Final = rx(r'"?((?:@[^@/\s",]+/)?[^@\s",]+)@([^\s",][^",\n]*?)"?')
FIELD: Final = rx(r'  (version|resolved|integrity) "?([^"\s]+)"?')
LIST: Final = rx(r"  (dependencies|optionalDependencies):")
NEED: Final = rx(r'    "?([^"\s]+)"? "?([^"\n]*)"?')
ENTRY: Final = frozenset(
    {
        "version",
        "resolution",
        "dependencies",
        "peerDependencies",
        "peerDependenciesMeta",
        "dependenciesMeta",
        "bin",
        "checksum",
        "languageName",
        "linkType",
        "conditions",
        "optionalDependencies",
    }
)
CHECKSUM: Final = rx(r"(?:\d{1,3}(?:c\d)?/)?[0-9a-f]{64,128}")
MAX_HEAD: Final = 4_000


def read(text: str) -> Listing:
    """Either version of the format, by its first lines.

    Raises:
        UnreadableError: it is neither, or an entry of another shape.
    """
    if "# yarn lockfile v1" in text[:400]:
        return _first(text.replace("\r\n", "\n"))
    return _berry(text)


def _first(text: str) -> Listing:
    pins: list[Pinned] = []
    rest: list[str] = []
    odd: list[str] = []
    head, start = "", 0
    fields: dict[str, str] = {}
    needs: dict[str, str] = {}
    within = False
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if not line.strip():
            if head:
                try:
                    pins += _by_range(_entry(head, fields, needs, start))
                except UnreadableError as error:
                    rest.append(written([head, fields, needs]))
                    odd.append(str(error))
            head, fields, needs, within = "", {}, {}, False
        elif line.startswith("#"):
            rest.append(line)
        elif not line.startswith(" ") and line.endswith(":") and not head and len(line) < MAX_HEAD:
            head, start = line[:-1], number
        elif head and (found := FIELD.fullmatch(line)) and found[1] not in fields:
            fields[found[1]], within = found[2], False
        elif head and LIST.fullmatch(line):
            within = True
        elif head and within and (need := NEED.fullmatch(line)):
            needs[need[1]] = need[2]
        else:
            raise UnreadableError(f"line {number} is none that yarn writes")
    return Listing(pins=bounded(pins), rest="\n".join(rest), lock=True, odd=tuple(odd))


def _by_range(pin: Pinned) -> list[Pinned]:
    """One pin for each range that an entry answers for: a range may not fall to an earlier version.

    Raises:
        UnreadableError: the version does not lie in a range.
    """
    ranges = pin.place.split(" | ")
    odd = next((one for one in ranges if holds(f"={one}" if EXACT.fullmatch(one) else one, pin.version) is False), None)
    if odd is not None:
        raise UnreadableError(f"{pin.name} {pin.version} answers for `{odd[:60]}`, which does not let it in")
    return [replace(pin, place=one) for one in ranges]


def _entry(head: str, fields: dict[str, str], needs: dict[str, str], line: int) -> Pinned:
    asked = [HEAD.fullmatch(one.strip()) for one in re.split(r",[ ]", head)]
    names = {one[1] for one in asked if one}
    if None in asked or len(names) != 1 or any(one and ":" in one[2] for one in asked):
        raise UnreadableError(f"line {line}: the entry is for no plain range of one package")
    name, version = name_of(names.pop()), fields.get("version", "")
    resolved, _, sha1 = fields.get("resolved", "").partition("#")
    integrity = fields.get("integrity", "")
    if integrity and INTEGRITY.fullmatch(integrity) is None:
        raise UnreadableError(f"line {line}: the hash of {name} is none")
    if sha1 and re.fullmatch(r"[0-9a-f]{40}", sha1) is None:
        raise UnreadableError(f"line {line}: the hash of {name} is none")
    hashes = tuple(one for one in (integrity, sha1) if one)
    return Pinned(
        ecosystem="npm",
        name=name,
        version=version,
        origin=address_of(resolved, name, version),
        hashes=hashes,
        direct=None,
        exact=True,
        needs=tuple(sorted(needs)),
        terms=written(needs),
        line=line,
        place=" | ".join(sorted(one[2] for one in asked if one)),
    )


def _berry(text: str) -> Listing:
    document = table(value_of(text), "lock")
    own: list[object] = [document.pop("__metadata", None), [line for line in text.split("\n") if line.startswith("#")]]
    pins: list[Pinned] = []
    asked: dict[str, str] = {}
    odd: list[str] = []
    for key, value in document.items():
        entry = table(value, key)
        only(entry, ENTRY, key)
        resolution = text_in(entry.get("resolution"), key)
        if "@workspace:" in resolution:
            asked.update(dict.fromkeys(table(entry.get("dependencies", {}), key), ""))
            own.append([key, entry.get("resolution"), entry.get("version")])
            continue
        try:
            pins += _by_range(_berry_entry(key, entry, resolution))
        except UnreadableError as error:
            own.append([key, entry])
            odd.append(str(error))
    return Listing(pins=bounded(pins), rest=written(own), lock=True, asked=asked, odd=tuple(odd))


def _berry_entry(key: str, entry: dict[str, object], resolution: str) -> Pinned:
    asked = [re.fullmatch(r"((?:@[^@/\s]+/)?[^@\s]+)@npm:([^@:#]+)", one) for one in key.split(", ")]
    names = {one[1] for one in asked if one}
    version = text_in(entry.get("version"), key)
    if None in asked or len(names) != 1 or resolution != f"{(name := next(iter(names)))}@npm:{version}":
        raise UnreadableError(f"`{key[:80]}` is no plain range of one package, or another one answers for it")
    if entry.get("languageName") not in {"node", "unknown"} or entry.get("linkType") != "hard":
        raise UnreadableError(f"{name} is no plain package of node")
    checksum = text_in(entry.get("checksum", ""), key)
    if checksum and CHECKSUM.fullmatch(checksum) is None:
        raise UnreadableError(f"the hash of {name} is none")
    terms = {k: v for k, v in entry.items() if k not in {"version", "resolution", "checksum"}}
    needs = {*table(entry.get("dependencies", {}), key), *table(entry.get("optionalDependencies", {}), key)}
    return Pinned(
        ecosystem="npm",
        name=name_of(name),
        version=version,
        hashes=(checksum,) if checksum else (),
        exact=True,
        terms=written(terms),
        needs=tuple(sorted(needs)),
        anchor=(f'"{key}"',),
        direct=None,
        place=" | ".join(sorted(one[2] for one in asked if one)),
    )


def fits_manifest(listing: Listing, manifest: Listing) -> str | None:
    """Why a package.json beside a lock disagrees, or None: each range that is asked for has its entry."""
    return unanswered(manifest, listing)


def fits_lock(listing: Listing, lock: Listing) -> str | None:
    """Why a yarn.lock beside a package.json disagrees, or None."""
    return unanswered(listing, lock)


def unanswered(manifest: Listing, lock: Listing) -> str | None:
    """The first range of a manifest that a lock has no entry for, in words; or None."""
    ranges = {(pin.name, pin.place) for pin in lock.pins}
    for pin in manifest.pins:
        if pin.place != "peerDependencies" and pin.origin == "registry" and (pin.name, pin.version) not in ranges:
            return f"{pin.name} `{pin.version}` is asked for and the lock does not answer for it"
    return None


READERS: Final = (
    Reader(name="yarn lock", reads=named(r"yarn\.lock"), read=read, fits={"package.json": fits_manifest}),
)
