"""Roles of PostgreSQL as leases, on every real server that is here: exactly the group's rights, one life, then nothing."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from world.postgres import USER, program_folders
from world.postgres_leases import (
    DATABASE,
    GROUP,
    ISSUER,
    ISSUER_PASSWORD,
    SYSTEM,
    Executor,
    Shop,
    login,
    logs_in,
    random_lease,
)

from magistrate.domain.execution import LeaseState
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor import postgres_driver
from magistrate.executor.credentials import postgres_place
from magistrate.executor.credentials.postgres_names import minted_role
from magistrate.executor.identity import Identity
from magistrate.wire.lease import Lease

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-role")]
VERSIONS: list[Path | None] = [*program_folders()] or [None]


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda folder: str(folder)[-24:].replace("/", "-"))
def shop(request):
    made = Shop(request.param)
    yield made
    made.server.remove()


@pytest.fixture
def executor(shop, tmp_path):
    opened = Executor(shop, tmp_path / "executor").open()
    yield opened
    opened.close()
    shop.drop_leases()


def price(shop):
    return shop.sql("select cents from price where item = 'tea'")[0][0]


# what it may


@pytest.mark.requirement("R4", "R50")
def test_a_lease_may_do_what_the_group_may_and_nothing_else(shop, executor):
    credential = executor.mint()
    with login(credential) as link:
        assert link.execute("update price set cents = 310 where item = 'tea'").rowcount == 1
        assert link.execute("select session_user, current_user").fetchone() == (minted_role(credential.lease), GROUP)
        for own in ("select 1", "reset role", "set role none"):
            link.execute(own)
            for refused in (
                "delete from price", "update price set owner = 'me'", "insert into price values ('x', 1)",
                "truncate price", "select * from customer", "drop table price", "create table mine(a int)",
                "create schema mine", "alter table price add b int", "select * from pg_authid",
                "create role more", f"alter role {GROUP} login", f"grant {GROUP} to {ISSUER}",
                f"set role {ISSUER}", f"set role {USER}", "set role pg_monitor", f"set session authorization {USER}",
                "copy price to program 'true'", "copy price to '/tmp/price'", "select pg_read_file('PG_VERSION')",
                "alter role current_user valid until 'infinity'", "alter role current_user connection limit 9",
                "alter role current_user createdb", "alter system set work_mem = '1MB'", "create database mine",
            ):  # fmt: skip
                with pytest.raises(psycopg.Error) as caught:
                    link.execute(refused)
                assert caught.value.sqlstate in {"42501", "42601", "25001"}, (refused, caught.value)
        with pytest.raises(errors.InsufficientPrivilege):
            link.execute("select * from price")  # in its own name it has nothing
        if shop.version >= 160000:  # before, a role can hand itself on (docs/credentials-postgres.md, limits)
            with pytest.raises(errors.InsufficientPrivilege):
                link.execute(f"grant {minted_role(credential.lease)} to {ISSUER}")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(credential, dbname="postgres")
    found = shop.sql(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit, rolconnlimit"
        " from pg_roles where rolname = %s", DATABASE, minted_role(credential.lease),
    )  # fmt: skip
    assert found == [(False, False, False, False, False, False, 1)]


@pytest.mark.requirement("R52")
def test_one_session_at_a_time_with_limits_and_no_password_in_the_address(executor):
    credential = executor.mint()
    assert credential.token not in credential.address + repr(credential)
    with login(credential) as link:
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            login(credential)
        for setting in ("statement_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout"):
            assert link.execute(f"show {setting}").fetchone() == ("15s",)


@pytest.mark.requirement("R51")
def test_a_role_says_on_the_server_why_it_exists(shop, executor):
    credential = executor.mint()
    role = minted_role(credential.lease)
    [(why,)] = shop.sql("select shobj_description(oid, 'pg_authid') from pg_roles where rolname = %s", DATABASE, role)
    for word in (executor.identity.keyid, executor.warrant.payload_digest(), "set the price of tea"):
        assert word in why


@pytest.mark.requirement("R4", "R52")
def test_a_lease_of_another_kind_is_not_minted(shop, executor, tmp_path):
    other = Identity(Executor(shop, tmp_path).identity._key, deployment=executor.identity.deployment)
    stranger = Executor(shop, tmp_path / "other")
    assert other.keyid != executor.identity.keyid
    for envelope, code in (
        (executor.envelope("another-db"), "MAG-E410"),
        (executor.envelope(warrant="7" * 64), "MAG-E410"),
        (executor.envelope(lifetime=600), "MAG-E410"),
        (executor.envelope(ago=61), "MAG-E105"),
        (stranger.envelope(), "MAG-E106"),
    ):
        with pytest.raises(Refused) as caught:
            executor.mint(envelope)
        assert caught.value.code == code
    assert shop.roles() == []


@pytest.mark.requirement("R52")
def test_a_lease_is_minted_once_and_not_after_its_end(shop, executor):
    envelope = executor.envelope()
    credential = executor.mint(envelope)
    with pytest.raises(Refused, match="already exists"):
        executor.mint(envelope)
    assert logs_in(credential)
    executor.roles.revoke(credential.lease)
    with pytest.raises(Refused, match="is over"):
        executor.mint(envelope)
    assert shop.roles() == []


BROKEN = [
    (f"alter role {GROUP} {name}", f"alter role {GROUP} no{name}", f"attribute {name}")
    for name in ("superuser", "createrole", "createdb", "replication", "bypassrls", "login")
] + [
    (f"grant pg_monitor to {GROUP}", f"revoke pg_monitor from {GROUP}", "a member of `pg_monitor`"),
    (f"alter database {DATABASE} owner to {GROUP}", f"alter database {DATABASE} owner to {USER}", "owns something"),
    (
        "grant connect on database postgres to public", "revoke connect on database postgres from public",
        "connect to the database `postgres`",
    ),
    (f"alter role {GROUP} rename to elsewhere", f"alter role elsewhere rename to {GROUP}", "no role `app_fix`"),
    (f"alter role {ISSUER} superuser", f"alter role {ISSUER} nosuperuser", "is more than that"),
    (f"alter role {ISSUER} replication", f"alter role {ISSUER} noreplication", "is more than that"),
    (f"alter role {ISSUER} bypassrls", f"alter role {ISSUER} nobypassrls", "is more than that"),
    (f"revoke pg_signal_backend from {ISSUER}", f"grant pg_signal_backend to {ISSUER}", "could end no session"),
]  # fmt: skip


@pytest.mark.requirement("R4", "R50")
@pytest.mark.parametrize(("before", "after", "why"), BROKEN, ids=[why for _, _, why in BROKEN])
def test_a_group_or_an_issuer_that_reaches_further_gets_no_lease(shop, executor, before, after, why):
    shop.sql(before)
    try:
        with pytest.raises(Refused) as caught:
            executor.mint()
    finally:
        shop.sql(after)
    assert caught.value.code == "MAG-E411"
    assert why in caught.value.message
    assert caught.value.hint
    assert shop.roles() == []
    executor.mint()


@pytest.mark.requirement("R50")
def test_a_group_that_owns_in_another_database_gets_no_lease(shop, executor):
    shop.sql("create database other")
    shop.sql(f"create table kept(a int); alter table kept owner to {GROUP}; revoke connect on database other from public", "other")  # fmt: skip
    try:
        with pytest.raises(Refused, match="owns something outside"):
            executor.mint()
    finally:
        shop.sql("drop database other")


@pytest.mark.requirement("R50")
def test_the_issuing_role_alone_performs_no_effect_and_one_that_could_mints_nothing(shop, executor):
    with shop.connected(ISSUER, password=ISSUER_PASSWORD) as link:
        for statement in ("update price set cents = 1", "select * from price", f"set role {GROUP}"):
            with pytest.raises(errors.InsufficientPrivilege):
                link.execute(statement)
    word = " with inherit true, set false" if shop.version >= 160000 else ""
    shop.sql(f"grant {GROUP} to {ISSUER}{word}")
    try:
        with pytest.raises(Refused, match="by itself"):
            executor.mint()
    finally:
        shop.sql(f"revoke {GROUP} from {ISSUER}")
        if shop.version >= 160000:
            shop.sql(f"grant {GROUP} to {ISSUER} with admin option, inherit false, set false")
    executor.mint()


# what is written down


@pytest.mark.requirement("R50", "R52")
def test_the_log_of_the_server_shows_verifiers_and_never_a_password(shop, executor):
    credentials = []
    for _ in range(3):
        with executor.hands.lease(executor.act()) as credential:
            credentials.append(credential)
            with login(credential) as link:
                link.execute("update price set cents = 320 where item = 'tea'")
    with executor.hands.lease(executor.act()) as credential:
        credentials.append(credential)
    log = shop.log()
    for credential in credentials:
        making = re.search(rf'create role "{minted_role(credential.lease)}" login password (\S+)', log)
        assert making, "log_statement = all shows the statement"
        assert making[1].startswith("'SCRAM-SHA-256$4096:")
        assert credential.token not in log
    journal = (executor.home / "journal.db").read_bytes() + (executor.home / "journal.db-wal").read_bytes()
    assert not [one for one in credentials if one.token.encode() in journal]


def test_what_the_server_says_is_bounded_and_shows_no_password():
    secret = "plainly-fake-password"
    told = postgres_driver.said(psycopg.OperationalError(f"{'x' * 290}{secret}\nand\x1b[31m more {secret}" * 5), secret)
    assert len(told) <= 300
    assert "plainly" not in told
    assert told.isprintable()


# its end


@pytest.mark.requirement("R53", "R50")
def test_the_whole_life_under_hands_ends_the_open_session_and_the_role(shop, executor):
    with executor.hands.lease(executor.act()) as credential:
        [found] = executor.roles.leases()
        assert (found.lease, found.usable, found.repository) == (credential.lease, True, SYSTEM)
        assert (found.executor, found.executor_listed) == (executor.identity.keyid, True)
        assert not executor.roles.probe(credential).held, "it gets in, so the probe says so"
        while shop.sql("select 1 from pg_stat_activity where usename = %s", DATABASE, minted_role(credential.lease)):
            time.sleep(0.005)  # the session of the probe is ending, and there is one at a time
        link = login(credential)
        link.execute("update price set cents = 330 where item = 'tea'")
        seen = executor.roles.probe(credential)
        assert not seen.held, "the one connection is taken, so the login fails; the role is there all the same"
        assert "too many connections" in seen.seen
    assert price(shop) == 330
    with pytest.raises(psycopg.OperationalError):
        link.execute("update price set cents = 0")
    assert not logs_in(credential)
    assert executor.roles.probe(credential).held
    assert shop.roles() == []
    assert executor.book.lease_state(credential.lease) is LeaseState.RELEASED
    with pytest.raises(NotFound):
        executor.roles.state(credential.lease)
    again = executor.roles.revoke(credential.lease)
    assert (again.usable, again.state) == (False, "no such role")
    assert executor.roles.leases() == ()


@pytest.mark.requirement("R53")
def test_a_statement_that_runs_is_ended_and_leaves_nothing(shop, executor):
    credential, before, ended = executor.mint(), price(shop), []

    def work():
        try:
            with login(credential) as link, link.transaction():
                link.execute("update price set cents = 1 where item = 'tea'")
                link.execute("select pg_sleep(60)")
        except psycopg.Error as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not shop.sql("select 1 from pg_stat_activity where query like '%%pg_sleep(60)%%' and usename like 'lease%%'"):
        time.sleep(0.01)
    assert not executor.roles.revoke(credential.lease).usable
    thread.join(10)
    assert ended
    assert price(shop) == before


@pytest.mark.requirement("R52", "R53")
def test_nobody_logs_in_after_the_end_of_the_lease_though_nobody_revoked_it(shop, executor):
    credential = executor.mint(executor.envelope(lifetime=2))
    assert logs_in(credential)
    [[until]] = shop.sql(
        "select rolvaliduntil - now() from pg_roles where rolname = %s", DATABASE, minted_role(credential.lease)
    )
    assert until.total_seconds() <= 2
    time.sleep(2.1)
    assert not logs_in(credential)
    [found] = executor.roles.leases()
    assert "past its end" in found.state
    assert found.usable, "the end binds passwords; the role itself is there until it is dropped"


HOSTILE = {
    "its own row is changed and not committed": ["begin", "set role none", "alter role current_user password 'x'"],
    "its settings are changed and not committed": [
        "begin",
        "set role none",
        "alter role current_user set work_mem = '1MB'",
    ],
    "it holds the turn": ["select pg_advisory_lock(hashtextextended('magistrate ' || session_user, 0))"],
    "it owns a large object": ["set role none", "select lo_create(0)"],
    "it set default privileges": ["set role none", "alter default privileges grant select on tables to public"],
    "it has a temporary table": ["set role none", "create temporary table mine(a int)"],
    "it holds the table": ["begin", "update price set cents = 5", "savepoint a"],
    "another password": ["set role none", "alter role current_user password 'plainly-fake'"],
    "it listens and holds a cursor": ["listen a", "begin", "declare c cursor for select * from price"],
}


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_that_its_holder_does_keeps_a_role_alive(shop, executor, what):
    credential, before = executor.mint(), price(shop)
    link = login(credential)
    for statement in HOSTILE[what]:
        link.execute(statement)
    answer = executor.roles.revoke(credential.lease)
    assert (answer.usable, answer.state) == (False, "dropped")
    with pytest.raises(psycopg.OperationalError):
        link.execute("select 1")
    assert shop.roles() == []
    assert price(shop) == before
    if "large object" in what:
        [(owner,)] = shop.sql("select lomowner::regrole::text from pg_largeobject_metadata")
        assert owner == GROUP, "what it made belongs to the group"
        shop.sql("select lo_unlink(oid) from pg_largeobject_metadata")
    executor.mint()  # the issuing role has kept nothing of the group for itself


@pytest.mark.requirement("R53")
def test_a_lease_that_holds_the_turn_of_another_does_not_keep_it_alive(shop, executor):
    attacker, victim = executor.mint(), executor.mint()
    link = login(attacker)
    link.execute("select pg_advisory_lock(hashtextextended('magistrate ' || %s, 0))", (minted_role(victim.lease),))
    assert executor.roles.revoke(victim.lease).state == "dropped"
    assert not logs_in(victim)
    link.close()
    assert logs_in(attacker)
    executor.roles.revoke(attacker.lease)


@pytest.mark.requirement("R53")
def test_what_others_grant_a_role_keeps_its_name_there_and_nothing_else_of_it(shop, executor):
    giver = executor.mint()
    with login(giver) as link:
        for statement in ("set role none", "create temporary table mine(a int)"):
            link.execute(statement)
        with executor.hands.lease(executor.act()) as taker:
            link.execute(f"grant select on mine to {minted_role(taker.lease)}")
            with login(taker) as own:
                own.execute("set role none")
                own.execute("select lo_create(0)")
        assert executor.book.lease_state(taker.lease) is LeaseState.RELEASED
        assert not logs_in(taker)
        seen = executor.roles.state(taker.lease)
        assert (seen.usable, seen.state) == (False, "past its end, no login, 0 sessions")
        assert shop.sql(
            "select count(*) from pg_auth_members where member = %s::regrole", DATABASE, minted_role(taker.lease)
        ) == [(0,)]
        assert "others grant it" in executor.roles.revoke(taker.lease).state
    executor.roles.revoke(giver.lease)
    assert executor.roles.revoke(taker.lease).state == "dropped"
    shop.sql("select lo_unlink(oid) from pg_largeobject_metadata")
    executor.mint()


@pytest.mark.requirement("R53")
def test_a_login_that_slipped_in_while_the_role_was_dropped_is_ended(shop, executor, monkeypatch):
    credential, links, drop = executor.mint(), [], executor.roles._drop

    def late(link, found):
        shop.sql(f"alter role {found.name} login connection limit 1")
        links.append(login(credential))
        return drop(link, found)

    monkeypatch.setattr(executor.roles, "_drop", late)
    assert executor.roles.revoke(credential.lease).state == "dropped"
    with pytest.raises(psycopg.OperationalError):
        links[0].execute("update price set cents = 1")


# a mint under way


def half_minted(shop, role):
    link = psycopg.connect(host=str(shop.server.folder), dbname=DATABASE, user=ISSUER, password=ISSUER_PASSWORD)
    link.execute("select pg_advisory_xact_lock(hashtextextended('magistrate ' || %s, 0))", (role,))
    link.execute(f"create role {role} login in role {GROUP}")
    return link


@pytest.mark.requirement("R53", "R50")
@pytest.mark.parametrize("commits", [True, False])
def test_a_role_under_way_when_the_sweep_looks_is_swept_too(shop, executor, commits):
    lease = random_lease()
    link = half_minted(shop, minted_role(lease))
    assert executor.roles.leases() == (), "not to be seen yet"
    with ThreadPoolExecutor(1) as pool:
        revoking = pool.submit(executor.roles.revoke, lease)
        time.sleep(0.1)
        assert not revoking.done(), "it waits for what is under way"
        if commits:
            link.commit()
        assert revoking.result(10).usable is False
    if not commits:
        with pytest.raises(psycopg.OperationalError):
            link.commit()  # its session was ended
    link.close()
    assert shop.roles() == []


@pytest.mark.requirement("R53", "R50")
def test_forty_kills_of_a_minting_process_leave_nothing(shop, executor, tmp_path):
    import random

    chance, caught, alive, tokens = random.Random(40), 0, 0, []
    began = time.monotonic()
    for _ in range(3):
        with executor.hands.lease(executor.act()) as credential:
            login(credential).close()
    one = (time.monotonic() - began) / 3
    key = executor.identity._key
    executor.close()
    for _ in range(40):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _mint_for_ever(shop, tmp_path / "killed", key, writer)
        os.close(writer)
        with os.fdopen(reader) as told:
            assert told.readline() == "ready\n"
            tokens += [told.readline().split() for _ in range(chance.randint(0, 2))]
            time.sleep(chance.uniform(0, one * 1.2))
            os.kill(child, signal.SIGKILL)
            assert os.waitpid(child, 0)[1] == signal.SIGKILL, "it had ended by itself"
            tokens += [line.split() for line in told if line.endswith("\n")]
        alive += len(shop.roles())
        after = Executor(shop, tmp_path / "killed", key=key).open()
        caught += bool(after.hands.open_leases())
        after.sweep()
        assert shop.roles() == []
        assert after.roles.leases() == ()
        assert not after.hands.open_leases()
        assert not after.alarm.told, "each role had its row before it was minted"
        for role, token in tokens[-5:]:
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(after.shop.place().address(role), password=token)
        after.close()
    executor.open()
    assert len(tokens) >= 40, "leases were held"
    assert caught >= 20, "the kills hit leases that were open"
    assert alive >= 10, "and roles that were alive"


def _mint_for_ever(shop, home, key, writer):
    try:
        mine = Executor(shop, home, key=key).open()
        os.write(writer, b"ready\n")
        while True:
            with mine.hands.lease(mine.act()) as credential:
                os.write(writer, f"{minted_role(credential.lease)} {credential.token}\n".encode())
                with login(credential) as link:
                    link.execute("update price set cents = cents + 1 where item = 'cup'")
    finally:
        os._exit(1)


# two executors, and roles that nobody asked for


@pytest.mark.requirement("R50", "R53")
def test_two_executors_at_once_end_their_own_and_leave_the_other_alone(shop, executor, tmp_path):
    other = Executor(shop, tmp_path / "other", fellows=[executor])
    executor.fellows = [other]

    def work(one):
        opened = one.open()
        try:
            for _ in range(8):
                with opened.hands.lease(opened.act()) as credential:
                    opened.foreign.reconcile()
                    with login(credential) as link:
                        link.execute("update price set cents = cents + 1 where item = 'cup'")
            return opened.alarm.told
        finally:
            opened.close()

    executor.close()
    before = shop.sql("select cents from price where item = 'cup'")[0][0]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(work, [executor, other]))
    executor.open()
    assert told == [[], []]
    assert shop.sql("select cents from price where item = 'cup'")[0][0] == before + 16
    assert shop.roles() == []


@pytest.mark.requirement("R50", "R51")
@pytest.mark.parametrize("name", ["lease_abc_aaaaaaaaaaaaaaaaaaaaaaaaaa", "lease_mine", 'lease_"; drop role x; --', "lease_Ünï %"])  # fmt: skip
def test_a_role_that_no_journal_knows_is_told_and_killed(shop, executor, name):
    quoted = '"' + name.replace('"', '""') + '"'
    with shop.connected(ISSUER, password=ISSUER_PASSWORD) as link:  # whoever stole the issuing root
        link.execute(f"create role {quoted} login password 'plainly-fake' in role {GROUP}".encode())
    held = shop.connected(name, password="plainly-fake")
    link = held.__enter__()
    [found] = executor.roles.leases()
    assert found.usable
    assert found.executor == ""
    assert found.lease.isascii()
    executor.foreign.reconcile()
    assert shop.roles() == []
    with pytest.raises(psycopg.OperationalError):
        link.execute("select 1")
    assert found.lease in executor.alarm.told[0]
    assert [one.lease for one in executor.book.foreign_leases(repository=SYSTEM)] == [found.lease]
    assert executor.roles.disown(found.lease).state == "no such role"


def test_a_role_of_somebody_else_that_only_sounds_like_a_lease_is_left_alone(shop, executor):
    shop.sql("create role lease_office login")
    assert executor.roles.leases() == ()
    assert executor.roles.revoke("role:lease_office").state == "no such role"
    assert shop.roles() == ["lease_office"]


@pytest.mark.requirement("R4")
@pytest.mark.parametrize(
    "lease", ["", "x", "role:", "role:postgres", "role:magistrate", "lse-'; drop role app_fix; --", "lse-" + "a" * 27,
              "lse-" + "a" * 26 + "\n", "role:lease_%00", "role:lease_" + "x" * 60, "role:lease_a/b", "lease_\udcff"],
)  # fmt: skip
def test_a_hostile_name_of_a_lease_reaches_no_role(shop, executor, lease):
    for ask in (executor.roles.revoke, executor.roles.state, executor.roles.disown):
        with pytest.raises(NotFound) as caught:
            ask(lease)
        assert caught.value.message.isprintable()
    assert shop.sql("select 1 from pg_roles where rolname = %s", DATABASE, GROUP) == [(1,)]


# a server that is not there, or says nothing


@pytest.mark.requirement("R53")
def test_an_unreachable_server_leaves_the_lease_unconfirmed_until_it_is_there_again(shop, executor, monkeypatch):
    monkeypatch.setattr("magistrate.executor.hands.REVOKE_PAUSE_SECONDS", 0.01)
    shop.server.stop()
    try:
        with pytest.raises(Unavailable) as no_mint, executor.hands.lease(executor.act()):
            raise AssertionError("minted without a server")
    finally:
        shop.server.start()
    assert no_mint.value.code == "MAG-E387"
    [row] = executor.hands.open_leases()
    assert row.state is LeaseState.UNCONFIRMED
    executor.sweep()
    assert not executor.hands.open_leases()
    try:
        with pytest.raises(Unavailable) as caught, executor.hands.lease(executor.act()) as credential:
            shop.server.stop()
        assert caught.value.code == "MAG-E387"
        assert executor.book.lease_state(credential.lease) is LeaseState.UNCONFIRMED
        assert any("not confirmed dead" in told for told in executor.alarm.told)
        with pytest.raises(Unavailable):
            executor.roles.probe(credential)
    finally:
        shop.server.start()
    assert logs_in(credential), "it was alive all the time, as was said"
    executor.sweep()
    assert not logs_in(credential)
    assert executor.book.lease_state(credential.lease) is LeaseState.RELEASED


@pytest.mark.requirement("R53")
def test_a_server_that_stops_in_the_middle_of_an_answer_is_given_up(shop, executor, monkeypatch):
    monkeypatch.setattr(postgres_place, "SESSION_SECONDS", 1.0)
    envelope = executor.envelope()
    lease = executor.identity.open_own(envelope, Lease).id
    with shop.connected() as link, ThreadPoolExecutor(1) as pool:
        link.execute("select pg_advisory_lock(hashtextextended('magistrate ' || %s, 0))", (minted_role(lease),))
        minting = pool.submit(executor.mint, envelope)
        waiting: list[Any] = []
        while not waiting:
            waiting = shop.sql("select pid from pg_stat_activity where usename = %s and wait_event = 'advisory'", DATABASE, ISSUER)  # fmt: skip
        os.kill(waiting[0][0], signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable) as caught:
                minting.result(20)
        finally:
            os.kill(waiting[0][0], signal.SIGCONT)
    assert caught.value.code == "MAG-E413"
    executor.roles.revoke(lease)
    assert shop.roles() == []


@pytest.mark.requirement("R50")
def test_the_environment_leads_nowhere_else(shop, executor, monkeypatch):
    for name, value in {"PGHOSTADDR": "203.0.113.1", "PGOPTIONS": "-c role=none", "PGSSLMODE": "require"}.items():
        monkeypatch.setenv(name, value)
    credential = executor.mint()
    assert logs_in(credential)
    assert not executor.roles.probe(credential).held


@pytest.mark.requirement("R53")
def test_prepared_transactions_which_outlast_a_session_are_refused(shop, executor):
    """Last: it leaves the server as it was, by two restarts."""
    for number, minted in ((2, False), (0, True)):
        shop.sql(f"alter system set max_prepared_transactions = {number}")
        shop.server.stop()
        shop.server.start()
        if minted:
            executor.mint()
        else:
            with pytest.raises(Refused, match="prepared transactions"):
                executor.mint()
