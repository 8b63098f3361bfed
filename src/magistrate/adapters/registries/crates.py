"""crates.io: the versions of a crate, with time, publisher, trusted publishing and yanks.

Format: `GET /api/v1/crates/NAME` of the crates.io web API (`versions[].num`, `.created_at`, `.published_by.login`,
`.trustpub_data`, `.yanked`). A build script is in the bytes of a crate and not told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.adapters.registries.asking import Asking, entries, mapping, text
from magistrate.adapters.registries.history import Version, release_of
from magistrate.domain.release import Release

ADDRESS: Final = "https://crates.io"


@dataclass(frozen=True, slots=True)
class CratesIo:
    """crates.io, or what speaks like it."""

    asking: Asking

    def release(self, name: str, version: str) -> Release | None:
        """One release as the registry tells of it; None where it has none; raises Unavailable."""
        document = mapping(self.asking.json("/api/v1/crates/{}", name))
        versions = {text(one.get("num")): _version(one) for one in entries(document.get("versions"))}
        return release_of(versions, version) if version in versions else None


def _version(one: Mapping[str, Any]) -> Version:
    trusted = mapping(one.get("trustpub_data"))
    return Version(
        released=text(one.get("created_at")),
        publisher=text(mapping(one.get("published_by")).get("login")) or text(trusted.get("repository")),
        provenance=bool(trusted) if "trustpub_data" in one else None,
        withdrawn=one.get("yanked") is not False,
    )
