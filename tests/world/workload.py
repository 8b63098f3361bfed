"""An issuer of workload tokens in process, and every way to spoil one of its tokens.

issuer = Issuer()
town = make_deployment(home, workloads=issuer.asked_by)
issuer.token(now=int(time.time()))                       # what the executor shows
issuer.token(now=now, claims={"aud": "another"}, header={"kid": "k9"}, drop=("jti",))
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from magistrate.wire.policy_bundle import WorkloadKey, WorkloadProof, WorkloadSubject

NAME = "https://issuer.example"
AUDIENCE = "magistrate-gate-staging"
SUBJECT = "spiffe://example.test/magistrate/executor"
OTHER = "ed25519:" + "0" * 20


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def pinned(key: ECKey | RSAKey, kid: str, alg: str) -> WorkloadKey:
    """The public part of a key, as policy pins it."""
    parts: dict[str, Any] = {
        k: v for k, v in key.as_dict(private=False).items() if k in {"kty", "crv", "x", "y", "n", "e"}
    }
    return WorkloadKey(kid=kid, alg=alg, **parts)


@dataclass
class Issuer:
    """One EC key `k1` and one RSA key `k2`, both pinned."""

    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    environment: str = "staging"

    def proof(self, executor: str, **changes: Any) -> WorkloadProof:
        return WorkloadProof(
            **{
                "environment": self.environment, "issuer": NAME, "audience": AUDIENCE,
                "keys": (pinned(self.ec, "k1", "ES256"), pinned(self.rsa, "k2", "RS256")),
                "executors": (
                    WorkloadSubject(executor=executor, subject=SUBJECT),
                    WorkloadSubject(executor=OTHER, subject=f"{SUBJECT}-b"),
                ), **changes,
            }
        )  # fmt: skip

    def asked_by(self, executor: str) -> Sequence[WorkloadProof]:
        """What policy says of this issuer."""
        return (self.proof(executor),)

    def token(
        self,
        *,
        now: int,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        drop: Sequence[str] = (),
        key: ECKey | RSAKey | None = None,
        payload: bytes | None = None,
    ) -> str:
        said = {
            "iss": NAME, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": secrets.token_hex(8),
            **(claims or {}),
        }  # fmt: skip
        raw = payload if payload is not None else json.dumps({k: v for k, v in said.items() if k not in drop}).encode()
        top = {"alg": "ES256", "kid": "k1", "typ": "JWT", **(header or {})}
        return sign(
            {k: v for k, v in top.items() if k not in drop},
            raw,
            key or (self.rsa if top["alg"] == "RS256" else self.ec),
        )


def sign(header: Mapping[str, Any], payload: bytes, key: ECKey | RSAKey, raw_header: bytes | None = None) -> str:
    """A compact token with whatever header; signed with the algorithm that the key is for."""
    alg = "RS256" if isinstance(key, RSAKey) else "ES256"
    top = b64(raw_header if raw_header is not None else json.dumps(header).encode())
    algorithm = jws.JWSRegistry.algorithms[alg]
    signed = f"{top}.{b64(payload)}"
    return f"{signed}.{b64(algorithm.sign(signed.encode(), key))}"
