"""The map of a repository: which paths reach which environment, service and store, and what each secret opens; `reach` in `.magistrate.yml`.

    reach:
      environments: {production: ["deploy/prod/**", "src/**"], dev: ["deploy/dev/**"]}
      services: {api: ["services/api/**"]}
      data_stores: {orders: ["migrations/**"]}
      secrets: {ORDERS_PASSWORD: [orders-db]}

Rule kept (R27, R39): it is read from the base tree only. A part of another shape, and there is no map; without a
map, and for a path that no environment names, the environment is production.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.configuration.declared import SETTINGS
from magistrate.impact.configuration.leaves import leaves_of
from magistrate.impact.configuration.scalars import Kind
from magistrate.impact.languages import yaml_text
from magistrate.impact.languages.reading import UnreadableError

PRODUCTION: Final = "production"
PARTS: Final = ("environments", "services", "data_stores", "secrets")
NAME: Final = rx(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
SECRET: Final = rx(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,127}\Z")
PATTERN: Final = rx(r"(?!(?:.*/)?\.\.(?:/|\Z))[A-Za-z0-9_.@*+-]+(?:/[A-Za-z0-9_.@*+-]+)*\Z")
MAX_PATTERNS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachMap:
    """Names and the patterns of paths that reach them: `*` stays in a folder, `**` does not."""

    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data_stores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of secrets and of the systems that each opens; none listed is not known, which is the most."""

    def environments_of(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Every environment that one of the paths reaches; a path that none names reaches production."""
        found: set[str] = set()
        for path in paths:
            found |= set(named(self.environments, (path,))) or {PRODUCTION}
        return tuple(sorted(found))


def named(patterns: Mapping[str, tuple[str, ...]], paths: Iterable[str]) -> tuple[str, ...]:
    """Every name whose patterns match one of the paths, in order."""
    listed = list(paths)
    return tuple(
        name for name in sorted(patterns) if any(_glob(one).match(path) for one in patterns[name] for path in listed)
    )


def map_in(files: Mapping[str, str]) -> ReachMap | None:
    """The map of a base tree; None where there is none, or one of another shape."""
    text = files.get(SETTINGS)
    return None if text is None or "reach" not in text else _read(text)


@lru_cache(maxsize=16)
def _read(text: str) -> ReachMap | None:
    try:
        leaves = leaves_of(yaml_text.LANGUAGE, text.encode())
    except (UnreadableError, UnicodeEncodeError):
        return None
    parts: dict[str, dict[str, list[str]]] = {part: {} for part in PARTS}
    for path, value in leaves:
        match path:
            case ("reach", *_) if value.kind is Kind.HOLDER:
                if len(path) == 3 and value.text == "SequenceStart":  # noqa: PLR2004 - reach, part, name
                    parts.get(str(path[1]), {}).setdefault(str(path[2]), [])
                elif value.text != "MappingStart" or len(path) > 2:  # noqa: PLR2004
                    return None
            case ("reach", str() as part, str() as name, int()):
                shapes = (SECRET, NAME) if part == "secrets" else (NAME, PATTERN)
                if part not in parts or not shapes[0].match(name) or not shapes[1].match(value.text):
                    return None
                parts[part].setdefault(name, []).append(value.text)
            case ("reach", *_):
                return None
            case _:
                pass
    number = sum(len(one) for part in parts.values() for one in part.values())
    if not parts["environments"] or not all(parts["environments"].values()) or number > MAX_PATTERNS:
        return None
    return ReachMap(**{part: {name: tuple(one) for name, one in names.items()} for part, names in parts.items()})


@lru_cache(maxsize=4_096)
def _glob(pattern: str) -> re.Pattern[str]:
    """`**/` is any folders or none, `**` anything, `*` anything within a folder; a folder's name is all in it."""
    pieces = re.split(r"(\*\*/|\*\*|\*)", pattern)
    told = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(told.get(piece, re.escape(piece)) for piece in pieces) + r"(?:/.*)?\Z")
