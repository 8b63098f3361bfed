"""Admission: a sound case is believed; every broken premise is refused, one by one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, get_args

import pytest
from world.admissible import BASE, NOW, Admissible, without

from magistrate.authority.admission import Pins
from magistrate.authority.quorum import verify_approval
from magistrate.domain.execution import Action
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Mode, Role
from magistrate.errors import MagistrateError, Refused
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Obligation
from magistrate.wire.effect import ACTION_OF, Effect, Plan
from magistrate.wire.withdrawal import Withdrawal

TWO = (
    Obligation(role=None, count=2, rule="policy/two"),
    Obligation(role=Role.SECURITY, count=1, rule="policy/security"),
)


def test_a_sound_case_is_admitted(tmp_path: Path) -> None:
    admitted = Admissible(tmp_path / "h").admit()
    assert admitted.effect.base_tree == BASE
    assert [g.person.person for g in admitted.approvals] == ["ben"]


BROKEN: dict[str, dict[str, Any]] = {
    "warrant by another process": {"warrant_signer": "executor"},
    "warrant for another executor": {"warrant": {"executor": "ed25519:" + "0" * 64}},
    "warrant too long": {"warrant_lifetime": 301},
    "warrant without approvals": {"warrant": {"approvals": ()}},
    "warrant for another roster": {"warrant": {"roster": digest(b"x")}},
    "warrant for another policy": {"warrant": {"policy": digest(b"x")}},
    "warrant for another decision": {"warrant": {"decision": digest(b"x")}},
    "warrant for another verdict": {"warrant": {"assessment_verdict": digest(b"x")}},
    "warrant for another action": {"warrant": {"action": Action.DEPLOY}},
    "warrant names other approvals": {"warrant": {"approvals": (digest(b"x"),)}},
    "proposal by another process": {"proposal_signer": "control"},
    "proposal of another agent": {"proposal": {"agent": "other"}},
    "proposal of another owner": {"proposal": {"owner": "ben"}},
    "proposal outside its session": {"proposal": {"session_digest": digest(b"x")}},
    "proposal for another finding": {"proposal": {"finding": "fnd-other"}},
    "effect on another ref": {"effect": {"ref": "refs/heads/release"}},
    "effect on another repository": {"effect": {"repository": "payroll"}},
    "effect in another environment": {"effect": {"environment": "production"}},
    "effect without its way back": {"effect": {"rollback_plan_digest": digest(b"x")}},
    "effect from another state": {"effect": {"pre_state": "9" * 40}},
    "decision about another verdict": {"decision": {"assessment_verdict": digest(b"x")}},
    "decision with no obligations": {"obligations": ()},
    "decision of zero": {"obligations": (Obligation(role=None, count=0, rule="policy/none"),)},
    "decision more lenient than the floor": {"decision_strictness": Strictness.AUTO},
    "decision that denies": {"decision_strictness": Strictness.DENY},
    "quorum not met": {"obligations": TWO},
    "nobody approved": {"approvers": ()},
    "the owner approved": {"approvers": ("anna",)},
    "who opened the session approved": {"session": {"opened_by": "ben"}},
    "an auditor approved": {"approvers": ("dora",)},
    "the same person twice": {"approvers": ("ben", "ben"), "obligations": TWO},
    "approval of another tree": {"approval": {"result_tree": "9" * 40}},
    "approval of another base": {"approval": {"base": "9" * 40}},
    "approval of another diff": {"approval": {"displayed_sha256": digest(b"x")}},
    "approval of another proposal": {"approval": {"proposal": digest(b"x")}},
    "approval under another policy": {"approval": {"policy": digest(b"x")}},
    "approval of another action": {"approval": {"action": Action.RELEASE}},
    "approval for another environment": {"approval": {"environment": "production"}},
    "approval in another name": {"approval": {"person": "carla"}},
    "approval not rebuilt": {"approval": {"rebuilt": False}},
    "approval that hides a self-review": {"approval": {"self_reviewed": True}},
    "not in the witnessed log": {"witnessed": False},
    "logged as something else": {"logged": "decision.made"},
    "logged by another key": {"log_signer": "control"},
    "sensitive with one approval": {"change_class": ChangeClass.CI_CD},
    "unknown with one approval": {"change_class": ChangeClass.UNKNOWN},
    "irreversible with one approval": {"reversible": "no"},
}


@pytest.mark.requirement("R37")
@pytest.mark.requirement("R44")
@pytest.mark.requirement("R45")
@pytest.mark.requirement("R55")
@pytest.mark.parametrize("premise", sorted(BROKEN))
def test_a_broken_premise_is_refused(premise: str, tmp_path: Path) -> None:
    with pytest.raises(MagistrateError) as caught:
        Admissible(tmp_path / "h", **BROKEN[premise]).admit()
    assert caught.value.exit_status in {1, 2}


@pytest.mark.parametrize(
    "part", ["warrant", "assessment", "decision", "warrant_leaf", "warrant_salt", "warrant_proof", "diff"]
)
def test_a_missing_or_spoilt_part_is_refused(part: str, tmp_path: Path) -> None:
    case = Admissible(tmp_path / "h")
    bundle = case.build()
    empty = None if part in {"warrant", "assessment", "decision"} else ""
    spoilt = [without(bundle, **{part: empty})]
    if empty is not None:
        spoilt.append(without(bundle, **{part: base64.b64encode(b"x" * 32).decode()}))
    for broken in spoilt:
        with pytest.raises(MagistrateError):
            case.admit(broken)


@pytest.mark.requirement("R47")
def test_time_and_pins(tmp_path: Path) -> None:
    case = Admissible(tmp_path / "h")
    bundle = case.build()
    for changes in (
        {"now": NOW + 295},
        {"now": NOW - 200},
        {"executor": "ed25519:" + "1" * 64},
        {"pins": Pins(deployment="other", roster=case.town.pin)},
        {"pins": Pins(deployment=case.town.name, roster=digest(b"x"))},
        {"pins": Pins(deployment=case.town.name, roster=case.town.pin, roster_version=2)},
        {"pins": Pins(deployment=case.town.name, roster=case.town.pin, policy_version=2)},
    ):
        with pytest.raises(Refused):
            case.admit(bundle, **changes)


@pytest.mark.requirement("R47")
def test_a_withdrawn_approval_does_not_count(tmp_path: Path) -> None:
    case = Admissible(tmp_path / "h")
    bundle = case.build()
    taken_back = Withdrawal(
        person="ben", proposal=bundle.proposal.payload_digest(), approval=bundle.approvals[0].payload_digest(),
        reason="wait", epoch=1,
    )  # fmt: skip
    with pytest.raises(Refused, match="withdrew"):
        case.admit(bundle, withdrawals=(case.town.by_person("ben", taken_back, "wdr", now=NOW),))


@pytest.mark.requirement("R47")
def test_an_expired_approval_is_refused(tmp_path: Path) -> None:
    case = Admissible(tmp_path / "h", now=1_790_000_000)
    bundle = case.build()
    day = 86_400
    late = Admissible.__new__(Admissible)
    late.__dict__.update(case.__dict__)
    late.now = case.now + day
    renewed = late.build()
    stale = without(renewed, approvals=bundle.approvals)
    with pytest.raises(MagistrateError, match="expired"):
        verify_approval(stale.approvals[0], late.matter(renewed), late.town.trusted_roster(), late.now)


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("named", [action for action in Action if action is not Action.MERGE])
def test_a_merge_that_everybody_decided_under_another_name_is_refused(tmp_path: Path, named: Action) -> None:
    """A captured control has one thing decided as another, for which policy asks less; every document agrees on it."""
    every = {"action": named}
    unread = {**every, "person": "anna"}  # refused too, but only where the approvals are looked at
    world = Admissible(tmp_path / "h", proposal=every, decision=every, warrant=every, approval=unread)
    with pytest.raises(Refused, match="decided as"):
        world.admit()


@pytest.mark.requirement("R5")
def test_an_approval_of_a_merge_under_another_name_does_not_count(tmp_path: Path) -> None:
    every = {"action": Action.RELEASE}
    world = Admissible(tmp_path / "h", proposal=every, decision=every, warrant=every, approval=every)
    bundle = world.build()
    with pytest.raises(Refused, match="decided as"):
        verify_approval(bundle.approvals[0], world.matter(bundle), world.town.trusted_roster(), NOW)


@pytest.mark.requirement("R5")
def test_each_kind_of_effect_has_one_action_of_its_own() -> None:
    assert len(set(ACTION_OF.values())) == len(ACTION_OF)
    assert set(ACTION_OF) == set(get_args(Effect)) - {Plan}, "a plan has no action of its own, so nothing performs it"


@pytest.mark.requirement("R5")
def test_a_warrant_for_another_action_is_refused(tmp_path: Path) -> None:
    """An approved merge, its decision and its approvals, under a warrant that says deploy."""
    deploying = {"action": Action.DEPLOY}
    case = Admissible(tmp_path / "h", warrant=deploying, decision=deploying)
    with pytest.raises(Refused, match="action"):
        case.admit()


@pytest.mark.requirement("R85")
def test_before_the_drills_only_low_classes_execute(tmp_path: Path) -> None:
    Admissible(tmp_path / "low").admit(drilled=False)
    code = Admissible(tmp_path / "code", change_class=ChangeClass.CODE, strictness=Strictness.ONE)
    code.admit(drilled=True)
    with pytest.raises(Refused, match="drills"):
        code.admit(drilled=False)


@pytest.mark.requirement("R43")
@pytest.mark.requirement("R24")
def test_a_sensitive_change_with_its_owning_role_is_admitted(tmp_path: Path) -> None:
    Admissible(
        tmp_path / "h", change_class=ChangeClass.CI_CD, strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=TWO, decision_strictness=Strictness.TWO,
    ).admit()  # fmt: skip


@pytest.mark.requirement("R45")
@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        ({"change_class": ChangeClass.CI_CD, "decision_strictness": Strictness.TWO}, "sensitive"),
        ({"reversible": "no", "decision_strictness": Strictness.TWO}, "undone"),
        ({"production": True}, "production"),
    ],
)
def test_solo_executes_only_what_is_reversible_harmless_and_not_production(
    knobs: dict[str, Any], why: str, tmp_path: Path
) -> None:
    base: dict[str, Any] = {"mode": Mode.SOLO, "approvers": ("anna",)}
    Admissible(tmp_path / "good", **base).admit()
    with pytest.raises(Refused, match=why):
        Admissible(tmp_path / "bad", **base, **knobs).admit()


def test_same_user_walls_never_execute_in_production(tmp_path: Path) -> None:
    case = Admissible(tmp_path / "h", production=True)
    case.admit()
    with pytest.raises(Refused, match="same user"):
        case.admit(same_user_walls=True)
