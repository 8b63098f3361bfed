"""Rules by which a bot merges, approves or counts as an owner: whoever relaxes them merges without the people they ask.

Mergify, Kodiak, Bulldozer, policy-bot, Prow's OWNERS, Renovate and Dependabot's automatic merges, Bors.

Rule kept: what such a file says is not evaluated; where what it says changes, comments and layout apart, it is unknown.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.trees import UnreadableTreeError, documents
from magistrate.impact.privilege.model import Grants, Place, Reader, Unknown

DOMAIN: Final = "merge-bots"
_FILE: Final = rx(
    r"(?:\.github/|\.gitlab/)?(?:\.?mergify\.ya?ml|\.?kodiak\.toml|\.?bulldozer\.ya?ml|\.policy\.ya?ml|bors\.toml|\.?prow\.ya?ml|tide\.ya?ml|"
    r"\.?auto[-_]?(?:merge|approve)\.ya?ml)|\.mergify/config\.ya?ml|\.github/policy\.ya?ml"
)
_OWNERS: Final = rx(r"(?:.*/)?OWNERS(?:_ALIASES)?")
_UPDATES: Final = rx(r"(?:.*/)?(?:\.?renovate(?:rc)?(?:\.json5?)?|default\.json)")
_MERGES: Final = rx(r"(?i)auto-?merge|auto-?approve|insecure-external-code-execution")
_DEPENDABOT: Final = rx(r"\.github/dependabot\.ya?ml")


class _Reader:
    """The reader."""

    @property
    def domain(self) -> str:
        """`merge-bots`."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Files that such bots read by their names."""
        return any(one.fullmatch(path) for one in (_FILE, _OWNERS, _UPDATES, _DEPENDABOT))

    def grants(self, files: Mapping[str, str]) -> Grants:
        """What each file says, as something unknown."""
        found: list[Unknown] = []
        for path in sorted(files):
            updates = _UPDATES.fullmatch(path) or _DEPENDABOT.fullmatch(path)
            if updates and _MERGES.search(files[path]) is None:
                continue
            why = "a bot merges, approves or updates by what this file says"
            found.append(
                Unknown(domain=DOMAIN, why=why, text=f"{path}: {_said(path, files[path])}", place=Place(path=path))
            )
        return Grants(unknown=tuple(found))


@lru_cache(maxsize=64)
def _said(path: str, text: str) -> str:
    """What a text says, with its names in order and without comments; the text itself where nothing reads it."""
    try:
        read = tomllib.loads(text) if path.endswith(".toml") else documents(text)
        return json.dumps(read, sort_keys=True, default=str)
    except (UnreadableTreeError, ValueError, TypeError, RecursionError):
        return " ".join(text.split())


READER: Final[Reader] = _Reader()
