"""A real gate and deployments: the ref of a stage grows by the granted commit, and nothing else moves (R5, R58)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.domain.execution import LeasePurpose
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.wire.decision import Obligation
from magistrate.wire.gate_api import HoldRelease
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R52", "R58")]
STAGE = "refs/heads/stages/live"
OTHER = "refs/heads/stages/canary"
ORDERS = "refs/heads/stages/orders"
SYSTEM = StagePolicy(
    stage="orders", repository="shop", environment="staging", production=False, verification=(), system="orders-db",
    document="db/grants.sql",
)  # fmt: skip


def stage(name: str) -> StagePolicy:
    return StagePolicy(stage=name, repository="shop", environment="staging", production=False, verification=())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    """The branch went on to the change; both stages run what was before."""
    world = make_gate_world(tmp_path_factory.mktemp("gate"), stages=(stage("live"), stage("canary"), SYSTEM))
    git(world.bare, "fetch", "-q", str(world.work), f"{world.change}:{REF}")
    world.start()
    yield world
    world.stop()


@pytest.fixture
def gate(place: GateWorld) -> Iterator[GateWorld]:
    first = child(place, None, place.base_tree)
    for ref in (STAGE, OTHER, ORDERS):
        git(place.bare, "fetch", "-q", "-f", str(place.work), f"+{first}:{ref}")
    yield place
    for row in place.get("/gate/v1/leases").json()["leases"]:
        place.post(f"/gate/v1/leases/{row['lease']}/revoke", {})
        place.post("/gate/v1/holds/release", HoldRelease(warrant=row["warrant"]))


def child(world: GateWorld, parent: str | None, tree: str) -> str:
    """A commit in the work folder, and a branch there by which it can be fetched."""
    made = git(world.work, "commit-tree", tree, *(("-p", parent) if parent else ()), "-m", "deployment")
    git(world.work, "update-ref", f"refs/heads/made-{made[:12]}", made)
    return made


def stands(world: GateWorld, ref: str = STAGE) -> str:
    return git(world.bare, "rev-parse", ref)


def case(world: GateWorld, knobs: dict[str, Any] | None = None, kind: str = "deploy", **effect: Any) -> Any:
    said = {
        "old": stands(world), "commit": world.change, "base_tree": world.base_tree, "result_tree": world.change_tree,
    }  # fmt: skip
    return world.case(
        **{
            kind: {**said, **effect}, "change_class": ChangeClass.INFRASTRUCTURE, "strictness": Strictness.TWO,
            "decision_strictness": Strictness.TWO, "approvers": ("ben", "carla"),
            "obligations": (
                Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
            ), **(knobs or {}),
        }
    ).build()  # fmt: skip


def asked(world: GateWorld, commit: str, bundle: Any = None, **lease: Any) -> Any:
    said = {"ref": STAGE, "old": stands(world), "commit": commit, "tree": world.change_tree, "reason": "deploy"}
    return world.ask(bundle=bundle or case(world), **{**said, **lease})


def token(world: GateWorld, commit: str, **more: Any) -> str:
    answer = asked(world, commit, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def test_the_granted_deployment_is_made_once_and_taken_back_once(gate: GateWorld) -> None:
    before, bundle = stands(gate), case(gate)
    new = child(gate, before, gate.change_tree)
    granted = token(gate, new, bundle=bundle)
    assert gate.push(granted, f"{new}:{STAGE}").returncode == 0
    assert (stands(gate), stands(gate, OTHER), gate.tip()) == (new, before, gate.change)
    assert gate.push(granted, f"{new}:{STAGE}").returncode != 0
    assert asked(gate, new, bundle=bundle, old=before).status_code == 403
    back = child(gate, new, gate.base_tree)
    way = {"bundle": bundle, "purpose": LeasePurpose.ROLLBACK, "old": new, "tree": gate.base_tree}
    assert gate.push(token(gate, back, **way), f"{back}:{STAGE}").returncode == 0
    assert stands(gate) == back
    assert asked(gate, back, **way).status_code == 403


def test_a_credential_for_a_stage_moves_nothing_else_and_nothing_else_onto_it(gate: GateWorld) -> None:
    before = stands(gate)
    new, other_tree = child(gate, before, gate.change_tree), child(gate, before, gate.base_tree)
    rootless = child(gate, None, gate.change_tree)
    for wanted, refspec in (
        (new, f"{new}:{REF}"), (new, f"{new}:{OTHER}"), (new, f":{STAGE}"), (new, f"{new}:refs/heads/stages/new"),
        (new, f"{other_tree}:{STAGE}"), (other_tree, f"{other_tree}:{STAGE}"), (rootless, f"{rootless}:{STAGE}"),
    ):  # fmt: skip
        answer = asked(gate, wanted)
        assert answer.status_code == 200, answer.text
        assert gate.push(answer.json()["token"], refspec, options=("--force",)).returncode != 0, refspec
        gate.post(f"/gate/v1/leases/{answer.json()['lease']}/revoke", {})
        warrant = gate.get(f"/gate/v1/leases/{answer.json()['lease']}").json()["warrant"]
        gate.post("/gate/v1/holds/release", {"warrant": warrant})
    assert (stands(gate), stands(gate, OTHER), gate.tip()) == (before, before, gate.change)


WRONG: dict[str, dict[str, Any]] = {
    "a stage that policy does not name": {"stage": "nowhere", "ref": "refs/heads/stages/nowhere"},
    "the ref of another stage": {"ref": OTHER},
    "the guarded branch": {"ref": REF},
    "another environment": {"environment": "production"},
    "another command": {"command_id": "restart"},
    "another state before": {"pre_state": "1" * 40},
    "another way back": {"rollback_plan_digest": "sha256:" + "0" * 64},
    "a commit that is not there": {"commit": "4" * 40},
    "a tree that is not the one of the commit": {"result_tree": "4" * 40},
    "a base tree that does not run": {"base_tree": "4" * 40},
    "what ran long ago": {"old": "4" * 40},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_warrant_that_says_otherwise_gets_no_credential(gate: GateWorld, what: str) -> None:
    effect = WRONG[what]
    new = child(gate, stands(gate), gate.change_tree)
    lease = {
        "ref": effect.get("ref", STAGE), "tree": effect.get("result_tree", gate.change_tree),
        "old": effect.get("old", stands(gate)),
    }  # fmt: skip
    answer = asked(gate, new, bundle=case(gate, **effect), **lease)
    assert answer.status_code in {400, 403}, answer.text


def test_a_commit_that_the_guarded_branch_does_not_hold_is_not_deployed(gate: GateWorld) -> None:
    aside = child(gate, gate.base, gate.change_tree)
    git(gate.bare, "fetch", "-q", str(gate.work), aside)
    answer = asked(gate, child(gate, stands(gate), gate.change_tree), bundle=case(gate, commit=aside))
    assert (answer.status_code, "does not hold" in answer.text) == (403, True), answer.text


def test_a_stage_that_was_deployed_to_meanwhile_is_refused(gate: GateWorld) -> None:
    bundle, before = case(gate), stands(gate)
    new = child(gate, before, gate.change_tree)
    git(gate.bare, "fetch", "-q", str(gate.work), f"{child(gate, before, gate.change_tree)}:{STAGE}")
    git(gate.bare, "fetch", "-q", "-f", str(gate.work), f"+{child(gate, stands(gate), gate.base_tree)}:{STAGE}")
    answer = asked(gate, new, bundle=bundle, old=before)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "MAG-E342"), answer.text


def test_one_person_or_nobody_of_the_owning_role_is_not_enough(gate: GateWorld) -> None:
    alone = {"obligations": (Obligation(role=None, count=1, rule="policy/one"),)}
    for approvers in (("ben",), ("carla",)):
        answer = asked(gate, stands(gate), bundle=case(gate, {**alone, "approvers": approvers}))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "MAG-E121"), answer.text


def test_the_warrant_of_a_merge_moves_no_stage(gate: GateWorld) -> None:
    plain = gate.case(effect={"ref": STAGE}).build()
    answer = asked(gate, gate.change, bundle=plain)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "MAG-E124"), answer.text


DIGESTS: dict[str, Any] = {"before_digest": "sha256:" + "1" * 64, "after_digest": "sha256:" + "2" * 64}


def test_a_change_of_entitlements_moves_the_ref_of_its_system_and_no_other(gate: GateWorld) -> None:
    before, bundle = stands(gate, ORDERS), case(gate, kind="entitle", **DIGESTS)
    new = child(gate, before, gate.change_tree)
    granted = token(gate, new, bundle=bundle, ref=ORDERS, old=before)
    assert gate.push(granted, f"{new}:{STAGE}").returncode != 0
    assert gate.push(granted, f"{new}:{ORDERS}").returncode == 0
    assert (stands(gate, ORDERS), stands(gate), gate.tip()) == (new, before, gate.change)


MISLED: dict[str, dict[str, Any]] = {
    "another system": {"system": "payments-db"},
    "another document": {"document": "db/other.sql"},
    "a stage that is deployed to": {"stage": "live", "ref": STAGE},
    "the ref of a stage that is deployed to": {"ref": STAGE},
    "the guarded branch": {"ref": REF},
    "another environment": {"environment": "production"},
    "another way back": {"rollback_plan_digest": "sha256:" + "0" * 64},
    "a tree that is not the one of the commit": {"result_tree": "4" * 40},
}


@pytest.mark.requirement("R37")
@pytest.mark.parametrize("what", MISLED)
def test_a_warrant_for_entitlements_that_says_otherwise_gets_no_credential(gate: GateWorld, what: str) -> None:
    effect = MISLED[what]
    new = child(gate, stands(gate, ORDERS), gate.change_tree)
    lease: dict[str, Any] = {"ref": effect.get("ref", ORDERS), "tree": effect.get("result_tree", gate.change_tree)}
    answer = asked(gate, new, bundle=case(gate, kind="entitle", **{**DIGESTS, **effect}), **lease)
    assert (answer.status_code in {400, 403}, "bound to another" in answer.text) == (True, False), answer.text


@pytest.mark.requirement("R37")
def test_a_system_is_not_deployed_to(gate: GateWorld) -> None:
    """Else its ref would move without anybody comparing what it gives away."""
    new = child(gate, stands(gate, ORDERS), gate.change_tree)
    answer = asked(gate, new, bundle=case(gate, stage="orders", ref=ORDERS), ref=ORDERS)
    assert (answer.status_code, "MAG-E124" in answer.text) == (403, True), answer.text
