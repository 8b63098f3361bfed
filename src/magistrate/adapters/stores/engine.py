"""Opens the store: SQLite in WAL with full synchronisation, writers one after the other.

Rule kept: a transaction begins with BEGIN IMMEDIATE, since a deferred one that reads first and
then writes fails under concurrency; an older program refuses a newer store and says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from magistrate.errors import Unavailable

BUSY_MILLISECONDS: Final = 10_000
MIGRATIONS: Final = "magistrate.adapters.stores.migrations"


def open_engine(path: Path) -> Engine:
    """An engine for the store file, which is made with mode 0600 when it does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def raw(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below, for the log, in the same transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise Unavailable("MAG-E440", "the log of this version needs SQLite")
    return driver


def migrate(engine: Engine) -> None:
    """Bring the store to the newest version that this program knows, in one transaction.

    Raises:
        Unavailable: MAG-E441 when the store was written by a newer program, MAG-E440 when it is no store.
    """
    config = Config()
    config.set_main_option("script_location", str(resources.files(MIGRATIONS)))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head() or ""
    try:
        with engine.begin() as connection:
            current = schema_version(connection)
            _verify_known(current, script, head)
            if current != head:
                _upgrade(config, script, connection, head)
    except DatabaseError as error:
        raise Unavailable("MAG-E440", f"the store cannot be opened: {error.orig}") from error


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


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  whatever the driver hands over
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
