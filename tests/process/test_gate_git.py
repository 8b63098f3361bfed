"""The git half of the gate under rivalry, time and raw bytes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from world.gate_world import REF, GateWorld, make_gate_world

from magistrate.errors import Refused
from magistrate.gate.grants import Grant, Grants, GrantState
from magistrate.gate.pktline import read_commands


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateWorld]:
    world = make_gate_world(tmp_path)
    world.start()
    yield world
    world.stop()


def _grant(lease: str, expires: int) -> Grant:
    return Grant(
        lease=lease, warrant="w" + lease, purpose="effect", executor="e", repository="shop", ref=f"refs/heads/{lease}",
        old="1" * 40, new="2" * 40, tree="3" * 40, base_tree="4" * 40, reason="plainly fake",
        state=GrantState.ISSUED, issued=0, expires=expires,
    )  # fmt: skip


@pytest.mark.requirement("R52", "R56")
def test_ten_races_for_one_credential_have_one_winner_each(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "gate.db")
    for number in range(10):
        token = f"plainly-fake-{number}"
        grants.issue(_grant(f"lease{number}", 100), token, 1)

        def claim(_: int, token: str = token) -> bool:
            try:
                grants.claim(token, 2)
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(claim, range(8))) == 1


@pytest.mark.requirement("R4", "R52")
def test_a_credential_dies_by_time_and_by_revocation(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "gate.db")
    grants.issue(_grant("late", 60), "plainly-fake-late", 1)
    with pytest.raises(Refused, match="expired"):
        grants.claim("plainly-fake-late", 60)
    grants.issue(_grant("dead", 60), "plainly-fake-dead", 1)
    grants.revoke("dead", 2)
    with pytest.raises(Refused, match="revoked"):
        grants.claim("plainly-fake-dead", 3)
    assert b"plainly-fake" not in b"".join(p.read_bytes() for p in tmp_path.iterdir()).replace(b"plainly fake", b"")


@pytest.mark.requirement("R52", "R53")
def test_a_clock_that_is_set_back_gives_a_credential_no_longer_life(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "gate.db")
    hour, issued = 3600, 10_000
    grant = replace(_grant("back", issued + 60), issued=issued)
    grants.issue(grant, "plainly-fake-back", issued)
    with pytest.raises(Refused, match="expired"):
        grants.claim("plainly-fake-back", issued + 30 - hour)
    assert grants.by_lease("back").state_at(issued - 1) is GrantState.EXPIRED
    assert grants.by_lease("back").state_at(issued) is GrantState.ISSUED
    assert grants.claim("plainly-fake-back", issued + 59).lease == "back"


def _pkt(line: bytes) -> bytes:
    return f"{len(line) + 4:04x}".encode() + line


@pytest.mark.parametrize(
    "line",
    [
        b"shallow " + b"1" * 40,
        b"push-cert\0report-status",
        b"1" * 40 + b" " + b"2" * 40 + b" HEAD",
        b"1" * 40 + b" " + b"2" * 40 + b" refs/heads/a b",
        b"1" * 39 + b" " + b"2" * 40 + b" refs/heads/a",
    ],
)
def test_only_plain_commands_are_read(line: bytes) -> None:
    good = b"1" * 40 + b" " + b"2" * 40 + b" refs/heads/a"
    assert len(read_commands(_pkt(good + b"\0 report-status") + b"0000PACK")) == 1
    for body in (_pkt(line) + b"0000", _pkt(good) + _pkt(line) + b"0000", _pkt(good), b"", b"zzzz", b"0003", b"ffff"):
        with pytest.raises(Refused):
            read_commands(body)


@pytest.mark.slow
@pytest.mark.requirement("R56")
def test_rival_pushes_with_one_credential_move_the_ref_once(gate: GateWorld) -> None:
    token = gate.credential().token
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: gate.push(token, f"{gate.change}:{REF}").returncode, range(4)))
    assert ended.count(0) == 1
    assert gate.tip() == gate.change


@pytest.mark.slow
@pytest.mark.requirement("R4")
def test_a_push_without_or_with_an_odd_credential_is_refused(gate: GateWorld) -> None:
    url = f"{gate.url}/shop.git/git-receive-pack"
    for header in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic !!!"}, {"Authorization": "Digest x"}):
        assert httpx.post(url, content=b"0000", headers=header).status_code == 401
    assert gate.tip() == gate.base
