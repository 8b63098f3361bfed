"""YAML, JSON and TOML by the paths of their keys: settings, limits, switches, routes and schemas of interfaces."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Final

from magistrate.impact.base import ChangedFile, ChangedLine
from magistrate.impact.behaviour.facts import MASKED, MAX_LISTED, Fact, Kind, Named, Side, named, named_kind, quiet_name
from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.yaml_events import Event, events_of

MAX_VALUES: Final = 60_000
MAX_DOCUMENTS: Final = 200
NAMES: Final = ("name", "id", "key", "$id", "path", "uses", "image")
"""Keys that name an element of a list, the first that it has."""
VERBS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
NEEDS: Final = rx(
    r"(?i)(?:dev|peer|optional|build|bundled)?_?-?dependencies\Z|require(?:-dev)?\Z|overrides\Z|resolutions\Z"
)
SCHEMA_NAME: Final = rx(r"(?i)schema[^/]*\.(?:json|ya?ml)\Z|\.avsc\Z")
DOCUMENT: Final = rx(r"(?m)^---(?:[ \t][^\n]*)?$")
COMMENT: Final = rx(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA: Final = rx(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
LINE_KEY: Final = 60
VERSION: Final = rx(r"@[\w.-]+\Z|:[\w.-]+\Z")
"""The version behind an action or an image: it changes, and the element stays the same."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as text, at its line; 0 where its reader does not say."""

    text: str
    line: int = 0


Leaf = tuple[tuple[str, ...], Scalar]
Node = dict[str, Any] | list[Any] | Scalar


def read(file: ChangedFile) -> Named | None:
    """What differs between two sides that a parser accepts; None for other files."""
    if not file.name.endswith((".yml", ".yaml", ".json", ".jsonc", ".json5", ".avsc", ".toml", ".arb", ".webmanifest")):
        return None
    try:
        roots = [
            None if side is None else _parsed(file.name, text)
            for side, text in zip((file.change.before, file.change.after), file.both_texts, strict=True)
        ]
        leaves = [[] if root is None else list(_leaves(root, ())) for root in roots]
    except (UnreadableError, ValueError, RecursionError):
        return None
    holders = [frozenset(path[:n] for path, _ in side for n in range(len(path))) for side in leaves]
    places = [_Places([line for line in file.lines if line.added is added]) for added in (False, True)]
    old, new = (
        Side() if root is None else _side(file, root, leaves[at], holders[1 - at], places[at])
        for at, root in enumerate(roots)
    )
    told = named(old, new)
    found = [replace(one, lines=(places[0].line(one.lines[0]), places[1].line(one.lines[1]))) for one in told.found]
    return replace(told, found=tuple(found))


def _side(
    file: ChangedFile, root: Node, leaves: list[Leaf], others: frozenset[tuple[str, ...]], lines: _Places
) -> Side:
    """`others`: the paths that hold something on the other side; what is in no such path is told as one."""
    single: list[Leaf] = []
    whole: dict[tuple[str, ...], list[Leaf]] = {}
    for path, value in leaves:
        top = next((path[:n] for n in range(1, len(path)) if path[:n] not in others), None)
        if top is None or not others or _is_interface(root):
            single.append((path, value))
        else:
            whole.setdefault(top, []).append((path[len(top) :], value))
    facts = [*_facts(file, root, single, lines), *_wholes(whole, lines)]
    return Side(facts=tuple(facts), scopes=frozenset({""}))


def _wholes(whole: Mapping[tuple[str, ...], list[Leaf]], lines: _Places) -> Iterator[Fact]:
    """A part that is new or gone, with what stands in it."""
    for top, inside in whole.items():
        told = ((".".join(path), value.text) for path, value in inside[:MAX_LISTED])
        said = ", ".join(f"{name}: {MASKED if quiet_name(name) else text}" for name, text in told)
        more = f" and {len(inside) - MAX_LISTED} more" if len(inside) > MAX_LISTED else ""
        line = min((value.line for _, value in inside if value.line), default=0) or lines.asked(top, "")
        yield Fact(kind=Kind.DEFAULT, what=f"`{'.'.join(top)}`", value=said + more, line=line)


def _is_interface(root: Node) -> bool:
    """Whether a document describes an interface by OpenAPI."""
    return isinstance(root, dict) and ("openapi" in root or "swagger" in root)


def _parsed(name: str, text: str) -> Node:
    if name.endswith((".yml", ".yaml")):
        return _yaml(text)
    if name.endswith(".toml"):
        import tomllib  # noqa: PLC0415  only where a file asks for it

        return _node(tomllib.loads(text))
    import json  # noqa: PLC0415  only where a file asks for it

    try:
        return _node(json.loads(text))
    except ValueError:
        bare = LAST_COMMA.sub(lambda found: found[1] or "", COMMENT.sub(lambda found: found[1] or " ", text))
        return _node(json.loads(bare))


def _node(value: object) -> Node:
    if isinstance(value, Mapping):
        return {str(name): _node(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_node(inner) for inner in value]
    return Scalar(
        {True: "true", False: "false", None: "null"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )


def _yaml(text: str) -> Node:
    """One document, or several by what they are."""
    try:
        return _tree(events_of(text), text, 0)
    except UnreadableError:
        starts = [0, *(found.end() for found in DOCUMENT.finditer(text))]
        ends = [*(found.start() for found in DOCUMENT.finditer(text)), len(text)]
        if len(starts) < 2 or len(starts) > MAX_DOCUMENTS:  # noqa: PLR2004 - one document that cannot be read
            raise
    whole: dict[str, Any] = {}
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        part = text[start:end]
        if part.strip():
            tree = _tree(events_of(part), part, text.count("\n", 0, start))
            whole.setdefault(_identity(tree) or f"document {number}", tree)
    return whole


def _identity(tree: Node) -> str:
    """`Deployment/web` for an object of Kubernetes."""
    if not isinstance(tree, dict):
        return ""
    kind, about = tree.get("kind"), tree.get("metadata")
    name = about.get("name") if isinstance(about, dict) else None
    return f"{kind.text}/{name.text}" if isinstance(kind, Scalar) and isinstance(name, Scalar) else ""


def _tree(events: tuple[Event, ...], text: str, above: int) -> Node:
    """What the events of one document build; an alias is its name, never what it stands for."""
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    top: list[Node] = []
    stack: list[tuple[Node, list[str]]] = []
    for event in events:
        if event.kind in {"MappingEnd", "SequenceEnd"}:
            stack.pop()
            continue
        if event.kind not in {"Scalar", "Alias", "MappingStart", "SequenceStart"}:
            continue
        line = bisect_right(starts, event.start) + above
        made: Node = Scalar(f"*{event.anchor}" if event.kind == "Alias" else event.value or "", line)
        if event.kind.endswith("Start"):
            made = {} if event.kind == "MappingStart" else []
        if not stack:
            top.append(made)
        elif not _put(made, *stack[-1]):
            continue
        if not isinstance(made, Scalar):
            stack.append((made, []))
    return top[0] if top else Scalar("")


def _put(made: Node, holder: Node, key: list[str]) -> bool:
    """Put a value into what holds it; false where it was the name of the next value."""
    if isinstance(holder, list):
        holder.append(made)
    elif isinstance(holder, dict) and not key:
        key.append(made.text if isinstance(made, Scalar) else "?")
        return not isinstance(made, Scalar)
    elif isinstance(holder, dict):
        holder[key.pop()] = made
    return True


def _leaves(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    pending: list[tuple[tuple[str, ...], Node]] = [(path, node)]
    count = 0
    while pending:
        place, one = pending.pop()
        count += 1
        if count > MAX_VALUES:
            raise ValueError("more values than can be compared in time")
        if isinstance(one, Scalar):
            yield place, one
        elif isinstance(one, dict):
            if not one:
                yield place, Scalar("{}")
            pending += [((*place, name), inner) for name, inner in reversed(one.items())]
        else:
            pending += [
                ((*place[:-1], f"{place[-1] if place else ''}[{_name_of(inner)}]"), inner) for inner in reversed(one)
            ]


def _name_of(node: Node) -> str:
    if not isinstance(node, dict):
        return ""
    found = next((node[name] for name in NAMES if isinstance(node.get(name), Scalar)), None)
    return VERSION.sub("", found.text)[:LINE_KEY] if isinstance(found, Scalar) else ""


def _facts(file: ChangedFile, root: Node, leaves: list[Leaf], lines: _Places) -> Iterator[Fact]:
    interface = _is_interface(root)
    schema = SCHEMA_NAME.search(file.name) is not None or (
        isinstance(root, dict) and "$schema" in root and "properties" in root
    )
    routes: dict[tuple[str, str], int] = {}
    for path, value in leaves:
        if interface and path[0] == "paths" and len(path) > 2 and path[2].lower() in VERBS:  # noqa: PLR2004 - path and method
            routes.setdefault((path[1], path[2].upper()), value.line)
        shown = ".".join(path)
        line = value.line or lines.asked(path, value.text)
        kind = (
            Kind.SCHEMA
            if schema or (interface and path[0] in {"paths", "components", "definitions"})
            else _kind(path, value.text)
        )
        needed = kind is Kind.OTHER
        yield Fact(kind=kind, what=f"{'dependency ' if needed else ''}`{shown}`", value=value.text, line=line)
    for (route, verb), line in routes.items():
        yield Fact(kind=Kind.ROUTE, what=f"`{route}`", value=verb, line=line or lines.asked((route,), ""))


def _kind(path: tuple[str, ...], value: str) -> Kind:
    if any(NEEDS.match(part.split("[")[0]) for part in path):
        return Kind.OTHER
    last = path[-1] if path else ""
    if last == "value" and len(path) > 1:
        last = path[-2]  # `env[TIMEOUT].value`
    kind = named_kind(last, value)
    if (
        kind is Kind.DEFAULT
        and len(path) > 1
        and named_kind(path[-2]) is Kind.LIMIT
        and path[-2].split("[")[0].endswith("s")
    ):
        return Kind.LIMIT  # `limits.cpu`
    return kind


class _Places:
    """The changed lines of one side, and where on them a key and a value stand; looked up only where it is told."""

    def __init__(self, lines: Sequence[ChangedLine]) -> None:
        self._lines = lines
        self._text = "\n".join(line.text for line in lines)
        self._starts = tuple(accumulate((len(line.text) + 1 for line in lines), initial=0))
        self._asked: list[tuple[tuple[str, ...], str]] = []
        self._holding: dict[str, tuple[int, ...]] = {}

    def asked(self, path: tuple[str, ...], value: str) -> int:
        """A number below zero that stands for the line until somebody asks for it."""
        self._asked.append((path, value))
        return -len(self._asked)

    def line(self, number: int) -> int:
        """The changed line that has the key and the value, else the key, else the value; a line that is one stays."""
        if number >= 0:
            return number
        path, value = self._asked[-number - 1]
        key = path[-1].split("[")[0] if path else ""
        with_key, with_value = (self._with(text) if text else () for text in (key, value))
        if with_key and with_value:
            fewer, other = (with_key, value) if len(with_key) <= len(with_value) else (with_value, key)
            both = next((at for at in fewer if other in self._lines[at].text), None)
            with_key = with_key if both is None else (both,)
        return next((self._lines[at].number for at in with_key or with_value), 0)

    def _with(self, text: str) -> tuple[int, ...]:
        """The lines that have a text, by their place among the changed ones."""
        if text not in self._holding:
            self._holding[text] = tuple(self._search(text))
        return self._holding[text]

    def _search(self, text: str) -> Iterator[int]:
        found = self._text.find(text) if "\n" not in text else -1
        while found >= 0:
            at = bisect_right(self._starts, found) - 1
            yield at
            found = self._text.find(text, self._starts[at + 1])
