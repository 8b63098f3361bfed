"""The gate with a real git client: one push for one warrant, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.deployment import by_all, public_text
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.adapters.own_roots import install_roster
from magistrate.domain.execution import LeasePurpose
from magistrate.wire.document import open_envelope
from magistrate.wire.gate_api import Credential, HoldRelease, LeaseRequest, LeaseView
from magistrate.wire.policy_bundle import FreezeWindow
from magistrate.wire.roster import Roster


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


def test_the_granted_push_goes_through_once(gate: GateWorld) -> None:
    credential = gate.credential()
    assert credential.token not in repr(credential)
    done = gate.push(credential.token, f"{gate.change}:{REF}")
    assert done.returncode == 0, done.stderr
    assert gate.tip() == gate.change
    again = gate.push(credential.token, f"{gate.change}:{REF}")
    assert again.returncode != 0
    view = msgspec.json.decode(gate.get(f"/gate/v1/leases/{credential.lease}").content, type=LeaseView)
    assert (view.state, view.usable, view.ref_state) == ("used", False, "new")
    assert view.reason


@pytest.mark.slow
@pytest.mark.requirement("R4")
@pytest.mark.requirement("R52")
def test_everything_but_the_granted_push_is_refused(gate: GateWorld) -> None:
    credential = gate.credential()
    git(gate.work, "commit", "-q", "--allow-empty", "-m", "child")
    child = git(gate.work, "rev-parse", "HEAD")
    git(gate.work, "tag", "v1", gate.change)
    token = credential.token
    tries: dict[str, tuple[Any, ...]] = {
        "another branch": (f"{gate.change}:refs/heads/other",),
        "a tag": ("v1",),
        "two refs": (f"{gate.change}:{REF}", f"{gate.change}:refs/heads/other"),
        "a child of the approved commit": (f"{child}:{REF}",),
        "deletion": (f":{REF}",),
    }
    for what, refspecs in tries.items():
        assert gate.push(token, *refspecs).returncode != 0, what
        assert gate.tip() == gate.base, what
    forced = gate.push(token, f"{child}:{REF}", options=("--force",))
    assert forced.returncode != 0
    assert gate.push(token, f"{gate.change}:{REF}", repository="other").returncode != 0
    assert gate.push("not-a-token-" + "x" * 30, f"{gate.change}:{REF}").returncode != 0
    fetched = httpx.get(
        f"{gate.url}/shop.git/info/refs?service=git-upload-pack", headers={"Authorization": f"Bearer {token}"}
    )
    assert fetched.status_code == 403
    assert gate.tip() == gate.base
    assert gate.push(token, f"{gate.change}:{REF}").returncode == 0


@pytest.mark.requirement("R53")
def test_a_revoked_credential_is_dead_at_once(gate: GateWorld) -> None:
    credential = gate.credential()
    assert gate.post(f"/gate/v1/leases/{credential.lease}/revoke", {}).status_code == 200
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0
    assert gate.tip() == gate.base


@pytest.mark.slow
@pytest.mark.requirement("R52", "R53")
def test_a_credential_dies_with_the_key_of_its_executor(gate: GateWorld) -> None:
    credential, town = gate.credential(), gate.town
    body = open_envelope(town.roster, Roster, deployment=town.name).body
    processes = msgspec.structs.replace(body.processes, executors=(public_text(Ed25519PrivateKey.generate()),))
    following = msgspec.structs.replace(body, version=2, previous=town.pin, processes=processes)
    install_roster(
        town.home / "roster.json",
        [town.roster, by_all(town.people, ["anna", "ben"], following, "ros", int(time.time()))],
    )
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0
    assert gate.tip() == gate.base
    assert gate.get(f"/gate/v1/leases/{credential.lease}").status_code == 401
    install_roster(town.home / "roster.json", [town.roster])  # even then
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode != 0
    view = msgspec.json.decode(gate.get(f"/gate/v1/leases/{credential.lease}").content, type=LeaseView)
    assert (view.state, view.usable) == ("revoked", False)


@pytest.mark.slow
@pytest.mark.requirement("R4")
@pytest.mark.requirement("R55")
def test_leases_are_given_for_admitted_warrants_only(gate: GateWorld) -> None:
    assert gate.ask(tree="9" * 40).status_code == 403
    assert gate.ask(ref="refs/heads/other").status_code == 403
    assert gate.ask(old="9" * 40).status_code == 403
    assert gate.ask(signer="front").status_code in {401, 403}
    unapproved = gate.case(approvers=("anna",)).build()
    assert gate.ask(bundle=unapproved).status_code == 403
    no_case = LeaseRequest(lease=gate.lease("sha256:" + "0" * 64, "sha256:" + "0" * 64), bundle=None, withdrawals=())
    assert gate.post("/gate/v1/leases", no_case).status_code == 403
    assert gate.post("/gate/v1/leases", no_case, caller="front").status_code in {401, 403}
    assert httpx.post(f"{gate.url}/gate/v1/leases", content=b"{}").status_code in {400, 401, 403}
    assert gate.tip() == gate.base


def test_a_signed_request_is_good_once_and_for_its_body_only(gate: GateWorld) -> None:
    credential = gate.credential()
    path = f"/gate/v1/leases/{credential.lease}/revoke"
    headers = gate.town.authorization("executor", "POST", path, b"{}", audience="gate")
    assert httpx.post(gate.url + path, content=b"{} ", headers=headers).status_code == 403
    assert httpx.post(gate.url + path, content=b"{}", headers=headers).status_code == 200
    assert httpx.post(gate.url + path, content=b"{}", headers=headers).status_code == 403


@pytest.mark.slow
def test_one_warrant_has_one_effect_and_holds_its_ref(gate: GateWorld) -> None:
    bundle = gate.case().build()
    first = gate.credential(bundle=bundle)
    assert gate.ask(bundle=bundle).status_code == 403
    assert gate.push(first.token, f"{gate.change}:{REF}").returncode == 0
    assert gate.ask(bundle=bundle).status_code == 403
    rival = gate.case().build()
    assert gate.ask(bundle=rival).status_code == 403


@pytest.mark.slow
def test_another_warrant_waits_until_the_ref_is_released(gate: GateWorld) -> None:
    bundle = gate.case().build()
    first = gate.credential(bundle=bundle)
    gate.post(f"/gate/v1/leases/{first.lease}/revoke", {})
    rival = gate.case().build()
    assert "held" in gate.ask(bundle=rival).text
    assert bundle.warrant is not None
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=bundle.warrant.payload_digest()))
    assert gate.ask(bundle=rival).status_code == 200


@pytest.mark.slow
@pytest.mark.requirement("R58")
def test_the_inverse_is_granted_for_an_effect_that_happened(gate: GateWorld) -> None:
    bundle = gate.case().build()
    assert bundle.warrant is not None
    warrant, proposal = bundle.warrant.payload_digest(), bundle.proposal.payload_digest()
    inverse = git(gate.work, "commit-tree", gate.base_tree, "-p", gate.change, "-m", "inverse")
    wanted = {"purpose": LeasePurpose.ROLLBACK, "old": gate.change, "commit": inverse, "tree": gate.base_tree}

    def ask(**changes: Any) -> httpx.Response:
        lease = gate.lease(warrant, proposal, **{**wanted, **changes})
        return gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=()))

    assert ask().status_code == 403
    first = gate.credential(bundle=bundle)
    assert ask().status_code == 403
    gate.push(first.token, f"{gate.change}:{REF}")
    assert ask(tree=gate.change_tree).status_code == 403
    back = msgspec.json.decode(ask().content, type=Credential)
    done = gate.push(back.token, f"{inverse}:{REF}")
    assert done.returncode == 0, done.stderr
    assert git(gate.bare, "rev-parse", f"{REF}^{{tree}}") == gate.base_tree


def test_no_ref_moves_by_hand_without_a_grant(gate: GateWorld) -> None:
    git(gate.work, "push", "-q", str(gate.bare), f"{gate.change}:refs/heads/side", check=False)
    moved = git(gate.bare, "-c", "core.hooksPath=" + _hooks(), "update-ref", REF, gate.base, check=False)
    assert moved == ""
    refused = git(gate.bare, "-c", "core.hooksPath=" + _hooks(), "update-ref", "refs/heads/x", gate.base, check=False)
    assert refused == ""
    assert git(gate.bare, "rev-parse", "--verify", "--quiet", "refs/heads/x", check=False) == ""


@pytest.mark.slow
@pytest.mark.requirement("R85")
def test_drills_reach_scratch_repositories_only(gate: GateWorld) -> None:
    order = gate.drill_order()
    made = gate.scratch(order)
    assert made.status_code == 200, made.text
    assert gate.scratch(gate.drill_order(scratch="shop")).status_code == 403
    assert gate.scratch(gate.drill_order(person="ben")).status_code == 403
    old = made.json()["commit"]
    for changes in ({"repository": "shop"}, {"purpose": LeasePurpose.EFFECT}):
        asked = gate.drill_lease(order, **{"old": old, **changes})
        assert gate.post("/gate/v1/drill-leases", asked).status_code == 403


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_a_file_in_the_freeze_folder_stops_effects(gate: GateWorld) -> None:
    gate.settings.freeze.mkdir()
    drop = gate.settings.freeze / "now.json"
    drop.write_text("{}")
    assert "stops everything" in gate.ask().text
    drop.write_bytes(gate.freeze("shop").encode())
    assert "frozen by" in gate.ask().text
    drop.write_bytes(gate.freeze("another").encode())
    assert gate.ask().status_code == 200


@pytest.mark.slow
@pytest.mark.requirement("R59")
@pytest.mark.requirement("R59")
def test_within_a_freeze_window_the_gate_gives_nothing_out(tmp_path: Path) -> None:
    minute = time.gmtime().tm_min
    windows = [
        FreezeWindow(window="w", cron=cron, zone="UTC", minutes=5, reason="r")
        for cron in ("* * * * *", f"{(minute + 30) % 60} * * * *")
    ]
    for window, status in zip(windows, (403, 200), strict=True):
        world = make_gate_world(tmp_path / window.cron[:1], windows=(window,))
        world.start()
        answer = world.ask()
        assert answer.status_code == status, answer.text
        assert ("the freeze window `w` lasts until" in answer.text) is (status == 403)
        world.stop()


@pytest.mark.slow
def test_two_persons_lift_a_freeze_and_one_does_not(gate: GateWorld) -> None:
    gate.settings.freeze.mkdir()
    freeze = gate.freeze("shop")
    (gate.settings.freeze / "freeze.json").write_bytes(freeze.encode())
    thaw = gate.settings.freeze / "thaw.json"
    thaw.write_bytes(gate.thaw(freeze, "carla").encode())
    assert "frozen by" in gate.ask().text
    thaw.write_bytes(gate.thaw(freeze, "carla", "ben").encode())
    assert gate.ask().status_code == 200


@pytest.mark.slow
@pytest.mark.requirement("R56")
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12])
def test_a_killed_gate_leaves_no_half_effect(gate: GateWorld, delay: float) -> None:
    import threading

    credential = gate.credential()
    pushing = threading.Thread(target=gate.push, args=(credential.token, f"{gate.change}:{REF}"))
    pushing.start()
    time.sleep(delay)
    gate.kill()
    pushing.join(timeout=60)
    gate.start()
    view = msgspec.json.decode(gate.get(f"/gate/v1/leases/{credential.lease}").content, type=LeaseView)
    tip = gate.tip()
    assert tip == {"old": gate.base, "new": gate.change}[view.ref_state]
    gate.post(f"/gate/v1/leases/{credential.lease}/revoke", {})
    gate.push(credential.token, f"{gate.change}:{REF}")
    time.sleep(0.3)
    assert gate.tip() == tip
    git(gate.bare, "fsck", "--strict")


def _hooks() -> str:
    from magistrate.gate.repositories import HOOKS

    return str(HOOKS)
