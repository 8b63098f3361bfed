"""`[system.NAME]`: read and written alike, and what is not understood is an error that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from world.deployment import make_deployment

from magistrate.bootstrap.executor_systems import places_of
from magistrate.bootstrap.roots import DAY, roots_of
from magistrate.errors import Usage
from magistrate.settings import Settings, load_settings, settings_text
from magistrate.settings_systems import SystemSettings

pytestmark = pytest.mark.requirement("R5", "R52")
TOP = 'deployment = "acme"\nmode = "team"\n'
GOOD = {
    "host": '"db.example"', "database": '"shop"', "issuer": '"magistrate_issuer"', "group": '"app_fix"',
    "schemas": '["shop", "Odd \\"Schema"]',
}  # fmt: skip
MORE = {
    "port": "6432",
    "sslmode": '"verify-full"',
    "sslrootcert": '"ca.pem"',
    "passfile": '"/etc/magistrate/shop.pgpass"',
}


def read(home: Path, said: dict[str, str], table: str = "[system.shop-db]") -> Settings:
    lines = [table, *(f"{name} = {value}" for name, value in said.items() if value)]
    (home / "magistrate.toml").write_text(TOP + "\n".join(lines) + "\n")
    return load_settings(home)


def test_systems_are_read_and_written_alike(tmp_path):
    found = read(tmp_path, GOOD)
    assert found.systems == {
        "shop-db": SystemSettings(
            host="db.example", database="shop", issuer="magistrate_issuer", group="app_fix",
            schemas=("shop", 'Odd "Schema'),
        )
    }  # fmt: skip
    found = read(tmp_path, GOOD | MORE, '[system."shop.db"]')
    one = found.systems["shop.db"]
    assert (one.port, one.sslrootcert, one.passfile) == (6432, tmp_path / "ca.pem", Path("/etc/magistrate/shop.pgpass"))
    (tmp_path / "magistrate.toml").write_text(settings_text(found))
    assert load_settings(tmp_path) == found
    assert places_of(found)["shop.db"].port == 6432
    assert read(tmp_path, {}, "").systems == {}


@pytest.mark.parametrize(("why", "said"), [
    *[(f"does not say `{name}`", GOOD | {name: ""}) for name in GOOD if name != "schemas"],
    *[(f"`system.shop-db.{name}` must be a text", GOOD | {name: "7"}) for name in ("host", "issuer", "passfile", "sslmode")],
    *[(f"`system.shop-db.{name}` is empty", GOOD | {name: '""'}) for name in ("host", "group", "passfile")],
    *[("`system.shop-db.port` must be", GOOD | {"port": port}) for port in ("0", "65536", '"5432"', "true", "1.5")],
    *[("must be a list of names", GOOD | {"schemas": said}) for said in ('"shop"', "[1]", '["shop", true]', "{}")],
    ("once, and one at least", GOOD | {"schemas": "[]"}), ("once, and one at least", GOOD | {"schemas": '["a", "a"]'}),
    ("which is the server's own", GOOD | {"schemas": '["pg_catalog"]'}),
    *[("must name two logins", GOOD | {"logins": said}) for said in ('["a"]', '["a", "b", "c"]')],
    ("must name each once", GOOD | {"logins": '["a", "a"]'}), ("must be a list of names", GOOD | {"logins": '"a"'}),
    ("neither `schemas` nor `logins`", {key: said for key, said in GOOD.items() if key != "schemas"}),
    ("which is the server's own", GOOD | {"schemas": '["information_schema"]'}),
    ("holds what is no name", GOOD | {"schemas": '[""]'}), ("holds what is no name", GOOD | {"schemas": '["a\\u202e"]'}),
    ("`system.shop-db.password` is no setting", GOOD | {"password": '"plainly-fake"'}),
    ("`system.shop-db.statement_seconds` is no setting", GOOD | {"statement_seconds": "900"}),
    ("`system.shop-db.host` must be a text", GOOD | {"host": "{name = 'x'}"}),
])  # fmt: skip
def test_what_is_not_understood_is_told_with_its_place(tmp_path, why, said):
    with pytest.raises(Usage) as caught:
        read(tmp_path, said)
    assert caught.value.code == "MAG-E590"
    assert why in caught.value.message
    assert "magistrate.toml:" in caught.value.message
    assert "plainly-fake" not in caught.value.diagnostics()


@pytest.mark.parametrize("table", ["[[system]]", "[system.Shop]", '[system."a b"]', "[system]", "[systems.shop]"])
def test_a_table_that_is_no_system_is_none(tmp_path, table):
    with pytest.raises(Usage) as caught:
        read(tmp_path, GOOD, table)
    assert caught.value.code == "MAG-E590"


@pytest.mark.parametrize("said", [
    {"sslmode": '"prefer"'}, {"sslmode": '"none"'}, {"host": '"a,b"'}, {"group": '"magistrate_issuer"'}, {"group": '"pg_monitor"'},
])  # fmt: skip
def test_a_place_that_is_not_acceptable_is_told_with_the_name_of_its_system(tmp_path, said):
    with pytest.raises(Usage) as caught:
        places_of(read(tmp_path, GOOD | said))
    assert caught.value.code == "MAG-E412"
    assert "`[system.shop-db]`" in caught.value.message


@pytest.mark.requirement("R50")
def test_the_issuing_role_of_a_system_is_a_root_with_the_day_of_its_password(tmp_path):
    town = make_deployment(tmp_path)
    (tmp_path / "shop.pgpass").write_text("plainly fake")
    base = (tmp_path / "magistrate.toml").read_text()
    for passfile in ("", 'passfile = "shop.pgpass"\n'):
        lines = "\n".join(f"{name} = {value}" for name, value in GOOD.items())
        (tmp_path / "magistrate.toml").write_text(f"{base}\n[system.shop-db]\n{lines}\n{passfile}")
        found = {root.root: root for root in roots_of(town.settings, (town.roster,), town.trusted_roster())}
        root = found["system shop-db"]
        assert (root.key, root.text) == ("magistrate_issuer", "")
        assert "is not app_fix" in root.bound
        if passfile:
            assert f"{tmp_path / 'shop.pgpass'} (mode 0" in root.lives
            assert root.rotate_by - root.since == town.settings.rotate_process_days * DAY
            assert root.since == int((tmp_path / "shop.pgpass").stat().st_mtime)
        else:
            assert root.rotation(root.since) == "no key"
            assert root.owner == "executor"
