"""Five real processes: another hand moves the ref while the live target fails, and people take over (R58)."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from world.running import Town, running_below, unified, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("halted-town")]
TIDY = {"README.md": lambda text: text.replace("servise", "service")}
MORE = {"README.md": lambda text: text.replace("recieves", "receives")}


class Target:
    """The live target: well, or ill and pushed over by another hand at the first look."""

    def __init__(self) -> None:
        self.town: Town | None = None
        self.well = True
        target = self

        class Health(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not target.well:
                    target.pushed_over()
                self.send_response(200 if target.well else 500)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def pushed_over(self) -> None:
        assert self.town is not None
        tip = self.town.tip()
        if "by another hand" not in self.town.git("log", "-1", "--format=%s", tip):
            new = self.town.git("commit-tree", "-p", tip, "-m", "by another hand", f"{tip}^{{tree}}")
            self.town.git("-c", "core.hooksPath=/dev/null", "update-ref", "refs/heads/main", new, tip)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def town(target: Target) -> Iterator[Town]:
    with running_below("halted") as town:
        policy = town.home / "policies" / "default" / "policy.toml"
        url = f"http://127.0.0.1:{target.server.server_address[1]}/"
        probe = f'\n[[repository.verification]]\nurl = "{url}"\nstatus = 200\nbody_contains = ""\nwithin_seconds = 2\n'
        policy.write_text(policy.read_text() + probe)
        town("policy", "publish")
        target.town = town
        yield town


def settled_tip(town: Town) -> None:
    until(lambda: town.rows("select tip from repository_state") == [(town.tip(),)], 20)


def hex_of(proposal: str) -> str:
    return proposal[7:19]


@pytest.mark.requirement("R58", "R59")
def test_after_a_halt_nothing_lands_on_that_ref_until_it_is_closed(town: Town, target: Target) -> None:
    target.well = False
    stuck = town.propose(town.session(), TIDY)
    town.approve(stuck)
    assert town.until(stuck, {"HALTED", "SUCCEEDED", "FAILED", "ROLLED_BACK"})["state"] == "HALTED"
    target.well = True
    tip = town.tip()
    assert hex_of(stuck) in town("queue"), "a halted case waits for people"
    settled_tip(town)
    case = town.propose(town.session(), MORE)
    town.approve(case)
    words = f"held: refs/heads/main is halted by {hex_of(stuck)}; one person closes it"
    time.sleep(3)
    assert town.case(case)["state"] == "CLEARED"
    assert words in town("show", hex_of(case))
    assert words in town("queue")
    assert town.tip() == tip
    told = town.rows("select count(*) from entries where step = 'halt.told'", database="executor/journal.db")
    halts = town.rows("select proposal, ended from halts", database="gate/gate.db")
    assert (told, halts) == ([(1,)], [(stuck, None)])
    said = town("close", hex_of(stuck), "--reason", "the other hand was ours")
    assert "closed:" in said
    ended = town.until(case, {"SUCCEEDED", "FAILED", "HALTED", "STALE"})
    assert ended["state"] == "SUCCEEDED", ended["why"]
    assert town.git("rev-parse", "refs/heads/main^") == tip
    last = town.story(stuck)[-1]
    assert (last["event"], last["facts"]["states"], last["facts"]["self_reviewed"]) == (
        "case.closed", "HALTED CLOSED", "true",
    )  # fmt: skip
    closed = town.rows("select count(*) from entries where step = 'halt.closed'", database="executor/journal.db")
    assert closed == [(1,)]
    assert town.rows("select ended from halts", database="gate/gate.db") == [("closed by anna",)]
    town("close", hex_of(stuck), "--reason", "again", status=1)


@pytest.mark.requirement("R59")
def test_a_cleared_case_under_a_freeze_says_so(town: Town, target: Target) -> None:
    target.well = True
    settled_tip(town)
    town("freeze", "--reason", "fire in the house")
    case = town.propose(town.session(), {"shop/orders.py": lambda text: text.replace('"""Orders."""', '"""Some."""')})
    if town.case(case)["state"] == "IN_REVIEW":
        town.approve(case)
    row = town.until(case, {"CLEARED"})
    (hold,) = row["held"]
    name = hold["name"]
    for told in (town("show", hex_of(case)), town("queue")):
        assert f"frozen since {hold['since']} by anna: fire in the house" in told
        assert f"magistrate thaw {hex_of(name)}" in told
    town("thaw", hex_of(name), "--reason", "out")
    until(lambda: town.case(case)["state"] != "CLEARED", 30)
    assert not town.case(case)["held"]


@pytest.mark.requirement("R47")
def test_an_agent_supersedes_its_own_draft_and_both_stories_say_so(town: Town, target: Target) -> None:
    target.well = True
    settled_tip(town)
    session = town.session()
    first = town.propose(session, {"README.md": lambda text: text + "\nIt is small.\n"})
    before = session.good("read_file", path="README.md")["text"]
    asked = {
        "patch": unified("README.md", before, before + "\nIt is quite small.\n"), "rationale": "better",
        "prompt": "Say it better.", "finding": session.finding,
    }  # fmt: skip
    status, refused = session.call("submit_proposal", **asked, supersedes="sha256:" + "0" * 64)
    assert (status, refused["error"]["code"]) == (403, "MAG-E470")
    second = session.good("submit_proposal", **asked, supersedes=first)["proposal"]
    assert session.good("proposal_status", id=first)["state"] == "SUPERSEDED"
    assert f"superseded by  {second}" in town("show", hex_of(first))
    assert json.loads(town("show", hex_of(second), "-o", "json"))["case"]["supersedes"] == first
    assert f"supersedes  {first}" in town("show", hex_of(second))
    town.approve(first, status=1)
