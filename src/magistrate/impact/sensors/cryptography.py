"""Cryptography and transport security: algorithms, randomness, certificates."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule

SENSOR: Final = RuleSensor(
    name="cryptography",
    kind=ChangeClass.CRYPTOGRAPHY,
    rules=(
        rule(
            r"\b(?:md5|sha1|des|rc4|ecb|pkcs1|aes|rsa|hmac|pbkdf2|bcrypt|scrypt|argon2|ed25519|ecdsa|x509)\b",
            "names a cryptographic primitive",
        ),
        rule(
            r"verify\s*=\s*False|CERT_NONE|check_hostname|InsecureSkipVerify|rejectUnauthorized|ssl_?context|_create_unverified|\b(?:tls|ssl)_",
            "decides whether a peer is checked",
        ),
        rule(
            r"\b(?:import|from)\s+(?:secrets|random|hashlib|hmac|ssl|cryptography|nacl)\b|getrandbits|secrets\.token|os\.urandom|\bROUNDS\b|iterations",
            "randomness or key strength",
        ),
    ),
)
