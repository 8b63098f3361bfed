"""Each executor proves its own walls: an order to drill stays open for whoever has not reported on it (R85)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.casework import CaseWorld

from magistrate.usecases.drills import keep_result, open_orders, order_drills, orders_for
from magistrate.wire.drill import DrillKind, DrillOrder, DrillResult, Probe
from magistrate.wire.envelope import process_keyid

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R56", "R85")]
NAMES = ("executor", "executor-b")


class Town:
    def __init__(self, folder: Path) -> None:
        self.world = CaseWorld(folder, executors=NAMES)
        self.keys = {name: process_keyid(self.world.deployment.keys[name].public_key()) for name in NAMES}
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-shop")
        order = self.world.deployment.by_person("anna", body, "dro", lifetime=3600, now=self.world.now)
        with self.world.store.transaction() as unit:
            self.order = order_drills(unit, order, self.world.trust, self.world.now)

    def reports(self, name: str, *kinds: DrillKind) -> None:
        for kind in kinds:
            result = DrillResult(
                order=self.order, kind=kind, repository="shop", environment="staging", passed=True,
                probes=(Probe(probe="fake probe", held=True, seen="as told"),),
            )  # fmt: skip
            envelope = self.world.deployment.by_process(name, result, "drr", lifetime=3600, now=self.world.now)
            with self.world.store.transaction() as unit:
                keep_result(unit, envelope, self.world.trust, self.world.now)

    def offered(self, name: str, *asking: str, later: int = 0) -> bool:
        keys = [self.keys[one] for one in asking]
        with self.world.store.transaction() as unit:
            now = self.world.now + later
            return bool(orders_for(unit, self.world.trust, self.keys[name], keys, now))

    def waits(self) -> bool:
        with self.world.store.transaction() as unit:
            return bool(open_orders(unit, self.world.trust, self.world.now))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.world.store.close()


def test_an_order_is_for_each_executor_one_after_the_other(town: Town) -> None:
    assert town.offered("executor", *NAMES)
    assert not town.offered("executor-b", *NAMES), "the other one uses the scratch repository first"
    town.reports("executor", *list(DrillKind)[:3])
    assert town.offered("executor", *NAMES)
    assert not town.offered("executor-b", *NAMES)
    assert town.waits()
    town.reports("executor", *list(DrillKind)[3:])
    assert not town.waits(), "whoever ordered them has an answer"
    assert not town.offered("executor", *NAMES)
    assert town.offered("executor-b", *NAMES), "and the other executor drills as well"
    town.reports("executor-b", *DrillKind)
    assert not town.offered("executor-b", *NAMES)


def test_an_executor_that_asks_for_no_work_holds_up_nobody(town: Town) -> None:
    assert town.offered("executor-b", "executor-b")
    assert town.offered("executor-b"), "nor does a start of control"
    assert not town.offered("executor-b", "executor-b", later=3601), "an order that has expired is over"
