"""`magistrate mcp`: the assistants' door over stdio. Each tool is one HTTP call to front.

Rule kept (invariant 1): this program holds one session token and nothing else; it can read and
draft. Arguments are validated here as strictly as in front; unknown ones are refused. Protocol:
Model Context Protocol by the official SDK.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Final

import httpx
import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from magistrate.errors import MagistrateError, Unavailable, Usage
from magistrate.wire.agent_api import TOOLS, argument_schema

TIMEOUT_SECONDS: Final = 120.0
MAX_TOKEN: Final = 4096
MAX_REPLY: Final = 8_000_000


class Front:
    """The HTTP side: one token, one client secret per process."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}", "Magistrate-Client": secrets.token_hex(32)},
            timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False,
        )  # fmt: skip

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        """Validate, ask front, validate its answer; returns (refused?, JSON text).

        Raises:
            Usage: MAG-E552 for an unknown tool or wrong arguments.
            Unavailable: MAG-E551 front not reachable, MAG-E553 its answer has another shape.
        """
        if tool not in TOOLS:
            raise Usage("MAG-E552", f"there is no tool `{tool[:40]!a}`")
        takes, answers = TOOLS[tool]
        try:
            asked = msgspec.json.encode(msgspec.convert(arguments, takes))
        except msgspec.ValidationError as error:
            raise Usage("MAG-E552", f"arguments of `{tool}`: {error}") from error
        try:
            reply = await self._client.post(
                f"{self._url}/api/v1/agent/{tool}", content=asked, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            raise Unavailable("MAG-E551", f"front did not answer: {type(error).__name__}") from error
        if len(reply.content) > MAX_REPLY:
            raise Unavailable("MAG-E553", f"front answered `{tool}` with {len(reply.content)} bytes")
        if reply.status_code != httpx.codes.OK:
            return True, _refusal(reply)
        try:
            msgspec.json.decode(reply.content, type=answers)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable("MAG-E553", f"front answered `{tool}` in another shape: {error}") from error
        return False, reply.text

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _refusal(reply: httpx.Response) -> str:
    try:
        told = msgspec.json.decode(reply.content, type=dict[str, dict[str, str]])["error"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        raise Unavailable("MAG-E553", f"front answered with HTTP {reply.status_code}") from None
    return json.dumps({"error": told})


def session_token(path: Path) -> str:
    """Read the token from a file that only its owner can read.

    Raises:
        Usage: MAG-E554 for a missing, open or odd file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Usage("MAG-E554", f"the session file cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_mode & 0o077 or about.st_uid != os.geteuid():
            raise Usage("MAG-E554", "the session file is not yours alone", hint="chmod 600 the file")
        raw = file.read(MAX_TOKEN + 1).strip()
    if not raw or len(raw) > MAX_TOKEN or not raw.isascii() or not raw.decode().isprintable() or b" " in raw:
        raise Usage("MAG-E554", "the session file holds no token")
    return raw.decode()


def make_server(front: Front) -> Server[Any]:
    """The MCP server with exactly the tools of `wire.agent_api.TOOLS`."""

    async def list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        tools = [
            types.Tool(name=name, description=inspect.cleandoc(takes.__doc__ or ""), input_schema=argument_schema(name))
            for name, (takes, _) in TOOLS.items()
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        try:
            refused, text = await front.call(params.name, dict(params.arguments or {}))
        except MagistrateError as error:
            refused = True
            text = json.dumps({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=refused)

    return Server("magistrate", on_list_tools=list_tools, on_call_tool=call_tool)


async def serve() -> None:
    """Serve on stdin and stdout until the client leaves; settings from the environment only.

    Raises:
        Usage: MAG-E554 when MAGISTRATE_FRONT or MAGISTRATE_SESSION_FILE is missing or wrong.
    """
    url, file = os.environ.get("MAGISTRATE_FRONT", ""), os.environ.get("MAGISTRATE_SESSION_FILE", "")
    if not url.startswith(("http://", "https://")) or not file:
        raise Usage("MAG-E554", "MAGISTRATE_FRONT and MAGISTRATE_SESSION_FILE say where front and the session are")
    front = Front(url, session_token(Path(file)))
    server = make_server(front)
    try:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    finally:
        await front.close()


def main() -> None:
    """Run the stdio server."""
    asyncio.run(serve())


if __name__ == "__main__":
    main()
