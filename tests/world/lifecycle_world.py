"""Control's own parts over a store that begins anew for each life, quick enough to live through many.

The use cases, the log, the witness and every `verify_*` are the real ones. The judge is a stand-in that says what a
case was drawn to be, the diff is made once, and the tip of the target moves when it is told to.
"""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from world.admissible import Admissible, without
from world.casework import CaseWorld, LocalWitness

from magistrate.adapters.git.bare import BareRepositories
from magistrate.adapters.stores.log import LogStore
from magistrate.adapters.stores.store import SqlStore
from magistrate.authority.admission import Admitted, Pins, admit
from magistrate.domain.case import Case, RepositoryRow
from magistrate.domain.impact import ChangeClass, ProofStatus, Strictness
from magistrate.ports import Assessed
from magistrate.usecases.matter import bundle
from magistrate.usecases.sessions import register_agent
from magistrate.wire.assessment import FileVerdict, ProofSummary, Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.front_api import SealRequest
from magistrate.wire.proposal import Proposal

MAIN = "refs/heads/main"
ONE = (Obligation(role=None, count=1, rule="policy/one"),)


def verdict_of(kind: ChangeClass) -> Verdict:
    """A verdict on one file of this class."""
    proof = ProofSummary(rule="drawn/1", status=ProofStatus.PROVEN, why="drawn", witness={})
    return Verdict(
        id="", digest=digest(b"v"), assessor=digest(b"a"), classes=(kind,), auto_eligible=False, strictness=Strictness.ONE,
        files=(FileVerdict(path="notes.md", change_class=kind, proof=proof),), sensitivities=(), denials=(),
        privilege=(), blast_radius={}, reversible="yes", composition={}, reasons=(),
    )  # fmt: skip


class DrawnJudge:
    """Says what was drawn for a proposal; `down` is a judge that cannot judge."""

    def __init__(self) -> None:
        self.kinds: dict[str, ChangeClass] = {}

    def assess(self, proposal: str, effect: Any, diff: bytes, now: int) -> Assessed:
        return Assessed(verdict=verdict_of(self.kinds[proposal]), evidence=())

    def together(self, *_: Any) -> tuple[Verdict, ...]:
        return ()

    def across(self, *_: Any) -> tuple[Any, ...]:
        return ()

    def decide(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = msgspec.to_builtins({"strictness": "one", "obligations": ONE, "reasons": ()})
        return asked


class Tips(BareRepositories):
    """The gate's repositories, with a tip that another hand can move."""

    moved = ""

    def tip(self, repository: str, ref: str) -> str:
        return self.moved or super().tip(repository, ref)


class LifeWorld(CaseWorld):
    """One deployment; `begin` gives it an empty store, log and witness."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tips = Tips(self.deployment.settings.repositories)
        self.repositories = self.tips
        self.start, self._life = self.now, 0
        made = self.proposal({"notes.md": "# Notes\n\nThis service greets people.\n"})
        self._diff = made.diff
        self._body = open_envelope(made.proposal, Proposal, deployment=self.deployment.name).body

    def begin(self) -> None:
        """A new life: nothing recorded, nobody asked."""
        self.store.close()
        self._life += 1
        folder = self.home / "lives" / str(self._life)
        folder.mkdir(parents=True)
        self.now, self.tips.moved = self.start, ""
        self.witness = LocalWitness(self.deployment, folder / "witness.db")
        self.log = LogStore(self.deployment.settings.log_name, self.deployment.keys["log"], [self.witness], 1)
        self.database = folder / "store.db"
        self.store = SqlStore(self.database, self.log)
        self.judge = DrawnJudge()
        self.bench = replace(self.bench, store=self.store, assessor=self.judge)
        self.office = replace(
            self.office,
            store=self.store,
            repositories=self.repositories,
            same_user_walls=False,
            assessor=lambda: digest(b"a"),
        )
        with self.store.transaction() as unit:
            register_agent(unit, self.deployment.manifest, self.trust.roster(), self.now)
            unit.put_repository(
                RepositoryRow(
                    repository="shop", ref=MAIN, environment="staging", ready=True,
                    tip=self.repositories.tip("shop", MAIN), alarm="",
                )
            )  # fmt: skip
            unit.keep_findings([self.finding], now=self.now, source="anna")

    def request(self, *, signer: str = "front", supersedes: str = "", **effect: Any) -> SealRequest:
        """One more proposal of the same change, of a session of its own."""
        opened = self.session()
        with self.store.transaction() as unit:
            row = unit.session(opened.session)
        body = msgspec.structs.replace(
            self._body, session=row.session, session_digest=row.digest,
            effect=msgspec.structs.replace(self._body.effect, **effect),
        )  # fmt: skip
        return SealRequest(
            proposal=self.deployment.by_process(signer, body, "prp", now=self.now), diff=self._diff, prompt="fix it",
            rationale="because", kind="ordinary", kind_salt=base64.b64encode(bytes(32)).decode(), supersedes=supersedes,
        )  # fmt: skip

    def bundle_of(self, case: Case) -> CaseBundle:
        """What control hands over of a case."""
        with self.store.transaction() as unit:
            return bundle(self.store, self.trust, unit, unit.case(case.facts.proposal), self.now)

    def recorded(self, found: CaseBundle) -> CaseBundle:
        """A bundle whose warrant a captured control wrote into the log by itself, witnessed like any entry."""
        pen = Admissible.__new__(Admissible)
        pen.town, pen.logged, pen.log_signer, pen.witnessed, pen.now = (
            self.deployment, "warrant.issued", "log", True, self.now,
        )  # fmt: skip
        assert found.warrant is not None
        leaf, proof = pen._record(found.warrant)
        salt = base64.b64encode(b"s" * 32).decode()
        return without(found, warrant_leaf=base64.b64encode(leaf).decode(), warrant_salt=salt, warrant_proof=proof)

    def admitted(self, found: CaseBundle, withdrawals: tuple[Envelope, ...]) -> Admitted:
        """Admission as executor and gate do it, at the time of this life (raises Refused, Usage)."""
        return admit(
            found, pins=Pins(deployment=self.deployment.name, roster=self.deployment.pin), now=self.now,
            executor=self.deployment.executor_keyid, withdrawals=withdrawals, drilled=True, same_user_walls=False,
        )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What really stands in the database, read beside the program."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()
