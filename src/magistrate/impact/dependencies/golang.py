"""Go: the `require` lines of go.mod, and go.sum.

`replace`, `exclude`, `retract`, `go` and `toolchain` are no pins and stay in the rest. The hash of
a version never changes: that is what go.sum is for.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.pins import Listing, Pinned, Reader, bounded, named
from magistrate.impact.languages.reading import UnreadableError

MODULE: Final = r"[A-Za-z0-9][A-Za-z0-9._~!/-]*"
VERSION: Final = r"v\d{1,18}\.\d{1,18}\.\d{1,18}(?:-[0-9A-Za-z.-]+)?(?:\+incompatible)?"
REQUIRE: Final = rx(rf"[ \t]*(?:require[ \t]+)?({MODULE})[ \t]+({VERSION})[ \t]*(// indirect)?[ \t]*")
SUM: Final = rx(rf"({MODULE}) ({VERSION})(/go\.mod)? (h1:[A-Za-z0-9+/]{{43}}=)")


def read_mod(text: str) -> Listing:
    """Lines inside `require ( )`, and `require` lines; every other line is rest.

    Raises:
        UnreadableError: a block that does not close, a comment over lines, or a module twice.
    """
    pins: list[Pinned] = []
    rest: list[str] = []
    within = ""
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.removesuffix("\r")
        bare = line.split("//")[0].strip()
        if "/*" in line or "`" in line or '"' in line:
            raise UnreadableError(f"line {number} is quoted or has a comment over lines")
        if not within and bare.endswith("("):
            within = bare[:-1].strip()
            rest += [f"{within} ("] if within != "require" or line.strip() != "require (" else []
        elif within and bare == ")":
            rest += [")"] if within != "require" or line.strip() != ")" else []
            within = ""
        else:
            found = REQUIRE.fullmatch(line)
            wanted = found is not None and (within == "require" or (not within and bare.startswith("require ")))
            if found is None or not wanted:
                rest += [line] if line.strip() else []
                continue
            pins.append(
                Pinned(
                    ecosystem="go",
                    name=found[1],
                    version=found[2],
                    exact=True,
                    direct=not found[3],
                    line=number,
                    place="require",
                )
            )
    if within or len({pin.name for pin in pins}) != len(pins):
        raise UnreadableError("a block does not close, or a module is required twice")
    return Listing(pins=bounded(pins), rest="\n".join(rest), lock=True)


def read_sum(text: str) -> Listing:
    """One pin for each archive and each go.mod, with its hash; what has the first and not the second is in the rest.

    Raises:
        UnreadableError: a line that Go does not write, or one place with two hashes.
    """
    hashes: dict[tuple[str, str], dict[str, str]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.strip()
        if not line:
            continue
        found = SUM.fullmatch(line)
        if found is None:
            raise UnreadableError(f"line {number} is none that Go writes")
        key = (found[1], f"{found[2]}{found[3] or ''}")
        kept = hashes.setdefault(key, {})
        if kept.setdefault("h1", found[4]) != found[4]:
            raise UnreadableError(f"line {number}: {found[1]} {found[2]} has two hashes")
        lines.setdefault(key, number)
    half = {name for name, version in hashes if "/" not in version and (name, f"{version}/go.mod") not in hashes}
    pins = [
        Pinned(
            ecosystem="go",
            name=name,
            version=version.removesuffix("/go.mod"),
            hashes=(kept["h1"],),
            exact=True,
            line=lines[(name, version)],
            place="go.mod" if version.endswith("/go.mod") else "archive",
        )
        for (name, version), kept in hashes.items()
    ]
    return Listing(pins=bounded(pins), rest="\n".join(sorted(half)), lock=False)


def fits_sum(listing: Listing, sums: Listing) -> str | None:
    """Why a go.sum beside a go.mod disagrees: each required version has its hash there."""
    held = {(pin.name, pin.version) for pin in sums.pins}
    lefts = (
        line.partition("=>")[0].removeprefix("replace").split() for line in listing.rest.split("\n") if "=>" in line
    )
    replaced = {one[0] for one in lefts if one}
    for pin in listing.pins:
        if (pin.name, pin.version) not in held and pin.name not in replaced:
            return f"{pin.name} {pin.version} is required and the go.sum beside it has no hash of it"
    return None


READERS: Final = (
    Reader(name="Go modules", reads=named(r"go\.mod"), read=read_mod, fits={"go.sum": fits_sum}),
    Reader(name="Go checksums", reads=named(r"go\.sum"), read=read_sum),
)
