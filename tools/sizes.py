"""Print every module of 400 lines or more and every function of 60 or more; exit 1 if there is one."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
FUNCTION_LINES = 60


def too_long(path: Path) -> list[str]:
    """What is too long in one file, as `path:line name lines`."""
    text = path.read_text()
    where = path.relative_to(ROOT)
    lines = text.count("\n")
    found = [f"{where}: module of {lines} lines (under {MODULE_LINES})"] if lines >= MODULE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length >= FUNCTION_LINES:
                found.append(f"{where}:{node.lineno} {node.name}: {length} lines (under {FUNCTION_LINES})")
    return found


def main() -> int:
    """Check `src`, `tools` and `bench`."""
    paths = [path for room in ("src", "tools", "bench") for path in sorted((ROOT / room).rglob("*.py"))]
    found = [line for path in paths for line in too_long(path)]
    print("\n".join(found) or f"sizes: {len(paths)} files, nothing too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
