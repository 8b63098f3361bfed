"""Labels from what upstreams themselves say of files and commits: roles, titles, tags, advisories (see surface_labels.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from surface_sources import neutral

Mirrors = dict[str, Any]
Label = dict[str, Any]

SCANNERS = re.compile(
    r"checkov|semgrep|zizmor|trufflehog|trivy|kube-linter|polaris|ruff|squawk|golangci|hadolint|gitleaks|bandit|linguist|detect-secrets|advisor|vulndb"
)


def roles(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Files whose role is fixed by the name under which a tool of its upstream reads them."""
    table = {
        "build": r"(?:^|/)(?:(?:GNU)?[Mm]akefile|[^/]+\.mk|CMakeLists\.txt|[^/]+\.cmake|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|Rakefile|gulpfile\.\w+|webpack\.config\.\w+|vite\.config\.\w+|rollup\.config\.\w+|babel\.config\.\w+|eslint\.config\.\w+|setup\.py|conftest\.py|build\.rs|meson\.build|BUILD\.bazel|WORKSPACE|configure\.ac|[^/]+\.m4|[Jj]ustfile|noxfile\.py|Taskfile\.ya?ml|build\.xml)$",
        "migration": r"(?:^|/)(?:migrations?|migrate|db/migrate)/(?:.*/)?[^/]*\d[^/]*\.(?:py|rb|go|sql|php|ts)$",
        "agent_instructions": r"(?:^|/)(?:CLAUDE\.md|AGENTS?\.md|GEMINI\.md|SKILL\.md|copilot-instructions\.md|\.cursorrules|[^/]+\.(?:mdc|instructions\.md|prompt\.md|agent\.md|chatmode\.md))$",
        "ci_cd": r"(?:^|/)(?:\.github/(?:workflows/[^/]+\.ya?ml|dependabot\.ya?ml)|\.travis\.yml|\.gitlab-ci\.yml|\.circleci/config\.yml|appveyor\.yml|\.pre-commit-config\.yaml|azure-pipelines\.yml|\.cirrus\.yml)$",
        "permissions": r"(?:^|/)CODEOWNERS$|(?:^|/)OWNERS$",
        "gate": r"\.cedar$|(?:^|/)[^/]+(?<!_test)\.rego$|(?:^|/)(?:\.mergify\.yml|CODEOWNERS|\.hadolint\.ya?ml|\.golangci\.ya?ml|\.eslintrc[^/]*|\.flake8|\.rubocop\.yml|codecov\.yml|\.codecov\.yml|zizmor\.ya?ml|\.squawk\.toml|\.kube-linter\.ya?ml|\.gitleaks\.toml|\.checkov\.ya?ml|\.pylintrc|mypy\.ini|constraint\.yaml)$",
        "release": r"(?:^|/)(?:\.goreleaser[^/]*\.ya?ml|\.releaserc[^/]*|release-please-config\.json|\.changeset/config\.json|\.bumpversion\.cfg|release\.ya?ml|lerna\.json|RELEASE\.md|RELEASING\.md|publish\.ya?ml)$",
        "secrets": r"(?:^|/)(?:\.env(?:\.\w+)*|\.npmrc|\.pypirc|\.netrc|[^/]+\.(?:pem|key))$",
    }
    skip = {"build": r"checkov|semgrep|trufflehog", "ci_cd": "zizmor|checkov"}
    for mirror in mirrors.values():
        for surface, pattern in table.items():
            if re.search(skip.get(surface, "^$"), mirror.repo):
                continue
            for path in mirror.paths:
                if re.search(pattern, path):
                    source = f"role: {mirror.repo.split('/')[0] if surface == 'agent_instructions' else 'a tool reads the file by its name'}"
                    yield label(mirror, surface, source, path=path, form="file", **{"as": path})


def hidden(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """The Trojan Source attacks by their authors."""
    mirror = mirrors["nickboucher/trojan-source"]
    for path in mirror.paths:
        if re.match(r"(?!website|docs|\.)[^/]+/[^/]*(?:omment|tretch|omoglyph|nvisible|arly)[^/]*\.\w+$", path):
            yield label(
                mirror,
                "hidden_text",
                "trojan-source: attack by its authors",
                path=path,
                form="file",
                **{"as": neutral(path)},
            )
    for path, text in mirrors["astral-sh/ruff"].texts(
        r"fixtures/.*(?:confusable|bidi|invalid_char|ambiguous|PLE25)[^/]*\.py$"
    ):
        for line, row in enumerate(text.split("\n"), 1):
            if not row.isascii():
                spot = {"path": path, "form": "lines", "first": line, "last": line, "as": neutral(path)}
                yield label(
                    mirrors["astral-sh/ruff"], "hidden_text", "ruff: confusable or bidirectional fixture", **spot
                )


def _declared(mirror: Any, label: Any) -> Iterator[Label]:
    for attributes, text in mirror.texts(r"(?:^|/)\.gitattributes$"):
        folder = attributes.rpartition("/")[0]
        for glob in re.findall(r"(?m)^(\S+)\s.*linguist-(?:generated|vendored)(?!\s*=\s*false)", text):
            stem = re.escape(glob.lstrip("/")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
            pattern = re.compile(rf"^{re.escape(folder + '/') if folder else ''}(?:.*/)?{stem}(?:/.*)?$")
            for path in mirror.paths:
                if pattern.match(path):
                    yield label(
                        mirror,
                        "unreadable",
                        "gitattributes: upstream says generated or vendored",
                        path=path,
                        form="file",
                        **{"as": path},
                    )


def unreadable(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """The fixtures of linguist of binary and generated files; what upstreams declare generated or vendored."""
    mirror = mirrors["github-linguist/linguist"]
    for path in mirror.paths:
        if re.match(r"test/fixtures/(?:Binary|Generated)/", path):
            yield label(
                mirror, "unreadable", "linguist: binary or generated fixture", path=path, form="file", **{"as": path}
            )
    for mirror in mirrors.values():
        yield from _declared(mirror, label)
        for path in mirror.paths:
            if re.search(r"\.min\.(?:js|css)$|\.(?:png|jpe?g|gif|woff2?|ttf|ico|gz|zip|jar|exe|so|pdf)$", path):
                yield label(
                    mirror, "unreadable", "name: minified or binary format", path=path, form="file", **{"as": path}
                )
            if re.search(r"(?:^|/)(?:vendor|third_party|node_modules|_vendor)/.*\.(?:py|go|js|rb|php|c|h|pyi)$", path):
                yield label(
                    mirror, "unreadable", "place: upstream's vendor folder", path=path, form="file", **{"as": path}
                )


ASIDE = r"(?i)^(?:docs?|typo|bump|tests?)\b|\bdeps\b|^update .* to v?\d|\bdocs?\b|documentation|\btests?\b|error message|LineLength|readme|changelog|^\[|translation|i18n|css|style"
TITLES = {
    "limits_and_flags": r"(?i)\b(?:feature[ -]?flags?|time-?outs?|rate[ -]?limit\w*|max(?:imum)? (?:size|length|depth|number|body|upload|retries|connections)|limit(?:s|ed)? (?:the|of|on|to|for|size)|size limit|quota|retries)\b",
    "authentication": r"(?i)\b(?:login|authenti\w+|authori[sz]\w+|csrf|session fixation|permission checks?|oauth2?|password reset|2fa|totp)\b",
    "migration": r"(?i)\b(?:db|database|schema|data|alembic) migrations?\b|\badd (?:a )?migration\b",
    "audit_config": r"(?i)\b(?:audit (?:log|event|trail)s?|log level|logging config\w*|sentry|log retention|structured logging)\b",
    "network": r"(?i)\b(?:cors|listen(?:ing)? (?:on|address)|bind(?:ing)? (?:to|address)|ingress|network ?polic\w+|trusted prox\w+|allowed (?:hosts|origins)|proxy protocol|ip allow ?list)\b",
}


RELEASED = r"(?i)^(?:chore(?:\([^)]*\))?: ?)?(?:release|prepare (?:for )?\S* ?v?\d|bump(?:ed|s)? (?:\w+ )?version|version|v?\d+\.\d+)"


def titled(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Commits whose title says what they are about, and releases that a version tag points at."""
    for mirror in mirrors.values():
        log = mirror.git("log", "--no-merges", "-n", "12000", "--format=%H%x09%s").decode("utf-8", "replace")
        for row in log.splitlines():
            commit, _, title = row.partition("\t")
            if SCANNERS.search(mirror.repo) or re.search(ASIDE, title):
                continue
            for surface, words in TITLES.items():
                if re.search(words, title):
                    yield label(mirror, surface, "title: a commit says so", commit=commit, form="commit")
        tags = mirror.git(
            "for-each-ref", "refs/tags", "--format=%(objectname) %(*objectname) %(refname:short)"
        ).decode()
        titles = dict(row.split("\t", 1) for row in log.splitlines() if "\t" in row)
        for row in tags.splitlines():
            found = re.match(r"(?:\w{40} )?(\w{40}) +\S*?v?\d+\.\d+(?:\.\d+)?$", row)
            title = titles.get(found[1], "") if found else ""
            if found and re.search(RELEASED, title) and not SCANNERS.search(mirror.repo):
                yield label(mirror, "release", "tag: a version tag points at it", commit=found[1], form="commit")


ADVISED = {
    "authentication": r"(?i)authenti|authori[sz]|access control|privilege|permission|csrf|session fixation|login|impersonat|CWE-(?:287|863|862|306|352|284|285|384|613|269)\b",
    "injection": r"(?i)injection|cross-site scripting|\bxss\b|traversal|deseriali|\bssrf\b|open redirect|code execution|CWE-(?:79|89|78|22|94|502|918|601)\b",
    "cryptography": r"(?i)certificate|signature|\btls\b|crypto|cipher|CWE-(?:295|327|347|326|338)\b",
    "limits_and_flags": r"(?i)denial of service|resource exhaustion|uncontrolled|memory exhaustion|CWE-(?:400|770)\b",
}


def advisories(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """The commits that advisories of PyPA, Go and RubySec name, in the mirrors at hand."""
    names = {repo.lower(): mirror for repo, mirror in mirrors.items()}
    fixes = re.compile(r"github\.com/([\w.-]+/[\w.-]+)/commit/([0-9a-f]{40})")
    feeds = (
        ("pypa/advisory-database", r"^vulns/"),
        ("golang/vulndb", r"^data/osv/"),
        ("rubysec/ruby-advisory-db", r"^gems/"),
    )
    for feed, paths in feeds:
        for path, text in mirrors[feed].texts(paths):
            for repo, commit in set(fixes.findall(text)):
                mirror = names.get(repo.lower())
                if mirror is None:
                    continue
                told = (
                    text
                    if feed != "golang/vulndb"
                    else json.dumps({k: v for k, v in json.loads(text).items() if k in {"summary", "details"}})
                )
                for surface, words in ADVISED.items():
                    if re.search(words, told):
                        name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
                        yield label(mirror, surface, f"advisory: {name}", commit=commit, form="commit")


SOURCES = (roles, hidden, unreadable, titled, advisories)
