"""A stop that comes between the mint of a credential and its use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world.admissible import NOW
from world.executing import World

from magistrate.authority.stops import Stops
from magistrate.wire.freeze import Freeze, Scope


def freeze(world: World) -> Stops:
    scope = Scope(repository="shop", environment=None, agent=None, change_class=None)
    body = Freeze(person="anna", scope=scope, reason="incident", epoch=1)
    return Stops(freezes=(world.case.town.by_person("anna", body, "frz", now=NOW - 5),))


@pytest.mark.requirement("R59")
@pytest.mark.requirement("R53")
def test_a_freeze_between_mint_and_push_keeps_the_push_back_and_ends_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path / "home")
    before, minted = world.tip(), world.gate.request

    def request(*given: Any) -> Any:
        credential = minted(*given)
        world.stops = freeze(world)  # comes while the executor holds the credential
        return credential

    monkeypatch.setattr(world.gate, "request", request)
    world.executor().tick()
    assert world.tip() == before
    assert world.control.outcomes == ["failed"]
