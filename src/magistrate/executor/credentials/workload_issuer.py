"""Workload tokens that the executor gets itself: a fresh one for each lease, from the organisation's issuer.

Two grants. Client credentials (RFC 6749 4.4): the executor signs a short assertion with a key of its own (RFC 7523,
`private_key_jwt`), so no shared secret lies on its disk. Token exchange (RFC 8693): a token that the platform wrote into a
file (Kubernetes, SPIFFE JWT-SVID, GitHub Actions) is exchanged for one that the gate takes.

Rule kept (R52): a token exists in memory between the issuer's answer and the request to the gate, and nowhere else; none
is used again. What the issuer says is believed by the gate alone, with the keys that policy pins; here only a token for
another audience is held back. No redirect, no proxy, no cookie; bounded time and size; no answer is repeated in an error,
and no cause is chained, since it could repeat one. Whatever goes wrong at the issuer is Unavailable: no lease.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from magistrate.authority.issuer_url import verify_issuer_url
from magistrate.authority.workload import MAX_TOKEN, verify_addressed
from magistrate.errors import Refused, Unavailable
from magistrate.executor.credentials.workload_token import read_own
from magistrate.executor.ports import Clock

T = TypeVar("T")
CLIENT_CREDENTIALS: Final = "client_credentials"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ANSWER_SECONDS: Final = 6.0
"""For one whole question and its answer, however slowly its parts come."""
PAUSES: Final = (0.0, 0.5, 1.5)
"""Seconds before each try; only silence and a broken issuer are tried again. All tries end within a lease's minute."""
MAX_ANSWER: Final = 65_536
ASSERTION_SECONDS: Final = 60
_LEAST_BITS: Final = 2048
_BY_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_KINDS: Final = frozenset(f"urn:ietf:params:oauth:token-type:{name}" for name in ("jwt", "access_token", "id_token"))
_WORDS: Final = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
    "invalid_target", "access_denied", "server_error", "temporarily_unavailable",
}  # fmt: skip
"""What OAuth calls a refusal (RFC 6749 5.2, RFC 8693 2.2.2, RFC 8707): all of an answer that an error repeats."""


class _Given(msgspec.Struct):
    access_token: str
    token_type: str
    issued_token_type: str = ""


class _Problem(msgspec.Struct):
    error: str


class _Discovered(msgspec.Struct):
    issuer: str
    token_endpoint: str


class _Silent(Unavailable):
    """No answer, or one of a broken issuer: asked once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """The key that signs this client's assertions: PEM, EC P-256 or P-384 or RSA; read anew at each use."""

    client: str
    path: Path
    kid: str

    def assertion(self, issuer: str, now: int) -> str:
        """A signed statement that this client asks: for the issuer alone, one use, one minute.

        Raises:
            Refused: MAG-E402 when the key cannot be read, others reach it, or it is of another kind.
        """
        key, alg = self._key()
        claims = {
            "iss": self.client, "sub": self.client, "aud": issuer, "jti": secrets.token_urlsafe(24), "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }  # fmt: skip
        header = {"alg": alg, "kid": self.kid, "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=[alg])

    def _key(self) -> tuple[ECKey | RSAKey, str]:
        raw = read_own(self.path, "MAG-E402", "the client key")
        try:
            found = load_pem_private_key(raw, password=None)
        except (ValueError, TypeError):
            raise self._refused("is no private key in PEM") from None
        if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name in {"secp256r1", "secp384r1"}:
            return ECKey.import_key(raw), "ES256" if found.curve.name == "secp256r1" else "ES384"
        if isinstance(found, rsa.RSAPrivateKey) and found.key_size >= _LEAST_BITS:
            return RSAKey.import_key(raw), "RS256"
        raise self._refused(f"is neither EC P-256, P-384 nor RSA of {_LEAST_BITS} bits")

    def _refused(self, why: str) -> Refused:
        return Refused("MAG-E402", f"the client key `{self.path}` {why}", hint="make one for this use alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """Asks one issuer for a token for one audience.

    With `found` what it reads is exchanged; without it, `client` asks in its own name. A `client_id` without a key is told
    and proves nothing. `trust` says whose certificates are believed.
    """

    issuer: str
    audience: str
    clock: Clock
    token_endpoint: str = ""
    resource: str = ""
    scope: str = ""
    client_id: str = ""
    client: ClientKey | None = None
    found: Callable[[], str] | None = None
    trust: ssl.SSLContext = field(default_factory=lambda: trusted(None), repr=False)

    def token(self) -> str:
        """A token that says it is of this issuer and for this audience alone; each call asks anew.

        Raises:
            Unavailable: MAG-E401 when the issuer does not answer, refuses, or gives something else.
            Refused: MAG-E380 or MAG-E402 when the file or the key of this machine is not as it has to be.
        """
        for pause in PAUSES[:-1]:
            self.clock.sleep(pause)
            try:
                return self._one()
            except _Silent:
                continue
        self.clock.sleep(PAUSES[-1])
        return self._one()

    def _one(self) -> str:
        form = self._form()
        return self._taken(*self._asked("POST", self.token_endpoint or self._discovered(), form))

    def _taken(self, status: int, content: bytes) -> str:
        if status != httpx.codes.OK:
            raise _refusal(status, content)
        given = _decoded(content, _Given)
        exchanged = self.found is not None
        if given.token_type.lower() not in ({"bearer", "n_a"} if exchanged else {"bearer"}):
            raise _none("gave a token of another type than `Bearer`")
        if exchanged and given.issued_token_type not in _KINDS:
            raise _none("does not say that what it gave in exchange is a signed token")
        if not 0 < len(given.access_token) <= MAX_TOKEN:
            raise _none(f"gave a token of {len(given.access_token)} characters, of {MAX_TOKEN}")
        try:
            verify_addressed(given.access_token, issuer=self.issuer, audience=self.audience)
        except Refused as error:
            raise _none(f"gave what is not handed on: {error.message}") from None
        return given.access_token

    def _form(self) -> dict[str, str]:
        said = {"audience": self.audience, "resource": self.resource, "scope": self.scope, "client_id": self.client_id}
        form = {name: text for name, text in said.items() if text}
        if self.found is None:
            form["grant_type"] = CLIENT_CREDENTIALS
        else:
            form |= {"grant_type": EXCHANGE, "subject_token": self.found(), "subject_token_type": _JWT}
        if self.client is not None:
            assertion = self.client.assertion(self.issuer, self.clock.now())
            form |= {"client_assertion_type": _BY_BEARER, "client_assertion": assertion}
        return form

    def _discovered(self) -> str:
        """The token endpoint that the issuer's own document names: of that issuer, on its own host."""
        status, content = self._asked("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", None)
        if status != httpx.codes.OK:
            raise _refusal(status, b"")
        found = _decoded(content, _Discovered)
        if found.issuer != self.issuer:
            raise _none("has a discovery document of another issuer")
        try:
            verify_issuer_url(found.token_endpoint)
        except Refused as error:
            raise _none(f"names a token endpoint that {error.message}") from None
        there, here = urlsplit(found.token_endpoint), urlsplit(self.issuer)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise _none("names a token endpoint on another host; `[workload] token_endpoint` may do so")
        return found.token_endpoint

    def _asked(self, method: str, url: str, form: dict[str, str] | None) -> tuple[int, bytes]:
        try:
            return asyncio.run(self._answer(method, url, form))
        except TimeoutError:
            raise _Silent("MAG-E401", f"the issuer did not end its answer in {ANSWER_SECONDS:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Silent("MAG-E401", f"the issuer does not answer: {type(error).__name__}") from None

    async def _answer(self, method: str, url: str, form: dict[str, str] | None) -> tuple[int, bytes]:
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            httpx.AsyncClient(
                verify=self.trust, trust_env=False, follow_redirects=False, timeout=ANSWER_SECONDS
            ) as http,
            http.stream(method, url, data=form, headers=headers) as answer,
        ):
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if "content-encoding" in answer.headers or (
                answer.status_code == httpx.codes.OK and kind != "application/json"
            ):
                raise _none("answered with something else than plain JSON")
            content = bytearray()
            async for part in answer.aiter_raw():
                content += part
                if len(content) > MAX_ANSWER:
                    raise _none(f"answered more than {MAX_ANSWER} bytes")
            return answer.status_code, bytes(content)


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are believed that this file vouches for, alone; without one, those that the system trusts.

    Raises:
        Unavailable: MAG-E401 when the file cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise _none(f"cannot be told from others: `{ca_file}` holds no certificates that can be read") from None


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise _none("answered in another shape") from None


def _refusal(status: int, content: bytes) -> Unavailable:
    try:
        word = msgspec.json.decode(content, type=_Problem).error
    except (msgspec.MsgspecError, RecursionError, ValueError):
        word = ""
    told = f"the issuer answered with status {status}" + (f" ({word})" if word in _WORDS else "")
    broken = status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS
    return _Silent("MAG-E401", told) if broken else _none(told.removeprefix("the issuer "))


def _none(what: str) -> Unavailable:
    return Unavailable("MAG-E401", f"the issuer {what}", hint="no lease was asked for; it is tried again")
