"""Words of code, and labels that hold no content."""

from __future__ import annotations

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
