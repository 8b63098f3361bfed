"""What of an MDX page is plain Markdown: lines in blocks that hold no expression, no component, no module code.

MDX compiles a page to a program: `{...}` is an expression, `<...>` a component, `import` and `export`
are statements up to the next empty line. A change is one of text only where no such thing stands
in a block that changes, and nothing of the page can reach over an empty line.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import ChangedFile

ACTIVE: Final = re.compile(r"[{}<>`\\]|^\s*(?:import|export)\b|^\s*(?:---|\+\+\+)\s*$")
MAX_LINES: Final = 20_000


def why_program(file: ChangedFile) -> str | None:
    """The first changed line whose block is, or may be, more than Markdown; None when all are text."""
    for added, text in zip((False, True), file.both_texts, strict=True):
        lines = text.split("\n")
        if len(lines) > MAX_LINES:
            return "the page is too long to be read"
        if not _closed(lines):
            return "an expression or a component goes on over lines, and may hold what changes"
        for line in file.lines:
            if line.added is added and (found := _in_block(lines, line.number - 1)) is not None:
                return f"line {line.number} stands in one block with `{found}`, which is program text in MDX"
    return None


def _closed(lines: list[str]) -> bool:
    """Whether braces and angles outside of modules and fences close on their own line."""
    fenced = False
    module = False
    for line in lines:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not line.strip():
            module = False
        elif re.match(r"(?:import|export)\b", line):
            module = True
        elif not fenced and not module and (line.count("{") != line.count("}") or line.count("<") != line.count(">")):
            return False
    return not fenced


def _in_block(lines: list[str], at: int) -> str | None:
    first = at
    while first > 0 and lines[first - 1].strip():
        first -= 1
    last = at
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    block = lines[first : last + 1]
    active = (ACTIVE.search(line) for index, line in enumerate(block) if index + first == at or _statement(line))
    return next((found[0].strip() for found in active if found is not None), None)


def _statement(line: str) -> bool:
    """Whether a line begins what goes on to the next empty line."""
    return re.match(r"\s*(?:import|export|[{<`~]|---|\+\+\+)", line) is not None
