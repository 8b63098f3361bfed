"""A town for crashes whose executor keeps its journal on a real PostgreSQL, which it reaches through a wire only."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from world.crash_links import FileWire
from world.crash_town import CrashTown
from world.postgres import USER, PostgresServer

from magistrate.executor.journal_place import JournalPlace

_SOCKET = ".s.PGSQL.5432"


class JournalTown(CrashTown):
    """As `CrashTown`; each case has a schema of its own."""

    def __init__(self, folder: Path) -> None:
        self.server = PostgresServer()
        self._database = self.server.database()
        self._sockets = Path(tempfile.mkdtemp(prefix="mag-jw-"))
        self._schemas = (f"case_{number}" for number in itertools.count())
        self._schema = ""
        super().__init__(folder)
        self._settings = (self.home / "magistrate.toml").read_text()
        self.journal_wire = FileWire(self._sockets / _SOCKET, self.server.folder / _SOCKET)

    def enter(self, **case: Any) -> None:
        """A fresh case: the server runs, nothing is in the way, and there is no journal."""
        self.journal_wire.heal()
        self.server.start_again()
        self._schema = next(self._schemas)
        url = self._database.replace(quote(str(self.server.folder), safe=""), quote(str(self._sockets), safe=""))
        said = f'{self._settings}[journal]\nurl = "{url}"\nschema = "{self._schema}"\n'
        (self.home / "magistrate.toml").write_text(said)
        super().enter(**case)

    def journal_place(self) -> JournalPlace:
        """The journal, past the wire."""
        return JournalPlace(url=self._database, schema=self._schema)

    def rows(self, sql: str, folder: str = "executor") -> list[tuple[Any, ...]]:
        """Read the journal from outside; nothing while it is not there or cannot be read."""
        import psycopg

        del folder
        with contextlib.suppress(psycopg.Error):
            name = self._database.rpartition("/")[2].partition("?")[0]
            options = f"-c search_path={self._schema}"
            with psycopg.connect(host=str(self.server.folder), user=USER, dbname=name, options=options) as link:
                return link.execute(sql.encode()).fetchall()
        return []

    def stop_server(self) -> None:
        """Every process of the server stands still; whoever waits for it hears nothing."""
        self._signal(signal.SIGSTOP)

    def go_on_server(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        super().close()
        self.journal_wire.close()
        self.go_on_server()
        self.server.remove()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _signal(self, number: int) -> None:
        first = self.server.pid
        with contextlib.suppress(FileNotFoundError):
            there = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            for pid in (first, *map(int, there)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
