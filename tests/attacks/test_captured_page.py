"""docs/captured-control.md names every scripted attempt, and no other (R37)."""

from __future__ import annotations

import re
import subprocess

import pytest
from paths import PYTHON, ROOT

LEAST = 30


@pytest.mark.requirement("R37")
def test_the_page_is_what_the_attempts_are() -> None:
    argv = [PYTHON, str(ROOT / "tools/captured_page.py"), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (ROOT / "docs/captured-control.md").read_text()
    names = re.findall(r"^\| ([a-z-]+) \| (\S.*) \| ((?:executor|gate)\b.*) \|$", text, re.MULTILINE)
    assert len(names) == len({name for name, _, _ in names}), "one name, one attempt"
    assert f"each of these {len(names)} attempts" in text
    assert len(names) >= LEAST
