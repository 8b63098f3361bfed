"""Whoever holds the executor's key and nothing else, or no key at all, at the gate's real door (R4, R52, R55).

Each attempt is one push or one request beside an honest one, which goes through in the same world at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.gate_world import REF, GateWorld, git, make_gate_world

from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.wire.drill import DrillOrder
from magistrate.wire.envelope import Envelope
from magistrate.wire.gate_api import Credential, HoldRelease, LeaseList, LeaseRequest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stolen-executor"), pytest.mark.requirement("R4", "R52", "R55")]
NOTHING = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path_factory.mktemp("stolen"))
    git(world.bare, "update-ref", "refs/heads/hidden", world.base)
    world.start()
    yield world
    world.stop()


@pytest.fixture(autouse=True)
def nothing_moved_but_the_honest(gate: GateWorld) -> Iterator[None]:
    """After each attempt the ref stands where it stood, no lease pushes, and an honest lease does."""
    refs = git(gate.bare, "for-each-ref")
    yield
    assert git(gate.bare, "for-each-ref") == refs
    listed = msgspec.json.decode(gate.get("/gate/v1/leases").content, type=LeaseList)
    assert not [one.lease for one in listed.leases if one.usable]
    bundle = gate.case().build()
    honest = gate.credential(bundle=bundle)
    assert gate.push(honest.token, f"{gate.change}:{REF}").returncode == 0
    assert gate.tip() == gate.change
    assert bundle.warrant is not None
    over(gate, bundle.warrant)


def over(gate: GateWorld, warrant: Envelope) -> None:
    """The executor is done with a warrant; the machine's administrator puts the ref back for the next attempt."""
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=warrant.payload_digest()))
    git(gate.bare, "update-ref", REF, gate.base)


def refused(answer: httpx.Response, code: str, says: str) -> None:
    assert answer.status_code in {400, 401, 403, 404}, answer.text
    error = answer.json()["error"]
    assert re.fullmatch(code, error["code"]), error
    assert re.search(says, error["message"]), error


def asked(gate: GateWorld, caller: str = "executor", **changes: Any) -> httpx.Response:
    """An honest case with an honest lease, but for these changes."""
    bundle: Any = changes.pop("bundle", None) or gate.case().build()
    lease = gate.lease(bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), **changes)
    return gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=bundle, withdrawals=()), caller=caller)


def test_no_key(gate: GateWorld) -> None:
    """no-key: Somebody on the machine asks the gate for a lease without any key."""
    body = msgspec.json.encode(LeaseRequest(lease=gate.lease(NOTHING, NOTHING), bundle=None, withdrawals=()))
    refused(httpx.post(f"{gate.url}/gate/v1/leases", content=body), "MAG-E1[0-9]{2}|MAG-E333", "")


@pytest.mark.parametrize("caller", ["control", "front", "gate", "log", "witness", "ben"])
def test_key_of_another_process(gate: GateWorld, caller: str) -> None:
    """key-of-another-process: Control, front, log, witness or a person ask with their own key."""
    refused(asked(gate, caller), "MAG-E107|MAG-E106|MAG-E122", "no executor|belongs to nobody|process")


def test_executor_of_ones_own(gate: GateWorld) -> None:
    """executor-of-ones-own: An executor that no roster names asks with a whole honest case."""
    town = replace(gate.town, keys={**gate.town.keys, "executor": Ed25519PrivateKey.generate()})
    mine = replace(gate, town=town)
    refused(asked(mine, bundle=gate.case().build()), "MAG-E107", "the key of no process")


def test_stolen_key_without_a_case(gate: GateWorld) -> None:
    """stolen-key-without-a-case: The thief asks for a lease and has no case."""
    lease = gate.lease(NOTHING, NOTHING)
    answer = gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=()))
    refused(answer, "MAG-E339", "whole case")


def test_stolen_key_with_a_case_of_its_own(gate: GateWorld) -> None:
    """stolen-key-with-a-case-of-its-own: The thief signs warrant and all with the one key they have."""
    case = gate.case(warrant_signer="executor", proposal_signer="executor")
    refused(asked(gate, bundle=case.build()), "MAG-E106", "signature")


def test_stolen_key_without_approvals(gate: GateWorld) -> None:
    """stolen-key-without-approvals: Control's key was stolen with it, and nobody approved."""
    refused(asked(gate, bundle=gate.case(approvers=()).build()), "MAG-E121", "without approvals")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tree": "9" * 40}, "the tree"),
        ({"ref": "refs/heads/hidden"}, "the ref"),
        ({"old": "9" * 40}, "the old commit"),
        ({"repository": "toy"}, "the repository"),
        ({"warrant": NOTHING}, "the warrant"),
        ({"proposal": NOTHING}, "the proposal"),
        ({"purpose": LeasePurpose.DRILL}, "the purpose"),
        ({"state": LeaseState.HELD}, "is not a request"),
    ],
)
def test_lease_for_something_else(gate: GateWorld, changes: dict[str, Any], says: str) -> None:
    """lease-for-something-else: An honest case comes with a lease for another tree, ref, repository or purpose."""
    bundle = gate.case().build()
    assert bundle.warrant is not None
    fields = {"warrant": bundle.warrant.payload_digest(), "proposal": bundle.proposal.payload_digest(), **changes}
    lease = gate.lease(**fields)
    answer = gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=bundle, withdrawals=()))
    refused(answer, "MAG-E339", says)


def test_lease_signed_by_another(gate: GateWorld) -> None:
    """lease-signed-by-another: Control signs the lease, and the thief only asks."""
    refused(asked(gate, signer="control"), "MAG-E107", "no executor")


def _ends(gate: GateWorld) -> tuple[Any, Credential]:
    """An honest case that was executed and is over."""
    bundle: Any = gate.case().build()
    credential = gate.credential(bundle=bundle)
    assert gate.push(credential.token, f"{gate.change}:{REF}").returncode == 0
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=bundle.warrant.payload_digest()))
    return bundle, credential


def test_request_said_again(gate: GateWorld) -> None:
    """request-said-again: A signed request that was overheard is sent once more."""
    credential = gate.credential()
    path = f"/gate/v1/leases/{credential.lease}/revoke"
    headers = gate.town.authorization("executor", "POST", path, b"{}", audience="gate")
    assert httpx.post(gate.url + path, content=b"{}", headers=headers).status_code == 200
    refused(httpx.post(gate.url + path, content=b"{}", headers=headers), "MAG-E335", "used before")
    refused(httpx.post(gate.url + path, content=b"[]", headers=headers), "MAG-E[0-9]+", "")
    held = msgspec.json.decode(gate.get("/gate/v1/leases").content, type=LeaseList).leases[0]
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=held.warrant))


def test_request_for_control(gate: GateWorld) -> None:
    """request-for-control: A request that the executor signed for control is sent to the gate."""
    path = "/gate/v1/leases"
    headers = gate.town.authorization("executor", "GET", path, audience="control")
    refused(httpx.get(gate.url + path, headers=headers), "MAG-E104", "audience")


def test_lease_asked_again(gate: GateWorld) -> None:
    """lease-asked-again: The lease document of an executed warrant is handed in once more."""
    bundle, _ = _ends(gate)
    git(gate.bare, "update-ref", REF, gate.base)
    refused(asked(gate, bundle=bundle), "MAG-E332", "credential already")


def test_token_used_twice(gate: GateWorld) -> None:
    """token-used-twice: A token that was used is used again, after the ref was put back."""
    _, credential = _ends(gate)
    git(gate.bare, "update-ref", REF, gate.base)
    again = gate.push(credential.token, f"{gate.change}:{REF}")
    assert again.returncode != 0
    answer = _receive(gate, credential.token)
    refused(answer, "MAG-E333", "is used")


def test_way_back_of_nothing(gate: GateWorld) -> None:
    """way-back-of-nothing: The thief asks for the way back of an effect that never was, to a tree of their choice."""
    lease = gate.lease(NOTHING, NOTHING, purpose=LeasePurpose.ROLLBACK, tree="9" * 40)
    answer = gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=None, withdrawals=()))
    refused(answer, "MAG-E339", "no effect here")


def test_drill_on_the_shop(gate: GateWorld) -> None:
    """drill-on-the-shop: A drill that an operator ordered pushes to a real repository."""
    order = gate.drill_order()
    answer = gate.post("/gate/v1/drill-leases", gate.drill_lease(order, repository="shop"))
    refused(answer, "MAG-E339", "the repository")


def test_drill_ordered_by_the_thief(gate: GateWorld) -> None:
    """drill-ordered-by-the-thief: The thief orders a drill with the executor's key, over a real repository."""
    body = DrillOrder(person="carla", repository="shop", environment="staging", scratch="shop")
    order = gate.town.by_process("executor", body, "dro", lifetime=600)
    refused(gate.scratch(order), "MAG-E107", "belongs to nobody")
    refused(gate.scratch(gate.drill_order(scratch="shop")), "MAG-E337", "not a scratch repository")
    assert git(gate.bare, "cat-file", "-t", gate.base) == "commit"


def _receive(gate: GateWorld, token: str, repository: str = "shop") -> httpx.Response:
    url = f"{gate.url}/{repository}.git/info/refs?service=git-receive-pack"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"} if token else {})


def _spent(gate: GateWorld, credential: Credential) -> None:
    """The credential is revoked and its warrant over."""
    held = msgspec.json.decode(gate.get(f"/gate/v1/leases/{credential.lease}").content)
    gate.post(f"/gate/v1/leases/{credential.lease}/revoke", {})
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=held["warrant"]))


def test_push_without_a_token(gate: GateWorld) -> None:
    """push-without-a-token: Somebody on the machine pushes with plain git, or guesses a token."""
    refused(_receive(gate, ""), "MAG-E333", "carries no credential")
    refused(_receive(gate, "guess-" + "x" * 40), "MAG-E333", "not known here")
    assert gate.push("guess-" + "x" * 40, f"{gate.change}:{REF}").returncode != 0


@pytest.mark.parametrize("name", ["toy", "SHOP", "shop.git", "shop%2F..%2Fshop", "../repositories/shop", "s%68op%00"])
def test_token_at_another_repository(gate: GateWorld, name: str) -> None:
    """token-at-another-repository: A granted token is used under another name of a repository, or a path."""
    credential = gate.credential()
    answer = _receive(gate, credential.token, name)
    assert answer.status_code in {403, 404, 400}, (answer.status_code, answer.text)
    _spent(gate, credential)


@pytest.mark.parametrize(
    "path",
    ["info/refs?service=git-upload-pack", "info/refs", "git-upload-pack", "HEAD", "objects/info/packs", "config",
     "git-receive-pack/../config"],
)  # fmt: skip
def test_token_reads(gate: GateWorld, path: str) -> None:
    """token-reads: A token that pushes is used to read the repository, by any way that git serves."""
    credential = gate.credential()
    url, headers = f"{gate.url}/shop.git/{path}", {"Authorization": f"Bearer {credential.token}"}
    for answer in (httpx.get(url, headers=headers), httpx.post(url, headers=headers, content=b"0000")):
        assert answer.status_code in {400, 403, 404, 405}, (answer.status_code, answer.text)
    _spent(gate, credential)


def test_hidden_refs(gate: GateWorld) -> None:
    """hidden-refs: The advertisement of a granted push tells of other branches, and lets them be written."""
    credential = gate.credential()
    answer = _receive(gate, credential.token)
    assert answer.status_code == 200
    assert b"refs/heads/main" in answer.content
    assert b"refs/heads/hidden" not in answer.content
    assert gate.push(credential.token, f"{gate.change}:refs/heads/hidden").returncode != 0
    assert gate.push(credential.token, f"{gate.change}:{REF}", f"{gate.change}:refs/heads/more").returncode != 0
    assert gate.push(credential.token, f"{gate.change}:refs/tags/v1").returncode != 0
    assert gate.push(credential.token, f":{REF}").returncode != 0
    _spent(gate, credential)


@pytest.mark.parametrize("what", ["another tree", "another parent", "a child", "a root"])
def test_commit_of_the_thiefs(gate: GateWorld, what: str) -> None:
    """commit-of-the-thiefs: The lease names the approved tree and a commit that holds another one or hangs elsewhere."""
    work = gate.work
    evil = git(work, "mktree", given=f"100644 blob {git(work, 'hash-object', '-w', '--stdin', given='evil')}\ta.py\n")
    aside = git(work, "commit-tree", gate.base_tree, "-p", gate.base, "-m", "aside")
    commit = {
        "another tree": lambda: git(work, "commit-tree", evil, "-p", gate.base, "-m", "m"),
        "another parent": lambda: git(work, "commit-tree", gate.change_tree, "-p", gate.base, "-p", aside, "-m", "m"),
        "a child": lambda: git(work, "commit-tree", gate.change_tree, "-p", aside, "-m", "m"),
        "a root": lambda: git(work, "commit-tree", gate.change_tree, "-m", "m"),
    }[what]()
    bundle = gate.case().build()
    credential = gate.credential(bundle=bundle, commit=commit)
    done = gate.push(credential.token, f"{commit}:{REF}", options=("--force",))
    assert done.returncode != 0
    assert re.search("another tree|another parent|rejected|refus", done.stderr), done.stderr
    assert gate.tip() == gate.base
    _spent(gate, credential)


def test_passengers_in_the_pack(gate: GateWorld, tmp_path: Path) -> None:
    """passengers-in-the-pack: The pack of an honest push carries a commit that nobody saw, to be reached later."""
    passenger = git(gate.work, "commit-tree", gate.base_tree, "-m", "passenger")
    bundle: Any = gate.case().build()
    credential = gate.credential(bundle=bundle)
    pack = _pack(gate, gate.change, passenger)
    line = f"{gate.base} {gate.change} {REF}\0report-status".encode()
    body = b"%04x" % (len(line) + 4) + line + b"0000" + pack
    headers = {"Authorization": f"Bearer {credential.token}", "Content-Type": "application/x-git-receive-pack-request"}
    answer = httpx.post(f"{gate.url}/shop.git/git-receive-pack", content=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert gate.tip() == gate.change
    reached = git(gate.bare, "rev-list", "--all").split()
    assert passenger not in reached, "no ref leads to it"
    refused(_receive(gate, credential.token), "MAG-E333", "is used")
    over(gate, bundle.warrant)


def _pack(gate: GateWorld, *commits: str) -> bytes:
    import subprocess

    given = "\n".join([*commits, f"^{gate.base}"]) + "\n"
    argv = ["git", "pack-objects", "--revs", "--stdout", "-q"]
    return subprocess.run(argv, cwd=gate.work, input=given.encode(), capture_output=True, check=True).stdout
