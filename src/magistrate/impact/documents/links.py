"""Whether a link that is changed still leads to the same place, or to one where before there was none.

Rule kept (R19): an address keeps its host and path and may become encrypted; a link inside the
repository may change only where the page it named does not exist. Another page, even of the same
owner, is another statement. RFC 3986 names the parts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final

from magistrate.impact.compiled import rx

URL: Final = rx(r"(https?)://([a-z0-9][a-z0-9.-]*)(/[\w./~+,-]*)?(#[\w.+-]*)?\Z")
ANCHOR: Final = rx(r"#[\w.-]*\Z")
RELATIVE: Final = rx(r"(?!/)([\w./-]+?)(#[\w.-]*)?\Z")
RUN: Final = rx(
    r"(?i)\.(?:sh|bash|ps1|bat|cmd|exe|msi|zip|tar|tgz|gz|bz2|xz|zst|7z|whl|egg|deb|rpm|apk|jar|war|dmg|pkg|iso|img|bin|run|"
    r"appimage|gem|crate|nupkg|vsix|crx|xpi|py|js|mjs|rb|pl|php|lua|yaml|yml|json|toml|tf|dockerfile|patch|diff|asc|sig|key|"
    r"pem)\Z"
)
"""What is fetched to be run, installed or trusted."""
MAX_TARGET: Final = 2_000


def why_not_link(old: str, new: str, page: str, known: Iterable[str]) -> str | None:
    """Why the target of a link may not change so; None when it may. `known` are paths of base and proposal."""
    if old == new:
        return None
    if max(len(old), len(new)) > MAX_TARGET:
        return "a link is longer than a link needs to be"
    if "//" in new or "//" in old:
        return _absolute(old, new)
    return _relative(old, new, page, frozenset(known))


def _absolute(old: str, new: str) -> str | None:
    before, after = URL.match(old), URL.match(new)
    if before is None or after is None:
        return f"changes the link `{new[:60]}`, which is not plainly an address of the web"
    if "xn--" in new or ".." in new:
        return f"changes the link `{new[:60]}`, which may lead elsewhere than it seems"
    if (before[1], after[1]) == ("https", "http"):
        return f"takes the encryption off the link `{new[:60]}`"
    if before[2] != after[2] or (before[3] or "").rstrip("/") != (after[3] or "").rstrip("/") or before[4] != after[4]:
        return f"leads the link to `{new[:60]}`, which is another place"
    return None


def _relative(old: str, new: str, page: str, known: frozenset[str]) -> str | None:
    before, after = RELATIVE.match(old), RELATIVE.match(new)
    if before is None or after is None or ANCHOR.match(old) or ANCHOR.match(new):
        return f"changes the link `{new[:60]}`, which is not plainly a page of this repository"
    places = [posixpath.normpath(posixpath.join(posixpath.dirname(page), one[1])) for one in (before, after)]
    if places[1].startswith("..") or RUN.search(after[1]):
        return f"changes the link `{new[:60]}`, which leads out of the repository or to something to run"
    there = [place in known or any(path.startswith(f"{place}/") for path in known) for place in places]
    if there[0]:
        return f"leads the link to `{new[:60]}`, though the page it named is there"
    return None if there[1] else f"changes the link `{new[:60]}`, and the base tree has no such page"
