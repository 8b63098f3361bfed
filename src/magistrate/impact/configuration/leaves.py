"""All values of a configuration file by their paths, from the parser of its format.

Rule kept (R22): the two front ends of the language have read the text before; names twice, anchors,
aliases, tags, merge keys, references and template marks anywhere in the file are no reading. A place
in a list has a number in its path, and no declaration names numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.configuration.scalars import Kind, Value, bare, quoted
from magistrate.impact.languages import ini_text, json_text, toml_text, yaml_text
from magistrate.impact.languages.notation import MARKS, NARROW_MARKS, text_of, verify_no_template
from magistrate.impact.languages.reading import Language, UnreadableError
from magistrate.impact.languages.yaml_events import Event, events_of

Path = tuple[str | int, ...]
Leaf = tuple[Path, Value]
FORMATS: Final[tuple[Language, ...]] = (
    json_text.LANGUAGE,
    json_text.COMMENTED,
    toml_text.LANGUAGE,
    yaml_text.LANGUAGE,
    ini_text.LANGUAGE,
    ini_text.PROPERTIES,
)
FILLED_IN: Final = rx(r"\$[{(A-Za-z_]|%\(|%[A-Za-z_]+%|!(?:include|import|env|secret|vault)\b|#\{")
"""References that something else fills in: of shells, Spring, configparser, Windows, YAML readers, Ruby."""
SECTION: Final = rx(r"\[([A-Za-z_][A-Za-z0-9_.-]*)\]\Z")
ENTRY: Final = rx(r"([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*([=:])[ \t]*(.*)\Z")
MAX_LEAVES: Final = 20_000


def format_of(name: str) -> Language | None:
    """Which format a file has, by its last component in lower case; None: none that is read here."""
    return next((language for language in FORMATS if language.reads(name)), None)


def leaves_of(language: Language, content: bytes) -> tuple[Leaf, ...]:
    """Every value and every holder of values, in the order of the parser.

    Raises:
        UnreadableError: a front end does not accept the text, or it has what readers resolve differently.
    """
    language.read(content)
    text = text_of(content, carriage=True)
    verify_no_template(text, MARKS if language in {yaml_text.LANGUAGE, *_LINED} else NARROW_MARKS)
    found = FILLED_IN.search(text)
    if found is not None:
        raise UnreadableError(f"`{found[0]}` is a reference that something else fills in")
    if language is yaml_text.LANGUAGE:
        leaves = tuple(_of_events(events_of(text)))
    elif language is toml_text.LANGUAGE:
        leaves = tuple(_of_values(_toml(text)))
    elif language in _LINED:
        leaves = tuple(_of_lines(text, sections=language is ini_text.LANGUAGE))
    else:
        leaves = tuple(_of_values(_json(text)))
    if len(leaves) > MAX_LEAVES:
        raise UnreadableError("it has more values than can be compared in time")
    return leaves


_LINED: Final = frozenset({ini_text.LANGUAGE, ini_text.PROPERTIES})


def _of_events(events: tuple[Event, ...]) -> Iterator[Leaf]:
    """A walk over YAML's events; the path of a value is in `place`, its last step is filled in before it."""
    place: list[str | int] = []
    kinds: list[str] = []
    name_is_next: list[bool] = []
    for event in events:
        if event.anchor is not None or event.tag is not None or event.kind == "Alias":
            raise UnreadableError("it has an anchor, an alias or a tag")
        if event.kind in {"MappingEnd", "SequenceEnd"}:
            kinds.pop()
            name_is_next.pop()
            place.pop()
            _step(place, kinds, name_is_next)
        elif event.kind in {"Scalar", "MappingStart", "SequenceStart"}:
            if kinds and kinds[-1] == "MappingStart" and name_is_next[-1]:
                place[-1] = _plain_name(event)
                name_is_next[-1] = False
                continue
            value = _event_value(event) if event.kind == "Scalar" else Value(Kind.HOLDER, event.kind)
            yield tuple(place), value
            if event.kind == "Scalar":
                _step(place, kinds, name_is_next)
            else:
                kinds.append(event.kind)
                name_is_next.append(True)
                place.append("" if event.kind == "MappingStart" else 0)


def _step(place: list[str | int], kinds: list[str], name_is_next: list[bool]) -> None:
    """Behind a value: the next name of a mapping, or the next place of a list."""
    if kinds and kinds[-1] == "MappingStart":
        name_is_next[-1] = True
    elif kinds:
        last = place[-1]
        place[-1] = last + 1 if isinstance(last, int) else last


def _plain_name(event: Event) -> str:
    if event.kind != "Scalar" or event.value is None or event.value == "<<":
        raise UnreadableError("it has a merge key, or a name that is no scalar")
    return event.value


def _event_value(event: Event) -> Value:
    text = event.value or ""
    style = event.style[:1]
    if style in {'"', "'"}:
        return quoted(text)
    return bare(text) if style not in {"|", ">"} else Value(Kind.OTHER, f"{style}{text}")


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _toml(text: str) -> object:
    import tomllib  # noqa: PLC0415  only where a file asks for it

    return tomllib.loads(text, parse_float=_Number)


def _json(text: str) -> object:
    import json  # noqa: PLC0415  only where a file asks for it

    try:
        return json.loads(text, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("it has comments or trailing commas, which are read elsewhere only") from error


def _of_values(value: object) -> Iterator[Leaf]:
    pending: list[tuple[Path, Any]] = [((), value)]
    while pending:
        path, one = pending.pop()
        if isinstance(one, dict):
            yield path, Value(Kind.HOLDER, "MappingStart")
            pending += [((*path, name), inner) for name, inner in reversed(one.items())]
        elif isinstance(one, list):
            yield path, Value(Kind.HOLDER, "SequenceStart")
            pending += [((*path, at), inner) for at, inner in reversed(list(enumerate(one)))]
        elif isinstance(one, bool):
            yield path, bare("true" if one else "false")
        elif isinstance(one, _Number | int):
            yield path, bare(str(one))
        else:
            yield path, quoted(one) if isinstance(one, str) else Value(Kind.OTHER, repr(one))


def _of_lines(text: str, *, sections: bool) -> Iterator[Leaf]:
    """INI and properties, each entry on one line; configparser has to read the same."""
    if "\\" in text:
        raise UnreadableError("it has a backslash, which escapes or continues for some readers")
    place: tuple[str, ...] = ()
    own: tuple[str, ...]
    seen: set[tuple[str, ...]] = set()
    made: list[Leaf] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line[0] in ("#", ";"):
            continue
        section, entry = SECTION.match(line), ENTRY.match(line)
        if section is not None and sections:
            place = own = (section[1],)
        elif entry is not None:
            own = (*place, entry[1]) if sections else tuple(entry[1].split("."))
            made.append((own, bare(entry[3])))
        else:
            raise UnreadableError(f"line {number}: neither a section nor an entry of one line")
        folded = tuple(one.casefold() for one in own)
        if folded in seen:
            raise UnreadableError(f"line {number}: a name stands twice, which readers resolve differently")
        seen.add(folded)
    _verify_second(text, made)
    yield from made


def _verify_second(text: str, made: list[Leaf]) -> None:
    import configparser  # noqa: PLC0415  only where a file asks for it

    parser = configparser.RawConfigParser(strict=True, default_section="\0")
    try:
        parser.read_string(f"[\1]\n{text}")
    except (configparser.Error, ValueError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error
    values = [value for name in parser.sections() for _, value in parser.items(name)]
    if values != [value.text.strip() for _, value in made]:
        raise UnreadableError("two front ends disagree about its values")
