"""A captured control plane, against a real gate process, a real repository and a real executor.

The attacker holds control's warrant key, front's key and the log's key, answers the executor as control does,
and has the witness cosign whatever entry extends the log. At the gate they hold the executor's key as well, so
that nothing is left to the executor's honesty there. People's keys, the witness's key, the pins and the files
that people installed on the executor's and the gate's machine are not the attacker's.

    with captured_world(home) as world:
        scene = world.scene()
        scene.gate_refuses(forged), scene.offer(forged), scene.offer(scene.honest)

The roster is at version 2: `ben` has a second key, and `carla`'s first was stolen and replaced. So is the policy.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.admissible import Admissible, without
from world.deployment import Deployment, by_all, new_id
from world.executing import Alarms, Judge, MemoryControl, World
from world.real_gate import MAIN, git, outside_of
from world.warm_gate import Town

from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.errors import MagistrateError
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import assemble
from magistrate.executor.journal import Journal
from magistrate.executor.ports import Ruling
from magistrate.wire.agent_manifest import AgentManifest
from magistrate.wire.canonical import canonical
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Body, document, open_envelope, seal_by_person
from magistrate.wire.effect import GitUpdate
from magistrate.wire.envelope import Envelope
from magistrate.wire.gate_api import LeaseList, LeaseRequest
from magistrate.wire.lease import Lease
from magistrate.wire.policy_bundle import PolicyBundle
from magistrate.wire.proposal import Proposal
from magistrate.wire.roster import Roster
from magistrate.wire.sshsig import InMemorySshKey
from magistrate.wire.warrant import Warrant


@dataclass(frozen=True, kw_only=True)
class Renewed(Deployment):
    """A deployment whose roster and policy people renewed; `before` is as it was, with the key that was stolen."""

    before: Deployment

    @property
    def pin(self) -> str:
        return self.before.pin

    @property
    def chain(self) -> tuple[Envelope, ...]:
        return (self.before.roster, self.roster)

    def trusted_roster(self) -> TrustedRoster:
        return trust_roster(self.chain, pin=self.pin, deployment=self.name)


def renewed(before: Deployment, now: int) -> Renewed:
    """Version 2 of roster and policy, signed by anna and carla, installed in the home."""
    first = open_envelope(before.roster, Roster, deployment=before.name).body
    second_key, fresh = (InMemorySshKey(Ed25519PrivateKey.generate()) for _ in range(2))
    lines = {"ben": (before.people["ben"].public_line, second_key.public_line), "carla": (fresh.public_line,)}
    persons = tuple(msgspec.structs.replace(p, keys=lines.get(p.person, p.keys)) for p in first.persons)
    body = msgspec.structs.replace(first, version=2, previous=before.roster.payload_digest(), persons=persons)
    roster = by_all(before.people, ["anna", "carla"], body, "ros", now)
    people = {**before.people, "carla": fresh, "ben-second": second_key}
    old = open_envelope(before.policy, PolicyBundle, deployment=before.name).body
    bundle = msgspec.structs.replace(old, version=2, previous=before.policy.payload_digest())
    policy = by_all(people, ["anna", "ben"], bundle, "pol", now)
    agent = open_envelope(before.manifest, AgentManifest, deployment=before.name).body
    manifest = by_all(people, ["anna", "carla"], agent, "agm", now)
    made = Renewed(
        home=before.home, name=before.name, mode=before.mode, people=people, keys=before.keys, roster=roster,
        policy=policy, manifest=manifest, before=before,
    )  # fmt: skip
    (made.home / "roster.json").write_bytes(canonical(list(made.chain)))
    (made.home / "policy-bundle.json").write_bytes(policy.encode())
    return made


class CapturedTown(Town):
    """The town of one home after its roster and policy were renewed."""

    def _bundle(self) -> CaseBundle:
        if not isinstance(self.case.town, Renewed):
            self.case.town = renewed(self.case.town, int(time.time()) - 150)
        return without(super()._bundle(), roster=self.case.town.chain)


@dataclass
class Offered:
    """What came of a bundle at the executor: its report, its alarms, what it made of the ref."""

    outcome: str
    why: str
    alarms: list[str]


@dataclass
class Scene:
    """One executor with a fresh journal and passed drills, and one honest case that it would execute."""

    captured: CapturedWorld
    case: Admissible
    honest: CaseBundle
    control: MemoryControl = field(default_factory=lambda: MemoryControl(offer_again=True))
    alarms: Alarms = field(default_factory=Alarms)
    judge: Judge = field(init=False)
    drilled: bool = True

    def __post_init__(self) -> None:
        self.judge = Judge(
            self.case._verdict(), Ruling(strictness=self.case.decision_strictness, obligations=self.case.obligations)
        )
        self._loop: Any = None
        self.drill_again: Callable[[], object] = lambda: None
        """The drills anew, as people order them where an attempt took readiness away."""

    @property
    def town(self) -> Renewed:
        assert isinstance(self.case.town, Renewed)
        return self.case.town

    def variant(self, **knobs: Any) -> CaseBundle:
        """The same case with some knobs of `Admissible` turned, everything downstream signed to match."""
        return self.captured.build(self.captured.case(**{**self.captured.knobs_of(self.case), **knobs}))

    def by(self, signer: str, body: Body, prefix: str, *, ago: int = 5, lifetime: int | None = 300) -> Envelope:
        """A document that a process key signed so many seconds ago."""
        return self.town.by_process(signer, body, prefix, lifetime=lifetime, now=self.case.now - ago)

    def person(self, who: InMemorySshKey | str, body: Body, prefix: str, **frame: Any) -> Envelope:
        """A document that a person signed; `frame` may name another deployment, `now` or `lifetime`."""
        key = self.town.people[who] if isinstance(who, str) else who
        given = {"deployment": self.town.name, "id": new_id(prefix), "now": self.case.now - 10, "lifetime": 86_400}
        return seal_by_person(document(body, **{**given, **frame}), key)

    def reissued(
        self, bundle: CaseBundle, *, signer: str = "control", lifetime: int = 300, ago: int = 5, **changes: Any
    ) -> CaseBundle:
        """A new warrant over the documents of a bundle as they are now, recorded and witnessed."""
        before = self.body(bundle.warrant, Warrant)
        proposal = self.body(bundle.proposal, Proposal)
        named = {
            "proposal": bundle.proposal.payload_digest(), "effect": proposal.effect, "action": proposal.action,
            "environment": proposal.effect.environment, "roster": bundle.roster[-1].payload_digest(),
            "policy": bundle.policy.payload_digest(),
            "approvals": tuple(one.payload_digest() for one in bundle.approvals),
            "decision": bundle.decision.payload_digest() if bundle.decision else before.decision,
        }  # fmt: skip
        body = msgspec.structs.replace(before, **{**named, **changes})
        warrant = self.by(signer, body, "wrt", ago=ago, lifetime=lifetime)
        return self.recorded(without(bundle, warrant=warrant))

    def recorded(self, bundle: CaseBundle, **knobs: Any) -> CaseBundle:
        """The bundle with an entry of the log for its warrant; `knobs` say what is wrong with the entry."""
        case = copy.copy(self.case)
        for name, value in knobs.items():
            setattr(case, name, value)
        assert bundle.warrant is not None
        leaf, proof = case._record(bundle.warrant)
        return without(bundle, warrant_leaf=base64.b64encode(leaf).decode(), warrant_proof=proof)

    def body(self, envelope: Envelope | None, kind: type[Any]) -> Any:
        assert envelope is not None
        return open_envelope(envelope, kind, deployment=self.town.name).body

    def drop(self, name: str, envelope: Envelope) -> None:
        """People put a file into the folder of stops, which is not the attacker's."""
        folder = self.captured.town.home / "freeze"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_bytes(envelope.encode())

    def effect(self, bundle: CaseBundle) -> GitUpdate:
        found = self.body(bundle.proposal, Proposal).effect
        assert isinstance(found, GitUpdate)
        return found

    def ask_gate(self, bundle: CaseBundle, **lease: Any) -> httpx.Response:
        """Ask the gate for the lease of a bundle, with the stolen key of the executor."""
        try:
            effect = self.effect(bundle)
        except MagistrateError:  # no document at all; the lease is for the honest effect then
            effect = self.effect(self.honest)
        warrant = bundle.warrant or self.honest.warrant
        assert warrant is not None
        body = Lease(
            **{"warrant": warrant.payload_digest(), "proposal": bundle.proposal.payload_digest(),
               "purpose": "effect", "state": "requested", "repository": effect.repository, "ref": effect.ref,
               "old": effect.old, "commit": "c" * 40, "tree": effect.result_tree, "reason": "captured", **lease}
        )  # fmt: skip
        envelope = self.town.by_process("executor", body, "lse", lifetime=60)
        return self.captured.post("/gate/v1/leases", LeaseRequest(lease=envelope, bundle=bundle, withdrawals=()))

    def offer(self, bundle: CaseBundle) -> Offered:
        """Control hands a bundle to the executor, which works one round."""
        if self._loop is None:
            self._loop = self.captured.executor(self)
        self.control.bundles, before = [bundle], len(self.control.reports)
        told = len(self.alarms.told)
        self._loop.tick()
        reports = list(self.control.reports.values())[before:]
        report = reports[-1] if reports else {"outcome": "nothing", "why": ""}
        return Offered(outcome=report["outcome"], why=report["why"], alarms=self.alarms.told[told:])


class CapturedWorld:
    """Gate process, repository and keys, shared by all attempts of a module; each attempt is a scene of its own."""

    def __init__(self, town: CapturedTown) -> None:
        self.town = town
        self._opened: list[Any] = []
        self._number = 0
        self.target: type[GitTarget] = GitTarget

    def knobs_of(self, case: Admissible) -> dict[str, Any]:
        same = {"change_class", "strictness", "reversible", "approvers", "obligations", "decision_strictness"}
        return {name: getattr(case, name) for name in same}

    def case(self, **knobs: Any) -> Admissible:
        """A case over the town's base and result, at the present time; dictionaries are laid over the town's own."""
        made = copy.copy(self.town.case)
        made.now = int(time.time())
        for name, value in knobs.items():
            own = getattr(made, name)
            setattr(made, name, {**own, **value} if isinstance(own, dict) else value)
        return made

    def build(self, case: Admissible, diff: bytes | None = None) -> CaseBundle:
        """Its bundle, with the real diff and the whole roster chain."""
        assert isinstance(case.town, Renewed)
        return without(self.build_at(case, diff), roster=case.town.chain)

    def build_at(self, case: Admissible, diff: bytes | None = None) -> CaseBundle:
        """Its bundle with the real diff and one roster: whatever its town holds."""
        return without(case.build(), diff=base64.b64encode(self.town.diff if diff is None else diff).decode())

    def scene(self, *, drilled: bool = True, **knobs: Any) -> Scene:
        case = self.case(**knobs)
        return Scene(captured=self, case=case, honest=self.build(case), drilled=drilled)

    def executor(self, scene: Scene) -> Any:
        """A real executor over a journal of its own; its own assessor says what is true of the honest case."""
        self._number += 1
        outside = outside_of(self.town.home, self.target, inbox=scene.control, alarm=scene.alarms, assessor=scene.judge)
        journal = Journal(self.town.home / "executor" / f"journal-{self._number}.db", outside.identity, outside.clock)
        self._opened += [journal, outside]
        if scene.drilled:
            scene.drill_again = lambda: World.pass_drills(outside, journal)  # type: ignore[arg-type]  # what it needs is there
            scene.drill_again()
        return assemble(outside, journal)

    def post(self, path: str, content: object, caller: str = "executor", **frame: Any) -> httpx.Response:
        body = msgspec.json.encode(content)
        headers = self.town.case.town.authorization(caller, "POST", path, body, **{"audience": "gate", **frame})
        return httpx.post(self.url + path, content=body, headers=headers, timeout=30, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.town.gate_port}"

    def usable(self) -> list[str]:
        """Leases that would still push."""
        path = "/gate/v1/leases"
        headers = self.town.case.town.authorization("executor", "GET", path, audience="gate")
        found = httpx.get(self.url + path, headers=headers, timeout=30, trust_env=False)
        assert found.status_code == 200, found.text
        return [one.lease for one in msgspec.json.decode(found.content, type=LeaseList).leases if one.usable]

    def put_back(self) -> None:
        """The machine's administrator puts the ref back and empties the folder of stops, for the next scene."""
        git(self.town.bare, "update-ref", MAIN, self.town.old)
        for path in (self.town.home / "freeze").glob("*.json"):
            path.unlink()

    def close(self) -> None:
        for one in self._opened:
            one.close()
        self._opened = []


def told(answer: httpx.Response) -> tuple[str, str]:
    """Code and words of a refusal of the gate."""
    assert answer.status_code in {400, 401, 403, 404}, answer.text
    error = answer.json()["error"]
    return error["code"], error["message"]


@contextlib.contextmanager
def captured_world(home: Path) -> Iterator[CapturedWorld]:
    town = CapturedTown(home)
    world = CapturedWorld(town)
    try:
        town.start_gate()
        yield world
    finally:
        world.close()
        town.close()
