"""A warranted change of a real database behind a real gate, whose executor is a process that may kill itself anywhere.

`entitled` changes entitlements, `rotated` a password; the consumer of that is a file, with a mint that forgets when its process dies.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from world.memory_mint import MemoryMint
from world.postgres_grants import SCHEMAS
from world.postgres_leases import DATABASE, LOGINS, Shop
from world.real_gate import Town, git, outside_of

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.executor_systems import systems_of
from magistrate.bootstrap.executor_targets import carriers_of, targets_of
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.domain.stages import FOLLOW, StageKind, StagePlan, stage_ref
from magistrate.executor.credentials.ssh_certificate import SshCertificates
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.identity import Identity
from magistrate.executor.journal import Journal
from magistrate.executor.ports import Clock, Credential, NewSecret, Seen
from magistrate.settings import load_settings
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation
from magistrate.wire.drill import DRILL_SECONDS, DrillKind, DrillResult, Probe
from magistrate.wire.effect import git_rollback_plan_digest, release_plan_digest
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

BEFORE = "GRANT SELECT, UPDATE ON TABLE store.price TO clerk;\n"
AFTER = "GRANT SELECT ON TABLE store.price TO clerk;\n"
USES = 'opens = ["orders-db"]\nconsumers = ["web"]\n'
STAGES = (
    StagePolicy(
        stage="orders", repository="shop", environment="staging", production=False, verification=(), system="orders-db",
        document="db/grants.sql",
    ),
    StagePolicy(
        stage="password", repository="shop", environment="staging", production=False, verification=(),
        system="orders-db", document="db/password.toml", secret="orders-password",
    ),
)  # fmt: skip
OLD = "plainly-fake-old-value"
SSH_TOKENS = "ssh-tokens"
"""The folder of a home in which a town's executor leaves a copy of every certificate with its key, for whoever tries them later."""


class FileConsumer:
    """Runs with what its file says."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.mint = MemoryMint("web", "target:web")

    def switch(self, credential: Credential, secret: NewSecret) -> Seen:
        self.mint.verify(credential)
        self.file.write_text(json.dumps([secret.login, secret.password]))
        return Seen(held=True, seen="it runs with it")


class SystemTown(Town):
    """As `Town`, with a database; `write` says which of the two warrants control hands out."""

    def __init__(self, home: Path, shop: Shop, *, runs: bool = False, host: Path | None = None, **given: Any) -> None:
        """`runs`: a service says how it is in `orders`, and there are stages that follow (`live`) and that a target runs (`site`).

        `host` is where the database listens.
        """
        self.shop, self.runs = shop, runs
        super().__init__(home, stages=STAGES, **given)
        told = shop.settings("orders-db", schemas=SCHEMAS, logins=LOGINS)
        with (home / "magistrate.toml").open("a") as out:
            out.write(told.replace(f'"{shop.server.folder}"', f'"{host or shop.server.folder}"'))
        self.consumer = FileConsumer(home / "consumer.json")
        self.consumer.file.write_text(json.dumps(["app_a", OLD]))
        self.first, self.second = (self._commit(text) for text in (BEFORE, AFTER))
        git(self.bare, "update-ref", "refs/heads/main", self.second)
        for stage in self.stages:
            git(self.bare, "update-ref", stage_ref(stage.stage), self.first)

    def stage_policies(self) -> Sequence[StagePolicy]:
        if self.runs:
            url = f"http://127.0.0.1:{self.service_port}/health"
            probe = HttpProbe(url=url, status=200, body_contains="version", within_seconds=1)
            live = StagePolicy(
                stage="live", repository="shop", environment="staging", production=False, verification=(probe,)
            )
            orders, *others = self.stages
            looked_at = msgspec.structs.replace(orders, verification=(probe,))
            self.stages = (looked_at, *others, live, msgspec.structs.replace(live, stage="site", target="site"))
        return self.stages

    def write(self, stage: str) -> None:
        """The warrant that brings a stage up to date."""
        self.stage = stage
        self._pass_drills()
        (self.home / "bundle.json").write_bytes(canonical(self.of(stage)))

    def recorded(self) -> str:
        return git(self.bare, "show", f"{stage_ref(self.stage)}:db/grants.sql")

    def consumer_is_let_in(self) -> bool:
        login, password = json.loads(self.consumer.file.read_text())
        try:
            psycopg.connect(host=str(self.shop.server.folder), dbname=DATABASE, user=login, password=password).close()
        except psycopg.OperationalError:
            return False
        return True

    def _pass_drills(self) -> None:
        """Readiness of the environment, in the executor's own journal."""
        outside = outside_of(self.home)
        journal = Journal(self.home / "executor" / "journal.db", outside.identity, outside.clock)
        record = DrillRecord(journal, outside.identity)
        for kind in DrillKind:
            body = DrillResult(
                order=digest(b"order"), kind=kind, repository="shop", environment="staging", passed=True,
                probes=(Probe(probe="p", held=True, seen="s"),),
            )  # fmt: skip
            record.add(outside.identity.frame(body, "drl", now=outside.clock.now(), lifetime=DRILL_SECONDS))
        journal.close()
        outside.close()

    def _commit(self, grants: str) -> str:
        blobs = {
            name: git(self.bare, "hash-object", "-w", "--stdin", given=text.encode()).strip()
            for name, text in (("grants.sql", grants), ("password.toml", USES))
        }
        db = git(
            self.bare, "mktree", given="".join(f"100644 blob {blob}\t{name}\n" for name, blob in blobs.items()).encode()
        )
        tree = git(self.bare, "mktree", given=f"040000 tree {db.strip()}\tdb\n".encode()).strip()
        parents = ("-p", self.first) if hasattr(self, "first") else ()
        return git(self.bare, "commit-tree", tree, *parents, "-m", "state").strip()

    def _plan(self, stage: StagePolicy) -> StagePlan:
        kind = StageKind(document=stage.document, secret=stage.secret)
        patches = QuarantinedPatches(open_sandbox())
        return planned_stage(self.bare, patches, stage_ref(stage.stage), self.first, self.second, kind)

    def of(self, name: str) -> CaseBundle:
        """The warranted case that brings a stage up to date."""
        (stage,) = (one for one in self.stages if one.stage == name)
        plan, case = self._plan(stage), copy.copy(self.case)
        said: dict[str, Any] = {
            "ref": plan.ref, "old": plan.old, "commit": plan.commit, "base_tree": plan.base_tree, "result_tree": plan.result_tree,
            "pre_state": plan.base_tree, "manifest_sha256": plan.manifest_sha256,
        }  # fmt: skip
        if stage.document is None:
            way = git_rollback_plan_digest(repository="shop", ref=plan.ref, restore_tree=plan.base_tree)
            case.deploy = said | {
                "artifact_digest": plan.artifact_digest,
                "rollback_plan_digest": way,
                "command_id": stage.target or FOLLOW,
                "stage": stage.stage,
            }
            case.change_class = ChangeClass.INFRASTRUCTURE
        elif stage.secret is None:
            way = git_rollback_plan_digest(repository="shop", ref=plan.ref, restore_tree=plan.base_tree)
            case.entitle = said | {
                "before_digest": plan.before_digest, "after_digest": plan.after_digest, "rollback_plan_digest": way,
            }  # fmt: skip
            case.change_class = ChangeClass.PERMISSIONS
        else:
            way = release_plan_digest(repository="shop", ref=plan.ref)
            case.rotate = said | {"consumers_digest": plan.consumers_digest, "rollback_plan_digest": way}
            case.change_class, case.reversible = ChangeClass.SECRETS, "no"
        case.effect = {}
        case.proposal, case.approval = {"diff_sha256": digest(plan.diff)}, {"displayed_sha256": digest(plan.diff)}
        case.strictness = case.decision_strictness = Strictness.TWO
        case.approvers = ("ben", "carla")
        case.obligations = (
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM if stage.document is None else Role.SECURITY, count=1, rule="policy/owner"),
        )  # fmt: skip
        return msgspec.structs.replace(case.build(), diff=base64.b64encode(plan.diff).decode())


def systems_here(home: Path, identity: Identity, clock: Clock) -> dict[str, Any]:
    """The systems, secrets, consumers and targets that a home names, as its executor has them."""
    settings = load_settings(home)
    if not settings.systems:
        return {}
    found = systems_of(settings, identity, clock)
    parts: dict[str, Any] = {"systems": found.entitlements, "stores": found.logins}
    if not settings.targets:
        return {**parts, "consumers": {"web": FileConsumer(home / "consumer.json")}}
    targets = targets_of(settings, identity, clock, lambda text: text)
    for target in targets.values():
        _keep_tokens(target.mint, home / SSH_TOKENS)
    closing = tuple(target.close for target in targets.values())
    return {**parts, "consumers": targets, "carriers": carriers_of(settings, targets), "closing": closing}


def _keep_tokens(mint: SshCertificates, folder: Path) -> None:
    """Whatever is minted is kept as a thief would keep it: in a file by the name of its lease."""
    plain = mint.request

    def request(*asked: Any) -> Credential:
        credential = plain(*asked)
        folder.mkdir(exist_ok=True)
        (folder / credential.lease).write_text(credential.token)
        return credential

    mint.__dict__["request"] = request
