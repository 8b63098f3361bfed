"""Where the executor's journal of a home is, tried and searched from outside.

A part of the executor's root of its own, so that `magistrate doctor`, `config check` and `leases --scan` need no executor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from magistrate.errors import Refused, Unavailable
from magistrate.executor.journal_place import DEFAULT_SCHEMA, JournalPlace
from magistrate.executor.journal_postgres import connect, verify_server
from magistrate.executor.postgres_driver import driver, said
from magistrate.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection

    Link = Connection[tuple[Any, ...]]

_NOTE: Final = "journal.place"
_TABLES: Final = "select tablename from pg_tables where schemaname = %s order by 1"


def journal_of(settings: Settings) -> Path | JournalPlace:
    """The file in the home, or the place that the settings name (raises Usage MAG-E406)."""
    if not settings.journal_url:
        return settings.home / "executor" / "journal.db"
    return JournalPlace(url=settings.journal_url, schema=settings.journal_schema or DEFAULT_SCHEMA)


def journal_name(settings: Settings) -> str:
    """Which database the journal is in, in words for people, without anything secret.

    Raises:
        Usage: MAG-E406 when the place is not acceptable. Unavailable: MAG-E414 without the driver.
    """
    where = journal_of(settings)
    return f"sqlite, {where}" if isinstance(where, Path) else str(where)


def try_journal(place: JournalPlace) -> None:
    """Reach it as the executor would, hold and change nothing.

    Raises:
        Usage, Unavailable: as the journal itself, when it is not acceptable or not to be had.
    """
    with _looking(place) as link:
        verify_server(link)


def read_tables(place: JournalPlace, each: Callable[[str, list[tuple[Any, ...]]], None]) -> None:
    """Hand over every table of the journal by its name; nothing where none was made yet (raises Usage, Unavailable)."""
    with _looking(place) as link:
        for (table,) in link.execute(_TABLES, (place.schema,)).fetchall():
            each(table, link.execute(f'select * from "{table}"'.encode()).fetchall())  # noqa: S608  the server's own names


def read_rows(place: JournalPlace, query: str) -> list[tuple[Any, ...]]:
    """What a query of this program finds in the journal; nothing where none was made yet (raises Usage, Unavailable)."""
    with _looking(place) as link:
        made = link.execute(_TABLES, (place.schema,)).fetchone() is not None
        return link.execute(query.encode()).fetchall() if made else []


def verify_same_journal(home: Path, where: Path | JournalPlace) -> None:
    """Check that this home's executor kept its journal nowhere else before, by what `note_journal` wrote.

    Rule kept (R56): a journal that is begun anew knows no warrant that was used, no halted ref and no drill.

    Raises:
        Refused: MAG-E407 when it was somewhere else.
    """
    note, file = home / "executor" / _NOTE, home / "executor" / "journal.db"
    before = note.read_text("utf-8").strip() if note.exists() else ""
    now = "" if isinstance(where, Path) else str(where)
    if file.exists() and now:
        before = f"sqlite, {file}"
    if before and before != now:
        raise Refused(
            "MAG-E407", f"this executor's journal was in {before}, magistrate.toml names {now or f'sqlite, {file}'}",
            hint=f"nothing moves a journal: name that one again, or begin anew on purpose by moving `{note if note.exists() else file}` away",
        )  # fmt: skip


def note_journal(home: Path, where: Path | JournalPlace) -> None:
    """Write down, in the executor's own folder, where its journal is, once it was opened there."""
    if not isinstance(where, Path):
        (home / "executor").mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "executor" / _NOTE).write_text(f"{where}\n", "utf-8")


@contextmanager
def _looking(place: JournalPlace) -> Iterator[Link]:
    try:
        with connect(place) as link:
            link.execute("set default_transaction_read_only = on")
            yield link
    except driver().Error as error:
        raise Unavailable(
            "MAG-E384", f"the executor's journal cannot be used: {said(error)}",
            hint="start its server, or mend [journal] in magistrate.toml",
        ) from error  # fmt: skip
