"""A real gate and releases: the granted tag comes into being, signed and once; nothing else does (R5, R30)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.domain.execution import LeasePurpose
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.gate.repositories import HOOKS
from magistrate.wire.decision import Obligation
from magistrate.wire.effect import ABSENT
from magistrate.wire.sshsig import GIT, InMemorySshKey, armor, sign_sshsig

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R30", "R52")]
TAG = "refs/tags/v1.0.1"
FIRST = "refs/tags/v1.0.0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path_factory.mktemp("gate"), release_tags="v")
    git(world.bare, "update-ref", FIRST, world.base)
    git(world.bare, "fetch", "-q", str(world.work), f"{world.change}:{REF}")
    world.start()
    yield world
    world.stop()


@pytest.fixture
def gate(place: GateWorld) -> Iterator[GateWorld]:
    yield place
    for ref in git(place.bare, "for-each-ref", "--format=%(refname)", "refs/tags/").split():
        if ref != FIRST:
            git(place.bare, "update-ref", "-d", ref)
    from magistrate.wire.gate_api import HoldRelease

    for row in place.get("/gate/v1/leases").json()["leases"]:
        place.post(f"/gate/v1/leases/{row['lease']}/revoke", {})
        place.post("/gate/v1/holds/release", HoldRelease(warrant=row["warrant"]))


def text_of(world: GateWorld, **changes: str) -> bytes:
    said = {
        "object": world.change,
        "type": "commit",
        "tag": "v1.0.1",
        "tagger": "T <t@example.invalid> 1790000000 +0000",
    }
    head = "".join(f"{name} {value}\n" for name, value in {**said, **changes}.items())
    return f"{head}\nRelease v1.0.1\n".encode()


def signed(text: bytes, key: Ed25519PrivateKey, namespace: str = GIT) -> bytes:
    return text + armor(sign_sshsig(InMemorySshKey(key), namespace, text)).encode()


def made(world: GateWorld, content: bytes) -> str:
    return git(world.work, "hash-object", "-w", "-t", "tag", "--literally", "--stdin", given=content.decode())


def sound(world: GateWorld) -> str:
    return made(world, signed(text_of(world), world.town.keys["executor"]))


def case(world: GateWorld, **effect: Any) -> Any:
    said = {
        "ref": TAG,
        "commit": world.change,
        "previous": FIRST,
        "base_tree": world.base_tree,
        "result_tree": world.change_tree,
    }
    return world.case(
        release={**said, **effect}, change_class=ChangeClass.RELEASE, strictness=Strictness.TWO, reversible="no",
        decision_strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
        ),
    ).build()  # fmt: skip


def asked(world: GateWorld, commit: str, bundle: Any = None, **lease: Any) -> Any:
    said = {"ref": TAG, "old": ABSENT, "commit": commit, "tree": world.change_tree, "reason": "release"}
    return world.ask(bundle=bundle or case(world), **{**said, **lease})


def token(world: GateWorld, commit: str, **more: Any) -> str:
    answer = asked(world, commit, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def tags(world: GateWorld) -> list[str]:
    return git(world.bare, "for-each-ref", "--format=%(refname)", "refs/tags/").split()


def test_the_granted_tag_is_made_and_neither_made_again_nor_moved(gate: GateWorld) -> None:
    new = sound(gate)
    granted = token(gate, new)
    assert gate.push(granted, f"{new}:{TAG}").returncode == 0
    assert git(gate.bare, "rev-parse", TAG) == new
    assert gate.push(granted, f"{new}:{TAG}").returncode != 0
    again = asked(gate, new)
    assert (again.status_code, "v1.0.1" in again.text) == (403, True)
    moved = asked(gate, sound(gate), bundle=case(gate, ref="refs/tags/v1.0.2"), ref="refs/tags/v1.0.2")
    assert moved.status_code == 403, "the release before is another one by now"


def other_key(world: GateWorld) -> bytes:
    return signed(text_of(world), Ed25519PrivateKey.generate())


BAD = {
    "unsigned": text_of,
    "signed by another key": other_key,
    "signed by control": lambda world: signed(text_of(world), world.town.keys["control"]),
    "signed in another namespace": lambda world: signed(text_of(world), world.town.keys["executor"], "file"),
    "another commit": lambda world: signed(text_of(world, object=world.base), world.town.keys["executor"]),
    "another name": lambda world: signed(text_of(world, tag="v9.9.9"), world.town.keys["executor"]),
    "changed after it was signed": lambda world: signed(text_of(world), world.town.keys["executor"]).replace(b"Release", b"release"),
    "two signatures": lambda world: signed(signed(text_of(world), world.town.keys["executor"]), world.town.keys["executor"]),
    "one more header": lambda world: signed(text_of(world, encoding="utf-8"), world.town.keys["executor"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_another_tag_under_a_sound_warrant_never_comes_into_being(gate: GateWorld, what: str) -> None:
    new = made(gate, BAD[what](gate))
    assert gate.push(token(gate, new), f"{new}:{TAG}").returncode != 0
    assert tags(gate) == [FIRST]


def test_a_tag_without_an_object_of_its_own_is_no_release(gate: GateWorld) -> None:
    assert gate.push(token(gate, gate.change), f"{gate.change}:{TAG}").returncode != 0
    assert tags(gate) == [FIRST]


def test_a_credential_for_a_tag_moves_nothing_else(gate: GateWorld) -> None:
    new = sound(gate)
    for refspec in (
        f"{gate.base}:{REF}",
        f"{new}:refs/tags/v9.0.0",
        f":{TAG}",
        f"{new}:refs/heads/v1.0.1",
        f":{FIRST}",
    ):
        answer = asked(gate, new)
        granted = answer.json()["token"]
        assert gate.push(granted, refspec, options=("--force",)).returncode != 0, refspec
        gate.post(f"/gate/v1/leases/{answer.json()['lease']}/revoke", {})
        gate.post(
            "/gate/v1/holds/release",
            {"warrant": gate.get(f"/gate/v1/leases/{answer.json()['lease']}").json()["warrant"]},
        )
    assert (tags(gate), gate.tip()) == ([FIRST], gate.change)


WRONG: dict[str, dict[str, Any]] = {
    "not the next version": {"ref": "refs/tags/v3.0.0"},
    "a version before": {"ref": "refs/tags/v0.9.9"},
    "no version": {"ref": "refs/tags/latest"},
    "a branch": {"ref": "refs/heads/v1.0.1"},
    "another prefix": {"ref": "refs/tags/w1.0.1"},
    "as if there were no release before": {"previous": "", "ref": "refs/tags/v0.1.0"},
    "after a release that is not there": {"previous": "refs/tags/v1.9.0", "ref": "refs/tags/v1.9.1"},
    "a state before": {"pre_state": "1" * 40},
    "a way back": {"rollback_plan_digest": "sha256:" + "0" * 64},
    "another tree": {"result_tree": "4" * 40},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_warrant_for_what_does_not_follow_gets_no_credential(gate: GateWorld, what: str) -> None:
    effect = WRONG[what]
    ref = effect.get("ref", TAG)
    answer = asked(
        gate, sound(gate), bundle=case(gate, **effect), ref=ref, tree=effect.get("result_tree", gate.change_tree)
    )
    assert answer.status_code in {400, 403}, answer.text
    assert tags(gate) == [FIRST]


def test_a_commit_that_the_branch_does_not_hold_is_not_released(gate: GateWorld) -> None:
    git(gate.work, "checkout", "-q", "--detach", gate.base)
    (gate.work / "b.py").write_text("B = 1\n")
    git(gate.work, "add", "b.py")
    git(gate.work, "commit", "-qm", "beside")
    aside, tree = git(gate.work, "rev-parse", "HEAD"), git(gate.work, "rev-parse", "HEAD^{tree}")
    git(gate.bare, "fetch", "-q", str(gate.work), aside)
    new = made(gate, signed(text_of(gate, object=aside), gate.town.keys["executor"]))
    answer = asked(gate, new, bundle=case(gate, commit=aside, result_tree=tree), tree=tree)
    assert (answer.status_code, "does not hold" in answer.text) == (403, True), answer.text


def test_a_release_has_no_inverse_at_the_gate(gate: GateWorld) -> None:
    """With a tag of its own: to ask for an inverse holds the ref, as it does for a branch."""
    ref = "refs/tags/v1.1.0"
    new = made(gate, signed(text_of(gate, tag="v1.1.0"), gate.town.keys["executor"]))
    bundle = case(gate, ref=ref)
    assert gate.push(token(gate, new, bundle=bundle, ref=ref), f"{new}:{ref}").returncode == 0
    back = asked(gate, ABSENT, bundle=bundle, ref=ref, purpose=LeasePurpose.ROLLBACK, old=new, tree=gate.change_tree)
    assert (back.status_code, "never taken back" in back.text) == (403, True), back.text
    assert git(gate.bare, "rev-parse", ref) == new


def test_one_person_or_nobody_of_the_owning_role_is_not_enough(gate: GateWorld) -> None:
    knobs = {
        "release": {"ref": TAG, "commit": gate.change, "previous": FIRST, "base_tree": gate.base_tree, "result_tree": gate.change_tree},
        "change_class": ChangeClass.RELEASE, "strictness": Strictness.TWO, "reversible": "no",
        "decision_strictness": Strictness.TWO, "obligations": (Obligation(role=None, count=1, rule="policy/one"),),
    }  # fmt: skip
    for approvers in (("ben",), ("carla",)):
        answer = asked(gate, sound(gate), bundle=gate.case(**knobs, approvers=approvers).build())
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "MAG-E121"), answer.text


def test_a_tag_that_exists_moves_for_nobody(gate: GateWorld) -> None:
    """Not even with the environment of a grant: the third layer looks at the repository itself."""
    granted = {"MAGISTRATE_REF": FIRST, "MAGISTRATE_NEW": gate.change}
    for argv in (("update-ref", FIRST, gate.change), ("update-ref", "-d", FIRST)):
        git(gate.bare, "-c", f"core.hooksPath={HOOKS}", *argv, env=granted, check=False)
    assert git(gate.bare, "rev-parse", FIRST) == gate.base
