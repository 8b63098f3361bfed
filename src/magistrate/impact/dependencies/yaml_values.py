"""YAML as values, and as scalars with their places, from the event stream of libyaml.

No anchors, aliases or tags: what a reader may resolve in another way is no reading. Every scalar
is a text; what it would mean as a number is nobody's business here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.yaml_events import Event, events_of, verify_second

SMALL: Final = 60_000
"""Characters up to which PyYAML's own parser has to read the same; larger locks are read by libyaml alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A scalar with the names that lead to it (list items by number) and its offsets in characters."""

    path: tuple[str | int, ...]
    value: str
    start: int
    end: int


def _plain(text: str) -> tuple[Event, ...]:
    if "\t" in text:
        raise UnreadableError("it has a tab, which readers of YAML take in different ways")
    found = events_of(text)
    if len(text) <= SMALL:
        verify_second(text, found)
    if any(one.kind == "Alias" or one.anchor or one.tag for one in found):
        raise UnreadableError("it has anchors or tags, which a reader may resolve in another way")
    return found


def value_of(text: str) -> object:
    """The document as dictionaries, lists and texts.

    Raises:
        UnreadableError: what this reading leaves out, or the parser does not accept.
    """
    stack: list[tuple[str, list[Any]]] = [("Document", [])]
    for event in _plain(text):
        if event.kind in {"MappingStart", "SequenceStart"}:
            stack.append((event.kind, []))
        elif event.kind == "Scalar":
            stack[-1][1].append(event.value)
        elif event.kind in {"MappingEnd", "SequenceEnd"}:
            kind, items = stack.pop()
            made: Any = items if kind == "SequenceStart" else dict(zip(items[::2], items[1::2], strict=True))
            stack[-1][1].append(made)
    return stack[0][1][0]


def scalars_of(text: str) -> tuple[Place, ...]:
    """Every scalar that is a value, in the order of the text.

    Raises:
        UnreadableError: as `value_of`.
    """
    found: list[Place] = []
    stack: list[list[Any]] = []
    path: list[str | int] = []
    for event in _plain(text):
        if event.kind in {"MappingEnd", "SequenceEnd"}:
            stack.pop()
            if path:
                path.pop()
            continue
        if event.kind not in {"Scalar", "MappingStart", "SequenceStart"}:
            continue
        if stack and stack[-1][0] == "MappingStart":
            stack[-1][1] = not stack[-1][1]
            if stack[-1][1]:
                path.append(event.value or "")
                continue
        elif stack:
            path.append(stack[-1][2])
            stack[-1][2] += 1
        if event.kind != "Scalar":
            stack.append([event.kind, False, 0])
            continue
        found.append(Place(path=tuple(path), value=event.value or "", start=event.start, end=event.end))
        if path:
            path.pop()
    return tuple(found)
