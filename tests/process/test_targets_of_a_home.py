"""The targets that a home names: composed for the executor at a real sshd, and their CA keys probed as issuing roots."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paths import MAGISTRATE
from world.deployment import make_deployment
from world.ssh_town import USER, install_target, ssh_town

from magistrate.adapters.standing.places import search_home
from magistrate.adapters.standing.search import Search
from magistrate.adapters.standing.shapes import key_lines
from magistrate.bootstrap.executor import SystemClock
from magistrate.bootstrap.executor_standing import look_at_systems
from magistrate.bootstrap.executor_targets import probes_of_targets, targets_of
from magistrate.errors import Unavailable
from magistrate.executor.credentials.ssh_certificate import SshCertificates
from magistrate.executor.credentials.ssh_login import HeldKey
from magistrate.executor.ports import NewSecret

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R50")]
LOGIN, FILE = "to log in with the CA key itself", "to read the file as another"
TAKES = """import json, sys
told = json.load(open(sys.argv[2]))
open(sys.argv[1], "w").write(told["login"] + ":" + told["password"])
"""


def run(home, *words):
    argv = [str(MAGISTRATE), *map(str, words), "--home", str(home)]
    return subprocess.run(
        argv, env={**os.environ, "HOME": str(home.parent)}, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def named(town, name="web", **changes):
    """The lines of `magistrate.toml` for the target of a town."""
    said = {
        "host": "127.0.0.1", "port": town.port, "user": USER, "program": str(town.program), "known_hosts": str(town.known_hosts),
        "authority": str(town.ca), "revocations": str(town.krl), "source_addresses": ["127.0.0.1/32"], "seconds": 20, **changes,
    }  # fmt: skip
    return f"\n[target.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


@pytest.fixture
def town(tmp_path):
    with ssh_town(tmp_path / "town") as found:
        yield found


@pytest.fixture
def home(tmp_path, town):
    made = make_deployment(tmp_path / "home")
    made.settings.key("executor").parent.mkdir(exist_ok=True)
    made.settings.key("executor").touch(mode=0o600)
    with (made.home / "magistrate.toml").open("a") as out:
        out.write(named(town))
    return made


@pytest.mark.requirement("R54")
def test_a_target_of_the_settings_is_a_consumer_with_a_folder_of_its_own(town, home):
    installed = town.folder / "installed"
    (town.program.parent / "takes.py").write_text(TAKES)
    argv = [sys.executable, "-I", str(town.program.parent / "takes.py"), str(installed)]
    install_target(
        town.program.parent, town.effects, argv=argv, arguments=["unkept:sha256:[0-9a-f]{64}"], artifact=4096
    )
    found = targets_of(home.settings, town.identity, SystemClock(), lambda text: text)
    with pytest.raises(Unavailable) as caught:
        targets_of(home.settings, town.identity, SystemClock(), lambda text: text)
    assert (caught.value.code, "`[target.web]`" in caught.value.message) == ("MAG-E383", True)
    consumer = found["web"]
    credential = consumer.mint.request(town.bundle, town.lease(), ())
    assert consumer.switch(credential, NewSecret(login="shop_b", password="plainly-fake-value")).held
    assert installed.read_text() == "shop_b:plainly-fake-value"
    assert not consumer.mint.revoke(credential.lease).usable
    assert consumer.mint.probe(credential).held
    assert sorted(one.name for one in (home.home / "executor/targets").iterdir()) == ["web"]
    consumer.close()
    for again in targets_of(home.settings, town.identity, SystemClock(), lambda text: text).values():
        assert again.mint.leases() == ()
        again.close()


@pytest.mark.requirement("R53")
def test_of_two_targets_of_which_one_cannot_be_opened_none_stays_open(town, home):
    path = home.home / "magistrate.toml"
    kept = path.read_text()
    path.write_text(
        kept + named(town, "worker", authority=str(town.folder / "absent"), revocations=str(town.folder / "other"))
    )
    with pytest.raises(Exception, match=r"`\[target.worker\]`"):
        targets_of(home.settings, town.identity, SystemClock(), lambda text: text)
    path.write_text(kept)
    for one in targets_of(home.settings, town.identity, SystemClock(), lambda text: text).values():
        one.close()


@pytest.mark.requirement("R53")
def test_a_target_whose_list_cannot_be_put_in_place_can_be_opened_when_it_can(town, home):
    town.krl.parent.rename(town.folder / "away")
    with pytest.raises(Unavailable) as caught:
        targets_of(home.settings, town.identity, SystemClock(), lambda text: text)
    assert (caught.value.code, "`[target.web]`" in caught.value.message) == ("MAG-E421", True)
    (town.folder / "away").rename(town.krl.parent)
    for one in targets_of(home.settings, town.identity, SystemClock(), lambda text: text).values():
        one.close()


def seen_of(home):
    return {one.tried: one for one in probes_of_targets(home.settings)}


def test_the_ca_key_alone_is_the_executors_and_opens_no_session(town, home):
    found = seen_of(home)
    assert {one.root for one in found.values()} == {"target web"}
    assert (found[FILE].refused, found[LOGIN].refused) == (True, True)
    assert found[LOGIN].seen == "login refused"
    assert "Connection closed by authenticating user" in town.log() or "Failed publickey" in town.log()
    assert town.acted() == []


def test_a_ca_key_that_sshd_takes_as_the_key_of_a_login_is_told(tmp_path):
    keys = tmp_path / "authorized"
    permits = f"StrictModes no\nMatch all\nAuthorizedKeysFile {keys}\n"
    with ssh_town(tmp_path / "town", permits) as town:
        keys.write_text(f'command="/bin/true" {town.ca.with_suffix(".pub").read_text()}')
        home = make_deployment(tmp_path / "home")
        home.settings.key("executor").parent.mkdir(exist_ok=True)
        home.settings.key("executor").touch(mode=0o600)
        with (home.home / "magistrate.toml").open("a") as out:
            out.write(named(town))
        found = seen_of(home)
    assert (found[LOGIN].refused, found[LOGIN].seen) == (False, "login ACCEPTED")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_of_a_ca_key_that_others_may_touch_is_told(town, home, mode):
    town.ca.chmod(mode)
    found = seen_of(home)[FILE]
    assert found.refused is False
    assert f"mode {mode:04o}" in found.seen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_file_of_a_ca_key_that_is_somebody_elses_is_told(town, home):
    os.chown(town.ca, 65534, -1)
    found = seen_of(home)[FILE]
    assert found.refused is False
    assert "the executor is" in found.seen


def test_a_link_is_no_file_of_the_executor_alone(town, home):
    town.ca.rename(town.ca.with_name("elsewhere"))
    town.ca.symlink_to(town.ca.with_name("elsewhere"))
    found = seen_of(home)
    assert (found[FILE].refused, found[LOGIN].refused) == (False, None)


def test_a_ca_key_that_could_not_be_tried_is_no_success(town, home):
    town.stop()
    assert seen_of(home)[LOGIN].refused is None
    town.ca.unlink()
    [probe] = probes_of_targets(home.settings)
    assert probe.refused is None
    assert "cannot be looked at" in probe.seen


def test_the_ca_key_is_listed_and_probed_among_the_other_roots(town, home):
    rows = {row["root"]: row for row in json.loads(run(home.home, "leases", "--roots", "-o", "json").stdout)}
    assert rows["target web"]["rotation"] == "ok"
    assert str(town.ca) in rows["target web"]["lives"]
    done = run(home.home, "leases", "--roots", "--probe", "-o", "json")
    probes = {row["tried"]: row["held"] for row in json.loads(done.stdout)["probes"] if row["root"] == "target web"}
    assert probes == {FILE: "yes", LOGIN: "yes"}


# what is left of a lease


def lies(folders, credential):
    """Files that hold a piece of what the lease was: the line that tells its key, the body of its certificate, the token."""
    held = HeldKey.of_token(credential.token)
    pieces = (*key_lines(held.private), held.certificate.split()[1], credential.token.encode())
    assert len(pieces) == 3
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(piece in path.read_bytes() for piece in pieces)]


@pytest.mark.requirement("R51", "R53")
def test_key_and_certificate_of_a_lease_lie_nowhere_while_it_lives_and_after(town, home):
    consumer = targets_of(home.settings, town.identity, SystemClock(), lambda text: text)["web"]
    folders = home.home, town.folder, Path("/dev/shm")
    credential = consumer.mint.request(town.bundle, town.lease(), ())
    assert isinstance(consumer.mint, SshCertificates)
    assert consumer.mint.run(credential, ["shop-1.2", "0"], 20).status == 0
    seen = look_at_systems(home.settings, home.trusted_roster(), int(time.time()))
    assert [(one.where, one.lease, one.usable) for one in seen.leases] == [("target web", credential.lease, True)]
    assert lies(folders, credential) == []
    assert not consumer.mint.revoke(credential.lease).usable
    assert lies(folders, credential) == []
    assert look_at_systems(home.settings, home.trusted_roster(), int(time.time())).leases == []
    search = Search(issued={}, asks=lambda token, repository: False)
    search_home(search, home.home / "executor", keys={}, left_out=frozenset())
    assert (search.usable, search.unsearched) == ([], [])
    left = home.home / "executor" / "left"
    left.write_bytes(HeldKey.of_token(credential.token).private)
    assert lies(folders, credential) == [left], "what was left would be found, here"
    search_home(search, home.home / "executor", keys={}, left_out=frozenset())
    assert search.usable == [(str(left), "a private key outside of its known file")]
    consumer.close()


def test_the_scan_knows_the_ca_key_in_its_place_and_finds_a_copy(town, home):
    authority = home.home / "keys" / "web-ca"
    authority.write_bytes(town.ca.read_bytes())
    authority.chmod(0o600)
    path = home.home / "magistrate.toml"
    path.write_text(path.read_text().replace(json.dumps(str(town.ca)), '"keys/web-ca"'))
    copy = home.home / "executor" / "copy"
    copy.parent.mkdir(exist_ok=True)

    def usable():
        done = run(home.home, "leases", "--scan", "-o", "json")
        return [row["where"] for row in json.loads(done.stdout)["found"] if row["state"] == "USABLE"]

    before = usable()
    assert str(authority) not in before
    copy.write_bytes(authority.read_bytes())
    assert set(usable()) - set(before) == {str(copy)}
