"""Every language of operations without a way back: one file and one line each."""

from __future__ import annotations

from typing import Final

from magistrate.impact.returning import (
    cluster_text,
    command_text,
    plan,
    program_text,
    sql_text,
    terraform_text,
    workflow_text,
)
from magistrate.impact.returning.model import Reader

READERS: Final[tuple[Reader, ...]] = (
    sql_text.read,
    program_text.read,
    command_text.read,
    workflow_text.read,
    terraform_text.read,
    plan.read,
    cluster_text.read,
)
HOLDING: Final[tuple[Reader, ...]] = (terraform_text.read, cluster_text.read)
"""Those that also say what is held, so that both sides of a file have to be read."""
