"""Secrets and their movement: key material, tokens in clear, names that hold them."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\.|$)|\.netrc|\.npmrc|\.pypirc|id_(?:rsa|ed25519)|.*\.(?:pem|key|p12|pfx|jks|kdbx)$|credentials)"
)


def _role(file: ChangedFile) -> str | None:
    return "files of this kind hold keys or passwords" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="secrets",
    kind=ChangeClass.SECRETS,
    role=_role,
    rules=(
        rule(r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)", "key material"),
        rule(
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abp]-|\bsk-[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.",
            "looks like a live credential",
        ),
        rule(
            r"(?:secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|token|credential)s?\b['\"]?\s*[:=]",
            "sets a secret or where it comes from",
        ),
        rule(
            r"(?:environ|getenv|process\.env|System\.getenv|ENV\[)",
            "reads the environment, where secrets are handed over",
        ),
        rule(
            r"\b(?:log|logger|logging|print|console)\b.*\b(?:password|passwd|secret|token|credential|api_?key)",
            "may write a secret to a log",
        ),
        rule(
            r"secretKeyRef|secretName|kind:\s*Secret\b|vault|no_log|secretsmanager|/proc/self/environ|READTHEDOCS_TOKEN",
            "moves or shows a secret",
        ),
    ),
)
