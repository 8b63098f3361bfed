"""A real PostgreSQL server for a session of tests: own folder, own unix socket, own user where root starts it.

Its programs are those of the locked package `pgserver`; else the system's, where there are some.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest

UNPRIVILEGED = "nobody"
USER = "magistrate"
MEMORY = 1 << 30
CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 40
shared_buffers = 16MB
"""


class PostgresServer:
    """A running server; `database()` makes an empty database and gives its URL, which holds no secret."""

    def __init__(self, programs: Path | None = None, more: str = "", *, on_disk: bool = False) -> None:
        self._more = more
        self.folder = Path(tempfile.mkdtemp(prefix="mag-pg-"))
        self._data = self.folder / "data"
        self._kept = Path(tempfile.mkdtemp(prefix="mag-pg-data-", dir=None if on_disk else _memory()))
        self._data.symlink_to(self._kept)
        self._child: subprocess.Popen[bytes] | None = None
        self._count = 0
        try:
            self._programs = self._own_programs(programs or _programs())
            self._user = self._own_user()
            self._make()
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        argv = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.folder)]
        with (self.folder / "server.log").open("ab") as log:
            self._child = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self._as())
        self._await()

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)  # "fast": ends its sessions and stops in order
            self._child.wait(30)

    def start_again(self, *, anyway: bool = False) -> None:
        """Running, by whatever its configuration says now; one that runs is left alone but `anyway`."""
        if anyway:
            self.stop()
        if self._child is None or self._child.poll() is not None:
            self.start()

    def crash(self) -> None:
        """Ends at once, without a word to anybody, and recovers from its own log at the next start."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGQUIT)
            self._child.wait(30)

    def remove(self) -> None:
        self.crash()  # nothing of it is kept, so that nothing is brought to the disk in order
        for folder in (self.folder, self._kept):
            shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}"

    def database(self) -> str:
        self._count += 1
        name = f"store_{self._count}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True) as link:
            link.execute(statement.encode())

    def demand_password(self, password: str) -> None:
        """From now on who connects needs it; plainly fake, and typed into no argv."""
        self.sql(f"ALTER USER {USER} PASSWORD '{password}'")
        (self._data / "pg_hba.conf").write_text(f"local all {USER} scram-sha-256\n")
        self.sql("SELECT pg_reload_conf()")
        import psycopg

        for _ in range(200):
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                return
            time.sleep(0.02)
        raise AssertionError("the server goes on without asking for a password")

    def _make(self) -> None:
        argv = [
            str(self._programs / "initdb"), "-D", str(self._data), "-U", USER, "--auth=trust", "--no-sync",
            "--encoding=UTF8", "--no-locale",
        ]  # fmt: skip
        made = subprocess.run(argv, capture_output=True, text=True, check=False, **self._as())
        if made.returncode:
            pytest.skip(f"PostgreSQL cannot be had: initdb says {made.stderr.strip()[-300:]}")
        with (self._data / "postgresql.conf").open("a") as out:
            out.write(CONFIGURATION + self._more)

    def _await(self) -> None:
        import psycopg

        end = time.monotonic() + 30
        while True:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                if self._child is None or self._child.poll() is not None or time.monotonic() > end:
                    raise AssertionError((self.folder / "server.log").read_text()[-3000:]) from None
                time.sleep(0.05)
            else:
                return

    def _own_programs(self, found: Path) -> Path:
        """Where root starts the server, its programs are copied to where another user can read them."""
        if os.geteuid() != 0 or found.parent.name != "pginstall":
            return found
        packages, copied = found.parents[2], self.folder / "packages"
        for name in ("pgserver/pginstall/bin", "pgserver/pginstall/lib", "pgserver/pginstall/share", "pgserver.libs"):
            if (packages / name).is_dir():
                shutil.copytree(packages / name, copied / name)
        return copied / "pgserver" / "pginstall" / "bin"

    def _own_user(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        user = pwd.getpwnam(UNPRIVILEGED)
        for folder in (self.folder, self._kept):
            os.chown(folder, user.pw_uid, user.pw_gid)
        return user

    def _as(self) -> dict:
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
        other = (
            {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        )
        return {"env": environment, "cwd": self.folder, **other}


def _memory() -> Path | None:
    """Where files are kept in memory, with room for a server: what is synced there waits for no disk.

    The server syncs as its configuration says, and a kill of it loses nothing; a machine that stops is no test here.
    """
    place = Path("/dev/shm")
    return place if os.access(place, os.W_OK) and shutil.disk_usage(place).free > MEMORY else None


def _programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        pytest.skip("PostgreSQL cannot be had: psycopg is not installed")
    for folder in program_folders():
        return folder
    pytest.skip("PostgreSQL cannot be had: neither the package pgserver nor the system has its programs")


def program_folders() -> list[Path]:
    """Every PostgreSQL that is here, the packaged one first."""
    found = importlib.util.find_spec("pgserver")
    packaged = [Path(found.origin).parent / "pginstall" / "bin"] if found and found.origin else []
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    on_path = shutil.which("initdb")
    asked = (*packaged, *system, *([Path(on_path).resolve().parent] if on_path else []))
    there = [folder for folder in asked if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return list(dict.fromkeys(there))


@pytest.fixture(scope="session")
def postgres():
    """One server for the session, stopped at its end."""
    server = PostgresServer()
    yield server
    server.remove()
