"""The keys that a repository declares benign: `benign_config` in `.magistrate.yml` of the base tree.

Rule kept (R22, R39, R41): each entry names one file (or one glob in its last part), one dotted key, one type,
a range or a list of values, and one environment. A field that is unknown, missing or wrong, in any
entry, and nothing at all is declared. The list itself is class `gate`: changing it needs two people.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.configuration.leaves import Leaf, Path, leaves_of
from magistrate.impact.configuration.scalars import Kind, Value
from magistrate.impact.languages import yaml_text
from magistrate.impact.languages.reading import UnreadableError

SETTINGS: Final = ".magistrate.yml"
FIELDS: Final = frozenset({"file", "key", "type", "min", "max", "max_step", "environment"})
FILE: Final = rx(
    r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|[A-Za-z0-9_-]*\*[A-Za-z0-9_-]*\.[a-z]{2,12})\Z"
)
"""An exact path, or one star in the name of a file, before its ending."""
KEY: Final = rx(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*\Z")
ENVIRONMENT: Final = rx(r"[a-z][a-z0-9_-]{0,31}\Z")
DECLARABLE: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.STRING})
MAX_ENTRIES: Final = 500
MAX_VALUES: Final = 100


class UndeclaredError(ValueError):
    """Nothing is declared, and why, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredKey:
    """One entry; numbers are exact, `values` are texts as they are written without quotes."""

    file: str
    key: str
    kind: Kind
    environment: str
    lowest: Decimal | None = None
    highest: Decimal | None = None
    max_step: Decimal | None = None
    values: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """`sha256:` over the entry in one spelling."""
        named = [
            self.file,
            self.key,
            self.kind,
            self.environment,
            *map(str, (self.lowest, self.highest, self.max_step)),
        ]
        return "sha256:" + hashlib.sha256(json.dumps([*named, *self.values]).encode()).hexdigest()

    def names(self, path: str) -> bool:
        """Whether it is about this file; a star stays within the last part of a path."""
        return _glob(self.file).match(path) is not None

    def covers(self, place: Path) -> bool:
        """Whether it is about this place of its file."""
        return tuple(self.key.split(".")) == place

    def why_not(self, old: Value, new: Value) -> str | None:
        """Why a change of value is not the declared one; both sides have to be declared values."""
        for value in (old, new):
            why = self._why_not_value(value)
            if why is not None:
                return why
        if old.kind is not new.kind:
            return f"changes the type of its value from {old.kind} to {new.kind}"
        if self.max_step is not None and abs(Decimal(new.text) - Decimal(old.text)) > self.max_step:
            return f"changes by more than {self.max_step} at once"
        return None

    def _why_not_value(self, value: Value) -> str | None:
        kinds = {Kind.INTEGER, Kind.NUMBER} if self.kind is Kind.NUMBER else {self.kind}
        if value.kind not in kinds:
            return f"has `{value.text[:40]}`, which is not a plain {self.kind}"
        if self.values and value.text not in self.values:
            return f"has `{value.text[:40]}`, which is not among its declared values"
        if self.lowest is not None and self.highest is not None:
            number = Decimal(value.text)
            if not self.lowest <= number <= self.highest:
                return f"has {value.text}, which is not from {self.lowest} to {self.highest}"
        return None


@lru_cache(maxsize=64)
def _glob(file: str) -> re.Pattern[str]:
    return re.compile(re.escape(file).replace(r"\*", "[^/]*") + r"\Z")


@lru_cache(maxsize=4)
def declared_keys(text: str | None) -> tuple[DeclaredKey, ...]:
    """Every entry of the settings file of a base tree.

    Raises:
        UndeclaredError: there is none, or a part of it is not what it must be.
    """
    if text is None:
        raise UndeclaredError(f"the base tree has no `{SETTINGS}`, so no key is declared")
    try:
        leaves = leaves_of(yaml_text.LANGUAGE, text.encode())
    except (UnreadableError, UnicodeEncodeError) as error:
        raise UndeclaredError(f"`{SETTINGS}` of the base is not plain YAML ({error}), so no key is declared") from error
    try:
        return _entries(leaves)
    except UndeclaredError as error:
        raise UndeclaredError(f"`{SETTINGS}` of the base {error}, so no key is declared") from error


def _entries(leaves: tuple[Leaf, ...]) -> tuple[DeclaredKey, ...]:
    entries: dict[int, dict[str, Value]] = {}
    lists: dict[int, list[Value]] = {}
    for path, value in leaves:
        match path:
            case () | ("benign_config",) | ("benign_config", int()):
                _verify_holder(path, value)
            case ("benign_config", int() as at, "values"):
                _verify_holder(path, value)
                lists[at] = []
            case ("reach", *_):
                pass  # the map of what a change reaches (`impact/reach/declared.py`)
            case ("version",):
                _verify_version(value)
            case ("benign_config", int() as at, "values", int()):
                lists[at].append(value)
            case ("benign_config", int() as at, str() as name) if name in FIELDS:
                entries.setdefault(at, {})[name] = value
            case _:
                raise UndeclaredError(f"has the unknown field `{'.'.join(map(str, path))[:80]}`")
    made = tuple(_entry(at, entries[at], lists.get(at)) for at in sorted(entries))
    if not made or len(made) > MAX_ENTRIES or set(lists) - set(entries):
        raise UndeclaredError("has no `benign_config`, or too much of it")
    if len({(one.file, one.key) for one in made}) != len(made):
        raise UndeclaredError("names a file and a key twice")
    return made


def _verify_version(value: Value) -> None:
    if value != Value(Kind.INTEGER, "1"):
        raise UndeclaredError("has a version other than 1")


def _verify_holder(path: Path, value: Value) -> None:
    """The shape of a holder; an empty list of values is none."""
    wanted = "SequenceStart" if path[-1:] in {("benign_config",), ("values",)} else "MappingStart"
    if value != Value(Kind.HOLDER, wanted):
        raise UndeclaredError("has a part of another shape: `benign_config` is a list of mappings, `values` a list")


def _entry(at: int, fields: Mapping[str, Value], values: list[Value] | None) -> DeclaredKey:
    where = f"(entry {at + 1})"
    texts = {}
    for name, shape in (("file", FILE), ("key", KEY), ("environment", ENVIRONMENT)):
        value = fields.get(name)
        if value is None or value.kind not in {Kind.STRING, Kind.OTHER} or not shape.match(value.text):
            raise UndeclaredError(f"has no plain `{name}` {where}")
        texts[name] = value.text
    kind = fields.get("type", Value(Kind.OTHER, "")).text
    if kind not in DECLARABLE:
        raise UndeclaredError(f"has no known `type` {where}")
    numbers = {name: _number(fields[name], where) for name in ("min", "max", "max_step") if name in fields}
    made = DeclaredKey(
        file=texts["file"],
        key=texts["key"],
        kind=Kind(kind),
        environment=texts["environment"],
        lowest=numbers.get("min"),
        highest=numbers.get("max"),
        max_step=numbers.get("max_step"),
        values=_values(values, Kind(kind), where),
    )
    _verify_bounded(made, where)
    return made


def _number(value: Value, where: str) -> Decimal:
    if value.kind not in {Kind.INTEGER, Kind.NUMBER}:
        raise UndeclaredError(f"has a bound that is no plain number {where}")
    return Decimal(value.text)


def _values(values: list[Value] | None, kind: Kind, where: str) -> tuple[str, ...]:
    if values is None:
        return ()
    kinds = {Kind.INTEGER, Kind.NUMBER} if kind is Kind.NUMBER else {kind}
    if not 1 < len(values) <= MAX_VALUES or any(value.kind not in kinds for value in values):
        raise UndeclaredError(f"has `values` that are not a list of two or more of its type {where}")
    return tuple(value.text for value in values)


def _verify_bounded(made: DeclaredKey, where: str) -> None:
    """A number has a range or a list of values, a text a list, a truth value neither; and the range is one."""
    numeric = made.kind in {Kind.INTEGER, Kind.NUMBER}
    ranged = made.lowest is not None and made.highest is not None
    if (made.lowest is None) is not (made.highest is None) or (not numeric and (ranged or made.max_step is not None)):
        raise UndeclaredError(f"has half a range, or a range of what is no number {where}")
    if made.lowest is not None and made.highest is not None and made.lowest >= made.highest:
        raise UndeclaredError(f"has a range without room {where}")
    if made.max_step is not None and made.max_step <= 0:
        raise UndeclaredError(f"has a step that is not above zero {where}")
    if made.kind is Kind.BOOLEAN and made.values:
        raise UndeclaredError(f"lists values of a truth value {where}")
    if made.kind is not Kind.BOOLEAN and not ranged and not made.values:
        raise UndeclaredError(f"has neither a range nor values {where}")
