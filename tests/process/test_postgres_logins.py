"""A secret that opens a real PostgreSQL by two logins in turn: renewed and ended by a lease alone, through the functions of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from world.postgres import program_folders
from world.postgres_leases import GROUP, ISSUER, Executor, Shop, login

from magistrate.errors import Refused, Unavailable, Usage
from magistrate.executor.credentials.postgres_logins import PostgresLogins
from magistrate.executor.ports import Credential, NewSecret

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R52", "R54")]
OLD = NewSecret(login="app_a", password="plainly-fake-old-value")
NAMES = ("app_a", "app_b")
NEW = NewSecret(login="app_b", password="plainly-fake-new-value-of-b")


@pytest.fixture(scope="module", params=program_folders(), ids=lambda folder: str(folder)[-24:].replace("/", "-"))
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    made = Shop(request.param)
    made.make_logins()
    yield made
    made.server.remove()


@pytest.fixture
def executor(shop: Shop, tmp_path: Path) -> Iterator[Executor]:
    """The old value lets `app_a` in, and `app_b` is the spare."""
    shop.sql(f"alter role app_a login password '{OLD.password}'")
    shop.sql("alter role app_b nologin password null")
    made = Executor(shop, tmp_path).open()
    yield made
    made.close()
    shop.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename in ('app_a', 'app_b')")
    shop.drop_leases()


def of(executor: Executor, *names: str) -> PostgresLogins:
    place = executor.shop.place()
    return PostgresLogins(place, names or NAMES, executor.roles, executor.clock)


@contextmanager
def leased(executor: Executor) -> Iterator[Credential]:
    credential = executor.mint()
    try:
        yield credential
    finally:
        executor.roles.revoke(credential.lease)


def session(executor: Executor, secret: NewSecret) -> psycopg.Connection[Any]:
    return psycopg.connect(executor.shop.place().address(secret.login), password=secret.password, autocommit=True)


def test_a_value_is_renewed_and_the_old_login_ended_with_its_sessions(executor: Executor) -> None:
    store = of(executor)
    assert (store.logins().open, store.opens(OLD).held, store.opens(NEW).held) == (frozenset({"app_a"}), True, False)
    with leased(executor) as credential:
        store.renew(credential, NEW)
    assert (store.logins().open, store.opens(OLD).held, store.opens(NEW).held) == (frozenset(NAMES), True, True)
    running = session(executor, OLD)
    assert store.logins().sessions["app_a"] == 1
    with leased(executor) as credential:
        store.end(credential, "app_a")
    assert store.logins().only("app_b")
    assert (store.opens(OLD).held, store.opens(NEW).held) == (False, True)
    with pytest.raises(psycopg.OperationalError):
        running.execute("select 1")


def test_a_renewed_login_has_the_new_value_only(executor: Executor) -> None:
    store = of(executor)
    again = NewSecret(login="app_a", password="plainly-fake-next-value-of-a")
    with leased(executor) as credential:
        store.renew(credential, again)
    assert (store.opens(OLD).held, store.opens(again).held) == (False, True)


def test_neither_log_nor_error_shows_a_value(executor: Executor) -> None:
    store = of(executor)
    with leased(executor) as credential:
        store.renew(credential, NEW)
        token = credential.token
    seen = store.opens(NewSecret(login="app_b", password="plainly-fake-wrong-value"))
    assert (seen.held, "plainly-fake-wrong" in seen.seen) == (False, False)
    log = executor.shop.log()
    assert NEW.password not in log
    assert token not in log
    assert "SCRAM-SHA-256$" in log


def test_a_lease_alone_renews_and_only_these_two_logins(executor: Executor) -> None:
    store = of(executor)
    for name in (ISSUER, "postgres", GROUP, "app_fix'; drop role app_a; --"):
        with leased(executor) as credential, pytest.raises(Refused) as refused:
            store.renew(credential, NewSecret(login=name, password="plainly-fake-other"))
        assert refused.value.code == "MAG-E405"
        with leased(executor) as credential, pytest.raises(Refused):
            store.end(credential, name)
    with leased(executor) as credential, login(credential) as link:
        for statement in ("alter role app_b login password 'x'", "select magistrate.renew_login('app_b', 'plain')"):
            with pytest.raises(psycopg.Error):
                link.execute(statement.encode())
    dead = credential
    with pytest.raises((Refused, Unavailable)):
        store.renew(dead, NEW)
    assert store.logins().open == {"app_a"}


@pytest.mark.parametrize("user", [ISSUER, "app_a"])
def test_neither_the_issuing_role_nor_the_application_may_call_the_functions(executor: Executor, user: str) -> None:
    """The root performs no effect by itself, and an application that was broken into cannot lock itself in (R50)."""
    with executor.shop.connected() as link:
        link.execute(sql.SQL("set session authorization {}").format(sql.Identifier(user)))
        for statement in ("select magistrate.end_login('app_b')", "select magistrate.renew_login('app_b', 'x')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(statement.encode())


def test_a_login_that_is_let_in_without_a_password_is_found_alive(executor: Executor) -> None:
    store = of(executor)
    hba = executor.shop.server.folder / "data" / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text("local all app_a trust\n" + before)
    try:
        executor.shop.sql("select pg_reload_conf()")
        guess = NewSecret(login="app_a", password="plainly-fake-guess")
        assert store.opens(guess).held
        with leased(executor) as credential:
            store.end(credential, "app_a")
        assert (store.opens(guess).held, store.logins().open) == (False, frozenset())
    finally:
        hba.write_text(before)
        executor.shop.sql("select pg_reload_conf()")


def test_a_server_that_is_silent_refused_nobody(executor: Executor) -> None:
    place = executor.shop.place(host=str(executor.home))
    store = PostgresLogins(place, ("app_a", "app_b"), executor.roles, executor.clock)
    with pytest.raises(Unavailable):
        store.opens(OLD)
    with pytest.raises(Unavailable):
        store.logins()


@pytest.mark.parametrize("names", [("app_a",), ("app_a", "app_a"), ("app_a", ISSUER), ("app_a", GROUP), ("app_a", "app_b", "app_c"), ("app_a", "")])  # fmt: skip
def test_settings_that_name_no_two_logins_are_refused(executor: Executor, names: tuple[str, ...]) -> None:
    with pytest.raises(Usage) as wrong:
        of(executor, *names)
    assert wrong.value.code == "MAG-E412"


def test_logins_that_are_not_there_or_are_superuser_are_refused(executor: Executor) -> None:
    with pytest.raises(Refused) as refused:
        of(executor, "app_a", "app_none").logins()
    assert refused.value.code == "MAG-E405"
    executor.shop.sql("alter role app_b superuser")
    try:
        with pytest.raises(Refused):
            of(executor).logins()
    finally:
        executor.shop.sql("alter role app_b nosuperuser")
