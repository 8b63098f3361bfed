"""Cold start: `magistrate --help` against an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from measured import in_turn, spread

N = 20
PROGRAM = Path(sys.executable).with_name("magistrate")


def main() -> dict[str, Any]:
    """Milliseconds of both and their ratio, pair by pair."""

    def bare() -> object:
        return subprocess.run([sys.executable, "-c", "pass"], check=True, capture_output=True)

    def shown() -> object:
        return subprocess.run([PROGRAM, "--help"], check=True, capture_output=True)

    shown()
    helps, bares = in_turn(shown, bare, N)
    ratios = [left / right for left, right in zip(helps, bares, strict=True)]
    return {"help_ms": spread(helps), "bare_interpreter_ms": spread(bares), "ratio": spread(ratios)}
