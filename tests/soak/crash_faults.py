"""The faults of the crash matrix, each by real means: what is done at the point, and what ends it.

A fault is a generator: it strikes, yields once so that the executor goes on, and heals when it is told to.
Chance decides what a cell leaves open: how long, whether the executor comes back only after its lease
has ended, whether a slow provider answers within the executor's patience, whose clock is wrong.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping

from soak.subject import Chances
from world.crash_disk import bytes_again, no_more_bytes
from world.crash_town import Child, CrashTown

PATIENCE_SECONDS = 3.0
HOUR = 3600


class Scene:
    """One case under way: the town, its chances, and the executor at its point."""

    def __init__(self, town: CrashTown, rng: Chances, lease_seconds: int) -> None:
        self.town, self.rng, self.lease_seconds = town, rng, lease_seconds
        self.executor: Child | None = None
        self.outlive = False
        """Whether whoever is stopped or killed stays so until its lease has ended."""
        self.healing: Callable[[], None] = lambda: None
        """What is only to be mended after it was seen that no credential outlived its lease."""

    def start(self, points: tuple[object, ...] = ()) -> Child:
        self.executor = self.town.start_executor(
            points, patience=PATIENCE_SECONDS, lease_seconds=self.lease_seconds
        )  # fmt: skip
        return self.executor

    def lasting(self, least: float, most: float) -> None:
        """Let it last."""
        end_of_lease = self.lease_seconds + 1.2 if self.outlive else 0.0
        time.sleep(max(self.rng.uniform(least, most), end_of_lease))


Fault = Callable[[Scene], Iterator[None]]


def _at(scene: Scene) -> Child:
    assert scene.executor is not None
    return scene.executor


def _kill_executor(scene: Scene) -> Iterator[None]:
    _at(scene).kill()
    yield
    scene.lasting(0.0, 0.3)
    scene.start()


def _kill_gate(scene: Scene) -> Iterator[None]:
    assert scene.town.gate is not None
    scene.town.gate.kill()
    yield
    scene.lasting(0.0, 1.5)
    scene.town.start_gate()


def _stop_executor(scene: Scene) -> Iterator[None]:
    stopped = _at(scene)
    stopped.signal(signal.SIGSTOP)
    yield
    scene.lasting(0.3, 1.0)
    stopped.signal(signal.SIGCONT)


def _stop_gate(scene: Scene) -> Iterator[None]:
    assert scene.town.gate is not None
    scene.town.gate.signal(signal.SIGSTOP)
    yield
    scene.lasting(*scene.rng.choice(((0.3, 1.0), (PATIENCE_SECONDS + 0.5, PATIENCE_SECONDS + 1.0))))
    scene.town.gate.signal(signal.SIGCONT)


def _full(scene: Scene, volume: str, child: Child) -> Iterator[None]:
    """A mounted volume is filled, else (and by chance) the process may not lengthen any file."""
    disk = scene.town.volumes[volume]
    really = disk.mounted and scene.rng.random() < 0.8
    if really:
        disk.fill()
    else:
        no_more_bytes(child.pid)
    yield
    scene.lasting(0.6, 1.5)
    if really:
        disk.free()
    else:
        bytes_again(child.pid)


def _journal_full(scene: Scene) -> Iterator[None]:
    yield from _full(scene, "executor", _at(scene))


def _gate_full(scene: Scene) -> Iterator[None]:
    assert scene.town.gate is not None
    yield from _full(scene, "gate", scene.town.gate)


def _clock(hours: int) -> Fault:
    """The clock of the host jumps and stays; or that of one process is wrong for a while."""

    def fault(scene: Scene) -> Iterator[None]:
        whose = scene.rng.choice((("executor", "gate"), ("executor", "gate"), ("executor",), ("gate",)))
        scene.town.set_clocks(hours * HOUR, *whose)
        yield
        if scene.outlive or len(whose) == 1:
            scene.lasting(1.0, 2.5)
        if len(whose) == 1:
            scene.healing = lambda: scene.town.set_clocks(0, *whose)

    return fault


def _slow(scene: Scene) -> Iterator[None]:
    """Each piece of an answer comes late; by chance later than the executor waits for one."""
    scene.town.wire.delay = scene.rng.choice((0.1, 0.3, PATIENCE_SECONDS + 1))
    yield
    scene.lasting(1.0, PATIENCE_SECONDS + 1.5)
    scene.town.wire.heal()


def _dead(scene: Scene) -> Iterator[None]:
    scene.town.wire.die()
    yield
    scene.lasting(0.5, 2.5)
    scene.town.wire.heal()


DEEDS: Mapping[str, Fault] = {
    "kill executor": _kill_executor, "kill gate": _kill_gate, "stop executor": _stop_executor,
    "stop gate": _stop_gate, "journal full": _journal_full, "gate store full": _gate_full, "clock +1 h": _clock(1),
    "clock -1 h": _clock(-1), "slow provider": _slow, "dead provider": _dead,
}  # fmt: skip
