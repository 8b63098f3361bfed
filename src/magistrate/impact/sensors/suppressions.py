"""What silences a check where it stands: comments, annotations, skipped tests, waivers.

They belong to the gate: whoever silences a check decides what it lets through.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule

SENSOR: Final = RuleSensor(
    name="suppressions",
    kind=ChangeClass.GATE,
    rules=(
        rule(
            r"\b(?:noqa|nosec|nosem(?:grep)?|nolint(?:next(?:line)?|begin|end)?|nosonar|noinspection|skipcq|lgtm)\b|\blint:(?:file-)?ignore|gitleaks:allow|trufflehog:ignore|pragma:\s*(?:allow|white)list|pragma:\s*no\s?cover|"
            r"\b(?:checkov|bridgecrew|terrascan)[:#-]\s?(?:skip|ts:skip)|\b(?:tfsec|trivy|kics|cfn[-_]nag|snyk|grype|dockle|zizmor|actionlint|squawk|spectral|devskim|bearer|codeql|semgrep|sqlfluff)\b\s*[:-]\s*(?:ignore|disable|skip|allow)|"
            r"ignore-check\.kube-linter|polaris\.fairwinds\.com/\S*exempt|-exempt\b",
            "silences a check",
            given="noqa nosec nosem nosemgrep nolint nolintnext nolintnextline nolintbegin nolintend nosonar noinspection skipcq lgtm lint gitleaks trufflehog pragma checkov bridgecrew terrascan tfsec trivy kics cfn snyk grype dockle zizmor actionlint squawk spectral devskim bearer codeql semgrep sqlfluff kube polaris exempt",
        ),
        rule(
            r"\b(?:eslint|tslint|jshint|jslint|stylelint|markdownlint|oxlint|biome|prettier|deno-lint|rubocop|swiftlint|ktlint|detekt|pylint|flake8|mypy|pyright|pyre|ruff|isort|yapf|black|fmt|standard|shellcheck|hadolint|yamllint|ansible-lint|phpcs|phpstan|psalm|credo|sobelow|slither|solhint|clang-format|clang-tidy|c8|v8|istanbul|coverage|checkstyle|spotless|scalastyle|scalafix|formatter|dprint|cspell|spell-?checker|reek|haml-lint|erb_?lint)"
            r"\b\s*[:,-]?\s*(?:@?(?:global\s+|file-?)?(?:disable|ignore|skip|off|suppress|todo|exclude|expect)\w*)|\bdisable\s*=\s*[\w-]+|@(?:phpstan|psalm)-(?:ignore|suppress)|\bpylint:\s*\w|"
            r"\btype:\s*ignore|\bpyright:\s|\bmypy:\s|@ts-(?:ignore|expect-error|nocheck)|@flow\s+nocheck|\$FlowFixMe|\bflowlint",
            "silences or steers a check",
            given="disable disabled disables ignore ignored ignores skip skipped off suppress suppressed todo exclude excluded expect pylint pyright mypy ts nocheck flow flowfixme flowlint fix",
        ),
        rule(
            r"@?\bSuppress(?:Warnings|Lint|FBWarnings|Message)?\b\s*\(|@Suppress\b|#!?\[\s*(?:allow|expect|cfg_attr\([^)]*allow)\s*\(|#pragma\s+(?:warning|GCC\s+diagnostic|clang\s+diagnostic)|\bNOLINT\w*|\bno_sanitize|\bcoverity\[|\bReSharper\s+disable|warnings\.(?:filterwarnings|simplefilter)|@(?:unchecked|nowarn)\b|-Wno-\w",
            "silences a warning",
            given="suppress allow expect cfgattr pragma nolint sanitize nosanitize coverity resharper warnings unchecked nowarn wno",
        ),
    ),
    code_rules=(
        rule(
            r"@(?:Ignore|Disabled(?:\w*)?|DisabledOnOs|Skip|PendingFeature)\b|\bpytest\.(?:mark\.)?(?:skip(?:if)?|xfail|importorskip)\b|@?unittest\.(?:skip\w*|expectedFailure)|\bskipTest\(|\b[tb]\.Skip(?:f|Now)?\(|\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|fixme|failing)\b|"
            r"\b(?:xit|xdescribe|xtest|xcontext|fit|fdescribe|markTestSkipped|markTestIncomplete)\b|#\[ignore|\bskip(?:_test)?\s*[:(]\s*[\"']|\[Ignore\(|\bSkip\s*=\s*\"|XCTSkip|GTEST_SKIP|\bDISABLED_\w|@pytest\.mark\.(?:skip|xfail)",
            "a test no longer runs, or may fail",
            given="ignore disabled skip skipif skipped xfail importorskip unittest todo only fixme failing xit xdescribe xtest xcontext fit fdescribe marktest pending xctskip gtest expectedfailure mark xc",
        ),
        rule(
            r"^\s*(?:[\w.-]*(?:skip|exclude|ignore|allow|baseline|except|exempt|waiver)[\w-]*(?:list|s|d|[-_]?(?:checks?|rules?|paths?|files?|ids?|errors?))?)\s*[\"']?\s*[:=]\s*(?:\[|[\"'\w-]|$)",
            "takes something out of a check",
            given="skip skips skipped exclude excludes excluded ignore ignores ignored allow allows allowed allowlist skiplist ignorelist excludelist baseline baselines except excepts exempt exempts waiver waivers fskip",
        ),
    ),
)
