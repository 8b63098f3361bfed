"""Whoever holds the executor's key undoes nothing that was verified and is over (R4, R58)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.domain.execution import LeasePurpose
from magistrate.wire.gate_api import Credential, HoldRelease, LeaseRequest

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R4", "R58")]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


@pytest.mark.parametrize("over", [True, False])
def test_undo_what_people_agreed_to(gate: GateWorld, over: bool) -> None:
    """undo-what-people-agreed-to: The thief asks for the way back of a change that was verified and is over."""
    bundle: Any = gate.case().build()
    warrant = bundle.warrant.payload_digest()
    effect = gate.credential(bundle=bundle)
    assert gate.push(effect.token, f"{gate.change}:{REF}").returncode == 0
    if over:
        gate.post("/gate/v1/holds/release", HoldRelease(warrant=warrant))
    inverse = git(gate.work, "commit-tree", gate.base_tree, "-p", gate.change, "-m", "undo")
    lease = gate.lease(
        warrant, bundle.proposal.payload_digest(), purpose=LeasePurpose.ROLLBACK, old=gate.change, commit=inverse,
        tree=gate.base_tree,
    )  # fmt: skip
    answer = gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=()))
    if not over:  # the executor itself, while it verifies
        token = msgspec.json.decode(answer.content, type=Credential).token
        assert gate.push(token, f"{inverse}:{REF}").returncode == 0
        return
    error = answer.json()["error"]
    assert (error["code"], "the warrant is over" in error["message"]) == ("MAG-E339", True), error
    assert gate.tip() == gate.change
