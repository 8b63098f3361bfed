"""One PostgreSQL database in which roles are minted: where it is, who issues there, and how one talks to it.

Rule kept: no password stands in the settings or in an address; another host is reached with its certificate verified, and
nothing of the environment leads elsewhere. A session ends by itself, also where the server is silent in the middle of it.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from magistrate.errors import MagistrateError, Refused, Unavailable, Usage
from magistrate.executor.postgres_driver import driver, said

if TYPE_CHECKING:
    from psycopg import Connection

    Link = Connection[tuple[Any, ...]]

SESSION_SECONDS: Final = 10.0
LENT_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 3
_STATEMENT_MS: Final = 3000
_LENT_STATEMENT_MS: Final = 10_000
_MOST_BYTES: Final = 63
_MOST_SECONDS: Final = 900
_HIGHEST_PORT: Final = 65535
_NEAR: Final = ("localhost", "127.0.0.1", "::1")
_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_HOST: Final = re.compile(r"(?:/[^,\0]*|[A-Za-z0-9.:_-]+)\Z", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z", re.ASCII)
_TAKEN: Final = ("none", "public", "current_user", "current_role", "session_user")
_NO: Final = ("42501", "42710")  # a right is missing; there is one of this name already


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresPlace:
    """Settings of one database. A place that is not acceptable cannot be made (Usage MAG-E412).

    `system` is the name by which effects and leases mean it. `host` is a name, an address or the folder of a unix socket;
    `issuer` logs in by a `passfile` in libpq's form or as its system's user; `group` is the one role whose rights a lease
    has. A statement of a lease ends after `statement_seconds`, an idle session after `idle_seconds`; its holder can change
    both, which is why they guard against accidents only.
    """

    system: str
    host: str
    database: str
    issuer: str
    group: str
    port: int = 5432
    sslmode: str = "verify-full"
    sslrootcert: Path | None = None
    passfile: Path | None = None
    statement_seconds: int = 15
    idle_seconds: int = 15

    def __post_init__(self) -> None:
        for what in ("database", "issuer", "group"):
            name = getattr(self, what)
            if not 0 < len(name.encode()) <= _MOST_BYTES or not name.isprintable():
                raise _wrong(f"`{what}` is no name of PostgreSQL's")
        if self.group in _TAKEN or self.group.startswith(("pg_", "lease_")) or self.group == self.issuer:
            raise _wrong(f"`group` is `{self.group}`: a role of its own is needed, for this purpose alone")
        if _NAME.match(self.system) is None:
            raise _wrong("`system` holds lower-case letters, digits, dots and dashes only")
        if _HOST.match(self.host) is None:
            raise _wrong("`host` is neither one host nor the folder of a socket")
        if self.sslmode not in _MODES:
            raise _wrong(f"`sslmode` is none of {', '.join(_MODES)}")
        if not self.host.startswith("/") and self.host not in _NEAR and self.sslmode != "verify-full":
            raise _wrong(f"`{self.host}` is another host: it needs `sslmode` verify-full")
        if not 0 < self.port <= _HIGHEST_PORT:
            raise _wrong(f"`port` must be 1 to {_HIGHEST_PORT}")
        if not (0 < self.statement_seconds <= _MOST_SECONDS and 0 < self.idle_seconds <= _MOST_SECONDS):
            raise _wrong(f"`statement_seconds` and `idle_seconds` must be 1 to {_MOST_SECONDS}")

    def address(self, user: str) -> str:
        """Where `user` logs in, in libpq's words and without a password."""
        return str(driver().conninfo.make_conninfo(**self._words(user)))

    @contextmanager
    def session(self) -> Iterator[Link]:
        """A session of the issuing role, each statement by itself; closed at the end, after SESSION_SECONDS at most.

        Raises:
            Unavailable: MAG-E413 when the server is not there, is silent, or says no to something else than a right.
            Refused: MAG-E410 when it says that a right is missing, or that there is such a role already.
            Unavailable: MAG-E414 without the driver.
        """
        own = {"passfile": str(self.passfile)} if self.passfile is not None else {}
        with self._connected({**self._words(self.issuer), **own}, SESSION_SECONDS, _STATEMENT_MS) as link:
            if link.info.server_version >= 160000:  # noqa: PLR2004  before, there is no such setting
                link.execute("set createrole_self_grant = ''")
            yield link

    @contextmanager
    def lent(self, user: str, password: str) -> Iterator[Link]:
        """A session of a role of a lease, as `session` otherwise; closed after LENT_SECONDS at most.

        Raises:
            Refused, Unavailable: as `session`, and never with the password.
        """
        with self._connected({**self._words(user), "password": password}, LENT_SECONDS, _LENT_STATEMENT_MS) as link:
            yield link

    @contextmanager
    def _connected(self, words: dict[str, Any], seconds: float, statement_ms: int) -> Iterator[Link]:
        pg = driver()
        options = (
            f"-c statement_timeout={statement_ms} -c lock_timeout={_STATEMENT_MS}"
            f" -c idle_in_transaction_session_timeout={statement_ms} -c search_path=pg_catalog -c timezone=UTC"
        )
        try:
            with pg.connect(**{**words, "options": options}, autocommit=True) as link, _ended(link, seconds):
                yield link
        except (pg.Error, UnicodeError) as error:
            raise self.told(error, words.get("password", "")) from error

    def told(self, error: Exception, secret: str = "") -> MagistrateError:
        """What the server said, as an error of this program: bounded, and without the secret."""
        text = f"PostgreSQL at `{self.host}` for `{self.system}`: {said(error, secret)}"
        if getattr(error, "sqlstate", None) in _NO:
            return Refused("MAG-E410", text, hint="docs/credentials-postgres.md has what the issuing role needs")
        return Unavailable("MAG-E413", text)

    def _words(self, user: str) -> dict[str, Any]:
        """Said in full, so that no PGHOSTADDR or PGSSLMODE of the environment is taken instead."""
        root = {"sslrootcert": str(self.sslrootcert)} if self.sslrootcert is not None else {}
        return {
            "host": self.host, "hostaddr": "", "port": self.port, "dbname": self.database, "user": user,
            "sslmode": self.sslmode, "gssencmode": "disable", "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": _STATEMENT_MS, "client_encoding": "utf8", "application_name": "magistrate",
            "target_session_attrs": "read-write", "options": "", **root,
        }  # fmt: skip


@contextmanager
def _ended(link: Link, seconds: float) -> Iterator[None]:
    """Break the connection where the session takes too long: a server that stopped says nothing by itself."""
    line = socket.socket(fileno=os.dup(link.fileno()))
    timer = threading.Timer(seconds, line.shutdown, (socket.SHUT_RDWR,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        line.close()


def _wrong(what: str) -> Usage:
    return Usage("MAG-E412", f"settings of a PostgreSQL database: {what}", hint="see docs/credentials-postgres.md")
