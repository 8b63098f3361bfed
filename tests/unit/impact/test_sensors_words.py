"""Words of code, and labels that hold no content."""

from __future__ import annotations

import importlib.util
import json

import pytest
from paths import ROOT

from magistrate.impact.vocabulary import words_of

FIELDS = {"id", "surface", "repo", "commit", "path", "form", "first", "last", "as", "after", "strip", "from"}


@pytest.mark.parametrize("token", ["maxBodySize", "max_body_size", "MAX_BODY_SIZE", "max-body-size", "MaxBodySize"])
def test_spellings_are_one_word(token: str) -> None:
    assert {"maxbodysize", "max", "bodysize", "maxbody"} <= words_of(token)


@pytest.mark.requirement("R24")
def test_labels_name_places_and_hold_no_content() -> None:
    files = sorted((ROOT / "bench" / "surfaces").glob("*.jsonl"))
    assert len(files) >= 19
    for path in files:
        for line in path.read_text().splitlines():
            label = json.loads(line)
            assert set(label) <= FIELDS
            assert label["surface"] == path.stem
            assert len(label["commit"]) == 40
            assert len(line) < 1_000


@pytest.mark.requirement("R24")
def test_the_page_of_the_sensors_says_what_the_bench_kept() -> None:
    spec = importlib.util.spec_from_file_location("sensors_page", ROOT / "tools" / "sensors_page.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    told = (ROOT / "docs" / "sensors.md").read_text()
    assert told == tool.page(json.loads((ROOT / "docs" / "results" / "surfaces.json").read_text()))
