"""Executor and target whose clocks are apart: what a lease started at a real sshd is ended all the same."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from world.ssh_town import ssh_town, until

from magistrate.bootstrap.executor import SystemClock

pytestmark = pytest.mark.slow


class JumpingClock(SystemClock):
    """The clock of this host, and by how much it is off."""

    off = 0

    def now(self) -> int:
        return super().now() + self.off


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_keeps_nobody_from_ending_what_a_lease_started(tmp_path: Path, hours: int) -> None:
    clock = JumpingClock()
    with ssh_town(tmp_path) as town:
        broker = town.broker(clock)
        credential = broker.request(town.bundle, town.lease(), ())
        going = threading.Thread(target=broker.run, args=(credential, ["shop-1.2", "40"], 60))
        going.start()
        until(lambda: town.acted() == ["began"], "the session is open")
        clock.off = hours * 3600
        assert not broker.revoke(credential.lease).usable
        assert not town.pids()
        going.join()
        clock.off = 0
        assert broker.probe(credential).held
