"""The driver of PostgreSQL, an extra, and what a server says in words that may be told."""

from __future__ import annotations

from typing import Any, Final

from magistrate.errors import Unavailable

_SAID: Final = 300


def driver() -> Any:  # noqa: ANN401  a module, and an optional one
    """psycopg, which is an extra (raises Unavailable MAG-E414 where it is not installed)."""
    try:
        import psycopg  # noqa: PLC0415  optional: needed only here
        import psycopg.conninfo  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable(
            "MAG-E414",
            "the executor's part in PostgreSQL needs the package `psycopg`",
            hint='uv pip install "magistrate[postgresql]"',
        ) from error
    return psycopg


def said(error: Exception, secret: str = "") -> str:
    """Words of the server or driver: one line, bounded, printable, and without the secret, whole or cut."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)  # without the statement, which it repeats
    text = primary or str(error)
    text = text.replace(secret, "[password]") if secret else text
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))[:_SAID]
