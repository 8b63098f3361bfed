"""More stops never permit more: whatever is added, what was refused stays refused, except by a believed thaw."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world.admissible import NOW, Admissible
from world.deployment import new_id

from magistrate.authority.stops import Reach, Stops, joined, verify_not_frozen
from magistrate.domain.impact import ChangeClass
from magistrate.errors import MagistrateError
from magistrate.wire.document import document, seal_by_person
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope, Thaw

REACH = Reach(repository="shop", environment="staging", agent="fixer", classes=frozenset({ChangeClass.TESTS}))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Admissible:
    return Admissible(tmp_path_factory.mktemp("stops") / "home")


def pool(case: Admissible) -> list[tuple[str, Envelope]]:
    """Freezes of all sorts, forged and good; thaws that too few signed; by the field that they stand in."""
    found: list[tuple[str, Envelope]] = []
    for person in ("anna", "ben", "carla"):
        for scope in ({}, {"repository": "shop"}, {"repository": "other"}, {"change_class": "secrets"}):
            whole = {"repository": None, "environment": None, "agent": None, "change_class": None, **scope}
            body = Freeze(person=person, scope=Scope(**whole), reason="x", epoch=5)
            envelope = case.town.by_person(person, body, "frz", now=NOW)
            found.append(("freezes", envelope))
            found.append(("kept", envelope))
            thaw = document(
                Thaw(freeze=envelope.payload_digest(), reason="over", epoch=9), deployment=case.town.name,
                id=new_id("thw"), now=NOW, lifetime=None,
            )  # fmt: skip
            one = seal_by_person(thaw, case.town.people[person])
            found.append(("thaws", one))
            found.append(("thaws", msgspec.structs.replace(one, signatures=one.signatures * 2)))
    forged = found[0][1]
    found.append(("freezes", msgspec.structs.replace(forged, signatures=())))
    return found


def refused(stops: Stops, case: Admissible) -> bool:
    try:
        verify_not_frozen(stops, case.town.trusted_roster(), REACH)
    except MagistrateError:
        return True
    return False


def made(chosen: list[tuple[str, Envelope]], unreadable: list[str]) -> Stops:
    fields = {name: tuple(e for field, e in chosen if field == name) for name in ("freezes", "kept", "thaws")}
    return Stops(**fields, unreadable=tuple(unreadable))


@pytest.mark.requirement("R59")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_refused_stays_refused_whatever_is_added(case: Admissible, data: st.DataObject) -> None:
    everything = pool_of(case)
    some = st.lists(st.sampled_from(everything), max_size=3)
    names = st.lists(st.sampled_from(["a.json", "b.json"]), max_size=1)
    first, more = made(data.draw(some), data.draw(names)), made(data.draw(some), data.draw(names))
    if refused(first, case):
        assert refused(joined(first, more), case)
        assert refused(joined(more, first), case)


_POOLS: dict[Path, list[tuple[str, Envelope]]] = {}


def pool_of(case: Admissible) -> list[tuple[str, Envelope]]:
    if case.home not in _POOLS:
        _POOLS[case.home] = pool(case)
    return _POOLS[case.home]
