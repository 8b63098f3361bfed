"""Cases made for real, by the documents that front and people sign, with control's own parts.

    world = CaseWorld(tmp_path)
    case = world.judged({"notes.md": "# Notes\n"})
    world.approve("ben", case)

The witness really cosigns, patches are applied behind walls, the judge answers in this process (`walls=True`: behind
walls, as control has it); only HTTP is left out.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from world.deployment import Deployment, by_all, make_deployment, new_id
from world.judging import JudgeInside

from magistrate.adapters.git.bare import BareRepositories
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.keys.pen import ProcessPen
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.adapters.stores.log import LogStore
from magistrate.adapters.stores.store import SqlStore
from magistrate.adapters.stores.trust_files import TrustFiles
from magistrate.adapters.stores.witness import WitnessStore
from magistrate.authority.admission import Admitted, Pins, admit
from magistrate.bootstrap.control import read_findings
from magistrate.bootstrap.control_assessor import SandboxedAssessor
from magistrate.domain.case import Case, RepositoryRow
from magistrate.domain.execution import Action
from magistrate.domain.finding import Finding, Severity, finding_id, fingerprint
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused, Unavailable
from magistrate.ledger.note import parse_vkey
from magistrate.ledger.submission import Rejection, format_submission
from magistrate.settings import settings_text
from magistrate.usecases.assess_case import Bench, judge_case
from magistrate.usecases.drills import keep_result, order_drills
from magistrate.usecases.judging import Judge
from magistrate.usecases.matter import papers
from magistrate.usecases.own_assessor import own_digest
from magistrate.usecases.review import approve
from magistrate.usecases.seal import seal_proposal
from magistrate.usecases.sessions import Opened, SessionWish, open_session, register_agent
from magistrate.usecases.settle import record_report
from magistrate.usecases.warrant import Office, issue
from magistrate.wire.agent_manifest import AgentManifest
from magistrate.wire.approval import Approval
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.drill import DrillKind, DrillOrder, DrillResult, Probe
from magistrate.wire.effect import GitEffect, GitUpdate, commit_seen, git_rollback_plan_digest
from magistrate.wire.envelope import Envelope
from magistrate.wire.front_api import SealRequest
from magistrate.wire.proposal import Proposal, Provenance
from magistrate.wire.report import Outcome, Report

SOURCE = {
    "app.py": "import os\n\n\ndef greet(name):\n    return 'hello ' + name\n",
    "notes.md": "# Notes\n\nThis servise greets people.\n",
    ".github/workflows/ci.yml": "on: push\npermissions:\n  contents: read\njobs: {}\n",
}
DAY = 86_400


class LocalWitness:
    """The real witness without HTTP in between; `down` makes it unreachable."""

    def __init__(self, deployment: Deployment, database: Path) -> None:
        processes = deployment.trusted_roster().body.processes
        self._vkey, self.down = processes.witnesses[0], False
        name, origin = deployment.settings.witness_name, deployment.settings.log_name
        self.store = WitnessStore(
            database, name=name, key=deployment.keys["witness"], logs={origin: parse_vkey(processes.log)},
            clock=lambda: int(time.time()),
        )  # fmt: skip

    @property
    def vkey(self) -> str:
        return self._vkey

    def cosign(self, size: int, prove: Callable[[int], tuple[bytes, ...]], note: str) -> str:
        old = 0
        if self.down:
            raise Unavailable("MAG-E220", "the witness does not answer")
        for _ in range(2):
            try:
                return self.store.add_checkpoint(format_submission(old, prove(old), note))
            except Rejection as rejection:
                if rejection.size is None or rejection.size == old:
                    raise Refused("MAG-E222", rejection.reason) from rejection
                old = rejection.size
        raise AssertionError("the witness keeps changing its mind")

    def latest(self, origin: str) -> str | None:
        if self.down:
            raise Unavailable("MAG-E220", "the witness does not answer")
        return self.store.checkpoint(hashlib.sha256(origin.encode()).hexdigest())


def git(*arguments: str, cwd: Path, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, input=stdin, capture_output=True, check=True)
    return done.stdout.decode()


def gate_repository(home: Path, name: str = "shop", files: Mapping[str, str] = SOURCE) -> Path:
    """A bare repository with one commit, where the gate keeps it; returns a clone to work in."""
    bare, work = home / "gate" / "repositories" / f"{name}.git", home.parent / f"work-{name}"
    work.mkdir(parents=True)
    git("init", "-q", "-b", "main", ".", cwd=work)
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    git("add", ".", cwd=work)
    git("commit", "-q", "-m", "first", cwd=work)
    git("clone", "-q", "--bare", str(work), str(bare), cwd=home.parent)
    git("remote", "add", "origin", str(bare), cwd=work)
    return work


@functools.cache
def own_assessor() -> str:
    """The digest of the assessor of this source, asked once."""
    return own_digest(Judge(sandbox=open_sandbox()))


class CaseWorld:
    """One deployment with control's parts in this process. `now` moves only when told to."""

    def __init__(self, folder: Path, *, store: str | None = None, walls: bool = False, **choices) -> None:
        self.deployment: Deployment = make_deployment(folder / "home", **choices)
        self.home, self.now = self.deployment.home, int(time.time())
        self.repository, self.work = "shop", gate_repository(self.home)
        settings = self.deployment.settings
        self.trust = TrustFiles(
            settings.roster_path, settings.policy_path, pin=self.deployment.pin, deployment=self.deployment.name
        )
        self.witness = LocalWitness(self.deployment, self.home / "witness" / "witness.db")
        self.log = LogStore(settings.log_name, self.deployment.keys["log"], [self.witness], 1)
        if store is not None:
            settings = replace(settings, store_url=store)
            (self.home / "magistrate.toml").write_text(settings_text(settings))
        self.store = SqlStore(settings.store, self.log)
        self.pen = ProcessPen(self.deployment.keys["control"], self.deployment.name)
        self.repositories = BareRepositories(settings.repositories)
        self.sandbox = open_sandbox() if walls else JudgeInside()
        self.bench = Bench(
            store=self.store, trust=self.trust, pen=self.pen,
            assessor=SandboxedAssessor(self.repositories, self.sandbox, self.pen, tools={}),
        )  # fmt: skip
        self.office = Office(
            store=self.store,
            trust=self.trust,
            pen=self.pen,
            repositories=self.repositories,
            same_user_walls=True,
            assessor=own_assessor,
        )
        self.read_findings = read_findings(self.repositories)
        self._prepare()

    def _prepare(self) -> None:
        self._places: dict[str, tuple[Path, Finding]] = {}
        with self.store.transaction() as unit:
            register_agent(unit, self.deployment.manifest, self.trust.roster(), self.now)
        self._enter("shop", self.work)

    def open_repository(self, name: str, files: Mapping[str, str]) -> None:
        """One more repository that the policy names; everything after this is about it."""
        self._enter(name, gate_repository(self.home, name, files))

    def at(self, name: str) -> None:
        """Everything after this is about this repository."""
        self.repository = name
        self.work, self.finding = self._places[name]

    def _enter(self, repository: str, work: Path) -> None:
        name = fingerprint(rule="F401", path="app.py", snippet="import os")
        finding = Finding(
            id=finding_id(repository=repository, fingerprint_=name), rule="F401", tool="ruff", message="unused import",
            path="app.py", start_line=1, end_line=1, severity=Severity.WARNING, fingerprint=name, source="fake",
            repository=repository,
        )  # fmt: skip
        with self.store.transaction() as unit:
            unit.put_repository(
                RepositoryRow(
                    repository=repository, ref="refs/heads/main", environment="staging", ready=True,
                    tip=self.repositories.tip(repository, "refs/heads/main"), alarm="",
                )
            )  # fmt: skip
            unit.keep_findings([finding], now=self.now, source="anna")
        self._places[repository] = work, finding
        self.at(repository)

    def register(self, agent: str, owner: str) -> None:
        """One more agent, by its owner and carla."""
        manifest = open_envelope(self.deployment.manifest, AgentManifest, deployment=self.deployment.name).body
        body = msgspec.structs.replace(manifest, agent=agent, owner=owner)
        envelope = by_all(self.deployment.people, [owner, "carla"], body, "agm", self.now)
        with self.store.transaction() as unit:
            register_agent(unit, envelope, self.trust.roster(), self.now)

    def session(self, minutes: int = 60, agent: str = "fixer", opener: str = "anna") -> Opened:
        wish = SessionWish(agent=agent, finding=self.finding.id, reason="fix it", minutes=minutes)
        with self.store.transaction() as unit:
            return open_session(
                unit, wish, self.deployment.trusted_roster().person(opener), roster=self.trust.roster(), pen=self.pen,
                now=self.now, draw=lambda: new_id("tok"),
            )  # fmt: skip

    def proposal(self, files: Mapping[str, str], session: str | None = None, **changes) -> SealRequest:
        """A signed proposal for files as they shall be; `changes` replace fields of the effect or body."""
        row_id = session or self.session().session
        with self.store.transaction() as unit:
            row = unit.session(row_id)
            owner = unit.agent(row.agent).owner
        tip = self.repositories.tip(self.repository, "refs/heads/main")
        tree = self.repositories.tree(self.repository, tip)
        applied = QuarantinedPatches(self.sandbox).apply(
            Path(self.repositories.git_dir(self.repository)), tree, self._patch(files, tip)
        )
        effect = GitUpdate(
            environment="staging", pre_state=tree, repository=self.repository, ref="refs/heads/main", old=tip, base_tree=tree,
            result_tree=applied.result_tree, manifest_sha256=applied.manifest_sha256,
            rollback_plan_digest=git_rollback_plan_digest(
                repository=self.repository, ref="refs/heads/main", restore_tree=tree
            ),
        )  # fmt: skip
        kind = canonical({"kind": "ordinary", "salt": "00" * 32})
        body = Proposal(
            session=row.session, session_digest=row.digest, agent=row.agent, owner=owner, model="fake-model 1",
            finding=row.finding, action=Action.MERGE, effect=effect, diff_sha256=digest(applied.diff),
            prompt_sha256=digest(b"fix it"), prompt_commitment=digest(b"keyed"), rationale_sha256=digest(b"because"),
            context=(), context_gaps=(), provenance=Provenance.CLAIMED, kind_commitment=digest(kind),
        )  # fmt: skip
        on_effect = {k: v for k, v in changes.items() if k in GitUpdate.__struct_fields__}
        body = msgspec.structs.replace(
            body, effect=msgspec.structs.replace(effect, **on_effect),
            **{k: v for k, v in changes.items() if k not in on_effect},
        )  # fmt: skip
        return SealRequest(
            proposal=self.deployment.by_process("front", body, "prp", now=self.now),
            diff=base64.b64encode(applied.diff).decode(), prompt="fix it", rationale="because", kind="ordinary",
            kind_salt=base64.b64encode(bytes(32)).decode(),
        )  # fmt: skip

    def seal(self, request: SealRequest) -> Case:
        with self.store.transaction() as unit:
            return seal_proposal(
                unit, request, roster=self.trust.roster(), policy=self.trust.policy(),
                repositories=self.repositories, now=self.now,
            )  # fmt: skip

    def judged(self, files: Mapping[str, str], session: str | None = None) -> Case:
        return judge_case(self.bench, self.seal(self.proposal(files, session)).facts.proposal, self.now)

    def again(self, case: Case) -> Case:
        """Judged again, as the worker does with what is held."""
        return judge_case(self.bench, case.facts.proposal, self.now)

    def decision(self, case: Case) -> Decision:
        """The newest decision."""
        with self.store.transaction() as unit:
            return papers(unit, case, self.trust.roster()).matter.decision.body

    def land(self, case: Case, files: Mapping[str, str], people: Sequence[str] = ("ben",)) -> Case:
        """Approved by these people, warranted, pushed and reported as succeeded; the drills must have passed."""
        for person in people:
            self.approve(person, case)
        taken = self.issue(case)
        assert taken.standing.state is CaseState.WARRANTED, taken.standing
        tip = self.push(files)
        with self.store.transaction() as unit:
            assert unit.take_warrant(taken.standing.warrant or "", self.now)
            body = Report(
                outcome=Outcome.SUCCEEDED, warrant=unit.documents("warrant", case.facts.proposal)[-1].payload_digest(),
                proposal=case.facts.proposal, why="as seen", steps=(), ref_before=unit.repository(self.repository).tip,
                ref_after=tip, leases_open=0, journal_head="sha256:" + "0" * 64,
            )  # fmt: skip
            record_report(unit, self.deployment.by_process("executor", body, "rep", now=self.now), self.trust, self.now)
        return self.case(case)

    def push(self, files: Mapping[str, str | bytes]) -> str:
        """Put files on the gate's branch; control knows of it."""
        for path, text in files.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        git("add", ".", cwd=self.work)
        git("commit", "-q", "-m", "pushed", cwd=self.work)
        git("push", "-q", "origin", "HEAD:main", cwd=self.work)
        return self.repositories.tip(self.repository, "refs/heads/main")

    def seed(self, files: Mapping[str, str]) -> None:
        """More files in the repository, as if they had always been there."""
        tip = self.push(files)
        with self.store.transaction() as unit:
            unit.put_repository(replace(unit.repository(self.repository), tip=tip))

    def case(self, case: Case) -> Case:
        with self.store.transaction() as unit:
            return unit.case(case.facts.proposal)

    def case_of(self, proposal: str) -> Case:
        with self.store.transaction() as unit:
            return unit.case(proposal)

    def admits(self, bundle: CaseBundle) -> Admitted:
        """Admission as executor and gate do it, which believe nobody."""
        return admit(
            bundle, pins=Pins(deployment=self.deployment.name, roster=self.deployment.pin), now=int(time.time()),
            executor=self.deployment.executor_keyid, drilled=False, same_user_walls=True,
        )  # fmt: skip

    def approval(self, person: str, case: Case, *, signer: str = "", lifetime: int = DAY, **changes) -> Envelope:
        with self.store.transaction() as unit:
            found = papers(unit, case, self.trust.roster())
        decision, proposal = found.matter.decision.body, found.matter.proposal.body
        assert isinstance(proposal.effect, GitEffect)
        fields = {
            "person": person, "proposal": case.facts.proposal, "decision": found.matter.decision_digest,
            "assessment_verdict": decision.assessment_verdict, "policy": decision.policy, "roster": decision.roster,
            "action": proposal.action, "environment": proposal.effect.environment,
            "repository": proposal.effect.repository, "ref": proposal.effect.ref, "base": commit_seen(proposal.effect),
            "result_tree": proposal.effect.result_tree, "displayed_sha256": proposal.diff_sha256, "rebuilt": True,
            "self_reviewed": person == proposal.owner,
        }  # fmt: skip
        body = Approval(**{**fields, **changes})
        return self.deployment.by_person(signer or person, body, "apr", lifetime=lifetime, now=self.now)

    def approve(self, person: str, case: Case, **changes) -> Case:
        envelope = self.approval(person, case, **changes)
        with self.store.transaction() as unit:
            return approve(unit, unit.case(case.facts.proposal), envelope, self.trust, self.now)

    def issue(self, case: Case) -> Case:
        return issue(self.office, case.facts.proposal, self.now)

    def drill(self, *, failing: str = "", lifetime: int = 7 * DAY, environment: str = "staging") -> None:
        """Order the drills and report that they passed, all but `failing`."""
        body = DrillOrder(
            person="anna", repository=self.repository, environment=environment, scratch=f"drill-{self.repository}"
        )
        order = self.deployment.by_person("anna", body, "dro", lifetime=3600, now=self.now)
        with self.store.transaction() as unit:
            name = order_drills(unit, order, self.trust, self.now)
            for kind in DrillKind:
                held = kind.value != failing
                result = DrillResult(
                    order=name, kind=kind, repository=self.repository, environment=environment, passed=held,
                    probes=(Probe(probe="fake probe", held=held, seen="as told"),),
                )  # fmt: skip
                envelope = self.deployment.by_process("executor", result, "drr", lifetime=lifetime, now=self.now)
                keep_result(unit, envelope, self.trust, self.now)

    def move_tip(self) -> str:
        """Somebody else pushes straight into the gate's repository."""
        (self.work / "moved.txt").write_text(new_id("mov"))
        git("add", ".", cwd=self.work)
        git("commit", "-q", "-m", "by another hand", cwd=self.work)
        git("push", "-q", "origin", "HEAD:main", cwd=self.work)
        return self.repositories.tip(self.repository, "refs/heads/main")

    def _patch(self, files: Mapping[str, str | bytes], tip: str) -> bytes:
        scratch = self.home.parent / new_id("scr")
        git("clone", "-q", self.repositories.git_dir(self.repository), str(scratch), cwd=self.home.parent)
        git("checkout", "-q", tip, cwd=scratch)
        for path, text in files.items():
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        git("add", "-A", cwd=scratch)
        return git("diff", "--cached", "--binary", cwd=scratch).encode()


def with_state(case: Case, **changes) -> Case:
    """The case with another standing, to play somebody who believes an old one."""
    return replace(case, standing=replace(case.standing, **changes))
