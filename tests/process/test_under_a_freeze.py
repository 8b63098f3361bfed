"""Under a freeze: agents go on reading and drafting by MCP, nothing executes, and who slept through its coming refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from soak.crash_cells import DONE, Point
from soak.crash_matrix import verify_dead
from world.crash_town import SECONDS, CrashTown, crash_town
from world.running import Town, running, unified

from magistrate.domain.events import Event
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope

pytestmark = pytest.mark.slow
HELD = Point(step=Event.LEASE_HELD, status=DONE)
STARTED = Point(step=Event.EFFECT_STARTED, status="intent")


def freeze(town: CrashTown) -> Envelope:
    scope = Scope(repository="shop", environment=None, agent=None, change_class=None)
    body = Freeze(person="anna", scope=scope, reason="incident", epoch=1)
    return town.town.case.town.by_person("anna", body, "frz")


def dropped(town: CrashTown) -> Path:
    """The freeze as a file in the drop, whole at once."""
    folder = town.home / "freeze"
    folder.mkdir(exist_ok=True)
    scratch = town.home / "freeze.new"
    scratch.write_bytes(freeze(town).encode())
    return scratch.rename(folder / "now.json")


def told(town: CrashTown) -> None:
    """The freeze at the gate's own door."""
    url = f"http://127.0.0.1:{town.inner_port}/gate/v1/stops"
    answer = httpx.post(url, content=freeze(town).encode(), trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text


@pytest.mark.requirement("R53", "R59")
def test_an_executor_that_was_stopped_while_a_freeze_came_refuses_and_its_lease_is_dead(tmp_path: Path) -> None:
    with crash_town(tmp_path.resolve()) as town:
        for point in (HELD, STARTED):
            for way in (dropped, told):
                town.enter(healthy=True)
                executor = town.start_executor((point,))
                assert executor.at_point() is not None
                executor.signal(signal.SIGSTOP)
                place = way(town)
                executor.go_on()  # it hears of this when it is awake again
                executor.signal(signal.SIGCONT)
                end = time.monotonic() + SECONDS
                while not town.over():
                    assert time.monotonic() < end, town.said()
                    time.sleep(0.05)
                assert town.moves() == [], (point, way)
                assert town.rows("select outcome from executions") == [("failed",)]
                assert town.rows("select state from leases") == [("released",)]
                assert town.wire.tokens
                verify_dead(town)
                town.leave()
                if place is not None:
                    place.unlink()


@pytest.mark.requirement("R59")
def test_an_agent_reads_and_drafts_by_mcp_under_a_freeze_and_nothing_executes(tmp_path: Path) -> None:
    with running(tmp_path) as town:
        town("freeze", "--reason", "an incident")
        before, finding = town.tip(), town.finding("shop/report.py")
        opened = town.json("session", "open", "--agent", "fixer", "--finding", finding, "--reason", "try it")
        made = asyncio.run(drafted(town, opened["file"], finding))
        proposal = str(made["proposal"])
        town.until(proposal, {"IN_REVIEW"}, 120)
        town.approve(proposal)
        row = town.until(proposal, {"CLEARED"}, 60)
        assert [hold["by"] for hold in row["held"]] == ["freeze"]
        assert town.tip() == before
        assert town.events("warrant.issued") == []


async def drafted(town: Town, session: str, finding: str) -> dict[str, Any]:
    """Look, read, check and submit as an assistant does, through the stdio door as a process of its own."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "magistrate.entrypoints.mcp.server"],
        env={"MAGISTRATE_FRONT": town.front, "MAGISTRATE_SESSION_FILE": session},
    )  # fmt: skip
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as client:
        await client.initialize()

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            answer: dict[str, Any] = json.loads(result.content[0].text)  # type: ignore[union-attr]
            assert not result.is_error, answer
            return answer

        assert (await call("list_findings"))["findings"]
        text = (await call("read_file", path="shop/report.py"))["text"]
        patch = unified("shop/report.py", text, text.replace("import os\n", ""))
        await call("check_draft", patch=patch)
        return await call("submit_proposal", patch=patch, rationale="fix it", prompt="Fix it.", finding=finding)
