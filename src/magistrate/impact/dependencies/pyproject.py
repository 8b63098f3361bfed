"""pyproject.toml: PEP 621, dependency groups (PEP 735), build requirements (PEP 518), Poetry, PDM and uv tables.

Where a package comes from (`[tool.uv.sources]`, indexes, overrides) is no pin and stays in the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

from magistrate.impact.dependencies.pins import Listing, Pinned, bounded, name_of, table, text_in, written
from magistrate.impact.dependencies.requirements import normal, requirement
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.toml_text import read_text

POETRY_KEYS: Final = frozenset(
    {
        "version",
        "extras",
        "optional",
        "python",
        "markers",
        "platform",
        "git",
        "url",
        "path",
        "source",
        "branch",
        "rev",
        "tag",
        "develop",
        "allow-prereleases",
        "subdirectory",
    }
)
BUILDS: Final = "runs when the project is built"


def read(text: str) -> Listing:
    """Pins of every table; the rest is the document without them, and every comment.

    Raises:
        UnreadableError: a table of another shape, or two readers of TOML disagree.
    """
    import tomllib  # noqa: PLC0415  only where a file asks for it

    comments = [one.text for one in read_text(text.encode()).comments]
    document: dict[str, Any] = copy.deepcopy(tomllib.loads(text, parse_float=str))
    several = _other_indexes(table(document.get("tool", {}), "tool"))
    pins = [*_standard(document), *_poetry(document)]
    if len({(pin.place, pin.name, pin.terms) for pin in pins}) != len(pins):
        raise UnreadableError("a package stands twice in one table")
    return Listing(pins=bounded(pins), rest=written([document, comments]), several_indexes=several)


def _other_indexes(tools: dict[str, Any]) -> bool:
    """Whether a tool is told of an index besides the usual one."""
    uv = table(tools.get("uv", {}), "tool.uv")
    more = [uv.get(key) for key in ("index", "extra-index-url", "index-url", "find-links")]
    more += [table(tools.get(name, {}), name).get("source") for name in ("poetry", "pdm")]
    return any(more)


def _standard(document: dict[str, Any]) -> Iterator[Pinned]:
    project = table(document.get("project", {}), "project")
    tools = table(document.get("tool", {}), "tool")
    yield from _take(project, "dependencies", "project")
    for group in list(table(project.get("optional-dependencies", {}), "optional-dependencies")):
        yield from _take(project["optional-dependencies"], group, "project.optional-dependencies")
    for holder, where in (
        (document.get("dependency-groups", {}), "dependency-groups"),
        (table(tools.get("pdm", {}), "tool.pdm").get("dev-dependencies", {}), "tool.pdm.dev-dependencies"),
    ):
        for group in list(table(holder, where)):
            yield from _take(holder, group, where, dev=True)
    yield from _take(table(tools.get("uv", {}), "tool.uv"), "dev-dependencies", "tool.uv", dev=True)
    yield from _take(table(document.get("build-system", {}), "build-system"), "requires", "build-system")


def _take(holder: dict[str, Any], key: str, where: str, *, dev: bool = False) -> Iterator[Pinned]:
    """Requirements of one list; what is none stays, in its order."""
    if key not in holder:
        return
    kept: list[object] = []
    if not isinstance(holder[key], list):
        raise UnreadableError(f"`{where}.{key}` is no list")
    for one in holder[key]:
        pin = requirement(one, place=f"{where}.{key}", dev=dev) if isinstance(one, str) else None
        if pin is None:
            kept.append(one)
            continue
        scripts = BUILDS if where == "build-system" else ""
        yield _with(pin, scripts, (f"{key}", f"{one[:200]}"))
    holder[key] = kept


def _with(pin: Pinned, scripts: str, anchor: tuple[str, ...]) -> Pinned:
    exact = pin.version.startswith("==") and "*" not in pin.version and "," not in pin.version
    return Pinned(
        ecosystem=pin.ecosystem,
        name=pin.name,
        version=pin.version.lstrip("= ") if exact else pin.version,
        origin=pin.origin,
        direct=True,
        dev=pin.dev,
        place=pin.place,
        terms=pin.terms,
        scripts=scripts,
        anchor=anchor,
        exact=exact,
    )


def _poetry(document: dict[str, Any]) -> Iterator[Pinned]:
    poetry = table(table(document.get("tool", {}), "tool").get("poetry", {}), "tool.poetry")
    yield from _poetry_table(poetry, "dependencies", "tool.poetry.dependencies", dev=False)
    yield from _poetry_table(poetry, "dev-dependencies", "tool.poetry.dev-dependencies", dev=True)
    for name, group in table(poetry.get("group", {}), "tool.poetry.group").items():
        yield from _poetry_table(table(group, name), "dependencies", f"tool.poetry.group.{name}", dev=True)


def _poetry_table(holder: dict[str, Any], key: str, where: str, *, dev: bool) -> Iterator[Pinned]:
    wanted = table(holder.get(key, {}), where)
    for name in [one for one in wanted if one != "python"]:
        value = wanted[name]
        if isinstance(value, list):
            continue
        found = {"version": value} if isinstance(value, str) else dict(table(value, name))
        if not set(found) <= POETRY_KEYS:
            raise UnreadableError(f"`{where}.{name[:60]}` has a key that this reader does not know")
        version = text_in(found.pop("version", ""), name)
        foreign = next((f"{kind} {found[kind]}" for kind in ("git", "url", "path") if kind in found), None)
        del wanted[name]
        yield Pinned(
            ecosystem="pypi",
            name=normal(name_of(name)),
            version=version,
            origin=_source(foreign, found),
            direct=True,
            dev=dev,
            place=where,
            terms=written(found),
            anchor=(f"[{where.removesuffix('.' + key)}", f"\n{name}"),
        )


def _source(foreign: str | None, found: dict[str, Any]) -> str:
    return foreign or (f"registry {found['source']}" if "source" in found else "registry")


def asked_by(listing: Listing) -> tuple[Pinned, ...]:
    """What a lock has to hold: everything but what the build asks for."""
    return tuple(pin for pin in listing.pins if not pin.place.startswith("build-system"))
