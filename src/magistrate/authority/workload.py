"""Workload identity: a token by which an issuer that policy pins vouches for this executor (R52).

Accepted are signed JWTs in compact form (RFC 7519): OIDC ID tokens, access tokens of RFC 9068, and SPIFFE JWT-SVIDs that
carry `iss` and `jti`. Keys stand in the signed policy, each with its one algorithm: nothing is fetched, and nothing in
the token (`jku`, `x5u`, `jwk`, `x5c`) leads to a key.

Rule kept: what the token does not say is not assumed. One issuer, one audience, one subject, exactly; `exp`, `iat` and
`jti` must be there; 15 minutes at most; a nonce, where the issuer put one in, is the digest of the lease asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from magistrate.errors import Refused
from magistrate.wire.policy_bundle import WorkloadKey, WorkloadProof

MAX_TOKEN: Final = 8192
"""Characters of a token."""
SKEW_SECONDS: Final = 30
LONGEST_SECONDS: Final = 900
MAX_KEYS: Final = 20
MAX_LINE: Final = 400
_RSA_BITS: Final = range(2048, 8193)
_ALGORITHMS: Final = {
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
}  # fmt: skip
_TYPES: Final = frozenset({"jwt", "jose", "at+jwt", "application/at+jwt"})
_KINDS: Final[dict[str, type[ECKey | RSAKey]]] = {"EC": ECKey, "RSA": RSAKey}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadClaim:
    """What a believed token said: who, its one-use id, and until when it could be believed (Unix seconds)."""

    issuer: str
    subject: str
    jti: str
    until: int


def verify_workloads(proofs: Sequence[WorkloadProof]) -> None:
    """Check that each statement can be obeyed and none can stand for another.

    Raises:
        Refused: MAG-E108 for an environment or audience named twice, a key that is not the public key of an allowed
            algorithm, a missing issuer, audience, key or subject, an executor, subject or key id named twice.
    """
    for what, values in (
        ("environment", [proof.environment for proof in proofs]), ("audience", [proof.audience for proof in proofs]),
    ):  # fmt: skip
        if len(set(values)) != len(values):
            raise Refused("MAG-E108", f"policy asks for workload tokens with one {what} twice")
    for proof in proofs:
        where = f"the workload token of `{proof.environment}`"
        subjects = [one.subject for one in proof.executors]
        for what, values in (
            ("issuer", [proof.issuer]), ("audience", [proof.audience]), ("key id", [key.kid for key in proof.keys]),
            ("executor", [one.executor for one in proof.executors]), ("subject", subjects),
        ):  # fmt: skip
            _verify_lines(where, what, values)
        for key in proof.keys:
            _public_key(key, where)


def required_proof(proofs: Sequence[WorkloadProof], environment: str) -> WorkloadProof | None:
    """What policy asks for in an environment; None where it asks for nothing."""
    return next((proof for proof in proofs if proof.environment == environment), None)


def verify_workload(token: str, proof: WorkloadProof, *, executor: str, lease: str, now: int) -> WorkloadClaim:
    """Believe a token for the executor with this key id and the lease document with this digest, or say why not.

    Single use is the caller's to keep: `jti` until `until`.

    Raises:
        Refused: MAG-E128 with the one thing that is wrong; no part of the token but its names is repeated.
    """
    if not token:
        raise _not(f"policy asks for a workload token of `{proof.issuer}` in `{proof.environment}`, and none came")
    header, claims, payload = _parts(token)
    key = _key_of(header, proof)
    _verify_signature(token, key, payload)
    _verify_names(claims, proof, executor)
    until = _verify_times(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_LINE:
        raise _not("the workload token has no `jti` that could be used once")
    if "nonce" in claims and claims["nonce"] != lease:
        raise _not("the workload token was made for another lease")
    return WorkloadClaim(issuer=proof.issuer, subject=str(claims["sub"]), jti=jti, until=until)


def verify_addressed(token: str, *, issuer: str, audience: str) -> None:
    """Check, without any key, that a token says it is of this issuer and for this audience alone.

    For who hands tokens on: one that opens another door is shown to nobody. It proves nothing about who signed.

    Raises:
        Refused: MAG-E128 with the one thing that is wrong.
    """
    _, claims, _ = _parts(token)
    _verify_address(claims, issuer, audience)


def _not(why: str) -> Refused:
    return Refused(
        "MAG-E128",
        why,
        hint="the executor's `[workload]` setting names the token; policy names issuer, audience and subject",
    )


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    if len(token) > MAX_TOKEN:
        raise _not(f"the workload token has {len(token)} characters, more than {MAX_TOKEN}")
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  header, payload, signature
        raise _not("the workload token is not a signed JWT in compact form")
    header, payload, _ = (_bytes(part) for part in parts)
    return _object(header, "header"), _object(payload, "payload"), payload


def _bytes(part: str) -> bytes:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not("the workload token is not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise _not("the workload token is not base64url in its one form")
    return raw


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _not(f"the {what} of the workload token is not a JSON object whose keys stand once") from error
    if not isinstance(found, dict):
        raise _not(f"the {what} of the workload token is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_number(text: str) -> object:
    raise ValueError(text)


def _key_of(header: dict[str, Any], proof: WorkloadProof) -> WorkloadKey:
    for name in ("crit", "b64", "zip", "enc"):
        if name in header:
            raise _not(f"the workload token's header asks for `{name}`, which is not understood")
    if str(header.get("cty", "")).lower() not in {"", "json"}:
        raise _not("the workload token holds another token")
    if "typ" in header and str(header["typ"]).lower() not in _TYPES:
        raise _not("the workload token is of another type")
    kid = header.get("kid")
    key = next((key for key in proof.keys if key.kid == kid), None)
    if key is None:
        raise _not(f"the workload token is signed with a key that policy does not pin for `{proof.issuer}`")
    if header.get("alg") != key.alg:
        raise _not(f"the workload token is signed with another algorithm than `{key.alg}`")
    return key


def _verify_signature(token: str, key: WorkloadKey, payload: bytes) -> None:
    try:
        signed = jws.deserialize_compact(token, _public_key(key, "the issuer"), algorithms=[key.alg])
    except (JoseError, ValueError, TypeError) as error:
        raise _not("the signature of the workload token does not verify") from error
    if signed.payload != payload:
        raise _not("the workload token reads in two ways")


def _verify_address(claims: dict[str, Any], issuer: str, audience: str) -> None:
    named = claims.get("aud")
    if isinstance(named, list):
        if len(named) != 1:
            raise _not(f"the workload token names {len(named)} audiences, not one")
        named = named[0]
    if claims.get("iss") != issuer:
        raise _not(f"the workload token is of another issuer than `{issuer}`")
    if named != audience:
        raise _not(f"the workload token is for another audience than `{audience}`")


def _verify_names(claims: dict[str, Any], proof: WorkloadProof, executor: str) -> None:
    _verify_address(claims, proof.issuer, proof.audience)
    subject = next((one.subject for one in proof.executors if one.executor == executor), None)
    if subject is None:
        raise _not(f"policy names no subject for the executor `{executor[:40]}` in `{proof.environment}`")
    if claims.get("sub") != subject:
        raise _not(f"the workload token is of another subject than `{subject}`")


def _verify_times(claims: dict[str, Any], now: int) -> int:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    begins = _seconds(claims, "nbf") if "nbf" in claims else issued
    if expires <= now:
        raise _not("the workload token has expired")
    if max(issued, begins) > now + SKEW_SECONDS:
        raise _not("the workload token is from the future")
    if not 0 < expires - issued <= LONGEST_SECONDS:
        raise _not(f"the workload token lives {expires - issued} seconds, more than {LONGEST_SECONDS} or none")
    return expires


def _seconds(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**53:
        raise _not(f"the workload token has no `{name}` in whole seconds")
    return value


def _verify_lines(where: str, what: str, values: Sequence[str]) -> None:
    if not values or len(values) > MAX_KEYS or len(set(values)) != len(values):
        raise Refused("MAG-E108", f"{where} needs each {what} once, and 1 to {MAX_KEYS}")
    for value in values:
        if not 0 < len(value) <= MAX_LINE or not value.isprintable() or value != value.strip():
            raise Refused("MAG-E108", f"{where}: {value[:60]!r} is no {what}")


def _public_key(key: WorkloadKey, where: str) -> ECKey | RSAKey:
    kind, curve = _ALGORITHMS.get(key.alg, ("", ""))
    if not kind or (key.kty, key.crv) != (kind, curve):
        raise Refused("MAG-E108", f"{where}: the key `{key.kid[:60]}` is not of one of {', '.join(_ALGORITHMS)}")
    parts = {"kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y, "n": key.n, "e": key.e}
    try:
        if kind == "RSA" and int.from_bytes(_bytes(key.n)).bit_length() not in _RSA_BITS:
            raise Refused("MAG-E108", f"{where}: the key `{key.kid[:60]}` is an RSA key of a size that is not allowed")
        return _KINDS[kind].import_key({name: text for name, text in parts.items() if text})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused("MAG-E108", f"{where}: the key `{key.kid[:60]}` is no public key") from error
