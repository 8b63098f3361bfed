"""The stdio door with a real MCP client, a real process and a real HTTP server behind it."""

import asyncio
import json
import socket
import sys
import threading
import time

import pytest
import uvicorn
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SEEN: list[tuple[str, str, dict, str, str]] = []
TOOLS = {
    "list_findings", "get_finding", "read_file", "search_code", "affected_files", "check_draft",
    "submit_proposal", "proposal_status",
}  # fmt: skip


async def answer(request: Request) -> JSONResponse:
    tool = request.path_params["tool"]
    SEEN.append((
        tool, request.headers["authorization"], await request.json(), request.headers["magistrate-client"], request.method
    ))  # fmt: skip
    if tool == "proposal_status":
        return JSONResponse({"error": {"code": "MAG-E550", "message": "closed", "hint": ""}}, 403)
    if tool == "check_draft":
        return JSONResponse({"surprise": True})
    return JSONResponse({
        "path": "a.py", "commit": "0" * 40, "text": "x = 1\n", "redactions": 0, "truncated": False,
        "source_sha256": "sha256:" + "0" * 64, "receipt": "r", "untrusted": True,
    })  # fmt: skip


@pytest.fixture
def front():
    SEEN.clear()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = Starlette(routes=[Route("/api/v1/agent/{tool}", answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def converse(front_url, session_file, calls):
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "magistrate.entrypoints.mcp.server"],
        env={"MAGISTRATE_FRONT": front_url, "MAGISTRATE_SESSION_FILE": str(session_file)},
    )  # fmt: skip
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as client:
        await client.initialize()
        tools = (await client.list_tools()).tools
        return tools, [await client.call_tool(name, arguments) for name, arguments in calls]


@pytest.mark.slow
@pytest.mark.requirement("R1")
def test_a_real_client_reads_drafts_and_can_do_nothing_else(front, tmp_path):
    session = tmp_path / "session"
    session.write_text("plainly-fake-session\n")
    session.chmod(0o600)
    tools, results = asyncio.run(
        converse(
            front,
            session,
            [
                ("read_file", {"path": "a.py"}),
                ("read_file", {"path": "a.py", "ref": "main"}),
                ("approve", {}),
                ("proposal_status", {"id": "sha256:" + "0" * 64}),
                ("check_draft", {"patch": "x"}),
            ],
        )
    )
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.input_schema["additionalProperties"] is False for tool in tools)
    texts = [json.loads(result.content[0].text) for result in results]
    assert texts[0]["text"] == "x = 1\n"
    assert [t.get("error", {}).get("code") for t in texts] == [None, "MAG-E552", "MAG-E552", "MAG-E550", "MAG-E553"]
    assert [seen[0] for seen in SEEN] == ["read_file", "proposal_status", "check_draft"]
    assert {seen[1] for seen in SEEN} == {"Bearer plainly-fake-session"}
    assert len({seen[3] for seen in SEEN}) == 1
    assert len(SEEN[0][3]) == 64


def test_a_session_file_that_others_can_read_is_refused(tmp_path):
    from magistrate.entrypoints.mcp.server import session_token
    from magistrate.errors import Usage

    session = tmp_path / "session"
    session.write_text("plainly-fake-session\n")
    session.chmod(0o644)
    with pytest.raises(Usage) as caught:
        session_token(session)
    assert caught.value.code == "MAG-E554"
