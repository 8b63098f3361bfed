"""A verdict by another version of the assessor is refused as what it is, and opens nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from world.executing import World

from magistrate.wire.canonical import digest


def judged_otherwise(world: World, **changes: object) -> None:
    world.judge.found = msgspec.structs.replace(world.judge.found, **changes)


@pytest.mark.requirement("R55", "R50")
def test_another_version_is_version_skew_and_nothing_is_opened(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    before = world.tip()
    judged_otherwise(world, assessor=digest(b"another version"))
    world.executor().tick()
    assert world.control.outcomes == ["version_skew"]
    (report,) = world.control.reports.values()
    assert report["why"].startswith("MAG-E400 version skew")
    assert digest(b"another version")[:23] in report["why"]
    assert report["leases_open"] == 0
    assert world.tip() == before
    assert not world.gate.grants
    assert "lease.requested" not in world.steps()
    assert any("MAG-E400" in alarm for alarm in world.alarm.told)


@pytest.mark.requirement("R55")
def test_the_same_version_with_another_verdict_is_no_skew(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    judged_otherwise(world, reasons=("something else",))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]
    (report,) = world.control.reports.values()
    assert report["why"].startswith("MAG-E390")
    assert not world.gate.grants
