"""The reader of SQL against a real PostgreSQL: random histories of roles and rights, and the same answers.

Each history is applied to a database of its own, statement by statement as a superuser; what the
server refuses it refuses as a whole, and the reader must leave it without effect too. Then the
`has_..._privilege` functions, memberships, owners and the rows that policies leave are compared.
"""

import random
from collections.abc import Iterator

import pytest
from world.postgres import PostgresServer

from magistrate.impact.privilege.domains.sql import READER
from magistrate.impact.privilege.domains.sql_catalogue import Catalogue, Thing
from magistrate.impact.privilege.domains.sql_replay import Replay
from magistrate.impact.privilege.engine import Turn, delta

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R28")]

HISTORIES = 24
STATEMENTS = 60
ROLES = [f"mag_r{number}" for number in range(6)]
TABLES = ["public.t0", "public.t1", "s.t2", "s.t3"]
COLUMNS = ["a", "b"]
TABLE_PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
COLUMN_PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "REFERENCES"]
BASE = [
    "CREATE SCHEMA s",
    *(f"CREATE TABLE {table} (a int, b int)" for table in TABLES),
    "CREATE SEQUENCE s.q",
    "CREATE FUNCTION s.f(n integer, text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION s.d() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$",
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    found = PostgresServer()
    yield found
    found.remove()


def _privileges(dice: random.Random, kinds: list[str]) -> str:
    if dice.random() < 0.2:
        return "ALL" + dice.choice(["", " PRIVILEGES"])
    return ", ".join(dice.sample(kinds, dice.randint(1, 2)))


def _object(dice: random.Random) -> str:
    """What a statement is about: privileges and the object that they are on."""
    way = dice.random()
    if way < 0.40:
        return f"{_privileges(dice, TABLE_PRIVILEGES)} ON {dice.choice(['', 'TABLE '])}{dice.choice(TABLES)}"
    if way < 0.55:
        named = ", ".join(dice.sample(COLUMNS, dice.randint(1, 2)))
        return f"{dice.choice([*COLUMN_PRIVILEGES, 'ALL'])} ({named}) ON {dice.choice(TABLES)}"
    if way < 0.65:
        return f"{_privileges(dice, ['USAGE', 'CREATE'])} ON SCHEMA s"
    if way < 0.72:
        return f"{_privileges(dice, ['USAGE', 'SELECT', 'UPDATE'])} ON SEQUENCE s.q"
    if way < 0.86:
        return f"{dice.choice(['EXECUTE', 'ALL'])} ON {dice.choice(['FUNCTION s.f(int, text)', 'FUNCTION s.d()', 'FUNCTION s.d'])}"
    kind = dice.choice(["TABLES", "SEQUENCES", "FUNCTIONS"])
    return f"ALL ON ALL {kind} IN SCHEMA s"


def _statement(dice: random.Random, at: int) -> str:
    one, other = dice.sample(ROLES, 2)
    who = dice.choice([one, one, one, f"{one}, {other}", "PUBLIC"])
    ways = [
        lambda: f"GRANT {_object(dice)} TO {who}{dice.choice(['', '', ' WITH GRANT OPTION'])}",
        lambda: f"GRANT {_object(dice)} TO {who}",
        lambda: f"REVOKE {dice.choice(['', '', 'GRANT OPTION FOR '])}{_object(dice)} FROM {who}{dice.choice(['', ' CASCADE'])}",
        lambda: f"GRANT {one} TO {other}{dice.choice(['', '', ' WITH ADMIN OPTION', ' WITH INHERIT FALSE', ' WITH SET FALSE', ' WITH INHERIT TRUE, SET FALSE'])}",
        lambda: f"REVOKE {dice.choice(['', '', 'ADMIN OPTION FOR ', 'INHERIT OPTION FOR ', 'SET OPTION FOR '])}{one} FROM {other}",
        lambda: f"ALTER ROLE {one} {dice.choice(['NOINHERIT', 'INHERIT', 'CREATEROLE', 'NOCREATEROLE', 'BYPASSRLS', 'NOBYPASSRLS', 'LOGIN'])}",
        lambda: f"ALTER TABLE {dice.choice(TABLES)} OWNER TO {one}",
        lambda: f"ALTER FUNCTION s.d() OWNER TO {one}",
        lambda: f"REASSIGN OWNED BY {one} TO {other}",
        lambda: f"DROP OWNED BY {one} RESTRICT" if dice.random() < 0.2 else f"GRANT {one} TO {other}",
        lambda: f"ALTER DEFAULT PRIVILEGES {dice.choice(['', 'IN SCHEMA s '])}GRANT {dice.choice(['SELECT', 'ALL'])} ON TABLES TO {who}",
        lambda: f"ALTER DEFAULT PRIVILEGES {dice.choice(['', 'IN SCHEMA s '])}REVOKE ALL ON {dice.choice(['TABLES', 'FUNCTIONS'])} FROM {who}",
        lambda: f"CREATE TABLE s.n{at} (a int, b int)",
        lambda: f"CREATE FUNCTION s.m{at}() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        lambda: f"SET ROLE {one}" if dice.random() < 0.5 else "RESET ROLE",
    ]  # fmt: skip
    return dice.choice(ways)()


def _history(dice: random.Random) -> Iterator[str]:
    """Statements, with the role set back soon after it was set."""
    for at in range(STATEMENTS):
        if at % 6 == 5:
            yield "RESET ROLE"
        yield _statement(dice, at)


def _applied(link, statement: str) -> bool:
    import psycopg

    try:
        link.execute(statement.encode())
    except psycopg.Error:
        return False
    return True


def _world(server: PostgresServer, name: str):
    import psycopg

    server.sql(f"CREATE DATABASE {name}")
    for role in ROLES:
        server.sql(f"CREATE ROLE {role}")
    return psycopg.connect(host=str(server.folder), user="magistrate", dbname=name, autocommit=True)


def _removed(server: PostgresServer, name: str) -> None:
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")
    for role in ROLES:
        server.sql(f"DROP ROLE IF EXISTS {role}")


def _asked(link, thing: Thing, role: str) -> Iterator[tuple[str, str, bool]]:
    """What the server says of one role and one object."""
    schema, name = thing.name
    full = f"{schema}.{name}" if schema else name
    kinds = {
        "table": ("table", TABLE_PRIVILEGES),
        "sequence": ("sequence", ["USAGE", "SELECT", "UPDATE"]),
        "function": ("function", ["EXECUTE"]),
        "schema": ("schema", ["USAGE", "CREATE"]),
    }
    word, privileges = kinds[thing.kind]
    for privilege in privileges:
        (held,) = link.execute(f"SELECT has_{word}_privilege(%s, %s, %s)", (role, full, privilege)).fetchone()
        yield privilege.lower(), "", held
    if thing.kind == "table":
        for column in COLUMNS:
            for privilege in COLUMN_PRIVILEGES:
                (held,) = link.execute(
                    "SELECT has_column_privilege(%s, %s, %s, %s)", (role, full, column, privilege)
                ).fetchone()
                yield privilege.lower(), column, held


def _compare(link, catalogue: Catalogue, told: str) -> int:
    link.execute("RESET ROLE")
    count = 0
    for thing in catalogue.things.values():
        if thing.kind == "schema" and thing.name[1] == "public":
            continue
        for role in ROLES:
            for privilege, column, held in _asked(link, thing, role):
                mine = catalogue.holds(role, thing, privilege, column)
                assert mine == held, (
                    f"{role} {privilege} {column} on {thing.name}: server {held}, reader {mine}\n{told}"
                )
                count += 1
    for one in ROLES:
        for other in ROLES:
            (usage, may_set) = link.execute(
                "SELECT pg_has_role(%s, %s, 'USAGE'), pg_has_role(%s, %s, 'SET')", (one, other, one, other)
            ).fetchone()
            assert (other in catalogue.reaches(one)) == usage, f"{one} uses {other}: server {usage}\n{told}"
            assert (other in catalogue.reaches(one, how="set")) == may_set, (
                f"{one} sets {other}: server {may_set}\n{told}"
            )
            count += 2
    return count


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_random_history_leaves_the_rights_that_the_server_tells(server, seed):
    dice = random.Random(seed)
    name = f"rights_{seed}"
    link = _world(server, name)
    replay = Replay()
    done: list[str] = []
    try:
        replay.run(";\n".join(f"CREATE ROLE {role}" for role in ROLES), "roles.sql")
        for at, statement in enumerate([*BASE, *_history(dice)]):
            held = replay.catalogue.user, replay.catalogue.path
            accepted = _applied(link, statement)
            done.append(("" if accepted else "-- refused: ") + statement)
            if accepted:
                replay.run(statement, f"{at:03}.sql")
                if statement.startswith("SET ROLE"):
                    replay.catalogue.user = statement.split()[-1]
                elif statement != "RESET ROLE":
                    replay.catalogue.user, replay.catalogue.path = held
        assert replay.unknown == []
        assert _compare(link, replay.catalogue, ";\n".join(done)) >= 300
    finally:
        link.close()
        _removed(server, name)


ROWS = [(number, owner) for number in range(3) for owner in ("mag_r0", "mag_r1", "x")]
TESTS = [
    "own = current_user",
    "n = 0",
    "n > 0 AND own = current_user",
    "n = 1 OR own = 'x'",
    "NOT n = 2",
    "true",
    "(n = 0)",
]


def _policies(dice: random.Random) -> list[str]:
    made = ["GRANT SELECT ON t TO mag_r0, mag_r1", "GRANT mag_r1 TO mag_r2"]
    for at in range(dice.randint(0, 4)):
        kind = dice.choice(["", "AS RESTRICTIVE "])
        to = dice.choice(["", "TO mag_r0 ", "TO mag_r1 ", "TO PUBLIC "])
        made.append(
            f"CREATE POLICY p{at} ON t {kind}{dice.choice(['', 'FOR SELECT '])}{to}USING ({dice.choice(TESTS)})"
        )
    if dice.random() < 0.8:
        made.append("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    made += dice.sample(
        ["ALTER ROLE mag_r0 BYPASSRLS", "DROP POLICY IF EXISTS p0 ON t", "ALTER TABLE t OWNER TO mag_r1"],
        dice.randint(0, 1),
    )
    return made


def _seen(server: PostgresServer, name: str, statements: list[str]) -> dict[str, set]:
    link = _world(server, name)
    try:
        link.execute(b"CREATE TABLE t(n int, own text)")
        for row in ROWS:
            link.execute("INSERT INTO t VALUES (%s, %s)", row)
        for statement in statements:
            link.execute(statement.encode())
        seen = {}
        for role in ROLES[:3]:
            link.execute(f"SET ROLE {role}".encode())
            may = link.execute("SELECT has_table_privilege('t', 'SELECT')").fetchone()[0]
            seen[role] = set(link.execute("SELECT n, own FROM t").fetchall()) if may else set()
            link.execute(b"RESET ROLE")
        return seen
    finally:
        link.close()
        _removed(server, name)


def _read(statements: list[str]):
    roles = [f"CREATE ROLE {role} LOGIN" for role in ROLES]  # what nobody can become would be latent
    return READER.grants({"m/1.sql": ";".join([*roles, "CREATE TABLE t(n int, own text)", *statements])})


@pytest.mark.parametrize("seed", range(20))
def test_rows_that_a_role_sees_only_after_a_change_are_a_gain(server, seed):
    dice = random.Random(1000 + seed)
    before, after = _policies(dice), _policies(dice)
    old, new = _seen(server, f"rows_{seed}_a", before), _seen(server, f"rows_{seed}_b", after)
    found = {change.turn for change in delta(_read(before), _read(after))}
    told = f"before: {before}\nafter: {after}\nrows: {old} -> {new}"
    if any(new[role] - old[role] for role in new):
        assert Turn.GAINS in found, told
    if any(old[role] - new[role] for role in old):
        assert Turn.LOSES in found, told
