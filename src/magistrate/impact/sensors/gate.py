"""What judges changes: policies, owners, provers, and the settings of checks (R41)."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, line_start, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:\.magistrate[^/]*|magistrate\.toml|[^/]*\.cedar|schema\.cedarschema|roster\.json|polic(?:y|ies)|codeowners|owners|"
    r"\.github/(?:settings|labeler|rulesets?)[^/]*|\.mergify[^/]*|allowed_signers|magistrate/(?:impact|authority|executor|gate|policy|wire|ledger|domain|judge\.py)"
    r"|\.(?:bandit|semgrep|trivy|gitleaks|snyk|osv|checkov|tfsec|grype)[^/]*|[^/]*baseline[^/]*\.json|osv-scanner\.toml|\.gitattributes|[^/]*\.rego|constraint(?:template)?s?\.ya?ml|"
    r"\.(?:golangci|hadolint|eslintrc|eslintignore|flake8|rubocop|pylintrc|coveragerc|yamllint|markdownlint|stylelintrc|ansible-lint|shellcheckrc|swiftlint|squawk|kube-linter|zizmor|codecov|pre-commit-config|codeclimate|sonarcloud|gitleaksignore|trivyignore|snyk)[^/]*|"
    r"(?:zizmor|codecov|clippy|deny|mypy|ruff|sonar-project|phpstan|psalm|renovate)\.(?:toml|ya?ml|ini|json5?|xml|neon|properties)|pylintrc)(?:/|$)"
)
SAYS: Final = Saying(
    starts=line_start(
        r"package[ \t]+(?:builtin|rules|kubernetes|docker|defsec|appshield|policy|lib|main|k8s|user|data|terraform|authz|rbac|cloud|opa)[\w.]*[ \t]*(?:#.*)?$|"
        r"(?:deny|allow|violation|warn|default allow|default deny)[ \t]*(?:\[|contains\b|:?=|if\b|\{)|import[ \t]+(?:rego\.v1|future\.keywords|data\.|input\b)|"
        r"(?:permit|forbid)[ \t]*\(|(?:pull_request_rules|queue_rules|linters|linters-settings|trustedRegistries|ignored|coverage|AllCops|inherit_from|codecov|cops?)[ \t]*:|"
        r"[A-Z]\w+/[A-Z]\w+[ \t]*:|\[(?:flake8|mypy|mypy-[\w.*]+|MASTER|MAIN|pylint[\w. ]*|coverage:\w+|allowlist|rules)\]|rules[ \t]*:[ \t\r]*$|\"(?:extends|rules)\"[ \t]*:|"
        r"(?:extends|parserOptions)[ \t]*:|apiVersion[ \t]*:[ \t]*(?:constraints|templates)\.gatekeeper\.sh|kind[ \t]*:[ \t]*(?:ConstraintTemplate|K8s\w+|ClusterPolicy|ValidatingAdmissionPolicy)|"
        r"[*/][^ \t\n]*(?:[ \t]+@[\w./-]+)+[ \t\r]*$"
    )
)


DECIDES: Final = "this decides which changes pass, or what the checks see"


def _role(file: ChangedFile) -> str | None:
    return DECIDES if says(file, SAYS) else None


SENSOR: Final = RuleSensor(
    name="gate",
    kind=ChangeClass.GATE,
    place=PATHS,
    place_why=DECIDES,
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
