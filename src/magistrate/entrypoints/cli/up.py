"""`magistrate up`: everything on one machine, each part its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click

from magistrate.bootstrap.supervisor import START_SECONDS, Supervisor, read_note, stop_supervisor
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame
from magistrate.entrypoints.cli.people import own_roster
from magistrate.environment import child_environment, verify_socket_fits
from magistrate.errors import Unavailable
from magistrate.settings import PROCESSES, Settings

_PATIENCE: Final = START_SECONDS * (len(PROCESSES) + 1)
_LAST_WORDS: Final = 2.0


@click.command()
@click.option("--detach", is_flag=True, help="Return once everything answers; stop it with --stop.")
@click.option("--stop", is_flag=True, help="Stop what `up` started.")
@home_option
@pass_frame
def up(frame: Frame, *, detach: bool, stop: bool) -> int:
    """Start witness, gate, control, front and executor, and keep them running.

    A process that ends is started again, and that is said. As root, each gets a user of its
    own; otherwise all share yours, and nothing counts as production.
    """
    settings = frame.settings()
    if stop:
        stopped = stop_supervisor(settings)
        click.echo("all processes stopped" if stopped else "nothing was running")
        return 0
    verify_socket_fits(settings.home)
    own_roster(settings)
    if detach:
        return _detached(settings)
    click.echo(f"{settings.deployment} in {settings.home}")
    return Supervisor(settings, click.echo).run()


def _detached(settings: Settings) -> int:
    path = settings.run / "up.log"
    settings.run.mkdir(exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "magistrate.entrypoints.cli.main", "up", "--home", str(settings.home)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd="/",
            env=child_environment(settings.home), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)
    return _follow(settings, child, path)


def _ends_soon(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(_LAST_WORDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _follow(settings: Settings, child: subprocess.Popen[bytes], path: Path) -> int:
    shown, end = 0, time.monotonic() + _PATIENCE
    while True:
        note = read_note(settings)
        ready = note is not None and note["ready"] and note["pid"] == child.pid
        ended = child.poll() is not None
        text = path.read_text("utf-8", errors="replace")
        if not ended and "MAG-E" in text[shown:]:
            ended = _ends_soon(child)  # a reason for an end goes to standard error, however early it is read
            text = path.read_text("utf-8", errors="replace")
        whole = text[shown : len(text) if ended else text.rfind("\n") + 1]
        if whole.strip():
            click.echo(whole.rstrip("\n"), err=ended)
        shown += len(whole)
        if ended:
            return child.returncode or 4
        if ready and "walls:" in text:
            return 0
        if time.monotonic() > end:
            child.terminate()
            raise Unavailable("MAG-E611", f"not everything came up within {_PATIENCE:.0f} s", hint=f"see {path}")
        time.sleep(0.1)
