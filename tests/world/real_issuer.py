"""A running OpenID provider (npm `oidc-provider`), told what it is; skipped where Node.js or its package is absent.

with real_issuer(tmp_path) as issuer:
    issuer.is_now(claims={"aud": ["a", "b"]})     # what its tokens say from here on
    issuer.rotate()                               # signs with another key
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey
from world.workload import AUDIENCE, SUBJECT, pinned

from magistrate.wire.policy_bundle import WorkloadProof, WorkloadSubject

HOME = Path(__file__).resolve().parent.parent / "real_issuer"
CLIENT = "magistrate-executor"
PLATFORM = "https://platform.example"
RESOURCE = "urn:magistrate:gate:staging"
NODE = 20


def node() -> str:
    """The program that runs it; skips with what is missing."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("real issuer absent: Node.js is not here")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.lstrip("v").partition(".")[0]) < NODE:
        pytest.skip(f"real issuer absent: Node.js {NODE} or newer is needed, this is {told.strip()}")
    if not (HOME / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("real issuer absent: `make deps` installs its packages")
    return found


class RealIssuer:
    """One process; its client signs with `client.pem` in the folder, its platform is a key of this class."""

    def __init__(self, folder: Path) -> None:
        program = node()
        self.key, self.kid, self.number = ECKey.generate_key("P-256"), "r1", 1
        self.client_key, self.platform_key = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
        self.issued, self.client_path = folder / "issued", folder / "client.pem"
        self.issued.touch()
        self.client_path.touch(0o600)
        private: Any = self.client_key.private_key
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.client_path.write_bytes(pem)
        self.log = (folder / "issuer.log").open("wb")
        self.process = subprocess.Popen(
            [program, str(HOME / "issuer.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.told: dict[str, Any] = {
            "resources": {RESOURCE: AUDIENCE, "urn:other": "another-service"}, "issued": str(self.issued), "claims": {},
            "platform": {"issuer": PLATFORM, "jwks": {"keys": [public(self.platform_key, "p1")]}},
            "clients": [
                self._client(CLIENT, self.client_key), self._client(SUBJECT, ECKey.generate_key("P-256")),
                {"client_id": "public", "token_endpoint_auth_method": "none", "grant_types": [EXCHANGE]},
            ],
        }  # fmt: skip
        self.url = self.is_now()

    def _client(self, name: str, key: ECKey) -> dict[str, Any]:
        return {
            "client_id": name, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public(key, "c1")]},
            "grant_types": ["client_credentials", EXCHANGE], "scope": "lease",
        }  # fmt: skip

    def is_now(self, **changes: Any) -> str:
        """Tell it how to be from here on; its URL."""
        told = self.told | {"keys": [{**self.key.as_dict(private=True), "kid": self.kid, "alg": "ES256", "use": "sig"}]}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(told | changes) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        assert said, Path(self.log.name).read_text()
        return said

    def rotate(self) -> None:
        """Sign with a new key, under a new name."""
        self.number += 1
        self.key, self.kid = ECKey.generate_key("P-256"), f"r{self.number}"
        self.is_now()

    def asked_by(self, executor: str, subject: str = CLIENT, environment: str = "staging") -> tuple[WorkloadProof, ...]:
        """What policy says of it, with the key of this moment."""
        return (
            WorkloadProof(
                environment=environment, issuer=self.url, audience=AUDIENCE, keys=(pinned(self.key, self.kid, "ES256"),),
                executors=(WorkloadSubject(executor=executor, subject=subject),),
            ),
        )  # fmt: skip

    def given(self) -> list[str]:
        """Every token that it gave, ever."""
        return self.issued.read_text().split()

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.log.close()


EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def public(key: ECKey, kid: str) -> dict[str, Any]:
    """A public key as JWKS have it."""
    return {**key.as_dict(private=False), "kid": kid, "alg": "ES256", "use": "sig"}


@contextlib.contextmanager
def real_issuer(folder: Path) -> Iterator[RealIssuer]:
    """A provider for the body of the `with`."""
    issuer = RealIssuer(folder)
    try:
        yield issuer
    finally:
        issuer.end()
