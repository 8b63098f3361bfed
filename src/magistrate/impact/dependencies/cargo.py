"""Cargo: the tables of packages in Cargo.toml, and Cargo.lock (versions 1 to 4).

`[patch]`, `[replace]`, sources and registries are no pins and stay in the rest. A renamed package
(`package = ...`) is another origin.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from magistrate.impact.dependencies.agreement import disagreement
from magistrate.impact.dependencies.pins import (
    Listing,
    Pinned,
    Reader,
    bounded,
    listed,
    name_of,
    named,
    only,
    table,
    text_in,
    written,
)
from magistrate.impact.dependencies.python_locks import lock_toml
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.toml_text import read_text

SECTIONS: Final = ("dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies")
KEYS: Final = frozenset(
    {
        "version",
        "features",
        "default-features",
        "default_features",
        "optional",
        "package",
        "git",
        "path",
        "branch",
        "tag",
        "rev",
        "registry",
        "registry-index",
        "workspace",
        "public",
        "artifact",
        "target",
        "lib",
    }
)
CRATES: Final = "registry+https://github.com/rust-lang/crates.io-index"
PACKAGE: Final = frozenset({"name", "version", "source", "checksum", "dependencies", "replace"})


def read_manifest(text: str) -> Listing:
    """Every table of packages, of targets and of the workspace too.

    Raises:
        UnreadableError: a table of another shape, or two readers of TOML disagree.
    """
    import tomllib  # noqa: PLC0415  only where a file asks for it

    comments = [one.text for one in read_text(text.encode()).comments]
    document: dict[str, Any] = copy.deepcopy(tomllib.loads(text, parse_float=str))
    pins = [*_tables(document, "")]
    for target, holder in table(document.get("target", {}), "target").items():
        pins += _tables(table(holder, target), f"target.{target}.")
    pins += _tables(table(document.get("workspace", {}), "workspace"), "workspace.")
    return Listing(pins=bounded(pins), rest=written([document, comments]))


def _tables(holder: dict[str, Any], prefix: str) -> Iterator[Pinned]:
    for section in SECTIONS:
        wanted = table(holder.get(section, {}), section)
        for name, value in list(wanted.items()):
            found = {"version": value} if isinstance(value, str) else dict(table(value, name))
            only(found, KEYS, name)
            if found.get("workspace") is True:
                continue
            version = text_in(found.pop("version", ""), name)
            exact = re.fullmatch(r"=\s*\d+\.\d+\.\d+", version) is not None
            kinds = ("git", "path", "registry", "registry-index", "package")
            foreign = next((f"{kind} {found[kind]}" for kind in kinds if kind in found), None)
            del wanted[name]
            yield Pinned(
                ecosystem="cargo",
                name=name_of(name).replace("_", "-"),
                version=version.lstrip("= ") if exact else version,
                origin=foreign or "registry",
                direct=True,
                dev=section.startswith("dev"),
                place=prefix + section,
                terms=written(found),
                scripts="runs when the project is built" if section.startswith("build") else "",
                exact=exact,
                anchor=(f"{prefix}{section}", f"{name}"),
            )


def read_lock(text: str) -> Listing:
    """Packages with source and checksum; those of the workspace itself are rest, but for what they ask for.

    Raises:
        UnreadableError: a key or a shape that Cargo does not write.
    """
    document, comments = lock_toml(text)
    pins: list[Pinned] = []
    own: list[object] = []
    asked: dict[str, str] = {}
    for package in listed(document.pop("package", []), "package"):
        only(table(package, "package"), PACKAGE, "package")
        name, version = name_of(package.get("name")), text_in(package.get("version"), "version")
        needs = [" ".join(text_in(one, name).split(" ")[:2]) for one in listed(package.get("dependencies", []), name)]
        if "replace" in package:
            raise UnreadableError("a package of the lock is replaced")
        if "source" not in package:
            asked.update({_plain(one.split(" ")[0]): "" for one in needs})
            own.append([name, version, [one for one in needs if " " in one]])
            continue
        source, checksum = text_in(package["source"], name), text_in(package.get("checksum", ""), name)
        if checksum and re.fullmatch(r"[0-9a-f]{64}", checksum) is None:
            raise UnreadableError(f"the checksum of {name} is none")
        pins.append(
            Pinned(
                ecosystem="cargo",
                name=_plain(name),
                version=version,
                hashes=(checksum,) if checksum else (),
                exact=True,
                origin="registry crates.io" if source == CRATES else _source(source),
                needs=tuple(sorted({_plain(one) for one in needs})),
                anchor=("[[package]]", f'name = "{name}"\nversion = "{version}"'),
            )
        )
    there = {pin.name for pin in pins} | {_plain(one[0]) for one in own if isinstance(one, list)}
    lost = next(
        (one for one in (*asked, *(n.split(" ")[0] for pin in pins for n in pin.needs)) if one not in there), None
    )
    if lost is not None:
        raise UnreadableError(f"{lost} is asked for and is no package of the lock")
    told = [replace(pin, direct=pin.name in asked) for pin in pins]
    return Listing(pins=bounded(told), rest=written([document, comments, own]), lock=True, asked=asked)


def _plain(name: str) -> str:
    return name.replace("_", "-")


def _source(source: str) -> str:
    kind, _, place = source.partition("+")
    return f"{'git' if kind == 'git' else 'registry' if kind in {'registry', 'sparse'} else kind} {place[:160]}"


def fits_lock(listing: Listing, lock: Listing) -> str | None:
    """Why a Cargo.lock beside a manifest disagrees, or None."""
    return disagreement(listing.pins, lock)


def fits_manifest(listing: Listing, manifest: Listing) -> str | None:
    """Why a Cargo.toml beside a lock disagrees, or None."""
    return disagreement(manifest.pins, listing)


READERS: Final = (
    Reader(name="Cargo manifest", reads=named(r"cargo\.toml"), read=read_manifest, fits={"Cargo.lock": fits_lock}),
    Reader(name="Cargo lock", reads=named(r"cargo\.lock"), read=read_lock, fits={"Cargo.toml": fits_manifest}),
)
