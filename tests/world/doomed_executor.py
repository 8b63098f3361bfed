"""An executor process that kills itself with SIGKILL at a chosen point; with no point it works to the end.

python doomed_executor.py HOME [before|after K | push MILLISECONDS]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from world.real_gate import FolderControl, outside_of
from world.system_town import systems_here

from magistrate.bootstrap.executor_journal import journal_of
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import assemble
from magistrate.executor.journal import Journal
from magistrate.settings import load_settings


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def doomed_journal(moment: str, point: int) -> type[Journal]:
    class Doomed(Journal):
        written = 0

        def write(self, *arguments: Any) -> Any:
            Doomed.written += 1
            if Doomed.written == point and moment == "before":
                die()
            envelope = super().write(*arguments)
            if Doomed.written == point and moment == "after":
                die()
            return envelope

    return Doomed


def doomed_target(milliseconds: int) -> type[GitTarget]:
    class Doomed(GitTarget):
        def push(self, *arguments: Any) -> Any:
            threading.Timer(milliseconds / 1000, die).start()
            return super().push(*arguments)

    return Doomed


def main() -> int:
    home, (moment, point) = Path(sys.argv[1]), (sys.argv[2:] or ["never", "0"])
    target = doomed_target(int(point)) if moment == "push" else GitTarget
    outside = outside_of(home, target)
    outside = replace(outside, **systems_here(home, outside.identity, outside.clock))
    where = journal_of(load_settings(home))
    journal = doomed_journal(moment, int(point))(where, outside.identity, outside.clock)
    loop = assemble(outside, journal)
    deadline = time.monotonic() + 30
    while not FolderControl(home).told("reports") and time.monotonic() < deadline:
        loop.tick()
        time.sleep(0.05)
    return 0 if FolderControl(home).told("reports") else 9


if __name__ == "__main__":
    raise SystemExit(main())
