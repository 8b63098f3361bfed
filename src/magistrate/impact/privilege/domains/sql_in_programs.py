"""Statements about rights that stand in other files than SQL: Django, Rails, Knex, Liquibase, a here-document of a script.

Nobody can say in general what such a program executes, and on which database. So each statement is found as text, and
one that comes, goes or changes is unknown.

Rule kept: words of SQL decide, not names of folders or tools; what a page or the source of a test shows is an example.
A statement that a program puts together so that these words never stand beside each other is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from magistrate.impact.base import in_lower_case
from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.sql import READER as SQL
from magistrate.impact.privilege.domains.texts import Statements, whole
from magistrate.impact.privilege.model import Reader
from magistrate.impact.screening import leaps, may_match

DOMAIN: Final = "sql-text"
KEPT: Final = 4_096
_MARKS: Final = ("grant", "revoke", "role", "policy", "row level security", "definer", "owner", "privileges", "create user", "alter user", "pg_auth", "program", "alter system")  # fmt: skip
"""In small letters: one of them stands in every statement that is looked for."""
COARSE: Final = rx(
    r"(?i:\b(?:grant|revoke)\s+(?:all|select|insert|update|delete|truncate|references|trigger|usage|execute|connect|create|temp|maintain|set|grant))"
    r"|\b(?:GRANT|REVOKE)\s|\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP)\s|(?i:\b(?:create|alter)\s+(?:role|user)\s)"
    r"|(?i:\b(?:create|alter|drop)\s+policy\s)|(?i:\brow\s+level\s+security\b)|(?i:\bsecurity\s+definer\b)|(?i:\bdefault\s+privileges\b)"
    r"|(?i:\sowner\s+to\b)|(?i:\breassign\s+owned\b)|(?i:\balter\s+system\b)|(?i:\b(?:from|to)\s+program\b)|\bpg_auth"
)
"""Wider than `STATEMENT` and simple enough for one pass over a text."""
REACH: Final = 300
"""Signs between the first word of a statement and what `COARSE` finds of it: an `ALTER` with a name, before `OWNER TO`."""
_ENDS: Final = rx(r"[;`]|['\"]{1,3}\s{0,20}(?:[),\]}]|$|\n)")
_S: Final = r"\s{1,20}"
_PRIVILEGE: Final = (
    rf"(?:all(?:{_S}privileges)?|select|insert|update|delete|truncate|references|trigger|usage|execute|connect|create|temp(?:orary)?|maintain|set)"
    r"(?:\s{0,9}\([^()]{0,200}\))?"
)
_PRIVILEGES: Final = _PRIVILEGE + r"(?:\s{0,9},\s{0,9}" + _PRIVILEGE + r"){0,12}"
STATEMENT: Final = rx(
    rf"(?i:\b(?:grant|revoke){_S}(?:grant{_S}option{_S}for{_S})?{_PRIVILEGES}{_S}on\b)"
    rf"|(?i:\b(?:grant|revoke){_S}(?:grant{_S}option{_S}for{_S})?(?:select|insert|update|references)\s{{0,9}}\()"
    rf"|\b(?:GRANT|REVOKE){_S}[^\n;]{{1,120}}?\s(?:TO|FROM)\b"
    rf"|\b(?:CREATE|ALTER|DROP){_S}(?:ROLE|USER|GROUP)\s"
    rf"|(?i:\b(?:create|alter){_S}(?:role|user){_S}[^\n;]{{1,80}}?"
    rf"\b(?:superuser|login|createrole|createdb|bypassrls|replication|password|identified|in{_S}role)\b)"
    rf"|(?i:\b(?:create|alter|drop){_S}policy{_S}[^\n;]{{1,120}}?\son\b)"
    rf"|(?i:\b(?:enable|disable|(?:no{_S})?force){_S}row{_S}level{_S}security\b)"
    rf"|(?i:\bsecurity{_S}definer\b)|(?i:\balter{_S}default{_S}privileges\b)|(?i:\breassign{_S}owned\b)"
    rf"|(?i:\balter{_S}(?:materialized{_S}view|foreign{_S}table|large{_S}object|\w{{1,40}}){_S}[^\n;]{{1,120}}?\sowner{_S}to\b)"
    rf"|(?i:\balter{_S}system{_S}(?:set|reset)\b)|(?i:\b(?:from|to){_S}program\b)|\bpg_auth(?:id|_members)\b"
)


@lru_cache(maxsize=KEPT)
def statements_in(text: str) -> tuple[tuple[str, int], ...]:
    """Each statement about rights with its line: from its first word to a semicolon or the end of a quoted text."""
    if not any(mark in in_lower_case(text) for mark in _MARKS) or not may_match(COARSE, text):
        return ()
    return tuple(_found(text))


def _found(text: str) -> Iterator[tuple[str, int]]:
    end, line, counted = 0, 1, 0
    for one in statements(text):
        if one.start() < end:
            continue
        stop = _ENDS.search(text, one.end())
        end = stop.start() if stop is not None else len(text)
        line, counted = line + text.count("\n", counted, one.start()), one.start()
        yield whole(text[one.start() : end]), line


def statements(text: str) -> Iterator[re.Match[str]]:
    """What `STATEMENT.finditer(text)` gives: a match begins at most `REACH` signs before one of `COARSE`, and at a word."""
    leap = leaps(COARSE, text)
    at = 0
    while (place := leap(at)) is not None:
        at = max(at, place - REACH)
        found = next((one for start in range(at, place + 1) if (one := _statement(text, start)) is not None), None)
        if found is None:
            at = place + 1
        else:
            yield found
            at = found.end()


def _statement(text: str, start: int) -> re.Match[str] | None:
    before = text[start - 1 : start] if start else ""
    return None if before.isalnum() or before == "_" else STATEMENT.match(text, start)


READER: Final[Reader] = Statements(
    domain=DOMAIN, why="a program may execute a statement about rights", find=statements_in, elsewhere=SQL
)
