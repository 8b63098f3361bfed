"""A halted case holds its ref until two people close it, in what control knows."""

import json

import pytest
from world.casework import CaseWorld
from world.halting import closure, halted, waiting
from world.wire_samples import D

from magistrate.authority.closures import held_because
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Mode
from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.usecases.close import close_halted, halt_view
from magistrate.usecases.freezes import lift_freeze, set_freeze
from magistrate.usecases.holds import halt_of
from magistrate.usecases.polls import Polls
from magistrate.usecases.show import story, summary
from magistrate.wire.freeze import Freeze, Scope, Thaw

S = CaseState


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


def close(world, case, envelope, drop=lambda envelope: None):
    with world.store.transaction() as unit:
        return close_halted(
            unit, unit.case(case.facts.proposal), envelope, trust=world.trust, repositories=world.repositories,
            drop=drop, now=world.now,
        )  # fmt: skip


def told(world, case):
    with world.store.transaction() as unit:
        return summary(unit, unit.case(case.facts.proposal), world.trust, Polls(), world.now)


@pytest.mark.requirement("R58", "R37")
@pytest.mark.parametrize("foreign", [False, True])
def test_a_halted_case_holds_its_ref_until_two_people_close_it(world, foreign):
    stuck = halted(world, foreign=foreign)
    case = waiting(world)
    words = f"held: refs/heads/main is halted by {stuck.facts.proposal[7:19]}; two people close it"
    assert world.issue(case).standing.state is S.CLEARED
    (hold,) = told(world, case)["held"]
    assert (hold["by"], hold["words"], hold["name"]) == ("halt", words, stuck.facts.proposal)
    dropped: list[object] = []
    assert close(world, stuck, closure(world, stuck, "carla"), dropped.append).standing.state is S.HALTED
    assert world.issue(case).standing.state is S.CLEARED
    ended = close(world, stuck, closure(world, stuck, "ben"), dropped.append)
    assert ended.standing.state is S.CLOSED
    assert len(dropped) == 2
    assert told(world, case)["held"] == []
    assert world.issue(case).standing.state is S.WARRANTED
    with world.store.transaction() as unit:
        events = [(e.event, dict(e.facts)) for e in unit.events(stuck.facts.proposal)]
        row = unit.repository("shop")
        whole = story(unit, unit.case(stuck.facts.proposal), world.trust, Polls(), world.now)
    assert (row.tip, row.alarm) == (world.repositories.tip("shop", "refs/heads/main"), "")
    given = next(facts for name, facts in events if name == "closure.given")
    assert (given["person"], given["self_reviewed"]) == ("carla", "false")
    name, last = events[-1]
    assert (name, last["states"], last["persons"]) == ("case.closed", "HALTED CLOSED", "ben carla")
    assert len(whole["documents"]["closure"]) == 2
    assert json.dumps(whole)


@pytest.mark.requirement("R45", "R58")
def test_whose_word_does_not_close(world):
    stuck = halted(world)
    dropped: list[object] = []
    for person, changes in (
        ("anna", {}),  # owns the agent
        ("anna", {"self_reviewed": False}),
        ("dora", {}),  # an auditor operates and owns nothing
        ("ben", {"signer": "carla"}),
        ("ben", {"proposal": D}),
        ("ben", {"ref": "refs/heads/other"}),
        ("ben", {"self_reviewed": True}),
        ("ben", {"tip": "9" * 40}),
    ):
        with pytest.raises(Refused):
            close(world, stuck, closure(world, stuck, person, **changes), dropped.append)
    assert not dropped
    close(world, stuck, closure(world, stuck, "carla"))
    with pytest.raises(Refused, match="already"):
        close(world, stuck, closure(world, stuck, "carla"))
    assert world.case(stuck).standing.state is S.HALTED
    world.move_tip()
    assert close(world, stuck, closure(world, stuck, "ben")).standing.state is S.HALTED, "another commit than carla saw"
    assert close(world, stuck, closure(world, stuck, "carla")).standing.state is S.CLOSED
    with pytest.raises(Refused, match="only what is halted"):
        close(world, stuck, closure(world, stuck, "ben"))


def test_a_word_that_executor_and_gate_cannot_get_is_not_recorded(world):
    stuck = halted(world)

    def full(_envelope):
        raise Unavailable("MAG-E614", "no room")

    for person in ("carla", "ben"):
        with pytest.raises(Unavailable):
            close(world, stuck, closure(world, stuck, person), full)
    with world.store.transaction() as unit:
        view = halt_view(unit, unit.case(stuck.facts.proposal), trust=world.trust, repositories=world.repositories)
    assert (view["closures"], view["needs"]) == ([], 2)
    assert world.case(stuck).standing.state is S.HALTED


@pytest.mark.requirement("R58")
def test_alone_one_closes_and_it_is_recorded_as_a_self_review(tmp_path):
    world = CaseWorld(tmp_path, mode=Mode.SOLO)
    stuck = halted(world)
    case = waiting(world, "anna")
    assert told(world, case)["held"][0]["words"].endswith("; one person closes it")
    with pytest.raises(MagistrateError):
        close(world, stuck, closure(world, stuck, "anna", self_reviewed=False))
    assert close(world, stuck, closure(world, stuck, "anna")).standing.state is S.CLOSED
    with world.store.transaction() as unit:
        assert unit.events(stuck.facts.proposal)[-1].facts["self_reviewed"] == "true"
    assert world.issue(case).standing.state is S.WARRANTED
    assert held_because(halt_of(stuck), world.trust.roster()).startswith("held: refs/heads/main is halted by ")
    world.store.close()


@pytest.mark.requirement("R59")
def test_a_cleared_case_waits_for_the_end_of_a_freeze_window_and_says_when_that_is(tmp_path):
    from magistrate.wire.policy_bundle import FreezeWindow

    window = FreezeWindow(window="w", cron="* * * * *", zone="Europe/Berlin", minutes=10, reason="nobody looks")
    other = FreezeWindow(window="x", cron="* * * * *", zone="UTC", minutes=10, reason="r", repositories=("other",))
    world = CaseWorld(tmp_path, windows=(window, other))
    case = waiting(world)
    assert world.issue(case).standing.state is S.CLEARED
    (hold,) = told(world, case)["held"]
    assert (hold["by"], hold["name"], hold["reason"]) == ("window", "w", "nobody looks")
    assert hold["words"].startswith("held: the freeze window `w` lasts until 20")
    assert hold["lift"].startswith("it ends by itself at 20")
    world.store.close()


@pytest.mark.requirement("R59")
def test_a_cleared_case_says_which_freeze_holds_it_and_what_lifts_it(world):
    case = waiting(world)
    scope = Scope(repository="shop", environment=None, agent=None, change_class=None)
    body = Freeze(person="carla", scope=scope, reason="fire", epoch=1)
    with world.store.transaction() as unit:
        name = set_freeze(unit, world.deployment.by_person("carla", body, "frz", now=world.now), world.trust, world.now)
        document = unit.document(name)
    issued = json.loads(document.payload_bytes())["issued"]
    (hold,) = told(world, case)["held"]
    assert (hold["by"], hold["name"], hold["person"], hold["since"]) == ("freeze", name, "carla", issued)
    lift = f"magistrate thaw {name[7:19]} --reason TEXT (two persons sign)"
    assert hold["words"] == f"held: frozen since {issued} by carla: fire; to lift it: {lift}"
    assert world.issue(case).standing.state is S.CLEARED
    from magistrate.wire.document import document as framed
    from magistrate.wire.document import seal_by_person
    from magistrate.wire.envelope import join_signatures

    thaw = framed(
        Thaw(freeze=name, reason="out", epoch=2), deployment=world.deployment.name, id="thw-" + "a" * 26,
        now=world.now, lifetime=None,
    )  # fmt: skip
    signed = [seal_by_person(thaw, world.deployment.people[person]) for person in ("carla", "ben")]
    with world.store.transaction() as unit:
        lift_freeze(unit, join_signatures(*signed), world.trust, world.now)
    assert told(world, case)["held"] == []
    assert world.issue(case).standing.state is S.WARRANTED
