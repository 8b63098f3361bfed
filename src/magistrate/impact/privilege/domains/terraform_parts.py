"""Values of Terraform of which something is not told: what is open in them, and what is certain all the same.

Rule kept: what is certain of a value holds for every way to fill in what is open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from magistrate.impact.privilege.domains.terraform import CLOSE, OPEN


class UnsettledError(Exception):
    """Nothing here tells what an expression is."""


class Rest(str):
    """Any number of entries of a list, named by a text from `OPEN` to `CLOSE`."""

    __slots__ = ()


class Located(str):
    """A reference to a block of the module `folder`, wherever it is handed to."""

    __slots__ = ("folder",)

    folder: str


class Choice(str):
    """A choice of which nothing tells the condition: its text as that of any open value, and what it is made of.

    `question` is the condition with all that it depends on, `folder` the module that both sides speak of.
    """

    __slots__ = ("folder", "question", "sides")

    question: str
    folder: str
    sides: Callable[[], tuple[Any, Any]]


class Unique(list[Any]):
    """A set: no index reaches into it."""

    __slots__ = ()


def is_open(value: object) -> bool:
    """Whether anything in a value is filled in later."""
    if isinstance(value, str):
        return OPEN in value
    if isinstance(value, Mapping):
        return any(OPEN in str(key) or is_open(one) for key, one in value.items())
    return isinstance(value, list) and any(map(is_open, value))


def certain(value: Any) -> Any:  # noqa: ANN401 - a value of Terraform
    """The value, where nothing of it is open.

    Raises:
        UnsettledError: something is.
    """
    if is_open(value):
        raise UnsettledError
    return value


def text_of(value: object) -> str:
    """A value as a text, open places kept.

    Raises:
        UnsettledError: it is none that becomes a text for certain.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and not isinstance(value, Rest):
        return value
    raise UnsettledError


def list_of(value: object) -> list[Any]:
    """A value as a list; one that is open as a whole is a list of what nothing tells.

    Raises:
        UnsettledError: it is no list.
    """
    if isinstance(value, list):
        return value
    if whole(value):
        return [Rest(str(value))]
    raise UnsettledError


def whole(value: object) -> bool:
    """Whether a value is open as a whole: it may be of any type."""
    return isinstance(value, str) and value.startswith(OPEN) and value.count(OPEN) == 1 and value.endswith(CLOSE)


def same(one: object, other: object) -> bool:
    """Whether two values are equal, of one type.

    Raises:
        UnsettledError: what is open in them decides it.
    """
    if one is None or other is None:
        if whole(one) or whole(other):
            raise UnsettledError
        return one is other
    if any(isinstance(value, list | dict | float) for value in (one, other)):
        raise UnsettledError
    certain([one, other])
    return exact(one) == exact(other)


def exact(value: object) -> str:
    """A value as a text that only equal ones have."""
    return json.dumps(value, sort_keys=True)


def exact_text(value: object) -> object:
    """A value with what its JSON would not tell apart told apart: entries that are known from those that are not, sets from lists."""
    if isinstance(value, Rest):
        return {"\ue202rest": str(value)}
    if isinstance(value, list):
        told = [exact_text(one) for one in value]
        return {"\ue202set": told} if isinstance(value, Unique) else told
    return {key: exact_text(one) for key, one in value.items()} if isinstance(value, Mapping) else value


def choice(text: str, question: str, folder: str, sides: Callable[[], tuple[Any, Any]]) -> Choice:
    """A choice between two values, which are evaluated where they are asked for."""
    found = Choice(text)
    found.question, found.folder, found.sides = question, folder, sides
    return found


def located(text: str, folder: str) -> Located:
    """A reference to a block of a module."""
    found = Located(text)
    found.folder = folder
    return found
