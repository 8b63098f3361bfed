"""A freeze, thaw or withdrawal handed to the gate itself: no control, no file drop; live credentials die with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from world.gate_world import REF, GateWorld, make_gate_world

from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope
from magistrate.wire.gate_api import LeaseView, StopKept, StopList
from magistrate.wire.proposal import Proposal
from magistrate.wire.withdrawal import Withdrawal


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


def tell(gate: GateWorld, envelope: Envelope) -> httpx.Response:
    """As anybody on the machine can: without a signature under the request."""
    return httpx.post(f"{gate.url}/gate/v1/stops", content=envelope.encode(), timeout=30)


def kept(answer: httpx.Response) -> StopKept:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=StopKept)


def freeze(gate: GateWorld, person: str = "carla", epoch: int = 1, **scope: Any) -> Envelope:
    whole = {"repository": None, "environment": None, "agent": None, "change_class": None, **scope}
    body = Freeze(person=person, scope=Scope(**whole), reason="incident", epoch=epoch)
    return gate.town.by_person(person, body, "frz")


def withdrawal(gate: GateWorld, bundle: CaseBundle, person: str, number: int = 0) -> Envelope:
    body = Withdrawal(
        person=person, proposal=bundle.proposal.payload_digest(), approval=bundle.approvals[number].payload_digest(),
        reason="seen a mistake", epoch=1,
    )  # fmt: skip
    return gate.town.by_person(person, body, "wdr")


def view(gate: GateWorld, lease: str) -> LeaseView:
    return msgspec.json.decode(gate.get(f"/gate/v1/leases/{lease}").content, type=LeaseView)


@pytest.mark.slow
@pytest.mark.requirement("R59")
@pytest.mark.requirement("R53")
def test_a_freeze_told_to_the_gate_ends_the_live_credential_at_once_and_outlasts_a_kill(gate: GateWorld) -> None:
    credential = gate.credential()
    began = time.monotonic()
    told = kept(tell(gate, freeze(gate, repository="shop")))
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0
    took = time.monotonic() - began
    assert told.ended == (credential.lease,)
    assert view(gate, credential.lease).state == "revoked"
    assert gate.tip() == gate.base
    assert took < 20  # generous: what it takes is measured by the benchmark
    assert "frozen by" in gate.ask().text
    gate.kill()
    gate.start()
    assert "frozen by" in gate.ask().text
    assert not gate.settings.freeze.exists() or not list(gate.settings.freeze.iterdir())


@pytest.mark.slow
@pytest.mark.requirement("R59")
@pytest.mark.requirement("R53")
def test_a_file_in_the_drop_ends_the_credential_that_is_held(gate: GateWorld) -> None:
    credential = gate.credential()
    gate.settings.freeze.mkdir(exist_ok=True)
    (gate.settings.freeze / "now.json").write_bytes(freeze(gate, repository="shop").encode())
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0
    assert view(gate, credential.lease).state == "revoked"
    (gate.settings.freeze / "now.json").unlink()
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0  # dead, not asleep
    assert gate.tip() == gate.base


@pytest.mark.slow
@pytest.mark.requirement("R59")
@pytest.mark.parametrize(
    ("scope", "stops"),
    [
        ({}, True), ({"repository": "shop", "environment": "staging"}, True), ({"repository": "other"}, False),
        ({"environment": "production"}, False), ({"repository": "shop", "environment": "production"}, False),
        ({"agent": "nobody"}, False), ({"change_class": "secrets"}, False),
    ],
)  # fmt: skip
def test_a_scope_ends_what_fits_all_of_it_and_nothing_else(gate: GateWorld, scope: dict[str, Any], stops: bool) -> None:
    credential = gate.credential()
    told = kept(tell(gate, freeze(gate, **scope)))
    assert bool(told.ended) is stops
    assert (gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0) is stops


@pytest.mark.requirement("R59")
def test_agent_and_class_of_the_case_are_known_to_the_gate(gate: GateWorld) -> None:
    bundle = gate.case().build()
    agent = open_envelope(bundle.proposal, Proposal, deployment=gate.town.name).body.agent
    credential = gate.credential(bundle=bundle)
    assert kept(tell(gate, freeze(gate, agent=agent))).ended == (credential.lease,)


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_two_persons_lift_it_at_the_gate_and_the_old_pair_told_again_changes_nothing(gate: GateWorld) -> None:
    first = freeze(gate, repository="shop")
    name = kept(tell(gate, first)).name
    assert name == first.payload_digest()
    alone = tell(gate, gate.thaw(first, "carla"))
    assert (alone.status_code, alone.json()["error"]["code"]) == (403, "MAG-E121")
    twice = gate.thaw(first, "carla")
    twice = msgspec.structs.replace(twice, signatures=(*twice.signatures, *twice.signatures))
    assert tell(gate, twice).status_code in {401, 403}
    assert "frozen by" in gate.ask().text
    pair = gate.thaw(first, "carla", "ben")
    kept(tell(gate, pair))
    assert gate.ask().status_code == 200
    kept(tell(gate, first))  # the lifted freeze once more
    listed = msgspec.json.decode(gate.get("/gate/v1/stops").content, type=StopList)
    assert listed.freezes == ()
    second = freeze(gate, epoch=2, repository="shop")
    kept(tell(gate, second))
    kept(tell(gate, pair))  # the old thaw once more
    gate.kill()
    gate.start()
    assert "frozen by" in gate.ask().text


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_a_thaw_that_is_not_newer_lifts_nothing(gate: GateWorld) -> None:
    late = freeze(gate, epoch=2, repository="shop")  # thaws of this world have the epoch 2
    kept(tell(gate, late))
    kept(tell(gate, gate.thaw(late, "carla", "ben")))
    assert "frozen by" in gate.ask().text


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_a_withdrawal_told_to_the_gate_ends_the_credential_of_that_approval(gate: GateWorld) -> None:
    bundle = gate.case().build()
    credential = gate.credential(bundle=bundle)
    from magistrate.wire.approval import Approval

    person = open_envelope(bundle.approvals[0], Approval, deployment=gate.town.name).body.person
    stranger = next(name for name in gate.town.people if name != person)
    forged = Withdrawal(
        person=person, proposal=bundle.proposal.payload_digest(), approval=bundle.approvals[0].payload_digest(),
        reason="not mine", epoch=1,
    )  # fmt: skip
    assert tell(gate, gate.town.by_person(stranger, forged, "wdr")).status_code == 403
    assert kept(tell(gate, withdrawal(gate, bundle, stranger))).ended == ()
    assert kept(tell(gate, withdrawal(gate, bundle, person))).ended == (credential.lease,)
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_what_is_not_believed_is_not_kept(gate: GateWorld) -> None:
    good = freeze(gate)
    ben = gate.town.by_person("ben", Freeze(
        person="ben", scope=Scope(repository=None, environment=None, agent=None, change_class=None), reason="x", epoch=1
    ), "frz")  # fmt: skip
    forged = msgspec.structs.replace(good, signatures=(msgspec.structs.replace(good.signatures[0], sig="AAAA"),))
    for envelope in (ben, forged, gate.case().build().proposal, gate.town.by_process("control", Freeze(
        person="carla", scope=Scope(repository=None, environment=None, agent=None, change_class=None), reason="x", epoch=1
    ), "frz")):  # fmt: skip
        assert tell(gate, envelope).status_code in {401, 403}, envelope.payloadType
    for body in (b"", b"{}", b"\xff" * 100, b"[" * 60_000, b" " * 70_000, b'{"payload":1}'):
        assert httpx.post(f"{gate.url}/gate/v1/stops", content=body, timeout=30).status_code in {400, 401, 403, 413}
    assert msgspec.json.decode(gate.get("/gate/v1/stops").content, type=StopList).freezes == ()
    assert httpx.get(f"{gate.url}/gate/v1/stops", timeout=30).status_code in {400, 401, 403}
    assert gate.ask().status_code == 200


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_one_operator_fills_no_more_than_an_own_share(gate: GateWorld) -> None:
    from magistrate.gate.stops import MAX_FREEZES

    for epoch in range(MAX_FREEZES):
        assert tell(gate, freeze(gate, epoch=epoch, repository="other")).status_code == 200
    full = tell(gate, freeze(gate, epoch=99, repository="other"))
    assert (full.status_code, full.json()["error"]["code"]) == (403, "MAG-E349")
    assert gate.ask().status_code == 200
