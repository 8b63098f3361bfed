"""Markdown through two front ends: markdown-it's block tokens, and a scanner of lines.

markdown-it-py follows CommonMark 0.31 (https://spec.commonmark.org/0.31.2/), with the tables of
GitHub. The scanner knows less and refuses more: what other renderers, site generators and include
tools treat as their own stays fixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.documents.page import MAX_UNITS, Page, Unit, UnreadablePageError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

FENCE: Final = rx(r"\s{0,3}(`{3,}|~{3,}|:{3,})(.*)")
RAW_HTML: Final = rx(r"\s{0,3}<[A-Za-z/!?]")
OPENS: Final = rx(r"<!--|\{%|\{\{")
CLOSES: Final = rx(r"-->|%\}|\}\}")
ACTIVE_LINE: Final = rx(
    r"\s*(?:--8<--|!!!|\?\?\?|===[ +!]|\.\. |\$\$|%%|!include|@import\b|\[\[_?toc|:[\w-]+:\s)", re.IGNORECASE
)
FRONT: Final = frozenset({"---", "+++", ";;;"})
UNCLEAR: Final = "?"
QUOTE: Final = rx(r"\s{0,3}>\s?")
MARKER: Final = rx(r"(\s*)([-*+]|\d{1,9}[.)])(?=\s|$)(\s*)")
HEADING: Final = rx(r"\s{0,3}(#{1,6})(?=\s|$)")
RULE: Final = rx(r"\s{0,3}(?:=+|-{2,}|(?:[-*_]\s*){3,})\s*\Z")
DEFINITION: Final = rx(r"\s{0,3}(\[[^\]]+\]:)\s*")
BULLETS: Final = frozenset("-*+")
CODE_COLUMNS: Final = 4
NESTED: Final = 40


@lru_cache(maxsize=1)
def _blocks() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  loaded only where a page asks for it

    reader = MarkdownIt("commonmark", {"maxNesting": NESTED}).enable("table")
    reader.core.ruler.enableOnly(["normalize", "block"])
    return reader


@lru_cache(maxsize=1)
def _inline() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  loaded only where a page asks for it

    return MarkdownIt("commonmark", {"maxNesting": NESTED}).enable(["table", "strikethrough"])


@lru_cache(maxsize=8)
def read_markdown(text: str) -> Page:
    """The page; raises UnreadablePageError."""
    env: dict[str, Any] = {}
    try:
        tokens = _blocks().parse(text, env)
    except RecursionError as error:
        raise UnreadablePageError("blocks are nested too deeply") from error
    if len(tokens) > MAX_UNITS:
        raise UnreadablePageError("the page has more blocks than can be compared in time")
    if any(token.level >= NESTED for token in tokens):
        raise UnreadablePageError("blocks are nested too deeply")
    fixed, free = _fixed(text.split("\n"))
    definitions = (
        Unit("definition", f"[{label}]: {found['href']} {found.get('title', '')}".rstrip(), running=True)
        for label, found in sorted(env.get("references", {}).items())
    )
    return Page(
        units=(*_units(tokens), *definitions),
        fixed=fixed,
        chunks=tuple(_chunks(free)),
        references=env.get("references", {}),
    )


def inline_marks(text: str, references: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Everything in a running text that is more than words, by markdown-it; the last part is a link's target."""
    tokens = _inline().parseInline(text, {"references": dict(references)})
    return [mark for token in tokens for mark in _marks(token.children or [])]


def _marks(tokens: list[Token]) -> Iterator[tuple[str, ...]]:
    for token in tokens:
        if token.type in {"code_inline", "html_inline"}:
            yield token.type, token.content, ""
        elif token.type not in {"text", "softbreak", "text_special"}:
            target = str(token.attrs.get("href", token.attrs.get("src", "")))
            yield token.type, f"{token.tag} {token.attrs.get('title', '')}", target
            yield from _marks(token.children or [])


def _units(tokens: list[Token]) -> Iterator[Unit]:
    place, line = "", 0
    lists: list[str] = []
    sections: list[tuple[int, str]] = []
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        names = tuple(name for _, name in sections)
        if token.type == "inline":
            if place.startswith("heading"):
                level = int(place[-1])
                sections = [*(one for one in sections if one[0] < level), (level, token.content)]
            where = "cell" if place.startswith(("td", "th")) else place
            where = lists[-1] if lists and where == "paragraph" else where
            yield Unit(where, token.content, running=True, line=line, section=names)
        elif token.type in {"fence", "code_block", "html_block"}:
            yield Unit(token.type, f"{token.info}\n{token.content}", line=line, section=names)
        else:
            if token.type in {"bullet_list_open", "ordered_list_open"}:
                lists.append("item" if token.type.startswith("bullet") else "step")
            elif token.type in {"bullet_list_close", "ordered_list_close"}:
                lists.pop()
            place = f"{token.type.removesuffix('_open')}{token.tag[1:] if token.type == 'heading_open' else ''}"
            said = " ".join(f"{name}={value}" for name, value in sorted(token.attrs.items()))
            tag = token.tag if token.type.startswith("heading") else ""
            yield Unit(token.type, f"{tag}{said}", line=line, section=names)


def _fixed(lines: list[str]) -> tuple[tuple[tuple[int, str], ...], list[tuple[int, str]]]:
    """Lines inside fences, HTML, comments, template tags or front matter; and all others."""
    fixed: list[tuple[int, str]] = []
    free: list[tuple[int, str]] = []
    html = comment = False
    fence = ""
    front = bool(lines) and lines[0].strip() in FRONT
    for number, line in enumerate(lines, 1):
        before, fence = fence, _fence_after(fence, line)
        html = (html and bool(line.strip())) or RAW_HTML.match(line) is not None
        comment = comment or OPENS.search(line) is not None
        held = before or fence or html or comment or front or ACTIVE_LINE.match(line)
        (fixed if held else free).append((number, line))
        comment = comment and not CLOSES.search(line)
        front = front and (number == 1 or line.strip() not in FRONT)
    return tuple(fixed), free


def _fence_after(fence: str, line: str) -> str:
    """The fence that is open after a line (CommonMark 4.5); one that readers differ about is never closed."""
    found = FENCE.match(line)
    if found is None:
        inner = re.match(r"[\s>*+-]*(?:\d+[.)]\s+)?(`{3,}|~{3,})", line)
        return UNCLEAR if not fence and inner and re.match(r"\s*(?:>|[-*+]|\d+[.)])", line) else fence
    marks, words = found[1], found[2].strip()
    if not fence:
        return UNCLEAR if marks[0] == "`" and "`" in words else marks
    if marks[0] == ":" and fence[0] == ":" and words:
        return UNCLEAR  # a container in a container: which of them the next line of colons ends differs
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not words
    return "" if closes else fence


def _chunks(free: list[tuple[int, str]]) -> Iterator[tuple[int, str, bool]]:
    """Lines put together as running text, and the marks between them: line, text, whether it is a mark."""
    held: list[str] = []
    start = last = offset = 0
    blank = True
    for number, raw in free:
        line = raw.rstrip("\r").expandtabs(CODE_COLUMNS)
        parts, rest, offset = _line_marks(line, offset, blank=blank)
        if held and (parts or not rest.strip() or number != last + 1):
            yield start, "\n".join(held), False
            held = []
        yield from ((number, mark, True) for mark in parts)
        if rest.strip():
            start = start if held else number
            held.append(rest)
        blank, last = not rest.strip(), number
    if held:
        yield start, "\n".join(held), False


def _line_marks(line: str, offset: int, *, blank: bool) -> tuple[list[str], str, int]:  # noqa: PLR0911 - one guard, one exit
    """Marks at the head of a line, the rest, and the column where text of the open list item begins."""
    marks: list[str] = []
    while found := QUOTE.match(line):
        marks.append(">")
        line = line[found.end() :]
    if not line.strip():
        return marks, "", offset
    indent = len(line) - len(line.lstrip())
    if blank and indent < offset:
        offset = indent if MARKER.match(line) or indent else 0
    if blank and indent - offset >= CODE_COLUMNS:
        marks.append("indented")
    if RULE.match(line):
        return [*marks, line.strip()[0] * 3], "", offset
    heading = HEADING.match(line)
    if heading is not None:
        return [*marks, heading[1]], line[heading.end() :], 0
    item = MARKER.match(line)
    if item is not None:
        sign = "-" if item[2] in BULLETS else item[2]
        return [*marks, sign], line[item.end() :], len(item[0])
    if line.lstrip().startswith("|"):
        marks.append("|")
        return marks, line.lstrip().rstrip()[1:], offset
    definition = DEFINITION.match(line)
    if definition is not None:
        return [*marks, definition[1]], f"]({line[definition.end() :].strip()}", offset
    return marks, line.lstrip(), offset
