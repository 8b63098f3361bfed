"""The table of requirements: complete, in order, and it sees what the tests claim."""

from __future__ import annotations

import subprocess
import tomllib

from paths import PYTHON, ROOT


def listed():
    areas = tomllib.loads((ROOT / "tools/requirements.toml").read_text())["area"]
    return [entry for area in areas for entry in area["requirements"]]


def test_all_requirements_are_listed_in_order_with_a_criterion():
    assert [entry["id"] for entry in listed()] == [f"R{n}" for n in range(1, 86)]
    assert all(set(entry) == {"id", "title", "criterion"} and all(entry.values()) for entry in listed())


def test_the_table_shows_claims_and_open_ends():
    done = subprocess.run(
        [PYTHON, ROOT / "tools/requirements.py"], capture_output=True, text=True, check=True, timeout=60
    )
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("  R")}
    assert len(lines) == 85
    assert "layers" in lines["R2"]
    assert all(" open " in line or " test" in line for line in lines.values())
