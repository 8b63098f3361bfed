"""The databases under the store, opened by somebody who goes around it."""

# ruff: noqa: S608  the names of tables come from the tests

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def opened(where: Path | str):
    """A connection in which each statement stands alone; the one word that differs is the error's class."""
    link: Any
    if isinstance(where, Path):
        link = sqlite3.connect(where, isolation_level=None, timeout=10)
    else:
        import psycopg

        link = psycopg.connect(where, autocommit=True)
    try:
        yield link
    finally:
        link.close()


def columns(link, table: str) -> list[str]:
    return [column[0] for column in link.execute(f"SELECT * FROM {table} LIMIT 0").description]


def overwriting(where: Path | str, table: str, names: list[str]) -> str:
    """A statement that puts every row over itself without naming UPDATE or DELETE."""
    if isinstance(where, Path):
        return f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    same = f'"{names[0]}" = EXCLUDED."{names[0]}"'
    return f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET {same}"


def breaks_inserts(where: Path | str, table: str, said: str) -> list[str]:
    """Statements after which the database can write no row of a table any more."""
    if isinstance(where, Path):
        return [f"CREATE TRIGGER breaks BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, '{said}'); END"]
    body = f"BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = 'disk_full'; END"
    return [
        f"CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER breaks BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION breaks()",
    ]


def mends_inserts(where: Path | str, table: str) -> str:
    return "DROP TRIGGER breaks" if isinstance(where, Path) else f"DROP TRIGGER breaks ON {table}"


def without_triggers(where: Path | str, table: str) -> list[str]:
    """Statements of the database's owner that take the protection of a table away."""
    if isinstance(where, Path):
        with opened(where) as link:
            named = link.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,))
            return [f"DROP TRIGGER {name}" for (name,) in named.fetchall()]
    return [f"ALTER TABLE {table} DISABLE TRIGGER USER"]
