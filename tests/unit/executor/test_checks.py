"""What checks are worth: a change that decides what they see vouches for nothing; a finding must be gone, not moved."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.admissible import BASE, RESULT
from world.executing import World

from magistrate.domain.impact import ChangeClass
from magistrate.executor.checks import gone, steered_by
from magistrate.executor.ports import Found, Scanned
from magistrate.wire.assessment import SensitivityVerdict, Verdict

HERE = Found(finding="fnd-x", rule="S307", text="eval(x)")
BEFORE = Scanned(read=True, seen="exit 1", found=(HERE,))
CLEAN = Scanned(read=True, seen="exit 0")


def scan(*found: Found) -> Scanned:
    return Scanned(read=True, seen="exit 1", found=found)


@pytest.fixture
def world(tmp_path: Any) -> World:
    made = World(tmp_path / "home", rescan=True, change_class=ChangeClass.CODE)
    made.eyes.scans = {BASE: BEFORE, RESULT: CLEAN}
    return made


def facts_of(world: World, step: str) -> list[dict[str, str]]:
    assert world.journal is not None
    (warrant,) = world.control.taken
    return [dict(e.body.facts) for e in world.journal.entries(warrant) if e.body.step == step]


def verdict_of(world: World, path: str, kind: ChangeClass = ChangeClass.UNKNOWN) -> Verdict:
    verdict = world.case._verdict()
    (file,) = verdict.files
    return msgspec.structs.replace(verdict, files=(msgspec.structs.replace(file, path=path, change_class=kind),))


@pytest.mark.requirement("R57")
def test_a_finding_that_the_scan_no_longer_shows_lets_its_fix_be_applied(world: World) -> None:
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    tests, again = facts_of(world, "checks.done")
    assert (tests["vouches"], again["vouches"], again["check"]) == ("yes", "yes", "scan")
    (verified,) = facts_of(world, "verification.done")
    assert verified["vouched_by"] == "the live probes, `tests`, `scan`"
    (report,) = world.control.reports.values()
    assert report["why"] == "applied, revoked, probed and verified by the live probes, `tests`, `scan`"


@pytest.mark.requirement("R57")
@pytest.mark.parametrize(
    ("after", "words"),
    [
        (scan(HERE), "still there"),
        (scan(Found(finding="fnd-y", rule="S307", text="eval(x)")), "still there"),
        (scan(Found(finding="fnd-y", rule="S307", text="eval( x )")), "still there"),
        (Scanned(read=False, seen="the file is empty"), "cannot be read"),
    ],
    ids=["unchanged", "moved", "rewritten", "no-answer"],
)
def test_a_finding_that_is_still_there_ends_before_any_credential(world: World, after: Scanned, words: str) -> None:
    world.eyes.scans[RESULT] = after
    world.executor().tick()
    assert world.control.outcomes == ["failed"]
    (report,) = world.control.reports.values()
    assert words in report["why"]
    assert not world.gate.grants
    assert "lease.requested" not in world.steps()


@pytest.mark.requirement("R57")
def test_a_scan_that_never_showed_the_finding_vouches_for_nothing(world: World) -> None:
    world.eyes.scans = {BASE: CLEAN, RESULT: CLEAN}
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    *_, again = facts_of(world, "checks.done")
    assert (again["passed"], again["vouches"]) == ("yes", "no")
    assert "does not show `fnd-x`" in again["because"]


@pytest.mark.requirement("R57")
def test_a_change_that_only_its_own_checks_looked_at_is_told_as_unverified(tmp_path: Any) -> None:
    world = World(tmp_path / "home", change_class=ChangeClass.TESTS, probes=())
    world.judge.found = verdict_of(world, "tests/test_a.py", ChangeClass.TESTS)
    world.case._verdict = lambda: world.judge.found  # type: ignore[method-assign]
    world.control.bundles[:] = [world.case.build()]
    world.executor().tick()
    assert world.control.outcomes == ["succeeded"]
    (report,) = world.control.reports.values()
    assert "but unverified" in report["why"]
    (done,) = facts_of(world, "verification.done")
    assert done["vouched_by"] == "nobody"


@pytest.mark.requirement("R57")
@pytest.mark.parametrize(
    ("path", "kind", "steers"),
    [
        ("src/shop/price.py", ChangeClass.UNKNOWN, False),
        ("src/shop/contest.py", ChangeClass.UNKNOWN, False),
        ("web/Cart.tsx", ChangeClass.UNKNOWN, False),
        ("README.md", ChangeClass.DOCS, False),
        ("tests/test_price.py", ChangeClass.FORMATTING, False),
        ("tests/test_price.py", ChangeClass.TESTS, True),
        ("src/shop/conftest.py", ChangeClass.UNKNOWN, True),
        ("src/shop/test_price.py", ChangeClass.UNKNOWN, True),
        ("price_test.go", ChangeClass.UNKNOWN, True),
        ("web/cart.spec.ts", ChangeClass.UNKNOWN, True),
        ("src/PriceTest.java", ChangeClass.UNKNOWN, True),
        ("eslint.config.js", ChangeClass.UNKNOWN, True),
        ("pyproject.toml", ChangeClass.BENIGN_CONFIG, True),
        ("Makefile", ChangeClass.UNKNOWN, True),
        (".github/x.py", ChangeClass.UNKNOWN, True),
        (".gitignore", ChangeClass.UNKNOWN, True),
        ("setup.py", ChangeClass.UNKNOWN, True),
        ("build.rs", ChangeClass.UNKNOWN, True),
        ("README.md", ChangeClass.UNKNOWN, True),
    ],
)
def test_what_decides_over_checks_is_known_by_where_it_stands_and_what_it_is_proven_to_be(
    world: World, path: str, kind: ChangeClass, *, steers: bool
) -> None:
    assert bool(steered_by(verdict_of(world, path, kind))) is steers


@pytest.mark.requirement("R57")
def test_source_that_silences_a_check_decides_over_it(world: World) -> None:
    verdict = verdict_of(world, "src/shop/price.py")
    silenced = SensitivityVerdict(kind="gate", path="src/shop/price.py", line=3, why="silences a check")
    assert steered_by(msgspec.structs.replace(verdict, sensitivities=(silenced,)))
    assert steered_by(msgspec.structs.replace(verdict, files=()))


PLACES = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy")), max_size=6)


@pytest.mark.requirement("R57")
@given(before=PLACES, after=PLACES)
def test_a_finding_is_gone_only_where_its_place_and_its_rule_are_there_less_often(before: Any, after: Any) -> None:
    """Against counting by hand; the finding is the first of the base."""
    base = [Found(finding=f"b{at}", rule=rule, text=text) for at, (rule, text) in enumerate(before)]
    result = [Found(finding=f"a{at}", rule=rule, text=text) for at, (rule, text) in enumerate(after)]
    seen, worthless = gone("b0", scan(*base), scan(*result))
    if not before:
        assert worthless
        return
    fewer = Counter(before)[before[0]] > Counter(after)[before[0]]
    rule = before[0][0]
    assert seen.held is (fewer and sum(r == rule for r, _ in after) < sum(r == rule for r, _ in before))
