"""The weaknesses that a rule or a result of SARIF names: in tags, in properties, in taxa and relationships."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

MAX_NAMED: Final = 20
_NAMED: Final = re.compile(r"(?i)\bcwe[-_:/ ]{0,2}0{0,4}([1-9]\d{0,4})\b")
_NUMBER: Final = re.compile(r"(?i)(?:cwe-?)?0{0,4}([1-9]\d{0,4})\Z")


def weaknesses_of(part: Mapping[str, Any]) -> tuple[str, ...]:
    """Every `CWE-N` that a rule or result names, in order; what has another shape names none."""
    found = {f"CWE-{number}" for number in _numbers(part)}
    return tuple(sorted(found)[:MAX_NAMED])


def _numbers(part: Mapping[str, Any]) -> Iterator[str]:
    properties = part.get("properties")
    if isinstance(properties, dict):
        for key, value in properties.items():
            told = value if isinstance(value, list) else [value]
            if key in {"tags", "cwe", "CWE", "cwes"}:
                yield from (one for text in told if isinstance(text, str) for one in _NAMED.findall(text))
    relationships = part.get("relationships")
    targets = [one.get("target") for one in _list(relationships) if isinstance(one, dict)]
    for one in (*_list(part.get("taxa")), *targets):
        if isinstance(one, dict) and "cwe" in str(_map(one.get("toolComponent")).get("name", "")).lower():
            number = _NUMBER.match(str(one.get("id", "")))
            if number is not None:
                yield number[1]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
