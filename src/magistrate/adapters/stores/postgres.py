"""PostgreSQL as the store: which URL is acceptable, and how the server is held to it.

Rule kept: the URL stands in a file that every process reads, so it holds no password: that is
in a `passfile` of libpq, for control's user only. Another host is reached with its certificate
verified. One writer at a time, as with SQLite: a transaction begins with the writer's lock.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from magistrate.adapters.stores.append_only import WRITER_LOCK
from magistrate.errors import Unavailable, Usage

PATIENCE_SECONDS: Final = 10
_SCHEMES: Final = ("postgresql", "postgres")
_KNOWN: Final = frozenset(
    {"host", "port", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)
_NEAR: Final = ("localhost", "127.0.0.1", "::1")
_EXAMPLE: Final = 'write [store] url = "postgresql://USER@HOST/DATABASE?passfile=FILE&sslmode=verify-full"'


def open_postgres(text: str) -> Engine:
    """An engine for a database of a PostgreSQL server; nothing is connected yet.

    Raises:
        Usage: MAG-E444 when the URL is not acceptable; it is not repeated.
        Unavailable: MAG-E445 when psycopg is not installed.
    """
    url = _acceptable(text)
    _verify_driver()
    options = f"-c lock_timeout={PATIENCE_SECONDS * 1000} -c synchronous_commit=on"
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",  # after the lock each statement sees what the writer before has written
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": PATIENCE_SECONDS, "options": options, "client_encoding": "utf8"}
        | dict(url.query),
    )
    event.listen(engine, "begin", _take_turn)
    return engine


def named(text: str) -> str:
    """Database and place in words for people, without anything secret.

    Raises:
        Usage: MAG-E444 when the URL is not acceptable.
    """
    url = _acceptable(text)
    return f"postgresql, database {url.database} at {_host(url) or 'the local socket'}"


def verify_server(connection: Connection) -> None:
    """Refuse a server that could lose what it confirmed, or could not keep every text.

    Raises:
        Unavailable: MAG-E440.
    """
    for name, wanted in (("fsync", "on"), ("server_encoding", "UTF8")):
        found = str(connection.exec_driver_sql(f"SHOW {name}").scalar())
        if found != wanted:
            raise Unavailable("MAG-E440", f"the PostgreSQL server has {name} `{found}`; the store needs `{wanted}`")


def _acceptable(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise Usage("MAG-E444", "the URL of the store cannot be read", hint=_EXAMPLE) from None
    if url.drivername not in _SCHEMES:
        raise Usage("MAG-E444", "the URL of the store does not begin with `postgresql://`", hint=_EXAMPLE)
    if url.password is not None:
        raise Usage(
            "MAG-E444",
            "the URL of the store holds a password, and every process reads it",
            hint="write it into a file of libpq's form that only control's user reads: ?passfile=FILE",
        )
    unknown = sorted(set(url.query) - _KNOWN)
    if unknown or not all(isinstance(value, str) for value in url.query.values()):
        raise Usage("MAG-E444", f"the URL of the store says `{', '.join(unknown) or 'a word twice'}`", hint=_EXAMPLE)
    if not url.database:
        raise Usage("MAG-E444", "the URL of the store names no database", hint=_EXAMPLE)
    host = _host(url)
    if host and not host.startswith("/") and host not in _NEAR and url.query.get("sslmode") != "verify-full":
        raise Usage("MAG-E444", f"the store on another host, `{host}`, needs `sslmode=verify-full`", hint=_EXAMPLE)
    return url


def _host(url: URL) -> str:
    return str(url.query.get("host") or url.host or "")


def _verify_driver() -> None:
    try:
        import psycopg  # noqa: F401, PLC0415  optional: needed only here
    except ImportError as error:
        raise Unavailable(
            "MAG-E445", "PostgreSQL needs the package `psycopg`", hint='uv pip install "magistrate[postgresql]"'
        ) from error


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
