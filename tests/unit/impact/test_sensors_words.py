"""Words of code, and labels that hold no content."""

from __future__ import annotations

import importlib
import importlib.util
import json
import tomllib
from types import ModuleType

import pytest
from paths import ROOT

from magistrate.impact.vocabulary import words_of

FIELDS = {"id", "surface", "repo", "commit", "path", "form", "first", "last", "as", "after", "strip", "cut", "from"}


@pytest.mark.parametrize("token", ["maxBodySize", "max_body_size", "MAX_BODY_SIZE", "max-body-size", "MaxBodySize"])
def test_spellings_are_one_word(token: str) -> None:
    assert {"maxbodysize", "max", "bodysize", "maxbody"} <= words_of(token)


@pytest.mark.requirement("R24")
def test_labels_name_places_and_hold_no_content() -> None:
    files = sorted((ROOT / "bench" / "surfaces").rglob("*.jsonl"))
    assert len(files) >= 54
    for path in files:
        for line in path.read_text().splitlines():
            label = json.loads(line)
            assert set(label) <= FIELDS
            assert label["surface"] == path.stem
            assert len(label["commit"]) == 40
            assert len(line) < 1_000


def loaded(name: str) -> ModuleType:
    """A tool as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.mark.requirement("R24")
def test_the_page_of_the_sensors_says_what_the_bench_kept() -> None:
    tool = loaded("sensors_page")
    told = (ROOT / "docs" / "sensors.md").read_text()
    assert told == tool.page(json.loads((ROOT / "docs" / "results" / "surfaces.json").read_text()))


@pytest.mark.requirement("R24")
def test_the_table_of_labels_from_outside_says_what_the_bench_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    told = (ROOT / "docs" / "measured.md").read_text()
    kept = json.loads((ROOT / "docs" / "results" / "surfaces.json").read_text())
    assert told == loaded("outside_section").written(told, kept)


@pytest.mark.requirement("R24")
def test_every_miss_that_was_read_is_an_open_label_with_one_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    held_out = importlib.import_module("surface_changes").held_out
    places = [ROOT / "bench" / "surfaces", *(ROOT / "bench" / "surfaces" / one for one in ("unseen", "outside"))]
    listed = [
        json.loads(line) for place in places for path in place.glob("*.jsonl") for line in path.read_text().splitlines()
    ]
    known = {label["id"] for label in listed if not held_out(label)}
    blocks = tomllib.loads((ROOT / "bench" / "surfaces" / "misses.toml").read_text())["read"]
    read = [one for block in blocks for one in block["ids"]]
    assert {block["verdict"] for block in blocks} == {"mended", "left", "label", "silent"}
    assert all(block["why"] for block in blocks)
    assert len(read) == len(set(read))
    assert set(read) <= known
