"""One warrant, from taking it to its report, in a world in memory."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from world.admissible import NOW, OLD, RESULT
from world.executing import MAIN, Killed, MemoryControl, World
from world.workload import Issuer

from magistrate.authority.stops import Stops
from magistrate.domain.execution import Action, LeasePurpose, LeaseState
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.errors import Refused, Unavailable
from magistrate.executor.action import Made
from magistrate.executor.actions.git_merge import GitMerge
from magistrate.executor.casebook import Casebook
from magistrate.executor.hands import Act, Hands
from magistrate.executor.mints import Mints
from magistrate.executor.ports import Rebuilt, Ruling, Seen
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Obligation
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.policy_bundle import FreezeWindow
from magistrate.wire.withdrawal import Withdrawal


@pytest.fixture
def world(tmp_path: Any) -> World:
    return World(tmp_path / "home")


@pytest.mark.requirement("R53", "R55", "R56", "R57")
def test_an_approved_change_is_applied_verified_and_reported(world: World) -> None:
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    assert world.tip() == world.commit()
    spec = world.target.commits[world.tip()]
    assert (spec.tree, spec.parent) == (RESULT, OLD)
    assert "Reviewed-by: ben" in spec.message
    assert not world.gate.usable()
    assert world.steps() == [
        "warrant.taken", "warrant.taken", "warrant.admitted", "commits.made", "checks.started", "checks.done",
        "lease.requested", "lease.held", "effect.started", "lease.revoking", "lease.released", "effect.done",
        "verification.started", "verification.done", "execution.ended",
    ]  # fmt: skip
    (report,) = world.control.reports.values()
    assert report["leases_open"] == 0
    assert (report["ref_before"], report["ref_after"]) == (OLD, world.commit())


@pytest.mark.requirement("R50", "R51")
def test_the_row_of_a_lease_is_durable_before_it_is_minted(world: World) -> None:
    world.eyes.live = lambda commit: False
    world.executor().tick()
    assert [state for _, state in world.gate.rows_at_mint] == ["requested", "requested"]
    assert world.journal is not None
    for row in Casebook(world.journal).leases_of(world.control.taken[0]):
        assert row.reason
        assert row.proposal.startswith("sha256:")


@pytest.mark.requirement("R58")
def test_a_failing_target_brings_the_tree_back(world: World) -> None:
    world.eyes.live = lambda commit: False
    world.executor().tick()
    assert world.control.outcomes == ["rolled_back"]
    assert world.target.commits[world.tip()].tree == "2" * 40
    assert world.target.commits[world.tip()].parent == world.commit()
    assert not world.gate.usable()


class _Irrevocable(GitMerge):
    """What it did cannot be taken back, as a published tag."""

    def prepare(self, admitted: Any) -> Made:
        return Made(commit=super().prepare(admitted).commit, inverse="")

    def way_back(self, row: Any) -> None:
        return None


@pytest.mark.requirement("R5", "R58")
def test_an_action_without_a_way_back_halts_under_no_second_lease(world: World) -> None:
    world.eyes.live = lambda commit: False
    world.executor(actions=lambda target, read, _sign: {Action.MERGE: _Irrevocable(target, read)}).tick()
    assert world.control.outcomes == ["halted"]
    (report,) = world.control.reports.values()
    assert report["why"] == "live verification failed and this action has no way back"
    assert world.tip() == world.commit()
    assert world.journal is not None
    leases = Casebook(world.journal).leases_of(world.control.taken[0])
    assert [(lease.purpose, lease.state) for lease in leases] == [(LeasePurpose.EFFECT, LeaseState.RELEASED)]
    assert any("people must look" in said for said in world.alarm.told)


@pytest.mark.requirement("R5", "R55")
def test_an_action_that_the_executor_does_not_have_is_refused_before_any_lease(world: World) -> None:
    world.executor(actions=lambda target, read, _sign: {Action.RELEASE: GitMerge(target, read)}).tick()
    assert world.control.outcomes == ["refused"]
    assert world.journal is not None
    assert not Casebook(world.journal).leases_of(world.control.taken[0])
    assert world.tip() == OLD


@pytest.mark.requirement("R57")
@pytest.mark.parametrize("moves", [False, True], ids=["the push was lost", "the push was applied"])
def test_where_the_ref_stands_decides_and_not_what_the_push_answered(world: World, *, moves: bool) -> None:
    class Lying(type(world.target)):  # type: ignore[misc]
        def push(self, credential: Any, repository: str, ref: str, new: str) -> Any:
            if not moves:
                return Seen(held=True, seen="ok")
            super().push(credential, repository, ref, new)
            raise Refused("MAG-E395", "the connection was lost")

    target = Lying(world.gate, world.target.rebuilt, world.target.commits)
    world.executor(target=target).tick()
    assert world.control.outcomes == (["succeeded"] if moves else ["failed"])
    assert (world.tip() == world.commit()) is moves
    assert ("effect.done" in world.steps()) is moves


@pytest.mark.requirement("R58")
def test_an_inverse_that_cannot_be_applied_halts_loudly(world: World) -> None:
    world.eyes.live = lambda commit: False
    world.gate.refuse = lambda purpose: purpose == "rollback"
    world.executor().tick()
    assert world.control.outcomes == ["halted"]
    assert world.tip() == world.commit()
    assert any("people must look" in told for told in world.alarm.told)


@pytest.mark.requirement("R15", "R57")
def test_a_change_that_landed_and_was_taken_back_by_another_hand_is_not_called_unapplied(world: World) -> None:
    def taken_back(commit: str) -> bool:
        world.gate.refs["shop", MAIN] = OLD
        raise Killed

    world.eyes.live = taken_back
    with pytest.raises(Killed):
        world.executor().tick()
    world.executor().tick()
    assert world.control.outcomes == ["halted"]
    assert "ref.moved_outside" in world.steps()
    assert world.tip() == OLD


def test_a_ref_moved_by_another_hand_is_not_forced_back(world: World) -> None:
    def look(commit: str) -> bool:
        world.gate.refs["shop", MAIN] = "9" * 40
        return False

    world.eyes.live = look
    world.executor().tick()
    assert world.control.outcomes == ["halted"]
    assert world.tip() == "9" * 40


def test_a_red_check_ends_before_any_credential(world: World) -> None:
    world.eyes.checks_pass = False
    world.executor().tick()
    assert world.control.outcomes == ["failed"]
    assert world.eyes.checked == [RESULT]
    assert not world.gate.grants
    assert "lease.requested" not in world.steps()


@pytest.mark.requirement("R55")
def test_a_result_tree_rebuilt_differently_is_refused(world: World) -> None:
    world.target.rebuilt = Rebuilt(base_tree="2" * 40, result_tree="4" * 40, manifest_sha256=digest(b"m"))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]
    assert not world.gate.grants


@pytest.mark.requirement("R55")
def test_a_manifest_that_differs_is_refused(world: World) -> None:
    world.target.rebuilt = Rebuilt(base_tree="2" * 40, result_tree=RESULT, manifest_sha256=digest(b"other"))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]


@pytest.mark.requirement("R55")
def test_the_verdict_of_control_is_not_trusted(world: World) -> None:
    world.judge.found = msgspec.structs.replace(world.judge.found, reasons=("something else",))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]
    assert not world.gate.grants


def test_the_decision_of_control_is_not_trusted(world: World) -> None:
    world.judge.ruled = Ruling(
        strictness=Strictness.TWO, obligations=(Obligation(role=None, count=2, rule="policy/two"),)
    )
    world.executor().tick()
    assert world.control.outcomes == ["refused"]


@pytest.mark.requirement("R85")
@pytest.mark.parametrize("state", ["fresh", "expired", "failed", "three of four"])
def test_without_passed_drills_only_low_classes_execute(tmp_path: Any, state: str) -> None:
    obligations = (Obligation(role=None, count=1, rule="policy/one"),)
    world = World(
        tmp_path / "home", drilled=False, change_class=ChangeClass.CODE, strictness=Strictness.ONE,
        obligations=obligations,
    )  # fmt: skip
    world.judge.ruled = Ruling(strictness=Strictness.ONE, obligations=obligations)
    loop = world.executor()
    assert world.journal is not None
    if state == "expired":
        world.clock.passed = -8 * 86_400
        world.pass_drills(world.journal)
        world.clock.passed = 0
    elif state == "failed":
        world.pass_drills(world.journal)
        world.pass_drills(world.journal, passed=False, kinds=["revocation"])
    elif state == "three of four":
        world.pass_drills(world.journal, kinds=["revocation", "rollback", "entitlement"])
    loop.tick()
    assert world.control.outcomes == ["refused"]
    assert not world.gate.grants


@pytest.mark.requirement("R85")
def test_with_passed_drills_code_executes(tmp_path: Any) -> None:
    world = World(tmp_path / "home", change_class=ChangeClass.CODE, strictness=Strictness.ONE)
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]


@pytest.mark.requirement("R56")
def test_a_warrant_is_used_once_however_often_it_is_offered(world: World) -> None:
    world.control.offer_again = True
    loop = world.executor()
    loop.tick()
    loop.tick()
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    assert sum(world.gate.moves.values()) == 1


def test_a_lapsed_warrant_is_refused(world: World) -> None:
    world.clock.passed = 400
    world.executor().tick()
    assert world.control.outcomes == ["refused"]


def _freeze(world: World, **scope: Any) -> Any:
    whole = {"repository": None, "environment": None, "agent": None, "change_class": None, **scope}
    body = Freeze(person="anna", scope=Scope(**whole), reason="incident", epoch=1)
    return world.case.town.by_person("anna", body, "frz", now=NOW - 5)


@pytest.mark.parametrize("scope", [{}, {"repository": "shop"}, {"agent": "fixer"}, {"change_class": "lint"}])
def test_a_freeze_in_the_drop_stops_it(world: World, scope: dict[str, str]) -> None:
    world.stops = Stops(freezes=(_freeze(world, **scope),))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]
    assert not world.gate.grants


def test_a_freeze_of_something_else_does_not(world: World) -> None:
    world.stops = Stops(freezes=(_freeze(world, repository="other"),))
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]


def _window(cron: str, **scope: Any) -> FreezeWindow:
    return FreezeWindow(window="w", cron=cron, zone="UTC", minutes=5, reason="nobody looks", **scope)


@pytest.mark.requirement("R59")
@pytest.mark.parametrize(
    ("scope", "outcome"),
    [
        ({}, "refused"), ({"repositories": ("shop",), "environments": ("staging",)}, "refused"),
        ({"classes": (ChangeClass.LINT,)}, "refused"), ({"classes": (ChangeClass.GATE,)}, "succeeded"),
        ({"repositories": ("other",)}, "succeeded"), ({"environments": ("live",)}, "succeeded"),
    ],
)  # fmt: skip
def test_within_a_freeze_window_nothing_is_executed(tmp_path: Any, scope: dict[str, Any], outcome: str) -> None:
    world = World(tmp_path / "home", windows=(_window("* * * * *", **scope),))
    world.executor().tick()
    assert world.control.outcomes == [outcome]
    assert bool(world.gate.grants) is (outcome == "succeeded")


@pytest.mark.requirement("R58", "R59")
def test_a_window_that_begins_while_something_is_executed_never_stops_the_way_back(tmp_path: Any) -> None:
    minute = (NOW // 60 + 1) % 60
    world = World(tmp_path / "home", windows=(_window(f"{minute} * * * *"),))

    def look(commit: str) -> bool:
        world.clock.passed += 60
        return False

    world.eyes.live = look
    world.executor().tick()
    assert world.control.outcomes == ["rolled_back"]


@pytest.mark.requirement("R52")
@pytest.mark.parametrize(("environment", "has", "outcome"), [
    ("staging", False, "refused"), ("staging", True, "succeeded"), ("live", False, "succeeded"),
])  # fmt: skip
def test_without_the_workload_token_that_policy_asks_for_no_lease_is_asked(tmp_path, environment, has, outcome) -> None:
    world = World(tmp_path / "home", workloads=Issuer(environment=environment).asked_by)
    ground = replace(world.outside().ground, workload=has)
    world.executor(ground=ground).tick()
    assert world.control.outcomes == [outcome]
    assert bool(world.gate.grants) is (outcome == "succeeded")
    assert any("policy asks for a workload token" in said for said in world.alarm.told) is (outcome == "refused")


@pytest.mark.requirement("R52", "R58")
@pytest.mark.parametrize(("purpose", "outcome"), [("rollback", "rolled_back"), ("effect", "failed")])
def test_while_the_issuer_is_silent_nothing_is_applied_and_the_way_back_is_tried_until_it_comes(
    world, purpose, outcome
) -> None:
    world.eyes.live = lambda commit: False
    silent = [True, True, True]

    def refuse(asked: str) -> bool:
        if asked == purpose and silent:
            silent.pop()
            raise Unavailable("MAG-E401", "the issuer does not answer")
        return False

    world.gate.refuse = refuse
    loop = world.executor()
    for _ in range(5):
        with contextlib.suppress(Unavailable):
            loop.tick()
    assert world.control.outcomes == [outcome]
    assert (world.gate.moves.total() == 0) is (outcome == "failed")
    assert bool(silent) is (outcome == "failed")
    assert not world.gate.usable()


def test_a_freeze_set_while_checks_run_still_stops_it(world: World) -> None:
    class Freezing(type(world.eyes)):  # type: ignore[misc]
        def run(self, repository, tree, command):
            world.stops = Stops(freezes=(_freeze(world),))
            return super().run(repository, tree, command)

    world.executor(checks=Freezing()).tick()
    assert world.control.outcomes == ["refused"]
    assert not world.gate.grants


def test_what_cannot_be_read_in_the_drop_stops_everything(world: World) -> None:
    world.stops = Stops(unreadable=("note.json",))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]


@pytest.mark.parametrize(("signers", "epoch", "outcome"), [
    (("anna", "carla"), 2, "succeeded"), (("anna", "dora"), 2, "refused"), (("anna",), 2, "refused"), (("anna", "carla"), 1, "refused"),
])  # fmt: skip
def test_a_thaw_needs_two_persons_and_a_newer_epoch(
    world: World, signers: tuple[str, ...], epoch: int, outcome: str
) -> None:
    from magistrate.wire.document import document, seal_by_person
    from magistrate.wire.envelope import join_signatures

    freeze = _freeze(world)
    body = Thaw(freeze=freeze.payload_digest(), reason="over", epoch=epoch)
    doc = document(body, deployment=world.case.town.name, id="thw-" + "a" * 26, now=NOW - 2, lifetime=None)
    sealed = [seal_by_person(doc, world.case.town.people[name]) for name in signers]
    thaw = sealed[0] if len(sealed) == 1 else join_signatures(*sealed)
    world.stops = Stops(freezes=(freeze,), thaws=(thaw,))
    world.executor().tick()
    assert world.control.outcomes == [outcome]


def test_a_withdrawn_approval_stops_it(world: World) -> None:
    body = Withdrawal(
        person="ben", proposal=world.bundle.proposal.payload_digest(),
        approval=world.bundle.approvals[0].payload_digest(), reason="second thoughts", epoch=1,
    )  # fmt: skip
    world.stops = Stops(withdrawals=(world.case.town.by_person("ben", body, "wdr", now=NOW - 2),))
    world.executor().tick()
    assert world.control.outcomes == ["refused"]


@pytest.mark.requirement("R53")
def test_a_gate_that_does_not_honour_revocation_is_noticed(world: World) -> None:
    world.gate.honour_revocation = False
    loop = world.executor()
    loop.tick()
    assert world.control.outcomes == []
    assert any("not confirmed dead" in told for told in world.alarm.told)
    assert world.journal is not None
    assert [row.state for row in Casebook(world.journal).open_leases()] == ["unconfirmed"]
    world.gate.honour_revocation = True
    loop.tick()
    assert world.control.outcomes == ["succeeded"]


def test_nothing_new_is_taken_while_a_lease_is_unconfirmed(world: World) -> None:
    world.gate.honour_revocation = False
    loop = world.executor()
    loop.tick()
    before = len(world.gate.grants)
    world.control.offer_again = True
    loop.tick()
    assert len(world.gate.grants) == before


def test_reports_and_steps_arrive_when_control_is_back(world: World) -> None:
    class Deaf(MemoryControl):
        deaf = True

        def send_step(self, entry: Any) -> None:
            if self.deaf:
                raise Unavailable("MAG-E395", "control does not answer")
            super().send_step(entry)

    world.control = Deaf(bundles=[world.bundle])
    loop = world.executor()
    loop.tick()
    assert not world.control.reports
    world.control.deaf = False
    loop.tick()
    assert world.control.outcomes == ["succeeded"]
    assert world.steps()[-1] == "execution.ended"


def test_a_move_by_another_hand_is_told_once(world: World) -> None:
    loop = world.executor()
    loop.tick()
    world.gate.refs["shop", MAIN] = "8" * 40
    for _ in range(3):
        world.clock.sleep(11)
        loop.tick()
    told = [body for body in world.control.steps.values() if body["step"] == "ref.moved_outside"]
    assert [body["facts"]["seen"] for body in told] == ["8" * 40]


def test_the_provider_holding_a_lease_nobody_needs_is_cleaned(world: World) -> None:
    world.gate.grants["lse-" + "z" * 26] = {"state": "issued", "token": "t", "repository": "shop", "ref": MAIN}
    world.control.bundles.clear()
    world.executor().tick()
    assert not world.gate.usable()


@pytest.mark.requirement("R53")
def test_a_lease_left_by_a_killed_executor_is_revoked_before_anything_else(world: World) -> None:
    loop = world.executor()
    assert world.journal is not None
    book = Casebook(world.journal)
    hands = Hands(book=book, identity=world.identity, mints=Mints(world.gate, {}), clock=world.clock, alarm=world.alarm)
    act = Act(
        execution="executor", warrant_digest=digest(b"w"), proposal=digest(b"p"), purpose=LeasePurpose.EFFECT,
        repository="shop", ref=MAIN, old=OLD, new="5" * 40, tree=RESULT, reason="a test",
        mint=lambda lease: world.gate.request(None, lease, ()),
    )  # fmt: skip
    row, envelope = hands._row(act)
    book.lease_requested(row, envelope)
    act.mint(envelope)
    book.lease_moved(row, LeaseState.HELD, {})
    assert world.gate.usable() == [row.lease]
    loop.tick()
    assert not world.gate.usable()
    assert book.lease_state(row.lease) is LeaseState.RELEASED
    assert world.control.outcomes == ["succeeded"]


def test_a_lease_asked_for_by_a_killed_executor_is_never_minted_later(world: World) -> None:
    loop = world.executor()
    assert world.journal is not None
    book = Casebook(world.journal)
    hands = Hands(book=book, identity=world.identity, mints=Mints(world.gate, {}), clock=world.clock, alarm=world.alarm)
    act = Act(
        execution="executor", warrant_digest=digest(b"w"), proposal=digest(b"p"), purpose=LeasePurpose.EFFECT,
        repository="shop", ref=MAIN, old=OLD, new="5" * 40, tree=RESULT, reason="a test",
        mint=lambda lease: world.gate.request(None, lease, ()),
    )  # fmt: skip
    row, envelope = hands._row(act)
    book.lease_requested(row, envelope)
    loop.recover()
    with pytest.raises(Refused):
        act.mint(envelope)


def test_a_step_that_control_refuses_does_not_hold_up_the_report(world: World) -> None:
    class Picky(MemoryControl):
        def send_step(self, entry: Any) -> None:
            if b"lease.held" in entry.payload_bytes():
                raise Refused("MAG-E109", "no such step")
            super().send_step(entry)

    world.control = Picky(bundles=[world.bundle])
    loop = world.executor()
    loop.tick()
    loop.tick()
    assert world.control.outcomes == ["succeeded"]
    assert "lease.released" in world.steps()
    assert any("does not accept" in told for told in world.alarm.told)
