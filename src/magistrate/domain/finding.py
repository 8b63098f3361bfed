"""Finding: what a scanner says about one place in one repository.

The fingerprint is our own: rule, path and the normalised text of the place, never a line number,
so that a finding keeps its name when code above it moves. Equal places are told apart by the
order in which they occur.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FINDING_PREFIX: Final = "fnd-"
MAX_SCAN_BYTES: Final = 256_000_000
"""The largest output of a scanner that is taken, by every door alike."""


class Severity(StrEnum):
    """SARIF 2.1.0 levels (section 3.27.10)."""

    NONE = "none"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result. Lines are 1-based and inclusive; 0 means the tool named no line.

    `weaknesses` are those the tool names, as `CWE-798`, in order.
    """

    id: str
    rule: str
    tool: str
    message: str
    path: str
    start_line: int
    end_line: int
    severity: Severity
    fingerprint: str
    source: str
    repository: str
    partial_fingerprints: tuple[tuple[str, str], ...] = ()
    weaknesses: tuple[str, ...] = ()


def fingerprint(*, rule: str, path: str, snippet: str, occurrence: int = 0) -> str:
    """Name a place without its line number: `sha256:` over rule, path, squeezed text and order."""
    parts = (rule, path, " ".join(snippet.split()), str(occurrence))
    return "sha256:" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def finding_id(*, repository: str, fingerprint_: str) -> str:
    """`fnd-` and 26 base32 characters, the same for the same place in the same repository."""
    raw = hashlib.sha256(f"{repository}\0{fingerprint_}".encode("utf-8", "surrogatepass")).digest()
    return FINDING_PREFIX + base64.b32encode(raw).decode().lower()[:26]
