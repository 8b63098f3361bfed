"""The second reading of a change of configuration: by lines, each of one name and one value.

Rule kept (R22): as many lines stand on both sides, and a line that differs is, on both, the same name,
the same blanks, the same mark and the same comment around a value of one line. What a comment says
beside or right above a value may be a tool's business, unless it is prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.configuration.scalars import Value, as_written
from magistrate.impact.languages import ini_text, json_text, toml_text, yaml_text
from magistrate.impact.languages.notation import is_prose
from magistrate.impact.languages.reading import Language

NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
YAML_LINE: Final = rx(
    rf"(?P<head> *(?P<name>{NAME}): +)(?P<value>\"[^\"\\]*\"|'[^']*'|[A-Za-z0-9-][^\s#]*)(?P<tail>(?: +#[^\n]*)? *)\Z"
)
JSON_LINE: Final = rx(
    rf"(?P<head>[ \t]*\"(?P<name>{NAME})\"[ \t]*:[ \t]*)(?P<value>\"[^\"\\]*\"|[A-Za-z0-9-][^\s,\"]*)(?P<tail>[ \t]*,?[ \t]*\r?)\Z"
)
TOML_LINE: Final = rx(
    rf"(?P<head>[ \t]*(?:{NAME}\.)*(?P<name>{NAME})[ \t]*=[ \t]*)(?P<value>\"[^\"\\]*\"|'[^']*'|[A-Za-z0-9-][^\s#]*)"
    r"(?P<tail>[ \t]*(?:#[^\r\n]*)?\r?)\Z"
)
ENTRY_LINE: Final = rx(
    rf"(?P<head>(?:{NAME}\.)*(?P<name>{NAME})[ \t]*[=:][ \t]*)(?P<value>[A-Za-z0-9-]\S*)(?P<tail>)\Z"
)
SHAPES: Final[dict[Language, re.Pattern[str]]] = {
    yaml_text.LANGUAGE: YAML_LINE,
    json_text.LANGUAGE: JSON_LINE,
    json_text.COMMENTED: JSON_LINE,
    toml_text.LANGUAGE: TOML_LINE,
    ini_text.LANGUAGE: ENTRY_LINE,
    ini_text.PROPERTIES: ENTRY_LINE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedValue:
    """A line whose value changes; `number` is 1-based, `name` the last step of the path."""

    number: int
    name: str
    old: Value
    new: Value


def changed_values(language: Language, before: str, after: str) -> tuple[ChangedValue, ...] | str:
    """Every line that differs as name and two values, or why it is more than that."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) != len(new):
        return "lines come or go: more than values changes"
    found: list[ChangedValue] = []
    for number, (a, b) in enumerate(zip(old, new, strict=True), 1):
        if a == b:
            continue
        one = _changed(SHAPES[language], number, a, b)
        if isinstance(one, str):
            return f"line {number} {one}"
        steered = _steered(new, number)
        if steered is not None:
            return f"line {steered} says something that a tool may read for the value below or beside it"
        found.append(one)
    return tuple(found)


def _changed(shape: re.Pattern[str], number: int, old: str, new: str) -> ChangedValue | str:
    a, b = shape.match(old), shape.match(new)
    if a is None or b is None:
        return "is not one name with one plain value, on both sides"
    if (a["head"], a["tail"]) != (b["head"], b["tail"]):
        return "changes more than its value: the name, blanks, a mark or a comment"
    if a["value"][0] != b["value"][0] and {a["value"][0], b["value"][0]} & {'"', "'"}:
        return "changes the quotes around its value"
    mark = a["tail"].find("#")
    if mark >= 0 and not is_prose(a["tail"][mark:].rstrip("\r")):
        return "has a comment beside its value that a tool may read"
    return ChangedValue(number=number, name=a["name"], old=as_written(a["value"]), new=as_written(b["value"]))


def _steered(lines: list[str], number: int) -> int | None:
    """A comment right above that is no prose: its line."""
    at = number - 2
    while at >= 0 and lines[at].strip()[:1] in {"#", ";", "/"} and lines[at].strip():
        said = lines[at].strip()
        if not is_prose(said):
            return at + 1
        at -= 1
    return None
