"""One certificate for each lease, at a real sshd: works once, for one program, and is dead and ended afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from paths import TESTS
from world.executing import Alarms
from world.ssh_town import OPEN, USER, keygen, ssh_town, until

from magistrate.bootstrap.executor import SystemClock
from magistrate.domain.execution import LeaseState
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.credentials.ssh_certificate import SshCertificates
from magistrate.executor.credentials.ssh_login import HeldKey, in_memory
from magistrate.executor.hands import Hands
from magistrate.executor.journal import Journal
from magistrate.executor.mints import Mints
from magistrate.wire.lease import Lease

pytestmark = pytest.mark.slow
ACTS = ["shop-1.2", "0"]


@pytest.fixture
def town(tmp_path):
    with ssh_town(tmp_path) as found:
        yield found


def code_of(kind, call, *given):
    with pytest.raises(kind) as caught:
        call(*given)
    return caught.value.code


def raw(town, credential, *words, options=()):
    """The ssh client as an attacker uses it who has the credential."""
    key = HeldKey.of_token(credential.token)
    with in_memory(key.private) as private, in_memory(key.certificate) as certificate:
        argv = [
            "ssh", "-F", "none", "-p", str(town.port), "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={town.known_hosts}",
            "-o", f"IdentityFile={private}", "-o", f"CertificateFile={certificate}", "-o", "IdentitiesOnly=yes", *options,
            f"{USER}@127.0.0.1", *words,
        ]  # fmt: skip
        return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=30)


def hands(town, broker: SshCertificates):
    journal = Journal(town.folder / "executor/journal.db", town.identity, SystemClock())
    book, alarm = Casebook(journal), Alarms()
    book.begin("war-x", town.bundle.warrant.payload_digest(), b"{}")
    return (
        Hands(book=book, identity=town.identity, mints=Mints(broker, {}), clock=SystemClock(), alarm=alarm),
        book,
        alarm,
    )


@pytest.mark.requirement("R4", "R50", "R51", "R52", "R53")
def test_hands_hold_a_certificate_for_one_use_and_it_is_dead_and_probed_afterwards(town):
    broker = town.broker()
    holder, book, _ = hands(town, broker)
    with holder.lease(town.act(broker)) as credential:
        assert broker.run(credential, ACTS, 20).output == "acted on shop-1.2"
        assert [one.usable for one in broker.leases()] == [True]
        assert broker.probe(credential).seen == "login ACCEPTED"
    assert town.acted() == ["began", "after"], "the probe ran nothing"
    assert book.lease_state(credential.lease) is LeaseState.RELEASED
    facts = [e.body.facts for e in book.journal.entries("war-x")][-1]
    assert (facts["provider"], facts["probe"]) == ("dead", "login refused")
    assert broker.leases() == ()
    assert code_of(Refused, broker.run, credential, ACTS, 20) == "MAG-E424"
    book.journal.close()


@pytest.mark.requirement("R4", "R52")
def test_a_second_use_is_refused_by_the_target_while_the_certificate_is_valid(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    assert broker.run(credential, ACTS, 20).status == 0
    again = broker.run(credential, ACTS, 20)
    assert (again.status, town.acted()) == (77, ["began", "after"])
    assert "used or ended before" in again.output


@pytest.mark.requirement("R4", "R52")
def test_a_certificate_ends_with_its_lease(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(seconds=4), ())
    assert not broker.probe(credential).held
    until(lambda: broker.state(credential.lease).state == "expired, not confirmed dead", "over")
    time.sleep(1)
    assert broker.probe(credential).held
    assert "Certificate invalid: expired" in town.log()
    assert [one.usable for one in broker.leases()] == [True], "a session may still be open"


@pytest.mark.requirement("R52")
def test_a_certificate_says_what_it_is_for_and_nothing_more(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(seconds=3000), ())
    shown = town.folder / "cert.pub"
    shown.write_bytes(HeldKey.of_token(credential.token).certificate)
    text = keygen("-L", "-f", shown)
    assert f'Key ID: "{credential.lease}"' in text
    assert f"force-command {town.program} run {credential.lease}" in text
    assert "source-address 127.0.0.1/32" in text
    assert f"Principals: \n                {USER}\n" in text
    assert "Extensions: (none)" in text
    start, end = next(line for line in text.splitlines() if "Valid:" in line).split()[2::2]
    seconds = [time.mktime(time.strptime(moment, "%Y-%m-%dT%H:%M:%S")) for moment in (start, end)]
    assert seconds[1] - seconds[0] == 65


@pytest.mark.requirement("R53")
def test_a_certificate_on_the_list_is_refused(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    assert not broker.probe(credential).held
    broker._serials.close(credential.lease)
    broker._list()
    assert broker.probe(credential).held
    assert "revoked by file" in town.log()


@pytest.mark.requirement("R4")
def test_another_source_address_is_refused(town):
    broker = town.broker(source_addresses=("127.0.0.2", "10.0.0.0/8"))
    credential = broker.request(town.bundle, town.lease(), ())
    assert broker.probe(credential).held
    assert "not from a permitted source address (127.0.0.1)" in town.log()


@pytest.mark.requirement("R4")
def test_another_principal_is_refused(town):
    broker = town.broker(principal="somebody")
    credential = broker.request(town.bundle, town.lease(), ())
    assert broker.probe(credential).held
    assert "name is not a listed principal" in town.log()


@pytest.mark.requirement("R4")
def test_no_shell_no_other_command_and_no_forwarding_even_where_sshd_permits_them(tmp_path):
    with ssh_town(tmp_path, OPEN) as town, socket.create_server(("127.0.0.1", 0)) as inside:
        broker = town.broker()
        credential = broker.request(town.bundle, town.lease(), ())
        other = raw(town, credential, f"touch {tmp_path}/touched")
        assert other.returncode == 77
        assert "never run" in other.stderr
        assert not (tmp_path / "touched").exists()
        shell = raw(town, credential, options=("-tt",))
        assert "PTY allocation request failed" in shell.stderr + shell.stdout
        assert raw(town, credential).returncode == 77, "the program began, without its input"
        through = raw(town, credential, options=("-W", f"127.0.0.1:{inside.getsockname()[1]}"))
        assert "administratively prohibited" in through.stderr
        back = raw(town, credential, options=("-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"))
        assert "remote port forwarding failed" in back.stderr
        assert town.acted() == []


@pytest.mark.requirement("R4", "R50")
def test_a_serial_that_the_broker_does_not_hold_is_refused_although_the_ca_signed_it(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    serial = broker._serials.live(int(time.time()))[0]
    for other, held in ((serial - 1, True), (serial + 1, True), (2**64 - 1, True), (1, True), (serial, False)):
        key = broker._signed("run", credential.lease, other, (int(time.time()) - 5, int(time.time()) + 60))
        assert broker._login.attempt(key, 10).held is held, other


@pytest.mark.requirement("R50", "R53")
@pytest.mark.parametrize("name", ["shop-1.2", "escape"])
def test_an_open_session_is_ended_on_revocation(town, name):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    answers = []
    going = threading.Thread(target=lambda: answers.append(broker.run(credential, [name, "40"], 60)))
    going.start()
    wanted = {"began", "escaped"} if name == "escape" else {"began"}
    until(lambda: set(town.acted()) == wanted, "the session is open")
    assert town.pids()
    assert not broker.revoke(credential.lease).usable
    assert not town.pids(), "nothing that it started lives, also what gave itself a session"
    going.join()
    assert "after" not in town.acted()
    assert answers[0].status != 0
    assert broker.probe(credential).held


@pytest.mark.requirement("R53")
def test_a_session_in_which_the_end_is_refused_is_not_called_ended(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    settings = town.program.with_suffix(".json")
    settings.rename(settings.with_suffix(".gone"))
    assert code_of(Unavailable, broker.revoke, credential.lease) == "MAG-E387"
    assert broker.state(credential.lease).usable
    settings.with_suffix(".gone").rename(settings)
    assert not broker.revoke(credential.lease).usable


@pytest.mark.requirement("R53")
def test_without_sshd_the_list_is_in_place_and_what_cannot_be_confirmed_is_said(town):
    broker = town.broker()
    holder, book, alarm = hands(town, broker)
    with pytest.raises(Unavailable) as caught, holder.lease(town.act(broker)) as credential:
        town.stop()
    assert caught.value.code == "MAG-E387"
    assert "whether a session of it is still open is not known" in alarm.told[-1]
    assert book.lease_state(credential.lease) is LeaseState.UNCONFIRMED
    shown = town.folder / "cert.pub"
    shown.write_bytes(HeldKey.of_token(credential.token).certificate)
    asked = subprocess.run(["ssh-keygen", "-Q", "-f", town.krl, shown], capture_output=True, text=True, check=False)
    assert "REVOKED" in asked.stdout
    assert code_of(Unavailable, broker.probe, credential) == "MAG-E423"
    assert code_of(Refused, broker.request, town.bundle, town.lease(), ()) == "MAG-E422", "one at a time"
    assert [one.state for one in broker.leases()] == ["listed"]
    town.start()
    assert broker.probe(credential).held
    (row,) = book.open_leases()
    holder.release(row, None)
    assert book.lease_state(credential.lease) is LeaseState.RELEASED
    book.journal.close()


@pytest.mark.requirement("R53")
def test_without_a_list_in_place_nothing_is_minted_and_nothing_is_called_dead(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    folder = town.krl.parent
    folder.rename(folder.with_name("elsewhere"))
    assert code_of(Unavailable, broker.revoke, credential.lease) == "MAG-E421"
    assert broker.state(credential.lease).state == "revoking"
    folder.with_name("elsewhere").rename(folder)
    assert not broker.revoke(credential.lease).usable
    folder.rename(folder.with_name("elsewhere"))
    assert code_of(Unavailable, broker.request, town.bundle, town.lease(), ()) == "MAG-E421"
    folder.with_name("elsewhere").rename(folder)


@pytest.mark.requirement("R52")
def test_a_host_with_another_key_gets_nothing(town):
    keygen("-q", "-t", "ed25519", "-N", "", "-f", town.folder / "keys/other")
    kind, public, *_ = (town.folder / "keys/other.pub").read_text().split()
    town.known_hosts.write_text(f"[127.0.0.1]:{town.port} {kind} {public}\n")
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    assert code_of(Unavailable, broker.run, credential, ACTS, 20) == "MAG-E423"
    assert code_of(Unavailable, broker.probe, credential) == "MAG-E423", "no refusal was seen"
    town.known_hosts.write_text("")
    assert code_of(Unavailable, broker.run, credential, ACTS, 20) == "MAG-E423"
    assert town.acted() == []


@pytest.mark.requirement("R50")
def test_no_private_key_in_an_argv_an_environment_or_a_file_while_it_is_used(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    secret = credential.token.splitlines()[2].encode()
    going = threading.Thread(target=lambda: broker.run(credential, ["shop-1.2", "3"], 20))
    going.start()
    until(town.acted, "the session is open")
    seen = [read(Path(f"/proc/{pid}") / what) for pid in children(os.getpid()) for what in ("cmdline", "environ")]
    assert any(b"IdentityFile=/proc/" in one for one in seen)
    assert not [one for one in seen if secret in one]
    assert keys_on_disk(town) == [town.ca, town.folder / "sshd/host"]
    assert secret.decode() not in repr(credential)
    broker.revoke(credential.lease)
    going.join()


@pytest.mark.requirement("R50", "R53")
def test_what_the_target_says_is_bounded_and_redacted(town):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    said = broker.run(credential, ["talk", "0"], 20)
    assert said.status == 0
    assert len(said.output) <= 65_536
    assert "key [[key]] ?[2J" in said.output
    secret = credential.token.splitlines()[2]
    assert "[withheld]" in broker._login._clean(f"it said {secret}", HeldKey.of_token(credential.token))


@pytest.mark.requirement("R4")
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["shop-1.2"],
        ["shop-1.2", "0", "0"],
        ["$(touch x)", "0"],
        ["-rf", "0"],
        ["a\n", "0"],
        ["a b", "0"],
        ["../x", "0"],
    ],
)
def test_arguments_that_the_target_does_not_want_run_nothing(town, arguments):
    broker = town.broker()
    credential = broker.request(town.bundle, town.lease(), ())
    assert broker.run(credential, arguments, 20).status == 77
    assert town.acted() == []


@pytest.mark.requirement("R50", "R53")
def test_a_lease_revoked_before_its_mint_is_never_minted_and_named_on_the_list(town):
    broker, lease = town.broker(), town.lease()
    name = json.loads(lease.payload_bytes())["id"]
    assert code_of(NotFound, broker.revoke, name) == "MAG-E334"
    assert code_of(Refused, broker.request, town.bundle, lease, ()) == "MAG-E422"
    assert f'id: "{name}"' in keygen("-Q", "-l", "-f", town.krl) or name in keygen("-Q", "-l", "-f", town.krl)
    assert code_of(NotFound, broker.disown, name) == "MAG-E334"
    for hostile in ("", "../../etc", "lse-" + "a" * 26 + "\n", "lse-$(reboot)", "lse-" + "A" * 26, "x" * 9000):
        assert code_of(NotFound, broker.revoke, hostile) == "MAG-E334"
    assert broker._serials.unminted() == (name,)


@pytest.mark.requirement("R50", "R51")
def test_a_lease_is_minted_for_the_warrant_and_proposal_of_the_case_once_and_by_one_process(town):
    broker = town.broker()
    for changes in (
        {"warrant": "sha256:" + "0" * 64},
        {"proposal": "sha256:" + "0" * 64},
        {"reason": ""},
        {"state": LeaseState.HELD},
    ):
        assert code_of(Refused, broker.request, town.bundle, town.lease(**changes), ()) == "MAG-E422"
    assert code_of(Refused, broker.request, town.bundle, town.lease(now=int(time.time()) - 90), ()) == "MAG-E105"
    foreign = town.case.town.by_process("control", json_lease(town), "lse", lifetime=60, now=int(time.time()))
    assert code_of(Refused, broker.request, town.bundle, foreign, ()) in {"MAG-E106", "MAG-E107"}
    lease = town.lease()
    broker.request(town.bundle, lease, ())
    assert code_of(Refused, broker.request, town.bundle, lease, ()) == "MAG-E422"
    assert code_of(Unavailable, town.broker) == "MAG-E383"


def json_lease(town):
    return town.identity.open_own(town.lease(), Lease).body


@pytest.mark.requirement("R50", "R53")
def test_a_kill_at_any_point_leaves_nothing_usable_and_no_key_on_a_disk(town):
    chance = random.Random(20261127)
    given: dict[str, str] = {}
    for _ in range(5):
        argv = [sys.executable, TESTS / "world/doomed_broker.py", town.folder, str(town.port)]
        paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths})
        assert child.stdout is not None
        given.update([json.loads(child.stdout.readline())])
        time.sleep(chance.uniform(0, 1.5))
        child.send_signal(signal.SIGKILL)
        given.update(json.loads(line) for line in child.stdout.read().splitlines() if line.endswith(b"]"))
        child.wait()
        child.stdout.close()
        assert keys_on_disk(town) == [town.ca, town.folder / "sshd/host"]
        broker = town.broker()
        held = [broker._login.attempt(HeldKey.of_token(token), 10).held for token in list(given.values())[-2:]]
        assert all(held), "dead at sshd as soon as anybody opens the table again"
        broker.sweep()
        assert broker.leases() == ()
        assert not town.pids()
        broker.close()
    broker = town.broker()
    assert all(broker.state(lease).state == "dead" for lease in given)
    uses = [one.split()[1] for one in town.effects.read_text().splitlines() if one.startswith("began")]
    assert len(uses) <= len(given), "none was used twice"


def keys_on_disk(town):
    """Every file below the target's world and the temporary folder's own that holds a private key."""
    found = [p for p in town.folder.rglob("*") if p.is_file() and "home" not in p.relative_to(town.folder).parts[0]]
    return sorted(p for p in found if b"PRIVATE KEY" in read(p))


def children(pid):
    lines = [read(p / "stat") for p in Path("/proc").iterdir() if p.name.isdigit()]
    return [int(one.split()[0]) for one in lines if one and int(one.rpartition(b")")[2].split()[1]) == pid]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
