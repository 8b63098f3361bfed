"""`approve` of what a stage is brought: every digest of the effect is made anew from the trees, and who is concerned is shown by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.casework import CaseWorld, git
from world.judging import judged_inside
from world.stage_cases import judged_stage, stage_plan_of

from magistrate.domain.stages import stage_ref
from magistrate.entrypoints.cli.approve import show_case
from magistrate.entrypoints.cli.cases import Opened, open_case
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.people import Caller
from magistrate.entrypoints.cli.rebuild import rebuild
from magistrate.errors import MagistrateError
from magistrate.usecases.matter import bundle
from magistrate.wire.front_api import StageView
from magistrate.wire.policy_bundle import StagePolicy

pytestmark = pytest.mark.requirement("R5", "R44", "R46")
D = "sha256:" + "0" * 64
FILES = {
    "a.py": "A = 1\n", "db/grants.sql": "GRANT SELECT ON TABLE app.orders TO clerk;\n",
    "db/password.toml": 'opens = ["orders-db"]\nconsumers = ["web", "worker"]\n',
}  # fmt: skip
KINDS: dict[str, dict[str, str]] = {
    "live": {}, "orders": {"system": "orders-db", "document": "db/grants.sql"},
    "password": {"system": "orders-db", "document": "db/password.toml", "secret": "orders-password"},
}  # fmt: skip


@pytest.fixture
def walls() -> None:
    """Whoever asks for this is judged behind walls, as a person is."""


@pytest.fixture(autouse=True)
def inside(request: pytest.FixtureRequest) -> Iterator[None]:
    with nullcontext() if "walls" in request.fixturenames else judged_inside():
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    stages = tuple(
        StagePolicy(stage=name, repository="shop", environment=name, production=False, verification=(), **kind)  # type: ignore[arg-type]  # names and paths
        for name, kind in KINDS.items()
    )
    made = CaseWorld(tmp_path_factory.mktemp("town"), stages=stages)
    made.seed(FILES)
    bare = Path(made.repositories.git_dir("shop"))
    for name in KINDS:
        first = git("commit-tree", "main^{tree}", "-m", "now", cwd=bare).strip()
        git("update-ref", stage_ref(name), first, cwd=bare)
    made.seed({"a.py": "A = 2\n", "db/grants.sql": FILES["db/grants.sql"].replace("SELECT", "SELECT, UPDATE")})
    return made


def opened(world: CaseWorld, stage: str) -> Opened:
    """The case that brings a stage up to date, as the person's machine has it from control."""
    view = StageView(stage=stage, environment=stage, old="", **KINDS[stage])
    case = judged_stage(world, *stage_plan_of(world, view))
    with world.store.transaction() as unit:
        papers = bundle(world.store, world.trust, unit, case, world.now)
    return open_case(papers, case.facts.proposal, world.deployment.settings)


@pytest.fixture(scope="module")
def cases(world: CaseWorld) -> dict[str, Opened]:
    return {stage: opened(world, stage) for stage in KINDS}


def rebuilt(world: CaseWorld, case: Opened) -> Any:
    caller = Caller(name="ben", signer=world.deployment.people["ben"])
    nobody = Client("http://127.0.0.1:9", caller, deployment=world.deployment.name, audience="control")
    return rebuild(case, nobody, Path(world.repositories.git_dir("shop")))


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("live", ["deploys to", "run by whatever watches refs/heads/stages/live"]),
        ("orders", ["entitles", "`orders-db` in `orders` gets what db/grants.sql", "gains: update on table app.orders", "+GRANT SELECT, UPDATE"]),
        ("password", ["rotates", "`orders-password` of `orders-db`", "web, worker", "way back", "none: the old value is ended"]),
    ],
)  # fmt: skip
def test_an_honest_case_is_rebuilt_and_says_whom_it_concerns(
    world: CaseWorld, cases: dict[str, Opened], capsys: pytest.CaptureFixture[str], stage: str, shown: list[str]
) -> None:
    case = cases[stage]
    found = rebuilt(world, case)
    assert found.verdict == case.assessment.verdict
    show_case(case, found, own=False)
    told = " ".join(capsys.readouterr().out.split())
    assert [one for one in shown if one not in told] == [], told


@pytest.mark.slow
@pytest.mark.parametrize("stage", KINDS)
def test_an_honest_case_is_rebuilt_behind_walls(
    world: CaseWorld, cases: dict[str, Opened], walls: None, stage: str
) -> None:
    assert rebuilt(world, cases[stage]).verdict == cases[stage].assessment.verdict


@pytest.mark.requirement("R42")
@pytest.mark.parametrize(
    ("stage", "field", "value"),
    [
        ("live", "artifact_digest", D), ("live", "command_id", "restart"), ("orders", "before_digest", D), ("orders", "after_digest", D),
        ("orders", "system", "other-db"), ("orders", "document", "db/password.toml"), ("password", "consumers_digest", D),
        ("password", "secret_id", "other"), ("password", "store", "other-db"), ("password", "document", "db/grants.sql"),
        *((stage, field, value) for stage in KINDS for field, value in (
            ("ref", "refs/heads/stages/other"), ("environment", "elsewhere"), ("result_tree", "1" * 40), ("base_tree", "1" * 40),
            ("manifest_sha256", D), ("rollback_plan_digest", D),
        )),
    ],
)  # fmt: skip
def test_an_effect_that_is_told_otherwise_is_refused(
    world: CaseWorld, cases: dict[str, Opened], stage: str, field: str, value: str
) -> None:
    case = cases[stage]
    with pytest.raises(MagistrateError) as refused:
        rebuilt(world, replace(case, effect=msgspec.structs.replace(case.effect, **{field: value})))
    assert refused.value.code in {"MAG-E605", "MAG-E124", "MAG-E315", "MAG-E316", "MAG-E302", "MAG-E612"}
