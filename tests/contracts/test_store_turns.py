"""Writers of one process to one store wait for each other, and whoever waits for too long is told."""

import threading
import time

import pytest
from world.casework import CaseWorld
from world.postgres import postgres  # noqa: F401  a fixture

from magistrate.adapters.stores.store import SqlStore
from magistrate.domain.events import Event
from magistrate.errors import Unavailable


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_writers_of_one_process_wait_for_their_turn_however_long_each_takes(tmp_path, monkeypatch, request, engine):
    url = request.getfixturevalue("postgres").database() if engine == "postgresql" else None
    world = CaseWorld(tmp_path, store=url)
    where = world.deployment.settings.store
    monkeypatch.setattr("magistrate.adapters.stores.engine.BUSY_MILLISECONDS", 50)
    store, wrong = SqlStore(where, world.log), []

    def write(number: int) -> None:
        try:
            with store.transaction() as unit:
                unit.append(Event.FREEZE_SET, "freeze", {"n": str(number)}, now=world.now)
                time.sleep(0.06)
        except Unavailable as error:
            wrong.append(error.message)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store.close()
    world.store.close()
    assert wrong == []


@pytest.mark.requirement("R62")
def test_a_writer_whose_turn_never_comes_is_told_and_wrote_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("magistrate.adapters.stores.store.TURN_SECONDS", 0.05)
    world = CaseWorld(tmp_path)
    refused = []

    def write() -> None:
        with pytest.raises(Unavailable) as told, world.store.transaction() as unit:
            unit.append(Event.FREEZE_SET, "freeze", {"n": "1"}, now=world.now)
        refused.append(told.value)

    with world.store.transaction():
        other = threading.Thread(target=write)
        other.start()
        other.join()
    assert [(error.code, "others have been writing" in error.message) for error in refused] == [("MAG-E443", True)]
    with world.store.transaction() as unit:
        unit.append(Event.FREEZE_SET, "freeze", {"n": "2"}, now=world.now)
    world.store.close()
