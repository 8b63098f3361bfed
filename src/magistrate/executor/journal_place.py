"""A place for the executor's journal on a PostgreSQL server: which URL and schema are acceptable, and how it is named.

Rule kept: the URL stands in a file that other processes read, so it holds no password: that is in a `passfile` of libpq, for the
executor's user only. Another host is reached with its certificate verified. Nothing of the environment leads elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.errors import Usage
from magistrate.executor.postgres_driver import driver

DEFAULT_SCHEMA: Final = "magistrate_executor"
CONNECT_SECONDS: Final = 5
SILENT_SECONDS: Final = 10
"""A connection over which nothing comes for so long is given up, by whichever side notices."""
_BEGINS: Final = ("postgresql://", "postgres://")
_KNOWN: Final = frozenset({"host", "port", "user", "dbname", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey"})
_NEAR: Final = ("localhost", "127.0.0.1", "::1")
_HOST: Final = re.compile(r"(?:/[^,\0]*|[A-Za-z0-9.:_-]+)\Z", re.ASCII)
_SCHEMA: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z", re.ASCII)
_TAKEN: Final = ("public", "information_schema")
_EXAMPLE: Final = 'write [journal] url = "postgresql://USER@HOST/DATABASE?passfile=FILE&sslmode=verify-full"'


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlace:
    """A database and the schema in it that is this executor's alone; one that is not acceptable cannot be made (Usage MAG-E406)."""

    url: str
    schema: str = DEFAULT_SCHEMA

    def __post_init__(self) -> None:
        if _SCHEMA.match(self.schema) is None or self.schema.startswith("pg_") or self.schema in _TAKEN:
            raise _wrong(
                f"`{self.schema[:63]}` is no schema for a journal",
                "name one of its own, in lower-case letters, digits and underscores",
            )
        if not self.url.startswith(_BEGINS):
            raise _wrong("the URL of the journal does not begin with `postgresql://`")

    def __str__(self) -> str:
        """Database, place and schema in words for people, without anything secret (raises as `words`)."""
        words = self.words()
        where = words["host"] or "the local socket"
        return f"postgresql, database {words['dbname']} at {where}, schema {self.schema}"

    def words(self) -> Mapping[str, str | int]:
        """Where to connect, in libpq's words, said in full.

        Raises:
            Usage: MAG-E406 when the URL is not acceptable; it is not repeated.
            Unavailable: MAG-E414 without the driver.
        """
        pg = driver()
        try:
            said: dict[str, str] = {name: str(value) for name, value in pg.conninfo.conninfo_to_dict(self.url).items()}
        except pg.Error:
            raise _wrong("the URL of the journal cannot be read") from None
        if "password" in said:
            raise _wrong(
                "the URL of the journal holds a password, and other processes read it",
                "write it into a file of libpq's form that only the executor's user reads: ?passfile=FILE",
            )
        unknown = sorted(set(said) - _KNOWN)
        if unknown:
            raise _wrong(f"the URL of the journal says `{', '.join(unknown)}`")
        if not said.get("dbname"):
            raise _wrong("the URL of the journal names no database")
        host = said.get("host", "")
        if host and _HOST.match(host) is None:
            raise _wrong("the URL of the journal names neither one host nor the folder of a socket")
        if host and not host.startswith("/") and host not in _NEAR and said.get("sslmode") != "verify-full":
            raise _wrong(f"the journal on another host, `{host}`, needs `sslmode=verify-full`")
        return {
            "host": "", "hostaddr": "", "port": "5432", "sslmode": "prefer", "gssencmode": "disable", **said,
            "connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": SILENT_SECONDS * 1000, "client_encoding": "utf8",
            "application_name": "magistrate executor", "target_session_attrs": "read-write",
        }  # fmt: skip


def _wrong(what: str, hint: str = _EXAMPLE) -> Usage:
    return Usage("MAG-E406", what, hint=hint)
