"""Print one digest over the source files that match the given patterns, seen from the project's root.

A result under `docs/results/soak-*.json` carries `measures` (the patterns) and `sources` (this
digest); a test fails when the files have changed since.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def sources_digest(patterns: list[str]) -> str:
    """`sha256:` over the sorted names and contents; raises ValueError for a pattern without a file."""
    whole = hashlib.sha256()
    for pattern in sorted(patterns):
        found = sorted(path for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc")
        if not found:
            raise ValueError(pattern)
        for path in found:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(ROOT).as_posix()}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def main(patterns: list[str]) -> int:
    """Print the digest; exit 2 without patterns or for one that matches nothing."""
    if not patterns:
        print("usage: freshness.py PATTERN...", file=sys.stderr)
        return 2
    try:
        print(sources_digest(patterns))
    except ValueError as error:
        print(f"no file matches `{error}`", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
