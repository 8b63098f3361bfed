"""What an assistant can reach, tried on a running deployment from the outside (R1, R2, R6, R7, R8)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from paths import MAGISTRATE
from starlette.routing import Route
from world import warm_judge
from world.running import running_below, unified, until
from world.seen import environment, leaked, look, open_files, watching_connections

from magistrate.entrypoints.front.answers import ANSWERS
from magistrate.entrypoints.front.app import FrontParts, front_app
from magistrate.wire.agent_api import TOOLS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("agent-surface")]

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYFAKEFAKEKEY1"
SETTINGS = f'"""Settings."""\n\nimport os\n\nTIMEOUT = 3\nAWS_SECRET_ACCESS_KEY = "{SECRET}"\nRETRIES = 2\n'
CLASSES = {
    "/health": "alive", "/api/v1/agent/list_findings": "read", "/api/v1/agent/get_finding": "read",
    "/api/v1/agent/read_file": "read", "/api/v1/agent/search_code": "read", "/api/v1/agent/affected_files": "read",
    "/api/v1/agent/check_draft": "draft", "/api/v1/agent/submit_proposal": "draft",
    "/api/v1/agent/proposal_status": "read",
}  # fmt: skip
POWER = re.compile(
    r"approv|merge|deploy|rotat|grant|polic|setting|roster|warrant|lease|push|exec|run|write|delet|freez|config|admin|key",
    re.IGNORECASE,
)
RECORDED = {
    "context.read", "proposal.sealed", "assessment.made", "decision.made", "case.closed", "case.held", "case.cleared",
}  # fmt: skip
PAPERS = {"proposal", "assessment", "evidence", "decision", "ruff-evidence", "certificate"}
GROWING = {
    "control.event", "control.document", "control.payload_ref", "control.proposal_case", "control.case_state",
    "control.log_entry", "control.log_tile", "control.log_payload", "control.log_checkpoint", "control.store_state",
    "control.session_state", "control.seen_request", "gate.requests", "witness.*",
}  # fmt: skip
HOSTILE: list[Any] = [
    "", "../../etc/passwd", "/etc/passwd", "/proc/self/environ", "/proc/1/environ", ".git/config", ".GIT/config",
    "shop/../../x", "shop/./report.py", "link-to-environ", "\0", "a" * 5000, "$(touch /tmp/magistrate-canary)",
    "'; drop table event; --", "\u202e", "\ud800", 5, -1, 10**30, 1.5, True, None, [], {}, ["a"], {"a": "b"},
]  # fmt: skip
PATCHES = [
    "not a patch",
    "diff --git a/../../x b/../../x\nnew file mode 100644\n--- /dev/null\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n",
    "diff --git a//etc/x b//etc/x\nnew file mode 100644\n--- /dev/null\n+++ b//etc/x\n@@ -0,0 +1 @@\n+x\n",
    "diff --git a/.git/hooks/post-checkout b/.git/hooks/post-checkout\nnew file mode 100755\n--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+touch /tmp/magistrate-canary\n",
    "diff --git a/esc b/esc\nnew file mode 120000\n--- /dev/null\n+++ b/esc\n@@ -0,0 +1 @@\n+/proc/self/environ\n\\ No newline at end of file\n",
    "diff --git a/.gitattributes b/.gitattributes\nnew file mode 100644\n--- /dev/null\n+++ b/.gitattributes\n@@ -0,0 +1 @@\n+* filter=evil\n",
    "diff --git a/shop/orders.py b/shop/orders.py\n--- a/shop/orders.py\n+++ b/shop/orders.py\n@@ -1,99999999999999999999 +1,3 @@\n x\n",
    "\ud800",
]


@pytest.fixture(scope="module")
def town():
    with running_below("surface", {"shop/settings.py": SETTINGS}) as town:
        yield town


@pytest.fixture(scope="module")
def session(town):
    return town.session("shop/report.py")


def good_arguments(session) -> dict[str, list[dict[str, Any]]]:
    fix = unified("README.md", "# Shop\n\nThis servise recieves orders.\n", "# Shop\n\nThis service receives orders.\n")
    return {
        "list_findings": [{}, {"limit": 1}],
        "get_finding": [{"id": session.finding}],
        "read_file": [{"path": "README.md"}, {"path": "shop/report.py", "start_line": 2, "end_line": 3}],
        "search_code": [{"pattern": "import"}, {"pattern": "name", "path_prefix": "shop/", "limit": 2}],
        "affected_files": [{"finding": session.finding}],
        "check_draft": [{"patch": fix}],
        "submit_proposal": [{"patch": fix, "rationale": "typo", "prompt": "Fix it.", "finding": session.finding}],
        "proposal_status": [],
    }


def generated(session):
    """For each tool: what it takes, then each argument replaced by each hostile value, left out, and one added."""
    good = good_arguments(session)
    for tool, (takes, _) in TOOLS.items():
        base = (good[tool] or [{"id": "sha256:" + "0" * 64}])[0]
        yield tool, {**base, "repository": "other", "ref": "refs/heads/x"}
        for name in msgspec.structs.fields(takes):
            yield tool, {k: v for k, v in base.items() if k != name.name}
            few = HOSTILE[-7:] if name.name in {"rationale", "prompt"} else HOSTILE  # each accepted one is judged
            for value in PATCHES if name.name == "patch" else few:
                yield tool, {**base, name.name: value}


@pytest.mark.requirement("R1")
def test_every_route_and_every_tool_has_a_declared_class():
    def unused(*_: object) -> Any:
        raise AssertionError

    app = front_app(FrontParts(ask=unused, desk=unused, answers=dict(ANSWERS)))
    routes = [route for route in app.routes if isinstance(route, Route)]
    assert len(routes) == len(app.routes)
    assert {route.path for route in routes} == set(CLASSES), "a new route needs a class in this test"
    assert all(route.methods == {"POST"} for route in routes if CLASSES[route.path] != "alive")
    assert not [tool for tool in TOOLS if POWER.search(tool)]
    for takes, _ in TOOLS.values():
        assert not {f.name for f in msgspec.structs.fields(takes)} & {
            "repository",
            "ref",
            "branch",
            "environment",
            "base",
        }


@pytest.mark.requirement("R1")
def test_the_stdio_door_offers_the_same_tools_and_nothing_else(town, session, tmp_path):
    token = tmp_path / "token"
    token.write_text(town.session("shop/orders.py").token)
    token.chmod(0o600)

    async def listed() -> tuple[set[str], list[Any], list[Any]]:
        server = StdioServerParameters(
            command=str(MAGISTRATE), args=["mcp"],
            env={"PATH": os.environ["PATH"], "MAGISTRATE_FRONT": town.front, "MAGISTRATE_SESSION_FILE": str(token)},
        )  # fmt: skip
        async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as client:
            capabilities = (await client.initialize()).capabilities
            tools = {tool.name for tool in (await client.list_tools()).tools}
            other = [await client.call_tool(name, {}) for name in ("approve", "../people/cases", "push")]
            return tools, [capabilities.resources, capabilities.prompts], other

    tools, more, other = asyncio.run(listed())
    assert tools == set(TOOLS)
    assert more == [None, None]
    assert all(answer.is_error for answer in other)


@pytest.mark.requirement("R1", "R2")
def test_whatever_is_called_only_reads_and_drafts(town, session):
    until(lambda: town.rows("select tip from repository_state") != [("",)])  # what starting up left to do is done
    time.sleep(1.5)
    before = look(town.home)
    front = town.pid("front")
    statuses: dict[int, int] = {}
    with watching_connections(front) as seen:
        for tool, calls in good_arguments(session).items():
            for arguments in calls:
                answer = session.good(tool, **arguments)
                if tool == "submit_proposal":
                    session.good("proposal_status", id=answer["proposal"])
        for tool, arguments in generated(session):
            answer = session.post(tool, json.dumps(arguments).encode())
            assert answer.status_code in {200, 400, 403, 404}, (tool, arguments, answer.status_code, answer.text)
            assert answer.status_code == 200 or answer.json()["error"]["code"].startswith("MAG-E")
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        for body in (b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"path":"a","path":"b"}'):
            for tool in TOOLS:
                assert session.post(tool, body).status_code in {200, 400, 403, 404}, (tool, body[:10])
    assert {200, 400, 403, 404} <= set(statuses)
    for proposal in [row["proposal"] for row in town.json("queue", "--all")]:
        town.until(proposal, {"IN_REVIEW", "REFUSED", "STALE", "HELD"})
    changed = before.changes(look(town.home))
    for what in ("files", "refs", "objects"):
        assert what not in changed, (what, changed[what])
    tables = {name[1:] for name in changed}
    assert {t for t in tables if not t.startswith("witness.")} <= GROWING
    removed = {n for n in changed if n.startswith("-") and not n.startswith("-witness.")}
    assert removed <= {"-control.session_state", "-control.seen_request", "-control.case_state", "-control.store_state",
                       "-control.log_tile", "-gate.requests"}, removed  # fmt: skip
    kinds = {e for (e,) in town.rows("select distinct event from event where subject = ? or subject in (select proposal from proposal_case)", session.id)}  # fmt: skip
    assert kinds - {"session.opened"} <= RECORDED
    papers = {k for (k,) in town.rows("select distinct kind from document where proposal is not null")}
    assert papers <= PAPERS, papers
    ports = {c.local.rpartition(":")[2] for c in seen}
    assert ports == {str(town.first_port)}, "front opens no connection by TCP; it is only spoken to"
    assert not Path("/tmp/magistrate-canary").exists()


@pytest.mark.requirement("R1", "R37")
def test_the_token_of_a_session_opens_no_other_door(town, session):
    headers = {"Authorization": f"Bearer {session.token}", "Magistrate-Client": session.client}
    doors = [("control", p) for p in ("/api/v1/people/status", "/api/v1/people/cases", "/api/v1/executor/warrants",
                                      "/api/v1/people/policy", "/internal/v1/token")]  # fmt: skip
    doors += [
        ("gate", p)
        for p in ("/gate/v1/leases", "/gate/v1/repositories", "/shop.git/info/refs?service=git-receive-pack")
    ]
    doors += [("front", p) for p in ("/internal/v1/reads", "/api/v1/people/cases", "/api/v1/agent/approve", "/docs")]
    for process, path in doors:
        url = f"http://127.0.0.1:{town.port(process)}{path}"
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            answer = httpx.request(method, url, headers=headers, trust_env=False, timeout=20)
            assert answer.status_code in {400, 401, 403, 404, 405}, (method, url, answer.status_code)


@pytest.mark.requirement("R2")
def test_front_holds_nothing_that_writes(town, session):
    session.good("read_file", path="README.md")
    pid = town.pid("front")
    told = {name: value for name, value in environment(pid).items() if name != warm_judge.ASKED}
    assert set(told) <= {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "MAGISTRATE_HOME", "PYTHONPATH", "PYTHONSAFEPATH",
                         "VIRTUAL_ENV", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "TMPDIR", "USER", "LOGNAME"}, sorted(told)  # fmt: skip
    assert not [name for name in told if re.search("token|secret|key|pass|auth", name, re.IGNORECASE)]
    held = [name for name in open_files(pid) if name.startswith("/") and not name.startswith(("/dev/", "/proc/"))]
    below = [name.removeprefix(f"{town.home}/") for name in held if name.startswith(str(town.home))]
    assert set(below) <= {"run/front.log"}, below


@pytest.mark.requirement("R2", "R55")
def test_what_front_signs_with_is_believed_by_nobody_else(town, session):
    """Front's own key, used by somebody who took it over, on every door but its socket."""
    script = """
import sys, json, time, httpx
from pathlib import Path
from magistrate.settings import load_settings
from magistrate.adapters.keys.process import load_process_key
from magistrate.adapters.control_line import new_identifier
from magistrate.wire.canonical import digest
from magistrate.wire.document import document, seal_by_process
from magistrate.wire.request import REQUEST_SECONDS, Request, authorization_value
s = load_settings(Path(sys.argv[1])); key = load_process_key(s.key("front")); seen = []
for base, audience, paths in (
    (s.control_url, "control", ["GET /api/v1/executor/warrants", "POST /api/v1/executor/reports", "POST /api/v1/executor/steps",
     "GET /api/v1/people/cases", "POST /api/v1/people/drills", "POST /api/v1/people/sessions", "POST /api/v1/people/freezes",
     "POST /api/v1/people/cases/" + sys.argv[2] + "/approvals"]),
    (s.gate_url, "gate", ["POST /gate/v1/leases", "GET /gate/v1/leases", "POST /gate/v1/drill-leases", "GET /gate/v1/repositories/shop/tip?ref=refs/heads/main", "POST /gate/v1/holds/release"])):
    for caller in ("front", "executor", "anna"):
        for line in paths:
            method, path = line.split(" ")
            body = b"{}" if method == "POST" else b""
            asked = document(Request(caller=caller, method=method, path=path, body_sha256=digest(body)), deployment=s.deployment,
                             audience=audience, id=new_identifier("req"), now=int(time.time()), lifetime=REQUEST_SECONDS)
            answer = httpx.request(method, base + path, content=body or None, trust_env=False,
                                   headers={"Authorization": authorization_value(seal_by_process(asked, key))})
            seen.append([caller, line, answer.status_code])
print(json.dumps(seen))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(town.home), "0" * 64], capture_output=True, text=True, check=True
    )
    tried = json.loads(done.stdout)
    assert len(tried) == 39
    assert not [one for one in tried if one[2] not in {401, 403}], tried


@pytest.mark.requirement("R2")
def test_front_cannot_push(town, session):
    before = town.tip()
    (town.clone / "x.txt").write_text("x")
    town.git("add", "x.txt", folder=town.clone)
    town.git("commit", "-q", "-m", "straight", folder=town.clone)
    url = f"http://127.0.0.1:{town.port('gate')}/shop.git"
    for header in ("", f"Authorization: Bearer {session.token}", f"Authorization: Bearer {session.client}"):
        config = ["-c", f"http.extraHeader={header}"] if header else []
        done = subprocess.run(
            ["git", *config, "push", url, "HEAD:refs/heads/main"], cwd=town.clone, capture_output=True, check=False
        )
        assert done.returncode != 0
    town.git("reset", "-q", "--hard", "HEAD~1", folder=town.clone)
    assert town.tip() == before


DENIED = [
    "/proc/self/environ", "/proc/1/environ", "../../../../proc/self/environ", "shop/../../../control/store.db",
    ".git/config", ".GIT/config", "shop/.git/config", ".git", "/etc/passwd", "shop\\..\\x", "shop//report.py", "./README.md",
]  # fmt: skip


@pytest.mark.requirement("R2", "R6")
@pytest.mark.parametrize("path", DENIED)
def test_outside_paths_are_denied_and_the_denial_is_on_record(town, session, path):
    for tool, arguments in (("read_file", {"path": path}), ("search_code", {"pattern": "a", "path_prefix": path})):
        before = reads(town, session)
        status, answer = session.call(tool, **arguments)
        assert status == 403, answer
        assert answer["error"]["code"] == "MAG-E530"
        fresh = reads(town, session)[len(before) :]
        assert [r["refused"] for r in fresh] == ["MAG-E530"]
        assert fresh[0]["tool"] == tool


@pytest.mark.requirement("R2", "R6")
def test_a_link_out_of_the_tree_and_what_is_not_there_are_denied_on_record(town):
    for path, code in (("no/such/file", "MAG-E532"), ("shop", "MAG-E532")):
        session = town.session("shop/report.py")
        status, answer = session.call("read_file", path=path)
        assert (status, answer["error"]["code"]) == (404, code)
        assert [r["refused"] for r in reads(town, session)] == [code]
    session = town.session("shop/report.py")
    assert session.call("get_finding", id="fnd-" + "a" * 26)[0] == 404
    assert len(reads(town, session)) == 1


def reads(town, session) -> list[dict[str, str]]:
    """The reads of a session, as the record has them."""
    found = town.rows(
        "select p.bytes from event e join log_payload p on p.commitment = e.facts "
        "where e.event = 'context.read' and e.subject = ? order by e.seq", session.id,
    )  # fmt: skip
    return [json.loads(content)["facts"] for (content,) in found]


@pytest.mark.requirement("R7")
def test_every_read_has_a_row_that_says_what_was_served(town):
    session = town.session("shop/report.py")
    text = session.good("read_file", path="shop/report.py", start_line=3, end_line=4)["text"]
    session.good("search_code", pattern="import")
    session.good("list_findings")
    rows = reads(town, session)
    assert [r["tool"] for r in rows] == ["read_file", "search_code", "list_findings"]
    start, end = map(int, rows[0]["bytes"].split("-"))
    whole = session.good("read_file", path="shop/report.py")["text"]
    assert whole.encode()[start:end].decode() == text
    assert len({r["receipt"] for r in rows}) == 3


@pytest.mark.requirement("R6")
def test_an_overspent_budget_pauses_the_session(town):
    session = town.session("shop/report.py")
    session.good("read_file", path="README.md")
    import sqlite3

    with sqlite3.connect(town.home / "control" / "store.db", timeout=10) as link:
        link.execute("update session_state set bytes_left = 100 where session = ?", (session.id,))
    session.good("read_file", path="README.md")
    status, answer = session.call("read_file", path="shop/report.py")
    assert (status, answer["error"]["code"]) == (403, "MAG-E460")
    assert reads(town, session)[-1]["refused"] == "MAG-E460"
    assert session.call("read_file", path="README.md")[0] == 403, "paused, although this one would still fit"


@pytest.mark.requirement("R1", "R6")
def test_a_token_is_bound_to_its_first_client_and_dies_with_its_session(town):
    session = town.session("shop/orders.py")
    session.good("read_file", path="README.md")
    other = type(session)(town, session.id, session.token, session.finding)
    assert other.call("read_file", path="README.md")[0] in {401, 403}
    assert other.call("submit_proposal", patch="x", rationale="", prompt="", finding=session.finding)[0] in {401, 403}
    nobody = type(session)(town, session.id, "x" * 43, session.finding, session.client)
    assert nobody.call("read_file", path="README.md")[0] in {401, 403}
    short = type(session)(town, session.id, session.token, session.finding, "")
    assert short.call("read_file", path="README.md")[0] == 401
    session.good("read_file", path="README.md")
    town("session", "close", session.id)
    assert session.call("read_file", path="README.md")[1]["error"]["code"] == "MAG-E460"
    late = town.session("shop/orders.py")
    import sqlite3

    with sqlite3.connect(town.home / "control" / "store.db", timeout=10) as link:
        link.execute("update session_state set expires = ? where session = ?", (int(time.time()) - 1, late.id))
    assert late.call("list_findings")[1]["error"]["code"] == "MAG-E460"


@pytest.mark.requirement("R8")
def test_a_secret_in_a_file_never_leaves_through_any_tool(town):
    session = town.session("shop/report.py")
    ranges: tuple[dict[str, int], ...] = (
        {},
        {"start_line": 1, "end_line": 5},
        {"start_line": 6},
        {"start_line": 6, "end_line": 6},
    )
    delivered: list[Any] = [session.good("read_file", path="shop/settings.py", **lines) for lines in ranges]
    patterns = ("AWS", SECRET[:12], "wJal.*", ".", "KEY1", '=."')
    delivered += [session.call("search_code", pattern=pattern) for pattern in patterns]
    delivered.append(session.good("list_findings"))
    delivered.append(session.good("affected_files", finding=session.finding))
    (token,) = set(re.findall(r"\[\[secret:[^\]]+\]\]", delivered[0]["text"]))
    for patch in (
        f"diff --git a/shop/settings.py b/{token}\nsimilarity index 100%\nrename from shop/settings.py\nrename to {token}\n",
        f"--- a/{token}\n+++ b/{token}\n@@ -1 +1 @@\n-a\n+b\n--- a/shop/settings.py\n+++ b/shop/settings.py\n",
        f'diff --git a/shop/settings.py b/shop/settings.py\n--- a/shop/settings.py\n+++ b/shop/settings.py\n@@ -5,3 +5,2 @@\n-nothing\n-AWS_SECRET_ACCESS_KEY = "{token}"\n RETRIES = 2\n',
        f"diff --git a/shop/settings.py b/shop/settings.py\n--- a/shop/settings.py\n+++ b/shop/settings.py\n@@ -1 +1 @@\n-a\n+b\n {token}\n-{token}\n",
    ):
        delivered.append(session.call("check_draft", patch=patch))
        delivered.append(
            session.call("submit_proposal", patch=patch, rationale=token, prompt=token, finding=session.finding)
        )
    assert not leaked(SECRET, delivered)
    for name in ("front.log", "control.log"):
        assert not leaked(SECRET, (town.home / "run" / name).read_text())


@pytest.mark.requirement("R8")
def test_a_token_comes_back_only_where_the_secret_already_stands(town):
    session = town.session("shop/report.py")
    text = session.good("read_file", path="shop/settings.py")["text"]
    (token,) = set(re.findall(r"\[\[secret:[^\]]+\]\]", text))
    copied = unified("shop/settings.py", text, text.replace("TIMEOUT = 3", f'TIMEOUT = 3\nCOPY = "{token}"'))
    status, answer = session.call("check_draft", patch=copied)
    assert (status, answer["error"]["code"]) == (403, "MAG-E540")
    beside = unified("shop/settings.py", text, text.replace("TIMEOUT = 3", "TIMEOUT = 4"))
    assert token in beside
    assert session.good("check_draft", patch=beside)["paths"] == ["shop/settings.py"]
    away = unified("shop/settings.py", text, text.replace(f'"{token}"', 'os.environ["AWS_SECRET_ACCESS_KEY"]'))
    proposal = session.good("submit_proposal", patch=away, rationale="out", prompt="out", finding=session.finding)
    row = town.until(proposal["proposal"], {"IN_REVIEW", "REFUSED"})
    assert row["state"] == "IN_REVIEW"
    shown = session.good("proposal_status", id=proposal["proposal"])
    assert not leaked(SECRET, shown)
    assert f'-AWS_SECRET_ACCESS_KEY = "{SECRET}"' in town("diff", row["id"]), "the reviewer sees what really changes"


@pytest.mark.requirement("R7")
@pytest.mark.parametrize("name", ["control", "front"])
def test_killed_around_reads_no_byte_was_served_without_its_row(town, name):
    session = town.session("shop/report.py")
    receipts, failed = [], 0
    began, killed = time.monotonic(), 0
    while time.monotonic() - began < 12:
        try:
            status, answer = session.call("read_file", path="README.md")
        except httpx.HTTPError:
            status, answer = 0, {}
        if status == 200:
            receipts.append(answer["receipt"])
            if killed and failed:
                break
        else:
            failed += 1
            time.sleep(0.02)
        if len(receipts) == 5 and not killed:
            killed = town.kill(name)
    assert killed
    assert failed
    town.await_again(name, killed)
    session.good("read_file", path="README.md")
    on_record = {r["receipt"] for r in reads(town, session)}
    assert set(receipts) <= on_record
    assert "verified" in town("audit", "verify")
