"""Rows of record are only added: the triggers that make the database itself refuse all else.

Rule kept: a refusal is written once, as `NAME BEFORE VERB ON TABLE [WHEN CONDITION]`, and holds on
both engines. SQLite has no TRUNCATE; PostgreSQL has, and a table that refuses DELETE refuses it
too. There the triggers also fire for a session that replays replication (`ENABLE ALWAYS`), look
tables up in their own schema only, and let one writer at a time add a row.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Final

from magistrate.adapters.stores.rows import Rows

MESSAGE: Final = "rows of record are only added"
WRITER_LOCK: Final = 0x6D61676973747261
"""Advisory lock of PostgreSQL, per database: who holds it writes (the letters `magistra`)."""

_HEAD: Final = re.compile(r"(\w+) BEFORE (UPDATE|DELETE|INSERT) ON (\w+)(?:\s+WHEN\s(.+))?\Z", re.DOTALL)
_RAISE: Final = f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';"


def refuse(rows: Rows, refusals: Sequence[str]) -> None:
    """Create the triggers, in the caller's transaction."""
    if isinstance(rows, sqlite3.Connection):
        for refusal in refusals:
            rows.execute(f"CREATE TRIGGER {refusal} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END")
        return
    schema = rows.execute("SELECT quote_ident(current_schema())").fetchone()[0]
    rows.execute(_function("record_refuses", _RAISE, schema).replace("CREATE", "CREATE OR REPLACE", 1))
    for refusal in refusals:
        for statement in _postgres(refusal, schema):
            rows.execute(statement)


def _postgres(refusal: str, schema: str) -> list[str]:
    found = _HEAD.match(refusal)
    if found is None:
        raise ValueError(refusal)
    name, verb, table, when = found.groups()
    if when is not None:
        body = f"PERFORM pg_advisory_xact_lock({WRITER_LOCK}); IF {when} THEN {_RAISE} END IF; RETURN NEW;"
        return [_function(name, body, schema), *_trigger(name, verb, table, "ROW", name)]
    made = _trigger(name, verb, table, "STATEMENT", "record_refuses")
    if verb == "DELETE":
        made += _trigger(f"{table}_no_truncate", "TRUNCATE", table, "STATEMENT", "record_refuses")
    return made


def _function(name: str, body: str, schema: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path = {schema}, pg_temp AS $$ BEGIN {body} END $$"
    )


def _trigger(name: str, verb: str, table: str, each: str, function: str) -> list[str]:
    return [
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]
