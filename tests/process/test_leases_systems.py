"""`magistrate leases --systems`, and what `--scan` says of systems: what stands there now, in the server's own words."""

from __future__ import annotations

import hashlib
import json
import os
import time

import pytest
from psycopg import sql
from world import warm
from world.deployment import make_deployment, new_id
from world.postgres_leases import DATABASE, GROUP, ISSUER, SYSTEM, Executor, Shop, login

from magistrate.errors import Unavailable
from magistrate.executor.credentials import postgres_standing
from magistrate.executor.credentials.postgres_names import minted_role
from magistrate.executor.credentials.postgres_standing import Why, look
from magistrate.executor.credentials.ssh_serials import Minted, Serials, Standing, read_standing
from magistrate.executor.identity import Identity

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-role")]
PLANTED = "lease_abc_" + "a" * 26


@pytest.fixture(scope="module")
def shop():
    made = Shop(None)
    yield made
    made.server.remove()


@pytest.fixture
def bare(tmp_path):
    return make_deployment(tmp_path / "home")


@pytest.fixture
def town(shop, bare):
    add_system(bare, SYSTEM, shop.server.folder, shop.passfile)
    yield bare
    shop.drop_leases()


@pytest.fixture
def executor(town, shop, tmp_path):
    made = Executor(shop, tmp_path / "executor", key=town.keys["executor"])
    made.identity = Identity(town.keys["executor"], deployment=town.name)
    made.roles = type(made.roles)(shop.place(), identity=made.identity, clock=made.clock, executors=list)
    made.warrant = made.envelope(SYSTEM, "0" * 64)
    made.bundle.warrant = made.warrant
    return made


def add_system(town, name, host, passfile):
    with (town.home / "magistrate.toml").open("a") as out:
        out.write(
            f'\n[system.{name}]\nhost = "{host}"\ndatabase = "{DATABASE}"\nissuer = "{ISSUER}"\n'
            f'group = "{GROUP}"\nschemas = ["public"]\npassfile = "{passfile}"\n'
        )


def asked(town, *words, scan=False):
    argv = ["leases", "--scan" if scan else "--systems", *map(str, words), "--home", str(town.home)]
    return warm.run(argv, env={**os.environ, "HOME": str(town.home.parent)})


def told(town, *words, status=0):
    done = asked(town, "-o", "json", *words)
    assert done.returncode == status, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == status
    return answer


def plant(shop, name, comment=None, words="login"):
    with shop.connected() as link:
        role = sql.Identifier(name)
        link.execute(sql.SQL("create role {} " + words).format(role))
        if comment is not None:
            link.execute(sql.SQL("comment on role {} is {}").format(role, sql.Literal(comment)))


def why(keyid, **changes):
    given = {"executor": keyid, "warrant": "sha256:" + "1" * 64, "proposal": "sha256:" + "2" * 64, "reason": "set it"}
    return Why(**{**given, **changes}).comment()


# the states of the page


@pytest.mark.requirement("R51")
def test_a_home_that_names_nothing_is_told_how_to(bare):
    done = asked(bare)
    assert (done.returncode, done.stdout) == (0, "")
    assert "names no system" in done.stderr
    assert "docs/credentials-postgres.md" in done.stderr
    assert told(bare) == {"status": 0, "leases": [], "alarms": [], "answered": [], "unseen": []}


@pytest.mark.requirement("R50", "R51")
def test_where_nothing_stands_it_is_said_and_nothing_is_listed(town):
    done = asked(town)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing stands at any system" in done.stderr
    assert told(town)["answered"] == [f"system {SYSTEM}"]


@pytest.mark.requirement("R50", "R51")
def test_a_live_lease_is_shown_with_reason_age_and_scope_until_it_is_dead(town, shop, executor):
    credential = executor.mint()
    with login(credential):
        answer = told(town)
        [row] = answer["leases"]
        table, wide = asked(town).stdout, asked(town, "-o", "wide").stdout
    assert answer["alarms"] == []
    assert (row["lease"], row["usable"], row["sessions"]) == (credential.lease, True, 1)
    assert (row["executor"], row["executor_listed"]) == (town.executor_keyid, True)
    assert (row["reason"], row["purpose"]) == ("set the price of tea", "effect")
    assert row["warrant"] == executor.warrant.payload_digest()
    assert 0 < row["left"] <= 60
    assert 0 <= row["age"] <= 60
    assert row["expires"] > row["issued"] > "2026"
    assert row["scope"] == f"{SYSTEM} as {GROUP} in {DATABASE}"
    cells = table.rstrip("\n").split("\t")
    assert (cells[0], cells[1], cells[-1]) == (credential.lease[:12], "LIVE", "set the price of tea")
    assert "can log in, 1 sessions" in wide
    assert credential.token not in table + wide + json.dumps(answer)
    executor.roles.revoke(credential.lease)
    assert told(town)["leases"] == []


@pytest.mark.requirement("R51")
def test_of_many_the_usable_come_first_and_the_rest_is_told(town, shop):
    names = [f"lease_abc_{number:0>26}".translate(str.maketrans("0189", "abcd")) for number in range(60)]
    for name in names[:55]:
        plant(shop, name, words="nologin")
    for name in names[55:]:
        plant(shop, name)
    done = asked(town)
    lines = done.stdout.splitlines()
    assert len(lines) == 50
    assert [line.split("\t")[1] for line in lines[:6]] == ["LIVE"] * 5 + ["dead"]
    assert "50 of 60 are shown" in done.stderr
    assert len(told(town, "--limit", 0)["leases"]) == 60
    assert len(told(town, "--live")["leases"]) == 5


@pytest.mark.requirement("R50", "R51")
def test_a_server_that_is_down_is_told_while_the_others_are_shown(town, shop, tmp_path):
    plant(shop, PLANTED, why(town.executor_keyid))
    add_system(town, "other-db", tmp_path / "nowhere", shop.passfile)
    done = asked(town)
    assert done.returncode == 4
    assert done.stdout.split("\t")[1] == "LIVE"
    assert "not seen: system other-db: PostgreSQL at" in done.stderr
    answer = told(town, status=4)
    assert [one["where"] for one in answer["unseen"]] == ["system other-db"]
    assert len(answer["leases"]) == 1
    shop.drop_leases()
    done = asked(town)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"nothing stands at system {SYSTEM}" in done.stderr


@pytest.mark.requirement("R50")
def test_where_no_server_says_anything_nothing_is_said_to_be_empty(bare, shop, tmp_path):
    add_system(bare, SYSTEM, tmp_path / "nowhere", shop.passfile)
    done = asked(bare)
    assert (done.returncode, done.stdout) == (4, "")
    assert "not seen" in done.stderr
    assert "nothing stands" not in done.stderr
    assert "names no system" not in done.stderr


@pytest.mark.requirement("R50")
def test_who_may_not_ask_is_told_so(bare, shop, tmp_path):
    wrong = tmp_path / "wrong.pgpass"
    wrong.write_text(f"*:*:{DATABASE}:{ISSUER}:plainly-wrong\n")
    wrong.chmod(0o600)
    add_system(bare, "a-db", shop.server.folder, tmp_path / "no.pgpass")
    add_system(bare, "b-db", shop.server.folder, wrong)
    unseen = {one["where"]: one["why"] for one in told(bare, status=4)["unseen"]}
    assert "not yours to read" in unseen["system a-db"]
    assert "password authentication failed" in unseen["system b-db"]


@pytest.mark.requirement("R50")
def test_a_group_that_is_not_fit_for_leases_hides_nothing(town, shop):
    plant(shop, PLANTED)
    shop.sql(f"alter role {GROUP} createdb")
    try:
        assert len(told(town)["leases"]) == 1
    finally:
        shop.sql(f"alter role {GROUP} nocreatedb")


def test_two_lists_at_once_are_refused(town):
    done = asked(town, "--scan")
    assert done.returncode == 2
    assert "--systems is a list of its own" in done.stderr


# what nobody answers for


@pytest.mark.requirement("R50", "R51")
@pytest.mark.parametrize(
    "comment",
    [None, "", "{}", "words", "[" * 9000, "x" * 300_000, json.dumps({"executor": "k", "warrant": 1}),
     why("k", issued="yesterday"), why("k", reason="r" * 20_000)],
    ids=["none", "empty", "bare", "words", "deep", "long", "types", "time", "cut"],
)  # fmt: skip
def test_a_role_that_does_not_say_why_it_exists_is_listed_and_alarms(town, shop, comment):
    plant(shop, PLANTED, comment)
    done = asked(town)
    assert done.returncode == 0
    assert "LIVE" in done.stdout
    assert "NO REASON" in done.stdout
    assert f"alarm: system {SYSTEM}: nothing says why the lease abc-{'a' * 26} exists" in done.stderr


@pytest.mark.requirement("R50", "R51")
def test_a_role_of_nobody_in_the_roster_alarms_and_its_words_stay_words(town, shop):
    plant(shop, PLANTED, why("ed25519:stranger", reason="quiet\x1b[2J\u202eevil"))
    done = asked(town, "-o", "wide")
    assert "which is no executor of the roster" in done.stderr
    assert "(not in the roster)" in done.stdout
    assert "quiet<U+001B>[2J<U+202E>evil" in done.stdout
    assert told(town)["leases"][0]["executor_listed"] is False


@pytest.mark.requirement("R50")
def test_what_counts_is_the_name_of_a_lease_or_the_prefix_in_the_group(town, shop):
    plant(shop, "lease_of_life")
    plant(shop, 'lease_"Odd" one', words=f"login in role {GROUP}")
    plant(shop, PLANTED)
    assert {row["lease"] for row in told(town)["leases"]} == {"abc-" + "a" * 26, "role:lease_%22Odd%22%20one"}


@pytest.mark.requirement("R51", "R53")
@pytest.mark.parametrize(
    ("until", "left", "state"),
    [("", None, "can log in, 0 sessions"), ("valid until 'infinity'", None, "can log in, 0 sessions"),
     ("valid until '20000-01-01'", None, "can log in, 0 sessions"),
     ("valid until '2020-01-01'", 0, "past its end, can log in, 0 sessions"),
     ("valid until '1900-01-01'", 0, "past its end, can log in, 0 sessions"),
     ("valid until '-infinity'", 0, "past its end, can log in, 0 sessions")],
)  # fmt: skip
def test_an_end_that_is_none_or_over_is_told_and_the_role_still_counts(town, shop, until, left, state):
    plant(shop, PLANTED, why(town.executor_keyid), f"login {until}")
    [row] = told(town)["leases"]
    assert (row["left"], row["state"], row["usable"]) == (left, state, True)
    assert ("no end" in asked(town).stdout) == (left is None)


@pytest.mark.requirement("R50")
def test_a_role_without_login_counts_while_a_session_of_it_is_open(town, shop, executor):
    credential = executor.mint()
    role = minted_role(credential.lease)
    with login(credential):
        shop.sql(f"alter role {role} nologin")
        [row] = told(town)["leases"]
        assert (row["state"], row["usable"]) == ("no login, 1 sessions", True)
        assert [row["lease"] for row in told(town, "--live")["leases"]] == [credential.lease]


@pytest.mark.requirement("R50")
def test_the_session_that_looks_can_write_nothing(shop, monkeypatch):
    monkeypatch.setattr(postgres_standing, "standing_roles", lambda link, group: link.execute(f"create role {PLANTED}"))
    with pytest.raises(Unavailable, match="read-only transaction"):
        look(shop.place())
    assert shop.roles() == []


# targets


def serials(town, target="web"):
    folder = town.home / "executor" / "targets" / target
    folder.mkdir(parents=True)
    return folder / "ssh.db", Serials(folder / "ssh.db", int(time.time()))


def minted(lease, executor, *, seconds=40):
    return Minted(
        lease=lease, warrant="sha256:" + "1" * 64, proposal="sha256:" + "2" * 64, purpose="effect", reason="deploy the shop",
        repository="shop", executor=executor, valid_before=int(time.time()) + seconds,
    )  # fmt: skip


@pytest.mark.requirement("R50", "R51", "R53")
def test_a_certificate_is_listed_until_its_table_says_that_it_is_dead(bare):
    path, table = serials(bare)
    lease = new_id("lse")
    assert told(bare)["answered"] == ["target web"]
    table.mint(minted(lease, bare.executor_keyid), int(time.time()) - 25)
    before = hashlib.sha256(path.read_bytes()).digest()
    [row] = told(bare)["leases"]
    assert (row["lease"], row["state"], row["usable"]) == (lease, "live, not confirmed dead", True)
    assert (row["reason"], row["purpose"], row["scope"]) == ("deploy the shop", "effect", "web its one program")
    assert row["executor_listed"]
    assert 0 < row["left"] <= 40
    assert 20 <= row["age"] < 60
    assert hashlib.sha256(path.read_bytes()).digest() == before
    table.close(lease)
    table.listed()
    [row] = told(bare)["leases"]
    assert (row["state"], row["usable"]) == ("listed, not confirmed dead", True)
    table.ended(lease)
    assert told(bare)["leases"] == []


@pytest.mark.requirement("R50", "R51")
def test_an_expired_certificate_of_a_stranger_counts_and_alarms(bare):
    _, table = serials(bare)
    table.mint(minted(new_id("lse"), "ed25519:stranger", seconds=-1), int(time.time()) - 60)
    answer = told(bare)
    [row] = answer["leases"]
    assert (row["state"], row["left"], row["usable"]) == ("expired, not confirmed dead", 0, True)
    assert "which is no executor of the roster" in answer["alarms"][0]


@pytest.mark.requirement("R50")
def test_a_table_that_cannot_be_read_is_no_empty_one(bare):
    for name, content in (("a", b"plainly no table" * 100), ("b", b"")):
        folder = bare.home / "executor" / "targets" / name
        folder.mkdir(parents=True)
        (folder / "ssh.db").write_bytes(content)
    path, table = serials(bare, "c")
    table.mint(minted(new_id("lse"), bare.executor_keyid), int(time.time()))
    answer = told(bare, status=4)
    assert [one["where"] for one in answer["unseen"]] == ["target a", "target b"]
    assert [one["where"] for one in answer["leases"]] == ["target c"]
    assert [one.state for one in read_standing(path)] == [Standing.LIVE]


# the scan


@pytest.mark.requirement("R50", "R53")
def test_the_scan_finds_what_stands_at_systems_and_targets(town, shop):
    calm = json.loads(asked(town, "-o", "json", scan=True).stdout)
    assert calm["searched"]["systems and targets"] == 1
    assert not [row for row in calm["found"] if row["where"].startswith(("system ", "target "))]
    plant(shop, PLANTED, why(town.executor_keyid))
    plant(shop, "lease_abc_" + "b" * 26, words="nologin")
    _, table = serials(town)
    table.mint(minted(new_id("lse"), town.executor_keyid), int(time.time()))
    done = asked(town, "-o", "json", scan=True)
    assert done.returncode == 1
    found = [(row["state"], row["where"]) for row in json.loads(done.stdout)["found"]]
    assert found.count(("USABLE", f"system {SYSTEM}")) == 1
    assert found.count(("dead", f"system {SYSTEM}")) == 1
    assert found.count(("USABLE", "target web")) == 1


@pytest.mark.requirement("R50")
def test_a_system_that_cannot_be_looked_at_is_a_gap_of_the_scan(bare, shop, tmp_path):
    add_system(bare, SYSTEM, tmp_path / "nowhere", shop.passfile)
    done = json.loads(asked(bare, "-o", "json", scan=True).stdout)
    assert ("not searched", f"system {SYSTEM}") in [(row["state"], row["where"]) for row in done["found"]]
    assert done["searched"]["systems and targets"] == 0
