"""Who may approve what, and when an approved case becomes a warrant."""

import msgspec
import pytest
from world.casework import DAY, CaseWorld
from world.wire_samples import D, G

from magistrate.domain.execution import Action
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Mode
from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.usecases.freezes import lift_freeze, set_freeze
from magistrate.usecases.matter import bundle
from magistrate.usecases.review import approve, reject, withdraw
from magistrate.usecases.settle import sweep
from magistrate.usecases.warrant import fetchable
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.rejection import Rejection
from magistrate.wire.withdrawal import Withdrawal

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
CODE = {"app.py": "def greet(name):\n    return eval(name)\n"}
WORKFLOW = {".github/workflows/ci.yml": "on: push\npermissions: write-all\njobs: {}\n"}
S = CaseState


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("proposal", D), ("decision", D), ("assessment_verdict", D), ("policy", D), ("roster", D),
        ("action", Action.DEPLOY), ("environment", "production"), ("repository", "other"), ("ref", "refs/heads/x"),
        ("base", G), ("result_tree", G), ("displayed_sha256", D),
    ],
)  # fmt: skip
def test_an_approval_of_anything_else_is_void(world, field, other):
    case = world.judged(TYPO)
    with pytest.raises(Refused) as refused:
        world.approve("ben", case, **{field: other})
    assert refused.value.code == "MAG-E124"
    assert world.case(case).standing.state is S.IN_REVIEW


@pytest.mark.requirement("R45")
def test_who_may_not_approve(world):
    case = world.judged(WORKFLOW)
    for person, changes in (
        ("anna", {}),
        ("anna", {"self_reviewed": False}),
        ("dora", {}),
        ("ben", {"signer": "carla"}),
        ("ben", {"self_reviewed": True}),
    ):
        with pytest.raises(Refused) as refused:
            world.approve(person, case, **changes)
        assert refused.value.code == "MAG-E122"
    world.approve("carla", case)
    with pytest.raises(Refused, match="already"):
        world.approve("carla", case)
    assert world.case(case).standing.state is S.IN_REVIEW


@pytest.mark.requirement("R45", "R53")
def test_a_forged_signature_never_counts(world):
    case = world.judged(TYPO)
    real, other = world.approval("ben", case), world.approval("carla", case)
    forged = msgspec.structs.replace(real, signatures=other.signatures)
    swapped = msgspec.structs.replace(
        real, signatures=(msgspec.structs.replace(real.signatures[0], sig=other.signatures[0].sig),)
    )
    for envelope in (forged, swapped, msgspec.structs.replace(real, signatures=())):
        with pytest.raises(Refused), world.store.transaction() as unit:
            approve(unit, unit.case(case.facts.proposal), envelope, world.trust, world.now)
    assert world.case(case).standing.state is S.IN_REVIEW


@pytest.mark.requirement("R37", "R43", "R85")
def test_a_sensitive_change_needs_two_and_its_owner_and_drills(world):
    case = world.judged(WORKFLOW)
    assert "ci_cd" in case.standing.classes
    assert world.approve("carla", case).standing.state is S.IN_REVIEW
    assert world.approve("ben", case).standing.state is S.CLEARED
    ended = world.issue(case)
    assert ended.standing.state is S.APPROVED_NOT_EXECUTED
    assert "drills have not passed" in ended.standing.why
    with world.store.transaction() as unit:
        handed = bundle(world.store, world.trust, unit, ended, world.now)
    assert handed.warrant is None
    assert len(handed.approvals) == 2


@pytest.mark.requirement("R37")
def test_without_approval_there_is_no_warrant(world):
    case = world.judged(TYPO)
    assert world.issue(case).standing.state is S.IN_REVIEW
    with world.store.transaction() as unit:
        assert fetchable(world.store, unit, world.now) == ()


@pytest.mark.requirement("R85")
@pytest.mark.parametrize(
    ("prepare", "state"),
    [
        (lambda w: None, S.APPROVED_NOT_EXECUTED),
        (lambda w: w.drill(failing="rollback"), S.APPROVED_NOT_EXECUTED),
        (lambda w: w.drill(lifetime=-1), None),
        (lambda w: w.drill(), S.WARRANTED),
    ],
    ids=["fresh", "failed", "expired", "passed"],
)
def test_beyond_the_low_classes_only_drilled_places_execute(world, prepare, state):
    case = world.judged(CODE)
    if state is None:
        world.drill(lifetime=1)
        world.now += 2
        state = S.APPROVED_NOT_EXECUTED
    else:
        prepare(world)
    world.approve("carla", case)
    world.approve("ben", case)
    assert world.issue(case).standing.state is state


@pytest.mark.requirement("R85")
def test_a_newer_failed_drill_takes_readiness_back(world):
    world.drill()
    world.now += 1
    world.drill(failing="revocation")
    case = world.judged(CODE)
    world.approve("carla", case)
    world.approve("ben", case)
    assert world.issue(case).standing.state is S.APPROVED_NOT_EXECUTED


@pytest.mark.requirement("R37", "R53", "R62")
def test_a_warrant_is_witnessed_before_it_can_be_fetched_and_executor_and_gate_admit_it(world):
    case = world.judged(TYPO)
    world.approve("ben", case)
    world.witness.down = True
    with pytest.raises(Unavailable):
        world.issue(case)
    assert world.case(case).standing.state is S.CLEARED
    world.witness.down = False
    case = world.issue(case)
    assert case.standing.state is S.WARRANTED
    with world.store.transaction() as unit:
        assert [c.facts.proposal for c in fetchable(world.store, unit, world.now)] == [case.facts.proposal]
        assert fetchable(world.store, unit, world.now + 301) == ()
        handed = bundle(world.store, world.trust, unit, case, world.now)
    world.admits(handed)
    world.now += 301
    with world.store.transaction() as unit:
        assert sweep(unit, world.now) == 1
    assert world.case(case).standing.state is S.EXPIRED


@pytest.mark.requirement("R15", "R44")
def test_a_moved_target_makes_an_approved_case_stale(world):
    case = world.judged(TYPO)
    world.approve("ben", case)
    world.move_tip()
    assert world.issue(case).standing.state is S.STALE


@pytest.mark.requirement("R47")
def test_an_approval_expires_and_silence_is_no_consent(world):
    case = world.judged(TYPO)
    world.approve("ben", case)
    world.now += DAY + 1
    assert world.issue(case).standing.state is S.EXPIRED
    waiting = world.judged({"notes.md": "# Notes\n\nThis service greets many.\n"})
    world.now += 7 * DAY + 1
    with world.store.transaction() as unit:
        sweep(unit, world.now)
    assert world.case(waiting).standing.state is S.EXPIRED
    with pytest.raises(Refused, match="24 hours"):
        world.approve("ben", world.judged(TYPO), lifetime=2 * DAY)


@pytest.mark.requirement("R47")
@pytest.mark.parametrize("issued", [False, True])
def test_an_approval_can_be_taken_back_before_the_effect(world, issued):
    case = world.judged(TYPO)
    given = world.approval("ben", case)
    with world.store.transaction() as unit:
        approve(unit, case, given, world.trust, world.now)
    if issued:
        world.issue(case)
    body = Withdrawal(
        person="ben", proposal=case.facts.proposal, approval=given.payload_digest(), reason="second thoughts", epoch=1
    )
    other = world.deployment.by_person("carla", body, "wdr")
    with pytest.raises(Refused), world.store.transaction() as unit:
        withdraw(unit, unit.case(case.facts.proposal), other, world.trust, world.now)
    with world.store.transaction() as unit:
        envelope = world.deployment.by_person("ben", body, "wdr")
        withdraw(unit, unit.case(case.facts.proposal), envelope, world.trust, world.now)
        assert fetchable(world.store, unit, world.now) == ()
    assert world.case(case).standing.state is S.WITHDRAWN


def test_one_rejection_ends_a_case_and_nothing_opens_it_again(world):
    case = world.judged(TYPO)
    given = world.approval("ben", case)
    body = Rejection(person="carla", proposal=case.facts.proposal, reason="not now")
    with world.store.transaction() as unit:
        reject(unit, case, world.deployment.by_person("carla", body, "rej"), world.trust, world.now)
    assert world.case(case).standing.state is S.REJECTED
    with pytest.raises(Refused), world.store.transaction() as unit:
        approve(unit, unit.case(case.facts.proposal), given, world.trust, world.now)


def test_a_freeze_stops_warrants_until_two_lift_it(world):
    scope = Scope(repository="shop", environment=None, agent=None, change_class=None)
    freeze = world.deployment.by_person("carla", Freeze(person="carla", scope=scope, reason="fire", epoch=1), "frz")
    case = world.judged(TYPO)
    world.approve("ben", case)
    with world.store.transaction() as unit:
        name = set_freeze(unit, freeze, world.trust, world.now)
    assert world.issue(case).standing.state is S.CLEARED
    thaw = world.deployment.by_person("carla", Thaw(freeze=name, reason="over", epoch=2), "thw")
    with pytest.raises(Refused, match="two persons"), world.store.transaction() as unit:
        lift_freeze(unit, thaw, world.trust, world.now)
    assert world.issue(case).standing.state is S.CLEARED


def test_a_disarmed_control_issues_nothing(world):
    from dataclasses import replace

    case = world.judged(TYPO)
    world.approve("ben", case)
    world.office = replace(world.office, disarmed="the policy fails its self-test")
    with pytest.raises(MagistrateError, match="self-test"):
        world.issue(case)


@pytest.mark.requirement("R45", "R85")
@pytest.mark.parametrize(("files", "state"), [(TYPO, S.WARRANTED), (WORKFLOW, S.APPROVED_NOT_EXECUTED)])
def test_alone_one_may_execute_only_what_is_not_sensitive(tmp_path, files, state):
    world = CaseWorld(tmp_path, mode=Mode.SOLO)
    world.drill()
    case = world.judged(files)
    with pytest.raises(Refused):
        world.approve("anna", case, self_reviewed=False)
    assert world.approve("anna", case).standing.state is S.CLEARED
    assert world.issue(case).standing.state is state
    world.store.close()
