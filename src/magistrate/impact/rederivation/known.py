"""The families that the prover knows: one file and one line each."""

from __future__ import annotations

from typing import Final

from magistrate.impact.rederivation import black, clang_format, gofmt, prettier, ruff, rustfmt, shfmt, taplo
from magistrate.impact.rederivation.family import Family

FAMILIES: Final[tuple[Family, ...]] = (
    ruff.FORMAT,
    black.FAMILY,
    ruff.FIX,
    gofmt.FAMILY,
    rustfmt.FAMILY,
    prettier.FAMILY,
    clang_format.FAMILY,
    shfmt.FAMILY,
    taplo.FAMILY,
)
