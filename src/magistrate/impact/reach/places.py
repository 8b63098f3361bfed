"""To which package, service and owners a file belongs, by the manifests and the CODEOWNERS of its tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from magistrate.impact.base import BaseTree

MANIFESTS: Final = {
    "pyproject.toml": r"(?m)^name\s*=\s*[\"']([^\"'\n]+)[\"']",
    "setup.cfg": r"(?m)^name\s*=\s*(\S+)",
    "setup.py": r"\bname\s*=\s*[\"']([^\"'\n]+)[\"']",
    "package.json": r"\"name\"\s*:\s*\"([^\"\n]+)\"",
    "go.mod": r"(?m)^module\s+(\S+)",
    "cargo.toml": r"(?m)^name\s*=\s*\"([^\"\n]+)\"",
    "pom.xml": r"<artifactId>([^<]+)</artifactId>",
    "build.gradle": r"\A(?!)",
    "build.gradle.kts": r"\A(?!)",
    "composer.json": r"\"name\"\s*:\s*\"([^\"\n]+)\"",
}
"""What makes a folder a package, and how it says its name."""
SERVICES: Final = {
    "dockerfile": r"\A(?!)", "containerfile": r"\A(?!)", "chart.yaml": r"(?m)^name:\s*[\"']?([\w.-]+)", "serverless.yml": r"(?m)^service:\s*([\w.-]+)",
    "serverless.yaml": r"(?m)^service:\s*([\w.-]+)", "procfile": r"\A(?!)", "skaffold.yaml": r"\A(?!)", "fly.toml": r"(?m)^app\s*=\s*[\"']([\w.-]+)",
    "app.yaml": r"(?m)^service:\s*([\w.-]+)", "wrangler.toml": r"(?m)^name\s*=\s*[\"']([\w.-]+)",
}  # fmt: skip
"""What makes a folder something that is run."""
OWNER_FILES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
ROOT: Final = "."
MAX_NAME: Final = 100


def packages_of(paths: Iterable[str], base: BaseTree) -> tuple[str, ...]:
    """The nearest package of each path, by its name, else by its folder."""
    return _nearest(paths, _folders(base, "packages", MANIFESTS))


def services_of(paths: Iterable[str], base: BaseTree) -> tuple[str, ...]:
    """The nearest thing that is run of each path; none where no folder above it is one."""
    return _nearest(paths, _folders(base, "services", SERVICES))


def owners_of(paths: Iterable[str], base: BaseTree) -> tuple[str, ...]:
    """Everybody whose approval CODEOWNERS asks for; the last pattern that matches a path decides."""
    text = next((base.files[one] for one in OWNER_FILES if one in base.files), "")
    rules = _owner_rules(text)
    found: set[str] = set()
    for path in paths:
        found |= set(next((owners for pattern, owners in rules if pattern.match(path)), ()))
    return tuple(sorted(found))


def _folders(base: BaseTree, what: str, manifests: Mapping[str, str]) -> dict[str, str]:
    """Folders with a manifest, and the name that each gives; looked up once for a base."""
    kept = base.looked_up.get(f"reach {what}")
    if isinstance(kept, dict):
        return kept
    found: dict[str, str] = {}
    for path in sorted(base.files):
        folder, _, name = path.rpartition("/")
        pattern = manifests.get(name.lower()) or (
            r"\A(?!)" if name.lower().startswith("dockerfile") and what == "services" else None
        )
        if pattern is not None and (folder not in found or found[folder] == (folder or ROOT)):
            said = re.search(pattern, base.files[path])
            found[folder] = said[1][:MAX_NAME] if said is not None else folder or ROOT
    base.looked_up[f"reach {what}"] = found
    return found


def _nearest(paths: Iterable[str], folders: Mapping[str, str]) -> tuple[str, ...]:
    found: set[str] = set()
    for path in paths:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in folders:
                found.add(folders[folder])
                break
    return tuple(sorted(found))


@lru_cache(maxsize=8)
def _owner_rules(text: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """The rules, the last one first."""
    rules = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words and not words[0].startswith(("[", "^[")):
            rules.append((_pattern(words[0]), tuple(word for word in words[1:] if "@" in word)))
    return tuple(reversed(rules))


def _pattern(text: str) -> re.Pattern[str]:
    """As in `.gitignore`: a slash inside or in front binds it to the root, a name is itself and all below it."""
    bound = "/" in text.rstrip("/")
    pieces = re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", text.strip("/"))
    told = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(told.get(piece, re.escape(piece)) for piece in pieces)
    below = r"(?:/.*)?" if not text.endswith("/*") else ""
    return re.compile(("" if bound else "(?:.*/)?") + body + below + r"\Z")
