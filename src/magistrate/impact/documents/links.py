"""Whether a link that is changed still leads to the same owner.

Rule kept (R19): scheme, host and, where many owners share a host, the owner stay; a page that
people download or install from is never the target that changes. RFC 3986 names the parts; the
WHATWG URL standard says what browsers make of odd ones, so odd ones are refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Final

URL: Final = re.compile(r"(https?)://([a-z0-9][a-z0-9.-]*)(/[\w./~+,-]*)?(#[\w.+-]*)?\Z")
ANCHOR: Final = re.compile(r"#[\w.-]*\Z")
RELATIVE: Final = re.compile(r"(?!/)([\w./-]+?)(#[\w.-]*)?\Z")
OWNED: Final = {
    "github.com": 1, "gitlab.com": 1, "bitbucket.org": 1, "codeberg.org": 1, "git.sr.ht": 1, "crates.io": 2, "docs.rs": 1,
    "pypi.org": 2, "pypi.python.org": 2, "npmjs.com": 2, "www.npmjs.com": 2, "rubygems.org": 2, "hub.docker.com": 2,
    "pkg.go.dev": 3, "godoc.org": 3, "packagist.org": 3, "search.maven.org": 3, "quay.io": 2,
}  # fmt: skip
"""Hosts with many owners, and how many parts of the path name one."""
SINGLE: Final = frozenset(
    [
        "docs.python.org",
        "www.python.org",
        "peps.python.org",
        "packaging.python.org",
        "developer.mozilla.org",
        "www.w3.org",
        "en.wikipedia.org",
        "www.rfc-editor.org",
        "datatracker.ietf.org",
        "tools.ietf.org",
        "go.dev",
        "golang.org",
        "doc.rust-lang.org",
        "www.rust-lang.org",
        "nodejs.org",
        "www.typescriptlang.org",
        "docs.github.com",
        "docs.npmjs.com",
        "kubernetes.io",
        "spec.commonmark.org",
        "json-schema.org",
        "docs.docker.com",
        "learn.microsoft.com",
        "docs.oracle.com",
        "www.postgresql.org",
        "sqlite.org",
    ]
)
TENANTS: Final = (".readthedocs.io", ".readthedocs.org", ".rtfd.io", ".github.io", ".gitlab.io")
"""Hosts whose first label names the owner, who owns every path below."""
FORGES: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
"""Hosts where strangers write below an owner's name: issues, discussions, uploads, commits of forks."""
OWN_PLACES: Final = re.compile(
    r"/[\w.-]+(?:/[\w.-]+(?:/(?:(?:tree|blob)/(?![0-9a-f]{7,}(?:/|\Z))[\w.-]+(?:/[\w./+-]+)?|actions(?:/workflows/[\w.-]+)?|"
    r"issues|pulls|tags|labels|graphs/contributors))?)?/?\Z"
)
"""What only the owner writes: an account, a repository, files of a branch, lists."""
FETCHED: Final = re.compile(
    r"(?i)\.(?:sh|bash|ps1|bat|cmd|exe|msi|zip|tar|tgz|gz|bz2|xz|zst|7z|whl|egg|deb|rpm|apk|jar|war|dmg|pkg|iso|img|bin|run|"
    r"appimage|gem|crate|nupkg|vsix|crx|xpi|py|js|mjs|rb|pl|php|lua|yaml|yml|json|toml|tf|dockerfile|patch|diff|asc|sig|key|"
    r"pem)\Z|(?:^|/)(?:releases?|downloads?|dl|archive|raw|install(?:ation|er)?|get|setup|dist|packages?|blob/[^/]+/.*\.\w+sh)"
    r"(?:/|\Z)"
)
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


def authority(target: str) -> str | None:
    """Scheme, host and owner of a plain absolute link; None for a target that has no plain one."""
    found = URL.match(target)
    if found is None or "xn--" in found[2] or ".." in target:
        return None
    host, parts = found[2], [part for part in (found[3] or "").split("/") if part]
    depth = OWNED.get(host)
    if depth is None:
        own = host in SINGLE or host.endswith(TENANTS)
        return f"{found[1]}://{host}" if own else f"{found[1]}://{host}/{found[3] or ''}"
    return None if len(parts) < depth else f"{found[1]}://{host}/{'/'.join(parts[:depth])}"


def strangers_write(target: str) -> bool:
    """Whether others than the owner may write at an address of a forge."""
    found = URL.match(target)
    return found is not None and found[2] in FORGES and OWN_PLACES.match(found[3] or "/") is None


def _absolute(old: str, new: str) -> str | None:  # noqa: PLR0911 - one guard, one exit
    before, after = URL.match(old), URL.match(new)
    if before is None or after is None:
        return f"changes the link `{new[:60]}`, which is not plainly an address of the web"
    if "xn--" in new or ".." in new:
        return f"changes the link `{new[:60]}`, which may lead elsewhere than it seems"
    if (before[1], after[1]) == ("https", "http"):
        return f"takes the encryption off the link `{new[:60]}`"
    path_old, path_new = (before[3] or "").rstrip("/"), (after[3] or "").rstrip("/")
    if before[2] == after[2] and path_old == path_new:
        return None
    if FETCHED.search(path_new) or FETCHED.search(path_old):
        return f"changes the link `{new[:60]}`, from which people may download or install"
    if strangers_write(new):
        return f"leads the link to `{new[:60]}`, where others than the owner may write"
    secure = re.sub(r"\Ahttp:", "https:", old), re.sub(r"\Ahttp:", "https:", new)
    owners = authority(secure[0]), authority(secure[1])
    if owners[0] is None or owners[0] != owners[1]:
        return f"leads the link to `{new[:60]}`, which may be another owner's"
    return None


def _relative(old: str, new: str, page: str, known: frozenset[str]) -> str | None:
    if ANCHOR.match(old) and ANCHOR.match(new):
        return None
    before, after = RELATIVE.match(old), RELATIVE.match(new)
    if before is None or after is None:
        return f"changes the link `{new[:60]}`, which is not plainly a page of this repository"
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page), after[1]))
    if place.startswith("..") or FETCHED.search(after[1]):
        return f"changes the link `{new[:60]}`, which leads out of the repository or to something to run"
    if place in known or any(path.startswith(f"{place}/") for path in known):
        return None
    return f"changes the link `{new[:60]}`, and the base tree has no such page"
