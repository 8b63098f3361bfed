"""A real gate that asks for workload tokens: with one it grants, without one it says why not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.gate_world import GateWorld, make_gate_world
from world.workload import SUBJECT, Issuer

from magistrate.domain.execution import LeasePurpose
from magistrate.wire.gate_api import DrillLeaseRequest, LeaseRequest

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R52"), pytest.mark.requirement("R4")]


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def gate(tmp_path: Path, issuer: Issuer) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path, workloads=issuer.asked_by)
    world.start()
    yield world
    world.stop()


def fresh(issuer: Issuer, **more: Any) -> str:
    return issuer.token(now=int(time.time()), **more)


def test_a_credential_comes_with_a_token_and_only_with_one(gate: GateWorld, issuer: Issuer):
    wrong = {
        "none came": "", "another subject": fresh(issuer, claims={"sub": f"{SUBJECT}-b"}),
        "another audience": fresh(issuer, claims={"aud": "magistrate-gate-live"}),
        "signature": Issuer().token(now=int(time.time())),
    }  # fmt: skip
    for why, token in wrong.items():
        answer = gate.ask(workload=lambda _, token=token: token)
        assert answer.status_code == 403, answer.text
        assert why in answer.text
        assert "MAG-E128" in answer.text
        assert not token or token.rpartition(".")[2] not in answer.text + gate.log.read_text()
    held = gate.ask(workload=lambda lease: fresh(issuer, claims={"nonce": lease}))
    assert held.status_code == 200, held.text


def test_a_token_without_the_key_of_the_executor_opens_nothing(gate: GateWorld, issuer: Issuer):
    bundle: Any = gate.case().build()
    for signer, caller in (("front", "front"), ("control", "executor"), ("executor", "control")):
        lease = gate.lease(bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), signer=signer)
        asked = LeaseRequest(lease=lease, bundle=bundle, withdrawals=(), workload=fresh(issuer))
        assert gate.post("/gate/v1/leases", asked, caller=caller).status_code in {401, 403}


def test_a_token_is_used_once_also_after_a_kill(gate: GateWorld, issuer: Issuer):
    token = fresh(issuer)
    first = gate.ask(workload=lambda _: token)
    assert first.status_code == 200, first.text
    lease = msgspec.json.decode(first.content)["lease"]
    assert gate.post(f"/gate/v1/leases/{lease}/revoke", {}).status_code == 200
    for _ in range(2):
        again = gate.ask(workload=lambda _: token)
        assert again.status_code == 403
        assert "MAG-E348" in again.text
        gate.kill()
        gate.start()


def test_the_way_back_shows_what_its_effect_had_to_show(gate: GateWorld, issuer: Issuer):
    from world.gate_world import REF

    bundle: Any = gate.case().build()
    answer = gate.ask(bundle=bundle, workload=lambda _: fresh(issuer))
    assert answer.status_code == 200, answer.text
    credential = msgspec.json.decode(answer.content)
    assert gate.push(credential["token"], f"{gate.change}:{REF}").returncode == 0
    gate.kill()
    gate.start()

    def back(token: str) -> Any:
        lease = gate.lease(
            bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), purpose=LeasePurpose.ROLLBACK,
            old=gate.change, commit=gate.base, tree=gate.base_tree,
        )  # fmt: skip
        return gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=(), workload=token))

    refused = back("")
    assert refused.status_code == 403
    assert "none came" in refused.text
    assert back(fresh(issuer)).status_code == 200


def test_a_drill_shows_a_token_too(gate: GateWorld, issuer: Issuer):
    order = gate.drill_order()
    commit = gate.scratch(order)
    assert commit.status_code == 200, commit.text
    old = msgspec.json.decode(commit.content)["commit"]
    asked = gate.drill_lease(order, old=old, commit=old)
    refused = gate.post("/gate/v1/drill-leases", asked)
    assert refused.status_code == 403
    assert "none came" in refused.text
    asked = gate.drill_lease(order, old=old, commit=old)
    with_token = DrillLeaseRequest(lease=asked.lease, order=asked.order, workload=fresh(issuer))
    assert gate.post("/gate/v1/drill-leases", with_token).status_code == 200


def test_where_policy_asks_for_none_nothing_changes(tmp_path: Path):
    world = make_gate_world(tmp_path, workloads=lambda _: ())
    world.start()
    try:
        assert world.ask().status_code == 200
        assert world.ask(workload=lambda _: "whatever").status_code == 403  # the ref is held: not the token
    finally:
        world.stop()
