"""Mutants of settings: what is proven benign differs, to an ordinary loader, at declared keys alone."""

from __future__ import annotations

import configparser
import json
import random
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from world.mutants import mutant

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.benign_config import PROVER

SOURCES = {
    "conf/a.yml": (
        "# Looks.\nui:\n  page_size: 20  # rows to show\n  theme: light\n  sidebar: {width: 3}\nlist:\n  - size: 4\nsize: 7\n"
        "note: |\n  size: 7\n"
    ),
    "conf/a.json": (
        '{\n  "ui": {\n    "page_size": 20,\n    "theme": "light",\n    "rows": [3, 4]\n  },\n  "size": 7,\n  "x": {"size": 7}\n}\n'
    ),
    "conf/a.toml": 'size = 7\n[ui]\npage_size = 20 # rows to show\ntheme = "light"\n[list]\nsize = 4\n[[many]]\nsize = 7\n',
    "conf/a.ini": "[ui]\npage_size = 20\ntheme = light\n[list]\nsize = 4\n",
}  # fmt: skip
DECLARED = "version: 1\nbenign_config:\n" + "".join(
    f"  - file: {file}\n    key: {key}\n    type: {kind}\n    {rule}\n    environment: production\n"
    for file in SOURCES
    for key, kind, rule in (
        ("ui.page_size", "integer", "min: 10\n    max: 99"),
        ("size", "number", "min: 1\n    max: 9"),
        ("ui.theme", "string", "values: [light, dark, grid]"),
    )
)
ALLOWED = {("ui", "page_size"), ("ui", "theme"), ("size",)}
VALUES = (
    "5",
    "10",
    "77",
    "020",
    "1e1",
    "0x20",
    "8.5",
    "7.0",
    "dark",
    '"dark"',
    "off",
    "grid",
    "light",
    "'grid'",
    "null",
    "2_0",
    "-1",
)


def as_ini(text: str) -> object:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


LOADERS: dict[str, Callable[[str], object]] = {
    "conf/a.yml": yaml.safe_load, "conf/a.json": json.loads, "conf/a.toml": tomllib.loads, "conf/a.ini": as_ini,
}  # fmt: skip


def mutants(source: str, seed: int, count: int) -> Iterator[str]:
    """Mostly values put in the place of others, at times with something small beside it."""
    dice = random.Random(seed)
    spots = [word for word in ("20", "light", '"light"', "7", "4", "3") if word in source]
    for _ in range(count):
        text = source
        for _ in range(dice.randint(1, 2)):
            old = dice.choice(spots)
            places = [at for at in range(len(text)) if text.startswith(old, at)]
            if places:
                at = dice.choice(places)
                text = text[:at] + dice.choice(VALUES) + text[at + len(old) :]
        yield mutant(text, dice) if dice.random() < 0.3 else text


def differing(a: object, b: object, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(a, dict) and isinstance(b, dict) and list(a) == list(b):
        for name in a:
            yield from differing(a[name], b[name], (*place, name))
    elif repr(a) != repr(b):
        yield place


def allowed(value: Any, place: tuple[str, ...]) -> bool:
    if place == ("ui", "theme"):
        return value in {"light", "dark", "grid"}
    number = float(value)
    return 10 <= number <= 99 and number == int(number) if place == ("ui", "page_size") else 1 <= number <= 9


def at(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value[name]
    return value


def tried(path: str, seed: int, count: int) -> tuple[list[str], int]:
    source, load = SOURCES[path], LOADERS[path]
    base = BaseTree(files={".magistrate.yml": DECLARED}, known=True)
    wrong, proven = [], 0
    for text in mutants(source, seed, count):
        file = ChangedFile(change=FileChange(path=path, before=source.encode(), after=text.encode()))
        if PROVER.prove(file, (file,), base, ()).status is not ProofStatus.PROVEN:
            continue
        proven += 1
        new = load(text)
        places = list(differing(load(source), new))
        if not places or not set(places) <= ALLOWED or not all(allowed(at(new, place), place) for place in places):
            wrong.append(text)
    return wrong, proven


@pytest.mark.requirement("R22", "R25")
@pytest.mark.parametrize("path", SOURCES)
def test_only_declared_values_differ_to_an_ordinary_loader(path: str) -> None:
    wrong, proven = tried(path, 7, 400)
    assert not wrong, wrong[0]
    assert proven >= 5, "some mutants must be proven, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R22", "R25")
@pytest.mark.parametrize("path", SOURCES)
def test_ten_thousand_mutants_differ_at_declared_values_alone(path: str) -> None:
    wrong, proven = tried(path, 9, 10_000)
    assert not wrong, wrong[0]
    assert proven >= 100
