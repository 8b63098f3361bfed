r"""SQL that loses rows, columns, tables or what a column could hold, in files and in the strings of programs.

Rule kept: where dialects read a text differently (`\'` in a string, `/*! */`), both readings are searched. A
statement that is put together while it runs is one that nobody could read. What stands in the part of a
migration that takes it back is not run by the change and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.returning.model import Found, Operation, Side, one_line
from magistrate.impact.screening import places

UNDOING: Final = rx(r"(?i)(?:^|[./_-])(?:down|undo|rollback|revert)\.sql\Z|(?:^|/)U\d[\w.]*__[^/]*\.sql\Z")
DOWN: Final = rx(
    r"(?im)^\s*--\s*(?:\+goose\s+down|\+migrate\s+down|migrate:down|//@undo|\+micrate\s+down)\b.*?(?=^\s*--\s*(?:\+\w+\s+up|migrate:up)\b|\Z)",
    re.DOTALL,
)
_DOLLAR: Final = r"\$(?P<tag>\w*)\$(?P<body>.*?)\$(?P=tag)\$"
_COMMON: Final = rf"--[^\n]*|/\*(?P<kept>!\d*)?(?P<said>.*?)\*/|{_DOLLAR}|\"(?:[^\"]|\"\")*\"|`[^`]*`"
_STANDARD: Final = rx(rf"{_COMMON}|'(?P<string>(?:[^']|'')*)'", re.DOTALL)
_ESCAPED: Final = rx(rf"{_COMMON}|'(?P<string>(?:[^'\\]|\\.|'')*)'", re.DOTALL)
_NAME: Final = r"(?P<on>[\w.\"`\[\]$:{}%@-]+)"
_IF: Final = r"(?:\s+IF\s+EXISTS)?"
_VERB: Final = rx(r"\A\W*(?:DROP|TRUNCATE|DELETE|UPDATE|ALTER|MERGE)\b", re.IGNORECASE)
TEMPORARY: Final = rx(r"(?i)\bTEMP(?:ORARY)?\b")
SOME: Final = rx(r"(?i)\bWHERE\b(?!\s+(?:1\s*=\s*1|true)\b)")
_DEPTH: Final = 4
_WIDE: Final = rx(r"(?i)(?:long)?text\b|n?varchar\s*\(\s*max\s*\)|string\b|n?clob\b")


def _rule(pattern: str) -> re.Pattern[str]:
    return rx(pattern, re.IGNORECASE | re.DOTALL)


RULES: Final = (
    ("drop", _rule(rf"\bDROP\s+(?:FOREIGN\s+|EXTERNAL\s+)?(?P<kind>TABLE|DATABASE|SCHEMA|KEYSPACE|TABLESPACE|COLUMN|USER|ROLE|PARTITION|COLLECTION|STREAM|SUBSCRIPTION)\b{_IF}\s+{_NAME}"),
     "what it holds is gone, and no inverse statement brings it back"),
    ("drop", _rule(rf"\bDROP\s+(?P<kind>(?!TABLE|DATABASE|SCHEMA|USER|ROLE)[A-Z]+)\b{_IF}\s+{_NAME}[^;]{{0,2000}}?\bCASCADE\b"),
     "whatever depends on it is gone with it"),
    ("drop column", _rule(rf"\bALTER\s+TABLE\b[^;]{{0,2000}}?\bDROP\s+(?!COLUMN\b|CONSTRAINT\b|INDEX\b|KEY\b|PRIMARY\b|FOREIGN\b|CHECK\b|DEFAULT\b|NOT\b|IDENTITY\b|EXPRESSION\b|PARTITION\b|TRIGGER\b|POLICY\b|RULE\b|SYSTEM\b)(?:IF\s+EXISTS\s+)?{_NAME}"),
     "what the column holds is gone"),
    ("truncate", _rule(rf"\bTRUNCATE\s+(?:(?:TABLE|PARTITION|ONLY)\s+)*(?!ON\b|OR\b|TRIGGER\b){_NAME}(?!\s*,\s*(?:SELECT|INSERT|UPDATE|DELETE|REFERENCES)\b)"),
     "all rows are gone"),
    ("drop partition", _rule(rf"\bALTER\s+TABLE\s+{_NAME}[^;]{{0,2000}}?\b(?:DROP|TRUNCATE)\s+PARTITION\b"), "the rows of a partition are gone"),
    ("drop column", _rule(rf"\bALTER\s+TABLE\s+{_NAME}[^;]{{0,2000}}?\bSET\s+UNUSED\b"), "what the column holds is gone"),
    ("overwrite", _rule(rf"\b(?:INSERT\s+OVERWRITE(?:\s+TABLE|\s+INTO)?|CREATE\s+OR\s+REPLACE\s+TABLE|REPLACE\s+INTO)\s+{_NAME}"),
     "what stood there before is gone"),
    ("rotate", _rule(rf"\b(?:ALTER|SET)\s+(?:USER|ROLE|LOGIN|PASSWORD\s+FOR)\s+{_NAME}[^;]{{0,2000}}?(?:\bPASSWORD\b|\bIDENTIFIED\s+(?:BY|WITH)\b)"),
     "the old password no longer opens anything"),
    ("lose", _rule(r"\b(?P<on>pg_drop_replication_slot|lo_unlink|drop_chunks|xp_cmdshell)\s*\("), "it cannot be called back"),
)  # fmt: skip
_DELETE: Final = _rule(
    rf"(?<!\bON\s)(?<!\bFOR\s)(?<!\bOR\s)\bDELETE\s+(?:[\w.,\s`]{{1,60}}?\s)?FROM\s+(?:ONLY\s+)?{_NAME}|(?:\A|;)\s*DELETE\s+{_NAME.replace('on', 'own')}\s+WHERE\b|\bTHEN\s+DELETE\b"
)
_UPDATE: Final = _rule(
    rf"(?<!\bDO\s)(?<!\bFOR\s)(?<!\bON\s)(?<!\bKEY\s)\bUPDATE\s+(?!SET\b|ON\b)(?:ONLY\s+|LOW_PRIORITY\s+|IGNORE\s+)*{_NAME}(?:\s+(?:AS\s+)?\w+)?\s+SET\s+(?P<sets>.*)"
)
_RETYPE: Final = _rule(
    rf"\bALTER\s+TABLE\s+[^;]{{0,2000}}?\b(?:ALTER\s+(?:COLUMN\s+)?{_NAME}\s+(?:SET\s+DATA\s+)?TYPE\s+|ALTER\s+COLUMN\s+[\w.\"`\[\]]+\s+(?!SET\b|DROP\b|ADD\b|RESTART\b|TYPE\b)|(?:MODIFY|CHANGE)\s+(?:COLUMN\s+)?[\w.\"`]+\s+(?:[\w\"`]+\s+(?=\w))?)(?P<type>[A-Za-z][^,;]*)"
)
_DYNAMIC: Final = _rule(
    r"\b(?:EXECUTE|EXEC)\s+(?!ON\b|FUNCTION\b|PROCEDURE\b|PRIVILEGE\b|AS\b|IMMEDIATE\s+'[^']*'\s*(?:;|\Z))(?:IMMEDIATE\s+)?(?=format\b|\w+\s*\|\||'[^']*'\s*\|\||\(?\s*@\w+|concat\b)"
)


def read(side: Side) -> Iterable[Found]:
    """Of a file of SQL."""
    if not side.name.endswith((".sql", ".ddl", ".psql", ".pgsql", ".cql", ".hql")) or UNDOING.search(side.path):
        return ()
    text = DOWN.sub(lambda down: re.sub(r"[^\n]", " ", down[0]), side.text)
    return tuple(operations(text))


def operations(text: str, *, whole_only: bool = False) -> Iterator[Operation]:
    """Every operation of a text, each once; `whole_only`: rows that a condition names are left out."""
    seen: set[tuple[str, str, int]] = set()
    both = [_STANDARD, _ESCAPED] if "\\'" in text else [_STANDARD]
    for lexer in both:
        for one in _within(text, lexer, 1, 0):
            conditional = one.name in {"delete rows", "update rows"}
            if (one.name, one.text, one.line) not in seen and not (whole_only and conditional):
                seen.add((one.name, one.text, one.line))
                yield one


def _within(text: str, lexer: re.Pattern[str], line: int, depth: int) -> Iterator[Operation]:
    """Operations of the statements of a text, and of the texts that stand in it as strings and bodies."""
    inner: list[tuple[str, int]] = []

    def blank(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return "  " + " " * len(found["kept"]) + found["said"] + "  "
        at = line + text.count("\n", 0, found.start())
        content = found["body"] if found["body"] is not None else found["string"]
        if content is not None and (found["body"] is not None or _VERB.match(content)):
            inner.append((content, at))
        if found["string"] is not None:
            return "'" + re.sub(r"[^\n]", " ", found[0][1:-1]) + "'"
        return found[0] if found[0][0] in '"`' else re.sub(r"[^\n]", " ", found[0])

    clean = lexer.sub(blank, text)
    start = 0
    for piece in [*re.finditer(";", clean), None]:
        end = piece.start() if piece is not None else len(clean)
        yield from _of_statement(clean[start:end], text[start:end], line + text.count("\n", 0, start), clean)
        start = end + 1
    if depth < _DEPTH:
        for content, at in inner:
            yield from _within(content, lexer, at, depth + 1)


def _of_statement(clean: str, raw: str, line: int, whole: str) -> Iterator[Operation]:
    if not re.search(r"(?i)drop|truncate|delete|update|alter|over|replace|exec|password|unlink|chunks|merge", clean):
        return
    text = one_line(raw)

    def made(name: str, at: int, why: str) -> Operation:
        return Operation(name=name, text=text, line=line + clean.count("\n", 0, at), why=why)

    yield from _by_rule(clean, made)
    yield from _rows(clean, whole, made)
    for found in places(_RETYPE, clean):
        if not _WIDE.match(found["type"]):
            why = "what does not fit the new type is cut, rounded or refused"
            yield made("change type", found.start("type"), f"a column becomes `{one_line(found['type'])[:40]}`: {why}")
    for found in places(_DYNAMIC, clean):
        yield made("cannot be read", found.start(), "a statement is put together while it runs")


Made = Callable[[str, int, str], Operation]


def _by_rule(clean: str, made: Made) -> Iterator[Operation]:
    told: set[tuple[str, int]] = set()
    for name, pattern, why in RULES:
        for found in places(pattern, clean):
            kind = found.groupdict().get("kind")
            called = f"{name} {kind.lower()}" if kind else name
            if (called, found.start("on")) not in told and not TEMPORARY.search(found[0]):
                told.add((called, found.start("on")))
                yield made(called, found.start("on"), f"`{_plain(found['on'])}`: {why}")


def _rows(clean: str, whole: str, made: Made) -> Iterator[Operation]:
    """Rows that go, and values that are overwritten."""
    for found in places(_DELETE, clean):
        named = _plain(found["on"] or found["own"] or "rows")
        some = SOME.search(clean[found.start() :])
        rows, why = ("delete rows", "those rows are gone") if some else ("delete all rows", "all rows are gone")
        yield made(rows, found.start(), f"`{named}`: {why}")
    for found in places(_UPDATE, clean):
        if not _fresh(_plain(found["on"]), found["sets"], whole):
            name = "update rows" if SOME.search(found["sets"]) else "update all rows"
            yield made(name, found.start(), f"`{_plain(found['on'])}`: the old values are gone")


def _fresh(table: str, sets: str, whole: str) -> bool:
    """Whether an update fills only columns that the same text adds to the same table: nothing stood there."""
    columns = re.findall(r"(?:\A|,)\s*[\"`]?(\w+)[\"`]?\s*=", re.split(r"(?i)\b(?:WHERE|FROM)\b", sets)[0])
    new = {
        name.lower()
        for found in re.finditer(
            rf"(?i)\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?[\"`]?{re.escape(table)}[\"`]?\s+([^;]*)", whole
        )
        for name in re.findall(r"(?i)\bADD\s+(?:COLUMN\s+)?(?!IF\b|CONSTRAINT\b|COLUMN\b)[\"`]?(\w+)", found[1])
    }
    return bool(columns) and all(name.lower() in new for name in columns)


def _plain(name: str) -> str:
    plain = re.sub(r"[\"`\[\]]", "", name)[:60]
    return "…" if plain.upper() in {"IF", "EXISTS"} else plain  # the name is put in when it runs
