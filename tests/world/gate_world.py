"""A real gate on a real port with real repositories, and an executor that asks it properly."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from world import warm_server
from world.admissible import DIFF, Admissible
from world.control_process import GATE
from world.deployment import Deployment, new_id
from world.ports import four_free_ports

from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.settings import Ports, Settings, settings_text
from magistrate.wire.document import document, seal_by_person
from magistrate.wire.drill import DrillOrder
from magistrate.wire.effect import git_rollback_plan_digest
from magistrate.wire.envelope import Envelope, join_signatures
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.gate_api import Credential, DrillLeaseRequest, DrillRepositoryRequest, LeaseRequest
from magistrate.wire.lease import Lease
from magistrate.wire.policy_bundle import Estate, FreezeWindow

REF = "refs/heads/main"
WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "T"), ("EMAIL", "t@example.invalid"), ("DATE", "2026-01-01T00:00:00Z"))
}
ENV = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
       "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **WHO}  # fmt: skip


def git(folder: Path, *arguments: str, env: dict[str, str] | None = None, check: bool = True, given: str = "") -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**ENV, **(env or {})},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {arguments}: {done.stderr}")
    return done.stdout.strip()


@dataclass
class GateWorld:
    """A deployment, its gate process, a work copy with `base` and `change` commits."""

    town: Deployment
    settings: Settings
    work: Path
    base: str
    base_tree: str
    change: str
    change_tree: str
    process: warm_server.Child | None = None

    @property
    def bare(self) -> Path:
        return self.settings.repositories / "shop.git"

    @property
    def url(self) -> str:
        return self.settings.gate_url

    @property
    def log(self) -> Path:
        """What the gate writes while it runs."""
        return self.settings.home / "gate.log"

    def start(self) -> None:
        """Start the gate and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = warm_server.start(GATE, [str(self.town.home)], log=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/gate/v1/health").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("the gate does not answer")

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)

    def tip(self) -> str:
        return git(self.bare, "rev-parse", REF)

    def case(self, **knobs: Any) -> Admissible:
        """An admissible case for exactly base -> change, at the present time."""
        case = Admissible.__new__(Admissible)
        fields = {f: Admissible.__dataclass_fields__[f] for f in Admissible.__dataclass_fields__}
        for name, spec in fields.items():
            default = spec.default if not callable(spec.default_factory) else spec.default_factory()
            setattr(case, name, knobs.get(name, default))
        case.home, case.town = self.town.home, self.town
        case.now = int(time.time())
        plan = git_rollback_plan_digest(repository="shop", ref=REF, restore_tree=self.base_tree)
        case.effect = {"old": self.base, "base_tree": self.base_tree, "pre_state": self.base_tree,
                       "result_tree": self.change_tree, "rollback_plan_digest": plan, **knobs.get("effect", {})}  # fmt: skip
        if any(one is not None for one in (case.release, case.deploy, case.entitle, case.rotate)):
            return case
        case.approval = {"base": self.base, "result_tree": self.change_tree, **knobs.get("approval", {})}
        return case

    def lease(self, warrant: str, proposal: str, **changes: Any) -> Envelope:
        """A lease request signed by the executor."""
        signer = changes.pop("signer", "executor")
        body = Lease(
            **{"warrant": warrant, "proposal": proposal, "purpose": LeasePurpose.EFFECT, "state": LeaseState.REQUESTED,
               "repository": "shop", "ref": REF, "old": self.base, "commit": self.change, "tree": self.change_tree,
               "reason": "merge", **changes}
        )  # fmt: skip
        return self.town.by_process(signer, body, "lse", lifetime=60)

    def post(self, path: str, content: object, caller: str = "executor") -> httpx.Response:
        body = msgspec.json.encode(content)
        headers = self.town.authorization(caller, "POST", path, body, audience="gate")
        return httpx.post(self.url + path, content=body, headers=headers, timeout=30)

    def get(self, path: str, caller: str = "executor") -> httpx.Response:
        return httpx.get(
            self.url + path, headers=self.town.authorization(caller, "GET", path, audience="gate"), timeout=30
        )

    def ask(self, **changes: Any) -> httpx.Response:
        """Ask for the lease of a fresh, sound case."""
        bundle: Any = changes.pop("bundle", None) or self.case().build()
        workload = changes.pop("workload", None)
        lease = self.lease(bundle.warrant.payload_digest(), bundle.proposal.payload_digest(), **changes)
        token = workload(lease.payload_digest()) if workload else ""
        return self.post("/gate/v1/leases", LeaseRequest(lease=lease, bundle=bundle, withdrawals=(), workload=token))

    def credential(self, **changes: Any) -> Credential:
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Credential)

    def push(
        self, token: str, *refspecs: str, repository: str = "shop", options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        env = {**ENV, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader",
               "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}"}  # fmt: skip
        return subprocess.run(
            ["git", "push", *options, f"{self.url}/{repository}.git", *refspecs],
            cwd=self.work, env=env, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def freeze(self, repository: str, person: str = "carla") -> Envelope:
        scope = Scope(repository=repository, environment=None, agent=None, change_class=None)
        return self.town.by_person(person, Freeze(person=person, scope=scope, reason="incident", epoch=1), "frz")

    def thaw(self, freeze: Envelope, *people: str) -> Envelope:
        framed = document(
            Thaw(freeze=freeze.payload_digest(), reason="over", epoch=2),
            deployment=self.town.name,
            id=new_id("thw"),
            now=int(time.time()),
            lifetime=None,
        )
        first, *others = [seal_by_person(framed, self.town.people[person]) for person in people]
        for other in others:
            first = join_signatures(first, other)
        return first

    def drill_order(self, person: str = "carla", scratch: str = "drill-shop") -> Envelope:
        order = DrillOrder(person=person, repository="shop", environment="staging", scratch=scratch)
        return self.town.by_person(person, order, "dro", lifetime=600)

    def drill_lease(self, order: Envelope, **changes: Any) -> DrillLeaseRequest:
        digest = order.payload_digest()
        lease = self.lease(digest, digest, **{"purpose": LeasePurpose.DRILL, "repository": "drill-shop", **changes})
        return DrillLeaseRequest(lease=lease, order=order)

    def scratch(self, order: Envelope) -> httpx.Response:
        return self.post("/gate/v1/drill-repositories", DrillRepositoryRequest(order=order))


def make_gate_world(
    folder: Path, estate: Estate | None = None, windows: tuple[FreezeWindow, ...] = (), **more: Any
) -> GateWorld:
    """Deployment, bare repository with one commit, work copy with one change."""
    seed = Admissible(folder / "home", estate=estate, windows=windows, **more)
    first = four_free_ports()
    settings = Settings(
        home=seed.home, deployment=seed.town.name, mode="team",
        ports=Ports(front=first, control=first + 1, gate=first + 2, witness=first + 3),
    )  # fmt: skip
    (seed.home / "magistrate.toml").write_text(settings_text(settings))
    work = folder / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    (work / "a.py").write_text("A = 1\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "base")
    base = git(work, "rev-parse", "HEAD")
    bare = settings.repositories / "shop.git"
    git(folder, "clone", "-q", "--bare", str(work), str(bare))
    (work / "a.py").write_text("A = 2\n")
    git(work, "commit", "-qam", "change")
    return GateWorld(
        town=seed.town, settings=settings, work=work, base=base, base_tree=git(work, "rev-parse", f"{base}^{{tree}}"),
        change=git(work, "rev-parse", "HEAD"), change_tree=git(work, "rev-parse", "HEAD^{tree}"),
    )  # fmt: skip


assert DIFF
