"""Who may come in and what they may do: authentication and authorisation logic."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|[/_.-])(?:auth\w*|login|session|oauth2?|sso|saml|jwt|acl|rbac|sshd_config|pam\.d|passport)(?:[/_.-]|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "its name says that it decides who may come in" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="authentication",
    kind=ChangeClass.AUTHENTICATION,
    role=_role,
    rules=(
        rule(
            r"login_required|permission_required|requires_auth|authenticate|authoriz|authoris|is_?admin|is_?staff|is_?superuser|has_?perm|\brole\b|csrf|allow_?any|isauthenticated",
            "decides who may do something",
        ),
        rule(
            r"\b(?:check|verify|validate|require)_?(?:user|token|signature|password|session|access|permission|sig)\w*|\bverify\(|\bcheck\(",
            "a check is added, moved or taken away",
        ),
        rule(
            r"\braise\s+\w*(?:Denied|Forbidden|Unauthor\w*|Permission\w*)|\b40[13]\b|\bForbidden\b|\bUnauthorized\b",
            "a refusal is added, moved or taken away",
        ),
        rule(
            r"\bjwt\b|oauth|set_cookie|samesite|PermitRootLogin|PasswordAuthentication|compare_digest|strncmp",
            "session or credential handling",
        ),
    ),
)
