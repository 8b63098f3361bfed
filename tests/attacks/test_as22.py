"""AS-22: the executor is killed with a live credential, on a running deployment (R53, R56, R60)."""

from __future__ import annotations

import contextlib
import sqlite3
import time

import pytest
from world.running import ENDED, running_below

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("as22")]

MODULE = '"""Part {n}."""\n\nimport json\nimport sys\n\nprint(sys.argv)\n'
MOMENTS = ("lease.requested", "lease.held", "effect.started", "lease.released", "effect.done", "verification.done")
"""Killed as soon as the journal says this; the kill itself lands in or just after the next step."""
FILES = {f"shop/part{n}.py": MODULE.replace("{n}", str(n)) for n in range(len(MOMENTS))}


@pytest.fixture(scope="module")
def town():
    with running_below("as22", FILES) as town:
        yield town


def kill_when(town, step: str, after: int) -> tuple[int, list[str]]:
    """SIGKILL the executor when its journal holds a step beyond an entry; what it had written then."""
    link = sqlite3.connect(f"file:{town.home / 'executor' / 'journal.db'}?mode=ro", uri=True, timeout=10)
    with contextlib.closing(link):
        end = time.monotonic() + 40
        while not link.execute("select 1 from entries where step = ? and sequence > ?", (step, after)).fetchone():
            assert time.monotonic() < end, f"`{step}` was never written"
        pid = town.kill("executor")
        rows = link.execute("select step from entries where sequence > ? order by sequence", (after,)).fetchall()
    return pid, [name for (name,) in rows]


@pytest.mark.requirement("R53", "R56", "R57", "R60")
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_with_a_live_credential_and_started_again(town, moment):
    path = f"shop/part{MOMENTS.index(moment)}.py"
    session = town.session(path)
    proposal = town.propose(session, {path: lambda text: text.replace("import json\n", "")})
    sealed = next(e["facts"] for e in town.story(proposal) if e["event"] == "proposal.sealed")
    ((last,),) = town.rows("select coalesce(max(sequence), 0) from entries", database="executor/journal.db")
    town.approve(proposal)
    pid, written = kill_when(town, moment, last)
    assert moment in written
    town.await_again("executor", pid)
    ended = town.until(proposal, ENDED, 60)
    assert ended["state"] in {"SUCCEEDED", "FAILED"}
    # the credential is dead, by probe
    assert town("leases", "--live") == ""
    events = town.story(proposal)
    held = [e["facts"]["lease"] for e in events if e["event"] == "lease.requested"]
    released = {e["facts"]["lease"]: e["facts"] for e in events if e["event"] == "lease.released"}
    assert held
    assert set(held) <= set(released)
    assert all(facts["probe"] for facts in released.values())
    # the change is exactly applied or not at all
    tip = town.tip()
    if ended["state"] == "SUCCEEDED":
        assert town.git("rev-parse", f"{tip}^{{tree}}") == sealed["result_tree"]
        assert town.git("rev-parse", f"{tip}^") == sealed["base"]
    else:
        assert tip == sealed["base"]
    town.git("fsck", "--strict")
    # the record is complete
    story = town.json("show", proposal.removeprefix("sha256:")[:16])
    assert story["missing"] == []
    assert story["documents"]["report"]
    assert [e["event"] for e in events].count("case.closed") == 1
    names = {e["event"] for e in events}
    assert names >= {"warrant.issued", "lease.requested", "lease.released"}
    assert ended["state"] == "FAILED" or names >= {"effect.done", "verification.done"}
    assert "verified" in town("audit", "verify")
