"""`[target.NAME]`: read and written alike, and what is not understood is an error that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from world.deployment import make_deployment

from magistrate.bootstrap.executor import SystemClock
from magistrate.bootstrap.executor_targets import probes_of_targets, target_places, targets_of
from magistrate.bootstrap.roots import DAY, roots_of
from magistrate.errors import Refused, Usage
from magistrate.executor.identity import Identity
from magistrate.settings import Settings, load_settings, settings_text
from magistrate.settings_targets import MOST_SECONDS, TargetSettings
from magistrate.wire.lease import LEASE_SECONDS

pytestmark = pytest.mark.requirement("R5", "R54")
TOP = 'deployment = "acme"\nmode = "team"\n'
GOOD = {
    "host": '"web.example"', "user": '"deploy"', "program": '"/opt/magistrate/password-shop"', "known_hosts": '"keys/known_hosts"',
    "authority": '"keys/web_ca"', "revocations": '"/var/lib/magistrate/ssh/revoked"', "source_addresses": '["192.0.2.7", "10.1.0.0/16"]',
}  # fmt: skip


def table(said: dict[str, str], head: str = "[target.web]") -> str:
    return "\n".join([head, *(f"{name} = {value}" for name, value in said.items() if value)]) + "\n"


def read(home: Path, *tables: str) -> Settings:
    (home / "magistrate.toml").write_text(TOP + "".join(tables))
    return load_settings(home)


def test_targets_are_read_and_written_alike(tmp_path):
    found = read(tmp_path, table(GOOD))
    assert found.targets == {
        "web": TargetSettings(
            host="web.example", user="deploy", program="/opt/magistrate/password-shop",
            known_hosts=tmp_path / "keys/known_hosts", authority=tmp_path / "keys/web_ca",
            revocations=Path("/var/lib/magistrate/ssh/revoked"), source_addresses=("192.0.2.7", "10.1.0.0/16"),
            port=22, seconds=50,
        )
    }  # fmt: skip
    other = {"authority": '"other_ca"', "revocations": '"other"', "port": "2222", "seconds": "7"}
    found = read(tmp_path, table(GOOD), table(GOOD | other, '[target."worker.1"]'))
    assert list(found.targets) == ["web", "worker.1"]
    assert (found.targets["worker.1"].port, found.targets["worker.1"].seconds) == (2222, 7)
    (tmp_path / "magistrate.toml").write_text(settings_text(found))
    assert load_settings(tmp_path) == found
    assert target_places(found)["worker.1"].port == 2222
    assert read(tmp_path).targets == {}


@pytest.mark.parametrize(("why", "said"), [
    *[(f"does not say `{name}`", GOOD | {name: ""}) for name in GOOD],
    *[(f"`target.web.{name}` must be a text", GOOD | {name: "7"}) for name in GOOD if name != "source_addresses"],
    *[(f"`target.web.{name}` is empty", GOOD | {name: '""'}) for name in GOOD if name != "source_addresses"],
    *[("`target.web.port` must be", GOOD | {"port": port}) for port in ("0", "65536", '"22"', "true", "1.5")],
    *[("`target.web.seconds` must be", GOOD | {"seconds": seconds}) for seconds in ("0", "61", "-1", '"5"', "5.0", "true")],
    *[("must be a list of addresses", GOOD | {"source_addresses": said}) for said in ('"192.0.2.7"', "[1]", '["192.0.2.7", true]', "{}")],
    *[("must name each once", GOOD | {"source_addresses": said}) for said in ("[]", '["192.0.2.7", "192.0.2.7"]')],
    ("`target.web.password` is no setting", GOOD | {"password": '"plainly-fake"'}),
    ("`target.web.command` is no setting", GOOD | {"command": '"plainly-fake"'}),
])  # fmt: skip
def test_what_is_not_understood_is_told_with_its_place(tmp_path, why, said):
    with pytest.raises(Usage) as caught:
        read(tmp_path, table(said))
    assert caught.value.code == "MAG-E590"
    assert why in caught.value.message
    assert "magistrate.toml:" in caught.value.message
    assert "plainly-fake" not in caught.value.diagnostics()


def test_a_program_may_take_no_longer_than_a_lease():
    assert MOST_SECONDS == LEASE_SECONDS


@pytest.mark.parametrize("head", ["[[target]]", "[target.Web]", '[target."a b"]', '[target."../x"]', '[target.".."]', "[target]",
                                  "[targets.web]"])  # fmt: skip
def test_a_table_that_is_no_target_is_none(tmp_path, head):
    with pytest.raises(Usage) as caught:
        read(tmp_path, table(GOOD, head))
    assert caught.value.code == "MAG-E590"


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("other", [
    {"revocations": '"other"'}, {"authority": '"other"'}, {"authority": '"other"', "revocations": '"/var/lib/x/../magistrate/ssh/revoked"'},
    {"authority": '"keys/../keys/web_ca"', "revocations": '"other"'}, {"authority": '"/var/lib/magistrate/ssh/revoked"', "revocations": '"other"'},
])  # fmt: skip
def test_a_ca_key_and_a_list_belong_to_one_target(tmp_path, other):
    with pytest.raises(Usage) as caught:
        read(tmp_path, table(GOOD), table(GOOD | other, "[target.worker]"))
    assert "each is of one target alone" in caught.value.message


@pytest.mark.parametrize("said", [
    {"host": '"-oProxyCommand=x"'}, {"user": '"root;x"'}, {"program": '"opt/relative"'}, {"program": '"/opt/a b"'},
    {"source_addresses": '["0.0.0.0/0"]'}, {"source_addresses": '["anywhere"]'}, {"known_hosts": '"a%h"'},
])  # fmt: skip
def test_a_place_that_is_not_acceptable_is_told_with_the_name_of_its_target(tmp_path, said):
    with pytest.raises(Usage) as caught:
        target_places(read(tmp_path, table(GOOD | said)))
    assert caught.value.code == "MAG-E420"
    assert "`[target.web]`" in caught.value.message


@pytest.mark.requirement("R50")
def test_a_home_without_targets_opens_no_folder_and_no_file(tmp_path):
    town = make_deployment(tmp_path / "home")
    before = sorted(town.home.rglob("*"))
    identity = Identity(town.keys["executor"], deployment=town.name)
    assert targets_of(town.settings, identity, SystemClock(), lambda text: text) == {}
    assert list(probes_of_targets(town.settings)) == []
    assert sorted(town.home.rglob("*")) == before


@pytest.mark.requirement("R50")
def test_a_target_without_its_ca_key_is_told_with_its_name_and_nothing_is_listed(tmp_path):
    town = make_deployment(tmp_path / "home")
    with (town.home / "magistrate.toml").open("a") as out:
        out.write(table(GOOD | {"revocations": '"revoked"'}))
    identity = Identity(town.keys["executor"], deployment=town.name)
    with pytest.raises(Refused) as caught:
        targets_of(town.settings, identity, SystemClock(), lambda text: text)
    assert caught.value.code == "MAG-E420"
    assert "`[target.web]`" in caught.value.message
    assert not (town.home / "revoked").exists()


@pytest.mark.requirement("R50")
def test_the_ca_key_of_a_target_is_a_root_with_the_day_of_its_file(tmp_path):
    town = make_deployment(tmp_path)
    (tmp_path / "ca").write_text("plainly fake")
    with (tmp_path / "magistrate.toml").open("a") as out:
        out.write(table(GOOD | {"authority": '"ca"'}))
    root = {root.root: root for root in roots_of(town.settings, (town.roster,), town.trusted_roster())}["target web"]
    assert f"{tmp_path / 'ca'} (mode 0" in root.lives
    assert root.reason == "signs certificates for deploy@web.example:22"
    assert root.since == int((tmp_path / "ca").stat().st_mtime)
    assert root.rotate_by - root.since == town.settings.rotate_process_days * DAY
    assert root.rotation(root.since) == "ok"
    assert root.rotation(root.rotate_by + DAY).startswith("OVERDUE")
