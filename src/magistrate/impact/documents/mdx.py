"""What of an MDX page is plain Markdown: lines in blocks that hold no expression, no component, no module code.

MDX compiles a page to a program: `{...}` is an expression, `<...>` a component, `import` and `export`
are statements up to the next empty line. A change is one of text only where no such thing stands
in a block that changes, and nothing of the page can reach over an empty line.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.documents.examples import surely_fenced

ACTIVE: Final = rx(r"[{}<>`\\]|^\s*(?:import|export)\b|^\s*(?:---|\+\+\+)\s*$")
FENCE: Final = rx(r"\s*(?:`{3,}|~{3,})")
CODE_SPAN: Final = rx(r"(?<![`\\])`[^`\n]+`(?!`)")
DESCRIBES: Final = rx(r"(?:description|excerpt|summary|subtitle):[ ]+[A-Za-z][^{}<>`&*!|\\:#\[\]\"]*\Z")
WHOLE: Final = rx(
    r"""\{/\*[^{}*<>]*\*/\}|</?[A-Za-z][\w.]{0,60}(?:\s{1,4}[\w-]{1,60}(?:="[^"<>{}\n]*"|='[^'<>{}\n]*')?){0,20}\s{0,4}/?>"""
)
"""A remark, or a tag with plain values, that is whole on its line."""
UNFINISHED: Final = rx(r"(?:[=(\[{,+*/<>?:&|.-]|\b(?:from|default|import|export|as))\s*\Z")
HIDDEN: Final = rx(r"""["'`/][^"'`\n]*[{}<>][^"'`\n]*["'`/]|\\|/\*|\*/|(?<!:)//|`""")
"""A brace or an angle that may be part of a text, a pattern or a comment, an escape, a comment, an open code span."""
MAX_LINES: Final = 20_000


def why_program(file: ChangedFile) -> str | None:
    """The first changed line whose block is, or may be, more than Markdown; None when all are text."""
    for added, text in zip((False, True), file.both_texts, strict=True):
        lines = text.split("\n")
        if len(lines) > MAX_LINES:
            return "the page is too long to be read"
        held = _held(lines)
        if held is None:
            return "an expression or a component goes on over lines, and may hold what changes"
        for line in file.lines:
            if line.added is not added:
                continue
            if _described(lines, line.number):
                continue
            if line.number in held:
                return f"line {line.number} stands inside of an expression, a component, a module or front matter"
            if (found := _in_block(lines, line.number - 1)) is not None:
                return f"line {line.number} stands in one block with `{found}`, which is program text in MDX"
    return None


def _described(lines: list[str], number: int) -> bool:
    """Whether a line of front matter only describes the page in a sentence."""
    if not lines or lines[0].rstrip() != "---" or number == 1:
        return False
    above = any(line.rstrip() == "---" for line in lines[1:number])
    return not above and DESCRIBES.match(lines[number - 1]) is not None


def _held(lines: list[str]) -> frozenset[int] | None:
    """Numbers of lines within braces, tags, modules and front matter; None where that is not certain.

    Braces and angles are counted from the top. Where one stands in a text, a comment, or beside an escape, where
    one closes that was not opened, or something is still open at the end, nothing is certain.
    """
    fenced = surely_fenced("\n".join(lines))
    held: set[int] = set()
    braces, tag = 0, False
    module: list[str] = []
    front = bool(lines) and lines[0].rstrip() == "---"
    for number, line in enumerate(lines, 1):
        if front:
            held.add(number)
            front = not (number > 1 and line.rstrip() == "---")
        elif number in fenced or FENCE.match(line):
            if braces or tag or module or (number not in fenced and FENCE.match(line) is None):
                return None
        elif not line.strip():
            if _unfinished(module):
                return None
            module = []
            held.update([number] if braces or tag else [])
        elif module or (not braces and not tag and re.match(r"(?:import|export)\b", line)):
            module.append(line)
            held.add(number)
        else:
            counted = _counted(line, braces, tag=tag)
            if counted is None:
                return None
            if braces or tag or counted != (0, False):
                held.add(number)
            braces, tag = counted
    return None if braces or tag or front or _unfinished(module) else frozenset(held)


def _unfinished(module: list[str]) -> bool:
    """Whether statements may go on over an empty line: something is open, or wants more."""
    text = "\n".join(module)
    paired = all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}")) and text.count("/*") == text.count("*/")
    return bool(text) and (not paired or text.count("`") % 2 == 1 or UNFINISHED.search(text) is not None)


def _counted(line: str, braces: int, *, tag: bool) -> tuple[int, bool] | None:
    """Open braces and tags behind a line; None where a sign may be part of a text."""
    plain = WHOLE.sub("", CODE_SPAN.sub("", line)) if not braces and not tag else line
    open_text = plain.count('"') % 2 or plain.count("'") % 2
    if HIDDEN.search(plain) or (open_text and (braces or tag or re.search(r"[<{]", plain))):
        return None
    plain = re.sub(r"^\s*>+ ?|[=-]>", "", plain)
    for sign in re.findall(r"[{}<>]", re.sub(r"<[^<>{}]*>", "", plain)):
        if sign in "{}":
            braces += 1 if sign == "{" else -1
            if braces < 0:
                return None
        elif not braces:
            if sign == "<" and tag:
                return None
            tag = sign == "<"
    return braces, tag


def _in_block(lines: list[str], at: int) -> str | None:
    first = at
    while first > 0 and lines[first - 1].strip():
        first -= 1
    last = at
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    block = lines[first : last + 1]
    spans = all(CODE_SPAN.sub("", line).count("`") == 0 for line in block)
    shown = [CODE_SPAN.sub("", line) if spans else line for line in block]
    active = (ACTIVE.search(line) for index, line in enumerate(shown) if index + first == at or _statement(line))
    return next((found[0].strip() for found in active if found is not None), None)


def _statement(line: str) -> bool:
    """Whether a line begins what goes on to the next empty line."""
    return re.match(r"\s*(?:import|export|[{<`~]|---|\+\+\+)", line) is not None
