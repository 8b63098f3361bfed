"""The executor's journal on PostgreSQL: what its place may be, and a server or connection that goes away."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from world.deployment import make_deployment
from world.executing import World
from world.journals import around
from world.postgres import PostgresServer, postgres  # noqa: F401  a fixture

from magistrate.adapters.standing.search import Issued, Search
from magistrate.bootstrap import standing
from magistrate.bootstrap.executor_journal import (
    journal_name,
    journal_of,
    note_journal,
    try_journal,
    verify_same_journal,
)
from magistrate.errors import MagistrateError, Refused, Unavailable, Usage
from magistrate.executor import journal_postgres
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.settings import load_settings, settings_text
from magistrate.wire.journal_entry import StepStatus

SECRET = "plainly-fake-password"


@pytest.fixture
def place(postgres: Any) -> JournalPlace:  # noqa: F811
    return JournalPlace(url=postgres.database())


@pytest.fixture(scope="module")
def own_server() -> Any:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def own(own_server: PostgresServer, tmp_path: Path) -> Any:
    """A world whose journal is on a server that may be stopped."""
    own_server.start_again()
    world = World(tmp_path / "home", where=JournalPlace(url=own_server.database()))
    yield world
    if world.journal is not None:
        world.journal.close()


def note(world: World) -> None:
    assert world.journal is not None
    world.journal.write("executor", "note", StepStatus.DONE, {})


# the place


@pytest.mark.requirement("R2")
@pytest.mark.parametrize(("url", "said"), [
    (f"postgresql://magistrate:{SECRET}@localhost/j", "holds a password"),
    (f"postgresql://localhost/j?password={SECRET}", "holds a password"),
    (f"mysql://{SECRET}@localhost/j", "does not begin with"),
    (f"{SECRET}", "does not begin with"),
    (f"postgresql://localhost/j?{SECRET}", "cannot be read"),
    ("postgresql://localhost", "names no database"),
    ("postgresql://localhost/j?options=-c%20synchronous_commit%3Doff", "says `options`"),
    ("postgresql://localhost/j?service=elsewhere", "says `service`"),
    ("postgresql://localhost/j?hostaddr=192.0.2.1", "says `hostaddr`"),
    ("postgresql://one,two/j", "names neither one host"),
    ("postgresql://db.example.invalid/j", "needs `sslmode=verify-full`"),
    ("postgresql://localhost/j?host=db.example.invalid&sslmode=require", "needs `sslmode=verify-full`"),
])  # fmt: skip
def test_a_url_that_is_not_acceptable_is_refused_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(Usage, match=said) as refused:
        JournalPlace(url=url).words()
    assert refused.value.code == "MAG-E406"
    assert SECRET not in f"{refused.value.message} {refused.value.hint} {refused.value.__cause__}"


@pytest.mark.parametrize(
    "schema", ["public", "pg_temp", "information_schema", "", "Ab", "a b", 'a"b', "a,public", "a" * 64]
)
def test_a_schema_that_others_use_or_that_says_more_is_refused(schema: str) -> None:
    with pytest.raises(Usage, match="no schema for a journal"):
        JournalPlace(url="postgresql:///j", schema=schema)


@pytest.mark.requirement("R2")
def test_the_environment_leads_nowhere_else(place: JournalPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=public -c synchronous_commit=off")
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("PGDATABASE", "absent")
    monkeypatch.setenv("PGSSLMODE", "disable")
    try_journal(place)


def test_settings_say_where_the_journal_is(tmp_path: Path) -> None:
    home = make_deployment(tmp_path / "home").home
    assert journal_of(load_settings(home)) == home / "executor" / "journal.db"
    toml = home / "magistrate.toml"
    text = toml.read_text()
    toml.write_text(f'{text}[journal]\nurl = "postgresql:///j?host=/run/pg&passfile=/x"\nschema = "executor_b"\n')
    settings = load_settings(home)
    assert journal_of(settings) == JournalPlace(url="postgresql:///j?host=/run/pg&passfile=/x", schema="executor_b")
    assert journal_name(settings) == "postgresql, database j at /run/pg, schema executor_b"
    toml.write_text(settings_text(settings))
    assert load_settings(home) == settings
    toml.write_text(f'{text}[journal]\nschema = "executor_b"\n')
    with pytest.raises(Usage, match="say `url` too"):
        load_settings(home)


@pytest.mark.requirement("R56")
def test_a_journal_is_not_begun_anew_by_a_changed_setting(tmp_path: Path) -> None:
    """A new journal knows no used warrant, no halted ref, no drill."""
    file, here = tmp_path / "executor" / "journal.db", JournalPlace(url="postgresql:///j?host=/run/pg")
    other = JournalPlace(url="postgresql:///j?host=/run/pg", schema="other")
    for where in (file, here, other):
        verify_same_journal(tmp_path, where)
    note_journal(tmp_path, here)
    verify_same_journal(tmp_path, here)
    for where in (file, other):
        with pytest.raises(
            Refused, match="was in postgresql, database j at /run/pg, schema magistrate_executor"
        ) as refused:
            verify_same_journal(tmp_path, where)
        assert refused.value.code == "MAG-E407"
    (tmp_path / "executor" / "journal.place").unlink()
    file.touch()
    verify_same_journal(tmp_path, file)
    with pytest.raises(Refused, match="was in sqlite"):
        verify_same_journal(tmp_path, here)


def test_without_its_driver_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match="needs the package `psycopg`") as refused:
        JournalPlace(url="postgresql:///j").words()
    assert refused.value.code == "MAG-E414"


# what is looked at from outside


@pytest.mark.requirement("R50", "R51")
def test_the_scan_searches_a_journal_on_postgresql_too(place: JournalPlace, tmp_path: Path) -> None:
    """A token that stands in it is found, a lease that nothing justifies is told, and silence is a gap."""
    world = World(tmp_path / "home", where=place)
    world.executor().tick()
    assert world.journal is not None
    token = secrets.token_urlsafe(32)
    world.journal.rows.execute("insert into pins(name, value) values (?, 1)", (token,))
    with around(place) as link:
        link.execute("alter table leases disable trigger leases_have_executions")
        link.execute(
            "insert into leases(lease, execution, purpose, state, warrant_digest, proposal, repository, ref, old, new, reason,"
            " expires, envelope) values ('lse-x', 'wrt-x', '', 'requested', '', '', '', '', '', '', '', '', '')"
        )
    world.journal.close()
    known = {hashlib.sha256(token.encode()).hexdigest(): Issued(lease="lse-y", repository="shop", usable=True)}
    (world.home / "magistrate.toml").write_text(
        f'version = 1\ndeployment = "testing"\nmode = "team"\n[journal]\nurl = "{place.url}"\n'
    )
    settings = load_settings(world.home)
    search = Search(issued=known, asks=lambda token, repository: True)
    assert standing._search_journal(search, settings) == (f"lse-x in {place}",)
    assert [where for where, _ in search.usable] == ["journal, table pins"]
    assert not search.unsearched
    (world.home / "magistrate.toml").write_text(
        f'version = 1\ndeployment = "testing"\nmode = "team"\n[journal]\nurl = "postgresql:///j?host={tmp_path}"\n'
    )
    blind = Search(issued=known, asks=lambda token, repository: True)
    assert standing._search_journal(blind, load_settings(world.home)) == ()
    assert [where for where, _ in blind.unsearched] == ["the executor's journal"]


# the server


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = JournalPlace(url=f"postgresql:///j?host={tmp_path}")
    world = World(tmp_path / "home", where=place)
    for act in (world.open, lambda: try_journal(place)):
        with pytest.raises(Unavailable, match="cannot be used") as refused:
            act()
        assert refused.value.code == "MAG-E384"
        assert "[journal]" in refused.value.hint


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("how", ["fsync = off", "synchronous_commit = off"])
def test_a_server_that_may_lose_what_it_confirmed_is_refused(own: World, own_server: PostgresServer, how: str) -> None:
    """fsync is the server's; synchronous_commit is set by the session, and stays on whatever the server says."""
    own_server.sql(f"ALTER SYSTEM SET {how}")
    own_server.start_again(anyway=True)
    try:
        if how == "fsync = off":
            with pytest.raises(Unavailable, match="has fsync `off`"):
                own.open()
        else:
            assert own.open().rows.execute("show synchronous_commit").fetchone() == ("on",)
    finally:
        own_server.sql("ALTER SYSTEM RESET ALL")
        own_server.start_again(anyway=True)


class Pooler:
    """Stands before a server and gives another process id out, as a pooler does for the sessions that it shares."""

    def __init__(self, folder: Path, behind: Path) -> None:
        self._behind = str(behind / ".s.PGSQL.5432")
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen()
        self._open: list[socket.socket] = []
        self.url = f"?host={folder}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._behind)
            self._open += [client, server]
            threading.Thread(target=self._copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, True), daemon=True).start()

    @staticmethod
    def _copy(one: socket.socket, other: socket.socket, lies: bool) -> None:
        head = b"K" + struct.pack("!i", 12)
        with contextlib.suppress(OSError):  # whichever side ends first
            while said := one.recv(65536):
                if lies and head in said:
                    at = said.index(head) + 5
                    said, lies = said[:at] + struct.pack("!i", 1) + said[at + 4 :], False
                other.sendall(said)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        for one in (self._door, *self._open):
            one.close()


@pytest.mark.requirement("R56")
def test_a_pooler_is_refused_since_two_could_share_a_session(postgres: Any, tmp_path: Path) -> None:  # noqa: F811
    url = postgres.database()
    pooler = Pooler(tmp_path, postgres.folder)
    try:
        place = JournalPlace(url=url.partition("?")[0] + pooler.url)
        with pytest.raises(Unavailable, match="a pooler stands before"):
            try_journal(place)
        with pytest.raises(Unavailable, match="a pooler stands before"):
            World(tmp_path / "home", where=place).open()
    finally:
        pooler.close()


# the connection


@pytest.mark.requirement("R53", "R56", "R62")
def test_a_lost_connection_stays_lost_until_the_next_round(own: World, own_server: PostgresServer) -> None:
    journal = own.open()
    note(own)
    own_server.stop()
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            note(own)
        assert refused.value.code == "MAG-E384"
    with pytest.raises(Unavailable):
        journal.resume()
    own_server.start()
    with pytest.raises(Unavailable, match="lost"):
        note(own)
    with pytest.raises(Unavailable, match="lost"):
        Casebook(journal).open_leases()
    journal.resume()
    note(own)
    assert journal.sequence == 2


@pytest.mark.requirement("R56", "R60")
def test_a_commit_that_was_kept_and_never_confirmed_is_found(own: World, own_server: PostgresServer) -> None:
    """The words of the server are lost after it has written: what it says later counts."""
    journal = own.open()
    note(own)
    rows: Any = journal.rows
    commit = rows._commit

    def kept_and_lost() -> None:
        commit()
        rows._link.close()
        raise Unavailable("MAG-E384", "no answer")

    rows._commit = kept_and_lost
    with pytest.raises(Unavailable):
        note(own)
    assert journal.sequence == 1
    rows._commit = commit
    journal.resume()
    assert journal.sequence == 2
    note(own)
    assert own.open().sequence == 3


@pytest.mark.requirement("R56", "R60")
def test_who_lost_the_journal_to_another_is_refused_then_goes_on_from_what_that_one_wrote(own: World) -> None:
    first = own.open()
    note(own)
    rows: Any = first.rows
    rows._link.close()  # its session is over, and it has not noticed
    second = Journal(own.where, own.identity, own.clock)
    second.write("executor", "note", StepStatus.DONE, {"by": "second"})
    with pytest.raises(Unavailable, match="lost"):
        note(own)
    with pytest.raises(Unavailable, match="another executor") as refused:
        first.resume()
    assert refused.value.code == "MAG-E383"
    second.close()
    first.resume()
    assert first.sequence == 2
    note(own)
    assert own.open().sequence == 3


@pytest.mark.requirement("R56", "R60", "R62")
@pytest.mark.parametrize("another", [False, True], ids=["gone", "another one in its place"])
def test_a_server_that_lost_what_it_confirmed_is_noticed_and_nothing_goes_on(own: World, another: bool) -> None:
    """As after a failover to a server that had not everything yet, on which another executor may have gone on."""
    loop = own.executor()
    assert own.journal is not None
    rows: Any = own.journal.rows
    rows._link.close()
    with around(own.where) as other:
        other.execute("alter table entries disable trigger entries_kept")
        other.execute("delete from entries where sequence = %s", (own.journal.sequence,))
    if another:
        second = Journal(own.where, own.identity, own.clock)
        second.write("executor", "note", StepStatus.DONE, {"by": "second"})
        second.close()
    for _ in range(2):
        with pytest.raises(Refused, match="no longer in the executor's journal") as refused:
            loop.tick()
        assert refused.value.code == "MAG-E382"
    assert not own.control.taken
    assert not own.gate.grants


@pytest.mark.requirement("R62")
def test_a_statement_that_failed_takes_its_whole_transaction_with_it(own: World) -> None:
    """PostgreSQL answers a commit of such a transaction with ROLLBACK, and no error."""
    journal = own.open()

    def also(rows: Any) -> None:
        with pytest.raises(Unavailable):
            rows.execute("insert into pins(name, value) values (null, 1)")

    with pytest.raises(Unavailable, match="not kept"):
        journal.write("executor", "note", StepStatus.DONE, {}, also)
    assert (journal.sequence, journal.head) == (0, None)
    note(own)
    assert own.open().sequence == 1


@pytest.mark.requirement("R53", "R62")
def test_a_server_that_stands_still_is_given_up(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_postgres, "SILENT_SECONDS", 0.2)
    journal = own.open()
    (pid,) = journal.rows.execute("select pg_backend_pid()").fetchone()
    os.kill(pid, signal.SIGSTOP)
    late = threading.Timer(20, os.kill, (pid, signal.SIGCONT))
    late.start()
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable) as refused:
            note(own)
        assert time.monotonic() - began < 15
        assert refused.value.code == "MAG-E384"
    finally:
        late.cancel()
        os.kill(pid, signal.SIGCONT)
    journal.resume()
    note(own)
    assert journal.sequence == 1


@pytest.mark.requirement("R56")
def test_a_session_that_has_just_ended_is_waited_for(own: World) -> None:
    """As after a kill -9: the server notices a moment later."""
    first = own.open()
    rows: Any = first.rows
    (pid,) = first.rows.execute("select pg_backend_pid()").fetchone()
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (pid, signal.SIGCONT)).start()
    rows._link.close()
    own.journal = None
    assert own.open().sequence == 0
    rows.close()


@pytest.mark.requirement("R2")
def test_a_password_comes_from_a_file_for_the_executors_user_only(tmp_path: Path) -> None:
    server = PostgresServer()
    try:
        url, passfile = server.database(), tmp_path / "passfile"
        server.demand_password(SECRET)
        passfile.touch(mode=0o600)
        passfile.write_text("*:*:*:*:wrong\n")
        with pytest.raises(MagistrateError, match="password authentication failed") as refused:
            try_journal(JournalPlace(url=f"{url}&passfile={passfile}"))
        assert "wrong" not in refused.value.message
        passfile.write_text(f"*:*:*:*:{SECRET}\n")
        try_journal(JournalPlace(url=f"{url}&passfile={passfile}"))
    finally:
        server.remove()
