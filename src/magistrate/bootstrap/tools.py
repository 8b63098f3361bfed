"""Which of the tools that re-derive a proposal are on this machine.

Rule kept (R21): a tool comes from beside the running interpreter, where it was installed by name
and hash, or from a folder of the operator's `PATH`; never from a folder that a repository fills.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from magistrate.usecases.evidence import Tool, program


def found_tools() -> Mapping[str, Tool]:
    """Programs by the name that `usecases.evidence.RUNNERS` knows them under."""
    ruff = Path(sys.executable).with_name("ruff")
    return {"ruff": program(ruff)} if ruff.is_file() else {}
