"""Opens the store: SQLite in WAL with full synchronisation, or PostgreSQL; writers one after the other.

Rule kept: a transaction begins with the right to write (BEGIN IMMEDIATE; the writer's lock), since
one that reads first and then writes fails under concurrency; an older program refuses a newer
store and says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from magistrate.adapters.stores.postgres import named, open_postgres, verify_server
from magistrate.adapters.stores.rows import PostgresRows, Rows
from magistrate.errors import Unavailable

BUSY_MILLISECONDS: Final = 10_000
MIGRATIONS: Final = "magistrate.adapters.stores.migrations"


def open_engine(where: Path | str) -> Engine:
    """An engine for the store: a file, made with mode 0600 when it does not exist, or a PostgreSQL URL.

    Raises:
        Usage: MAG-E444 when the URL is not acceptable. Unavailable: MAG-E445 when its driver is missing.
    """
    if isinstance(where, str):
        return open_postgres(where)
    if not where.exists():
        where.parent.mkdir(parents=True, exist_ok=True)
        where.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{where}", connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def engine_name(where: Path | str) -> str:
    """Which database the store is in, in words for people, without anything secret."""
    return named(where) if isinstance(where, str) else f"sqlite, {where}"


def raw(connection: Connection) -> Rows:
    """The driver's connection below, for the log, in the same transaction."""
    return _rows(connection.connection.driver_connection)


@contextmanager
def committed(engine: Engine) -> Iterator[Rows]:
    """A connection without an open transaction, for the log: each statement stands alone."""
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        if isinstance(driver, sqlite3.Connection):
            yield driver
            return
        driver.autocommit = True
        try:
            yield _rows(driver)
        finally:
            if not driver.closed:
                driver.autocommit = False
    finally:
        pooled.close()


def migrate(engine: Engine) -> None:
    """Bring the store to the newest version that this program knows, in one transaction.

    Raises:
        Unavailable: MAG-E441 when the store was written by a newer program, MAG-E440 when it is no store,
            MAG-E446 when its server does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(resources.files(MIGRATIONS)))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head() or ""
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                verify_server(connection)
            current = schema_version(connection)
            _verify_known(current, script, head)
            if current != head:
                _upgrade(config, script, connection, head)
    except DBAPIError as error:
        raise _unusable(engine, error) from error


def try_engine(where: Path | str) -> None:
    """Reach the store, change nothing (raises Unavailable: MAG-E440, MAG-E445, MAG-E446; Usage: MAG-E444)."""
    engine = open_engine(where)
    try:
        with engine.connect() as connection:
            schema_version(connection)
            if engine.dialect.name == "postgresql":
                verify_server(connection)
    except DBAPIError as error:
        raise _unusable(engine, error) from error
    finally:
        engine.dispose()


def reason(error: BaseException | None) -> str:
    """What the driver says, without the lines in which PostgreSQL quotes rows and functions."""
    return (str(error).strip().splitlines() or [""])[0]


def schema_version(connection: Connection) -> str:
    """The version of the store, empty for a new one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def _verify_known(current: str, script: ScriptDirectory, head: str) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    if current and current not in known:
        raise Unavailable(
            "MAG-E441",
            f"the store has the version `{current}`, this program knows up to `{head}`",
            hint="install the newer magistrate that wrote it; nothing was changed",
        )


def _upgrade(config: Config, script: ScriptDirectory, connection: Connection, head: str) -> None:
    config.attributes["connection"] = connection

    def steps(revision: Any, _context: MigrationContext) -> Sequence[Any]:  # noqa: ANN401  alembic's own types
        return script._upgrade_revs(head, revision)  # noqa: SLF001  the documented way in alembic.command

    with EnvironmentContext(config, script, fn=steps, destination_rev=head):
        script.run_env()


def _unusable(engine: Engine, error: DBAPIError) -> Unavailable:
    if engine.dialect.name == "postgresql" and isinstance(error, OperationalError):
        return Unavailable(
            "MAG-E446",
            f"the store's server does not answer as it should: {reason(error.orig)}",
            hint="start it, or mend `url` under [store] in magistrate.toml; `magistrate doctor` tries it",
        )
    return Unavailable("MAG-E440", f"the store cannot be opened: {reason(error.orig)}")


def _rows(driver: Any) -> Rows:  # noqa: ANN401  whatever the pool holds
    return driver if isinstance(driver, sqlite3.Connection) else PostgresRows(driver)


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  whatever the driver hands over
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
