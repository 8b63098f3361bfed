"""The agent's side of front, for built-in drafters: one session token, reading and drafting only."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from magistrate.entrypoints.cli.client import said
from magistrate.errors import Refused, Unavailable

_SECONDS = 120.0


class AgentSide:
    """Calls the tools of front under one session."""

    def __init__(self, front_url: str, token: str) -> None:
        self._url = front_url
        headers = {"Authorization": f"Bearer {token}", "Magistrate-Client": secrets.token_hex(32)}
        self._http = httpx.Client(base_url=front_url, timeout=_SECONDS, trust_env=False, headers=headers)

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call one tool.

        Raises:
            Refused, Usage, NotFound, Unavailable: as front said; MAG-E602 when it does not answer.
        """
        try:
            answer = self._http.post(f"/api/v1/agent/{tool}", json=arguments)
        except httpx.HTTPError as error:
            raise Unavailable(
                "MAG-E602", f"front at {self._url} does not answer", hint="magistrate up --detach"
            ) from error
        if answer.status_code >= 400:  # noqa: PLR2004  HTTP
            raise said(answer)
        found: dict[str, Any] = answer.json()
        return found

    def read(self, path: str) -> str:
        """Redacted text of a whole file (raises NotFound MAG-E532, Refused MAG-E610 when it is cut)."""
        answer = self.call("read_file", path=path)
        if answer["truncated"]:
            raise Refused("MAG-E610", f"`{path}` is too large to be drafted from one reading")
        return str(answer["text"])
