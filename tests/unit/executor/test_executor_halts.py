"""An executor whose journal knows a halted execution touches its ref again only after people closed the case."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from world.admissible import NOW
from world.executing import MAIN, World

from magistrate.adapters.stop_files import drop_stop, read_stops
from magistrate.authority.stops import Stops
from magistrate.domain.principal import Mode
from magistrate.wire.closure import Closure
from magistrate.wire.envelope import Envelope


def closure(world: World, person: str, *, signer: str = "", **changes: Any) -> Envelope:
    fields = {"person": person, "proposal": world.bundle.proposal.payload_digest(), "repository": "shop", "ref": MAIN,
              "tip": world.tip(), "reason": "set right", "self_reviewed": person == "anna"}  # fmt: skip
    return world.case.town.by_person(signer or person, Closure(**{**fields, **changes}), "cls", now=NOW)


def halted(world: World) -> World:
    """The inverse is refused by the gate, so the ref keeps what did not work."""
    world.eyes.live = lambda commit: False
    world.gate.refuse = lambda purpose: purpose == "rollback"
    world.executor().tick()
    assert world.control.outcomes == ["halted"]
    world.eyes.live, world.gate.refuse = (lambda commit: True), (lambda purpose: False)
    return world


def offer(world: World) -> str:
    """Let the executor have a warrant on the commit where the ref stands; how it ended."""
    world.case.effect, world.case.approval = {"old": world.tip()}, {"base": world.tip()}
    world.control.bundles = [world.case.build()]
    before = len(world.control.outcomes)
    world.executor().tick()
    (outcome,) = world.control.outcomes[before:]
    return outcome


def why(world: World) -> str:
    return str(list(world.control.reports.values())[-1]["why"])


@pytest.mark.requirement("R58")
def test_a_halted_execution_holds_its_ref_until_two_people_close_it(tmp_path: Any) -> None:
    world = halted(World(tmp_path / "home"))
    proposal = world.bundle.proposal.payload_digest()
    (held,) = world.gate.halts.values()
    assert (held.proposal, held.owner, held.ref) == (proposal, "anna", MAIN)
    grants = len(world.gate.grants)
    assert offer(world) == "refused"
    assert f"MAG-E126 held: {MAIN} is halted by {proposal[7:19]}; two people close it" in why(world)
    short_of = {
        "one person": [closure(world, "carla")],
        "one person twice": [closure(world, "carla"), closure(world, "carla", reason="again")],
        "the owner": [closure(world, "carla"), closure(world, "anna")],
        "an auditor": [closure(world, "carla"), closure(world, "dora")],
        "another's name": [closure(world, "carla"), closure(world, "ben", signer="carla")],
        "two commits": [closure(world, "carla"), closure(world, "ben", tip="9" * 40)],
        "another case": [closure(world, "carla"), closure(world, "ben", proposal="sha256:" + "0" * 64)],
    }
    for what, closures in short_of.items():
        world.stops = Stops(closures=tuple(closures))
        assert offer(world) == "refused", what
    assert len(world.gate.grants) == grants, "no credential was asked for"
    world.stops = Stops(closures=(closure(world, "carla"), closure(world, "ben")))
    assert offer(world) == "succeeded"
    world.stops = Stops()
    assert offer(world) == "succeeded", "what was closed stays closed without the files"


def test_the_gate_is_told_until_it_hears(tmp_path: Any) -> None:
    world = World(tmp_path / "home")
    world.eyes.live = lambda commit: False
    world.gate.refuse = lambda purpose: purpose == "rollback"
    deaf = type(world.gate).hold_for_people

    def unheard(*_: Any) -> None:
        world.gate.up = False
        try:
            world.gate._answering()
        finally:
            world.gate.up = True

    world.gate.hold_for_people = unheard  # type: ignore[method-assign, assignment]
    executor = world.executor()
    executor.tick()
    assert world.control.outcomes == ["halted"]
    assert not world.gate.halts
    world.gate.hold_for_people = deaf.__get__(world.gate)  # type: ignore[method-assign]
    executor.tick()
    assert len(world.gate.halts) == 1
    world.gate.halts.clear()
    executor.tick()
    assert not world.gate.halts, "told once, heard once"


@pytest.mark.requirement("R58")
def test_alone_one_closure_is_enough(tmp_path: Any) -> None:
    world = halted(World(tmp_path / "home", mode=Mode.SOLO, approvers=("anna",)))
    assert offer(world) == "refused"
    world.stops = Stops(closures=(closure(world, "anna", self_reviewed=False),))
    assert offer(world) == "refused"
    world.stops = Stops(closures=(closure(world, "anna"),))
    assert offer(world) == "succeeded"


def test_closures_come_by_the_drop_and_are_no_stop(tmp_path: Any) -> None:
    world = World(tmp_path / "home")
    envelope = closure(world, "carla")
    place = drop_stop(tmp_path / "freeze", envelope)
    found = read_stops(tmp_path / "freeze")
    assert (found.closures, found.unreadable) == ((envelope,), ())
    assert place.name.startswith("closure-")
    assert (
        json.loads(msgspec.json.decode(place.read_bytes(), type=Envelope).payload_bytes())["body"]["person"] == "carla"
    )
