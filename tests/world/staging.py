"""From the draft of what a stage is brought to its end, through every process of a deployment, with people who agree."""

from __future__ import annotations

from typing import Any

from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness
from world.front_process import Assistant, start_front

from magistrate.wire.drill import DrillOrder

PEOPLE = "/api/v1/people"
ENDED = {"SUCCEEDED", "FAILED", "HALTED", "ROLLED_BACK", "APPROVED_NOT_EXECUTED", "STALE"}


def brought(world: CaseWorld, stage: str, environment: str) -> dict[str, Any]:
    """Draft that a stage is brought up to date, drill its environment, have people agree, and wait for the end."""
    opened, started = world.session(), []
    world.store.close()
    town = world.deployment
    try:
        started += [start_witness(town), start_control(town), start_gate(town), start_executor(town), start_front(town)]
        anna, ben = (Caller(town, name) for name in ("anna", "ben"))
        body = DrillOrder(person="anna", repository="shop", environment=environment, scratch="drill-shop")
        order = town.by_person("anna", body, "dro", lifetime=3600)
        assert anna.post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        ben.awaited(f"{PEOPLE}/drills", lambda found: str(found["results"]).count("'passed': True") >= 4, 60)
        agent = Assistant(town, opened.session, opened.token)
        status, answer = agent.call(
            "submit_proposal", deploy=f"no-{stage}", rationale="bring it", prompt="bring it", finding=world.finding.id
        )
        assert (status, answer["error"]["code"]) == (403, "MAG-E545"), answer
        told = agent.good(
            "submit_proposal", deploy=stage, rationale="bring it", prompt="bring it", finding=world.finding.id
        )
        path = f"{PEOPLE}/cases/{told['proposal'][7:]}"
        told = ben.awaited(path, lambda found: found["case"]["state"] in {"IN_REVIEW", "HELD"})
        assert told["case"]["state"] == "IN_REVIEW", told["case"]
        assert told["case"]["strictness"] == "two"
        for name in ("ben", "carla", "dora"):
            case = world.case_of(f"sha256:{path.rsplit('/', 1)[1]}")
            if case.standing.state.value == "IN_REVIEW":
                said = Caller(town, name).post(f"{path}/approvals", {"envelope": world.approval(name, case)})
                assert said.status_code == 200, said.text
        told = ben.awaited(path, lambda found: found["case"]["state"] in ENDED, 60)
        told["log"] = (world.home / "run" / "executor.log").read_text()[-3000:]
        told["readiness"] = ben.get(f"{PEOPLE}/status").json()["readiness"]
        return told
    finally:
        for running in reversed(started):
            running.stop()
