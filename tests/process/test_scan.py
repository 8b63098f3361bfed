"""The search for standing credentials finds one wherever it is put, and nothing after a real execution;
no issuing root opens anything alone (R50)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from world.running import running_below

from magistrate.adapters.standing.places import search_home
from magistrate.adapters.standing.processes import Process, search_process
from magistrate.adapters.standing.search import Issued, Search
from magistrate.adapters.standing.shapes import token_like
from magistrate.bootstrap.standing import Scan
from magistrate.entrypoints.cli.leases_scan import _status
from magistrate.settings import WorkloadIssuer, load_settings, settings_text

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scan")]

LEASE = "lse-" + "s" * 26
HOLD = "import sys, time; kept = sys.stdin.readline().strip(); print('ready', flush=True); time.sleep(600)"


def token() -> str:
    """A fresh one of the gate's form, plainly not the gate's own."""
    return "FAKE-" + secrets.token_urlsafe(32)[:38]


@pytest.fixture(scope="module")
def town():
    with running_below("scan") as town:
        session = town.session("shop/report.py")
        fixed = {"shop/report.py": lambda text: text.replace("import os\n", "").replace('f"shop"', '"shop"')}
        town.executed = town.propose(session, fixed)
        town.approve(town.executed)
        town.until(town.executed, {"SUCCEEDED"})
        yield town


@pytest.mark.requirement("R50", "R51", "R53")
def test_after_a_real_execution_nothing_usable_stands_anywhere(town):
    told = scanned(town, status=0)
    assert told["found"] == [row for row in told["found"] if row["state"] in {"dead", "a person's"}], told
    searched = told["searched"]
    assert searched["processes"] >= 6, "five and their supervisor"
    assert searched["bytes of memory"] > 10_000_000
    assert searched["databases"] >= 3
    assert searched["files"] > 20


def scanned(town, *, status: int) -> dict[str, Any]:
    done = json.loads(town("leases", "--scan", "-o", "json", status=None))
    assert done["status"] == status, done
    return done


@pytest.fixture
def planted(town) -> Iterator[str]:
    """A credential that the gate honours, while the executor stands still and cannot notice it."""
    text, number = token(), secrets.token_hex(4)
    executor = town.pid("executor")
    os.kill(executor, signal.SIGSTOP)
    lease = f"lse-{number}"
    with sqlite3.connect(town.home / "gate" / "gate.db", timeout=30) as db:
        db.execute("insert into grounds values (?, 'case', 'p', 'd', 'anna', 'anna')", (lease,))
        now = int(time.time())
        db.execute(
            "insert into grants(lease, warrant, purpose, executor, repository, ref, old, new, tree, base_tree, reason,"
            " token_hash, state, issued, expires) values (?,?,'effect','e','shop','refs/heads/x','o','n','t','b','r',?,"
            "'issued',?,?)",
            (lease, lease, hashlib.sha256(text.encode()).hexdigest(), now, now + 999),
        )
    try:
        yield text
    finally:
        with sqlite3.connect(town.home / "gate" / "gate.db", timeout=30) as db:
            db.execute("update grants set state='revoked' where lease=?", (lease,))
        os.kill(executor, signal.SIGCONT)


@contextlib.contextmanager
def in_file(town, text: str) -> Iterator[str]:
    path = town.home / "executor" / "left-behind.txt"
    path.write_text(f"prefix_{text}-suffix\n")
    yield str(path)
    path.unlink()


@contextlib.contextmanager
def in_tmp(town, text: str) -> Iterator[str]:
    path = Path("/tmp") / f"magistrate-test-{secrets.token_hex(8)}"
    path.write_text(text)
    yield str(path)
    path.unlink()


@contextlib.contextmanager
def in_journal(town, text: str) -> Iterator[str]:
    """As a document in a document, the way the journal keeps everything."""
    payload = base64.b64encode(json.dumps({"body": {"facts": {"seen": f"token {text}"}}}).encode()).decode()
    whole = base64.b64encode(json.dumps({"payload": payload, "pad": "x" * 90}).encode()).decode()
    path = town.home / "executor" / "journal.db"
    with sqlite3.connect(path, timeout=30) as db:
        db.execute("create table planted(value text)")
        db.execute("insert into planted values (?)", (json.dumps({"payload": whole}),))
    yield f"{path}, table planted"
    with sqlite3.connect(path, timeout=30) as db:
        db.execute("drop table planted")


@contextlib.contextmanager
def held(town, given: str, **environment: str) -> Iterator[int]:
    """A process of this home that was given a line and keeps it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "MAGISTRATE_HOME": str(town.home), **environment},
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(given + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "ready\n"
        yield child.pid
        child.kill()


@contextlib.contextmanager
def in_memory(town, text: str) -> Iterator[str]:
    with held(town, text) as pid:
        yield f"(pid {pid})"


@contextlib.contextmanager
def in_environment(town, text: str) -> Iterator[str]:
    with held(town, "", SOMETHING=f"Bearer {text}") as pid:
        yield f"(pid {pid}), SOMETHING"


PLACES = (in_file, in_tmp, in_journal, in_memory, in_environment)


@pytest.mark.requirement("R50")
def test_a_planted_token_is_found_where_it_is_and_never_told(town, planted):
    """In five places at once, each told by itself: a search goes through the memory of every process."""
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(place(town, planted)) for place in PLACES]
        told = scanned(town, status=1)
    for where in places:
        assert usable_at(told, where), (where, told)
    assert planted not in json.dumps(told)
    left = scanned(town, status=1)  # the live lease itself, and nothing more
    assert not [where for where in places if usable_at(left, where)]


def usable_at(told: dict[str, Any], where: str) -> list[dict[str, Any]]:
    return [row for row in told["found"] if row["state"] == "USABLE" and where in row["where"]]


@pytest.mark.requirement("R50")
def test_a_token_in_the_memory_of_a_process_is_found_there():
    """Without a deployment: one process that holds what the gate minted, and nothing else."""
    text = token()
    issued = Issued(lease=LEASE, repository="shop", usable=True)
    search = Search(issued={hashlib.sha256(text.encode()).hexdigest(): issued}, asks=lambda token, repository: False)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "GIT_AUTHOR_NAME": "Ada"},
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(text + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        search_process(search, Process(pid=process.pid, name="holder", own=True), keys={})
        process.kill()
    assert search.usable == [(f"memory of holder (pid {process.pid})", f"the token of the live lease {LEASE}")]
    assert not search.unsearched


@pytest.mark.requirement("R50")
def test_a_dead_token_is_told_as_dead(town, planted):
    with sqlite3.connect(town.home / "gate" / "gate.db", timeout=30) as db:
        hashed = hashlib.sha256(planted.encode()).hexdigest()
        db.execute("update grants set state='revoked' where token_hash=?", (hashed,))
    with in_file(town, planted) as where:
        told = scanned(town, status=0)
        assert [row["state"] for row in told["found"] if row["where"] == where] == ["dead"]


@pytest.mark.requirement("R50")
def test_keys_outside_their_place_and_settings_of_git_are_found(town):
    copy = town.home / "executor" / "spare"
    copy.write_bytes((town.home / "keys" / "executor.key").read_bytes())
    config = town.bare / "config"
    before = config.read_text()
    config.write_text(before + "[credential]\n\thelper = store\n")
    try:
        found = {row["where"] for row in scanned(town, status=1)["found"] if row["state"] == "USABLE"}
        assert found >= {str(copy), str(config)}
    finally:
        copy.unlink()
        config.write_text(before)
    scanned(town, status=0)


@pytest.mark.requirement("R50")
def test_what_may_not_be_read_is_told_and_never_counts_as_searched(tmp_path):
    """As a user who may not: in a child that is nobody."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent.owner() == "root" and parent != Path("/tmp"):
            parent.chmod(0o755)
    shut, folder = tmp_path / "shut.txt", tmp_path / "folder"
    shut.write_text("x")
    shut.chmod(0o600)
    folder.mkdir(mode=0o700)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        search = Search(issued={}, asks=lambda token, repository: False)
        search_home(search, tmp_path, keys={}, left_out=frozenset())
        os.write(write, json.dumps(search.unsearched).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    told = json.loads(os.read(read, 65536))
    assert {where for where, _ in told} == {str(shut), str(folder)}


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("around", [b"%s", b"x%sy", b"https://x:%s@h/", b"a b\0%s\0", b"-%s-"])
def test_a_token_is_seen_in_any_surrounding(around):
    text = secrets.token_urlsafe(32).encode()
    wanted = hashlib.sha256(text).hexdigest()
    whole = around % text
    assert wanted in {hashed for hashed, _ in token_like(whole)}
    twice = base64.b64encode(b"{" + base64.b64encode(b"some words before " + whole + b" and after") + b"}")
    assert wanted in {hashed for hashed, _ in token_like(b'"' + twice + b'"')}


@pytest.mark.requirement("R50")
def test_a_gap_is_never_a_good_end():
    def status(**parts):
        search = Search(issued={}, asks=lambda token, repository: False)
        for name, value in parts.items():
            setattr(search, name, value)
        return _status(Scan(search=search, orphans=()))

    one = [("there", "something")]
    assert status() == 0
    assert status(dead=one, reachable=one) == 0
    assert status(unsearched=one) == 4
    assert status(usable=one, unsearched=one) == 1
    assert _status(Scan(search=Search(issued={}, asks=lambda token, repository: False), orphans=("lse-x",))) == 1


@pytest.mark.requirement("R50")
def test_each_root_has_an_owner_a_reason_a_place_and_a_day(town):
    rows = {row["root"]: row for row in town.json("leases", "--roots")}
    assert rows.keys() >= {
        "gate store",
        "gate",
        "executor",
        "warrant",
        "front",
        "log",
        "witness",
        "redaction",
        "person anna",
    }
    assert all(row["owner"] and row["reason"] and row["bound"] and row["lives"] for row in rows.values())
    assert rows.pop("gate store")["rotation"] == "no key"
    assert all(row["rotation"] == "ok" and row["since"] < row["rotate_by"] for row in rows.values())
    assert str(town.home / "keys" / "executor.key") in rows["executor"]["lives"]
    settings = town.home / "magistrate.toml"
    before = settings.read_text()
    assert "process_days = 90" in before
    settings.write_text(before.replace("process_days = 90", "process_days = 10"))
    try:
        assert town.json("leases", "--roots")[1]["rotation"].startswith("due in ")
    finally:
        settings.write_text(before)


@pytest.mark.requirement("R50", "R52")
def test_the_client_key_of_workload_identity_is_a_root_and_known_only_where_the_settings_name_it(town):
    settings, key = town.home / "magistrate.toml", town.home / "keys" / "workload-client.pem"
    before = settings.read_text()
    key.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    key.chmod(0o600)
    told = WorkloadIssuer(
        grant="client_credentials", issuer="https://issuer.example", audience="magistrate-gate-staging", client_id="fake",
        client_key=key, client_key_id="c1",
    )  # fmt: skip
    try:
        assert any("workload-client.pem" in row["where"] for row in scanned(town, status=1)["found"])
        settings.write_text(settings_text(replace(load_settings(town.home), workload_issuer=told)))
        assert not any("workload-client.pem" in row["where"] for row in scanned(town, status=0)["found"])
        row = next(row for row in town.json("leases", "--roots") if row["root"] == "workload client")
        assert str(key) in row["lives"]
        assert row["key"] == "c1"
        assert "https://issuer.example" in town("doctor", status=None)
    finally:
        settings.write_text(before)
        key.unlink()


@pytest.mark.requirement("R50", "R55")
def test_a_root_alone_and_two_together_open_nothing_and_each_refusal_is_in_the_log(town):
    tip = town.tip()
    log = (town.home / "run" / "gate.log").read_text()
    told = json.loads(town("leases", "--roots", "--probe", "-o", "json", status=0))
    probes = {(row["root"], row["tried"]): row for row in told["probes"]}
    assert all(row["held"] == "yes" for row in probes.values()), told
    assert {root for root, _ in probes} == {
        "executor",
        "warrant",
        "front",
        "gate",
        "log",
        "witness",
        "warrant and executor",
    }
    wanted = {
        "a lease with no case": "MAG-E339",
        "the way back of a warrant that had no effect": "MAG-E339",
        "a lease under a warrant that is used and expired": "MAG-E",
        "a lease that another executor signed": "MAG-E107",
        "a lease under a fresh warrant without approvals": "MAG-E121",
        "a lease under a second warrant over the approvals of the first": "MAG-E",
        "a lease under a fresh warrant for another executor": "MAG-E124",
    }
    by_executor = {tried: row["seen"] for (root, tried), row in probes.items() if "executor" in root}
    assert by_executor.keys() == wanted.keys()
    for tried, code in wanted.items():
        assert by_executor[tried].startswith(code), (tried, by_executor[tried])
    assert town.tip() == tip
    assert not town.json("leases", "--live")
    new = (town.home / "run" / "gate.log").read_text().removeprefix(log)
    assert new.count("refused POST /gate/v1/leases") >= len(probes)


@pytest.mark.requirement("R50")
def test_a_root_that_cannot_be_tried_is_no_good_end(town):
    key = town.home / "keys" / "front.key"
    key.rename(key.with_suffix(".away"))
    try:
        told = json.loads(town("leases", "--roots", "--probe", "-o", "json", status=4))
        assert [row["held"] for row in told["probes"] if row["root"] == "front"] == ["not tried"]
    finally:
        key.with_suffix(".away").rename(key)
