"""Which sides count with a change, and that what cannot be read asks for more and never for less."""

from typing import Any

import msgspec
import pytest
from world.linked_chains import MemoryGit, NearAssessor, reading

from magistrate.domain.impact import FileChange, Strictness
from magistrate.usecases import across
from magistrate.usecases.across import Side, judged_across, place_of
from magistrate.usecases.assess import case_of
from magistrate.usecases.composition import Part
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import GitUpdate
from magistrate.wire.policy_bundle import RepositoryPolicy

NEAR, MAIN, TWO = NearAssessor(), "refs/heads/main", Strictness.TWO
LINKS = {".magistrate.yml": b"links:\n  runner: {image: [x]}\n"}
OLD, NEW = b"def f(a):\n    return a + 1\n", b"def f(a):\n    return a - 1\n"


def change(path="a.py", before=OLD, after=NEW):
    return FileChange(path=path, before=before, after=after, mode_before="100644", mode_after="100644")


def side(name, *changes, files=None, ref=MAIN):
    git: Any = MemoryGit(trees={"now": {"a.py": OLD, **(files or {})}})
    parts = tuple(Part(changes=(one,), landed=False) for one in changes)
    return Side(repository=name, ref=ref, git=reading(git), tree="now", parts=parts, members=(f"of {name}",))


def place(name, environment="staging", *, production=False):
    return RepositoryPolicy(
        repository=name, ref=MAIN, environment=environment, production=production, checks=(), verification=()
    )


def joined(mine, *others, places=()):
    known = {name: place(name) for name in ("shop", "runner", "base")} | {one.repository: one for one in places}
    own = msgspec.convert(NEAR.of_case(case_of(mine.changes, "own")).verdict, Verdict, strict=True)
    assert own.strictness is Strictness.ONE
    return judged_across(NEAR, mine, others, (own,), known)


@pytest.mark.requirement("R34")
def test_only_what_a_link_leads_to_counts_over_any_number_between():
    other = side("runner", change())
    assert joined(side("shop", change()), other) == ()
    (found,) = joined(side("shop", change(), files=LINKS), other)
    assert (found.repository, found.members, found.verdict.strictness) == ("runner", ("of runner",), TWO)
    assert "`shop` and `runner` by image x" in found.why
    between = side("runner", change(), files={".magistrate.yml": b"links:\n  base: {image: [y]}\n"})
    everything = joined(side("shop", change(), files=LINKS), side("base", change()), between)
    assert {one.repository for one in everything} == {"runner", "base"}


@pytest.mark.requirement("R34")
def test_a_link_that_the_change_itself_brings_or_takes_away_counts():
    text = b"jobs:\n  a:\n    steps:\n      - uses: acme/runner@v1\n"
    path = ".github/workflows/a.yml"
    for before, after in ((b"jobs: {}\n", text), (text, b"jobs: {}\n")):
        mine = side("runner", change())
        (found,) = joined(mine, side("shop", change(path, before, after), files={path: before}))
        assert found.verdict.strictness is TWO


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    "text", [b"links: []\n", b"links:\n  a: {b: c}\n", b"links: {a: {image: [x]}}\n" + b"#" * 1_000_000]
)
def test_what_cannot_be_read_is_a_link_and_asks_two(text):
    (found,) = joined(side("shop", change()), side("runner", change(), files={".magistrate.yml": text}))
    assert found.verdict.strictness is TWO
    assert any("cannot be read" in one.why for one in found.verdict.sensitivities)


@pytest.mark.requirement("R34")
def test_more_sides_than_are_looked_at_ask_two(monkeypatch):
    monkeypatch.setattr(across, "MAX_SIDES", 1)
    (found,) = joined(side("shop", change()), side("runner", change()), side("base", change()))
    assert (found.verdict.strictness, found.members) == (TWO, ("of base",))


@pytest.mark.requirement("R34")
def test_the_same_content_for_two_environments_and_two_refs_of_one_repository_are_links():
    production = (place("runner", "production", production=True),)
    (found,) = joined(side("shop", change()), side("runner", change()), places=production)
    assert "by environment the same a.py" in found.why
    assert joined(side("shop", change()), side("runner", change(after=b"x = 1\n")), places=production) == ()
    assert [
        one.repository for one in joined(side("shop", change()), side("shop", change("b.py"), ref="refs/heads/dev"))
    ] == ["shop"]


@pytest.mark.requirement("R34")
def test_what_is_linked_is_ruled_by_the_other_place_and_an_unknown_place_is_production():
    effect = GitUpdate(
        environment="staging", pre_state="0" * 40, rollback_plan_digest="sha256:" + "0" * 64, repository="shop", ref=MAIN,
        old="0" * 40, base_tree="0" * 40, result_tree="0" * 40, manifest_sha256="sha256:" + "0" * 64,
    )  # fmt: skip
    places = (place("shop"), place("runner", "production", production=True))
    own = places[0]
    assert place_of(places, own, effect) == {"repository": "shop", "environment": "staging", "production": False}
    assert place_of(places, own, effect, "runner") == {
        "repository": "runner", "environment": "production", "production": True,
    }  # fmt: skip
    assert place_of(places, own, effect, "gone")["production"] is True
