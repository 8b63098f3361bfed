"""The executor asks an issuer for its token: what it says, what it takes, and all that it does not take."""

from __future__ import annotations

import gzip
import json
import logging
import ssl
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from world.admissible import NOW
from world.executing import FakeClock
from world.played_issuer import DISCOVERY, Asked, PlayedIssuer, answer, good, played_issuer
from world.workload import AUDIENCE, Issuer

from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.executor.credentials import workload_issuer
from magistrate.executor.credentials.workload_issuer import (
    CLIENT_CREDENTIALS,
    EXCHANGE,
    MAX_ANSWER,
    ClientKey,
    IssuedToken,
    trusted,
)

pytestmark = pytest.mark.requirement("R52")
CLIENT, FOUND, CANARY = "magistrate-executor", "fake.platform.token", "canary-of-the-issuer"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
SIGNER = Issuer()
TRUST = trusted(None)


def pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ClientKey:
    made = put(tmp_path_factory.mktemp("keys") / "client.pem", pem(ec.generate_private_key(ec.SECP256R1())))
    return ClientKey(client=CLIENT, path=made, kid="c1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload_issuer, "ANSWER_SECONDS", 0.4)


def asking(issuer: PlayedIssuer, **changes: Any) -> IssuedToken:
    said: dict[str, Any] = {
        "issuer": issuer.url, "audience": AUDIENCE, "clock": FakeClock(), "token_endpoint": f"{issuer.url}/token",
        "client_id": CLIENT, "trust": TRUST,
    }  # fmt: skip
    return IssuedToken(**{**said, **changes})


def of(issuer: PlayedIssuer, **claims: Any) -> str:
    """A token that this issuer could have signed."""
    return SIGNER.token(now=NOW, claims={"iss": issuer.url, **claims})


def refusal(source: IssuedToken, *never: str) -> str:
    """Why there is no token; nothing of what came stands in the words, nor in the trace of the error."""
    with pytest.raises(Unavailable) as caught:
        source.token()
    assert caught.value.code == "MAG-E401"
    told = "".join(traceback.format_exception(caught.value)) + caught.value.diagnostics()
    for secret in (CANARY, FOUND, "eyJ", *never):
        assert secret not in told
    return caught.value.message


def test_client_credentials_say_who_asks_and_hold_no_secret(key):
    with played_issuer(lambda _: good(of(issuer))) as issuer:
        source = asking(issuer, client=key, resource="urn:gate", scope="lease")
        tokens = {source.token() for _ in range(3)}
    assert len(tokens) == 3
    public = ECKey.import_key(key.path.read_bytes())
    seen = []
    for one in issuer.asked:
        assert (one.method, one.path) == ("POST", "/token")
        assert set(one.form) == {
            "grant_type", "client_id", "client_assertion_type", "client_assertion", "audience", "resource", "scope",
        }  # fmt: skip
        assert one.form["grant_type"] == CLIENT_CREDENTIALS
        assert one.form["client_assertion_type"].endswith("client-assertion-type:jwt-bearer")
        signed = jws.deserialize_compact(one.form["client_assertion"], public, algorithms=["ES256"])
        assert signed.protected == {"alg": "ES256", "kid": "c1", "typ": "JWT"}
        said = json.loads(signed.payload)
        assert (said["iss"], said["sub"], said["aud"]) == (CLIENT, CLIENT, issuer.url)
        assert said["exp"] - said["iat"] == 60
        seen.append(said["jti"])
        assert "authorization" not in one.headers
        assert "cookie" not in one.headers
    assert len(set(seen)) == 3
    assert not [secret for secret in (*tokens, *seen) if secret in repr(source)]


def test_an_exchange_shows_what_the_platform_wrote(key):
    found = [f"{FOUND}{number}" for number in range(4)]
    read = iter(found)
    with played_issuer(lambda _: good(of(issuer), issued_token_type=ACCESS, token_type="N_A")) as issuer:
        for client in (None, key):
            source = asking(issuer, client=client, found=lambda: next(read))
            assert source.token() != source.token()
    assert [one.form["subject_token"] for one in issuer.asked] == found
    assert {one.form["grant_type"] for one in issuer.asked} == {EXCHANGE}
    assert {one.form["subject_token_type"] for one in issuer.asked} == {"urn:ietf:params:oauth:token-type:jwt"}
    assert [("client_assertion" in one.form) for one in issuer.asked] == [False, False, True, True]


DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
GIVEN = [
    ("another shape", lambda url: answer(b"")),
    ("another shape", lambda url: answer(b"[]")),
    ("another shape", lambda url: answer(b'{"access_token": 7, "token_type": "Bearer"}')),
    ("another shape", lambda url: answer(b'{"token_type": "Bearer", "id_token": "canary-of-the-issuer"}')),
    ("another shape", lambda url: answer(b'{"access_token": {"access_token": "canary"}, "token_type": "Bearer"}')),
    ("another shape", lambda url: answer(b"\xff\xfe{}")),
    ("another shape", lambda url: answer(b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}")),
    ("plain JSON", lambda url: answer(b"<html>canary-of-the-issuer</html>", kind="text/html")),
    ("plain JSON", lambda url: answer(b"{}", kind="text/plain")),
    ("plain JSON", lambda url: answer(gzip.compress(b"{}"), more="content-encoding: gzip\r\n")),
    ("more than", lambda url: answer(b" " * (MAX_ANSWER + 1))),
    ("more than", lambda url: answer(DEEP)),
    ("more than", lambda url: answer(b" " * 1_000_000, status="400 Bad Request")),
    ("another type than `Bearer`", lambda url: good("x", token_type="DPoP")),
    ("another type than `Bearer`", lambda url: good("x", token_type="N_A")),
    ("characters", lambda url: good("")),
    ("characters", lambda url: good("x" * 8193)),
    ("not a signed JWT", lambda url: good(CANARY)),
    ("base64url", lambda url: good(f"{CANARY}.é.{CANARY}")),
    ("another audience", lambda url: good(SIGNER.token(now=NOW, claims={"iss": url, "aud": "another"}))),
    ("2 audiences", lambda url: good(SIGNER.token(now=NOW, claims={"iss": url, "aud": [AUDIENCE, "another"]}))),
    ("another audience", lambda url: good(SIGNER.token(now=NOW, claims={"iss": url}, drop=("aud",)))),
    ("another issuer", lambda url: good(SIGNER.token(now=NOW))),
    ("status 302", lambda url: answer(b"", status="302 Found", more=f"location: {url}/elsewhere\r\n")),
    ("status 307", lambda url: answer(b"", status="307 Temporary Redirect", more=f"location: {url}/elsewhere\r\n")),
    ("status 401 (invalid_client)", lambda url: answer(
        b'{"error": "invalid_client", "error_description": "canary-of-the-issuer"}', status="401 Unauthorized")),
    ("status 400 (invalid_grant)", lambda url: answer(b'{"error": "invalid_grant"}', status="400 Bad Request")),
    ("status 400", lambda url: answer(b'{"error": "canary-of-the-issuer"}', status="400 Bad Request")),
    ("status 403", lambda url: answer(b"canary-of-the-issuer", status="403 Forbidden", kind="text/html")),
    ("status 201", lambda url: answer(b"{}", status="201 Created")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "given"), GIVEN)
def test_what_is_no_token_for_the_gate_is_not_taken_and_not_told(key, why, given):
    with played_issuer(lambda asked: given(issuer.url)) as issuer:
        assert why in refusal(asking(issuer, client=key))
        assert [one.path for one in issuer.asked] == ["/token"]


@pytest.mark.parametrize(
    "kind", [None, "", "urn:ietf:params:oauth:token-type:refresh_token", "urn:ietf:params:oauth:token-type:saml2"]
)
def test_an_exchange_that_does_not_say_what_it_gave_gave_nothing(kind):
    with played_issuer(lambda _: good(of(issuer), issued_token_type=kind)) as issuer:
        assert "does not say" in refusal(asking(issuer, found=lambda: FOUND))


@settings(max_examples=200, deadline=None)
@given(body=st.one_of(st.binary(max_size=300), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["access_token", "token_type", "issued_token_type", "error", "x"]), inner, max_size=4),
    max_leaves=8).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_whatever_an_issuer_says_is_a_token_for_the_gate_or_unavailable(body):
    for found in (None, lambda: FOUND):
        source = IssuedToken(
            issuer="https://issuer.example", audience=AUDIENCE, clock=FakeClock(), found=found, trust=TRUST
        )
        with pytest.raises(Unavailable) as caught:
            source._taken(200, body)
        assert caught.value.code == "MAG-E401"


def drip(head: bytes, part: bytes) -> list[bytes]:
    return [head, *[part] * 500]


@pytest.mark.parametrize("played", [
    [b""] * 500,
    drip(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"),
    drip(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{", b" "),
    drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
])  # fmt: skip
def test_an_answer_ends_in_time_however_it_comes(key, quick, played):
    with played_issuer(lambda _: played) as issuer:
        assert "did not end its answer" in refusal(asking(issuer, client=key))
        assert len(issuer.asked) == 3


def once(first: bytes, then: bytes) -> Callable[[Asked], bytes]:
    left = [then, first]
    return lambda _: left.pop() if len(left) > 1 else then


def test_silence_and_a_broken_issuer_are_asked_again_with_a_fresh_assertion_and_a_refusal_is_not(key):
    broken = [answer(b"", status="503 Service Unavailable"), b"", b"nothing of HTTP\r\n\r\n"]
    for first in broken:
        with played_issuer(lambda _: b"") as issuer:
            issuer.play = once(first, good(of(issuer)))
            source = asking(issuer, client=key)
            assert source.token()
            assert len({one.form["client_assertion"] for one in issuer.asked}) == 2
            assert source.clock.monotonic() == 0.5
    with played_issuer(lambda _: broken[0]) as issuer:
        assert "status 503" in refusal(asking(issuer, client=key))
        assert len(issuer.asked) == 3
    assert "ConnectError" in refusal(asking(issuer, client=key))


def test_the_discovery_document_is_believed_for_its_own_issuer_and_host_only(key):
    def told(**changes: Any) -> bytes:
        said = {"issuer": issuer.url, "token_endpoint": f"{issuer.url}/found", "jwks_uri": "x", **changes}
        return answer(json.dumps({name: value for name, value in said.items() if value is not None}).encode())

    def saying(document: bytes) -> Callable[[Asked], bytes]:
        return lambda asked: document if asked.path == DISCOVERY else good(of(issuer))

    with played_issuer(lambda _: b"") as issuer:
        issuer.play = saying(told())
        assert asking(issuer, client=key, token_endpoint="").token()
        assert [one.path for one in issuer.asked] == [DISCOVERY, "/found"]
        for why, document in (
            ("of another issuer", told(issuer="https://issuer.example")),
            ("of another issuer", told(issuer=f"{issuer.url}/")),
            ("another shape", told(issuer=None)),
            ("another shape", told(token_endpoint=None)),
            ("on another host", told(token_endpoint="https://issuer.example/token")),
            ("on another host", told(token_endpoint="http://127.0.0.1:1/token")),
            ("must begin with https", told(token_endpoint="http://issuer.example/token")),
            ("is no address", told(token_endpoint="file:///etc/passwd")),
            ("a query", told(token_endpoint=f"{issuer.url}/found?to=me")),
            ("status 404", answer(b"canary-of-the-issuer", status="404 Not Found")),
            ("plain JSON", answer(b"{}", kind="text/html")),
        ):
            issuer.play = saying(document)
            assert why in refusal(asking(issuer, client=key, token_endpoint=""))
        assert [one.path for one in issuer.asked].count("/found") == 1


def test_no_proxy_of_the_environment_sees_a_token(key, monkeypatch):
    with played_issuer(lambda _: answer(b"", status="502 Bad Gateway")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with played_issuer(lambda _: good(of(issuer))) as issuer:
            assert asking(issuer, client=key).token()
        assert not proxy.asked


def test_nothing_secret_is_logged(key, caplog):
    caplog.set_level(logging.DEBUG)
    with played_issuer(lambda _: good(of(issuer), issued_token_type=ACCESS)) as issuer:
        token = asking(issuer, client=key, found=lambda: FOUND).token()
    assert caplog.text
    for secret in (token, FOUND, issuer.asked[0].form["client_assertion"]):
        assert secret not in caplog.text


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of this machine that vouches for itself, and a server's side of it."""
    private = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    began = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(began + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    file = put(folder / f"{name}.pem", made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, put(folder / f"{name}.key", pem(private)))
    return file, context


def test_an_issuer_whose_certificate_nobody_trusts_is_told_nothing(key, tmp_path):
    mine, context = certificate(tmp_path, "mine")
    other, _ = certificate(tmp_path, "other")
    with played_issuer(lambda _: good(of(issuer)), context) as issuer:
        for wrong in (None, other):
            assert "ConnectError" in refusal(asking(issuer, client=key, trust=trusted(wrong)))
        assert not issuer.asked
        assert asking(issuer, client=key, trust=trusted(mine)).token()
    for unusable in (tmp_path / "none", put(tmp_path / "empty", b"")):
        with pytest.raises(Unavailable, match="no certificates"):
            trusted(unusable)


@pytest.mark.parametrize(("made", "kind", "alg"), [
    (lambda: ec.generate_private_key(ec.SECP256R1()), ECKey, "ES256"),
    (lambda: ec.generate_private_key(ec.SECP384R1()), ECKey, "ES384"),
    (lambda: rsa.generate_private_key(65537, 2048), RSAKey, "RS256"),
])  # fmt: skip
def test_a_client_key_signs_with_the_one_algorithm_of_its_kind(tmp_path, made, kind, alg):
    file = put(tmp_path / "client.pem", pem(made()), 0o440)
    signed = ClientKey(client=CLIENT, path=file, kid="c1").assertion("https://issuer.example", NOW)
    assert jws.deserialize_compact(signed, kind.import_key(file.read_bytes()), algorithms=[alg]).protected["alg"] == alg


@pytest.mark.parametrize(("why", "content", "mode"), [
    ("neither EC", pem(ed25519.Ed25519PrivateKey.generate()), 0o600),
    ("neither EC", pem(rsa.generate_private_key(65537, 1024)), 0o600),  # noqa: S505  refused
    ("neither EC", pem(ec.generate_private_key(ec.SECP521R1())), 0o600),
    ("no private key", b"words", 0o600),
    ("no private key", b"", 0o600),
    ("others may read", pem(ec.generate_private_key(ec.SECP256R1())), 0o644),
    ("others may read", pem(ec.generate_private_key(ec.SECP256R1())), 0o620),
    ("cannot be read", None, 0),
])  # fmt: skip
def test_a_client_key_that_proves_little_signs_nothing(tmp_path, why, content, mode):
    file = tmp_path / "client.pem"
    if content is not None:
        put(file, content, mode)
    with pytest.raises(Refused) as caught:
        ClientKey(client=CLIENT, path=file, kid="c1").assertion("https://issuer.example", NOW)
    assert caught.value.code == "MAG-E402"
    assert why in caught.value.message
    assert "BEGIN" not in "".join(traceback.format_exception(caught.value))


def test_without_what_is_to_be_exchanged_nobody_is_asked(key):
    def gone() -> str:
        raise Refused("MAG-E380", "the workload token is not there")

    with played_issuer(lambda _: good(of(issuer))) as issuer:
        with pytest.raises(MagistrateError, match="not there"):
            asking(issuer, client=key, found=gone).token()
        assert not issuer.asked
