"""kill -9 of a real executor in the middle of a change of a real database: whole or not at all, and nobody is locked out (R53, R56).

A sample of the entries; each of them is struck in memory (test_entitlement_saga.py, test_rotation_saga.py).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from world import warm_gate
from world.postgres_grants import Store
from world.postgres_leases import GROUP, Shop
from world.real_gate import FolderControl, outside_of
from world.system_town import AFTER, BEFORE, OLD, SystemTown, systems_here

from magistrate.domain.entitlements import text_of
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R53", "R54", "R56"), pytest.mark.xdist_group("postgres-role")]
ENTITLED = [("after", 12), ("after", 13), ("before", 14), ("after", 14), ("after", 16), ("after", 18)]
ROTATED = [("after", entry) for entry in (11, 14, 17, 20, 23, 26, 28, 30)]


class WarmTown(warm_gate.Town, SystemTown):
    """With a gate that is forked."""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    shop = Shop(None)
    made = Store(shop)
    shop.make_logins()
    yield made
    shop.server.remove()


@pytest.fixture
def town(tmp_path: Path, store: Store) -> Iterator[SystemTown]:
    shop = store.open().shop
    shop.sql(f"set role {GROUP}; grant select, update on store.price to clerk; reset role")
    shop.sql(f"alter role app_a login password '{OLD}'")
    shop.sql("alter role app_b nologin password null")
    made = WarmTown(tmp_path / "home", shop)
    try:
        made.start_gate()
        yield made
    finally:
        made.close()
        shop.drop_leases()


def verify_nothing_stands(town: SystemTown) -> tuple[str, str]:
    """No lease at gate, database or journal, one report; the outcome, and what the database gives away."""
    outside = outside_of(town.home)
    outside = replace(outside, **systems_here(town.home, outside.identity, outside.clock))
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    book = Casebook(journal)
    assert [lease for lease in outside.broker.leases() if lease.usable] == []
    assert (book.open_leases(), book.open_executions(), town.shop.roles()) == ((), (), [])
    given = text_of(outside.systems["orders-db"].read())
    journal.close()
    outside.close()
    (report,) = FolderControl(town.home).told("reports")
    assert report["leases_open"] == 0
    return str(report["outcome"]), given


def died_and_came_back(town: SystemTown, moment: str, point: int) -> None:
    first = warm_gate.run_child(town.home, moment, str(point))
    assert first.returncode == -signal.SIGKILL, ("this point was never reached", first.stderr.decode())
    again = warm_gate.run_child(town.home)
    assert again.returncode == 0, again.stderr.decode()


@pytest.mark.parametrize(("moment", "point"), ENTITLED)
def test_entitlements_are_changed_whole_or_not_at_all(town: SystemTown, moment: str, point: int) -> None:
    town.write("orders")
    died_and_came_back(town, moment, point)
    outcome, given = verify_nothing_stands(town)
    assert (outcome, given, town.recorded()) in {("succeeded", AFTER, AFTER), ("rolled_back", BEFORE, BEFORE)}


@pytest.mark.parametrize(("moment", "point"), ROTATED)
def test_a_rotation_is_over_or_people_look_and_the_consumer_is_let_in(
    town: SystemTown, moment: str, point: int
) -> None:
    town.write("password")
    died_and_came_back(town, moment, point)
    outcome, _ = verify_nothing_stands(town)
    rows = town.shop.sql("select rolname from pg_roles where rolcanlogin and rolname in ('app_a', 'app_b')")
    logins = {name for (name,) in rows}
    assert town.consumer_is_let_in()
    if outcome == "succeeded":
        assert logins == {"app_b"}
    elif outcome == "rolled_back":
        assert (logins, point < 13) == ({"app_a"}, True)
    else:
        assert outcome == "halted"
