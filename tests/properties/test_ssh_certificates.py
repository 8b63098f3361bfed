"""Serials, lists and names of SSH certificates: what holds for all of them."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from magistrate.errors import Refused
from magistrate.executor.credentials.ssh_login import SshTarget
from magistrate.executor.credentials.ssh_revocations import HIGHEST, gaps, revocation_list
from magistrate.executor.credentials.ssh_serials import Minted, Serials, Standing
from magistrate.wire.sshsig import key_blob

NOW = 1_790_000_000
serials = st.integers(1, HIGHEST)


@pytest.mark.requirement("R50", "R53")
@given(st.sets(serials, max_size=6), serials)
@example({1, HIGHEST}, 2)
@example(set(), HIGHEST)
@example({HIGHEST - 1}, HIGHEST)
def test_every_serial_is_live_or_on_the_list_and_never_both(live, other):
    found = list(gaps(live))
    assert all(1 <= first <= last <= HIGHEST for first, last in found)
    for serial in {*live, other, 1, HIGHEST}:
        assert sum(first <= serial <= last for first, last in found) == (serial not in live)


@pytest.mark.requirement("R53")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(serials, max_size=3), st.sets(st.from_regex(r"lse-[a-z2-7]{26}", fullmatch=True), max_size=3))
@example(set(), set())
def test_openssh_reads_the_list_as_it_was_meant(tmp_path, live, names):
    public = (
        Ed25519PrivateKey.from_private_bytes(b"c" * 32)
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    )
    path = tmp_path / "krl"
    path.write_bytes(revocation_list(key_blob(public.decode()), live=live, names=names, version=7, now=NOW))
    shown = subprocess.run(["ssh-keygen", "-Q", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    assert "# KRL version 7" in shown
    told = [line.split(maxsplit=1)[1] for line in shown.splitlines() if line.startswith("serial: ")]
    assert sorted(told) == sorted(f"{a}-{b}" if a != b else str(a) for a, b in gaps(live))
    assert {line.split(maxsplit=1)[1].strip('"') for line in shown.splitlines() if line.startswith("id: ")} == names


def minted(lease):
    return Minted(
        lease=lease,
        warrant="w",
        proposal="p",
        purpose="effect",
        reason="r",
        repository="shop",
        executor="e",
        valid_before=NOW + 60,
    )


moves = st.lists(
    st.tuples(
        st.sampled_from(["mint", "end", "close", "list", "ended", "restart", "close all"]), st.sampled_from("abc")
    ),
    max_size=14,
)


@pytest.mark.requirement("R50", "R51", "R53")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
@example([("mint", "a"), ("close", "a"), ("list", "a"), ("end", "a"), ("close", "a"), ("ended", "a"), ("mint", "b")])
def test_no_serial_comes_twice_and_no_lease_lives_again(tmp_path_factory, told):
    path = Path(tmp_path_factory.mktemp("table")) / "ssh.db"
    table, given_out, order = Serials(path, NOW), [], list(Standing)
    closed: set[str] = set()
    states: dict[str, Standing] = {}
    for move, lease in told:
        if move == "mint" and lease not in closed | set(states) and set(states.values()) <= {Standing.DEAD}:
            given_out.append(table.mint(minted(lease), NOW))
            states[lease] = Standing.LIVE
        elif move == "mint":
            with pytest.raises(Refused, match=r"not confirmed dead|before"):
                table.mint(minted(lease), NOW)
        elif move == "end" and lease in states:
            given_out.append(table.mint_end(lease, NOW, NOW + 60))
        elif move == "close":
            assert table.close(lease) == (lease in states)
            closed.add(lease)
        elif move == "list":
            table.listed()
        elif move == "ended":
            table.ended(lease)
        elif move == "close all":
            table.close_all()
            assert table.live(NOW) == ()
        else:
            table = Serials(path, NOW - 1000)
        now = {one: table.by_lease(one).state for one in states}
        assert all(order.index(now[one]) >= order.index(before) for one, before in states.items())
        states = now
        assert given_out == sorted(set(given_out))
        assert set(table.live(NOW)) <= set(given_out)
        assert table.live(NOW + 60) == table.live(NOW - 1) == ()
        assert {one.lease for one in table.standing()} == {
            one for one, state in states.items() if state is not Standing.DEAD
        }


GOOD: dict[str, Any] = {
    "host": "target.example", "port": 22, "user": "deploy", "principal": "deploy", "program": "/opt/magistrate/target",
    "known_hosts": Path("/etc/magistrate/known_hosts"), "source_addresses": ("192.0.2.7",),
}  # fmt: skip


@pytest.mark.requirement("R4")
@settings(max_examples=300)
@given(
    st.sampled_from(["host", "user", "principal", "program"]),
    st.text(max_size=30) | st.text(alphabet="/a-.$;' \n%@\"", max_size=12),
)
@example("program", "/opt/../etc/x\n")
@example("host", "-oProxyCommand=x")
@example("user", "root\n")
@example("program", "/opt//x")
@example("host", "[::1]")
def test_a_setting_that_is_accepted_is_one_plain_word_everywhere(name, text):
    try:
        SshTarget(**{**GOOD, name: text})
    except Refused:
        return
    assert shlex.split(f"{text} run") == [text, "run"]
    assert not set(text) & set("$`\\;&|<>()*?[]{}!#~'\" \t\n%@,=")
    assert not text.startswith("-")
    assert ".." not in text.split("/")


@pytest.mark.requirement("R4")
@pytest.mark.parametrize(
    "wide",
    [(), ("0.0.0.0/0",), ("::/0",), ("192.0.2.7", "0.0.0.0/0"), ("192.0.2.7/24",), ("any",), ("192.0.2.7,::/0",)],
)
def test_a_source_of_everywhere_is_no_source(wide):
    with pytest.raises(Refused):
        SshTarget(**{**GOOD, "source_addresses": wide})
    SshTarget(**{**GOOD, "source_addresses": ("192.0.2.0/24", "2001:db8::1")})
