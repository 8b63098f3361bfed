"""gofmt. Reads: Go. Configuration: none, by design.

Only blanks, and line ends that end nothing, may change: sorted imports (order of initialisation before Go 1.21),
rewritten doc comments and build lines are left to people. Files with cgo are not read: the
comment above `import "C"` is C.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.rederivation.family import Family
from magistrate.impact.rederivation.texts import go_lines

CGO: Final = rx(rb"\"C\"|`C`")
MADE: Final = rx(rb"(?m)^// Code generated .* DO NOT EDIT\.\r?$")


def kept(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Only blanks, no cgo, not generated."""
    if CGO.search(before) or CGO.search(after):
        return "it has cgo, whose C stands in a comment"
    if MADE.search(before):
        return "it is generated: the next run of its generator decides how it looks"
    return go_lines(path, before, after, base)


FAMILY: Final = Family(
    rule="gofmt/1", program="gofmt", suffixes=(".go",),
    tool=lambda _path, _base: "gofmt", used=lambda _path, _base: True,
    configs=lambda _path, _base: (), objection=lambda _path, _base: None, kept=kept,
)  # fmt: skip
