"""pnpm-lock.yaml (lockfileVersion 6 and 9): importers, packages, snapshots.

Overrides, patches, settings and catalogs are no pins and stay in the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.npm import INTEGRITY, outside
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
from magistrate.impact.dependencies.yaml_values import value_of
from magistrate.impact.languages.reading import UnreadableError

SECTIONS: Final = ("dependencies", "devDependencies", "optionalDependencies")
KEY: Final = rx(r"/?((?:@[^@/\s]+/)?[^@/\s()]+)@([^()\s:/]+)((?:\([^\s]*\))?)")
PACKAGE: Final = frozenset(
    {
        "resolution",
        "engines",
        "hasBin",
        "requiresBuild",
        "peerDependencies",
        "peerDependenciesMeta",
        "os",
        "cpu",
        "libc",
        "deprecated",
        "dev",
        "optional",
        "dependencies",
        "optionalDependencies",
        "transitivePeerDependencies",
        "bundledDependencies",
    }
)
SNAPSHOT: Final = frozenset({"dependencies", "optionalDependencies", "transitivePeerDependencies", "optional", "dev"})
RESOLVED: Final = frozenset(
    {
        "resolution",
        "requiresBuild",
        "dev",
        "optional",
        "dependencies",
        "optionalDependencies",
        "transitivePeerDependencies",
    }
)
RUNS: Final = "runs a script when it is installed (requiresBuild)"


def read(text: str) -> Listing:
    """Every package with its hash; a package from elsewhere than the registry is unreadable.

    Raises:
        UnreadableError: another version of the format, or a key that pnpm does not write.
    """
    document = table(value_of(text), "lock")
    if str(document.get("lockfileVersion", "")).split(".")[0] not in {"6", "9"}:
        raise UnreadableError("only versions 6 and 9 of pnpm's lock are read")
    comments = [line for line in text.split("\n") if line.lstrip().startswith("#") or " #" in line]
    importers = table(document.pop("importers", {".": document}), "importers")
    asked, direct = _importers(importers)
    snapshots = table(document.pop("snapshots", {}), "snapshots")
    needs = _needs_by_name(snapshots)
    pins: list[Pinned] = []
    own: list[object] = []
    odd: list[str] = []
    for key, found in table(document.pop("packages", {}), "packages").items():
        try:
            pins.append(_package(key, table(found, key), needs))
        except UnreadableError as error:
            own.append([key, found])
            odd.append(str(error))
    held = {(pin.name, pin.version): pin for pin in pins}
    for pin in direct:
        if (pin.name, pin.version) in held:
            pins.append(replace(held[(pin.name, pin.version)], place=pin.place, anchor=pin.anchor))
        else:
            own.append([pin.place, pin.name, pin.version])
            odd.append(f"{pin.name} {pin.version} is asked for and is no package of the registry in the lock")
    own += [[key, found] for key, found in snapshots.items() if _key_of(key) not in held]
    rest = written([{k: v for k, v in document.items() if k not in SECTIONS}, sorted(importers), comments, own])
    told = [replace(pin, direct=pin.name in asked) for pin in pins]
    return Listing(pins=bounded(told), rest=rest, lock=True, asked=asked, odd=tuple(odd))


def _needs_by_name(snapshots: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    needs: dict[tuple[str, str], set[str]] = {}
    for key, found in snapshots.items():
        entry = table(found, key)
        only(entry, SNAPSHOT, key)
        named_by = _key_of(key)
        if named_by is not None:
            needs.setdefault(named_by, set()).update(_needs(entry))
    return needs


def _key_of(key: str) -> tuple[str, str] | None:
    found = KEY.fullmatch(key)
    return None if found is None else (found[1], found[2])


def _importers(importers: dict[str, Any]) -> tuple[dict[str, str], list[Pinned]]:
    asked: dict[str, str] = {}
    direct: list[Pinned] = []
    for folder, found in importers.items():
        for section in SECTIONS:
            for name, entry in table(table(found, folder).get(section, {}), section).items():
                only(table(entry, name), frozenset({"specifier", "version"}), name)
                wanted = text_in(entry.get("specifier"), name)
                version = text_in(entry.get("version"), name).partition("(")[0]
                place, anchor = f"{folder} {section}", (f"\n  {folder}:", f"{section}:", name)
                direct.append(Pinned(ecosystem="npm", name=name_of(name), version=version, place=place, anchor=anchor))
                if folder == ".":
                    asked[name] = f"{section} {wanted};"
                else:
                    asked.setdefault(name, "")
    return asked, direct


def _needs(entry: dict[str, Any]) -> set[str]:
    lists = (table(entry.get(key, {}), key) for key in ("dependencies", "optionalDependencies"))
    return {f"{name} {str(version).partition('(')[0]}" for one in lists for name, version in one.items()}


def _named(key: str) -> tuple[str, str]:
    found = KEY.fullmatch(key)
    if found is None:
        raise UnreadableError(f"`{key[:80]}` is no package of a registry")
    return name_of(found[1]), found[2]


def _package(key: str, entry: dict[str, Any], needs: dict[tuple[str, str], set[str]]) -> Pinned:
    only(entry, PACKAGE, key)
    name, version = _named(key)
    resolution = table(entry.get("resolution"), key)
    only(resolution, frozenset({"integrity"}), key)
    integrity = text_in(resolution.get("integrity"), key)
    if INTEGRITY.fullmatch(integrity) is None:
        raise UnreadableError(f"the hash of {name} is none")
    terms = {k: v for k, v in entry.items() if k not in RESOLVED}
    wanted = {*needs.get((name, version), set()), *_needs(entry), *table(entry.get("peerDependencies", {}), key)}
    return Pinned(
        ecosystem="npm",
        name=name,
        version=version,
        hashes=(integrity,),
        exact=True,
        terms=written(terms),
        dev=entry.get("dev") == "true",
        scripts=RUNS if entry.get("requiresBuild") == "true" else "",
        needs=tuple(sorted(wanted)),
        anchor=("\npackages:", key),
        place=key,
    )


def fits_lock(listing: Listing, lock: Listing) -> str | None:
    """Why a pnpm-lock.yaml beside a package.json disagrees, or None."""
    return _differs(listing, lock)


def fits_manifest(listing: Listing, manifest: Listing) -> str | None:
    """Why a package.json beside it disagrees with what the lock says it asks for, or None."""
    return _differs(manifest, listing)


def _differs(manifest: Listing, listing: Listing) -> str | None:
    pins = [pin for pin in manifest.pins if pin.place in SECTIONS]
    for pin in pins:
        said = (listing.asked or {}).get(pin.name, "")
        if said and said != f"{pin.place} {pin.version};":
            return f"{pin.name} is asked for as `{pin.place} {pin.version}`, and by the lock as `{said}`"
        if not said:
            return f"{pin.name} is asked for and the lock beside it does not say so"
    versions: dict[str, set[str]] = {}
    for one in listing.pins:
        versions.setdefault(one.name, set()).add(one.version)
    single = tuple(one for one in listing.pins if len(versions[one.name]) == 1)
    return outside(Listing(pins=single, rest=""), {pin.name: pin.version for pin in pins})


READERS: Final = (
    Reader(name="pnpm lock", reads=named(r"pnpm-lock\.yaml"), read=read, fits={"package.json": fits_manifest}),
)
