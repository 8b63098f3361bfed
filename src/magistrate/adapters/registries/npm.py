"""npm: the document of a package, with the time, the publisher and the attestations of each version.

Format: `GET /NAME` of the public registry API (`time`, `versions[V]._npmUser`, `.dist.attestations`, `.scripts`,
`.hasInstallScript`, `.deprecated`). A mirror may leave out publishers; then that is unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.adapters.registries.asking import Asking, mapping, text
from magistrate.adapters.registries.history import Version, release_of
from magistrate.domain.release import Release

ADDRESS: Final = "https://registry.npmjs.org"
ON_INSTALL: Final = ("preinstall", "install", "postinstall")


@dataclass(frozen=True, slots=True)
class Npm:
    """The npm registry, or what speaks like it."""

    asking: Asking

    def release(self, name: str, version: str) -> Release | None:
        """One release as the registry tells of it; None where it has none; raises Unavailable."""
        document = mapping(self.asking.json("/{}", name))
        versions = mapping(document.get("versions"))
        if version not in versions:
            return None
        times = mapping(document.get("time"))
        return release_of({other: _version(mapping(one), times.get(other)) for other, one in versions.items()}, version)


def _version(one: Mapping[str, Any], time: object) -> Version:
    dist = mapping(one.get("dist"))
    runs = bool(one.get("hasInstallScript")) or any(key in mapping(one.get("scripts")) for key in ON_INSTALL)
    return Version(
        released=text(time),
        publisher=text(mapping(one.get("_npmUser")).get("name")),
        provenance=bool(dist.get("attestations")),
        script=runs,
        withdrawn=bool(one.get("deprecated")),
    )
