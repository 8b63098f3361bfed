"""A ref left half done is held by the gate's own record until people close the case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.adapters.stop_files import drop_stop
from magistrate.domain.execution import LeasePurpose
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.closure import Closure
from magistrate.wire.gate_api import Credential, HoldHalt, HoldRelease, LeaseRequest


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


def landed(gate: GateWorld) -> CaseBundle:
    """A change that went through the gate."""
    bundle = gate.case().build()
    credential = gate.credential(bundle=bundle)
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode == 0
    return bundle


def undo(gate: GateWorld, bundle: CaseBundle) -> tuple[httpx.Response, str]:
    """Ask for the inverse."""
    assert bundle.warrant is not None
    inverse = git(gate.work, "commit-tree", gate.base_tree, "-p", gate.change, "-m", "inverse")
    lease = gate.lease(
        bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), purpose=LeasePurpose.ROLLBACK,
        old=gate.change, commit=inverse, tree=gate.base_tree,
    )  # fmt: skip
    return gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=())), inverse


def release(gate: GateWorld, bundle: CaseBundle) -> None:
    assert bundle.warrant is not None
    done = gate.post("/gate/v1/holds/release", HoldRelease(warrant=bundle.warrant.payload_digest()))
    assert done.status_code == 200


def halt(gate: GateWorld, bundle: CaseBundle, **changes: Any) -> None:
    """The executor says that it halted."""
    assert bundle.warrant is not None
    told = {"warrant": bundle.warrant.payload_digest(), "proposal": bundle.proposal.payload_digest(), "owner": "anna",
            "repository": "shop", "ref": REF, "why": "another hand moved it"}  # fmt: skip
    assert gate.post("/gate/v1/holds/halt", HoldHalt(**{**told, **changes})).status_code == 200


def next_case(gate: GateWorld) -> httpx.Response:
    """Somebody asks for the ref as it stands now, with a whole new case."""
    tip = gate.tip()
    tree = git(gate.bare, "rev-parse", f"{tip}^{{tree}}")
    from magistrate.wire.effect import git_rollback_plan_digest

    plan = git_rollback_plan_digest(repository="shop", ref=REF, restore_tree=tree)
    bundle = gate.case(
        effect={"old": tip, "base_tree": tree, "pre_state": tree, "rollback_plan_digest": plan}, approval={"base": tip}
    ).build()
    return gate.ask(bundle=bundle, old=tip)


def closure(gate: GateWorld, bundle: CaseBundle, person: str, **changes: Any) -> None:
    fields = {"person": person, "proposal": bundle.proposal.payload_digest(), "repository": "shop", "ref": REF,
              "tip": gate.tip(), "reason": "set right", "self_reviewed": False}  # fmt: skip
    drop_stop(gate.settings.freeze, gate.town.by_person(person, Closure(**{**fields, **changes}), "cls"))


def held(gate: GateWorld, bundle: CaseBundle) -> bool:
    answer = next_case(gate)
    words = f"held: {REF} is halted by {bundle.proposal.payload_digest()[7:19]}; two people close it"
    assert answer.status_code in {200, 403}, answer.text
    return answer.status_code == 403 and words in answer.text


@pytest.mark.slow
@pytest.mark.requirement("R58")
def test_an_inverse_that_was_asked_for_and_never_went_through_holds_the_ref(gate: GateWorld) -> None:
    bundle = landed(gate)
    answer, _ = undo(gate, bundle)
    assert answer.status_code == 200
    lease = msgspec.json.decode(answer.content, type=Credential).lease
    assert gate.post(f"/gate/v1/leases/{lease}/revoke", {}).status_code == 200
    release(gate, bundle)  # whatever the executor says afterwards
    assert held(gate, bundle)
    gate.kill()
    gate.start()
    assert held(gate, bundle)
    closure(gate, bundle, "carla")
    assert held(gate, bundle)
    closure(gate, bundle, "carla", reason="again")
    closure(gate, bundle, "anna")  # owns the agent
    closure(gate, bundle, "ben", proposal="sha256:" + "0" * 64)
    assert held(gate, bundle)
    closure(gate, bundle, "ben")
    assert next_case(gate).status_code == 200
    for path in gate.settings.freeze.glob("closure-*.json"):
        path.unlink()
    release(gate, bundle)
    assert not held(gate, bundle), "seen once is enough"


@pytest.mark.slow
@pytest.mark.requirement("R58")
def test_an_inverse_that_went_through_holds_nothing(gate: GateWorld) -> None:
    bundle = landed(gate)
    answer, inverse = undo(gate, bundle)
    token = msgspec.json.decode(answer.content, type=Credential).token
    assert gate.push(token, f"{inverse}:{REF}").returncode == 0
    release(gate, bundle)
    assert next_case(gate).status_code == 200


@pytest.mark.slow
@pytest.mark.requirement("R58")
@pytest.mark.parametrize("named", [{}, {"proposal": "sha256:" + "0" * 64, "owner": "ben"}], ids=["true", "false"])
def test_the_word_of_the_executor_holds_a_ref_and_never_frees_one(gate: GateWorld, named: dict[str, str]) -> None:
    bundle = landed(gate)
    halt(gate, bundle, **named)
    assert held(gate, bundle), "the gate names the case that it admitted itself"
    release(gate, bundle)
    assert held(gate, bundle)
    closure(gate, bundle, "carla")
    closure(gate, bundle, "ben")
    assert next_case(gate).status_code == 200
    halt(gate, bundle)  # told again, late
    assert not held(gate, bundle), "what people closed stays closed"


def test_only_an_executor_says_that_it_halted(gate: GateWorld) -> None:
    told = HoldHalt(
        warrant="sha256:" + "0" * 64, proposal="sha256:" + "0" * 64, owner="", repository="shop", ref=REF, why="no"
    )
    for caller in ("front", "control", "carla"):
        assert gate.post("/gate/v1/holds/halt", told, caller=caller).status_code in {401, 403}
    assert gate.ask().status_code == 200
