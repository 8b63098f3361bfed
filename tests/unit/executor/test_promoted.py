"""The executor under a promotion: it acts without approvals, and loses the right by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.admissible import NOW, OLD
from world.executing import World

from magistrate.authority.stops import Stops
from magistrate.domain.events import Event
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.executor.ports import Ruling
from magistrate.wire.document import open_envelope
from magistrate.wire.trust import Promotion
from magistrate.wire.withdrawal import Withdrawal


def promoted(home: Path, **knobs: Any) -> World:
    return World(home, **{"promotion": {}, **knobs})


def demotion(world: World, person: str = "dora") -> Stops:
    name = world.bundle.promotions[0].payload_digest()
    body = Withdrawal(person=person, proposal=name, approval=name, reason="enough", epoch=NOW)
    return Stops(withdrawals=(world.case.town.by_person(person, body, "wdr", now=NOW - 1),))


@pytest.mark.requirement("R69")
def test_a_promoted_change_is_executed_and_the_record_names_who_promoted_it(tmp_path: Path) -> None:
    world = promoted(tmp_path / "home")
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    assert world.tip() == world.commit()
    (kept,) = world.bundle.promotions
    assert open_envelope(kept, Promotion, deployment=world.case.town.name).body.change_class is ChangeClass.LINT


@pytest.mark.requirement("R85")
@pytest.mark.requirement("R70")
def test_an_executor_that_took_part_in_no_drill_does_nothing_by_itself(tmp_path: Path) -> None:
    """People's approval of a low class needs no drill; without people it does."""
    world = promoted(tmp_path / "home", drilled=False)
    world.executor().tick()
    assert (world.control.outcomes, world.tip()) == (["refused"], OLD)
    asked = World(tmp_path / "other", drilled=False)
    asked.executor().tick()
    assert asked.control.outcomes == ["succeeded"]


@pytest.mark.requirement("R73")
def test_a_demotion_in_the_drop_is_obeyed_whatever_control_says(tmp_path: Path) -> None:
    world = promoted(tmp_path / "home")
    world.stops = demotion(world)
    world.executor().tick()
    assert (world.control.outcomes, world.tip()) == (["refused"], OLD)
    assert "demoted by `dora`" in next(iter(world.control.reports.values()))["why"]


@pytest.mark.requirement("R73")
@pytest.mark.requirement("R53")
def test_a_demotion_between_mint_and_push_keeps_the_push_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = promoted(tmp_path / "home")
    minted = world.gate.request

    def request(*given: Any) -> Any:
        credential = minted(*given)
        world.stops = demotion(world)
        return credential

    monkeypatch.setattr(world.gate, "request", request)
    world.executor().tick()
    assert (world.control.outcomes, world.tip(), world.gate.usable()) == (["failed"], OLD, [])


@pytest.mark.requirement("R73")
def test_whatever_went_wrong_there_ends_a_promotion_that_was_signed_before(tmp_path: Path) -> None:
    """The first promoted change does not work and is taken back; the next of the same promotion waits for people."""
    world = promoted(tmp_path / "home")
    world.eyes.live = lambda commit: commit != world.commit()
    loop = world.executor()
    loop.tick()
    assert world.control.outcomes == ["rolled_back"]
    world.eyes.live = lambda commit: True
    again = next_case(world)
    world.control.bundles = [again]
    loop.tick()
    assert world.control.outcomes == ["rolled_back", "refused"]
    why = list(world.control.reports.values())[-1]["why"]
    assert "was promoted before a case there was taken back or halted" in why


@pytest.mark.requirement("R73")
def test_readiness_that_is_lost_ends_it_too(tmp_path: Path) -> None:
    world = promoted(tmp_path / "home")
    world.judge.found = msgspec.structs.replace(world.judge.found, reasons=("another",))
    loop = world.executor()
    loop.tick()
    assert world.control.outcomes == ["refused"]
    assert world.steps().count(Event.TRUST_DEMOTED) == 1
    world.judge.found = msgspec.structs.replace(world.judge.found, reasons=())
    assert world.journal is not None
    world.pass_drills(world.journal)
    world.control.bundles = [next_case(world)]
    loop.tick()
    assert world.control.outcomes == ["refused", "refused"]
    assert "was promoted before readiness was lost there" in list(world.control.reports.values())[-1]["why"]


@pytest.mark.requirement("R32")
@pytest.mark.parametrize(
    ("whole", "words"),
    [
        ({"auto_eligible": False, "strictness": Strictness.ONE}, "not proven to be low"),
        ({"classes": (ChangeClass.LINT, ChangeClass.DOCS)}, "`docs` is not promoted"),
    ],
)  # fmt: skip
def test_what_landed_before_must_be_low_together_with_it(tmp_path: Path, whole: dict[str, Any], words: str) -> None:
    world = promoted(tmp_path / "home")
    loop = world.executor()
    loop.tick()
    assert world.control.outcomes == ["succeeded"]
    world.judge.whole = msgspec.structs.replace(world.judge.found, **whole)
    world.judge.ruled_whole = Ruling(strictness=Strictness.ONE, obligations=world.case.obligations)
    world.control.bundles = [next_case(world)]
    loop.tick()
    assert world.control.outcomes == ["succeeded", "refused"]
    assert words in list(world.control.reports.values())[-1]["why"]


def next_case(world: World) -> Any:
    """One more case by the same hands, under a promotion as old as the first."""
    world.case.session = {"reason": "another"}
    world.case.proposal = {"model": "fake-model 2"}
    world.gate.refs["shop", "refs/heads/main"] = OLD
    return world.case.build()
