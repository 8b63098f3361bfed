"""Which key is the executor's now, which were, and how it steps aside while one is replaced.

Rule kept: the key in use is the one that the roster installed on this machine names. An executor lets go of its journal between
two rounds only, so that no credential is open meanwhile, and it begins anew as a new program that has never read the former key.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from magistrate.adapters.keys.process import load_process_key, public_text
from magistrate.adapters.own_roots import installed_roster, installed_versions
from magistrate.authority.admission import Pins
from magistrate.authority.roster import former_executors
from magistrate.errors import MagistrateError, Unavailable
from magistrate.settings import Settings

NEXT_KEY: Final = "executor.next"
"""Name of the key that is to replace the executor's."""
_LOCK: Final = "rotation.lock"
_PAUSE: Final = 0.05


def pins_of(settings: Settings) -> Pins:
    """What every process of this home was told out of band (raises NotFound MAG-E591)."""
    return Pins(deployment=settings.deployment, roster=settings.pin())


def key_in_use(settings: Settings) -> Path:
    """The file of the executor's key: its successor's once the installed roster names that one.

    Raises:
        Unavailable, Refused: a successor is there, and the roster that would name it cannot be read or believed.
    """
    following = settings.key(NEXT_KEY)
    if following.exists():
        roster = installed_roster(pins_of(settings), settings.roster_path)
        named = () if roster is None else roster.body.processes.executors
        if public_text(load_process_key(following)) in named:
            return following
    return settings.key("executor")


def former_keys(settings: Settings) -> dict[str, bytes]:
    """Public keys of executors of earlier rosters, by key id; none where no roster can be believed: their entries then are not."""
    try:
        versions = installed_versions(pins_of(settings), settings.roster_path)
    except MagistrateError:
        return {}
    return former_executors(versions) if versions else {}


def asked_to_step_aside(settings: Settings) -> bool:
    """Whether somebody waits for the journal of this executor, or has it, to replace its key."""
    with _opened(settings) as lock:
        return not _held(lock, fcntl.LOCK_SH)


def step_aside(settings: Settings, stopping: Callable[[], bool]) -> None:
    """Wait until nobody replaces the key, or until asked to stop."""
    while asked_to_step_aside(settings) and not stopping():
        time.sleep(_PAUSE)


@contextlib.contextmanager
def executor_aside(settings: Settings, until: float) -> Iterator[None]:
    """Have the executor step aside, now or at its next start, for as long as the body runs.

    It ends with this process, however that ends. `until` is a time of `time.monotonic`.

    Raises:
        Unavailable: MAG-E615 when another rotation runs.
    """
    with _opened(settings) as lock:
        while not _held(lock, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise Unavailable("MAG-E615", "another rotation of this executor's key runs")
            time.sleep(_PAUSE)
        yield


def _held(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[int]:
    folder = settings.home / "executor"
    path = folder / _LOCK
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        owner = folder.stat()
        if os.geteuid() == 0 and os.fstat(lock).st_uid != owner.st_uid:
            os.fchown(lock, owner.st_uid, owner.st_gid)
        yield lock
    finally:
        os.close(lock)
