"""Where things are: the project, its program, and data from outside that may be absent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SRC = ROOT / "src"
PACKAGE = SRC / "magistrate"
PYTHON = sys.executable
MAGISTRATE = Path(sys.executable).with_name("magistrate")
"""The program beside the running interpreter: under sabotage it runs the doctored source."""

OUTSIDE_DATA = Path(os.environ.get("MAGISTRATE_TEST_DATA", ROOT.parent / "shared" / "data"))
OUTSIDE_DATA_ABSENT = "outside data absent"


def outside_data(name: str) -> Path:
    """A file of the labelled data that is not part of the project; skips the test without it."""
    found = OUTSIDE_DATA / name
    if not found.exists():
        pytest.skip(f"{OUTSIDE_DATA_ABSENT}: {name} (set MAGISTRATE_TEST_DATA)")
    return found
