"""A shop's database on a real server, with a group that may set one column, an issuing role, and hands over a journal."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paths import ROOT
from psycopg import sql
from world.executing import Alarms
from world.postgres import USER, PostgresServer

from magistrate.bootstrap.executor import SystemClock
from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.executor.casebook import Casebook
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.executor.credentials.postgres_role import PostgresRoles
from magistrate.executor.foreign import ForeignLeases
from magistrate.executor.hands import Act, Hands
from magistrate.executor.identity import Identity
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.mints import Mints
from magistrate.executor.ports import Credential
from magistrate.wire.canonical import digest
from magistrate.wire.envelope import Envelope
from magistrate.wire.lease import LEASE_SECONDS, Lease

LOGGED = """
log_statement = 'all'
log_min_duration_statement = 0
log_connections = on
fsync = off
"""
ISSUER_PASSWORD = "plainly-fake-issuer"
SYSTEM, GROUP, ISSUER, DATABASE = "shop-db", "app_fix", "magistrate_issuer", "shop"
NAME = "leases-town"
LOGINS = ("app_a", "app_b")


class Shop:
    """One server with the shop's database; `sql` speaks as its superuser."""

    def __init__(self, programs: Path | None, more: str = "") -> None:
        self.server = PostgresServer(programs, LOGGED + more)
        try:
            self._make()
        except BaseException:
            self.server.remove()
            raise

    def _make(self) -> None:
        folder = self.server.folder
        for statement in (
            f"create database {DATABASE}",
            f"create role {ISSUER} login createrole password '{ISSUER_PASSWORD}' in role pg_signal_backend",
            f"create role {GROUP} nologin",
            "revoke connect on database postgres, template1 from public",
        ):
            self.sql(statement, "postgres")
        if self.version >= 160000:
            self.sql(f"grant {GROUP} to {ISSUER} with admin option, inherit false, set false")
        self.sql("create table price(item text primary key, cents int not null, owner text not null default 'shop')")
        self.sql("create table customer(name text)")
        self.sql("insert into price values ('tea', 300), ('cup', 900)")
        self.sql(f"grant select, update (cents) on price to {GROUP}")
        (folder / "data" / "pg_hba.conf").write_text(f"local all {USER} trust\nlocal all all scram-sha-256\n")
        self.sql("select pg_reload_conf()")
        self.passfile = folder / "issuer.pgpass"
        self.passfile.write_text(f"*:*:{DATABASE}:{ISSUER}:{ISSUER_PASSWORD}\n")
        self.passfile.chmod(0o600)

    @property
    def version(self) -> int:
        with self.connected() as link:
            return link.info.server_version

    @contextmanager
    def connected(self, user: str = USER, **more: Any):
        given = {"host": str(self.server.folder), "dbname": DATABASE, "user": user, **more}
        with psycopg.connect(**given, autocommit=True) as link:
            yield link

    def sql(self, statement: str, database: str = DATABASE, *values: Any) -> list[tuple[Any, ...]]:
        with self.connected(dbname=database) as link:
            done = link.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def roles(self) -> list[str]:
        return [
            name for (name,) in self.sql("select rolname from pg_roles where starts_with(rolname, 'lease') order by 1")
        ]

    def drop_leases(self) -> None:
        """Whatever a test left behind, also one of another kind."""
        for name in self.roles():
            with self.connected() as link:
                role = sql.Identifier(name)
                link.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (name,))
                link.execute(sql.SQL("reassign owned by {} to {}").format(role, sql.Identifier(USER)))
                link.execute(sql.SQL("drop owned by {}").format(role))
                link.execute(sql.SQL("drop role {}").format(role))

    def log(self) -> str:
        return (self.server.folder / "server.log").read_text(errors="replace")

    def make_logins(self) -> None:
        """The two logins of a secret, neither let in yet, and the functions of docs/rotate.md, as a superuser runs them."""
        page = (ROOT / "docs" / "rotate.md").read_text()
        (block,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
        for name in LOGINS:
            self.sql(f"create role {name} nologin")
        for statement in re.split(r";\n(?=   (?:create|alter|revoke|grant)|\Z|   $)", block):
            if statement.strip():
                self.sql(statement.strip())
        if self.version >= 160000:
            self.sql(f"grant {', '.join(LOGINS)} to magistrate_rotator with admin option, inherit false, set false")

    def settings(self, name: str, **lists: Sequence[str]) -> str:
        """What magistrate.toml says of it, as `[system.NAME]`."""
        more = "".join(f"{key} = {json.dumps(list(names))}\n" for key, names in lists.items())
        return (
            f'\n[system.{name}]\nhost = "{self.server.folder}"\ndatabase = "{DATABASE}"\nissuer = "{ISSUER}"\n'
            f'group = "{GROUP}"\npassfile = "{self.passfile}"\n{more}'
        )

    def place(self, **changes: Any) -> PostgresPlace:
        given = {
            "system": SYSTEM, "host": str(self.server.folder), "database": DATABASE, "issuer": ISSUER, "group": GROUP,
            "passfile": self.passfile,
        }  # fmt: skip
        return PostgresPlace(**{**given, **changes})


class Executor:
    """Hands over a journal of its own, with the broker of a shop as their mint."""

    def __init__(self, shop: Shop, home: Path, *, key: Ed25519PrivateKey | None = None, fellows: Any = (), **changes: Any) -> None:  # fmt: skip
        self.shop, self.home = shop, home
        self.identity = Identity(key or Ed25519PrivateKey.generate(), deployment=NAME)
        self.clock, self.alarm = SystemClock(), Alarms()
        self.fellows = fellows
        self.roles = PostgresRoles(
            shop.place(**changes), identity=self.identity, clock=self.clock,
            executors=lambda: {self.identity.keyid, *(one.identity.keyid for one in self.fellows)},
        )  # fmt: skip
        self.warrant = self.envelope(SYSTEM, "0" * 64)
        self.bundle: Any = SimpleNamespace(warrant=self.warrant)

    def open(self) -> Executor:
        self.journal = Journal(self.home / "journal.db", self.identity, self.clock)
        self.book = Casebook(self.journal)
        self.hands = Hands(
            book=self.book, identity=self.identity, mints=Mints(self.roles, {}), clock=self.clock, alarm=self.alarm
        )
        self.foreign = ForeignLeases(
            book=self.book, mints=Mints(self.roles, {}), alarm=self.alarm, identity=self.identity
        )
        return self

    def close(self) -> None:
        self.journal.close()

    def envelope(
        self, system: str = SYSTEM, warrant: str = "", *, lifetime: int = LEASE_SECONDS, ago: int = 0
    ) -> Envelope:
        body = Lease(
            warrant=f"sha256:{warrant}" if warrant else self.warrant.payload_digest(), proposal=digest(b"proposal"),
            purpose=LeasePurpose.EFFECT, state=LeaseState.REQUESTED, repository=system, ref="entitlement", old="0" * 40,
            commit="1" * 40, tree="2" * 40, reason="set the price of tea",
        )  # fmt: skip
        return self.identity.seal(self.identity.frame(body, "lse", now=self.clock.now() - ago, lifetime=lifetime))

    def mint(self, envelope: Envelope | None = None) -> Credential:
        return self.roles.request(self.bundle, envelope or self.envelope(), ())

    def act(self) -> Act:
        return Act(
            execution=WORLD, warrant_digest=self.warrant.payload_digest(), proposal=digest(b"proposal"),
            purpose=LeasePurpose.EFFECT, repository=SYSTEM, ref="entitlement", old="0" * 40, new="1" * 40,
            tree="2" * 40, reason="set the price of tea", mint=self.mint,
        )  # fmt: skip

    def sweep(self) -> None:
        """What the executor does first after a crash: end every open lease, then compare the lists."""
        for row in self.hands.open_leases():
            self.hands.release(row, None)
        self.foreign.reconcile()


def login(credential: Credential, **more: Any) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(credential.address, password=credential.token, autocommit=True, **more)


def logs_in(credential: Credential) -> bool:
    try:
        login(credential).close()
    except psycopg.OperationalError:
        return False
    return True


def random_lease() -> str:
    return "lse-" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))
