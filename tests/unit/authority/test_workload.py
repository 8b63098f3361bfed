"""Tokens of workload identity: one premise spoiled at a time, each refused with its reason."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from world.deployment import make_deployment
from world.workload import AUDIENCE, NAME, OTHER, SUBJECT, Issuer, b64, pinned, sign

from magistrate.authority.workload import MAX_TOKEN, verify_workload, verify_workloads
from magistrate.errors import Refused
from magistrate.wire.canonical import canonical, decode_canonical
from magistrate.wire.policy_bundle import PolicyBundle, WorkloadKey, WorkloadProof

pytestmark = pytest.mark.requirement("R52")
NOW, EXECUTOR, LEASE = 1_790_000_000, "ed25519:" + "a" * 20, "sha256:" + "1" * 64
ISSUER = Issuer()
OUTSIDE = Issuer()
PROOF = ISSUER.proof(EXECUTOR)


def refusal(token: str, *, executor: str = EXECUTOR, proof: WorkloadProof = PROOF, now: int = NOW) -> str:
    with pytest.raises(Refused) as caught:
        verify_workload(token, proof, executor=executor, lease=LEASE, now=now)
    assert caught.value.code == "MAG-E128"
    assert len(token) < 100 or token not in caught.value.diagnostics()
    return caught.value.message


@pytest.mark.parametrize("more", [
    {}, {"header": {"alg": "RS256", "kid": "k2"}}, {"header": {"typ": "at+jwt"}}, {"drop": ("typ",)},
    {"claims": {"aud": [AUDIENCE]}}, {"claims": {"nonce": LEASE}}, {"claims": {"exp": NOW + 900}},
    {"claims": {"iat": NOW + 30, "nbf": NOW + 30}},
])  # fmt: skip
def test_a_sound_token_is_believed(more):
    claim = verify_workload(ISSUER.token(now=NOW, **more), PROOF, executor=EXECUTOR, lease=LEASE, now=NOW)
    assert (claim.issuer, claim.subject) == (NAME, SUBJECT)
    assert NOW < claim.until <= NOW + 900


CLAIMS = [
    ("expired", {"iat": NOW - 600, "exp": NOW}),
    ("from the future", {"iat": NOW + 31, "exp": NOW + 200}),
    ("from the future", {"nbf": NOW + 31}),
    ("lives 901 seconds", {"exp": NOW + 901}),
    ("another issuer", {"iss": "https://issuer.example/"}),
    ("another audience", {"aud": "magistrate-gate-live"}),
    ("2 audiences", {"aud": [AUDIENCE, "magistrate-gate-live"]}),
    ("2 audiences", {"aud": [AUDIENCE, AUDIENCE]}),
    ("0 audiences", {"aud": []}),
    ("another audience", {"aud": {"a": 1}}),
    ("another subject", {"sub": f"{SUBJECT}-b"}),
    ("another subject", {"sub": SUBJECT.upper()}),
    ("another subject", {"sub": f"{SUBJECT}/"}),
    ("another lease", {"nonce": "sha256:" + "2" * 64}),
    ("another lease", {"nonce": None}),
    ("no `jti`", {"jti": ""}),
    ("no `jti`", {"jti": 7}),
    ("no `jti`", {"jti": "j" * 401}),
    ("no `exp`", {"exp": str(NOW + 60)}),
    ("no `exp`", {"exp": NOW + 60.5}),
    ("no `exp`", {"exp": True}),
    ("no `iat`", {"iat": -1}),
    ("no `nbf`", {"nbf": None}),
]


@pytest.mark.parametrize(("why", "claims"), CLAIMS)
def test_a_claim_that_is_not_as_policy_says_refuses(why, claims):
    assert why in refusal(ISSUER.token(now=NOW, claims=claims))


@pytest.mark.parametrize(("why", "name"), [
    ("no `exp`", "exp"), ("no `iat`", "iat"), ("no `jti`", "jti"), ("another issuer", "iss"),
    ("another audience", "aud"), ("another subject", "sub"), ("does not pin", "kid"), ("another algorithm", "alg"),
])  # fmt: skip
def test_what_is_missing_is_not_assumed(why, name):
    assert why in refusal(ISSUER.token(now=NOW, drop=(name,)))


HEADERS = [
    ("another algorithm", {"alg": "none"}),
    ("another algorithm", {"alg": "ES384"}),
    ("another algorithm", {"alg": ["ES256"]}),
    ("another algorithm", {"kid": "k2"}),
    *[
        ("does not pin", {"kid": kid})
        for kid in ("k3", "../k1", "k1\0", "K1", "/etc/passwd", ["k1"], {"k": 1}, None, 1)
    ],
    ("asks for `crit`", {"crit": ["exp"]}),
    ("asks for `b64`", {"b64": False}),
    ("asks for `zip`", {"zip": "DEF"}),
    ("asks for `enc`", {"enc": "A128GCM"}),
    ("holds another token", {"cty": "JWT"}),
    ("another type", {"typ": "logout+jwt"}),
]


@pytest.mark.parametrize(("why", "header"), HEADERS)
def test_a_header_that_leads_elsewhere_refuses(why, header):
    assert why in refusal(ISSUER.token(now=NOW, header=header, key=ISSUER.ec))


def test_no_signature_and_a_signature_with_the_public_key_as_a_secret_are_refused():
    top, payload, _ = ISSUER.token(now=NOW).split(".")
    unsigned = f"{b64(json.dumps({'alg': 'none', 'kid': 'k1'}).encode())}.{payload}."
    assert "another algorithm" in refusal(unsigned)
    assert "signature" in refusal(f"{top}.{payload}.")
    for kid, key in (("k1", ISSUER.ec), ("k2", ISSUER.rsa)):
        signed = f"{b64(json.dumps({'alg': 'HS256', 'kid': kid}).encode())}.{payload}"
        mac = hmac.new(key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
        assert "another algorithm" in refusal(f"{signed}.{b64(mac)}")


@pytest.mark.parametrize("more", ["", "jwk", "jku", "x5u", "x5c"])
def test_a_key_that_is_not_pinned_signs_nothing_whatever_the_header_offers(more):
    offers: dict[str, dict[str, Any]] = {
        "": {}, "jwk": {"jwk": OUTSIDE.ec.as_dict(private=False)}, "jku": {"jku": "http://127.0.0.1:1/keys"},
        "x5u": {"x5u": "http://127.0.0.1:1/c"}, "x5c": {"x5c": ["AAAA"]},
    }  # fmt: skip
    assert "signature" in refusal(OUTSIDE.token(now=NOW, header=offers[more]))


def test_a_changed_payload_and_a_rotated_away_key_are_refused():
    top, _, signature = ISSUER.token(now=NOW).split(".")
    other = b64(
        json.dumps({"iss": NAME, "aud": AUDIENCE, "sub": SUBJECT, "jti": "j", "iat": NOW, "exp": NOW + 9}).encode()
    )
    assert "signature" in refusal(f"{top}.{other}.{signature}")
    rotated = ISSUER.proof(EXECUTOR, keys=(pinned(OUTSIDE.ec, "k2", "ES256"),))
    assert "does not pin" in refusal(ISSUER.token(now=NOW), proof=rotated)


def test_one_executor_does_not_come_as_another():
    assert "another subject" in refusal(ISSUER.token(now=NOW), executor=OTHER)
    assert "no subject" in refusal(ISSUER.token(now=NOW), executor="ed25519:" + "f" * 20)


def test_a_text_that_could_be_read_in_two_ways_is_refused():
    token = ISSUER.token(now=NOW)
    twice = f'{{"iss":"x","iss":"{NAME}"}}'.encode()
    assert "stand once" in refusal(ISSUER.token(now=NOW, payload=twice))
    top = b'{"alg":"none","alg":"ES256","kid":"k1"}'
    assert "stand once" in refusal(sign({}, b"{}", ISSUER.ec, raw_header=top))
    assert "stand once" in refusal(ISSUER.token(now=NOW, payload=b'{"exp":NaN}'))
    assert "stand once" in refusal(ISSUER.token(now=NOW, payload=b"[" * 4000))
    assert "no JSON object" in refusal(ISSUER.token(now=NOW, payload=b"[]"))
    assert "more than" in refusal(token + "A" * MAX_TOKEN)
    for text in (f"{token}.", f" {token}", token + "=", token.replace(".", "..", 1), "a.b.c.d.e", "é.é.é", "..", "a"):
        refusal(text)
    assert "none came" in refusal("")
    nested = ISSUER.token(now=NOW, payload=token.encode())
    assert "stand once" in refusal(nested)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.one_of(st.text(max_size=200), st.lists(st.text(alphabet="abcXYZ019-_=é", max_size=40), max_size=6).map(".".join))
)
def test_fuzz_any_text_is_refused_with_the_code(text):
    refusal(text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_fuzz_no_change_of_one_character_is_believed(data):
    token = ISSUER.token(now=NOW)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=").filter(lambda c: c != token[at]))
    refusal(token[:at] + other + token[at + 1 :])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "nonce"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=2),
        min_size=1,
    )
)
def test_fuzz_claims_of_any_type_raise_nothing_else(claims):
    token = ISSUER.token(now=NOW, claims=claims)
    if set(claims) - {"exp", "iat", "nbf", "jti"}:
        refusal(token)
        return
    with contextlib.suppress(Refused):
        assert verify_workload(token, PROOF, executor=EXECUTOR, lease=LEASE, now=NOW).until > NOW


EC = pinned(ISSUER.ec, "k1", "ES256")
BAD = [
    {"keys": ()},
    {"keys": (EC, EC)},
    {"keys": (WorkloadKey(kid="k", alg="HS256", kty="oct"),)},
    {"keys": (WorkloadKey(kid="k", alg="none", kty="EC", crv="P-256", x=EC.x, y=EC.y),)},
    {"keys": (WorkloadKey(kid="k", alg="RS256", kty="EC", crv="P-256", x=EC.x, y=EC.y),)},
    {"keys": (WorkloadKey(kid="k", alg="ES256", kty="EC", crv="P-384", x=EC.x, y=EC.y),)},
    {"keys": (WorkloadKey(kid="k", alg="ES256", kty="EC", crv="P-256", x=EC.x, y=EC.x),)},
    {"keys": (WorkloadKey(kid="k", alg="ES256", kty="EC", crv="P-256"),)},
    {"keys": (WorkloadKey(kid="", alg="ES256", kty="EC", crv="P-256", x=EC.x, y=EC.y),)},
    {"keys": (WorkloadKey(kid="k", alg="RS256", kty="RSA", n=b64(b"\xff" * 128), e="AQAB"),)},
    {"issuer": ""},
    {"audience": " a"},
    {"executors": ()},
    {"executors": (PROOF.executors[0], PROOF.executors[0])},
]


@pytest.mark.parametrize("bad", BAD)
def test_a_statement_that_cannot_be_obeyed_makes_no_policy(bad, tmp_path):
    with pytest.raises(Refused) as caught:
        verify_workloads((ISSUER.proof(EXECUTOR, **bad),))
    assert caught.value.code == "MAG-E108"
    with pytest.raises(Refused, match="workload"):
        make_deployment(tmp_path, workloads=lambda who: (ISSUER.proof(who, **bad),)).trusted_policy()


def test_one_audience_never_opens_two_environments():
    live = {"environment": "live"}
    for more in ({}, {"audience": "other"}, live):
        with pytest.raises(Refused, match="twice"):
            verify_workloads((PROOF, ISSUER.proof(EXECUTOR, **more)))
    verify_workloads((PROOF, ISSUER.proof(EXECUTOR, **live, audience="magistrate-gate-live")))
    assert "another audience" in refusal(ISSUER.token(now=NOW, claims={"aud": "magistrate-gate-live"}))


def test_a_policy_without_statements_reads_and_digests_as_before():
    bundle = PolicyBundle(version=1, previous=None, schema="", policies=(), commands=(), repositories=())
    assert b"workloads" not in canonical(bundle)
    assert decode_canonical(canonical(bundle), PolicyBundle) == bundle


def test_a_private_part_never_gets_into_a_policy():
    import msgspec

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {**msgspec.to_builtins(EC), "d": ECKey.generate_key("P-256").as_dict(private=True)["d"]}, WorkloadKey
        )
