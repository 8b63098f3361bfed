"""`magistrate rotate --executor` through real processes, and killed with SIGKILL at each of its steps (R50, R53, R60)."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from world.journals import ENGINES, place_on
from world.postgres import postgres  # noqa: F401  a fixture
from world.running import running_below

from magistrate.adapters.keys.process import load_process_key, public_text
from magistrate.bootstrap.executor import SystemClock
from magistrate.bootstrap.executor_journal import journal_of
from magistrate.bootstrap.executor_key import NEXT_KEY, former_keys, key_in_use
from magistrate.bootstrap.key_rotation import NEXT_ROSTER, installed_chain
from magistrate.entrypoints.cli.main import run
from magistrate.errors import MagistrateError, Refused
from magistrate.executor.identity import Identity
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.rows import JournalStep
from magistrate.executor.signed_http import SignedHttp
from magistrate.settings import Settings, load_settings
from magistrate.wire.document import open_envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.roster import Roster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("key-rotation")]
DRILL = {"log_tamper", "entitlement", "revocation", "rollback"}


def identity(settings: Settings, path: Path | None = None) -> Identity:
    return Identity(load_process_key(path or settings.key("executor")), deployment=settings.deployment)


def named(settings: Settings) -> tuple[str, ...]:
    """The executors of the installed roster."""
    return open_envelope(installed_chain(settings)[-1], Roster, deployment=settings.deployment).body.processes.executors


def memory_of(pid: int) -> bytes:
    """What stands in the writable memory of a process."""
    found = b""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            low, high = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw") and high - low <= 256 << 20:
                try:
                    memory.seek(low)
                    found += memory.read(high - low)
                except OSError:
                    continue
    return found


@pytest.mark.requirement("R50", "R53", "R60")
def test_a_key_is_replaced_while_everything_runs_and_the_former_opens_nothing() -> None:
    with running_below("rotates") as town:
        fixed = {"shop/report.py": lambda text: text.replace("import os\n", "")}
        before = town.propose(town.session(), fixed)
        town.approve(before)
        town.until(before, {"SUCCEEDED"})
        town("drill", "shop")
        settings = load_settings(town.home)
        former, pem = identity(settings), settings.key("executor").read_bytes().splitlines()[1]
        seed = load_process_key(settings.key("executor")).private_bytes_raw()
        pid, ready = town.pid("executor"), town.json("readiness")
        assert seed in memory_of(pid)

        said = town("rotate", "--executor")

        new = identity(settings)
        assert new.keyid != former.keyid
        assert f"names the executor's key {new.keyid}" in said
        assert said.count("refused   by") == 2
        for audience, url, path in (
            ("gate", settings.gate_url, "/gate/v1/stops"), ("control", settings.control_url, "/api/v1/executor/roster"),
        ):  # fmt: skip
            asks = {
                who.keyid: SignedHttp(url, audience=audience, identity=who, clock=SystemClock())
                for who in (former, new)
            }
            assert asks[new.keyid].raw(path)
            with pytest.raises(Refused, match="the key of no process"):
                asks[former.keyid].raw(path)
            for http in asks.values():
                http.close()
        left = [path for path in town.home.rglob("*") if path.is_file() and pem in path.read_bytes()]
        assert left == []
        assert town.pid("executor") == pid
        assert seed not in memory_of(pid)

        # What was stays told and proven, and what comes is done by the new key.
        assert town.json("readiness") == ready
        assert town.case(before)["state"] == "SUCCEEDED"
        assert any(step["event"] == "lease.released" for step in town.story(before))
        keys = town("roster", "signers").splitlines()
        assert len(keys) == 2
        assert 'valid-before="' in keys[1]
        (row,) = [row for row in town.json("leases", "--roots") if row["root"] == "executor"]
        assert (row["key"], row["rotated"]) == (new.keyid, row["since"])
        fixed = {"shop/orders.py": lambda text: text.replace("import json\n", "")}
        after = town.propose(town.session("shop/orders.py"), fixed)
        town.approve(after)
        town.until(after, {"SUCCEEDED"})
        assert town("drill", "shop").count("passed") >= len(DRILL)
        town("audit", "verify")
        town("up", "--stop")
        journal = Journal(town.home / "executor" / "journal.db", new, SystemClock(), former_keys(settings))
        world = journal.entries(WORLD)
        journal.close()
        steps = [entry.body.step for entry in world]
        assert steps.count(JournalStep.KEY_TAKEN_OVER) == steps.count(JournalStep.KEY_HANDED_OVER) == 1
        (probed,) = [entry.body.facts for entry in world if entry.body.step == JournalStep.KEY_PROBED]
        assert probed["held"] == "yes"
        assert "MAG-E107" in probed["gate"]
        assert "MAG-E107" in probed["control"]


POINTS = (
    "Journal.write", "install_roster", "Path.unlink", "_probe", "Journal._take_over", "replace_key", "os.urandom",
    "Path.replace",
)  # fmt: skip
"""Functions before or after which the rotation dies; `os.urandom` is within the overwriting of the former key."""
ON_A_SERVER = ("Journal.write", "install_roster", "Journal._take_over", "replace_key")
"""The same with the journal on PostgreSQL, where only what touches the journal or the roster can differ."""
DYING = """
import os, signal, sys
from pathlib import Path
from magistrate.adapters.keys import process
from magistrate.bootstrap import key_rotation
from magistrate.entrypoints.cli import main
from magistrate.executor.journal import Journal
point, moment = sys.argv[1:3]
owner, _, name = point.rpartition(".")
holder = {"": key_rotation, "Journal": Journal, "os": process.os, "Path": Path}[owner]
real = getattr(holder, name)
def struck(*given, **more):
    if owner == "Path" and name == "replace" and "executor" not in str(given[0]):
        return real(*given, **more)
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    found = real(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(holder, name, struck)
sys.exit(main.run(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose executor worked: its journal has entries by its key."""
    folder = tmp_path_factory.mktemp("rotated")
    assert run(["init", "--solo", "--name", "anna", "--home", str(folder / "home")]) == 0
    note(load_settings(folder / "home"))
    return folder / "home"


def note(settings: Settings) -> None:
    """Three entries by the key of the home."""
    journal = Journal(journal_of(settings), identity(settings), SystemClock())
    for number in range(3):
        journal.write(WORLD, "note", StepStatus.DONE, {"number": str(number)})
        journal.mark_sent(journal.sequence)
    journal.close()


def opened(settings: Settings, who: Identity) -> Journal:
    return Journal(journal_of(settings), who, SystemClock(), former_keys(settings))


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("engine", ENGINES)
def test_killed_anywhere_one_key_counts_and_doing_it_again_ends_it(home: Path, tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:  # fmt: skip
    points = POINTS if engine == "sqlite" else ON_A_SERVER
    cases = {(point, moment): tmp_path / f"{point}-{moment}" for point in points for moment in ("before", "after")}
    dying = {}
    for (point, moment), folder in cases.items():
        shutil.copytree(home, folder, symlinks=True)
        place = place_on(engine, request)
        if place is not None:
            with (folder / "magistrate.toml").open("a") as out:
                out.write(f'[journal]\nurl = "{place.url}"\n')
            (folder / "executor" / "journal.db").unlink()
            note(load_settings(folder))
        command = [sys.executable, "-c", DYING, point, moment, "rotate", "--executor", "--home", str(folder)]
        dying[point, moment] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = {case: process.communicate(timeout=180)[0] for case, process in dying.items()}
    ends = {case: process.returncode for case, process in dying.items()}
    assert set(ends.values()) == {-signal.SIGKILL}, (ends, said)
    outcomes = {verify_one_key_counts(load_settings(folder), case) for case, folder in cases.items()}
    assert outcomes == {"former", "new"}


def verify_one_key_counts(settings: Settings, case: tuple[str, str]) -> str:
    """What holds after a kill, and after the rotation was done again; which key counted before."""
    files = [path for path in (settings.key("executor"), settings.key(NEXT_KEY)) if path.exists()]
    used = identity(settings, key_in_use(settings))
    assert public_text(load_process_key(key_in_use(settings))) in named(settings), case
    assert len(named(settings)) == 1
    former = set(former_keys(settings))
    journal = opened(settings, used)
    journal.write(WORLD, "note", StepStatus.DONE, {"after": "the kill"})
    journal.mark_sent(journal.sequence)
    journal.close()
    for path in files:
        try:
            other = identity(settings, path)
        except Refused:
            continue  # overwritten
        if other.keyid != used.keyid:
            with pytest.raises(Refused):
                opened(settings, other)
    if settings.key(NEXT_KEY).exists():
        # 4: nobody was there to refuse the former key; 0: it was overwritten already.
        assert run(["rotate", "--executor", "--wait", "5", "--home", str(settings.home)]) in {0, 4}, case
    assert not settings.key(NEXT_KEY).exists(), case
    assert not (settings.home / NEXT_ROSTER).exists(), case
    now = identity(settings)
    journal = opened(settings, now)
    kept = [e.body for e in journal.entries(WORLD)]
    journal.close()
    assert [e.facts["number"] for e in kept if "number" in e.facts] == ["0", "1", "2"]
    assert any("after" in e.facts for e in kept)
    return "new" if former else "former"


@pytest.mark.requirement("R53", "R62")
def test_nothing_is_handed_over_while_something_is_in_flight(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    shutil.copytree(home, folder)
    settings = load_settings(folder)
    before = named(settings)
    journal = opened(settings, identity(settings))
    rotate = ["rotate", "--executor", "--wait", "0", "--home", str(folder)]
    assert run(rotate) == 4, "the executor holds its journal"
    journal.rows.execute(
        "insert into executions(warrant, warrant_digest, bundle) values ('wrt-a', 'sha256:a', x'7b7d')"
    )
    journal.close()
    assert run(rotate) == 4, "an execution has no end"
    assert run([*rotate, "--leave-unsent"]) == 4, "and is not given up"
    journal = opened(settings, identity(settings))
    journal.rows.execute("update executions set outcome = 'failed'")
    journal.write(WORLD, "note", StepStatus.DONE, {})
    journal.close()
    assert run(rotate) == 4, "control has not heard an entry"
    assert named(settings) == before
    journal = opened(settings, identity(settings))
    assert not any(entry.body.step == JournalStep.KEY_HANDED_OVER for entry in journal.entries(WORLD))
    journal.close()
    assert run([*rotate, "--leave-unsent"]) == 4, "nobody was there to refuse the former key"
    assert named(settings) != before


@pytest.mark.requirement("R44", "R60")
def test_a_former_key_signs_no_later_entry_and_another_roster_none_at_all(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    shutil.copytree(home, folder)
    settings = load_settings(folder)
    former = identity(settings)
    run(["rotate", "--executor", "--wait", "0", "--home", str(folder)])
    new = identity(settings)
    journal = opened(settings, new)
    following, head = journal.sequence + 1, journal.head
    for forged in ({}, {"successor": new.keyid}):
        body = JournalEntry(
            sequence=following, previous=head, execution=WORLD, status=StepStatus.DONE, facts=forged,
            step=JournalStep.KEY_HANDED_OVER if forged else "note",
        )  # fmt: skip
        framed = former.frame(body, "jrn", now=int(time.time()), lifetime=None)
        copy = tmp_path / f"copy-{len(forged)}"
        journal.rows.execute("vacuum into ?", (str(copy),))
        rows = sqlite3.connect(copy)
        rows.execute(
            "insert into entries(sequence, execution, step, status, digest, envelope) values (?,?,?,?,?,?)",
            (following, WORLD, body.step, body.status, framed.digest(), former.seal(framed).encode()),
        )
        rows.commit()
        rows.close()
        with pytest.raises(Refused, match="did not hand over"):
            Journal(copy, new, SystemClock(), former_keys(settings))
    journal.close()
    with pytest.raises(MagistrateError):
        Journal(settings.home / "executor" / "journal.db", new, SystemClock())
