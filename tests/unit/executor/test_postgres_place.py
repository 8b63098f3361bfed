"""Settings of a database for leases: no password, no other host without its certificate, no group of another purpose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from magistrate.errors import Unavailable, Usage
from magistrate.executor.credentials.postgres_place import PostgresPlace

GOOD: dict[str, Any] = {
    "system": "shop-db", "host": "db.example.invalid", "database": "shop", "issuer": "magistrate_issuer",
    "group": "app_fix",
}  # fmt: skip


@pytest.mark.requirement("R52")
@pytest.mark.parametrize(("host", "sslmode"), [
    ("db.example.invalid", "verify-full"), ("/run/postgresql", "disable"), ("localhost", "prefer"),
    ("127.0.0.1", "disable"), ("::1", "require"),
])  # fmt: skip
def test_a_socket_the_own_machine_and_a_verified_host_are_acceptable(host, sslmode):
    words = PostgresPlace(**{**GOOD, "host": host, "sslmode": sslmode}).address("lease_x")
    assert f"sslmode={sslmode}" in words
    assert "password" not in words


@pytest.mark.requirement("R52")
@pytest.mark.parametrize(
    "host", ["db.example.invalid", "10.0.0.1", "127.0.0.2", "localhost.example.invalid", "LOCALHOST"]
)
@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_another_host_needs_its_certificate_verified(host, sslmode):
    with pytest.raises(Usage) as caught:
        PostgresPlace(**{**GOOD, "host": host, "sslmode": sslmode})
    assert caught.value.code == "MAG-E412"
    assert "another host" in caught.value.message


@pytest.mark.requirement("R4")
@pytest.mark.parametrize("change", [
    {"host": ""}, {"host": "localhost,db.example.invalid"}, {"host": "/run,db.example.invalid"},
    {"host": "localhost hostaddr=203.0.113.1"}, {"host": "a\nb"}, {"sslmode": "off"}, {"sslmode": ""},
    {"group": "none"}, {"group": "pg_monitor"}, {"group": "lease_a"}, {"group": "magistrate_issuer"}, {"group": ""},
    {"group": "g" * 64}, {"issuer": "a\0b"}, {"database": ""}, {"database": "a\nb"}, {"system": "Shop"},
    {"system": "../shop"}, {"port": 0}, {"port": 65536}, {"statement_seconds": 0}, {"idle_seconds": 901},
], ids=str)  # fmt: skip
def test_what_is_not_acceptable_cannot_be_made(change):
    with pytest.raises(Usage) as caught:
        PostgresPlace(**{**GOOD, **change})
    assert caught.value.code == "MAG-E412"


def test_odd_names_are_quoted_in_an_address():
    from psycopg.conninfo import conninfo_to_dict

    odd = "a' password='b"
    read = conninfo_to_dict(PostgresPlace(**{**GOOD, "database": odd}).address("lease_x"))
    assert read["dbname"] == odd
    assert "password" not in read
    assert read["hostaddr"] == read["options"] == ""


@pytest.mark.requirement("R53")
def test_without_the_driver_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable) as caught:
        PostgresPlace(**{**GOOD, "sslrootcert": Path("root.crt")}).address("lease_x")
    assert caught.value.code == "MAG-E414"
    assert "magistrate[postgresql]" in str(caught.value.hint)
