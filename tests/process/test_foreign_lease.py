"""A lease at the gate that no journal knows: alarmed, killed, and its repository closed until people open it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paths import MAGISTRATE
from world.deployment import new_id
from world.executing import Alarms
from world.gate_world import REF, GateWorld, make_gate_world
from world.real_gate import FolderControl, outside_of
from world.warm_gate import Town, town_with_gate

from magistrate.adapters.keys.process import load_process_key
from magistrate.adapters.stop_files import drop_stop
from magistrate.authority.foreign_lease import ForeignLease, name_of
from magistrate.executor.assembly import assemble
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.ports import ProviderLease
from magistrate.wire.document import document, seal_by_person
from magistrate.wire.envelope import Envelope, join_signatures, process_keyid
from magistrate.wire.freeze import Thaw

TOKEN = "FAKE-planted-token-for-tests-only-0000000000"
LEASE = "lse-" + "f" * 26
WARRANT = "sha256:" + "f" * 64


def plant(home: Path, *, old: str, new: str, ground: bool = True) -> None:
    """What somebody with the gate's database would write: a credential in an executor's name that it never asked for."""
    executor = process_keyid(load_process_key(home / "keys" / "executor.key").public_key())
    with sqlite3.connect(home / "gate" / "gate.db") as db:
        if ground:
            db.execute(
                "insert into grounds values (?, 'case', ?, ?, 'mallory', 'mallory')", (WARRANT, WARRANT, WARRANT)
            )
        now = int(time.time())
        db.execute(
            "insert into grants(lease, warrant, purpose, executor, repository, ref, old, new, tree, base_tree, reason,"
            " token_hash, state, issued, expires) values (?,?,'effect',?,'shop',?,?,?,?,?,'planted',?,'issued',?,?)",
            (LEASE, WARRANT, executor, REF, old, new, new, old, hashlib.sha256(TOKEN.encode()).hexdigest(), 1, now + 9999),
        )  # fmt: skip


def opens(url: str) -> bool:
    """Whether the gate would take a push with the planted token."""
    asked = f"{url}/shop.git/info/refs?service=git-receive-pack"
    return httpx.get(asked, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False).status_code == 200


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_with_gate(tmp_path / "home") as town:
        (town.home / "told").mkdir()
        (town.home / "told" / "taken").touch()  # nothing to execute yet
        yield town


@pytest.mark.requirement("R50", "R51")
def test_a_planted_grant_is_alarmed_killed_and_closes_its_repository_for_the_executor(town: Town) -> None:
    plant(town.home, old=town.old, new=town.old)
    url = f"http://127.0.0.1:{town.gate_port}"
    assert opens(url), "the planted credential works"
    alarm = Alarms()
    outside = outside_of(town.home, alarm=alarm)
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    assemble(outside, journal).tick()
    assert not opens(url)
    assert any(LEASE in told and "`shop` is closed" in told for told in alarm.told)
    (entry,) = [e.body for e in journal.entries(WORLD) if e.body.step == "freeze.set"]
    assert (entry.facts["lease"], entry.facts["repository"]) == (LEASE, "shop")

    # A new executor over the same journal: what was approved and is offered now is refused.
    journal.close()
    outside = outside_of(town.home, alarm=alarm)
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    (town.home / "told" / "taken").unlink()
    assemble(outside, journal).tick()
    (report,) = FolderControl(town.home).told("reports")
    assert report["outcome"] == "refused"
    assert "MAG-E127" in report["why"]
    assert town.tip() == town.old
    assert len(Casebook(journal).foreign_leases()) == 1
    assert len([e for e in journal.entries(WORLD) if e.body.step == "freeze.set"]) == 1, "found once, written once"
    journal.close()
    outside.close()


@pytest.mark.slow
@pytest.mark.requirement("R50")
def test_a_gate_that_is_down_is_told_when_it_is_back_though_the_lease_is_no_longer_listed(town: Town) -> None:
    plant(town.home, old=town.old, new=town.old)
    outside = outside_of(town.home, alarm=Alarms())
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    foreign = assemble(outside, journal)._foreign
    found = outside.broker.leases()
    town.kill_gate()
    outside.broker.leases = lambda: found  # type: ignore[method-assign]  # it died right behind its answer
    foreign.reconcile()
    assert len(Casebook(journal).foreign_leases(untold=True)) == 1
    town.start_gate()
    foreign.tell()
    assert not Casebook(journal).foreign_leases(untold=True)
    assert not opens(f"http://127.0.0.1:{town.gate_port}")
    journal.close()
    outside.close()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


def thaw(gate: GateWorld, *people: str, epoch: int | None = None, lease: str = LEASE) -> Envelope:
    foreign = ForeignLease(lease=lease, repository="shop", since=0)
    body = Thaw(freeze=name_of(foreign, gate.town.name), reason="over", epoch=epoch or int(time.time()) + 1)
    now = int(time.time())
    framed = document(body, deployment=gate.town.name, id=new_id("thw"), now=now, lifetime=None)
    first, *others = [seal_by_person(framed, gate.town.people[person]) for person in people]
    for other in others:
        first = join_signatures(first, other)
    return first


@pytest.mark.slow
@pytest.mark.requirement("R50", "R59")
def test_the_gate_keeps_the_repository_closed_through_a_kill_until_two_people_thaw_it(gate: GateWorld) -> None:
    plant(gate.settings.home, old=gate.base, new=gate.change)
    assert gate.post(f"/gate/v1/leases/{LEASE}/foreign", {}).json()["usable"] is False
    assert not opens(gate.url)
    assert gate.push(TOKEN, f"{gate.change}:{REF}").returncode != 0

    def closed() -> bool:
        answer = gate.ask()
        assert answer.status_code in {200, 403}, answer.text
        assert answer.status_code == 200 or answer.json()["error"]["code"] == "MAG-E127", answer.text
        return answer.status_code == 403

    assert closed()
    gate.kill()
    gate.start()
    assert closed()
    for believed_by_nobody in (
        thaw(gate, "carla"), thaw(gate, "ben", "dora"), thaw(gate, "carla", "ben", epoch=1),
        thaw(gate, "carla", "ben", lease="lse-" + "o" * 26),
    ):  # fmt: skip
        drop_stop(gate.settings.freeze, believed_by_nobody)
        assert closed()
    (told,) = gate.get("/gate/v1/leases").json()["closed"]
    assert (told["repository"], told["lease"]) == ("shop", LEASE)
    drop_stop(gate.settings.freeze, thaw(gate, "carla", "ben"))
    assert not closed()
    assert gate.get("/gate/v1/leases").json()["closed"] == []

    # The same lease once more is a new find: the old words do not open it again.
    time.sleep(2.1)
    assert gate.post(f"/gate/v1/leases/{LEASE}/foreign", {}).status_code == 200
    assert len(gate.get("/gate/v1/leases").json()["closed"]) == 1


@pytest.mark.requirement("R51")
def test_the_databases_refuse_a_privilege_that_nothing_justifies(gate: GateWorld, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="a grant without ground"):
        plant(gate.settings.home, old=gate.base, new=gate.change, ground=False)
    credential = gate.credential()
    (told,) = gate.get("/gate/v1/leases").json()["leases"]
    assert (told["lease"], told["ground"], told["usable"]) == (credential.lease, "case", True)
    assert told["approvers"], told
    assert told["owner"] == "anna"
    assert 0 < told["left"] <= 60
    # Whoever removes the lock first is found by the query.
    with sqlite3.connect(gate.settings.home / "gate" / "gate.db") as db:
        db.execute("drop trigger grants_have_grounds")
    plant(gate.settings.home, old=gate.base, new=gate.change, ground=False)
    assert gate.get("/gate/v1/leases").json()["orphans"] == [LEASE]


@pytest.mark.slow
@pytest.mark.requirement("R51")
def test_a_person_sees_each_privilege_page_by_page_and_what_is_closed(gate: GateWorld) -> None:
    assert seen(gate, "leases").stdout == ""
    assert "no credential was ever issued" in seen(gate, "leases").stderr
    gate.credential()
    (row,) = seen(gate, "leases", "--live").stdout.splitlines()
    assert "LIVE" in row
    assert f"shop main {gate.base[:7]}→{gate.change[:7]}" in row
    with sqlite3.connect(gate.settings.home / "gate" / "gate.db") as db:
        for number in range(2500):
            db.execute(
                "insert into grants select ?, warrant, purpose, executor, repository, ref, old, new, tree, base_tree,"
                " reason, ?, 'used', issued, expires, ended from grants order by rowid limit 1",
                (f"lse-many-{number:05}", f"hash-{number}"),
            )
    first = seen(gate, "leases")
    assert len(first.stdout.splitlines()) == 50
    assert "more with --limit N" in first.stderr
    whole = seen(gate, "leases", "--limit", "0").stdout.splitlines()
    assert len(whole) == 2501
    assert len(set(whole)) == 2501
    assert len(seen(gate, "leases", "--live").stdout.splitlines()) == 1, "what lives is found behind any number of dead"
    plant(gate.settings.home, old=gate.base, new=gate.change)
    gate.post(f"/gate/v1/leases/{LEASE}/foreign", {})
    assert "alarm: shop is closed" in seen(gate, "leases").stderr
    assert "shop is closed" in seen(gate, "status", status=None).stdout
    first = seen(gate, "thaw", "--reason", "it was a test", person="carla")
    assert "1 more must sign" in first.stdout, first
    assert "lifted" in seen(gate, "thaw", person="ben").stdout
    assert "closed" not in seen(gate, "leases").stderr
    gate.kill()
    offline = seen(gate, "leases", status=4)
    assert "MAG-E602" in offline.stderr


def seen(
    gate: GateWorld, *arguments: str, person: str = "ben", status: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run the program as a person of this deployment."""
    done = subprocess.run(
        [str(MAGISTRATE), *arguments, "--as", person, "--key", str(key_of(gate, person)), "--home", str(gate.settings.home)],
        capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert status is None or done.returncode == status, done
    return done


def key_of(gate: GateWorld, person: str) -> Path:
    """The private key of a person, as a file of their own."""
    path = gate.work.parent / f"key-of-{person}"
    if not path.exists():
        private = gate.town.people[person]._private
        path.touch(mode=0o600)
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return path


@pytest.mark.requirement("R50")
def test_the_lease_of_another_executor_of_the_roster_is_left_to_that_one(town: Town) -> None:
    outside = outside_of(town.home, alarm=Alarms())
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    foreign = assemble(outside, journal)._foreign

    def found_for(executor: str, *, listed: bool) -> int:
        one = ProviderLease(lease=LEASE, state="issued", usable=True, ref_state="", repository="shop",
                            executor=executor, executor_listed=listed)  # fmt: skip
        outside.broker.leases = lambda: (one,)  # type: ignore[method-assign]
        foreign.reconcile()
        return len(Casebook(journal).foreign_leases())

    assert found_for("ed25519:" + "0" * 64, listed=True) == 0
    assert found_for("ed25519:" + "0" * 64, listed=False) == 1
    journal.close()
    outside.close()
