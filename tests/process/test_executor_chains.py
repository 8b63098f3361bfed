"""A plan over two linked repositories, with real witness, control, gate and executor: the executor counts for itself.

Part one lands in `runner`; `shop` ships to production through an action of `runner`, and part two changes what it ships. Each
asks for one person. In half of the towns the executor is killed between the parts, so that what it knows is what its journal kept.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, Running, start_control, start_executor, start_gate, start_witness

from magistrate.domain.impact import Strictness
from magistrate.wire.drill import DrillOrder
from magistrate.wire.rejection import Rejection

pytestmark = pytest.mark.slow
PEOPLE = "/api/v1/people"
SHOP = {
    ".github/workflows/ship.yml": "on: push\npermissions:\n  contents: read\njobs:\n  ship:\n    runs-on: ubuntu-24.04\n"
    "    environment: production\n    steps:\n      - uses: acme/runner@v1\n",
    "src/cart.js": "exports.total = (a) => a.reduce((x, y) => x + y, 0)\n",
    "README.md": "# Shop\n\nThis shop recieves orders.\n",
}
RUNNER = {
    "action.yml": "name: runner\nruns:\n  using: node20\n  main: index.js\n",
    "index.js": "exports.run = (a) => a + 1\n",
}
ONE = {"index.js": "exports.run = (a) => a + 2\n"}
TWO = {"src/cart.js": SHOP["src/cart.js"].replace("x + y", "x - y")}
BESIDE = {"README.md": SHOP["README.md"].replace("recieves", "receives")}
CAPTURED = {
    "link-left-out": "import magistrate.usecases.assess_case as m; m._linked = lambda *_: ()",
    "first-part-left-out": "import magistrate.usecases.assess_case as m; from dataclasses import replace; real = m.company_of;"
    " m.company_of = lambda *a: replace(real(*a), others=(), elsewhere=())",
    "no-chain": "import magistrate.usecases.assess_case as m; m.chained = lambda alone, *_: alone",
    "asks-fewer": "import magistrate.usecases.assess_case as m, msgspec; real = m.chained;"
    " put = msgspec.structs.replace; m.chained = lambda alone, *rest:"
    " put(alone, chain=put(real(alone, *rest).chain, strictness=alone.strictness))",
}  # fmt: skip
ENDED = {"SUCCEEDED", "FAILED", "HALTED", "REFUSED", "ROLLED_BACK", "STALE"}


class Town:
    """The processes of one home, in which part one has landed."""

    def __init__(self, folder: Path) -> None:
        self.world = CaseWorld(folder, repositories=("shop", "runner"))
        self.world.register("helper", "anna")
        self.world.seed(SHOP)
        self.world.open_repository("runner", RUNNER)
        self.world.store.close()
        self.deployment = self.world.deployment
        self.running: dict[str, Running] = {}
        for name, start in (
            ("witness", start_witness), ("control", start_control), ("gate", start_gate), ("executor", start_executor),
        ):  # fmt: skip
            self.running[name] = start(self.deployment)
        self.ben, self.carla, self.anna, self.front = (
            Caller(self.deployment, name) for name in ("ben", "carla", "anna", "front")
        )

    def stop(self) -> None:
        for one in reversed(list(self.running.values())):
            one.stop()

    def again(self, name: str, start: Callable[..., Running], *arguments: str) -> None:
        """SIGKILL one process and start it again."""
        self.running[name].kill()
        self.running[name] = start(self.deployment, *arguments)

    def drilled(self, repository: str) -> None:
        body = DrillOrder(person="anna", repository=repository, environment="staging", scratch=f"drill-{repository}")
        order = self.deployment.by_person("anna", body, "dro", lifetime=3600)
        assert self.anna.post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        self.anna.awaited(
            f"{PEOPLE}/drills",
            lambda found: (
                [one["passed"] for one in found["results"] if one["repository"] == repository].count(True) >= 4
            ),
            90,
        )

    def proposed(self, repository: str, files: dict[str, str], agent: str) -> str:
        """The digest of a proposal that is judged."""
        self.world.at(repository)
        self.world.now = int(time.time())
        request = self.world.proposal(files, self.world.session(agent=agent).session)
        answer = self.front.post("/internal/v1/proposals", request)
        assert answer.status_code == 200, answer.text
        proposal = str(answer.json()["proposal"])
        self.until(proposal, {"IN_REVIEW", *ENDED})
        return proposal

    def until(self, proposal: str, states: set[str], seconds: float = 60) -> dict[str, Any]:
        path = f"{PEOPLE}/cases/{proposal[7:17]}"
        return self.ben.awaited(path, lambda found: found["case"]["state"] in states, seconds)

    def approved(self, proposal: str, person: str = "ben") -> None:
        caller = {"ben": self.ben, "carla": self.carla}[person]
        envelope = self.world.approval(person, self.world.case_of(proposal))
        said = caller.post(f"{PEOPLE}/cases/{proposal[7:17]}/approvals", {"envelope": envelope})
        assert said.status_code == 200, said.text

    def rejected(self, proposal: str) -> None:
        envelope = self.deployment.by_person("carla", Rejection(person="carla", proposal=proposal, reason="no"), "rej")
        said = self.carla.post(f"{PEOPLE}/cases/{proposal[7:17]}/rejections", {"envelope": envelope})
        assert said.status_code == 200, said.text
        self.until(proposal, {"REJECTED"})

    def tip(self, repository: str) -> str:
        bare = self.deployment.settings.repositories / f"{repository}.git"
        done = subprocess.run(
            ["git", "-C", str(bare), "rev-parse", "refs/heads/main"], capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    def decision(self, proposal: str) -> Any:
        return self.world.decision(self.world.case_of(proposal))


@pytest.fixture(scope="module", params=["running", "killed"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    made = Town(tmp_path_factory.mktemp("chain"))
    try:
        made.drilled("shop")
        made.drilled("runner")
        first = made.proposed("runner", ONE, "helper")
        decided = made.decision(first)
        assert (decided.strictness, decided.chain) == (Strictness.ONE, None)
        made.approved(first)
        made.until(first, {"SUCCEEDED"})
        if request.param == "killed":
            made.again("executor", start_executor)
        yield made, first
    finally:
        made.stop()


@pytest.mark.requirement("R32", "R34", "R55")
@pytest.mark.parametrize("how", sorted(CAPTURED))
def test_what_a_captured_control_leaves_out_the_executor_finds_by_itself(town: tuple[Town, str], how: str) -> None:
    place, _ = town
    before = place.tip("shop")
    place.again("control", start_control, CAPTURED[how])
    try:
        second = place.proposed("shop", TWO, "fixer")
        assert place.decision(second).strictness is Strictness.ONE
        place.approved(second)
        told = place.until(second, ENDED)
    finally:
        place.again("control", start_control)
    assert told["case"]["state"] == "FAILED", told["case"]
    assert "MAG-E390" in str(told), str(told)[:3000]
    assert place.tip("shop") == before


@pytest.mark.requirement("R32", "R34")
def test_an_honest_control_asks_two_and_names_the_parts_and_the_link(town: tuple[Town, str]) -> None:
    place, first = town
    before = place.tip("shop")
    second = place.proposed("shop", TWO, "fixer")
    decided = place.decision(second)
    assert decided.chain is not None
    assert (decided.chain.alone, decided.strictness) == (Strictness.ONE, Strictness.TWO)
    assert first in decided.chain.members
    assert "`shop` and `runner` by action acme/runner@v1" in decided.chain.why
    assert max(one.count for one in decided.obligations) == 2
    place.approved(second)
    time.sleep(2)
    assert place.until(second, {"IN_REVIEW", *ENDED})["case"]["state"] == "IN_REVIEW"
    assert place.tip("shop") == before
    place.rejected(second)


@pytest.mark.requirement("R32", "R34")
def test_a_change_that_nothing_links_still_lands_with_one(town: tuple[Town, str]) -> None:
    place, _ = town
    before = place.tip("shop")
    beside = place.proposed("shop", BESIDE, "fixer")
    place.approved(beside)
    told = place.until(beside, ENDED)
    log = (place.deployment.home / "run" / "executor.log").read_text()
    assert told["case"]["state"] == "SUCCEEDED", (told["case"], log[-3000:])
    assert place.tip("shop") != before
