"""What of the host a confined program may see, read-only: system libraries and its interpreter."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import magistrate

SYSTEM: Final = (Path("/usr"), Path("/bin"), Path("/sbin"), Path("/lib"), Path("/lib32"), Path("/lib64"))
SYSTEM_FILES: Final = (Path("/etc/ld.so.cache"),)
PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def interpreter_paths() -> tuple[Path, ...]:
    """Where the running interpreter, its environment, the libraries and this package are.

    Nothing else of `sys.path`: the folder a program was started in is not part of it.
    """
    found = [Path(sys.base_prefix), Path(sys.prefix), Path(sys.executable).resolve().parent.parent]
    found += [Path(entry).parent for entry in magistrate.__path__]
    for library in ("msgspec", "ruff"):
        spec = importlib.util.find_spec(library)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent.parent)
    return outermost(path for path in found if not _below_system(path))


def wants_interpreter(argv: Sequence[str]) -> bool:
    """Whether the program is this interpreter or one installed beside it."""
    program = Path(argv[0])
    return program == Path(sys.executable) or Path(sys.prefix) in program.parents


def with_targets(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Absolute paths, each with the place it really is when that differs."""
    named: list[Path] = []
    for path in paths:
        named += [path.absolute(), path.resolve()]
    return outermost(named)


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Without duplicates and without what lies inside another one; outer first."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda p: (len(p.parts), str(p))):
        if not any(other in path.parents for other in kept):
            kept.append(path)
    return tuple(kept)


def _below_system(path: Path) -> bool:
    return any(path == root or root in path.parents for root in SYSTEM)
