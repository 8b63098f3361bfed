"""A new draft in place of an earlier one: whose, when, and what becomes of the earlier."""

from dataclasses import replace

import msgspec
import pytest
from world.casework import CaseWorld

from magistrate.domain.lifecycle import CaseState
from magistrate.errors import MagistrateError, Refused
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.polls import Polls
from magistrate.usecases.show import story
from magistrate.usecases.supersede import verify_supersedable
from magistrate.usecases.warrant import fetchable

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
BETTER = {"notes.md": "# Notes\n\nThis service greets the people.\n"}
S = CaseState


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


def instead_of(world, earlier, files=BETTER, **changes):
    request = world.proposal(files, **changes)
    named = earlier if isinstance(earlier, str) else earlier.facts.proposal
    return world.seal(msgspec.structs.replace(request, supersedes=named))


def told(world, case):
    with world.store.transaction() as unit:
        return story(unit, unit.case(case.facts.proposal), world.trust, Polls(), world.now)


@pytest.mark.requirement("R47", "R13")
@pytest.mark.parametrize("stage", ["sealed", "in review", "cleared", "warranted"])
def test_the_earlier_case_ends_with_its_approvals_and_each_names_the_other(world, stage):
    earlier = world.seal(world.proposal(TYPO))
    if stage != "sealed":
        earlier = judge_case(world.bench, earlier.facts.proposal, world.now)
    given = world.approval("ben", earlier) if stage != "sealed" else None
    if stage in {"cleared", "warranted"}:
        world.approve("ben", earlier)
    if stage == "warranted":
        assert world.issue(earlier).standing.state is S.WARRANTED
    new = instead_of(world, earlier)
    assert world.case(earlier).standing.state is S.SUPERSEDED
    old_story, new_story = told(world, earlier), told(world, new)
    assert old_story["case"]["superseded_by"] == new.facts.proposal
    assert new_story["case"]["supersedes"] == earlier.facts.proposal
    last = old_story["events"][-1]
    assert last["event"] == "case.closed"
    assert len(last["facts"]["void_approvals"].split()) == (stage in {"cleared", "warranted"})
    assert world.issue(earlier).standing.state is S.SUPERSEDED
    with world.store.transaction() as unit:
        assert fetchable(world.store, unit, world.now) == ()
        if stage == "warranted":
            assert not unit.take_warrant(unit.case(earlier.facts.proposal).standing.warrant, world.now)
    if given is not None:
        with pytest.raises(MagistrateError):
            world.approve("ben", earlier)
    decided = judge_case(world.bench, new.facts.proposal, world.now)
    assert decided.standing.state is S.IN_REVIEW, "nobody has approved the new one"
    assert world.approve("ben", decided).standing.state is S.CLEARED


@pytest.mark.requirement("R13")
def test_only_ones_own_open_proposal_for_the_same_finding(world):
    earlier = world.judged(TYPO)
    for named in ("sha256:" + "0" * 64, earlier.facts.proposal[:20], "x"):
        with pytest.raises(MagistrateError):
            instead_of(world, named)
    new = msgspec.structs.replace(world.proposal(BETTER), supersedes="sha256:" + "0" * 64)
    with pytest.raises(Refused, match="no proposal of this agent"):
        world.seal(new)
    with pytest.raises(MagistrateError):
        world.case_of(new.proposal.payload_digest())  # nothing of the refused one was kept
    foreign = {
        "finding": "fnd-other", "owner": "carla", "agent": "other", "repository": "tools", "ref": "refs/heads/other",
        "environment": "production",
    }  # fmt: skip
    for field, value in foreign.items():
        with pytest.raises(Refused) as refused, world.store.transaction() as unit:
            verify_supersedable(unit, earlier.facts.proposal, replace(earlier.facts, **{field: value}))
        assert refused.value.code == "MAG-E470", field
    assert world.case(earlier).standing.state is S.IN_REVIEW
    assert world.seal(msgspec.structs.replace(new, supersedes=earlier.facts.proposal)).standing.state is S.SEALED


@pytest.mark.requirement("R47")
def test_what_the_executor_holds_or_has_ended_cannot_be_superseded(world):
    taken = world.judged(TYPO)
    world.approve("ben", taken)
    taken = world.issue(taken)
    with world.store.transaction() as unit:
        assert unit.take_warrant(taken.standing.warrant, world.now)
    with pytest.raises(Refused, match="in the executor's hands"):
        instead_of(world, taken)
    assert world.case(taken).standing.state is S.WARRANTED
    ended = world.judged(BETTER)
    third = instead_of(world, ended, TYPO | {"more.md": "# More\n"})
    with pytest.raises(Refused, match="`SUPERSEDED`"):
        instead_of(world, ended, {"again.md": "# Again\n"})
    assert world.case(third).standing.state is S.SEALED


def test_the_same_proposal_again_changes_nothing(world):
    earlier = world.judged(TYPO)
    request = msgspec.structs.replace(world.proposal(BETTER), supersedes=earlier.facts.proposal)
    new = world.seal(request)
    assert world.seal(request).facts == new.facts
    assert world.case(earlier).standing.state is S.SUPERSEDED
