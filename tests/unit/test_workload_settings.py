"""`[workload]`: each grant with what it needs and nothing else; addresses where no token travels in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from magistrate.errors import Usage
from magistrate.settings import Settings, WorkloadIssuer, load_settings, settings_text

pytestmark = pytest.mark.requirement("R52")
TOP = 'deployment = "acme"\nmode = "team"\n\n[workload]\n'
ASKS = {
    "grant": "client_credentials", "issuer": "https://issuer.example/realm", "audience": "magistrate-gate-staging",
    "client_id": "magistrate-executor", "client_key": "keys/client.pem", "client_key_id": "c1",
}  # fmt: skip
EXCHANGES = {
    "grant": "token_exchange", "issuer": "https://issuer.example", "audience": "magistrate-gate-staging",
    "token_file": "/run/secrets/token",
}  # fmt: skip


def read(home: Path, said: dict[str, str]) -> Settings:
    lines = [f'{name} = "{value}"' for name, value in said.items() if value]
    (home / "magistrate.toml").write_text(TOP + "\n".join(lines) + "\n")
    return load_settings(home)


def test_both_grants_are_read_and_written_alike(tmp_path):
    more = {"token_endpoint": "https://tokens.example/t", "resource": "urn:gate", "scope": "a b", "ca_file": "ca.pem"}
    found = read(tmp_path, ASKS | more)
    assert found.workload_issuer == WorkloadIssuer(
        **{**ASKS, **more, "client_key": tmp_path / "keys/client.pem", "ca_file": tmp_path / "ca.pem"}
    )
    assert found.workload_token is None
    (tmp_path / "magistrate.toml").write_text(settings_text(found))
    assert load_settings(tmp_path) == found
    for some in (EXCHANGES, EXCHANGES | {"client_id": "public"}, EXCHANGES | ASKS | {"grant": "token_exchange"}):
        found = read(tmp_path, some)
        assert found.workload_token == Path("/run/secrets/token")
        assert found.workload_issuer is not None
        assert found.workload_issuer.grant == "token_exchange"
        (tmp_path / "magistrate.toml").write_text(settings_text(found))
        assert load_settings(tmp_path) == found
    assert read(tmp_path, {"token_file": "t"}).workload_issuer is None


@pytest.mark.parametrize(("why", "said"), [
    *[(f"needs `workload.{name}`", ASKS | {name: ""}) for name in ("issuer", "audience", "client_id", "client_key", "client_key_id")],
    *[(f"needs `workload.{name}`", EXCHANGES | {name: ""}) for name in ("issuer", "audience", "token_file")],
    ("is not said, for `workload.audience`", ASKS | {"grant": ""}),
    ("is not said, for `workload.audience`", EXCHANGES | {"grant": ""}),
    ("must be one of", ASKS | {"grant": "password"}),
    ("is used by no `client_credentials`", ASKS | {"token_file": "t"}),
    ("needs `client_id` and `client_key_id`", EXCHANGES | {"client_key": "k"}),
    ("needs `client_id` and `client_key_id`", EXCHANGES | {"client_key": "k", "client_key_id": "c1"}),
    ("needs `client_id` and `client_key_id`", EXCHANGES | {"client_id": "c", "client_key_id": "c1"}),
    ("is no setting", ASKS | {"client_secret": "fake"}),
])  # fmt: skip
def test_a_grant_without_what_it_needs_or_with_more_is_no_setting(tmp_path, why, said):
    with pytest.raises(Usage) as caught:
        read(tmp_path, said)
    assert caught.value.code == "MAG-E590"
    assert why in caught.value.message


@pytest.mark.parametrize("name", ["issuer", "token_endpoint"])
@pytest.mark.parametrize("url", [
    "http://issuer.example", "http://10.0.0.1/", "http://127.0.0.1.example/", "http://localhost.example/", "HTTP://x/",
    "ftp://issuer.example", "issuer.example", "//issuer.example", "https://", "https:///path", "https://issuer.example/?a=b",
    "https://issuer.example/#a", "https://user@issuer.example", "https://user:fake@issuer.example", "https://issuer.example?",
    "https://issuer.example/a b", "https://[::1", "https://issuer.example:port", "http://127.1/", "http://0.0.0.0/",
    "http://[::ffff:10.0.0.1]/", "https://issüer.example",
])  # fmt: skip
def test_an_address_where_a_token_would_travel_in_the_clear_is_no_setting(tmp_path, name, url):
    with pytest.raises(Usage) as caught:
        read(tmp_path, ASKS | {name: url})
    assert f"workload.{name}" in caught.value.message
    assert "fake" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://[::1]:8080/a", "http://localhost/a", "https://issuer.example:8443/a"]
)
def test_this_machine_may_be_asked_without_tls(tmp_path, url):
    assert read(tmp_path, ASKS | {"issuer": url}).workload_issuer is not None
