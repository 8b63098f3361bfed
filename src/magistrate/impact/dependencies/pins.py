"""The normal form of every manifest and lock: one list of pins, and everything else of the file.

Rule kept: a file is explained only where `rest` is equal on both sides, so a reader leaves out of
`rest` nothing but what its pins say. What a reader does not know to the letter is unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError

MAX_PINS: Final = 20_000
MAX_DEPTH: Final = 60
NAME: Final = rx(r"(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9_][A-Za-z0-9._~-]*")
"""A package of PyPI, npm or Cargo; anything outside ASCII is no name."""
SHA1: Final = rx(r"[0-9a-f]{40}")
REGISTRY: Final = "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One package at one place of a file.

    `version` is as written, a range in a manifest; `origin` begins with `registry`, `git`, `url`
    or `path`; `scripts` says what of it runs by being installed or built; `exact` means that the
    bytes are named; `movable` says why they are not; `place` is the section or the folder; `terms`
    is everything else that is asked of it; `needs` are names it asks for, with a version where it says one; `anchor` are texts that
    lead to its line where `line` is 0.
    """

    ecosystem: str
    name: str
    version: str
    origin: str = REGISTRY
    hashes: tuple[str, ...] = ()
    scripts: str = ""
    direct: bool | None = None
    dev: bool = False
    exact: bool = False
    movable: str = ""
    place: str = ""
    terms: str = ""
    needs: tuple[str, ...] = ()
    anchor: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One side of a file: its pins, and all the rest of it as one text.

    `lock`: it names exact versions, by name rather than by section; `in_place`: its rest keeps the
    place of every pin, so that a pin that comes takes the place of another.
    """

    pins: tuple[Pinned, ...]
    rest: str
    lock: bool = False
    in_place: bool = False
    several_indexes: bool = False
    odd: tuple[str, ...] = ()
    """Why entries could not be read as pins and stand in the rest, where a change of them is no pin."""
    asked: Mapping[str, str] | None = None
    """In a lock: what it says that the manifest asks for, name to range; None where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How files of one kind are read; `fits` says, by the name of a file beside it, why the two disagree."""

    name: str
    reads: Callable[[str], bool]
    read: Callable[[str], Listing]
    fits: Mapping[str, Callable[[Listing, Listing], str | None]] = field(default_factory=dict)


def line_of(pin: Pinned, text: str) -> int:
    """1-based line where a pin stands."""
    if pin.line:
        return pin.line
    at = 0
    for one in pin.anchor:
        found = text.find(one, at)
        at = found if found >= 0 else at
    return text.count("\n", 0, at) + 1


def named(pattern: str) -> Callable[[str], bool]:
    """Whether a path, in lower case, ends with a name of this shape."""
    found = re.compile(rf"(?:^|/)(?:{pattern})\Z")
    return lambda path: found.search(path.lower()) is not None


def written(value: object) -> str:
    """Any value of JSON or TOML as one text, in its order and with its types."""
    return json.dumps(value, ensure_ascii=True, default=repr)


def json_of(text: str) -> dict[str, Any]:
    """A JSON object; no name twice, no constants that JSON has not.

    Raises:
        UnreadableError: it is something else, or nested too deeply.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_constant, parse_float=str)
    except UnreadableError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise UnreadableError("it is no object")
    return found


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise UnreadableError("a name stands twice in one object, which readers resolve differently")
    if any(name in {"__proto__", "constructor", "prototype"} for name in found):
        raise UnreadableError("a name that JavaScript gives a meaning of its own")
    return found


def _constant(name: str) -> NoReturn:
    raise UnreadableError(f"`{name}` is no JSON")


def table(value: object, where: str) -> dict[str, Any]:
    """A table, or no reading."""
    if not isinstance(value, dict):
        raise UnreadableError(f"`{where[:60]}` is no table")
    return value


def listed(value: object, where: str) -> list[Any]:
    """A list, or no reading."""
    if not isinstance(value, list):
        raise UnreadableError(f"`{where[:60]}` is no list")
    return value


def text_in(value: object, where: str) -> str:
    """A text, or no reading."""
    if not isinstance(value, str):
        raise UnreadableError(f"`{where[:60]}` is no text")
    return value


def name_of(value: object) -> str:
    """The name of a package, or no reading."""
    found = text_in(value, "name")
    if NAME.fullmatch(found) is None:
        raise UnreadableError(f"`{found[:60]!a}` is no plain name of a package")
    return found


def only(found: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """No key but the known ones.

    Raises:
        UnreadableError: naming the first unknown one.
    """
    odd = next((key for key in found if key not in known), None)
    if odd is not None:
        raise UnreadableError(f"`{where[:60]}` has `{odd[:60]}`, which this reader does not know")


def bounded(pins: Sequence[Pinned]) -> tuple[Pinned, ...]:
    """All pins where they are not too many to compare, and none stands twice at one place.

    Raises:
        UnreadableError: they are, or one does.
    """
    if len(pins) > MAX_PINS:
        raise UnreadableError(f"more than {MAX_PINS} packages")
    seen: set[tuple[str, ...]] = set()
    for pin in pins:
        key = (pin.ecosystem, pin.place or pin.version, pin.name, pin.terms if pin.ecosystem == "pypi" else "")
        if key in seen and pin.ecosystem not in {"maven", "go"}:
            raise UnreadableError(f"{pin.name} stands twice at one place, and readers resolve that differently")
        seen.add(key)
    return tuple(pins)
