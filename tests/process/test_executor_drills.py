"""The four drills against the real gate and a real log, and what a weakened gate does to them."""

from __future__ import annotations

import io
import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
import world.ledger as logs
from world.real_gate import FolderControl, outside_of
from world.warm_gate import Town, town_with_gate

from magistrate.adapters.stores.export import export_log
from magistrate.errors import Refused
from magistrate.executor.assembly import assemble
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.journal import Journal
from magistrate.executor.log_tamper import tamper_probes, unpack_export
from magistrate.executor.ports import DrillCall
from magistrate.ledger.verify import Anchors
from magistrate.wire.drill import DrillOrder


def order_of(town: Town, *, person: str = "anna", scratch: str = "drill-shop", **changes: Any) -> DrillCall:
    made = town.case.town
    body = DrillOrder(
        **{"person": person, "repository": "shop", "environment": "staging", "scratch": scratch, **changes}
    )
    order = made.by_person(person, body, "dro", lifetime=600)
    return DrillCall(order=order, roster=(made.roster,), policy=made.policy)


class Ordered(FolderControl):
    """Control with a drill order and no warrant."""

    def __init__(self, home: Path, call: DrillCall, export: bytes = b"") -> None:
        super().__init__(home)
        self.call, self.export = call, export

    def warrants(self) -> tuple[Any, ...]:
        return ()

    def drills(self) -> tuple[DrillCall, ...]:
        return (self.call,)

    def log_export(self) -> bytes:
        return self.export


def exported(folder: Path, count: int = 5) -> bytes:
    """A real small log, exported and packed."""
    connection = logs.open_log(folder / "log.db")
    store = logs.log_store(logs.LocalWitness(folder / "witness.db"))
    logs.add(connection, count)
    store.seal(connection)
    export_log(connection, folder / "export")
    connection.close()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder / "export", arcname="log")
    return packed.getvalue()


@pytest.mark.requirement("R85", "R60")
def test_eight_doctored_logs_are_noticed_and_the_clean_one_verifies(tmp_path: Path) -> None:
    anchors = Anchors(log=logs.LOG_VKEY.encode(), witnesses=(logs.WITNESS_VKEY.encode(),), quorum=1)
    probes = tamper_probes(unpack_export(exported(tmp_path)), anchors)
    assert len(probes) == 9
    assert [p.probe for p in probes if not p.held] == [], [p.seen for p in probes if not p.held]
    assert all("could not be tried" not in p.seen for p in probes)


@pytest.mark.slow
@pytest.mark.requirement("R4", "R53", "R58", "R85")
def test_the_gate_drills_hold_at_the_real_gate(tmp_path: Path) -> None:
    with town_with_gate(tmp_path / "home") as town:
        control = Ordered(town.home, order_of(town))
        outside = outside_of(town.home, inbox=control)
        journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        loop = assemble(outside, journal)
        loop.tick()
        results = {body["kind"]: body for body in control.told("results")}
        assert set(results) == {"log_tamper", "entitlement", "revocation", "rollback"}
        for kind in ("entitlement", "revocation", "rollback"):
            failed = [p for p in results[kind]["probes"] if not p["held"]]
            assert results[kind]["passed"], failed
        assert len(results["entitlement"]["probes"]) == 9
        assert not results["log_tamper"]["passed"]
        assert not DrillRecord(journal, outside.identity).drilled("shop", "staging", int(time.time()))
        assert not [lease for lease in outside.broker.leases() if lease.usable]
        loop.tick()
        assert len(control.told("results")) == 4
        journal.close()
        outside.close()
        assert town.tip() == town.old


@pytest.mark.slow
@pytest.mark.requirement("R85")
@pytest.mark.parametrize("change", [
    {"person": "ben"}, {"scratch": "shop"}, {"environment": "production"}, {"repository": "other"},
])  # fmt: skip
def test_an_order_that_is_not_an_operators_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    from magistrate.executor.casebook import Casebook

    with town_with_gate(tmp_path / "home") as town:
        control = Ordered(town.home, order_of(town, **change))
        outside = outside_of(town.home, inbox=control)
        journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        assemble(outside, journal).tick()
        assert not control.told("results")
        assert not Casebook(journal).leases_of("executor")
        journal.close()
        outside.close()


def test_an_archive_that_is_no_log_is_refused() -> None:
    with pytest.raises(Refused):
        unpack_export(json.dumps({}).encode())
