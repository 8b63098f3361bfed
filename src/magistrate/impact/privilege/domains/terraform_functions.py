"""Functions of Terraform over plain values, as far as their answer is certain.

A value is JSON; a text may have places in it that are filled in later (`OPEN` to `CLOSE`), and a list may have a
`Rest` in it: any number of entries that nothing here tells.

Rule kept: a function answers only what Terraform would answer for every way to fill in what is open; else `UnsettledError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform import OPEN
from magistrate.impact.privilege.domains.terraform_parts import (
    Rest,
    Unique,
    UnsettledError,
    certain,
    exact,
    is_open,
    list_of,
    text_of,
    whole,
)

MAX_LIST: Final = 2_000
MAX_LENGTH: Final = 200_000
_SIMPLE: Final = rx(r"\^?(?:[\w/:@-]|\\\.|[()]|\.\*){1,60}\$?")
"""Patterns that mean the same everywhere and come to an end."""
_PLACES: Final = rx(r"%(%|s|d|v)|%")


def _counted(value: object) -> list[Any]:
    found = list_of(value)
    if any(isinstance(one, Rest) for one in found):
        raise UnsettledError
    return found


def _concat(*lists: object) -> list[Any]:
    return [one for each in lists for one in list_of(each)]


def _flatten(value: object) -> list[Any]:
    found: list[Any] = []
    for one in list_of(value):
        if isinstance(one, list):
            found += _flatten(one)
        else:
            found.append(Rest(one) if whole(one) else one)
    return found


def _distinct(value: object) -> list[Any]:
    found: list[Any] = []
    for one in list_of(value):
        if not any(exact(one) == exact(had) for had in found):
            found.append(Rest(one) if is_open(one) and isinstance(one, str) and whole(one) else one)
    if any(is_open(one) and not isinstance(one, Rest) for one in found):
        found = [Rest(one) if isinstance(one, str) and is_open(one) else certain(one) for one in found]
    return found


def _set(value: object) -> list[Any]:
    found = _distinct(value)
    plain = [one for one in found if not isinstance(one, Rest)]
    if not all(isinstance(one, str) for one in plain):
        if len({type(one) for one in found}) > 1:
            raise UnsettledError
        return Unique(found)
    return Unique(sorted(plain) + [one for one in found if isinstance(one, Rest)])


def _compact(value: object) -> list[Any]:
    kept = [one for one in list_of(value) if one is not None and one != ""]
    return [Rest(one) if isinstance(one, str) and is_open(one) else one for one in kept]


def _merge(*maps: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in maps:
        if each is None:
            continue
        found |= {**_map(each)}
    return found


def _map(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or any(OPEN in key for key in value):
        raise UnsettledError
    return value


def _lookup(value: object, key: object, default: object = UnsettledError) -> object:
    found, name = _map(value), certain(text_of(key))
    if name not in found and default is UnsettledError:
        raise UnsettledError
    return found.get(name, default)


def _length(value: object) -> int:
    if isinstance(value, dict):
        return len(_map(value))
    if isinstance(value, str) and not whole(value):
        text = certain(value)
        if text.isascii() and "\r" not in text:
            return len(text)
        raise UnsettledError
    return len(_counted(value))


def _contains(value: object, wanted: object) -> bool:
    found = list_of(value)
    certain(wanted)
    if any(type(one) is not type(wanted) for one in found if not is_open(one)):
        raise UnsettledError
    if any(not is_open(one) and exact(one) == exact(wanted) for one in found):
        return True
    certain(found)
    return False


def _coalesce(*values: object) -> object:
    for one in values:
        if one is None or one == "":
            continue
        return certain(one)
    raise UnsettledError


def _coalescelist(*values: object) -> object:
    for one in values:
        if one in (None, []):
            continue
        return _counted(one)
    raise UnsettledError


def _element(value: object, at: object) -> object:
    found = _counted(value)
    if isinstance(value, Unique) or not found or not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise UnsettledError
    return found[at % len(found)]


def _one(value: object) -> object:
    found = _counted(value)
    if len(found) > 1:
        raise UnsettledError
    return found[0] if found else None


def _join(sign: object, *lists: object) -> str:
    parts = [text_of(one) for each in lists for one in _counted(each)]
    return certain(text_of(sign)).join(parts)  # type: ignore[no-any-return]


def _split(sign: object, text: object) -> list[Any]:
    if not certain(sign):
        raise UnsettledError
    return str(certain(text_of(text))).split(str(sign))


def _format(form: object, *values: object) -> str:
    left = list(values)

    def put(found: re.Match[str]) -> str:
        if found.group(1) == "%":
            return "%"
        if found.group(1) is None or not left:
            raise UnsettledError
        one = left.pop(0)
        if found.group(1) == "d" and (not isinstance(one, int) or isinstance(one, bool)):
            raise UnsettledError
        return text_of(one)

    told = _PLACES.sub(put, certain(text_of(form)))
    if left:
        raise UnsettledError
    return told


def _formatlist(form: object, *values: object) -> list[Any]:
    if len(values) != 1:
        raise UnsettledError
    return [_format(form, one) for one in _counted(values[0])]


def _replace(text: object, old: object, new: object) -> str:
    told, was, now = (str(certain(text_of(one))) for one in (text, old, new))
    if not was:
        raise UnsettledError
    if len(was) > 1 and was.startswith("/") and was.endswith("/"):
        pattern = was[1:-1]
        if (
            _SIMPLE.fullmatch(pattern) is None
            or pattern.count("*") > 1
            or "$" in now
            or "\\" in now
            or len(told) > MAX_LIST
        ):
            raise UnsettledError
        try:
            return re.sub(pattern, now, told, flags=re.ASCII)
        except re.error as error:
            raise UnsettledError from error
    return told.replace(was, now)


def _keys(value: object) -> list[Any]:
    return sorted(_map(value))


def _values(value: object) -> list[Any]:
    found = _map(value)
    return [found[key] for key in sorted(found)]


def _zipmap(keys: object, values: object) -> dict[str, Any]:
    names, given = certain(_counted(keys)), _counted(values)
    if len(names) != len(given):
        raise UnsettledError
    return {text_of(name): one for name, one in zip(names, given, strict=True)}


def _jsonencode(value: object) -> str:
    if whole(value):
        raise UnsettledError
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _jsondecode(text: object) -> object:
    try:
        return json.loads(certain(text_of(text)), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UnsettledError from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnsettledError
    return found


def _tobool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise UnsettledError


def _tonumber(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?(?:0|[1-9]\d{0,15})", value):
        return int(value)
    raise UnsettledError


def _tomap(value: object) -> dict[str, Any]:
    found = _map(value)
    if len({type(one) for one in found.values()}) > 1:
        raise UnsettledError
    return found


def _of_text(read: Callable[[str], Any]) -> Callable[[object], Any]:
    def told(value: object) -> Any:  # noqa: ANN401 - as the function gives
        text = certain(text_of(value))
        if not text.isascii():
            raise UnsettledError
        return read(text)

    return told


def _of_two(read: Callable[[str, str], Any]) -> Callable[[object, object], Any]:
    def told(text: object, other: object) -> Any:  # noqa: ANN401 - as the function gives
        return read(certain(text_of(text)), certain(text_of(other)))

    return told


def _itself(value: object) -> object:
    return value


def _all_true(value: object) -> bool:
    return all(_tobool(certain(one)) for one in _counted(value))


def _any_true(value: object) -> bool:
    return any(_tobool(certain(one)) for one in _counted(value))


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "concat": _concat, "flatten": _flatten, "distinct": _distinct, "toset": _set, "tolist": list_of, "compact": _compact,
    "merge": _merge, "lookup": _lookup, "length": _length, "contains": _contains, "coalesce": _coalesce,
    "coalescelist": _coalescelist, "element": _element, "one": _one, "join": _join, "split": _split, "format": _format,
    "formatlist": _formatlist, "replace": _replace, "keys": _keys, "values": _values, "zipmap": _zipmap,
    "jsondecode": _jsondecode, "jsonencode": _jsonencode, "tobool": _tobool, "tonumber": _tonumber, "tostring": text_of, "tomap": _tomap,
    "lower": _of_text(str.lower), "upper": _of_text(str.upper), "trimspace": _of_text(str.strip),
    "trimprefix": _of_two(str.removeprefix), "trimsuffix": _of_two(str.removesuffix),
    "startswith": _of_two(str.startswith), "endswith": _of_two(str.endswith),
    "sensitive": _itself, "nonsensitive": _itself, "alltrue": _all_true, "anytrue": _any_true,
    "list": lambda *values: list(values), "sort": lambda value: sorted(text_of(one) for one in certain(_counted(value))),
}  # fmt: skip
"""What is answered; a function that is not here stays as it is written."""


def answered(name: str, given: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of Terraform
    """What a function answers.

    Raises:
        UnsettledError: nothing here tells, or Terraform would refuse it.
    """
    read = FUNCTIONS.get(name)
    if read is None:
        raise UnsettledError
    try:
        found = read(*given)
    except (TypeError, RecursionError) as error:
        raise UnsettledError from error
    if (isinstance(found, list | dict) and len(found) > MAX_LIST) or (
        isinstance(found, str) and len(found) > MAX_LENGTH
    ):
        raise UnsettledError
    return found
