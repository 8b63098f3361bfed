"""Which lines of a page are examples: what a program that reads pages could take out and run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx

FENCE: Final = rx(r"\s{0,12}(?:[-*+>]\s+|\d+[.)]\s+)?(`{3,}|~{3,})")
INDENTED: Final = {".rst": 3, "": 4}
"""Columns from which a line may be one of an example, by the ending of the page."""
STEERING: Final = rx(r"\s*\.\.(?:\s|\Z)|.*::\s*\Z")
"""What makes an example of the lines below it, or says how it is run, in reStructuredText."""
TAKEN_IN: Final = rx(r"\s*\(\s*\"(?P<path>[\w./-]+\.\w+)\"\s*\)")
"""What stands behind `include_str!` where it names one file in full."""
REACH: Final = 400
"""Lines above that may open what a line stands in."""
PROMPT: Final = rx(r"\s*(?:>>>|\.\.\.(?=\s)|\$ |# |% |PS> )(?=.*\S)|\s*<")


def example_changes(file: ChangedFile) -> str | None:
    """The first changed line that is or may be one of an example, in words; None when all are sentences, lists, links.

    A fence that comes or goes makes examples of what stands below it, so it counts as well.
    """
    fences = [sum(FENCE.match(line) is not None for line in text.split("\n")) for text in file.both_texts]
    if fences[0] != fences[1]:
        return "a fence of an example comes or goes"
    wide = INDENTED.get(file.name[file.name.rfind(".") :], INDENTED[""])
    inside = {added: set(_fenced(text)) for added, text in zip((False, True), file.both_texts, strict=True)}
    for line in file.lines:
        text = line.text.expandtabs(4)
        deep = bool(text.strip()) and len(text) - len(text.lstrip()) >= wide
        heading = file.name.endswith((".md", ".markdown", ".mdx")) and re.match(r"#{1,6} ", line.text) is not None
        if file.name.endswith((".rst", ".txt")) and STEERING.match(line.text):
            return f"line {line.number} steers what stands below it"
        if line.number in inside[line.added] or deep or (PROMPT.match(line.text) and not heading):
            return f"line {line.number} is one of an example"
    return None


def _fenced(text: str) -> Iterator[int]:
    """Numbers of the lines between fences, and of the fences."""
    opened = ""
    for number, line in enumerate(text.split("\n"), 1):
        found = FENCE.match(line)
        if opened or found:
            yield number
        if found and not opened:
            opened = found[1]
        elif found and opened and found[1].startswith(opened):
            opened = ""


OPENS: Final = rx(r" {0,3}(?:(?P<ticks>`{3,})[^`]*|(?P<waves>~{3,}).*)\Z")


def surely_fenced(text: str) -> frozenset[int]:
    """Numbers of the lines that stand between fences of a page itself (CommonMark 0.31, 4.5), by two readings.

    Fences of lists and quotes are left out: whether a line is still within one hangs on its indentation.
    """
    inside: set[int] = set()
    opened = ""
    for number, line in enumerate(text.split("\n"), 1):
        found = OPENS.match(line.rstrip("\r"))
        mark = (found["ticks"] or found["waves"]) if found else ""
        if not opened:
            opened = mark
        elif mark.startswith(opened) and not line.strip().strip(mark[0]):
            opened = ""
        else:
            inside.add(number)
    return frozenset(inside) & frozenset(_fenced(text))


def of_another_page(found: re.Match[str], path: str, file: ChangedFile, base: BaseTree) -> bool:
    """Whether a sign is Rust's `include_str!` of one file of the base that it names in full, which is not this page.

    A file that is no part of the base, or holds nothing but a name, may be a link to this page: it is not told apart.
    """
    named = TAKEN_IN.match(base.files[path], found.end()) if found[0] == "include_str!" else None
    if named is None:
        return False
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), named["path"]))
    return place in base.files and place != file.path and "\n" in base.files[place].strip()


def directives_over(file: ChangedFile) -> Iterator[tuple[int, str]]:
    """Changed lines of reStructuredText inside of directives: the number, and each line that opens one around it."""
    for added, text in zip((False, True), file.both_texts, strict=True):
        lines = text.expandtabs(8).split("\n")
        for line in file.lines:
            if line.added is added and line.text.strip():
                found = line.text.expandtabs(8)
                indent = len(found) - len(found.lstrip())
                for above in reversed(lines[max(0, line.number - 1 - REACH) : line.number - 1]):
                    deep = len(above) - len(above.lstrip())
                    if above.strip() and deep < indent:
                        indent = deep
                        yield line.number, above
