"""A town for crashes of what a stage brings: a deployment, a change of entitlements, a rotation, over a real PostgreSQL behind a wire."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from world.crash_links import FileWire, Wires
from world.crash_town import CHECK, Child, CrashTown, pass_drills
from world.postgres_grants import Store
from world.postgres_leases import GROUP, Shop
from world.system_town import OLD, SystemTown

from magistrate.domain.stages import stage_ref

_SOCKET = ".s.PGSQL.5432"
_RESTORED = (
    f"set role {GROUP}; grant select, update on store.price to clerk; reset role",
    f"alter role app_a login password '{OLD}'", "alter role app_b nologin password null",
)  # fmt: skip


class ActionTown(CrashTown):
    """One home with a stage of each kind; the executor reaches the database through a wire only."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(Shop(None))
        self.shop = self.store.shop
        self.shop.make_logins()
        self._sockets = Path(tempfile.mkdtemp(prefix="mag-pw-"))
        self._stage = ""
        town = SystemTown(
            folder / "home", self.store.open().shop, host=self._sockets, checks=(CHECK,), runs=True,
        )  # fmt: skip
        self.system = town
        super().__init__(folder, town=town)
        self.wire = Wires(self._gate_wire, FileWire(self._sockets / _SOCKET, self.shop.server.folder / _SOCKET))

    def bring(self, stage: str, *, healthy: bool) -> None:
        """A fresh case for a stage: as `enter`, with database and consumer as they were."""
        self.enter(healthy=healthy)
        self._stage, self.ref, self.old = stage, stage_ref(stage), self.system.first
        self.base_tree, self.result_tree = self.system.tree(self.system.first), self.system.tree(self.system.second)
        self.shop.drop_leases()
        self.store.open()
        for statement in _RESTORED:
            self.shop.sql(statement)
        self.system.consumer.file.write_text(json.dumps(["app_a", OLD]))
        self.system.stage = stage
        self._log_lines = len(self._log())
        pass_drills(self.home, int(time.time()))
        self.control.offer(self.system.of(stage))

    def start_executor(self, points: tuple[Any, ...] = (), **changes: Any) -> Child:
        return super().start_executor(points, **{"systems": True, **changes})

    def close(self) -> None:
        super().close()
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
