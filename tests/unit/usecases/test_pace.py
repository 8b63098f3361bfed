"""Budgets and patterns that spread: pure rules over verdicts, and the entry that the record gets once."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.casework import CaseWorld

from magistrate.domain.events import Event
from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, ProofStatus, Strictness
from magistrate.usecases.chains import Ruling
from magistrate.usecases.pace import (
    BUDGET,
    FILES,
    LOW_FILES,
    REPOSITORIES,
    SPREAD,
    Earlier,
    earlier_of,
    over_budget,
    paced,
    raise_alarms,
    spreads,
)  # fmt: skip
from magistrate.wire.assessment import FileVerdict, ProofSummary, SensitivityVerdict, Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Obligation

PROOF = ProofSummary(rule="none", status=ProofStatus.UNKNOWN, why="", witness={})
RISK = ("ci_cd", "the token of the job may write")


def verdict(*, kind=ChangeClass.CODE, files=1, patterns=()):
    return Verdict(
        id="", digest=digest(b"v"), assessor=digest(b"a"), classes=(kind,), auto_eligible=False,
        strictness=Strictness.ONE,
        files=tuple(FileVerdict(path=f"{n}", change_class=kind, proof=PROOF) for n in range(files)),
        sensitivities=tuple(SensitivityVerdict(kind=k, path="x", line=1, why=w) for k, w in patterns),
        denials=(), privilege=(), blast_radius={}, reversible="yes", composition={}, reasons=(),
    )  # fmt: skip


def earlier(repository="shop", *, budget=True, **fields):
    return Earlier(repository=repository, verdict=verdict(**fields), budget=budget)


def ruled(strictness=Strictness.AUTO, obligations=()):
    return Ruling(strictness=strictness, obligations=obligations, reasons=())


@pytest.mark.requirement("R35")
@pytest.mark.parametrize(("kind", "cap"), [(ChangeClass.CODE, FILES), (ChangeClass.DOCS, LOW_FILES)])
def test_the_file_after_the_last_of_the_budget_asks_a_person(kind, cap):
    before = [earlier(kind=kind, files=cap - 1), earlier(kind=kind, files=500, budget=False)]
    assert over_budget(verdict(kind=kind), before) == ()
    (reason,) = over_budget(verdict(kind=kind, files=2), before)
    assert reason.rule == BUDGET
    found = paced(ruled(), "shop", verdict(kind=kind, files=2), before)
    assert (found.strictness, found.obligations[0].count) == (Strictness.ONE, 1)
    assert paced(ruled(), "shop", verdict(kind=kind), before) == ruled()


@pytest.mark.requirement("R35")
def test_one_class_does_not_spend_the_budget_of_another():
    assert over_budget(verdict(kind=ChangeClass.DOCS), [earlier(files=LOW_FILES * 2)]) == ()


@pytest.mark.requirement("R35")
def test_a_risky_pattern_in_three_repositories_asks_a_person_and_in_two_does_not():
    others = [earlier(name, budget=False, patterns=[RISK]) for name in ("store", "depot")]
    mine = verdict(patterns=[RISK])
    assert spreads("shop", mine, others) == ((RISK, ("depot", "shop", "store")),)
    assert len(spreads("shop", mine, others)[0][1]) == REPOSITORIES
    (reason,) = paced(ruled(), "shop", mine, others).reasons
    assert (reason.rule, "depot, shop, store" in reason.why) == (SPREAD, True)
    for fewer in (others[:1], [others[0], others[0]], [others[0], earlier("depot", patterns=[("ci_cd", "another")])]):
        assert paced(ruled(), "shop", mine, fewer) == ruled()
    harmless = [earlier(name, patterns=[("docs", "a page")]) for name in ("store", "depot")]
    assert spreads("shop", verdict(patterns=[("docs", "a page")]), harmless) == ()


@pytest.mark.requirement("R35")
@given(
    st.sampled_from(Strictness),
    st.integers(0, 3),
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(0, 120)), max_size=6),
)
@settings(deadline=None)
def test_pace_only_adds(strictness, count, before):
    asked = (Obligation(role=None, count=count, rule="policy/x"),) if count else ()
    given_ = ruled(strictness, () if strictness is Strictness.DENY else asked)
    found = paced(given_, "a", verdict(patterns=[RISK]), [
        earlier(name, files=files, patterns=[RISK] if risky else ()) for name, risky, files in before
    ])  # fmt: skip
    assert STRICTNESS_ORDER.index(found.strictness) >= STRICTNESS_ORDER.index(strictness)
    assert found.obligations[: len(given_.obligations)] == given_.obligations
    if found != given_ and strictness is not Strictness.DENY:
        assert found.obligations


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


@pytest.mark.requirement("R35")
def test_what_was_judged_counts_and_the_alarm_is_recorded_once(world):
    first = world.judged({"notes.md": "# Notes\n\nThis service greets people.\n"})
    second = world.seal(world.proposal({"more.md": "# More\n"}))
    with world.store.transaction() as unit:
        (found,) = earlier_of(unit, second, world.deployment.name, world.now)
        assert (found.repository, found.budget, len(found.verdict.files)) == ("shop", True, 1)
        assert earlier_of(unit, first, world.deployment.name, world.now) == ()  # the second was not judged yet
        others = [earlier(name, patterns=[RISK]) for name in ("store", "depot")]
        for _ in range(2):
            raise_alarms(unit, second, verdict(patterns=[RISK]), others, world.now)
        raised = [one for one in unit.events(second.facts.proposal) if one.event == Event.PATTERN_SPREAD]
    assert len(raised) == 1
    assert raised[0].facts["repositories"] == "depot shop store"
    assert msgspec.json.encode(dict(raised[0].facts))
