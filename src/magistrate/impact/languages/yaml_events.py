"""The event stream of YAML as libyaml gives it, and as PyYAML's own parser does.

Rule kept: one document, no directives, no name twice in one mapping, no names that are not plain
scalars, bounded nesting; anything else readers resolve differently, and is no reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.languages.reading import UnreadableError

MAX_DEPTH: Final = 100
MAX_EVENTS: Final = 60_000
KEPT: Final = 4
PLAIN: Final = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An event; offsets in characters. `style` is that of a scalar, or whether a collection is in brackets."""

    kind: str
    anchor: str | None
    tag: str | None
    value: str | None
    style: str
    start: int
    end: int

    @property
    def meaning(self) -> tuple[object, ...]:
        """Everything but the place."""
        return (self.kind, self.anchor, self.tag, self.value, self.style)


@lru_cache(maxsize=KEPT)
def events_of(text: str) -> tuple[Event, ...]:
    """What libyaml reads.

    Raises:
        UnreadableError: it does not accept the text, or the text has what readers resolve differently.
    """
    import yaml  # noqa: PLC0415  only where a file asks for it

    found = tuple(_events(text, yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader))
    if [event.kind for event in found].count("DocumentStart") != 1:
        raise UnreadableError("it does not have exactly one document")
    _verify_names(found)
    return found


def verify_second(text: str, first: tuple[Event, ...]) -> None:
    """PyYAML's own parser reads the same events at the same places.

    Raises:
        UnreadableError: it does not.
    """
    import yaml  # noqa: PLC0415  only where a file asks for it

    if tuple(_events(text, yaml.Loader)) != first:
        raise UnreadableError("two front ends disagree about it")


def _events(text: str, loader: Any) -> Iterator[Event]:  # noqa: ANN401 - one of PyYAML's loaders, as it names them
    import yaml  # noqa: PLC0415  only where a file asks for it

    depth, number = 0, 0
    event: Any
    try:
        for event in yaml.parse(text, Loader=loader):
            kind = type(event).__name__.removesuffix("Event")
            depth += kind.endswith("Start") - kind.endswith("End")
            number += 1
            if depth > MAX_DEPTH or number > MAX_EVENTS:
                raise UnreadableError("it is nested too deeply, or too large, to judge")
            if kind == "DocumentStart" and (event.version or event.tags):
                raise UnreadableError("it has a directive")
            yield Event(
                kind=kind,
                anchor=getattr(event, "anchor", None),
                tag=getattr(event, "tag", None),
                value=getattr(event, "value", None),
                style=_style(event),
                start=event.start_mark.index,
                end=event.end_mark.index,
            )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error


def _style(event: Any) -> str:  # noqa: ANN401 - an event of PyYAML
    """Style of a scalar, brackets of a collection, whether a document begins or ends by a mark."""
    explicit = getattr(event, "explicit", None)
    if explicit is not None:
        return f"explicit {bool(explicit)}"
    if getattr(event, "flow_style", None):
        return "brackets"
    implicit = getattr(event, "implicit", None)
    return f"{getattr(event, 'style', None) or PLAIN}{'' if implicit is None else implicit}"


def _verify_names(events: tuple[Event, ...]) -> None:
    """Names of a mapping are plain scalars, each there once."""
    stack: list[tuple[str, set[tuple[str | None, str | None]], int]] = []
    for event in events:
        if event.kind in {"MappingEnd", "SequenceEnd"}:
            stack.pop()
            continue
        if event.kind not in {"Scalar", "Alias", "MappingStart", "SequenceStart"}:
            continue
        if stack and stack[-1][0] == "MappingStart":
            kind, names, count = stack[-1]
            if count % 2 == 0:
                _take_name(event, names)
            stack[-1] = (kind, names, count + 1)
        if event.kind in {"MappingStart", "SequenceStart"}:
            stack.append((event.kind, set(), 0))


def _take_name(event: Event, names: set[tuple[str | None, str | None]]) -> None:
    if event.kind != "Scalar":
        raise UnreadableError("a name in a mapping is no scalar")
    name = (None, event.value)
    if name in names:
        raise UnreadableError(f"the name `{(event.value or '')[:60]}` stands twice in one mapping")
    names.add(name)
