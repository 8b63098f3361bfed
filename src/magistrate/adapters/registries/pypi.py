"""PyPI: when the files of a release were uploaded, whether they carry attestations, whether it was yanked.

Formats: the JSON API (`/pypi/NAME/json`) for the files of each version, and the JSON form of the index
(PEP 691, 700, 740: `/simple/NAME/`) for the address of a file's provenance. Who uploaded is not said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.adapters.registries.asking import Asking, entries, mapping, text
from magistrate.adapters.registries.history import Version, release_of
from magistrate.domain.release import Release

ADDRESS: Final = "https://pypi.org"
INDEX: Final = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True)
class PyPI:
    """The Python Package Index, or what speaks like it."""

    asking: Asking

    def release(self, name: str, version: str) -> Release | None:
        """One release as the index tells of it; None where it has none; raises Unavailable."""
        project = re.sub(r"[-_.]+", "-", name).lower()  # PEP 503; by another spelling PyPI sends elsewhere
        document = mapping(self.asking.json("/pypi/{}/json", project))
        releases = mapping(document.get("releases"))
        version = next((other for other in releases if _same(other, version)), "")
        if not version:
            return None
        index = mapping(self.asking.json("/simple/{}/", project, accept=INDEX))
        attested = {text(one.get("filename")): one.get("provenance") for one in entries(index.get("files"))}
        return release_of({other: _version(files, attested) for other, files in releases.items()}, version)


def _same(one: str, other: str) -> bool:
    """Whether two versions are one, but for zeros at the end (PEP 440: `2.0` is `2.0.0`)."""
    return one == other or re.sub(r"(?:\.0)+\Z", "", one) == re.sub(r"(?:\.0)+\Z", "", other)


def _version(files: object, attested: Mapping[str, Any]) -> Version:
    rows = entries(files)
    names = [text(one.get("filename")) for one in rows]
    known = bool(names) and all(name in attested for name in names)
    return Version(
        released=min((text(one.get("upload_time_iso_8601")) for one in rows), default=""),
        provenance=all(bool(attested[name]) for name in names) if known else None,
        withdrawn=bool(rows) and all(one.get("yanked") is True for one in rows),
    )
