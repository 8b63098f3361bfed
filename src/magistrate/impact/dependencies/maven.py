"""Maven: versions in pom.xml, changed in place; every byte between them is rest.

Read by expat with no document type, no entities, no processing instructions. A property counts as
a version only where nothing but versions of packages uses it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.pins import MAX_DEPTH, Listing, Pinned, Reader, bounded, named
from magistrate.impact.languages.reading import UnreadableError

HOLDERS: Final = frozenset({"dependency", "plugin", "parent", "extension"})
AROUND: Final = frozenset(
    {"project", "profiles", "profile", "dependencyManagement", "dependencies", "build", "plugins", "pluginManagement",
     "extensions", "reporting", "plugin"}
)  # fmt: skip
PROPERTY: Final = rx(r"\$\{([^{}]{1,200})\}")
VALUE: Final = rx(r"[A-Za-z0-9][A-Za-z0-9._-]*")
COORDINATE: Final = rx(r"[A-Za-z0-9_.${}-]+")
RUNS: Final = frozenset({"plugin", "extension", "parent"})


@dataclass(slots=True)
class _Element:
    name: str
    start: int
    texts: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    leaf: bool = True
    values: dict[str, str] = field(default_factory=dict)
    version: tuple[int, int] | None = None


@dataclass(slots=True)
class _Walk:
    """What expat tells, element by element; offsets in bytes."""

    content: bytes
    stack: list[_Element] = field(default_factory=list)
    holders: list[tuple[str, dict[str, str], tuple[int, int]]] = field(default_factory=list)
    properties: dict[str, tuple[int, int]] = field(default_factory=dict)

    def start(self, name: str, attributes: dict[str, str], at: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise UnreadableError("it is nested too deeply to judge")
        if self.stack:
            self.stack[-1].leaf = False
        hidden = any(">" in value for value in attributes.values())  # then nothing says where its text begins
        self.stack.append(_Element(name, len(self.content) if hidden else self.content.index(b">", at) + 1))

    def end(self, at: int) -> None:
        one = self.stack.pop()
        path = [element.name for element in self.stack]
        raw = self.content[one.start : at] if at > one.start else b""
        text = raw.decode("utf-8", "replace").strip()
        if one.leaf and self.stack:
            holder = self.stack[-1]
            begin = one.start + len(raw) - len(raw.lstrip())
            span = (begin, begin + len(raw.strip()))
            if holder.name in HOLDERS:
                if one.name in holder.values:
                    raise UnreadableError(f"`{holder.name}` has `{one.name[:60]}` twice")
                holder.values[one.name] = text
                holder.version = span if one.name == "version" else holder.version
            if path == ["project", "properties"] and "version" in one.name:
                if one.name in self.properties:
                    raise UnreadableError(f"the property `{one.name[:60]}` stands twice")
                self.properties[one.name] = span
        if one.name in HOLDERS and one.version is not None and set(path) <= AROUND:
            self.holders.append((one.name, one.values, one.version))


def read(text: str) -> Listing:
    """Versions of packages, plugins and the parent, and the properties that are nothing but versions.

    Raises:
        UnreadableError: a document type, an entity, or what expat does not accept.
    """
    content = text.encode()
    walk = _walk(content)
    pins: list[Pinned] = []
    spans: list[tuple[int, int]] = []
    for kind, values, span in sorted(walk.holders, key=lambda one: one[2]):
        asked = values["version"]
        group, name = values.get("groupId", "org.apache.maven.plugins"), values.get("artifactId", "")
        if VALUE.fullmatch(asked) is None or COORDINATE.fullmatch(group) is None or COORDINATE.fullmatch(name) is None:
            continue
        pins.append(_pin(f"{group}:{name}", asked, kind, content.count(b"\n", 0, span[0]) + 1, len(spans)))
        spans.append(span)
    used = Counter(PROPERTY.findall(text))
    users_of: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for kind, values, _ in walk.holders:
        users_of.setdefault(values["version"], []).append((kind, values))
    for name, span in walk.properties.items():
        value = content[slice(*span)].decode("utf-8", "replace")
        users = users_of.get(f"${{{name}}}", [])
        if VALUE.fullmatch(value) and users and used[name] == len(users):
            kind = next((kind for kind, _ in users if kind in RUNS), "dependency")
            named_by = ", ".join(sorted({v.get("artifactId", "") for _, v in users}))
            pins.append(
                _pin(f"{named_by} (property {name})", value, kind, content.count(b"\n", 0, span[0]) + 1, len(spans))
            )
            spans.append(span)
    return Listing(pins=bounded(pins), rest=_without(content, spans), in_place=True)


def _pin(name: str, version: str, kind: str, line: int, number: int) -> Pinned:
    return Pinned(
        ecosystem="maven",
        name=name,
        version=version,
        exact=True,
        direct=True,
        origin="registry",
        scripts="runs when the project is built" if kind in RUNS else "",
        line=line,
        place=f"{kind} {number}",
    )


def _without(content: bytes, spans: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for begin, end in sorted(spans):
        pieces += [content[at:begin], b"\0"]
        at = end
    return b"".join((*pieces, content[at:])).decode("utf-8", "replace")


def _walk(content: bytes) -> _Walk:
    from xml.parsers import expat  # noqa: PLC0415  only where a file asks for it

    walk = _Walk(content)
    parser: Any = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, given: walk.start(name, given, parser.CurrentByteIndex)
    parser.EndElementHandler = lambda name: walk.end(parser.CurrentByteIndex)  # noqa: ARG005 - expat's signature
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    parser.StartCdataSectionHandler = _refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's signature
    except expat.ExpatError as error:
        raise UnreadableError(f"the parser does not accept it ({error})") from error
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    return walk


def _refuse(*said: object) -> None:
    del said
    raise UnreadableError("it has a document type, an entity, raw text or a processing instruction")


READERS: Final = (Reader(name="Maven project", reads=named(r"pom\.xml"), read=read),)
