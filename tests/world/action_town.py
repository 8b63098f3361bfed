"""A town for crashes of what a stage brings: deployments, changes of entitlements, rotations.

The database is a real PostgreSQL, what runs a deployment and what uses the secret are programs behind real sshds; the executor
reaches each of them through a wire only.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from world.crash_links import FileWire, Wire, Wires
from world.crash_town import CHECK, SECONDS, Child, CrashTown, pass_drills
from world.postgres_grants import Store
from world.postgres_leases import GROUP, Shop
from world.ssh_town import DIGEST_PATTERN, SshTown, install_target, sshd_program
from world.system_town import BEFORE, OLD, SSH_TOKENS, SystemTown

from magistrate.domain.stages import stage_ref
from magistrate.executor.credentials.ssh_login import HeldKey, SshLogin

_SOCKET = ".s.PGSQL.5432"
_RESTORED = (
    f"set role {GROUP}; grant select, update on store.price to clerk; reset role",
    f"alter role app_a login password '{OLD}'", "alter role app_b nologin password null",
)  # fmt: skip
_TARGET_SECONDS = 15
_TAKES_OVER = """
import json, os, sys
file, artifact = sys.argv[1], sys.argv[-1]
told = json.load(open(artifact))
with open(file + ".new", "w") as out:
    json.dump([told["login"], told["password"]], out)
os.rename(file + ".new", file)
"""
_UNPACKS = """
import os, sys, tarfile
running, ran, artifact = sys.argv[1:4]
text = tarfile.open(artifact).extractfile("db/grants.sql").read().decode()
with open(ran, "a") as out:
    out.write(f"{text.strip()}\\n")
with open(running + ".new", "w") as out:
    out.write(text)
os.rename(running + ".new", running)
"""


class Host:
    """One target behind an sshd, its one program, and the wire by which the executor comes to it."""

    def __init__(self, folder: Path, program: str, pin: str, *, most: int, **files: Path) -> None:
        folder.mkdir(parents=True)
        self.town = SshTown(folder=folder)
        self.town.lay()
        acts = folder / "target" / "program.py"
        acts.write_text(program)
        self._state = folder / "target" / "state"
        argv = [sys.executable, "-I", str(acts), *map(str, files.values())]
        install_target(folder / "target", self.town.effects, argv=argv, arguments=[pin], artifact=most)
        self.town.start()
        self.wire = Wire(0, self.town.port)
        kind = self.town.known_hosts.read_text().partition(" ")[2]
        with self.town.known_hosts.open("a") as out:
            out.write(f"[127.0.0.1]:{self.wire.port} {kind}")

    def settings(self) -> str:
        """As whoever comes through the wire says it."""
        told = self.town.settings().replace(f"port = {self.town.port}\n", f"port = {self.wire.port}\n")
        return told.replace("seconds = 30\n", f"seconds = {_TARGET_SECONDS}\n")

    def forget(self) -> None:
        """As it was before anybody logged in."""
        for pid in self.town.pids():
            raise AssertionError(f"a process of an earlier case is left: {pid}")
        for entry in self._state.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.town.effects.unlink(missing_ok=True)

    def lets_in(self, token: str) -> bool:
        """Whether a certificate with its key is honoured, now."""
        login = SshLogin(self.town.target(), lambda text: text)
        return not login.attempt(HeldKey.of_token(token), SECONDS).held

    def close(self) -> None:
        self.wire.close()
        self.town.stop()


class ActionTown(CrashTown):
    """One home with a stage of each kind; the executor reaches database and targets through wires only."""

    def __init__(self, folder: Path) -> None:
        sshd_program()
        self.store = Store(Shop(None))
        self.shop = self.store.shop
        self.shop.make_logins()
        self._sockets = Path(tempfile.mkdtemp(prefix="mag-pw-"))
        self._stage = ""
        town = SystemTown(
            folder / "home", self.store.open().shop, host=self._sockets, checks=(CHECK,), runs=True,
        )  # fmt: skip
        self.system, self.running, self._ran = town, folder / "running", folder / "ran"
        consumer = town.consumer.file
        self.hosts = {
            "web": Host(folder / "web", _TAKES_OVER, "unkept:sha256:[0-9a-f]{64}", most=4096, file=consumer),
            "site": Host(
                folder / "site", _UNPACKS, DIGEST_PATTERN, most=1_000_000, running=self.running, ran=self._ran
            ),
        }
        with (town.home / "magistrate.toml").open("a") as out:
            out.write("".join(f"\n[target.{name}]\n{host.settings()}" for name, host in self.hosts.items()))
        super().__init__(folder, town=town)
        database = FileWire(self._sockets / _SOCKET, self.shop.server.folder / _SOCKET)
        self.wire = Wires(self._gate_wire, database, *(host.wire for host in self.hosts.values()))

    def bring(self, stage: str, *, healthy: bool) -> None:
        """A fresh case for a stage: as `enter`, with database, targets and consumer as they were."""
        self.enter(healthy=healthy)
        self._stage, self.ref, self.old = stage, stage_ref(stage), self.system.first
        self.base_tree, self.result_tree = self.system.tree(self.system.first), self.system.tree(self.system.second)
        self.shop.drop_leases()
        self.store.open()
        for statement in _RESTORED:
            self.shop.sql(statement)
        self.system.consumer.file.write_text(json.dumps(["app_a", OLD]))
        self.running.write_text(BEFORE)
        self._ran.unlink(missing_ok=True)
        for host in self.hosts.values():
            host.forget()
        shutil.rmtree(self.home / SSH_TOKENS, ignore_errors=True)
        self.system.stage = stage
        self._log_lines = len(self._log())
        pass_drills(self.home, int(time.time()))
        self.control.offer(self.system.of(stage))

    def start_executor(self, points: tuple[Any, ...] = (), **changes: Any) -> Child:
        return super().start_executor(points, **{"systems": True, **changes})

    def close(self) -> None:
        super().close()
        for host in self.hosts.values():
            host.close()
        self.shop.server.remove()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def logins(self) -> set[str]:
        """Which logins of the secret are let in."""
        rows = self.shop.sql("select rolname from pg_roles where rolcanlogin and rolname in ('app_a', 'app_b')")
        return {str(name) for (name,) in rows}

    def alive(self) -> list[str]:
        """Roles of leases that can log in now, by the clock of the database, or have a session."""
        rows = self.shop.sql(
            "select rolname from pg_roles where starts_with(rolname, 'lease') and rolcanlogin"
            " and (rolvaliduntil is null or rolvaliduntil > now())"
            " union select usename from pg_stat_activity where starts_with(usename, 'lease')"
        )
        return [str(name) for (name,) in rows]

    def certificates(self) -> set[str]:
        """Every certificate with its key that was minted so far."""
        kept = self.home / SSH_TOKENS
        return {place.read_text() for place in kept.iterdir()} if kept.exists() else set()

    def runs(self) -> list[str]:
        """What the target of `site` was made to run, in order."""
        return self._ran.read_text().splitlines(keepends=True) if self._ran.exists() else []
