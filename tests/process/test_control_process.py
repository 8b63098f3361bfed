"""Control as a real process with a real witness: the way of a case over HTTP, and kill -9 on it."""

import sqlite3
from contextlib import closing
from itertools import pairwise

import msgspec
import pytest
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_witness
from world.deployment import new_id

from magistrate.adapters.stop_files import read_stops
from magistrate.authority.stops import standing_freezes
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import document, seal_by_person
from magistrate.wire.envelope import join_signatures
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.report import Outcome, Report

pytestmark = pytest.mark.slow
PEOPLE = "/api/v1/people"
TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path, executors=("executor", "executor-b"))
    made.store.close()
    return made


@pytest.fixture
def witness(world):
    running = start_witness(world.deployment)
    yield running
    running.stop()


@pytest.fixture
def control(world, witness):
    running = start_control(world.deployment)
    yield running
    running.stop()


def replayed_state(home, proposal):
    """The state as the log alone tells it."""
    with closing(sqlite3.connect(home / "control" / "store.db", isolation_level=None)) as rows:
        query = "SELECT p.bytes FROM event e JOIN log_payload p ON p.commitment = e.facts WHERE e.subject = ? ORDER BY e.seq"
        told = [msgspec.json.decode(content)["facts"] for (content,) in rows.execute(query, (proposal,))]
        (kept,) = rows.execute("SELECT state FROM case_state WHERE proposal = ?", (proposal,)).fetchone()
    paths = [facts["states"].split() for facts in told if "states" in facts]
    for before, after in pairwise(paths):
        assert before[-1] == after[0]
    return paths[-1][-1], kept


def submitted(world, front):
    request = world.proposal(TYPO)
    answer = front.post("/internal/v1/proposals", request)
    assert answer.status_code == 200, answer.text
    return answer.json()["proposal"]


@pytest.mark.requirement("R56")
def test_a_warrant_is_offered_and_given_to_the_executor_that_it_names(world, control):
    front, ben, named, other = (Caller(world.deployment, name) for name in ("front", "ben", "executor", "executor-b"))
    proposal = submitted(world, front)
    path = f"{PEOPLE}/cases/{proposal[7:17]}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
    ben.post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(proposal))})
    work = named.awaited("/api/v1/executor/warrants", lambda found: found["bundles"])
    assert other.get("/api/v1/executor/warrants").json() == {"bundles": []}
    bundle = msgspec.convert(work["bundles"][0], CaseBundle)
    assert bundle.warrant is not None
    warrant = world.deployment.trusted_roster().open_by_control(bundle.warrant, _warrant())
    taking = f"/api/v1/executor/warrants/{warrant.id}/taken"
    refused = other.post(taking, {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "MAG-E124")
    assert named.post(taking, {}).status_code == 200


@pytest.mark.requirement("R37", "R60", "R62", "R85")
def test_a_case_goes_from_proposal_to_report_over_http(world, control):
    front, ben, executor = (Caller(world.deployment, name) for name in ("front", "ben", "executor"))
    proposal = submitted(world, front)
    path = f"{PEOPLE}/cases/{proposal[7:17]}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
    case = world.case_of(proposal)
    said = ben.post(f"{path}/approvals", {"envelope": world.approval("ben", case)})
    assert said.json()["state"] == "CLEARED", said.text
    work = executor.awaited("/api/v1/executor/warrants", lambda found: found["bundles"])
    bundle = msgspec.convert(work["bundles"][0], CaseBundle)
    world.admits(bundle)
    assert bundle.warrant is not None
    warrant = world.deployment.trusted_roster().open_by_control(bundle.warrant, _warrant())
    assert executor.post(f"/api/v1/executor/warrants/{warrant.id}/taken", {}).status_code == 200
    assert executor.post(f"/api/v1/executor/warrants/{warrant.id}/taken", {}).status_code == 409
    report = Report(
        warrant=bundle.warrant.payload_digest(),
        proposal=proposal,
        outcome=Outcome.FAILED,
        why="checks were red",
        steps=(),
        ref_before=warrant.body.effect.old,
        ref_after=warrant.body.effect.old,
        leases_open=0,
        journal_head="sha256:" + "0" * 64,
    )
    envelope = world.deployment.by_process("executor", report, "rep")
    for _ in range(2):
        settled = executor.post("/api/v1/executor/reports", {"envelope": envelope})
        assert settled.json()["state"] == "FAILED", settled.text
    told = ben.get(path).json()
    assert told["texts"]["prompt"] == "fix it"
    assert told["texts"]["diff"].startswith("diff --git")
    assert [e["event"] for e in told["events"]][-1] == "case.closed"
    assert replayed_state(world.home, proposal) == ("FAILED", "FAILED")


def _warrant():
    from magistrate.wire.warrant import Warrant

    return Warrant


@pytest.mark.requirement("R37", "R45")
def test_each_door_is_for_its_own_callers_and_a_request_works_once(world, control):
    anna, executor, front = (Caller(world.deployment, name) for name in ("anna", "executor", "front"))
    assert anna.get("/api/v1/executor/warrants").status_code == 403
    assert executor.get(f"{PEOPLE}/cases").status_code == 403
    assert front.get(f"{PEOPLE}/cases").status_code == 404
    assert anna.post("/internal/v1/token", {}).status_code == 404
    assert anna.send("GET", f"{PEOPLE}/cases").status_code == 401
    path = f"{PEOPLE}/sessions"
    body = msgspec.json.encode({"agent": "fixer", "finding": world.finding.id, "reason": "fix", "minutes": 5})
    headers = world.deployment.authorization("anna", "POST", path, body)
    first = anna.send("POST", path, body, headers)
    again = anna.send("POST", path, body, headers)
    assert (first.status_code, again.status_code) == (200, 401), first.text
    assert again.json()["error"]["code"] == "MAG-E453"
    assert first.json()["token"] not in anna.get(f"{PEOPLE}/sessions").text
    other = anna.send("POST", path, body + b" ", world.deployment.authorization("anna", "POST", path, body))
    assert other.status_code == 401
    assert anna.get(f"{PEOPLE}/status").json()["cases"] == {}


@pytest.mark.requirement("R62")
def test_killed_between_steps_log_and_state_agree_and_the_case_goes_on(world, control):
    front = Caller(world.deployment, "front")
    running, proposals = control, []
    for _ in range(3):
        proposals.append(submitted(world, front))
        running.kill()
        said, kept = replayed_state(world.home, proposals[-1])
        assert said == kept
        running = start_control(world.deployment)
        front = Caller(world.deployment, "front")
    try:
        ben = Caller(world.deployment, "ben")
        for proposal in proposals:
            ben.awaited(f"{PEOPLE}/cases/{proposal[7:27]}", lambda found: found["case"]["state"] == "IN_REVIEW")
            assert replayed_state(world.home, proposal) == ("IN_REVIEW", "IN_REVIEW")
    finally:
        running.stop()


@pytest.mark.requirement("R62")
def test_without_the_witness_no_warrant_is_handed_out(world, control, witness):
    front, ben, executor = (Caller(world.deployment, name) for name in ("front", "ben", "executor"))
    proposal = submitted(world, front)
    path = f"{PEOPLE}/cases/{proposal[7:17]}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
    witness.kill()
    said = ben.post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(proposal))})
    assert said.json()["state"] == "CLEARED"
    import time

    time.sleep(2)
    assert executor.get("/api/v1/executor/warrants").json() == {"bundles": []}
    assert ben.get(path).json()["case"]["state"] == "CLEARED"
    again = start_witness(world.deployment)
    try:
        executor.awaited("/api/v1/executor/warrants", lambda found: found["bundles"])
    finally:
        again.stop()


@pytest.mark.requirement("R61")
def test_control_does_not_start_on_a_log_that_was_changed(world, witness):
    running = start_control(world.deployment)
    ben = Caller(world.deployment, "ben")
    submitted(world, Caller(world.deployment, "front"))
    ben.awaited(f"{PEOPLE}/log/checkpoint", lambda found: found["checkpoint"])
    running.stop()
    with closing(sqlite3.connect(world.home / "control" / "store.db", isolation_level=None)) as rows:
        rows.execute("DROP TRIGGER log_entry_no_update")
        rows.execute("UPDATE log_entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'sealed', 'SEALED') AS BLOB)")
    with pytest.raises(AssertionError, match="MAG-E2"):
        start_control(world.deployment)


def sarif(*lines):
    results = [
        {
            "ruleId": "F401", "message": {"text": "unused"}, "level": "warning",
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": line}}}
            ],
        }
        for line in lines
    ]  # fmt: skip
    run = {"tool": {"driver": {"name": "ruff", "rules": []}}, "results": results}
    return msgspec.json.encode({"version": "2.1.0", "runs": [run]})


def test_findings_come_in_once_by_those_who_may_and_front_sees_them(world, control):
    anna, dora, front = (Caller(world.deployment, name) for name in ("anna", "dora", "front"))
    path = f"{PEOPLE}/findings/ingest?repository=shop&filename=results.sarif"
    first = anna.post(path, sarif(4, 5)).json()
    again = anna.post(path, sarif(4, 5)).json()
    assert (first["new"], first["total"], again["new"], again["duplicate"]) == (2, 2, 0, 2)
    assert dora.post(path, sarif(4)).status_code == 403
    assert anna.post(path, sarif(4)[:-20]).status_code in {400, 403}
    assert anna.post(path.replace("shop", "nothing"), sarif(4)).status_code == 404
    listed = anna.get(f"{PEOPLE}/findings?limit=2").json()
    assert len(listed["findings"]) == 2
    assert len(anna.get(f"{PEOPLE}/findings?after={listed['next']}").json()["findings"]) == 1
    wish = {"agent": "fixer", "finding": listed["findings"][0]["id"], "reason": "fix", "minutes": 5}
    opened = anna.post(f"{PEOPLE}/sessions", wish).json()
    from magistrate.wire.canonical import digest

    question = {"token_sha256": digest(opened["token"].encode()), "client_sha256": digest(b"client")}
    view = front.post("/internal/v1/token", question).json()
    assert view["ref"] == "refs/heads/main"
    assert view["commit"] == world.repositories.tip("shop", "refs/heads/main")
    assert front.post("/internal/v1/token", {**question, "client_sha256": digest(b"other")}).status_code == 403
    page = front.post("/internal/v1/findings", {"session": opened["session"], "limit": 5, "after": ""}).json()
    assert len(page["findings"]) == 3
    one = front.post("/internal/v1/finding", {"session": opened["session"], "id": page["findings"][0]["id"]})
    assert one.json() == page["findings"][0]


@pytest.mark.requirement("R60", "R61")
def test_the_log_is_exported_and_followed(world, control):
    import io
    import tarfile

    ben = Caller(world.deployment, "ben")
    proposal = submitted(world, Caller(world.deployment, "front"))
    ben.awaited(f"{PEOPLE}/cases/{proposal[7:17]}", lambda found: found["case"]["state"] == "IN_REVIEW")
    told = ben.get(f"{PEOPLE}/events?after=-1").json()["events"]
    assert [e["seq"] for e in told] == list(range(len(told)))
    assert {"proposal.sealed", "assessment.made", "decision.made"} <= {e["event"] for e in told}
    with tarfile.open(fileobj=io.BytesIO(ben.get(f"{PEOPLE}/log/export").content)) as archive:
        assert any(name.startswith("log/") for name in archive.getnames())


@pytest.mark.requirement("R59")
def test_a_freeze_told_to_control_stops_executor_and_gate_too_and_a_thaw_lifts_it(world, control):
    deployment, people = world.deployment, {name: Caller(world.deployment, name) for name in ("ben", "carla")}
    scope = Scope(repository=None, environment=None, agent=None, change_class=None)
    freeze = deployment.by_person("carla", Freeze(person="carla", scope=scope, reason="fire", epoch=5), "frz")

    def standing():
        stops = read_stops(deployment.settings.freeze)
        return [f.reason for f in standing_freezes(stops, deployment.trusted_roster()).values()]

    answer = people["carla"].post("/api/v1/people/freezes", {"envelope": freeze})
    assert answer.json()["reaches_executor_and_gate"], answer.text
    assert standing() == ["fire"]
    for epoch, signers, status in ((6, ("ben",), 403), (5, ("ben", "carla"), 403), (6, ("ben", "carla"), 200)):
        body = document(Thaw(freeze=freeze.payload_digest(), reason="out", epoch=epoch), deployment=deployment.name,
                        id=new_id("thw"), now=world.now, lifetime=None)  # fmt: skip
        signed = [seal_by_person(body, deployment.people[name]) for name in signers]
        thaw = signed[0] if len(signed) == 1 else join_signatures(*signed)
        assert standing() == ["fire"]
        assert people["ben"].post("/api/v1/people/freezes", {"envelope": thaw}).status_code == status
    assert standing() == []
    assert people["ben"].get("/api/v1/people/status").json()["frozen"] == []
