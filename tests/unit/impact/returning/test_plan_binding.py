"""A plan is approved by its digest and the state it was made from (R30, R44; AS-03)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange, Strictness
from magistrate.errors import Refused
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.returning.plan import UnreadablePlanError, binding_of, read_plan, read_state, verify_still_bound
from magistrate.wire.effect import Plan

PLANS = Path(__file__).parent / "plans"


def text(name: str) -> str:
    return (PLANS / name).read_text()


def plan(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(f"{name}.plan.json"))
    return found


@pytest.mark.requirement("R30")
def test_creates_updates_destroys_and_replaces_are_counted() -> None:
    assert read_plan(text("three-creates.plan.json")).counts == {
        "creates": 3, "updates": 0, "destroys": 0, "replaces": 0, "forgets": 0,
    }  # fmt: skip
    mixed = read_plan(text("replaces.plan.json"))
    assert mixed.replaces == ("aws_db_instance.main", "aws_instance.web")
    assert (mixed.updates, mixed.forgets) == (("aws_s3_bucket.logs",), ("module.net.aws_route.out",))
    assert not mixed.way_back
    assert read_plan(text("nothing.plan.json")).way_back


@pytest.mark.requirement("R30", "R44")
def test_an_approval_of_three_creates_is_void_for_forty_destroys() -> None:
    """AS-03: an old state is unpacked over the one that the plan was made from, and the plan now destroys."""
    approved = binding_of(read_plan(text("three-creates.plan.json")), read_state(text("before.tfstate.json")))
    effect = Plan(
        environment="production", pre_state=approved.lineage, rollback_plan_digest="sha256:" + "0" * 64,
        tool="terraform", plan_digest=approved.plan_digest, state_serial=approved.state_serial,
    )  # fmt: skip
    assert (effect.plan_digest, effect.state_serial) == (approved.plan_digest, 41)
    now, state = read_plan(text("forty-destroys.plan.json")), read_state(text("unpacked.tfstate.json"))
    assert len(now.destroys) == 40
    with pytest.raises(Refused, match="the digest of the plan and the lineage of the state and the serial") as refused:
        verify_still_bound(approved, now, state)
    assert (refused.value.code, "40 destroys" in refused.value.message) == ("MAG-E255", True)


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("one", "state", "differs"),
    [
        ("three-creates", "later", "serial of the state"),
        ("three-creates", "unpacked", "lineage of the state"),
        ("forty-destroys", "before", "digest of the plan"),
    ],
)
def test_each_part_of_a_binding_alone_voids_it(one: str, state: str, differs: str) -> None:
    approved = binding_of(read_plan(text("three-creates.plan.json")), read_state(text("before.tfstate.json")))
    with pytest.raises(Refused, match=differs):
        verify_still_bound(approved, read_plan(text(f"{one}.plan.json")), read_state(text(f"{state}.tfstate.json")))


@pytest.mark.requirement("R44")
def test_the_same_plan_of_the_same_state_stays_approved_however_it_is_laid_out() -> None:
    approved = binding_of(read_plan(text("three-creates.plan.json")), read_state(text("before.tfstate.json")))
    again = json.dumps(plan("three-creates"), separators=(",", ":"), sort_keys=True)
    verify_still_bound(approved, read_plan(again), read_state(text("before.tfstate.json")))


@pytest.mark.requirement("R44")
@given(st.integers(0, 2), st.sampled_from(["address", "provider_name", "type"]), st.text(min_size=1, max_size=5))
def test_any_other_word_in_a_plan_is_another_plan(at: int, name: str, put: str) -> None:
    whole = plan("three-creates")
    was = read_plan(json.dumps(whole)).digest
    whole["resource_changes"][at][name] += put
    assert read_plan(json.dumps(whole)).digest != was


@pytest.mark.requirement("R30")
@pytest.mark.parametrize(
    "broken",
    [
        "", "[]", "{", '{"format_version": "2.0", "resource_changes": []}', '{"format_version": 1, "resource_changes": []}',
        '{"format_version": "1.2"}', '{"format_version": "1.2", "resource_changes": {}}',
        '{"format_version": "1.2", "errored": true, "resource_changes": []}',
        '{"format_version": "1.2", "resource_changes": [{"address": "a.b"}]}',
        '{"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": {"actions": []}}]}',
        '{"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": {"actions": ["vanish"]}}]}',
        '{"format_version": "1.2", "resource_changes": [], "resource_changes": []}',
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(broken: str) -> None:
    with pytest.raises(UnreadablePlanError):
        read_plan(broken)


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    "broken",
    [
        '{"version": 3, "serial": 1, "lineage": "a"}', '{"version": 4, "serial": true, "lineage": "a"}',
        '{"version": 4, "serial": -1, "lineage": "a"}', '{"version": 4, "serial": 1}', '{"version": 4, "serial": 1, "lineage": ""}',
        '{"version": 4, "serial": 1, "serial": 2, "lineage": "a"}',
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused(broken: str) -> None:
    with pytest.raises(UnreadablePlanError):
        read_state(broken)


@pytest.mark.requirement("R30")
@pytest.mark.parametrize(("name", "number"), [("forty-destroys", 40), ("replaces", 3), ("nothing", 0)])
def test_a_committed_plan_says_what_it_destroys(name: str, number: int) -> None:
    change = FileChange(
        path="deploy/tfplan.json", before=None, after=text(f"{name}.plan.json").encode(), mode_before=None
    )
    found = assess(Case(id="", steps=((change,),), base=BaseTree()))
    assert len(found.no_way_back) == number
    assert found.strictness is Strictness.TWO
    assert number == 0 or found.reversible == "no"


@pytest.mark.requirement("R30")
def test_a_plan_that_cannot_be_read_has_no_way_back() -> None:
    change = FileChange(path="p.json", before=None, after=b'{"resource_changes": [', mode_before=None)
    found = assess(Case(id="", steps=((change,),), base=BaseTree()))
    assert [one.operation for one in found.no_way_back] == ["cannot be read"]
