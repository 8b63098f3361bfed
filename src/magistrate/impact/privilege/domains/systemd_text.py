"""Unit files of systemd as settings, drop-ins laid over them (systemd.syntax(7), systemd.unit(5)).

Rule kept: settings keep their order, an empty one takes back those before it, a line without `=` is handed back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.model import Place

UNIT: Final = rx(r"(?:.*/)?([\w@:.\\-]+\.(?:service|socket))(?:\.(?:j2|in|tmpl|erb))?")
DROP_IN: Final = rx(r"(?:.*/)?([\w@:.\\-]+\.(?:service|socket))\.d/[^/]+\.conf")
_SECTION: Final = rx(r"\[([^\]]+)\]")
_SETTING: Final = rx(r"([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)", re.DOTALL)


@dataclass(slots=True)
class Unit:
    """The settings of one unit: name of the setting -> its values in order, each with its place."""

    name: str
    settings: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    unread: list[tuple[str, Place]] = field(default_factory=list)

    def last(self, name: str) -> str:
        """The value that stands at the end."""
        found = self.settings.get(name, [])
        return found[-1][0] if found else ""

    def words(self, name: str) -> list[str]:
        """The words of all values."""
        return [word for value, _ in self.settings.get(name, []) for word in value.split()]

    def place(self, name: str) -> Place:
        """Where a setting stands last."""
        found = self.settings.get(name, [])
        return found[-1][1] if found else Place(path="")


def units_of(files: Mapping[str, str]) -> list[Unit]:
    """All units, by name; a drop-in without its unit makes a unit of its own."""
    mains: dict[str, list[str]] = {}
    for path in sorted(files, key=lambda path: (DROP_IN.fullmatch(path) is not None, path.rsplit("/", 1)[-1], path)):
        found = DROP_IN.fullmatch(path) or UNIT.fullmatch(path)
        if found is not None:
            folder = path.rpartition("/")[0]
            folder = folder.rpartition("/")[0] if DROP_IN.fullmatch(path) else folder
            mains.setdefault(f"{folder}/{found.group(1)}".lstrip("/"), []).append(path)
    return [_unit(name, [(path, files[path]) for path in paths]) for name, paths in sorted(mains.items())]


def _unit(name: str, texts: list[tuple[str, str]]) -> Unit:
    unit = Unit(name=name)
    for path, text in texts:
        section, held, first = "", "", 0
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith(("#", ";")) or (not held and not line.strip()):
                continue
            first = first or number
            if line.endswith("\\"):
                held += line[:-1] + " "
                continue
            section = _take(unit, (held + line).strip(), section, Place(path=path, line=first))
            held, first = "", 0
        if held.strip():
            _take(unit, held.strip(), section, Place(path=path, line=first))
    return unit


def _take(unit: Unit, line: str, section: str, place: Place) -> str:
    found = _SECTION.fullmatch(line)
    if found is not None:
        return found.group(1)
    setting = _SETTING.fullmatch(line)
    if setting is None:
        unit.unread.append((" ".join(line.split()), place))
    elif section in {"Service", "Socket"}:
        name, value = setting.group(1), " ".join(setting.group(2).split())
        if value:
            unit.settings.setdefault(name, []).append((value, place))
        else:
            unit.settings[name] = []
    return section
