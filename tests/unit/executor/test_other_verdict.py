"""The same assessor with another verdict than control tells: refused, alarmed, and nothing is ready there any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.deployment import new_id
from world.executing import World

from magistrate.errors import Unavailable
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.ports import DrillCall
from magistrate.wire.canonical import digest
from magistrate.wire.drill import DrillOrder


def refused(tmp_path: Path, **changes: object) -> World:
    world = World(tmp_path / "home")
    world.judge.found = msgspec.structs.replace(world.judge.found, **changes)
    world.executor().tick()
    return world


def record(world: World) -> DrillRecord:
    assert world.journal is not None
    return DrillRecord(world.journal, world.identity)


def ready(world: World) -> bool:
    return record(world).drilled("shop", "staging", world.clock.now())


@pytest.mark.requirement("R55", "R85")
def test_another_verdict_by_the_same_assessor_takes_readiness_away_for_good(tmp_path: Path) -> None:
    world = refused(tmp_path, reasons=("something else",))
    assert world.control.outcomes == ["refused"]
    assert any("MAG-E390" in alarm for alarm in world.alarm.told)
    assert not world.gate.grants
    assert world.steps().count("trust.demoted") == 1
    assert not ready(world)
    assert world.journal is not None
    before = world.journal.sequence
    (name,) = world.journal.rows.execute("select warrant from executions").fetchone()
    record(world).demote(str(name), "shop", {})
    assert world.journal.sequence == before, "done again after a crash it says the same"
    world.open()
    assert not ready(world), "a new start does not bring it back"
    assert world.journal is not None
    world.clock.passed += 1
    world.pass_drills(world.journal)
    assert ready(world), "drills after it do"


@pytest.mark.requirement("R85")
def test_version_skew_takes_no_readiness_away(tmp_path: Path) -> None:
    world = refused(tmp_path, assessor=digest(b"another version"))
    assert world.control.outcomes == ["version_skew"]
    assert "trust.demoted" not in world.steps()
    assert ready(world)


@pytest.mark.requirement("R85")
def test_only_this_repository_loses_it(tmp_path: Path) -> None:
    world = refused(tmp_path, reasons=("something else",))
    assert record(world).demoted_at("shop") == world.clock.now()
    assert record(world).demoted_at("other") == 0


@pytest.mark.requirement("R85")
def test_an_order_signed_before_it_brings_nothing_back(tmp_path: Path) -> None:
    world = refused(tmp_path, reasons=("something else",))
    body = DrillOrder(person="anna", repository="shop", environment="staging", scratch=f"drill-{new_id('x')[2:8]}")
    assert world.journal is not None
    for later, words in ((0, "older than what took readiness away"), (5, "")):
        order = world.case.town.by_person("anna", body, "dro", lifetime=3600, now=world.clock.now() + later)
        world.control.orders = [_call(world, order)]
        world.alarm.told.clear()
        world.clock.passed += later
        world.executor().tick()
        assert any("older than what took" in alarm for alarm in world.alarm.told) is bool(words), world.alarm.told


def _call(world: World, order: object) -> DrillCall:
    return DrillCall(order=order, roster=(world.case.town.roster,), policy=world.case.town.policy)  # type: ignore[arg-type]


def test_demotions_are_kept(tmp_path: Path) -> None:
    world = refused(tmp_path, reasons=("something else",))
    assert world.journal is not None
    with pytest.raises(Unavailable, match="demotions are kept"):
        world.journal.rows.execute("delete from demotions")


@pytest.mark.requirement("R4", "R85")
def test_a_drill_that_nobody_answered_has_no_result(tmp_path: Path) -> None:
    """Silence of the gate is no refusal of a stranger's lease."""
    world = World(tmp_path / "home")
    body = DrillOrder(person="anna", repository="shop", environment="staging", scratch=f"drill-{new_id('x')[2:8]}")
    world.control.orders = [
        _call(world, world.case.town.by_person("anna", body, "dro", lifetime=3600, now=world.clock.now()))
    ]
    world.control.bundles = []
    mint, asked = world.gate.request_drill, []

    def silent_at_first(order: Any, lease: Any) -> Any:
        asked.append(lease)
        if len(asked) == 1:
            raise Unavailable("MAG-E395", "the gate does not answer")
        return mint(order, lease)

    world.gate.request_drill = silent_at_first  # type: ignore[method-assign]
    world.executor().tick()
    assert asked, world.alarm.told
    kept = [one for one in world.control.results.values() if one["kind"] == "entitlement"]
    probes = [probe for one in kept for probe in one["probes"] if "another process" in probe["probe"]]
    assert not [probe for probe in probes if probe["held"]]
