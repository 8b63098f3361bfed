"""A password from the draft of its rotation to an application that logs in with the new one: real database, real sshd, every process (R54, AS-10)."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from world.casework import CaseWorld, git
from world.postgres_leases import DATABASE, GROUP, LOGINS, Shop
from world.ssh_town import SshTown, install_target, ssh_town
from world.staging import brought

from magistrate.domain.stages import stage_ref
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R50", "R54")]
REF, DOCUMENT = stage_ref("password"), "db/password.toml"
OLD = "plainly-fake-old-value"
PIN = "unkept:sha256:[0-9a-f]{64}"
INSTALL = """
import json, sys, urllib.request
installed, url, mode, path = sys.argv[1:]
if mode == "fails":
    sys.exit(3)
with open(installed, "w") as out:
    out.write(open(path).read())
with urllib.request.urlopen(url, timeout=20) as answer:
    assert answer.status == 200
"""


class Application:
    """Logs in with what its file says, at each request; 200 where the database lets it in. It keeps one session open too."""

    def __init__(self, file: Path, address: str) -> None:
        self.file, self._address = file, address
        file.write_text(json.dumps({"login": "app_a", "password": OLD}))
        told, app = [200, 503], self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(told[0] if app.let_in() else told[1])
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.held = psycopg.connect(address, user="app_a", password=OLD)

    def runs_with(self) -> dict[str, str]:
        return dict(json.loads(self.file.read_text()))

    def let_in(self) -> bool:
        told = self.runs_with()
        return lets_in(self._address, told["login"], told["password"])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.held.close()


def lets_in(address: str, login: str, password: str) -> bool:
    try:
        psycopg.connect(address, user=login, password=password).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    made = Shop(None)
    made.make_logins()
    yield made
    made.server.remove()


class Rotation:
    """A deployment whose stage `password` is the secret of a database, with one consumer behind an sshd."""

    def __init__(self, folder: Path, shop: Shop, town: SshTown, mode: str) -> None:
        self.shop, self.town = shop, town
        shop.sql(f"alter role app_a login password '{OLD}'")
        shop.sql("alter role app_b nologin password null")
        self.address = f"host={shop.server.folder} dbname={DATABASE}"
        self.app = Application(folder / "application.json", self.address)
        (town.program.parent / "installs.py").write_text(INSTALL)
        argv = [sys.executable, "-I", str(town.program.parent / "installs.py"), str(self.app.file), self.app.url, mode]
        install_target(town.program.parent, town.effects, argv=argv, arguments=[PIN], artifact=4096)
        probe = HttpProbe(url=self.app.url, status=200, body_contains="ok", within_seconds=5)
        stage = StagePolicy(
            stage="password", repository="shop", environment="data", production=False, verification=(probe,),
            system="orders-db", document=DOCUMENT, secret="orders-password",
        )  # fmt: skip
        self.world = CaseWorld(folder, stages=(stage,))
        with (self.world.home / "magistrate.toml").open("a") as out:
            out.write(shop.settings("orders-db", logins=LOGINS) + f"\n[target.web]\n{town.settings()}")
        self.world.seed({DOCUMENT: 'opens = ["orders-db"]\nconsumers = ["web"]\n'})
        self.bare = Path(self.world.repositories.git_dir("shop"))
        git("update-ref", REF, git("commit-tree", "main^{tree}", "-m", "now", cwd=self.bare).strip(), cwd=self.bare)

    def open_logins(self) -> set[str]:
        rows = self.shop.sql("select rolname from pg_roles where rolcanlogin and rolname in ('app_a', 'app_b')")
        return {name for (name,) in rows}

    def rotated(self) -> dict[str, Any]:
        return brought(self.world, "password", "data")


@contextmanager
def rotation(folder: Path, shop: Shop, mode: str = "installs") -> Iterator[Rotation]:
    (folder / "ssh").mkdir()
    (folder / "town").mkdir()
    with ssh_town(folder / "ssh") as town:
        made = Rotation(folder / "town", shop, town, mode)
        try:
            yield made
        finally:
            made.app.close()
            shop.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename in ('app_a', 'app_b')")


def test_the_application_runs_with_the_new_value_and_the_old_one_is_dead(tmp_path: Path, shop: Shop) -> None:
    with rotation(tmp_path, shop) as made:
        told = made.rotated()
        assert told["case"]["state"] == "SUCCEEDED", (told["case"], told["log"])
        assert "secrets" in told["case"]["class"]
        assert told["missing"] == []
        new = made.app.runs_with()
        assert (new["login"], len(new["password"]) >= 43, made.app.let_in()) == ("app_b", True, True)
        assert (made.open_logins(), lets_in(made.address, "app_a", OLD)) == ({"app_b"}, False)
        with pytest.raises(psycopg.OperationalError):
            made.app.held.execute("select 1")
        assert shop.roles() == []
        message = git("log", "-1", "--format=%B", REF, cwd=made.bare)
        assert "Rotate orders-password of orders-db" in message
        assert new["password"] not in shop.log()
        written = [one for one in (tmp_path / "town" / "home").rglob("*") if one.is_file()]
        assert written
        assert [one for one in written if new["password"].encode() in one.read_bytes()] == []


def test_a_consumer_that_does_not_take_it_halts_and_nobody_is_locked_out(tmp_path: Path, shop: Shop) -> None:
    with rotation(tmp_path, shop, "fails") as made:
        told = made.rotated()
        assert told["case"]["state"] == "HALTED", (told["case"], told["log"])
        assert (made.app.let_in(), made.open_logins(), shop.roles()) == (True, {"app_a", "app_b"}, [])
        assert "`orders-db` lets in app_a" in told["log"]
        assert made.app.held.execute("select 1").fetchone() == (1,)


def test_as10_a_database_that_does_not_end_the_old_value_halts(tmp_path: Path, shop: Shop) -> None:
    """AS-10: it says that it ended the old value, and lets it in all the same."""
    shop.sql("alter function magistrate.end_login(name) rename to end_login_kept")
    shop.sql("create function magistrate.end_login(login name) returns void language sql security definer as ''")
    shop.sql(f"grant execute on function magistrate.end_login(name) to {GROUP}")
    try:
        with rotation(tmp_path, shop) as made:
            made.app.held.close()
            told = made.rotated()
            assert told["case"]["state"] == "HALTED", (told["case"], told["log"])
            assert "the old value at orders-db" in told["log"]
            assert "ALIVE" in told["log"]
            assert (made.app.let_in(), lets_in(made.address, "app_a", OLD), shop.roles()) == (True, True, [])
    finally:
        shop.sql("drop function magistrate.end_login(name)")
        shop.sql("alter function magistrate.end_login_kept(name) rename to end_login")
