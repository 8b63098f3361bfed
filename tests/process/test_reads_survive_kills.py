"""Never a served byte without its row: kill -9 on front and control while an assistant reads (R7)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from world.casework import CaseWorld
from world.control_process import Running, start_control, start_witness
from world.front_process import Assistant, start_front

pytestmark = pytest.mark.slow

SEED = 20261125
KILLS = 24
READERS = 2
Row = tuple[str, str, str, str]
"""Tool, source, byte range and digest."""


@dataclass
class Reader:
    """Reads in a loop with a session of its own; keeps what it was served as the rows must say it."""

    assistant: Assistant
    commit: str
    finding: str
    got: list[Row] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    failed: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asks: list[Callable[[], bool]] = [self.first_lines, self.last_line, self.search, self.findings]
        number = 0
        while not self.over.is_set():
            if not asks[number % len(asks)]():
                self.failed += 1
                time.sleep(0.01)
            number += 1

    def first_lines(self) -> bool:
        return self.file(0, start_line=1, end_line=3)

    def last_line(self) -> bool:
        return self.file(len("import os\n\n\ndef greet(name):\n"), start_line=5)

    def file(self, start: int, **lines: int) -> bool:
        status, answer = self.assistant.call("read_file", path="app.py", **lines)
        if status == 200:
            raw = answer["text"].encode()
            self.keep("read_file", f"{self.commit}:app.py", raw, answer, start)
        return status == 200

    def search(self) -> bool:
        status, answer = self.assistant.call("search_code", pattern="greets")
        if status == 200:
            raw = "\n".join(f"{m['path']}:{m['line']}:{m['text']}" for m in answer["matches"]).encode()
            self.keep("search_code", f"{self.commit}:", raw, answer)
        return status == 200

    def findings(self) -> bool:
        status, answer = self.assistant.call("get_finding", id=self.finding)
        if status == 200:
            raw = (answer["finding"]["id"] + answer["finding"]["message"]).encode()
            self.keep("get_finding", "shop:findings", raw, answer)
        return status == 200

    def keep(self, tool: str, source: str, raw: bytes, answer: dict[str, Any], start: int = 0) -> None:
        digest = "sha256:" + hashlib.sha256(raw).hexdigest()
        self.got.append((tool, source, f"{start}-{start + len(raw)}", digest))
        self.receipts.append(answer["receipt"])


@pytest.fixture
def world(tmp_path) -> Iterator[CaseWorld]:
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


def rows(world: CaseWorld, session: str) -> tuple[Counter[Row], set[str]]:
    """The reads of a session as the record has them, and their receipts."""
    query = (
        "SELECT p.bytes FROM event e JOIN log_payload p ON p.commitment = e.facts "
        "WHERE e.event = 'context.read' AND e.subject = ?"
    )
    with contextlib.closing(sqlite3.connect(world.home / "control" / "store.db", timeout=10)) as link:
        told = [json.loads(content)["facts"] for (content,) in link.execute(query, (session,))]
    found = Counter((f["tool"], f["source"], f["bytes"], f["sha256"]) for f in told)
    return found, {f["receipt"] for f in told}


@contextlib.contextmanager
def reading(readers: list[Reader]) -> Iterator[None]:
    threads = [threading.Thread(target=reader.run, daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for reader in readers:
            reader.over.set()
        for thread in threads:
            thread.join(40)


def await_served(readers: list[Reader], more: int) -> None:
    before = [len(reader.got) for reader in readers]
    end = time.monotonic() + 30
    while any(len(r.got) < n + more for r, n in zip(readers, before, strict=True)):
        assert time.monotonic() < end, "nothing is served any more"
        time.sleep(0.002)


def killed(victim: Running, start: Callable[[], Running], readers: list[Reader], wait: float) -> Running:
    """SIGKILL one process some moments after it served, then start it again."""
    await_served(readers, 1)
    time.sleep(wait)
    victim.kill()
    return start()


@pytest.mark.requirement("R7")
def test_killed_at_random_moments_every_served_byte_has_its_row(world: CaseWorld) -> None:
    rng = random.Random(SEED)
    commit = world.repositories.tip("shop", "refs/heads/main")
    opened = [world.session() for _ in range(READERS)]
    readers = [Reader(Assistant(world.deployment, one.session, one.token), commit, world.finding.id) for one in opened]
    with contextlib.ExitStack() as ending:
        witness = start_witness(world.deployment)
        ending.callback(witness.stop)
        control, front = start_control(world.deployment), start_front(world.deployment)
        try:
            with reading(readers):
                for number in range(KILLS):
                    wait = rng.uniform(0, 0.06)
                    if number % 3 == 0:
                        control = killed(control, lambda: start_control(world.deployment), readers, wait)
                    else:
                        front = killed(front, lambda: start_front(world.deployment), readers, wait)
                await_served(readers, 1)
        finally:
            front.stop()
            control.stop()
    served = sum(len(reader.got) for reader in readers)
    assert served > KILLS
    assert all(reader.failed for reader in readers)
    for reader in readers:
        found, receipts = rows(world, reader.assistant.session)
        without = Counter(reader.got) - found
        assert not without, f"{sum(without.values())} of {len(reader.got)} served without a row: {without}"
        assert set(reader.receipts) <= receipts
        assert len(set(reader.receipts)) == len(reader.receipts)
        assert sum(found.values()) >= len(reader.got)
