"""YAML (JSON among it) as mappings, lists and texts, anchors and merge keys resolved, in bounded size.

A plain scalar is a `Plain` text, so that `0644` and `"0644"` can be told apart. Follows YAML 1.1 as
far as the structure goes; what a scalar means as a number is for who asks.

Rule kept: duplicate keys, tags that make other values, and texts that grow by their aliases are not read.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

MAX_TEXT: Final = 1_000_000
MAX_NODES: Final = 100_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: the same grammar, ten times as fast."""
_PLAIN_TAGS: Final = "tag:yaml.org,2002:"


class UnreadableTreeError(Exception):
    """A text that is no YAML, or one that readers may take in different ways."""


class Plain(str):
    """A scalar without quotes."""

    __slots__ = ()


class Line(dict[str, Any]):
    """A mapping that knows the line where it begins (from 1)."""

    __slots__ = ("line",)

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def documents(text: str) -> tuple[object, ...]:
    """The documents of one text.

    Raises:
        UnreadableTreeError: see the rule of this module.
    """
    if len(text) > MAX_TEXT:
        raise UnreadableTreeError("the file is too large")
    try:
        count = [0]
        return tuple(_value(node, count, ()) for node in yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableTreeError("the file is no YAML") from error


def _value(node: yaml.Node, count: list[int], above: tuple[int, ...]) -> Any:  # noqa: ANN401 - any tree
    count[0] += 1
    if count[0] > MAX_NODES or id(node) in above:
        raise UnreadableTreeError("the file grows by its aliases")
    if not node.tag.startswith(_PLAIN_TAGS):
        raise UnreadableTreeError(f"the file has a tag of its own: {node.tag[:60]}")
    inner = (*above, id(node))
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _PLAIN_TAGS + "null":
            return None
        return Plain(node.value) if not node.style else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, count, inner) for one in node.value]
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - there is no fourth kind
    return _mapping(node, count, inner)


def _mapping(node: yaml.MappingNode, count: list[int], inner: tuple[int, ...]) -> dict[str, Any]:
    found, merged = Line(node.start_mark.line + 1), list[Any]()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise UnreadableTreeError("a key is not a text")
        if key.tag == _PLAIN_TAGS + "merge":
            made = _value(value, count, inner)
            merged += made if isinstance(made, list) else [made]
            continue
        if key.value in found:
            raise UnreadableTreeError(f"the key {key.value[:60]} stands twice")
        found[key.value] = _value(value, count, inner)
    for other in merged:
        if not isinstance(other, dict):
            raise UnreadableTreeError("what is merged is no mapping")
        for name, value in other.items():
            found.setdefault(name, value)
    return found


def is_true(value: object) -> bool:
    """Whether a scalar says yes, in any of the ways of YAML 1.1."""
    return isinstance(value, str) and value.lower() in {"true", "yes", "on", "y"}
