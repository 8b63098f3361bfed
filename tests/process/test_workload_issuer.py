"""A real OpenID provider beside a real gate: what the executor gets there opens the gate once, and nothing else does."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey
from world.gate_world import GateWorld, make_gate_world
from world.real_issuer import CLIENT, PLATFORM, RESOURCE, RealIssuer, real_issuer
from world.workload import AUDIENCE, SUBJECT, sign

from magistrate.bootstrap.executor import SystemClock
from magistrate.errors import Unavailable
from magistrate.executor.credentials.workload_issuer import ClientKey, IssuedToken
from magistrate.executor.credentials.workload_token import TokenFile

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R52"), pytest.mark.requirement("R4")]


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[RealIssuer]:
    (tmp_path / "issuer").mkdir()
    with real_issuer(tmp_path / "issuer") as running:
        yield running


def gate_of(folder: Path, issuer: RealIssuer, subject: str) -> Iterator[GateWorld]:
    world = make_gate_world(folder / "gate", workloads=lambda executor: issuer.asked_by(executor, subject))
    world.start()
    yield world
    world.stop()


@pytest.fixture
def gate(tmp_path: Path, issuer: RealIssuer) -> Iterator[GateWorld]:
    """A gate that knows the executor by the name of its client."""
    yield from gate_of(tmp_path, issuer, CLIENT)


@pytest.fixture
def platform_gate(tmp_path: Path, issuer: RealIssuer) -> Iterator[GateWorld]:
    """A gate that knows the executor by the name that its platform gave it."""
    yield from gate_of(tmp_path, issuer, SUBJECT)


def by_client(issuer: RealIssuer, **changes: Any) -> IssuedToken:
    said: dict[str, Any] = {
        "issuer": issuer.url, "audience": AUDIENCE, "resource": RESOURCE, "scope": "lease", "clock": SystemClock(),
        "client_id": CLIENT, "client": ClientKey(client=CLIENT, path=issuer.client_path, kid="c1"),
    }  # fmt: skip
    return IssuedToken(**{**said, **changes})


def platform_token(issuer: RealIssuer, key: ECKey | None = None, **claims: Any) -> str:
    """What a platform writes into a file: for the issuer, not for the gate."""
    now = int(time.time())
    said = {"iss": PLATFORM, "aud": issuer.url, "sub": SUBJECT, "iat": now, "exp": now + 3600, **claims}
    return sign({"alg": "ES256", "kid": "p1", "typ": "JWT"}, json.dumps(said).encode(), key or issuer.platform_key)


def by_exchange(issuer: RealIssuer, file: Path, token: str, **changes: Any) -> IssuedToken:
    file.write_text(token)
    file.chmod(0o400)
    return by_client(issuer, found=TokenFile(path=file).token, **changes)


def raw(source: IssuedToken) -> str:
    """What the issuer gives, without the executor's own look at it."""
    answer = httpx.post(f"{source.issuer}/token", data=source._form(), trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def refused(gate: GateWorld, token: str, why: str) -> None:
    answer = gate.ask(workload=lambda _: token)
    assert answer.status_code == 403, answer.text
    assert why in answer.text
    assert token.rpartition(".")[2] not in answer.text + gate.log.read_text()


def admitted(gate: GateWorld, token: str) -> None:
    answer = gate.ask(workload=lambda _: token)
    assert answer.status_code == 200, answer.text
    lease = msgspec.json.decode(answer.content)["lease"]
    assert gate.post(f"/gate/v1/leases/{lease}/revoke", {}).status_code == 200


def test_client_credentials_open_the_gate_once(gate: GateWorld, issuer: RealIssuer):
    source = by_client(issuer)
    token = source.token()
    admitted(gate, token)
    refused(gate, token, "MAG-E348")
    # each lease has a token of its own
    assert len({source.token() for _ in range(5)} | {token}) == 6
    assert len(issuer.given()) == 6


@pytest.mark.parametrize("client", [CLIENT, "public"])
def test_an_exchanged_token_opens_the_gate_and_what_it_was_exchanged_for_does_not(
    platform_gate: GateWorld, issuer: RealIssuer, tmp_path: Path, client: str
):
    known = {} if client == CLIENT else {"client_id": client, "client": None}
    of_platform = platform_token(issuer)
    source = by_exchange(issuer, tmp_path / "token", of_platform, **known)
    refused(platform_gate, of_platform, "does not pin")
    token = source.token()
    admitted(platform_gate, token)
    refused(platform_gate, token, "MAG-E348")
    refused(platform_gate, raw(by_client(issuer)), "another subject")


def test_a_new_key_of_the_issuer_opens_nothing_until_policy_pins_it(gate: GateWorld, issuer: RealIssuer):
    source, before = by_client(issuer), by_client(issuer).token()
    issuer.rotate()
    refused(gate, source.token(), "does not pin")
    admitted(gate, before)
    issuer.kid = "r1"
    issuer.is_now()
    refused(gate, source.token(), "signature")


FIXED = secrets.token_hex(8)


@pytest.mark.parametrize(("claims", "at_the_executor", "at_the_gate"), [
    ({"aud": "another-service"}, "another audience", "another audience"),
    ({"aud": [AUDIENCE, "another-service"]}, "2 audiences", "2 audiences"),
    ({"iss": "https://another.example"}, "another issuer", "another issuer"),
    ({"sub": SUBJECT}, "", "another subject"),
    ({"exp": 1_700_000_000, "iat": 1_699_999_900}, "", "expired"),
    ({"exp": 2_000_000_000}, "", "lives"),
    ({"jti": None}, "", "no `jti`"),
    ({"jti": FIXED}, "", "MAG-E348"),
])  # fmt: skip
def test_an_issuer_that_says_something_else_opens_nothing(gate, issuer, claims, at_the_executor, at_the_gate):
    issuer.is_now(claims=claims)
    source = by_client(issuer)
    if at_the_executor:
        with pytest.raises(Unavailable, match=at_the_executor) as caught:
            source.token()
        assert "eyJ" not in caught.value.diagnostics()
    if claims.get("jti"):
        admitted(gate, source.token())
    refused(gate, raw(source), at_the_gate)


def test_the_issuer_refuses_who_is_not_the_client_and_the_executor_asks_no_weaker_way(issuer, tmp_path):
    own, other = by_client(issuer), ECKey.generate_key("P-256")
    form = own._form()
    for expected in (200, 401):
        assert httpx.post(f"{issuer.url}/token", data=form, trust_env=False).status_code == expected
    with pytest.raises(Unavailable, match="another audience"):
        by_client(issuer, resource="urn:other").token()
    issuer.client_path.write_bytes(other.as_pem(private=True))
    given = len(issuer.given())
    with pytest.raises(Unavailable, match="invalid_client"):
        own.token()
    with pytest.raises(Unavailable, match="invalid_client"):
        by_client(issuer, client=None).token()
    known = {"client_id": "public", "client": None}
    for number, wrong in enumerate((
        platform_token(issuer, key=other), platform_token(issuer, aud="https://another.example"),
        platform_token(issuer, exp=int(time.time()) - 1), platform_token(issuer, iss="https://another.example"), "fake",
    )):  # fmt: skip
        with pytest.raises(Unavailable, match="invalid_grant") as caught:
            by_exchange(issuer, tmp_path / f"token{number}", wrong, **known).token()
        assert wrong not in caught.value.diagnostics()
    assert len(issuer.given()) == given


def test_an_issuer_that_went_away_gives_nothing(issuer):
    source = by_client(issuer)
    assert source.token()
    issuer.process.kill()
    issuer.process.wait()
    with pytest.raises(Unavailable, match="ConnectError"):
        source.token()
