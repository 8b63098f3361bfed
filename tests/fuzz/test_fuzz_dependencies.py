"""Mutants of bumps: what is proven differs by versions and hashes alone, and none falls, to readers of another make."""

from __future__ import annotations

import json
import random
import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version
from paths import TESTS
from world.mutants import mutant

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.dependencies.known import KINDS, listing_of, readers_of
from magistrate.impact.dependencies.pins import Reader
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.provers.dependencies import PROVER
from magistrate.impact.sensors.dependency import SENSOR

CASES = sorted(
    place for place in (TESTS / "corpus/provers/dependencies").iterdir() if not place.name.endswith("_refuted")
)
PIECES = (
    " ", "\n", "\n\n", "#", "# a row\n", '"', "'", ",", ":", "@", "=", "==", ">=", "^", "~", "*", "||", "<", ">", "[", "]", "{", "}",
    "1", "9", "0.", "-rc.1", "+x", "v", "a", "x", "\\\n", "--hash=", "git+https://f.example/a", "http://", "npm:a@1", "main", "\t", "&", "!",
)  # fmt: skip
CONTAINERS = {
    "packages", "package", "dependencies", "devDependencies", "snapshots", "importers", "requires", "dependency-groups", "repos", "project",
}  # fmt: skip
HASH = re.compile(r"(?:sha\d+[-:])?[A-Za-z0-9+/=:]{40,}|h1:\S+|10c0/[0-9a-f]{128}")
VERSION = re.compile(r"[\^~]?v?(\d[\w.]*)(?:-py3-none-any\.whl)?")


def sides(place: Path) -> tuple[str, str, str, dict[str, str]]:
    before = next(p for p in (place / "before").rglob("*") if p.is_file())
    path = before.relative_to(place / "before").as_posix()
    base = place / "base"
    files = {p.relative_to(base).as_posix(): p.read_text() for p in base.rglob("*") if p.is_file()}
    return path, before.read_text(), (place / "after" / path).read_text(), files


def proven(path: str, before: str, after: str, files: dict[str, str]) -> bool:
    file = ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))
    list(SENSOR.sense(file, BaseTree(files=files, known=True)))
    return PROVER.prove(file, (file,), BaseTree(files=files, known=True), ()).status is ProofStatus.PROVEN


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, str(number)))
    else:
        yield path, str(value)


def elements(node: ET.Element, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    yield (*path, node.tag), (node.text or "").strip()
    for number, inner in enumerate(node):
        yield from elements(inner, (*path, node.tag, str(number)))


def read_anew(path: str, text: str) -> dict[tuple[str, ...], str]:
    """What a reader of another make finds: every leaf by its place."""
    if path.endswith((".json",)):
        return dict(leaves(json.loads(text)))
    if path.endswith((".toml", "uv.lock", "Cargo.lock")):
        return dict(leaves(tomllib.loads(text)))
    if path.endswith((".yaml", ".yml")) or "__metadata" in text:
        return dict(leaves(yaml.safe_load(text)))
    if path.endswith(".xml"):
        return dict(elements(ET.fromstring(text), ()))  # noqa: S314 - a fuzz test's own text
    return dict(lines(path, text))


def lines(path: str, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for whole in text.replace("\\\n", " ").split("\n"):
        line = whole.strip()
        if not line or line.startswith("# via") or (path == "requirements.txt" and line.startswith("#   ")):
            continue
        if path == "requirements.txt" and not line.startswith(("#", "-")):
            asked, *hashes = line.split(" --")
            found = Requirement(asked)
            yield (
                (found.name, str(found.marker), str(sorted(found.extras)), str(found.url)),
                str(found.specifier).lstrip("="),
            )
            yield from (((found.name, str(number)), one[-64:]) for number, one in enumerate(hashes))
            continue
        words = re.findall(r"[^\s@\"#]+", line)
        plain = tuple(word for word in words if not re.search(r"\d", word))
        for number, word in enumerate(one for one in words if re.search(r"\d", one)):
            yield (*plain, str(number), re.sub(r"[\d.]+.*", "", word)), word


def falls(old: str, new: str) -> bool:
    a, b = VERSION.fullmatch(old), VERSION.fullmatch(new)
    try:
        return a is not None and b is not None and Version(b[1]) < Version(a[1])
    except InvalidVersion:
        return False


def objection(path: str, before: str, after: str) -> str | None:
    old, new = read_anew(path, before), read_anew(path, after)
    for key in old.keys() & new.keys():
        a, b = old[key], new[key]
        if a == b:
            continue
        if falls(a, b) and key[-1] != "size":
            return f"{key}: {a} -> {b} falls"
        if not (re.search(r"\d", b) or HASH.search(b)) or b.startswith(("git", "http:", "npm:", "*")):
            return f"{key}: {a} -> {b} is no version"
    if path == "requirements.txt":
        return None  # packages may come and go there, each by its own line
    odd = [key for key in old.keys() ^ new.keys() if not CONTAINERS & set(key) and not re.search(r"\d", "".join(key))]
    return f"{odd[0]} comes or goes" if odd else None


def hunt(place: Path, number: int, seed: int) -> tuple[int, list[str]]:
    path, before, after, files = sides(place)
    dice = random.Random(seed)
    count, wrong = 0, []
    for _ in range(number):
        text = mutant(after, dice, PIECES)
        if not proven(path, before, text, files):
            continue
        count += 1
        try:
            why = objection(path, before, text)
        except (ValueError, InvalidRequirement, yaml.YAMLError, ET.ParseError) as error:
            why = f"another reader does not accept it: {error}"
        if why is not None:
            wrong.append(f"{place.name}: {why}\n{text}")
    return count, wrong


@pytest.mark.requirement("R23", "R25")
@pytest.mark.parametrize("place", CASES, ids=lambda one: one.name)
def test_what_is_proven_of_mutants_differs_by_versions_and_hashes_alone(place: Path) -> None:
    path, before, after, files = sides(place)
    assert proven(path, before, after, files)
    assert objection(path, before, after) is None
    _, wrong = hunt(place, 60, 1)
    assert not wrong, wrong[0]


@pytest.mark.soak
@pytest.mark.requirement("R23", "R25")
def test_ten_thousand_mutants_of_bumps() -> None:
    found = [hunt(place, 10_000 // len(CASES) + 1, 2) for place in CASES]
    wrong = [one for _, some in found for one in some]
    print(f"{sum(count for count, _ in found)} of 10,000 mutants proven, {len(wrong)} of them wrongly")
    assert not wrong, wrong[0]
    assert sum(count for count, _ in found) > 100


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("reader", [one for kind in KINDS for one in readers_of(kind)], ids=lambda one: one.name)
def test_no_text_makes_a_reader_fail_in_another_way_than_by_saying_so(reader: Reader) -> None:
    names = [sides(place) for place in CASES]
    path = next((name for name, *_ in names if reader.reads(name)), None)
    dice = random.Random(3)
    for name, before, after, _ in names:
        for text in (before, after, mutant(after, dice, PIECES), mutant(before, dice), after[: len(after) // 2], ""):
            try:
                listing_of(path or name, text)
                reader.read(text)
            except (UnreadableError, ValueError, TypeError, KeyError, AttributeError):
                continue
