"""With nothing running there is nothing to write with; every privilege had its reason (R50, R51, R60)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest
from world.running import running_below
from world.seen import environment

from magistrate.authority.admission import Pins, admit
from magistrate.errors import MagistrateError
from magistrate.settings import load_settings
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import open_envelope
from magistrate.wire.times import unix_seconds
from magistrate.wire.warrant import Warrant

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nothing-stands")]

PROCESSES = ("front", "control", "gate", "executor", "witness")
TOKEN_LIKE = re.compile(rb"[A-Za-z0-9_\-]{32,128}")
HEX = re.compile(rb"[0-9a-f]+|[A-Z_]+|[a-z_\-]+")
ELEMENTS = (
    "roster", "policy", "manifest", "session", "proposal", "assessment", "decision", "approvals", "warrant",
    "warrant_leaf", "warrant_salt", "warrant_proof", "diff", "prompt", "rationale",
)  # fmt: skip


@pytest.fixture(scope="module")
def town():
    with running_below("stands") as town:
        session = town.session("shop/report.py")
        fixed = {"shop/report.py": lambda text: text.replace("import os\n", "").replace('f"shop"', '"shop"')}
        town.executed = town.propose(session, fixed)
        town.approve(town.executed)
        town.until(town.executed, {"SUCCEEDED"})
        town("session", "close", session.id)
        yield town


def candidates(town) -> set[bytes]:
    """Whatever looks like a token: on disk, in databases, in every environment and in git's configuration."""
    found: set[bytes] = set()
    for path in town.home.rglob("*"):
        if path.is_file() and "objects" not in path.parts:
            found |= set(TOKEN_LIKE.findall(path.read_bytes()))
    for name in PROCESSES:
        for value in environment(town.pid(name)).values():
            found |= set(TOKEN_LIKE.findall(value.encode()))
    return {token for token in found if not HEX.fullmatch(token)}


def in_memory(pid: int) -> set[bytes]:
    """Whatever looks like a token in the writable memory of a process."""
    found: set[bytes] = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            low, high = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or high - low > 256 << 20:
                continue
            try:
                memory.seek(low)
                found |= set(TOKEN_LIKE.findall(memory.read(high - low)))
            except OSError:
                continue
    return found


def may_push(client: httpx.Client, header: str) -> bool:
    """Whether the gate would take a push with this."""
    answer = client.get("/shop.git/info/refs?service=git-receive-pack", headers={"Authorization": header})
    return answer.status_code == httpx.codes.OK


@pytest.mark.requirement("R50", "R52")
def test_nothing_found_at_rest_opens_the_gate(town):
    found = candidates(town)
    assert len(found) > 20, "the scan looks at the right places"
    before = town.tip()
    with httpx.Client(base_url=f"http://127.0.0.1:{town.port('gate')}", trust_env=False, timeout=20) as client:
        opened = [t for t in sorted(found) if may_push(client, f"Bearer {t.decode()}")]
    assert not opened
    for path in [*town.home.rglob("config"), *town.home.rglob(".gitconfig"), *town.folder.glob(".git*")]:
        text = path.read_text()
        assert not re.search(r"extraheader|credential|token|password|://[^/\s]*@", text, re.IGNORECASE), path
    assert not list(town.home.rglob(".git-credentials"))
    for name in PROCESSES:
        assert not [
            k for k in environment(town.pid(name)) if re.search("token|secret|password|auth|key", k, re.IGNORECASE)
        ]
    assert town.tip() == before


@pytest.mark.requirement("R50", "R53")
def test_what_is_left_of_a_credential_in_memory_is_dead(town):
    issued = {h for (h,) in town.rows("select token_hash from grants", database="gate/gate.db")}
    assert issued
    left = set()
    for name in ("executor", "gate", "control", "front"):
        try:
            left |= in_memory(town.pid(name))
        except PermissionError:
            pytest.skip("memory of other processes cannot be read here")
    dead = [t for t in left if hashlib.sha256(t).hexdigest() in issued]
    with httpx.Client(base_url=f"http://127.0.0.1:{town.port('gate')}", trust_env=False, timeout=20) as client:
        for token in dead:
            assert not may_push(client, f"Bearer {token.decode()}")
            basic = base64.b64encode(b"x:" + token).decode()
            assert not may_push(client, f"Basic {basic}")
    assert town("leases", "--live") == ""


@pytest.mark.requirement("R51")
def test_every_privilege_names_warrant_decision_and_reason(town):
    grants = town.rows(
        "select lease, warrant, purpose, executor, reason, expires, issued from grants", database="gate/gate.db"
    )
    leases = town.rows(
        "select lease, warrant_digest, proposal, reason, expires from leases", database="executor/journal.db"
    )
    assert grants
    assert {g[0] for g in grants} == {row[0] for row in leases}
    warrants = dict(town.rows("select digest, proposal from document where kind = 'warrant'"))
    decided = {p for (p,) in town.rows("select proposal from document where kind = 'decision'")}
    approved = {p for (p,) in town.rows("select proposal from document where kind = 'approval'")}
    orphans = [g for g in grants if g[1] not in warrants or warrants[g[1]] not in decided & approved]
    orphans += [row for row in leases if row[1] not in warrants or row[2] != warrants[row[1]]]
    assert orphans == []
    assert all(g[3] and g[4] and 0 < g[5] - g[6] <= 900 for g in grants)
    for database, table in (("gate/gate.db", "grants"), ("executor/journal.db", "leases")):
        (sql,) = [s for (s,) in town.rows("select sql from sqlite_master where name = ?", table, database=database)]
        for column in ("warrant", "reason", "expires", "repository", "ref"):
            assert re.search(rf"{column}\w* (text|integer) not null", sql), (table, column)
    told = town.json("leases")
    assert {row["lease"] for row in told} == {g[0] for g in grants}
    assert all(row["reason"] for row in told)


@pytest.mark.requirement("R60")
def test_one_call_tells_everything_about_an_executed_change(town):
    story = town.json("show", town.executed.removeprefix("sha256:")[:16])
    assert story["missing"] == []
    assert {name for name, text in story["texts"].items() if text} >= {"prompt", "rationale", "diff"}
    documents = {name for name, found in story["documents"].items() if found}
    assert documents >= {"proposal", "assessment", "decision", "approval", "warrant", "report", "session", "evidence"}
    events = {e["event"]: e["facts"] for e in story["events"]}
    for event in ("session.opened", "context.read", "proposal.sealed", "assessment.made", "decision.made",
                  "approval.given", "warrant.issued", "lease.requested", "lease.held", "effect.started",
                  "effect.done", "lease.released", "verification.done", "case.closed"):  # fmt: skip
        assert event in events, event
    assert events["lease.released"]["probe"].startswith("push refused")
    assert int(events["lease.released"]["revoked_ms"]) < 5000
    assert events["case.closed"]["outcome"] == "succeeded"
    assert events["approval.given"]["person"] == "anna"


def _emptied(bundle: CaseBundle, element: str) -> bytes:
    value = getattr(bundle, element)
    content = json.loads(msgspec.json.encode(bundle))
    if isinstance(value, str):
        content[element] = ""
    elif isinstance(value, tuple):
        content[element] = []
    else:
        content[element] = None
    return json.dumps(content).encode()


@pytest.mark.requirement("R60", "R37")
def test_without_any_one_element_executor_and_gate_refuse(town):
    """The bundle that really was executed, at the time it was; the same admission is linked into both."""
    ((raw,),) = town.rows(
        "select bundle from executions where proposal = ?", town.executed, database="executor/journal.db"
    )
    bundle = msgspec.json.decode(raw, type=CaseBundle)
    settings = load_settings(town.home)
    assert bundle.warrant is not None
    warrant = open_envelope(bundle.warrant, Warrant, deployment=settings.deployment)
    now, executor = unix_seconds(warrant.issued) + 1, warrant.body.executor

    def admitted(encoded: bytes) -> object:
        found = msgspec.json.decode(encoded, type=CaseBundle)
        pins = Pins(deployment=settings.deployment, roster=settings.pin())
        return admit(found, pins=pins, now=now, executor=executor, drilled=False, same_user_walls=True)

    admitted(raw)
    for element in ELEMENTS:
        assert _outcome(admitted, _emptied(bundle, element)) != "believed", element


def _outcome(act, encoded: bytes) -> str:
    try:
        act(encoded)
    except (MagistrateError, msgspec.ValidationError) as error:
        return str(error)
    return "believed"


@pytest.mark.requirement("R50", "R55")
def test_a_person_and_a_process_with_their_own_keys_still_cannot_push(town):
    """No key of the home is a credential for git: not by ssh, not as a bearer, not in a URL."""
    before = town.tip()
    url = f"http://127.0.0.1:{town.port('gate')}/shop.git"
    for key in sorted((town.home / "keys").iterdir()):
        if not key.is_file():
            continue
        text = "".join(line for line in key.read_text().splitlines() if "-----" not in line)[:400]
        done = subprocess.run(
            ["git", "-c", f"http.extraHeader=Authorization: Bearer {text}", "push", url, "HEAD:refs/heads/main"],
            cwd=town.clone, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0
    assert town.tip() == before
