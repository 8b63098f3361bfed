"""npm: package.json and package-lock.json (lockfileVersion 2 and 3).

Of package.json the four lists of packages are pins; scripts, overrides, workspaces and every other
key are rest. In the lock, an address has to bear the package's own name and version.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.pins import (
    Listing,
    Pinned,
    Reader,
    bounded,
    json_of,
    name_of,
    named,
    only,
    table,
    text_in,
    written,
)
from magistrate.impact.dependencies.versions import holds
from magistrate.impact.languages.reading import UnreadableError

SECTIONS: Final = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
INTEGRITY: Final = rx(r"sha512-[A-Za-z0-9+/]{86}==|sha1-[A-Za-z0-9+/]{27}=")
RANGE: Final = rx(r"(?:[~^<>=vxX*0-9][A-Za-z0-9.<>=~^|*+ -]*|latest|next|)")
EXACT: Final = rx(r"v?\d{1,18}\.\d{1,18}\.\d{1,18}(?:-[A-Za-z0-9.-]+)?(?:\+[A-Za-z0-9.-]+)?")
PUBLIC: Final = {"registry.npmjs.org": "registry.npmjs.org", "registry.yarnpkg.com": "registry.npmjs.org"}
"""Registries that serve the same packages under the same names."""
ENTRY: Final = frozenset(
    {
        "version",
        "resolved",
        "integrity",
        "dev",
        "optional",
        "devOptional",
        "peer",
        "hasInstallScript",
        "license",
        "engines",
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "peerDependenciesMeta",
        "bin",
        "funding",
        "os",
        "cpu",
        "libc",
        "deprecated",
        "name",
        "hasShrinkwrap",
    }
)
RESOLVED: Final = frozenset(
    {"version", "resolved", "integrity", "dev", "optional", "devOptional", "peer", "hasInstallScript", "name"}
)
"""What a lock says of an entry by itself; everything else is published with the version, and stays with it."""
LEGACY: Final = frozenset(
    {"version", "resolved", "integrity", "dev", "optional", "peer", "requires", "dependencies", "devOptional"}
)
RUNS: Final = "runs a script when it is installed (hasInstallScript)"


def origin_of(asked: str) -> str | None:
    """Where a range of package.json takes the package from; None for the registry."""
    if RANGE.fullmatch(asked.strip()):
        return None
    kind = asked.partition(":")[0]
    if kind in {"file", "link", "portal", "workspace", "catalog"} or asked.startswith((".", "/", "~/")):
        return f"path {asked[:120]}"
    if asked.startswith(("http:", "https:")):
        return f"url {asked[:120]}"
    return f"{'alias' if kind == 'npm' else 'git'} {asked[:120]}"


def read_manifest(text: str) -> Listing:
    """The lists of packages, each pin with its range as it is written.

    Raises:
        UnreadableError: a list of another shape.
    """
    document = json_of(text)
    pins: list[Pinned] = []
    for section in SECTIONS:
        if section not in document:
            continue
        for name, asked in table(document[section], section).items():
            version = text_in(asked, name)
            origin = origin_of(version)
            pins.append(
                Pinned(
                    ecosystem="npm",
                    name=name_of(name),
                    version=version,
                    origin=origin or "registry",
                    direct=True,
                    dev=section == "devDependencies",
                    place=section,
                    exact=EXACT.fullmatch(version) is not None,
                    anchor=(f'"{section}"', f'"{name}"'),
                )
            )
        document.pop(section)
    return Listing(pins=bounded(pins), rest=written(document))


def address_of(resolved: str, name: str, version: str) -> str:
    """The registry that an address belongs to.

    Raises:
        UnreadableError: it is no plain https, or bears another name or version.
    """
    found = urlsplit(resolved)
    if found.scheme != "https" or not found.hostname or found.username or found.port or found.query:
        raise UnreadableError(f"`{resolved[:80]}` is no plain https address of a registry")
    bare = name.rsplit("/", 1)[-1]
    if not found.path.lower().endswith(f"/{name}/-/{bare}-{version}.tgz".lower()):
        raise UnreadableError(f"the address of {name} {version} bears another name or version: `{resolved[:120]}`")
    place = found.path[: -len(f"/{name}/-/{bare}-{version}.tgz")]
    return f"registry {PUBLIC.get(found.hostname, found.hostname)}{place}"


def read_lock(text: str) -> Listing:
    """Every folder below `node_modules` with its version, address and hash.

    Raises:
        UnreadableError: another version of the format, a link, a bundle, or a key that npm does not write.
    """
    document = json_of(text)
    if document.get("lockfileVersion") not in {2, 3}:
        raise UnreadableError("only versions 2 and 3 of npm's lock are read")
    packages = table(document.pop("packages", None), "packages")
    root = table(packages.pop("", {}), "the root package")
    asked: dict[str, str] = {}
    lists = {}
    for section in SECTIONS:
        lists[section] = table(root.pop(section, {}), section)
        asked.update({name: f"{asked.get(name, '')}{section} {wanted};" for name, wanted in lists[section].items()})
    own: list[object] = [root]
    pins: list[Pinned] = []
    odd: list[str] = []
    for folder, entry in packages.items():
        if not folder.startswith("node_modules/") and "node_modules/" not in folder:
            own.append([folder, entry])  # a workspace: its own lists are judged in its own manifest
            continue
        if table(entry, folder).get("link") is True:
            own.append([folder, entry])
            continue
        try:
            pins.append(_entry(folder, entry, asked))
        except UnreadableError as error:
            own.append([folder, entry])
            odd.append(str(error))
    legacy = document.pop("dependencies", None)
    if legacy is not None:
        held = {pin.place: pin for pin in pins}
        own += _verify_legacy(table(legacy, "dependencies"), held, {one[0] for one in own if isinstance(one, list)})
    return Listing(pins=bounded(pins), rest=written([document, own]), lock=True, asked=asked, odd=tuple(odd))


def _entry(folder: str, entry: dict[str, Any], asked: dict[str, str]) -> Pinned:
    only(entry, ENTRY, folder)
    name = name_of(folder.rpartition("node_modules/")[2])
    if entry.get("name", name) != name:
        raise UnreadableError(f"`{folder[:80]}` is another package under this name")
    version = text_in(entry.get("version"), folder)
    integrity = text_in(entry.get("integrity", ""), folder)
    if integrity and INTEGRITY.fullmatch(integrity) is None:
        raise UnreadableError(f"the hash of {name} is none")
    resolved = text_in(entry.get("resolved"), folder)
    terms = {k: v for k, v in entry.items() if k not in RESOLVED}
    needs = {one for key in SECTIONS if key != "devDependencies" for one in table(entry.get(key, {}), key)}
    return Pinned(
        ecosystem="npm",
        name=name,
        version=version,
        origin=address_of(resolved, name, version),
        hashes=(integrity,) if integrity else (),
        scripts=RUNS if entry.get("hasInstallScript") else "",
        direct=name in asked and folder == f"node_modules/{name}",
        dev=bool(entry.get("dev")),
        exact=True,
        place=folder,
        terms=written(terms),
        needs=tuple(sorted(needs)),
        anchor=('"packages"', f'"{folder}"'),
    )


def _verify_legacy(tree: dict[str, Any], pins: dict[str, Pinned], odd: set[str]) -> list[object]:
    """The list that npm 6 reads says the same as the one that npm 7 and later read; given back is what is no pin."""
    kept: list[object] = []
    pending = [("node_modules/" + name, entry) for name, entry in tree.items()]
    seen = 0
    while pending:
        folder, found = pending.pop()
        entry = table(found, folder)
        inner = table(entry.get("dependencies", {}), folder)
        pending += [(f"{folder}/node_modules/{name}", one) for name, one in inner.items()]
        if folder in odd:
            kept.append([folder, {key: value for key, value in entry.items() if key != "dependencies"}])
            continue
        only(entry, LEGACY, folder)
        pin = pins.get(folder)
        seen += 1
        same = pin is not None and (entry.get("version"), entry.get("integrity", "")) == (
            pin.version,
            "".join(pin.hashes),
        )
        if pin is None or not same or address_of(str(entry.get("resolved")), pin.name, pin.version) != pin.origin:
            raise UnreadableError(f"the two lists of the lock disagree about `{folder[:80]}`")
    if seen != len(pins):
        raise UnreadableError("the two lists of the lock are not equally long")
    return sorted(kept, key=written)


def fits_lock(listing: Listing, lock: Listing) -> str | None:
    """Why a package-lock.json beside a manifest disagrees with it, or None."""
    held = lock
    mine = _asked(listing)
    theirs = dict(held.asked or {})
    odd = next((name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)), None)
    if odd is not None:
        return f"{odd} is asked for as `{mine.get(odd, 'nothing')}`, and by the lock as `{theirs.get(odd, 'nothing')}`"
    return None


def fits_manifest(listing: Listing, manifest: Listing) -> str | None:
    """Why a manifest beside a lock disagrees with it, or None; the locked version lies in the range."""
    asked = manifest
    mine = _asked(asked)
    theirs = dict(listing.asked or {})
    odd = next((name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)), None)
    if odd is not None:
        return f"{odd} is locked as `{theirs.get(odd, 'nothing')}`, and asked for as `{mine.get(odd, 'nothing')}`"
    return outside(listing, {pin.name: pin.version for pin in asked.pins if pin.place != "peerDependencies"})


def _asked(manifest: Listing) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in SECTIONS:
        for pin in manifest.pins:
            if pin.place == section:
                found[pin.name] = f"{found.get(pin.name, '')}{section} {pin.version};"
    return found


def outside(listing: Listing, asked: dict[str, str]) -> str | None:
    """Which directly asked package is locked outside of its range."""
    for pin in listing.pins:
        wanted = asked.get(pin.name) if pin.direct else None
        if wanted is not None and EXACT.fullmatch(wanted):
            wanted = f"={wanted}"
        if wanted is not None and holds(wanted, pin.version) is False:
            return f"{pin.name} is locked at {pin.version}, which `{wanted}` does not let in"
    return None


READERS: Final = (
    Reader(
        name="npm lock",
        reads=named(r"package-lock\.json|npm-shrinkwrap\.json"),
        read=read_lock,
        fits={"package.json": fits_manifest},
    ),
)
