"""PostgreSQL under the store: what its URL may say, who comes first, and a server that goes away."""

import sys

import pytest
from world.casework import CaseWorld
from world.deployment import make_deployment
from world.postgres import PostgresServer, postgres  # noqa: F401  a fixture
from world.stores import opened

from magistrate.adapters.stores.engine import engine_name, migrate, open_engine, try_engine
from magistrate.domain.events import Event
from magistrate.errors import Unavailable, Usage
from magistrate.settings import load_settings, settings_text

SECRET = "plainly-fake-password"


@pytest.fixture
def url(postgres):  # noqa: F811
    return postgres.database()


@pytest.fixture
def own_server():
    server = PostgresServer()
    yield server
    server.remove()


@pytest.mark.requirement("R2")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"postgresql://magistrate:{SECRET}@localhost/store", "holds a password"),
        (f"postgresql://localhost/store?password={SECRET}", "says `password`"),
        (f"mysql://{SECRET}@localhost/store", "does not begin with"),
        (f"postgresql+psycopg2://{SECRET}@localhost/store", "does not begin with"),
        (f"{SECRET}", "cannot be read"),
        (f"postgresql://localhost:{SECRET}/store", "cannot be read"),
        ("postgresql://localhost", "names no database"),
        ("postgresql://localhost/store?options=-c%20synchronous_commit%3Doff", "says `options`"),
        ("postgresql://localhost/store?service=elsewhere", "says `service`"),
        ("postgresql://localhost/store?host=/run/a&host=/run/b", "word twice"),
        ("postgresql://db.example.invalid/store", "needs `sslmode=verify-full`"),
        ("postgresql:///store?host=db.example.invalid&sslmode=require", "needs `sslmode=verify-full`"),
        ("postgresql://localhost/store?host=db.example.invalid", "needs `sslmode=verify-full`"),
    ],
)
def test_a_url_that_is_not_acceptable_is_refused_and_not_repeated(text, said):
    with pytest.raises(Usage, match=said) as refused:
        open_engine(text)
    assert refused.value.code == "MAG-E444"
    assert SECRET not in f"{refused.value.message} {refused.value.hint} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("postgresql:///store?host=/run/postgresql", "postgresql, database store at /run/postgresql"),
        ("postgres://someone@localhost:5433/store", "postgresql, database store at localhost"),
        (
            "postgresql://someone@db.example.invalid/store?sslmode=verify-full&passfile=/nowhere/passfile",
            "postgresql, database store at db.example.invalid",
        ),
    ],
)
def test_an_acceptable_url_is_named_without_its_user_and_files(text, name):
    open_engine(text).dispose()
    assert engine_name(text) == name


def test_settings_say_where_the_store_is(tmp_path):
    home = make_deployment(tmp_path / "home").home
    assert load_settings(home).store == home / "control" / "store.db"
    with (home / "magistrate.toml").open("a") as out:
        out.write('[store]\nurl = "postgresql:///store?host=/run/postgresql"\n')
    settings = load_settings(home)
    assert settings.store == "postgresql:///store?host=/run/postgresql"
    (home / "magistrate.toml").write_text(settings_text(settings))
    assert load_settings(home) == settings


@pytest.mark.parametrize("act", [try_engine, lambda where: migrate(open_engine(where))])
def test_a_server_that_is_not_there_is_named(tmp_path, act):
    with pytest.raises(Unavailable, match="does not answer") as refused:
        act(f"postgresql:///store?host={tmp_path}")
    assert refused.value.code == "MAG-E446"
    assert "[store]" in refused.value.hint


def test_a_database_that_is_not_there_is_named(postgres):  # noqa: F811
    with pytest.raises(Unavailable, match='database "absent" does not exist') as refused:
        try_engine(postgres.url("absent"))
    assert refused.value.code == "MAG-E446"


def test_without_its_driver_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match="needs the package `psycopg`") as refused:
        open_engine("postgresql:///store?host=/run/postgresql")
    assert refused.value.code == "MAG-E445"


@pytest.mark.slow
@pytest.mark.requirement("R2")
def test_a_password_comes_from_a_file_for_controls_user_only(own_server, tmp_path):
    url, passfile = own_server.database(), tmp_path / "passfile"
    own_server.demand_password(SECRET)
    with pytest.raises(Unavailable, match="no password supplied"):
        try_engine(url)
    passfile.touch(mode=0o600)
    for password, said in (("wrong", "password authentication failed"), (SECRET, "")):
        passfile.write_text(f"*:*:*:*:{password}\n")
        if said:
            with pytest.raises(Unavailable, match=said) as refused:
                try_engine(f"{url}&passfile={passfile}")
            assert password not in refused.value.message
        else:
            try_engine(f"{url}&passfile={passfile}")
    passfile.chmod(0o644)
    with pytest.raises(Unavailable, match="no password supplied"):
        try_engine(f"{url}&passfile={passfile}")


@pytest.mark.requirement("R62")
def test_a_server_that_may_lose_what_it_confirmed_is_refused(own_server):
    url = own_server.database()
    own_server.sql("ALTER SYSTEM SET fsync = off")
    own_server.sql("SELECT pg_reload_conf()")
    engine = open_engine(url)
    with pytest.raises(Unavailable, match="has fsync `off`"):
        _until_refused(engine)
    engine.dispose()


@pytest.mark.slow
@pytest.mark.requirement("R62")
def test_a_server_that_goes_away_stops_recording_and_comes_back(own_server, tmp_path):
    world = CaseWorld(tmp_path, store=own_server.database())
    own_server.stop()

    def note(number):
        with world.store.transaction() as unit:
            return unit.append(Event.FREEZE_SET, "freeze", {"n": str(number)}, now=number).seq

    with pytest.raises(Unavailable) as refused:
        note(1)
    assert refused.value.code == "MAG-E443"
    with pytest.raises(Unavailable):
        world.store.seal()
    own_server.start()
    assert note(2) == 0
    world.store.seal()
    world.store.check()
    world.store.close()


@pytest.mark.requirement("R62")
def test_who_goes_around_the_store_waits_for_the_writer_too(url):
    """The lock is taken by the database itself, so that no other program makes an index twice."""
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    insert = "INSERT INTO log_entry VALUES (%s, %s, %s)"
    with opened(url) as one, opened(url) as other:
        one.execute("BEGIN")
        one.execute(insert, (0, b"a", b"a"))
        other.execute("SET lock_timeout = '200ms'")
        for seq in (0, 1):
            with pytest.raises(other.OperationalError, match="lock timeout"):
                other.execute(insert, (seq, b"b", b"b"))
        one.execute("COMMIT")
        with pytest.raises(other.IntegrityError, match="rows of record"):
            other.execute(insert, (0, b"b", b"b"))
        other.execute(insert, (1, b"b", b"b"))


@pytest.mark.requirement("R13")
def test_a_table_of_the_same_name_elsewhere_deceives_no_trigger(url):
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    with opened(url) as rows:
        rows.execute("CREATE TEMPORARY TABLE log_entry (seq bigint)")
        rows.execute("INSERT INTO pg_temp.log_entry VALUES (41)")
        with pytest.raises(rows.IntegrityError, match="rows of record"):
            rows.execute("INSERT INTO public.log_entry VALUES (42, 'a', 'a')")


def _until_refused(engine):
    for _ in range(100):
        migrate(engine)
        engine.dispose()
