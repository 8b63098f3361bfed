"""The Go module proxy: when a version was tagged. Publishers and provenance are not its matter.

Format: `GET /MODULE/@v/VERSION.info` of the GOPROXY protocol; capitals in names are written `!` and the small letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from magistrate.adapters.registries.asking import Asking, mapping, text
from magistrate.adapters.registries.history import Version, release_of
from magistrate.domain.release import Release

ADDRESS: Final = "https://proxy.golang.org"


@dataclass(frozen=True, slots=True)
class GoProxy:
    """proxy.golang.org, or what speaks like it."""

    asking: Asking

    def release(self, name: str, version: str) -> Release | None:
        """One version as the proxy tells of it; None where it has none; raises Unavailable."""
        parts = [_escaped(part) for part in name.split("/")]
        path = "/" + "/".join("{}" for _ in parts) + "/@v/{}.info"
        document = self.asking.json(path, *parts, _escaped(version))
        if document is None:
            return None
        return release_of({version: Version(released=text(mapping(document).get("Time")))}, version)


def _escaped(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "!" + found[0].lower(), name)
