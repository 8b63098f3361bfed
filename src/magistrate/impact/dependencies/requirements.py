"""pip: requirements and constraints files, line by line, by PEP 508 and pip's file format.

A line that is no plain pin belongs to the rest; the notes that pip-compile writes (`# via ...`)
are read by nobody.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.pins import Listing, Pinned, Reader, bounded, named
from magistrate.impact.languages.reading import UnreadableError

LINE: Final = rx(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*(\[[A-Za-z0-9._, -]*\])?[ \t]*"
    r"(\(?[<>=~!][^;@#()$\"'\\]*\)?|@[ \t]*[^ \t;]+)?[ \t]*(;[^#\\]*)?"
)
HASH: Final = rx(r"--hash[= ](sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
ASKER: Final = r"(?:-[rc] )?[A-Za-z0-9._/\[\]-]{1,100}(?: \([A-Za-z0-9._/-]{1,100}\))?"
VIA: Final = rx(rf"[ \t]*# via(?: {ASKER}(?:, {ASKER})*)?|[ \t]+#[ \t]{{1,8}}{ASKER}")
INDEX: Final = rx(r"(?:--(?:extra-)?index-url|-i|--find-links|-f)\b")
ORIGIN: Final = rx(r"(git|hg|svn|bzr)\+|https?://|file:|[./]")
SEPARATORS: Final = rx(r"[-_.]+")


def normal(name: str) -> str:
    """The name as PyPI compares it (PEP 503)."""
    return SEPARATORS.sub("-", name).lower()


def requirement(text: str, *, place: str = "", line: int = 0, dev: bool = False) -> Pinned | None:
    """One requirement of PEP 508 without hashes, or None where it is something else."""
    found = LINE.fullmatch(text.strip())
    if found is None:
        return None
    asked = (found[3] or "").strip()
    if asked.startswith("("):
        asked = asked.removeprefix("(").removesuffix(")")
    address = asked[1:].strip() if asked.startswith("@") else ""
    origin = _origin(address) if address else "registry"
    terms = f"{found[2] or ''};{(found[4] or '').lstrip('; ').strip()}"
    version = address or asked.strip()
    return Pinned(
        ecosystem="pypi",
        name=normal(found[1]),
        version=version,
        origin=origin,
        direct=True,
        dev=dev,
        place=place,
        terms=terms,
        line=line,
    )


def _origin(address: str) -> str:
    if address.startswith(("git+", "hg+", "svn+", "bzr+")):
        return f"git {address[:120]}"
    return f"{'path' if address.startswith(('file:', '.', '/')) else 'url'} {address[:120]}"


def read(text: str) -> Listing:
    """Pins with their hashes; every other line is rest.

    Raises:
        UnreadableError: a hash that is none, or a name twice under the same condition.
    """
    pins: list[Pinned] = []
    rest: list[str] = []
    indexes = 0
    lines = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        start = at
        while lines[at].endswith("\\") and at + 1 < len(lines):
            at += 1
        at += 1
        whole = " ".join((*(line.removesuffix("\\") for line in lines[start : at - 1]), lines[at - 1]))
        indexes += INDEX.match(whole.strip()) is not None
        if VIA.fullmatch(whole) and pins:
            continue
        pin = _pin(whole, start + 1)
        if pin is None:
            rest.append("\n".join(lines[start:at]))
        else:
            pins.append(pin)
    if len({(pin.name, pin.terms) for pin in pins}) != len(pins):
        raise UnreadableError("a package stands twice, and readers resolve that differently")
    return Listing(
        pins=bounded(pins), rest="\n".join(line for line in rest if line.strip()), several_indexes=indexes > 1
    )


def _pin(whole: str, line: int) -> Pinned | None:
    body, comment, said = whole.partition(" #")
    if comment and not VIA.fullmatch(" #" + said):
        return None
    asked, *hashes = re.split(r"[ \t]+(?=--)", body.rstrip())
    found = [HASH.fullmatch(one.strip()) for one in hashes]
    if any(one is None for one in found):
        return None
    pin = requirement(asked, line=line)
    if pin is None:
        return None
    exact = re.fullmatch(r"===?[ \t]*([A-Za-z0-9.!+_-]+)", pin.version)
    return Pinned(
        ecosystem="pypi",
        name=pin.name,
        version=exact[1] if exact else pin.version,
        origin=pin.origin,
        direct=None,
        hashes=tuple(sorted(one[1] for one in found if one)),
        exact=exact is not None,
        terms=pin.terms,
        line=line,
    )


READERS: Final = (
    Reader(
        name="pip requirements",
        reads=named(r"[^/]*requirements[^/]*\.(?:txt|in)|[^/]*constraints[^/]*\.txt|requirements/[^/]+\.(?:txt|in)"),
        read=read,
    ),
)
