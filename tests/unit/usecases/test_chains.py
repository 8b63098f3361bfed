"""Harmless steps that complete each other: judged as one change by the real judge, in the real store."""

from dataclasses import replace

import msgspec
import pytest
from world.casework import CaseWorld

from magistrate.authority.obligations import agreed_as_a_whole
from magistrate.authority.promotion import TOGETHER
from magistrate.bootstrap.control_assessor import NOT_REBUILT
from magistrate.domain.case import Companion
from magistrate.domain.impact import Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused
from magistrate.usecases import company as company_module
from magistrate.usecases import composition
from magistrate.usecases.chains import MIXED
from magistrate.usecases.company import WINDOW_SECONDS, company_of, unseen
from magistrate.usecases.composition import CONFLICT, TOO_MANY
from magistrate.usecases.matter import papers, standing_approvals
from magistrate.usecases.settled import AGAIN
from magistrate.wire.document import open_envelope
from magistrate.wire.proposal import Proposal

S, TWO, ONE = CaseState, Strictness.TWO, Strictness.ONE
HEAD = "const { total } = require('../src/cart')\n\ntest('total', () => {\n"
CHECKS = ("  expect(total([1, 2])).toBe(3)\n", "  expect(total([])).toBe(0)\n")
TEST = "test/total.test.js"
SHOP = {
    "package.json": '{"name": "shop", "scripts": {"test": "jest"}}\n',
    "src/cart.js": "exports.total = (a) => a.reduce((x, y) => x + y, 0)\n",
    "jest.config.js": "module.exports = {}\n",
    TEST: HEAD + "".join(CHECKS) + "})\n",
}
NO_TESTS = {"jest.config.js": "module.exports = { passWithNoTests: true, testMatch: [] }\n"}
OTHER_SUM = {TEST: HEAD + CHECKS[0].replace("3", "4") + CHECKS[1] + "})\n"}
FIRST_OUT = {TEST: HEAD + CHECKS[0].replace("expect", "// expect") + CHECKS[1] + "})\n"}
BOTH_OUT = {TEST: HEAD + "".join(check.replace("expect", "// expect") for check in CHECKS) + "})\n"}
DOCS = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.fixture
def world(tmp_path, request):
    made = CaseWorld(tmp_path, walls=getattr(request, "param", False))
    made.seed(SHOP)
    made.drill()
    yield made
    made.store.close()


def company(world, case, *, later=0):
    with world.store.transaction() as unit:
        return company_of(unit, case, world.deployment.name, world.now + later)


def effect_of(world, case):
    with world.store.transaction() as unit:
        envelope = unit.document(case.facts.proposal)
        return open_envelope(envelope, Proposal, deployment=world.deployment.name).body.effect, unit.payload(
            case.facts.proposal, "diff"
        )


def counting(world, case):
    """Who has approved so that it counts now."""
    with world.store.transaction() as unit:
        found = papers(unit, case, world.trust.roster())
        given = standing_approvals(unit, case, found.matter, world.trust.roster(), world.now)
    return sorted(one.person.person for one in given)


@pytest.mark.requirement("R31", "R32")
@pytest.mark.parametrize(
    "world", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["inside", "walls"], indirect=True
)
def test_what_completes_something_in_flight_asks_two_and_calls_the_first_back(world):
    world.register("helper", "anna")
    first = world.judged(NO_TESTS)
    assert first.standing.strictness == ONE
    assert world.decision(first).chain is None
    assert world.approve("ben", first).standing.state is S.CLEARED
    second = world.judged(OTHER_SUM, world.session(agent="helper").session)
    decided = world.decision(second)
    assert (decided.strictness, decided.chain.alone, decided.chain.strictness) == (TWO, ONE, TWO)
    assert decided.chain.members == (first.facts.proposal,)
    assert decided.chain.landed == 0
    reason = next(reason for reason in decided.reasons if reason.rule == TOGETHER)
    assert "1 in flight" in reason.why
    assert max(obligation.count for obligation in decided.obligations) == 2
    held = world.case(first)
    assert held.standing.state is S.HELD
    assert "a later change by the same hands" in held.standing.why
    again = world.again(held)
    assert (again.standing.state, again.standing.strictness) == (S.IN_REVIEW, TWO)
    assert world.decision(again).chain.members == (second.facts.proposal,)
    assert counting(world, again) == []
    assert world.approve("carla", again).standing.state is S.IN_REVIEW
    assert world.case(second).standing.state is S.IN_REVIEW  # nobody calls back who knows already


@pytest.mark.requirement("R32")
def test_an_agent_of_another_owner_stands_for_itself(world):
    world.register("stranger", "ben")
    first = world.judged(NO_TESTS)
    second = world.judged(OTHER_SUM, world.session(agent="stranger", opener="ben").session)
    assert (second.standing.strictness, world.decision(second).chain) == (ONE, None)
    assert world.case(first).standing.state is S.IN_REVIEW


@pytest.mark.slow
@pytest.mark.requirement("R32", "R33")
def test_what_completes_something_that_landed_asks_two_until_two_agreed_to_the_whole(world):
    first = world.land(world.judged(FIRST_OUT), FIRST_OUT)
    second = world.judged(BOTH_OUT)
    decided = world.decision(second)
    assert (decided.strictness, decided.chain.alone, decided.chain.landed) == (TWO, ONE, 1)
    assert "1 that landed" in decided.chain.why
    for later, counted in ((WINDOW_SECONDS, 1), (WINDOW_SECONDS + 1, 0)):
        assert sum(one.landed for one in company(world, second, later=later).others) == counted
    world.land(second, BOTH_OUT, people=("ben", "carla"))
    third = world.seal(world.proposal(DOCS))
    assert [(one.proposal, one.settled) for one in company(world, third).others] == [
        (first.facts.proposal, True), (second.facts.proposal, True),
    ]  # fmt: skip
    assert company(world, third).counting(again=False).others == ()


@pytest.mark.slow
@pytest.mark.requirement("R32", "R33")
def test_what_wakes_what_two_agreed_to_is_judged_from_the_state_before_both(world):
    first = world.land(world.judged(FIRST_OUT), FIRST_OUT)
    second = world.land(world.judged(BOTH_OUT), BOTH_OUT, people=("ben", "carla"))
    beside = world.judged(DOCS)
    assert (beside.standing.strictness, world.decision(beside).chain) == (ONE, None)
    world.now += 1
    emptied = {TEST: HEAD + "})\n"}
    decided = world.decision(world.judged(emptied))
    assert (decided.strictness, decided.chain.strictness) == (TWO, TWO)
    assert f"{TEST}: {AGAIN}" in decided.chain.why
    assert decided.chain.members == (first.facts.proposal, second.facts.proposal, beside.facts.proposal)
    assert decided.chain.landed == 2


@pytest.mark.requirement("R32")
def test_a_change_that_asks_for_two_by_itself_settles_nothing(world):
    landed = world.land(world.judged(DOCS), DOCS)
    workflow = {".github/workflows/ci.yml": "on: push\npermissions:\n  contents: read\njobs: {}\n# one\non_x: 1\n"}
    strict = world.judged(workflow)
    assert world.decision(strict).chain.alone is TWO
    world.land(strict, workflow, people=("ben", "carla"))
    next_one = world.seal(world.proposal(NO_TESTS))
    assert [(one.proposal, one.settled) for one in company(world, next_one).others] == [
        (landed.facts.proposal, False), (strict.facts.proposal, False),
    ]  # fmt: skip


@pytest.mark.requirement("R32")
def test_only_what_people_were_told_of_is_settled(world):
    first = world.judged(FIRST_OUT)
    world.land(first, FIRST_OUT)
    second = world.judged(BOTH_OUT)
    with world.store.transaction() as unit:
        told = agreed_as_a_whole(papers(unit, second, world.trust.roster()).matter.decision.body)
    assert told == {first.facts.proposal}
    decided = world.decision(second)
    for chain in (
        None,
        msgspec.structs.replace(decided.chain, alone=TWO),
        msgspec.structs.replace(decided.chain, strictness=ONE),
    ):
        assert agreed_as_a_whole(msgspec.structs.replace(decided, chain=chain)) == frozenset()
    assert agreed_as_a_whole(msgspec.structs.replace(decided, strictness=ONE)) == frozenset()


@pytest.mark.slow
@pytest.mark.requirement("R32")
def test_two_in_flight_that_write_one_file_differently_ask_two(world):
    one, other = ({"notes.md": f"# Notes\n\nThis service {verb} people.\n"} for verb in ("greets", "serves"))
    world.judged(one)
    decided = world.decision(world.judged(other))
    assert (decided.strictness, decided.chain.alone) == (TWO, ONE)
    assert f"notes.md: {CONFLICT}" in decided.chain.why


@pytest.mark.requirement("R32")
def test_what_cannot_be_rebuilt_or_is_too_much_is_never_passed_over(world, monkeypatch):
    effect, diff = effect_of(world, world.seal(world.proposal(DOCS)))
    other = Companion(
        proposal="sha256:" + "7" * 64, base_tree=effect.base_tree, result_tree="9" * 40, diff=diff, landed=False
    )
    assessor = world.bench.assessor
    (verdict,) = assessor.together(effect, diff, [other])
    assert verdict.strictness is TWO
    assert any(one.why.startswith(NOT_REBUILT.format("7" * 12, "")[:20]) for one in verdict.sensitivities)
    (verdict,) = assessor.together(effect, diff, [replace(other, left_out=True)])
    assert verdict.strictness is TWO
    assert TOO_MANY.format(1) in [one.why for one in verdict.sensitivities]
    monkeypatch.setattr(composition, "MAX_FILES", 0)
    same = replace(other, result_tree=effect.result_tree)
    (verdict,) = assessor.together(effect, diff, [same])
    assert (verdict.strictness, TOO_MANY.format(1)) == (TWO, verdict.sensitivities[-1].why)
    with pytest.raises(Refused) as refused:
        assessor.together(effect, diff, [replace(other, landed=True)])
    assert refused.value.code == "MAG-E463"


@pytest.mark.requirement("R32")
def test_more_than_can_be_looked_at_is_left_out_by_name(world, monkeypatch):
    cases = []
    for number in range(4):
        cases.append(world.seal(world.proposal({f"docs/{number}.md": "# Page\n"})))
        world.now += 1
    monkeypatch.setattr(company_module, "MAX_MEMBERS", 2)
    found = company(world, cases[-1]).others
    assert [one.left_out for one in found] == [True, False, False]
    assert [one.proposal for one in found] == [case.facts.proposal for case in cases[:3]]


@pytest.mark.requirement("R31")
def test_one_that_was_decided_meanwhile_is_not_overlooked(world):
    first = world.seal(world.proposal(DOCS))
    before = company(world, first)
    second = world.judged(NO_TESTS)
    with world.store.transaction() as unit:
        assert unseen(unit, first, before, world.now)
        assert not unseen(unit, first, company_of(unit, first, world.deployment.name, world.now), world.now)
    assert second.standing.state is S.IN_REVIEW


@pytest.mark.requirement("R31")
def test_a_session_that_mixes_surfaces_calls_everything_it_has_open_back(world):
    session = world.session().session
    workflow = {".github/workflows/ci.yml": "on: push\npermissions:\n  contents: read\njobs: {}\n# one\non_x: 1\n"}
    first = world.judged(workflow, session)
    for person in ("ben", "carla"):
        first = world.approve(person, first)
    assert (first.standing.state, first.standing.strictness) == (S.CLEARED, TWO)
    second = world.judged({"main.tf": 'resource "aws_s3_bucket" "logs" {\n  bucket = "logs"\n}\n'}, session)
    mix = next(reason.why for reason in world.decision(second).reasons if reason.rule == MIXED)
    assert mix.startswith("this session mixes ")
    assert f"{first.facts.proposal[7:19]} touches " in mix
    assert f"{second.facts.proposal[7:19]} touches " in mix
    assert world.case(first).standing.state is S.HELD
    again = world.again(first)
    assert again.standing.state is S.IN_REVIEW
    assert MIXED in [reason.rule for reason in world.decision(again).reasons]
    assert counting(world, again) == []
    assert world.case(second).standing.state is S.IN_REVIEW
