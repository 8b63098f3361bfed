"""YAML of build services as values with their lines: every scalar is a text, anchors are followed.

No scalar is turned into a boolean or a number, so `on:` is the name `on` (YAML 1.1 would read `True`).
A name that stands twice in one mapping makes the file unreadable: services refuse it or take the last.
Merge keys (`<<`) are merged where `merge` is asked for, as GitLab does; GitHub does not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

MAX_DEPTH: Final = 80
MAX_NODES: Final = 120_000
MAX_TEXT: Final = 1_500_000
NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


class UnreadableError(Exception):
    """A text that is no YAML, or whose readers would differ."""


class Text(str):
    """A scalar: its value, its line (from 1), and whether it stands plain (without quotes) and with which tag."""

    __slots__ = ("line", "plain", "tag")
    line: int
    plain: bool
    tag: str

    @classmethod
    def of(cls, value: str, *, line: int, plain: bool = True, tag: str = "") -> Text:
        """A scalar with where and how it stands."""
        made = cls(value)
        made.line, made.plain, made.tag = line, plain, tag
        return made

    @property
    def empty(self) -> bool:
        """Whether it stands for no value at all."""
        return self.plain and str(self) in NOTHING


class Tagged(list[Any]):
    """A sequence with a tag of its own: `!reference [job, script]`."""

    tag: str = ""


def documents(text: str, *, merge: bool = False) -> list[Any]:
    """The documents of a text: dictionaries, lists and `Text`.

    Raises:
        UnreadableError: it is no YAML, too large, too deep, or has a name twice in one mapping.
    """
    import yaml  # noqa: PLC0415 - only where a file asks for it

    if len(text) > MAX_TEXT:
        raise UnreadableError("it is too large to be read")
    try:
        return _Builder(merge=merge).build(
            yaml.parse(text, Loader=yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader)
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableError(f"it is no YAML ({type(error).__name__})") from error


def only_document(text: str) -> Any:  # noqa: ANN401 - dictionaries, lists and texts
    """The one document of a text; an empty text is an empty mapping.

    Raises:
        UnreadableError: as `documents`, or there are several.
    """
    found = documents(text)
    if len(found) > 1:
        raise UnreadableError("it has several documents")
    return found[0] if found and not (isinstance(found[0], Text) and found[0].empty) else {}


def line_of(value: object, otherwise: int = 0) -> int:
    """The line at which a value begins, as far as a scalar tells it."""
    if isinstance(value, Text):
        return value.line
    if isinstance(value, dict):
        return min((key.line for key in value if isinstance(key, Text)), default=otherwise)
    if isinstance(value, list) and value:
        return line_of(value[0], otherwise)
    return otherwise


def texts_of(value: object) -> Iterator[Text]:
    """Every scalar inside a value, names of mappings left out."""
    stack = [value]
    while stack:
        now = stack.pop()
        if isinstance(now, Text):
            yield now
        elif isinstance(now, dict):
            stack.extend(reversed(now.values()))
        elif isinstance(now, list):
            stack.extend(reversed(now))


def mapping(value: object) -> dict[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """A list as it is, one value as a list of it, nothing as an empty one."""
    if isinstance(value, list):
        return list(value)
    return [] if value is None or (isinstance(value, Text) and value.empty) else [value]


def shown(value: object) -> str:
    """A value in one stable line, for what is not understood: layout and order of names make no difference."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(one) for one in value) + "]"
    return " ".join(str(value).split())


@dataclass(slots=True)
class _Open:
    """A collection that is being read; `weight` counts what is in it, aliases with all they stand for."""

    kind: str
    anchor: str | None = None
    tag: str = ""
    items: list[Any] = field(default_factory=list)
    weight: int = 1


class _Builder:
    """Builds values out of events; a merge is done when its mapping ends."""

    def __init__(self, *, merge: bool) -> None:
        self.merge = merge
        self.anchors: dict[str, tuple[Any, int]] = {}

    def build(self, events: Any) -> list[Any]:  # noqa: ANN401 - events of PyYAML
        stack = [_Open("Stream")]
        for event in events:
            kind = type(event).__name__.removesuffix("Event")
            if kind == "DocumentStart":
                self.anchors.clear()
            elif kind in {"MappingStart", "SequenceStart"}:
                if len(stack) > MAX_DEPTH:
                    raise UnreadableError("it is nested too deeply")
                stack.append(_Open(kind, event.anchor, event.tag or ""))
            elif kind in {"MappingEnd", "SequenceEnd"}:
                done = stack.pop()
                self._take(stack[-1], self._made(done), done.anchor, done.weight)
            elif kind == "Scalar":
                tag = event.tag if event.tag and event.tag != "!" else ""
                one = Text.of(event.value, line=event.start_mark.line + 1, plain=not event.style, tag=tag)
                self._take(stack[-1], one, event.anchor, 1)
            elif kind == "Alias":
                if event.anchor not in self.anchors:
                    raise UnreadableError("it names an anchor that does not stand before it")
                made, weight = self.anchors[event.anchor]
                self._take(stack[-1], made, None, weight)
        return stack[0].items

    def _take(self, into: _Open, made: Any, anchor: str | None, weight: int) -> None:  # noqa: ANN401
        into.weight += weight
        if into.weight > MAX_NODES:
            raise UnreadableError("it is too large to be read")
        into.items.append(made)
        if anchor:
            self.anchors[anchor] = (made, weight)

    def _made(self, done: _Open) -> Any:  # noqa: ANN401
        if done.kind == "MappingStart":
            return self._mapping(done.items)
        if not done.tag:
            return done.items
        made = Tagged(done.items)
        made.tag = done.tag
        return made

    def _mapping(self, items: list[Any]) -> dict[Text, Any]:
        made: dict[Text, Any] = {}
        merged: list[Any] = []
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, Text):
                raise UnreadableError("a name in a mapping is no scalar")
            if key == "<<" and key.plain and self.merge:
                merged += value if isinstance(value, list) else [value]
                continue
            if key in made:
                raise UnreadableError(f"the name `{key[:60]}` stands twice in one mapping")
            made[key] = value
        for one in merged:
            if not isinstance(one, dict):
                raise UnreadableError("a merge names something that is no mapping")
            for key, value in one.items():
                made.setdefault(key, value)
        return made
