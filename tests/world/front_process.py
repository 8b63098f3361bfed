"""Front as a real process beside control and the witness, and an assistant that speaks to it."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
from world.control_process import HOME, Running
from world.deployment import Deployment
from world.warm_server import Program

FRONT = Program(HOME + "from magistrate.entrypoints.front.server import main", "main(Path(sys.argv[1]))")


def start_front(deployment: Deployment) -> Running:
    """Front of a home; ready when it answers."""
    url = f"{deployment.settings.front_url}/health"
    return Running("front", deployment.home, FRONT, [str(deployment.home)], lambda: _alive(url))


class Assistant:
    """The side that holds a session token: every answer as it came."""

    def __init__(self, deployment: Deployment, session: str, token: str) -> None:
        self.session, self._url = session, deployment.settings.front_url
        self._headers = {"Authorization": f"Bearer {token}", "Magistrate-Client": secrets.token_hex(32)}

    def call(self, tool: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer; a broken connection is status 0."""
        try:
            answer = httpx.post(
                f"{self._url}/api/v1/agent/{tool}", json=arguments, headers=self._headers, timeout=30, trust_env=False
            )
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json()

    def good(self, tool: str, **arguments: Any) -> dict[str, Any]:
        status, answer = self.call(tool, **arguments)
        assert status == 200, (tool, status, answer)
        return answer


def _alive(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
