"""The systems that a home names: composed for the executor, asked by a person, and probed as issuing roots."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from paths import MAGISTRATE
from world.deployment import make_deployment
from world.postgres_grants import SCHEMAS, Store
from world.postgres_leases import DATABASE, GROUP, ISSUER, SYSTEM, Executor, Shop

from magistrate.bootstrap.executor import SystemClock
from magistrate.bootstrap.executor_systems import given_now, probes_of_systems, systems_of
from magistrate.domain.entitlements import Entitlement, ObjectKind, entitlements_of
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.identity import Identity

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-role")]
READS = Entitlement(kind=ObjectKind.TABLE, schema="store", name="price", holder="clerk", right="SELECT")


@pytest.fixture(scope="module")
def shop():
    made = Shop(None)
    yield made
    made.server.remove()


@pytest.fixture(scope="module")
def ground(shop):
    return Store(shop)


@pytest.fixture
def store(ground):
    yield ground.open()
    ground.shop.drop_leases()
    ground.close()


@pytest.fixture
def town(shop, tmp_path):
    made = make_deployment(tmp_path / "home")
    with (made.home / "magistrate.toml").open("a") as out:
        out.write(
            f'\n[system.{SYSTEM}]\nhost = "{shop.server.folder}"\ndatabase = "{DATABASE}"\nissuer = "{ISSUER}"\n'
            f'group = "{GROUP}"\nschemas = {json.dumps(SCHEMAS)}\npassfile = "{shop.passfile}"\n'
        )
    return made


def run(home, *words):
    argv = [str(MAGISTRATE), *map(str, words), "--home", str(home)]
    return subprocess.run(
        argv, env={**os.environ, "HOME": str(home.parent)}, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def asked(town, *words):
    return run(town.home, "entitlements", *words)


@pytest.mark.requirement("R5", "R50")
def test_what_a_home_names_is_read_and_changed_and_its_leases_are_of_a_listed_executor(town, store, shop, tmp_path):
    identity = Identity(town.keys["executor"], deployment=town.name)
    systems = systems_of(town.settings, identity, SystemClock()).entitlements
    assert list(systems) == [SYSTEM]
    system = systems[SYSTEM]
    executor = Executor(shop, tmp_path / "executor", key=town.keys["executor"])
    executor.identity, executor.roles = identity, system.mint
    executor.warrant = executor.envelope(SYSTEM, "0" * 64)
    executor.bundle.warrant = executor.warrant
    credential = executor.mint()
    [lease] = system.mint.leases()
    assert (lease.executor, lease.executor_listed) == (town.executor_keyid, True)
    system.change(credential, frozenset(), frozenset({READS}))
    assert system.read() == {READS}
    assert not system.mint.revoke(credential.lease).usable


def test_a_home_without_systems_has_none_and_needs_no_roster(tmp_path):
    town = make_deployment(tmp_path / "home")
    (town.home / "roster.pin").unlink()
    identity = Identity(town.keys["executor"], deployment=town.name)
    assert systems_of(town.settings, identity, SystemClock()).entitlements == {}


# what a person asks


@pytest.mark.requirement("R5", "R28")
def test_the_command_prints_the_document_and_tells_what_no_change_can_take(town, store):
    store.run("grant select on store.price to clerk", role=GROUP)
    store.run('grant insert on store.price to "Night Shift"', role="keeper")
    done = asked(town, SYSTEM)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.startswith("--")
    assert SYSTEM in first
    assert rest == [
        'GRANT INSERT ON TABLE store.price TO "Night Shift";',
        "GRANT SELECT ON TABLE store.price TO clerk;",
    ]
    assert "given by `keeper`: GRANT INSERT" in done.stderr
    assert f"1 of 2 were not given by `{GROUP}`" in done.stderr
    assert READS in entitlements_of(done.stdout)
    assert asked(town, SYSTEM).stdout == done.stdout, "no time, so that two looks at the same are the same"
    rows = json.loads(asked(town, SYSTEM, "-o", "json").stdout)
    assert {(row["holder"], row["right"], *row["given_by"]) for row in rows} == {
        ("Night Shift", "INSERT", "keeper"), ("clerk", "SELECT", GROUP),
    }  # fmt: skip


@pytest.mark.requirement("R28")
def test_a_system_that_is_not_named_is_told_with_those_that_are(town, tmp_path):
    done = asked(town, "other")
    assert done.returncode == 3
    assert "MAG-E404" in done.stderr
    assert f"`{SYSTEM}`" in done.stderr
    bare = make_deployment(tmp_path / "bare")
    with pytest.raises(NotFound) as caught:
        given_now(bare.settings, SYSTEM)
    assert "it names none yet" in caught.value.hint


@pytest.mark.requirement("R28", "R50")
def test_a_server_that_is_not_fit_not_there_or_not_to_be_asked_is_told_with_what_to_do(town, store, shop, tmp_path):
    store.run(f"alter role {GROUP} createdb")
    try:
        done = asked(town, SYSTEM)
    finally:
        store.run(f"alter role {GROUP} nocreatedb")
    assert (done.returncode, done.stdout) == (1, "")
    assert "MAG-E411" in done.stderr
    assert "nocreatedb" in done.stderr
    path = town.home / "magistrate.toml"
    text = path.read_text()
    for wrong, right, said in (
        (str(tmp_path / "nowhere"), f'host = "{shop.server.folder}"', "MAG-E413"),
        (str(tmp_path / "no.pgpass"), f'passfile = "{shop.passfile}"', "is not there or not yours to read"),
    ):
        path.write_text(text.replace(right, f'{right.split(" = ")[0]} = "{wrong}"'))
        done = asked(town, SYSTEM)
        assert (done.returncode, done.stdout) == (4, "")
        assert said in done.stderr
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "psycopg.py").write_text("raise ImportError('plainly not there')\n")
    path.write_text(text)
    code = "import sys; from magistrate.entrypoints.cli.main import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "entitlements", SYSTEM, "--home", str(town.home)],
        env={**os.environ, "PYTHONPATH": str(hidden)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "MAG-E414" in done.stderr
    assert "magistrate[postgresql]" in done.stderr


# issuing roots


@pytest.mark.requirement("R50")
def test_the_issuing_role_alone_is_refused_by_the_server_each_time_it_is_probed(town, store):
    probes = list(probes_of_systems(town.settings))
    assert {one.root for one in probes} == {f"system {SYSTEM}"}
    assert all(one.refused for one in probes), probes
    tried = [one.tried for one in probes]
    assert f"to work as the group `{GROUP}`" in tried
    assert "to read the table `store.price`" in tried
    assert "to read the table `public.customer`" in tried, "also where no schema of the settings is"
    assert all("permission denied" in one.seen for one in probes)


@pytest.mark.requirement("R50")
def test_an_issuing_role_that_reads_or_writes_a_table_is_told(town, store):
    store.run("grant usage on schema store to magistrate_issuer", "grant select on store.price to magistrate_issuer",
              "grant delete on store.sold to magistrate_issuer")  # fmt: skip
    found = {one.tried: one for one in probes_of_systems(town.settings)}
    assert found["to read the table `store.price`"].refused is False
    assert found["to write the table `store.sold`"].refused is False
    assert found["to read the table `store.sold`"].refused is True
    assert found["to read the table `public.customer`"].refused is True


@pytest.mark.requirement("R50")
def test_an_issuing_role_that_could_not_be_tried_is_no_success(town, store, shop):
    store.run(f"alter role {ISSUER} bypassrls")
    try:
        [probe] = probes_of_systems(town.settings)
    finally:
        store.run(f"alter role {ISSUER} nobypassrls")
    assert probe.refused is None
    assert "is more than that" in probe.seen


@pytest.mark.requirement("R50")
def test_the_issuing_role_is_listed_and_probed_among_the_other_roots(town, store, shop):
    rows = {row["root"]: row for row in json.loads(run(town.home, "leases", "--roots", "-o", "json").stdout)}
    assert rows[f"system {SYSTEM}"]["rotation"] == "ok"
    assert str(shop.passfile) in rows[f"system {SYSTEM}"]["lives"]
    done = run(town.home, "leases", "--roots", "--probe", "-o", "json")
    assert done.returncode == 4, "nothing is up, so the other roots could not be tried"
    probes = [row for row in json.loads(done.stdout)["probes"] if row["root"] == f"system {SYSTEM}"]
    assert len(probes) > 5
    assert {row["held"] for row in probes} == {"yes"}


def test_the_check_of_the_settings_names_the_systems_and_one_that_is_not_acceptable(tmp_path):
    home = tmp_path / "home"
    assert run(home, "init", "--solo", "--name", "anna").returncode == 0
    path = home / "magistrate.toml"
    text = path.read_text()
    for host, status, said in (("/run/postgresql", 0, "shop-db"), ("a,b", 2, "MAG-E412")):
        path.write_text(
            f'{text}\n[system.shop-db]\nhost = "{host}"\ndatabase = "shop"\nissuer = "i"\ngroup = "g"\nschemas = ["s"]\n'
        )
        done = run(home, "config", "check")
        assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done.stderr


@pytest.mark.requirement("R53")
def test_a_roster_that_does_not_verify_lists_no_executor(town, store, shop):
    identity = Identity(town.keys["executor"], deployment=town.name)
    [system] = systems_of(town.settings, identity, SystemClock()).entitlements.values()
    store.run("create role lease_abc_" + "a" * 26 + " login")
    assert [one.executor_listed for one in system.mint.leases()] == [False]
    town.settings.roster_path.write_text("[")
    with pytest.raises(Unavailable):
        system.mint.leases()
    (town.home / "roster.json").write_text("[]")
    with pytest.raises(Refused):
        system.mint.leases()
