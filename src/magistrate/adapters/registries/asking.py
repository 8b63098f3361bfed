"""One registry at an address: JSON by HTTPS, of bounded size and time, from that host only.

Rule kept: nothing that a registry says is believed to be fine by itself; it only adds reasons. No name goes into a
path unquoted, no redirect is followed, and no credential is sent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from magistrate.errors import Unavailable

SECONDS: Final = 20.0
"""For a connection, and between two parts of an answer."""
WHOLE_SECONDS: Final = 60.0
"""For one whole answer, however slowly its parts come."""
MAX_ANSWER: Final = 64 << 20
"""Bytes of one answer; the document of a package with thousands of versions has some ten million."""
AGENT: Final = "magistrate (release facts)"


class Asking:
    """Asks one registry; may be used by several threads."""

    def __init__(self, address: str) -> None:
        """`address` is where the registry is, `https://` and the host, with a path where it has one."""
        self._address = address.rstrip("/")
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(timeout=SECONDS, headers={"user-agent": AGENT}, limits=limits)

    def json(self, path: str, *names: str, accept: str = "application/json") -> Any | None:  # noqa: ANN401  JSON
        """The document at a path, whose `{}` are filled with quoted names; None where there is none.

        Raises:
            Unavailable: MAG-E258 with the address, when there is no answer or it is no JSON.
        """
        until = time.monotonic() + WHOLE_SECONDS
        where = self._address + path.format(*(quote(name, safe="@!") for name in names))
        try:
            with self._http.stream("GET", where, headers={"accept": accept}) as answer:
                if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable("MAG-E258", f"`{where}` answered {answer.status_code}")
                content = bytearray()
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MAX_ANSWER:
                        raise Unavailable("MAG-E258", f"`{where}` answered more than {MAX_ANSWER} bytes")
                    if time.monotonic() > until:
                        raise Unavailable("MAG-E258", f"`{where}` did not end its answer in {WHOLE_SECONDS:.0f} s")
            return json.loads(content)
        except httpx.HTTPError as error:
            raise Unavailable("MAG-E258", f"`{where}` gave no answer: {str(error) or type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise Unavailable("MAG-E258", f"`{where}` answered something that is no JSON") from error


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; empty for anything else, so that what is missing is unsaid."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[Mapping[str, Any]]:
    """The objects of a JSON array."""
    return [mapping(one) for one in value] if isinstance(value, list) else []


def text(value: object) -> str:
    """A JSON string; empty for anything else."""
    return value if isinstance(value, str) else ""
