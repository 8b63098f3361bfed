"""A credential is for one approved task: nine ways to use it for another, all denied and all logged (R4)."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from world.deployment import new_id
from world.gate_world import ENV, REF, GateWorld, git, make_gate_world

from magistrate.wire.document import document, seal_by_process
from magistrate.wire.gate_api import Credential, LeaseRequest

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R4")]
NOBODY = 65534
SHORT = 2


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    for other in ("other", "shop-live"):  # the same commit on the same branch: only the credential differs
        git(tmp_path, "clone", "-q", "--bare", str(world.bare), str(world.settings.repositories / f"{other}.git"))
    world.start()
    yield world
    world.stop()


@dataclass
class Denials:
    """Tries things and keeps what was not denied, moved something, or left no line in the gate's log."""

    gate: GateWorld
    wrong: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def refs(self) -> str:
        return "".join(
            git(bare, "for-each-ref", "--format=%(refname) %(objectname)")
            for bare in sorted(self.gate.settings.repositories.glob("*.git"))
        )

    def lines(self) -> list[str]:
        return [line for line in self.gate.log.read_text().splitlines() if " refused " in line]

    def denied(self, what: str, attempt: Callable[[], bool], lease: str = "") -> None:
        """`attempt` says whether it got through."""
        if what not in self.tried:
            self.tried.append(what)
        before, logged = self.refs(), len(self.lines())
        if attempt():
            self.wrong.append(f"{what}: got through")
        if self.refs() != before:
            self.wrong.append(f"{what}: something moved")
        fresh = self.lines()[logged:]
        if not any(lease in line for line in fresh):
            self.wrong.append(f"{what}: not in the log ({fresh})")

    def push(self, what: str, credential: Credential, *refspecs: str, **where: Any) -> None:
        self.denied(
            what, lambda: self.gate.push(credential.token, *refspecs, **where).returncode == 0, credential.lease
        )

    def asked(self, what: str, lease: Callable[[], httpx.Response]) -> None:
        self.denied(what, lambda: lease().status_code == httpx.codes.OK)

    def http(self, what: str, method: str, path: str, token: str, **more: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.denied(
            what, lambda: httpx.request(method, self.gate.url + path, headers=headers, **more).status_code < 400
        )


def commit(gate: GateWorld, path: str, text: str, message: str) -> tuple[str, str]:
    """A commit on the base that changes one path; its id and tree."""
    git(gate.work, "checkout", "-q", "--detach", gate.base)
    (gate.work / path).write_text(text)
    git(gate.work, "add", path)
    git(gate.work, "commit", "-q", "-m", message)
    return git(gate.work, "rev-parse", "HEAD"), git(gate.work, "rev-parse", "HEAD^{tree}")


def short_credential(gate: GateWorld, seconds: int) -> Credential:
    """A credential whose lease ends soon."""
    bundle: Any = gate.case().build()
    asked = gate.lease(bundle.warrant.payload_digest(), bundle.proposal.payload_digest())
    body = msgspec.convert(msgspec.json.decode(asked.payload_bytes())["body"], _lease())
    framed = document(
        body, deployment=gate.town.name, id=new_id("lse"), now=int(time.time()), lifetime=seconds
    )  # fmt: skip
    lease = seal_by_process(framed, gate.town.keys["executor"])
    answer = gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=bundle, withdrawals=()))
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Credential)


def _lease() -> Any:
    from magistrate.wire.lease import Lease

    return Lease


def signed_by(gate: GateWorld, signer: str, caller: str) -> httpx.Response:
    """A lease for a sound case, signed by one process and asked for by one."""
    bundle: Any = gate.case().build()
    lease = gate.lease(bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), signer=signer)
    return gate.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=bundle, withdrawals=()), caller=caller)


def test_nine_of_nine_other_uses_are_denied_and_logged(gate: GateWorld) -> None:
    tried = Denials(gate)
    second, second_tree = commit(gate, "a.py", "A = 3\n", "another proposal")
    outside, outside_tree = commit(gate, "b.py", "B = 1\n", "another path")
    git(gate.work, "tag", "v1", gate.change)

    def other_case(**effect: Any) -> Any:
        return gate.case(effect=effect, approval={"result_tree": effect.get("result_tree", gate.change_tree)}).build()

    p2: Any = other_case(result_tree=second_tree)
    tried.asked("another proposal", lambda: gate.ask(bundle=p2))
    tried.asked("another repository", lambda: gate.ask(repository="other"))
    tried.asked("another branch", lambda: gate.ask(ref="refs/heads/other"))
    tried.asked("another environment", lambda: gate.ask(bundle=other_case(environment="production")))
    tried.asked("another path set", lambda: gate.ask(commit=outside, tree=outside_tree))
    for signer, caller in (("front", "front"), ("control", "executor"), ("executor", "control")):
        tried.asked("another process identity", lambda: signed_by(gate, signer, caller))  # noqa: B023  called at once

    first = gate.credential()
    tried.push("another proposal", first, f"{second}:{REF}")
    tried.push("another repository", first, f"{gate.change}:{REF}", repository="other")
    tried.push("another branch", first, f"{gate.change}:refs/heads/other")
    tried.push("another branch", first, f"{gate.change}:{REF}", f"{gate.change}:refs/heads/other")
    tried.push("another environment", first, f"{gate.change}:{REF}", repository="shop-live")
    tried.push("another path set", first, f"{outside}:{REF}")
    tried.push("another verb", first, f":{REF}")
    tried.push("another verb", first, f"+{second}:{REF}", options=("--force",))
    tried.push("another verb", first, "v1")
    for service in ("git-upload-pack", "git-upload-archive"):
        tried.http("another verb", "GET", f"/shop.git/info/refs?service={service}", first.token)
    tried.http("another verb", "POST", "/shop.git/git-upload-pack", first.token, content=b"0000")
    tried.http("another verb", "GET", "/shop.git/HEAD", first.token)
    tried.http("another verb", "POST", f"/gate/v1/leases/{first.lease}/revoke", first.token, content=b"{}")

    assert gate.push(first.token, f"{gate.change}:{REF}").returncode == 0, "it was good for its own task all the time"
    tried.push("a second use", first, f"{gate.change}:{REF}")
    tried.push("a second use", first, f"{gate.base}:{REF}", options=("--force",))
    assert gate.tip() == gate.change
    assert tried.wrong == []
    assert len(tried.tried) == 8  # the ninth, after expiry, needs a target that has not moved
    assert first.token not in gate.log.read_text()


def test_after_its_expiry_it_is_denied_and_logged(gate: GateWorld) -> None:
    tried = Denials(gate)
    late = short_credential(gate, SHORT)
    time.sleep(SHORT + 1)
    tried.push("after expiry", late, f"{gate.change}:{REF}")
    assert (tried.wrong, gate.tip()) == ([], gate.base)
    assert gate.push(gate.credential(bundle=_released(gate, late)).token, f"{gate.change}:{REF}").returncode == 0


def _released(gate: GateWorld, credential: Credential) -> Any:
    """A fresh case, with the ref that the earlier warrant held given back."""
    from magistrate.wire.gate_api import HoldRelease

    warrant = gate.get(f"/gate/v1/leases/{credential.lease}").json()["warrant"]
    gate.post("/gate/v1/holds/release", HoldRelease(warrant=warrant))
    return gate.case().build()


def test_a_commit_of_another_tree_under_the_right_lease_is_denied_and_logged(gate: GateWorld) -> None:
    """The gate believes the commit id of a lease only with the approved tree in it."""
    outside, _ = commit(gate, "b.py", "B = 1\n", "another path")
    tried = Denials(gate)
    tried.push("another path set", gate.credential(commit=outside), f"{outside}:{REF}")
    assert (tried.wrong, gate.tip()) == ([], gate.base)


def _line(text: bytes) -> bytes:
    return f"{len(text) + 4:04x}".encode() + text


def _push_of(gate: GateWorld) -> bytes:
    """The bytes of the granted push."""
    packed = subprocess.run(
        ["git", "pack-objects", "--stdout", "--revs", "-q"], cwd=gate.work, env=ENV, check=True, capture_output=True,
        input=f"{gate.change}\n^{gate.base}\n".encode(),
    ).stdout  # fmt: skip
    return _line(f"{gate.base} {gate.change} {REF}\0 report-status".encode()) + b"0000" + packed


@contextlib.contextmanager
def connected(gate: GateWorld, user: int) -> Iterator[http.client.HTTPConnection]:
    """A connection that a process of this user opened."""
    link = http.client.HTTPConnection("127.0.0.1", gate.settings.ports.gate, timeout=30)
    mine = os.geteuid()
    os.seteuid(user)
    try:
        link.connect()
    finally:
        os.seteuid(mine)
    with contextlib.closing(link):
        yield link


@pytest.mark.skipif(os.geteuid() != 0, reason="walls of users cannot be raised here: not root")
def test_its_text_alone_is_nothing_in_another_users_process(gate: GateWorld) -> None:
    credential, body = gate.credential(), _push_of(gate)
    headers = {"Authorization": f"Bearer {credential.token}", "Content-Type": "application/x-git-receive-pack-request"}

    def through(user: int, method: str, path: str, content: bytes | None) -> bool:
        with connected(gate, user) as link:
            link.request(method, f"/shop.git/{path}", content, headers)
            return link.getresponse().status == httpx.codes.OK

    tried = Denials(gate)
    for method, path, content in (
        ("GET", "info/refs?service=git-receive-pack", None),
        ("POST", "git-receive-pack", body),
    ):
        tried.denied("another process identity", lambda: through(NOBODY, method, path, content), credential.lease)  # noqa: B023  called at once
    assert (tried.wrong, gate.tip()) == ([], gate.base)
    assert through(os.geteuid(), "POST", "git-receive-pack", body)
    assert gate.tip() == gate.change
