"""AS-21: one account used by CI, an agent and a person means analysis only, in control, executor and gate, each by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from world.admissible import Admissible
from world.casework import CaseWorld
from world.executing import World
from world.gate_world import make_gate_world
from world.running import running_below

from magistrate.domain.estate import ActorKind
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import Estate, EstateActor, EstatePrincipal

SHOP = ("repository:shop",)


def estate(ci: str, agent: str, person: str, reach: Mapping[str, tuple[str, ...]]) -> Estate:
    acting = ((ActorKind.WORKLOAD, "ci", ci), (ActorKind.AGENT, "fixer", agent), (ActorKind.PERSON, "anna", person))
    return Estate(
        actors=tuple(EstateActor(kind=kind, name=name, acts_as=(one,)) for kind, name, one in acting),
        principals=tuple(EstatePrincipal(name=n, becomes=(), reaches=r) for n, r in reach.items()),
    )


SHARED = estate("pat", "pat", "pat", {"pat": SHOP})
SPLIT = estate("ci-token", "fixer-reads", "anna", {"ci-token": SHOP, "fixer-reads": (), "anna": SHOP})
EDGE = "`pat` is used by agent `fixer`, person `anna`, workload `ci`"
TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.mark.requirement("R64")
def test_admission_refuses_even_a_low_change_and_names_the_edge(tmp_path: Path) -> None:
    Admissible(tmp_path / "split", estate=SPLIT).admit()
    with pytest.raises(Refused, match="analysis only") as refused:
        Admissible(tmp_path / "shared", estate=SHARED).admit()
    assert EDGE in refused.value.message


@pytest.mark.slow
@pytest.mark.requirement("R64")
def test_control_issues_no_warrant_and_says_why(tmp_path: Path) -> None:
    for name, declared, state in (
        ("shared", SHARED, CaseState.APPROVED_NOT_EXECUTED),
        ("split", SPLIT, CaseState.WARRANTED),
    ):
        world = CaseWorld(tmp_path / name, estate=declared)
        world.drill()
        case = world.judged(TYPO)
        world.approve("ben", case)
        ended = world.issue(case)
        assert ended.standing.state is state, ended.standing.why
        assert (EDGE in ended.standing.why) is (declared is SHARED)


@pytest.mark.requirement("R64")
def test_the_executor_refuses_what_a_control_that_looked_away_sends(tmp_path: Path) -> None:
    shared, split = World(tmp_path / "shared", estate=SHARED), World(tmp_path / "split", estate=SPLIT)
    for world in (shared, split):
        world.executor().tick()
    assert split.control.outcomes == ["succeeded"]
    assert split.tip() == split.commit()
    assert not shared.target.commits
    assert "lease.requested" not in shared.steps()


@pytest.mark.slow
@pytest.mark.requirement("R64")
def test_the_gate_gives_no_credential(tmp_path: Path) -> None:
    for name, declared, status in (("shared", SHARED, 403), ("split", SPLIT, 200)):
        (tmp_path / name).mkdir()
        world = make_gate_world(tmp_path / name, declared)
        world.start()
        try:
            answer = world.ask()
        finally:
            world.stop()
        assert answer.status_code == status, answer.text
        assert (EDGE in answer.text) is (declared is SHARED)


BLOCKS = """
[[actor]]
kind = "workload"
name = "ci"
acts_as = ["{ci}"]

[[actor]]
kind = "agent"
name = "fixer"
acts_as = ["{agent}"]

[[actor]]
kind = "person"
name = "anna"
acts_as = ["{person}"]

[[principal]]
name = "{ci}"
reaches = ["repository:shop"]
"""
OWN = """
[[principal]]
name = "fixer-reads"
"""


def mended(text: str) -> str:
    return text.replace("servise", "service")


@pytest.mark.slow
@pytest.mark.requirement("R64", "R67")
def test_a_running_deployment_stops_and_goes_on_after_the_account_is_split() -> None:
    with running_below("as21") as town:
        source = town.home / "policies" / "default" / "policy.toml"
        first = source.read_text()
        assert "nobody declared an estate" in town("estate", "check")
        assert town.json("readiness")[0]["estate"] == "not declared"

        source.write_text(first + BLOCKS.format(ci="pat", agent="pat", person="pat"))
        said = town("estate", "check", status=1)
        assert EDGE in said
        assert "analysis only" in said
        town("policy", "publish")
        (place,) = town.json("readiness")
        assert (place["ready"], place["may_execute"], place["next"]) == (
            False, "nothing: analysis only", "magistrate estate check",
        )  # fmt: skip
        assert EDGE in " ".join(place["weak"])
        assert EDGE in town("status")
        proposal = town.propose(town.session(), {"README.md": mended})
        town.approve(proposal)
        town.until(proposal, {"APPROVED_NOT_EXECUTED"})
        assert EDGE in json.dumps(town.json("show", proposal.removeprefix("sha256:")[:16]))

        source.write_text(first + BLOCKS.format(ci="ci-token", agent="fixer-reads", person="anna") + OWN)
        assert "as declared: no account is shared" in town("estate", "check", status=None)
        town("policy", "publish")
        (place,) = town.json("readiness")
        assert (place["estate"], place["weak"]) == ("declared", [])
        proposal = town.propose(town.session(), {"README.md": mended})
        town.approve(proposal)
        town.until(proposal, {"SUCCEEDED"})
