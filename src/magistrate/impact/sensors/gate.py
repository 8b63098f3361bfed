"""What judges changes: policies, owners, provers, and the settings of checks (R41)."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:\.magistrate[^/]*|magistrate\.toml|[^/]*\.cedar|schema\.cedarschema|roster\.json|polic(?:y|ies)|codeowners|owners|"
    r"\.github/(?:settings|labeler|rulesets?)[^/]*|\.mergify[^/]*|allowed_signers|magistrate/(?:impact|authority|executor|gate|policy|wire|ledger|domain|judge\.py)"
    r"|\.(?:bandit|semgrep|trivy|gitleaks|snyk|osv|checkov|tfsec|grype)[^/]*|[^/]*baseline[^/]*\.json|osv-scanner\.toml|\.gitattributes)(?:/|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "this decides which changes pass, or what the checks see" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="gate",
    kind=ChangeClass.GATE,
    role=_role,
    rules=(
        rule(
            r"(?:#|//|/\*|--|<!--)\s*(?:noqa|nosec|nosemgrep|pylint:|flake8:|mypy:|ruff:|type:\s*ignore|pyright:|eslint-disable|ts-ignore|@ts-|nolint|hadolint|checkov:|tfsec:|trivy:|NOSONAR|fmt:\s*(?:off|skip)|yapf:|isort:|pragma:|istanbul|c8 ignore|codeql|lgtm|semgrep)",
            "silences or steers a check",
        ),
        rule(
            r"auto_?merge|required_approving|required_status_checks|allow_force_push|dismiss_stale|bypass_(?:actors|pull)|auto_eligible|min_approv",
            "changes what a merge needs",
        ),
        rule(
            r"^\s*(?:skip|exclude|ignore|extend-exclude|per-file-ignores|fail_under|allowlist)\s*[:=]",
            "takes something out of a check",
        ),
    ),
)
