"""Which findings are about a secret (R36)."""

from __future__ import annotations

import pytest

from magistrate.domain.finding import Finding, Severity
from magistrate.domain.secret_findings import is_of_secret


def finding(rule: str, tool: str = "scanner", *weaknesses: str) -> Finding:
    return Finding(
        id="fnd-x", rule=rule, tool=tool, message="m", path="a.py", start_line=1, end_line=1, severity=Severity.ERROR,
        fingerprint="sha256:x", source="sha256:y", repository="shop", weaknesses=weaknesses,
    )  # fmt: skip


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("rule", "tool"),
    [
        ("B105", "bandit"), ("B106", "Bandit"), ("hardcoded_password_string", "x"), ("S105", "ruff"), ("S107", "Ruff"),
        ("aws-access-token", "gitleaks"), ("generic-api-key", "x"), ("private-key", "x"), ("any", "TruffleHog"),
        ("Base64 High Entropy String", "detect-secrets"), ("Secret Keyword", "x"), ("py/hardcoded-credentials", "CodeQL"),
        ("js/hardcoded-credentials", "CodeQL"), ("go/hardcoded-credentials", "CodeQL"), ("cs/hard-coded-symmetric-key", "x"),
        ("generic.secrets.security.detected-aws-secret-access-key", "Semgrep OSS"), ("CKV_SECRET_6", "checkov"),
        ("java:S6437", "SonarQube"), ("python:S2068", "SonarQube"), ("github-pat", "gitleaks"), ("AVD", "secret-scanning"),
        ("slack-bot-token", "x"), ("PasswordInUrl", "x"), ("AWS_ACCESS_KEY", "x"), ("x", "GitGuardian ggshield"),
    ],
)  # fmt: skip
def test_rules_and_tools_that_find_secrets(rule: str, tool: str) -> None:
    assert is_of_secret(finding(rule, tool))


@pytest.mark.requirement("R36")
@pytest.mark.parametrize("weakness", ["CWE-798", "CWE-259", "CWE-321"])
def test_a_weakness_of_secrets_makes_any_rule_one(weakness: str) -> None:
    assert is_of_secret(finding("X1", "scanner", "CWE-20", weakness))


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("rule", "tool"),
    [
        ("F401", "ruff"), ("S101", "ruff"), ("B101", "bandit"), ("B1055", "bandit"), ("E501", "x"), ("js/xss", "CodeQL"),
        ("S1059", "x"), ("monkey-key", "x"), ("unexpected-token", "eslint"), ("CVE-2021-1", "trivy"),
    ],
)  # fmt: skip
def test_other_rules_are_not_about_secrets(rule: str, tool: str) -> None:
    assert not is_of_secret(finding(rule, tool))
    assert not is_of_secret(finding(rule, tool, "CWE-79", "CWE-7980"))
