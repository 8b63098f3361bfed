"""Where the labels of bench/surfaces come from: one function a kind of source (see surface_labels.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

Mirrors = dict[str, Any]
Label = dict[str, Any]

CWES = {
    "secrets": {798, 321, 522, 259, 540, 256, 312, 538},
    "authentication": {287, 306, 352, 862, 863, 285, 384, 613, 1275, 1004, 614, 345, 346, 639, 521},
    "cryptography": {326, 327, 328, 295, 319, 330, 338, 320, 323, 311, 297, 780, 759, 916, 353, 310},
    "injection": {
        89,
        79,
        78,
        94,
        95,
        96,
        502,
        611,
        918,
        22,
        601,
        1336,
        943,
        90,
        73,
        98,
        116,
        134,
        470,
        643,
        77,
        91,
        113,
        915,
    },
    "permissions": {732, 276, 250, 269, 284},
    "audit_config": {778, 532, 117},
    "network": {1327, 942, 668, 923},
    "limits_and_flags": {400, 770, 1333},
}
DECLARED = re.compile(r"\.(?:tf|ya?ml|json|bicep|dockerfile)$|Dockerfile")
ONLY_DECLARED = {"permissions", "audit_config", "network"}
ONLY_CODE = {"authentication", "injection", "limits_and_flags", "cryptography"}
VAGUE = {269, 284}
MARK = re.compile(r"(?:^|[^\w-])ruleid:\s*([\w.-]+)")
ANY_MARK = re.compile(
    r"(?:^|[^\w-])(?:todo)?(?:ruleid|ok|todook|todoruleid|deepruleid|deepok|prook|proruleid)\s*:\s*[\w.-]+"
)
OPEN, CLOSE = "([{", ")]}"
WORDS = {
    "permissions": r"(?i)iam|rbac|role|polic|permission|wildcard|admin|privilege|owner|grant|serviceaccount|principal|acl\b",
    "network": r"(?i)public|ingress|port(?:s|\d|_|$)|unrestricted|securitygroup|security_group|firewall|expos|hostnetwork|nacl|subnet|sgr|cors",
    "audit_config": r"(?i)logg|\blog|_log|trail|monitor|audit|alert|flowlog|flow_log|metric",
    "cryptography": r"(?i)encrypt|tls|ssl|https|kms|cmk|cert|crypto|cipher",
    "secrets": r"(?i)secret|password|credential|apikey|api_key|token",
}


def unit_end(lines: list[str], first: int, most: int = 40) -> int:
    """Last line (0-based) of the statement that begins at a line: brackets close, or the indent ends."""
    depth = 0
    for at in range(first, min(len(lines), first + most)):
        text = lines[at]
        depth += sum(text.count(c) for c in OPEN) - sum(text.count(c) for c in CLOSE)
        if depth <= 0:
            return at
    return first


def yaml_end(lines: list[str], first: int, most: int = 20) -> int:
    """Last line of a YAML entry: lines that are deeper."""
    indent = len(lines[first]) - len(lines[first].lstrip())
    end = first
    for at in range(first + 1, min(len(lines), first + most)):
        text = lines[at]
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        if text.strip():
            end = at
    return end


def neutral(path: str) -> str:
    """A path that says nothing but the format."""
    name = path.rsplit("/", 1)[-1]
    if re.search(r"(?i)dockerfile", name):
        return "Dockerfile"
    return f"src/part.{name.rsplit('.', 1)[-1]}" if "." in name else "src/part"


def semgrep(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """`ruleid:` lines by the CWE of their rule."""
    mirror = mirrors["semgrep/semgrep-rules"]
    rules: dict[str, tuple[set[int], str]] = {}
    for path, text in mirror.texts(r"\.ya?ml$"):
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        for one in (found.get("rules") or []) if isinstance(found, dict) else []:
            meta = one.get("metadata") or {}
            if meta.get("category") in {None, "security"} and isinstance(one.get("id"), str):
                rules[one["id"]] = ({int(n) for n in re.findall(r"CWE-(\d+)", str(meta.get("cwe")))}, path)
    for path, text in mirror.texts(r"\.\w+$|Dockerfile"):
        lines = text.split("\n")
        for at, line in enumerate(lines):
            marked = MARK.search(line)
            if marked is None or marked[1] not in rules:
                continue
            first = at + 1
            while first < len(lines) and ANY_MARK.search(lines[first]):
                first += 1
            if first >= len(lines) or not lines[first].strip():
                continue
            last = yaml_end(lines, first) if re.search(r"\.ya?ml$", path) else unit_end(lines, first)
            spot = {"path": path, "form": "lines", "first": first + 1, "last": last + 1, "as": neutral(path)}
            yield from _by_cwe(mirror, label, spot, marked[1], rules[marked[1]])


def _by_cwe(mirror: Any, label: Any, spot: Label, name: str, rule: tuple[set[int], str]) -> Iterator[Label]:
    path = str(spot["path"])
    if "github-actions" in rule[1]:
        yield label(mirror, "ci_cd", f"semgrep: {name}", **{**spot, "as": ".github/workflows/a.yml"})
        return
    for surface, numbers in CWES.items():
        declared = bool(DECLARED.search(path)) or "terraform" in rule[1]
        wrong = declared if surface in ONLY_CODE else not declared if surface in ONLY_DECLARED else False
        hit = sorted(rule[0] & numbers)
        vague = surface == "permissions" and set(hit) <= VAGUE and not re.search(WORDS["permissions"], name)
        if hit and not wrong and not vague:
            yield label(mirror, surface, f"semgrep: CWE-{hit[0]} {name}", **spot)
    if "dockerfile" in rule[1] or "docker-compose" in rule[1]:
        yield label(mirror, "containers", f"semgrep: {name}", **spot)
    if "terraform" in rule[1]:
        yield label(mirror, "infrastructure", f"semgrep: {name}", **spot)


def checkov(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Fixtures of checkov, by the framework of the check and the words of its name."""
    mirror = mirrors["bridgecrewio/checkov"]
    frames = {
        "infrastructure": r"^tests/(?:terraform|cloudformation|arm|kubernetes|bicep|helm|kustomize|ansible|serverless|sam|argo_workflows)/.*\.(?:tf|ya?ml|json|bicep|template)$",
        "ci_cd": r"^tests/(?:github_actions|gitlab_ci|gitlab|circleci_pipelines|azure_pipelines|bitbucket_pipelines|argo_workflows)/.*\.ya?ml$",
        "containers": r"^tests/dockerfile/.*[Dd]ockerfile[^/]*$",
    }
    for surface, pattern in frames.items():
        for path, text in mirror.texts(pattern):
            yield label(
                mirror,
                surface,
                f"checkov fixture: {path.split('/')[1]}",
                path=path,
                form="file",
                **{"as": neutral(path)},
            )
            for line, row in enumerate(text.split("\n"), 1):
                if re.search(r"checkov:skip=|bridgecrew:skip=", row):
                    spot = {"path": path, "form": "lines", "first": line, "last": line, "as": neutral(path)}
                    yield label(mirror, "suppressions", "checkov: skip comment of its fixtures", **spot)
    for path in mirror.paths:
        found = re.search(
            r"^tests/(?:terraform|cloudformation|arm|kubernetes|bicep)/checks/.*?/?example_(\w+)/.*\.(?:tf|ya?ml|json|bicep)$",
            path,
        )
        if found is None or re.search(r"(?i)pass", path.rsplit("/", 1)[-1]):
            continue
        for surface, words in WORDS.items():
            if re.search(words, found[1]):
                yield label(
                    mirror, surface, f"checkov check: {found[1]}", path=path, form="file", **{"as": neutral(path)}
                )


def trivy(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """The `bad` examples of trivy's checks, by the words of their name."""
    mirror = mirrors["aquasecurity/trivy-checks"]
    for path, text in mirror.texts(r"^checks/(?:cloud|docker|kubernetes)/.*\.ya?ml$"):
        name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        kind = ""
        lines = text.split("\n")
        for at, line in enumerate(lines):
            top = re.match(r"(\w+):\s*$", line)
            kind = top[1] if top else kind
            if re.match(r"\s+bad:", line):
                first = at + 1
                if first < len(lines) and re.match(r"\s*- \|", lines[first]):
                    shown = (
                        "src/part.tf" if kind == "terraform" else "Dockerfile" if "docker" in kind else "src/part.yaml"
                    )
                    last = yaml_end(lines, first, 200) + 1
                    spot = {"path": path, "form": "excerpt", "first": first + 2, "last": last, "as": shown}
                    yield from _trivy(mirror, label, name, spot)


def _trivy(mirror: Any, label: Any, name: str, spot: Label) -> Iterator[Label]:
    path = str(spot["path"])
    if "/docker/" in path:
        yield label(mirror, "containers", f"trivy: {name}", **spot)
        return
    yield label(mirror, "infrastructure", f"trivy: {name}", **spot)
    for surface, words in WORDS.items():
        if re.search(words, name) or (surface == "permissions" and "/iam/" in path):
            yield label(mirror, surface, f"trivy: {name}", **spot)


def workflows(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Fixtures of zizmor: workflows it has findings for, and the comments that silence it."""
    mirror = mirrors["zizmorcore/zizmor"]
    for path, text in mirror.texts(
        r"(?:test-data|sample-workflows|sample-actions|sample-dependabot|sample-configs)/.*\.ya?ml$"
    ):
        name = "action.yml" if re.search(r"action\.ya?ml$", path) else ".github/workflows/a.yml"
        name = ".github/dependabot.yml" if "dependabot" in path else name
        name = ".pre-commit-config.yaml" if "pre-commit" in path or "sample-configs" in path else name
        yield label(mirror, "ci_cd", "zizmor fixture", path=path, form="file", **{"as": name})
        for line, row in enumerate(text.split("\n"), 1):
            if "zizmor: ignore" in row:
                spot = {"path": path, "form": "lines", "first": line, "last": line, "as": name}
                yield label(mirror, "suppressions", "zizmor: ignore comment of its fixtures", **spot)


def secret_patterns(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Texts in which trufflehog's detectors must find something."""
    mirror = mirrors["trufflesecurity/trufflehog"]
    start = re.compile(r"^\s*(?:validPattern\w*|input)\s*[:=]+\s*(`|\")")
    for path, text in mirror.texts(r"^pkg/detectors/.*_test\.go$"):
        lines = text.split("\n")
        if "integration" in path:
            continue
        for at, line in enumerate(lines):
            found = start.match(line)
            if found is None:
                continue
            rest = line[found.end() :]
            last = at
            while found[1] == "`" and "`" not in rest and last + 1 < min(len(lines), at + 40):
                last += 1
                rest = lines[last]
            spot = {"path": path, "form": "excerpt", "first": at + 1, "last": last + 1, "as": "src/part.txt"}
            yield label(mirror, "secrets", f"trufflehog: {path.split('/')[2]}", **spot)
            break
    for mirror, pattern in (
        (mirrors["Yelp/detect-secrets"], r"^test_data/"),
        (mirrors["github-linguist/linguist"], r"^samples/Dotenv/"),
    ):
        for path, _ in mirror.texts(pattern):
            yield label(mirror, "secrets", f"{mirror.repo}: sample", path=path, form="file", **{"as": neutral(path)})


def bandit(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Bandit's examples by the topic of the file name; its `nosec` lines."""
    mirror = mirrors["PyCQA/bandit"]
    topics = {
        "cryptography": r"crypto|hash|ssl|tls|cipher|random|weak_|verif|certif|hostname",
        "injection": r"exec|eval|pickle|marshal|yaml|xml|sql|subprocess|popen|shell|mako|jinja|mark_safe|django|deserial|import|wildcard|tarfile|paramiko|shelve|dill|torch|jsonpickle|telnet",
        "secrets": r"password|hardcoded-pass",
        "network": r"binding|bind",
        "permissions": r"chmod|permissions|tmp",
    }
    for path, text in mirror.texts(r"^examples/.*\.py$"):
        for surface, words in topics.items():
            if re.search(words, path):
                yield label(mirror, surface, "bandit example", path=path, form="file", **{"as": neutral(path)})
        for line, row in enumerate(text.split("\n"), 1):
            if re.search(r"#\s*nosec", row):
                spot = {"path": path, "form": "lines", "first": line, "last": line, "as": neutral(path)}
                yield label(mirror, "suppressions", "bandit: nosec of its examples", **spot)


def silenced(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Lines by which the fixtures of other checkers silence them."""
    sources = {
        (
            "astral-sh/ruff",
            r"^crates/ruff_linter/resources/test/fixtures/.*\.pyi?$",
        ): r"#\s*(?:ruff|flake8)?:?\s*noqa|# type:\s*ignore|#\s*isort:\s*(?:skip|off)|#\s*fmt:\s*(?:off|skip)|#\s*ruff:\s*(?:disable|ignore)",
        ("golangci/golangci-lint", r"testdata/.*\.go$"): r"//\s*nolint|//lint:ignore",
        ("semgrep/semgrep-rules", r"\.\w+$"): r"nosem(?:grep)?\b",
        ("hadolint/hadolint", r"^test/.*\.hs$"): r"#\s*hadolint\s+(?:global\s+)?(?:ignore|shell)",
        ("Yelp/detect-secrets", r"^test"): r"pragma: (?:allow|white)list",
        ("gitleaks/gitleaks", r"."): r"gitleaks:allow",
        ("stackrox/kube-linter", r"^tests/"): r"ignore-check\.kube-linter\.io",
        ("FairwindsOps/polaris", r"^test/|^examples/"): r"polaris\.fairwinds\.com/.*exempt",
        ("sbdchd/squawk", r"\.rs$|\.sql$"): r"squawk-ignore",
        ("aquasecurity/trivy-checks", r"."): r"(?:tfsec|trivy):ignore",
        ("rails/rails", r"\.rb$"): r"#\s*rubocop:(?:disable|todo)",
        ("vitejs/vite", r"\.[jt]sx?$"): r"eslint-disable|@ts-(?:ignore|expect-error|nocheck)",
        ("mockito/mockito", r"\.java$"): r"@SuppressWarnings|NOSONAR|@Ignore\b|@Disabled\b",
        ("tokio-rs/tokio", r"\.rs$"): r"#!?\[allow\(",
        ("pypi/warehouse", r"\.(?:py|js)$"): r"noqa|type: ignore|eslint-disable|pragma: no cover",
        (
            "pytest-dev/pytest",
            r"^(?:testing|src)/.*\.py$",
        ): r"@pytest\.mark\.(?:skip|xfail)|pytest\.skip\(|type: ignore|noqa",
    }
    for (repo, paths), pattern in sources.items():
        mirror = mirrors[repo]
        for path, text in mirror.texts(paths):
            for line, row in enumerate(text.split("\n"), 1):
                if re.search(pattern, row):
                    spot = {"path": path, "form": "lines", "first": line, "last": line, "as": neutral(path)}
                    yield label(mirror, "suppressions", "silenced: a line that silences a check", **spot)


def containers(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Dockerfile texts that hadolint must find something in; Dockerfiles and compose files of repositories."""
    mirror = mirrors["hadolint/hadolint"]
    for path, text in mirror.texts(r"^test/Hadolint/Rule/.*\.hs$"):
        for line, row in enumerate(text.split("\n"), 1):
            if re.search(r"ruleCatches\s+(?:\"|[a-z]).*\"[A-Z]{3,} ", row):
                spot = {"path": path, "form": "excerpt", "first": line, "last": line, "as": "Dockerfile"}
                yield label(mirror, "containers", "hadolint: must be caught", **spot, strip=r'.*?"((?:[A-Z]{3,}) .*)"')
    for mirror in mirrors.values():
        for path in mirror.paths:
            if re.search(
                r"(?:^|/)(?:Dockerfile[^/]*|[^/]*\.dockerfile|Containerfile|(?:docker-)?compose[^/]*\.ya?ml)$", path
            ) and mirror.repo not in {"bridgecrewio/checkov", "semgrep/semgrep-rules"}:
                yield label(
                    mirror,
                    "containers",
                    "role: an engine reads the file by its name",
                    path=path,
                    form="file",
                    **{"as": path},
                )


def statements(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """SQL that squawk must object to; atlas's and linguist's samples."""
    mirror = mirrors["sbdchd/squawk"]
    for path, text in mirror.texts(r"^crates/squawk_linter/src/rules/.*\.rs$"):
        lines = text.split("\n")
        for at, line in enumerate(lines):
            if re.search(r'r#"\s*$', line):
                last = next((i for i in range(at + 1, len(lines)) if '"#' in lines[i]), at)
                after = "\n".join(lines[last : last + 5])
                if "lint_errors" in after and last > at + 1:
                    spot = {"path": path, "form": "excerpt", "first": at + 2, "last": last, "as": "src/part.sql"}
                    yield label(mirror, "migration", "squawk: must object", **spot)
    for path, _ in mirrors["ariga/atlas"].texts(r"testdata/.*\.sql$"):
        yield label(
            mirrors["ariga/atlas"],
            "migration",
            "atlas: test migrations",
            path=path,
            form="file",
            **{"as": "src/part.sql"},
        )
    mirror = mirrors["github-linguist/linguist"]
    for path in mirror.paths:
        found = re.match(
            r"samples/(Makefile|CMake|M4|M4Sugar|Meson|Gradle[^/]*|Starlark|Just|Maven POM|Ant Build System|Earthly)/",
            path,
        )
        if found:
            yield label(mirror, "build", "linguist: sample of a build language", path=path, form="file", **{"as": path})


def flags(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Removals of a feature flag by Piranha's authors: input becomes expected."""
    mirror = mirrors["uber/piranha"]
    have = set(mirror.paths)
    for path in mirror.paths:
        other = path.replace("/input/", "/expected/")
        if other != path and other in have and re.search(r"flag|experiment|treated|cleanup", path):
            yield label(
                mirror,
                "limits_and_flags",
                "piranha: a flag is removed",
                path=path,
                after=other,
                form="pair",
                **{"as": neutral(path)},
            )


SOURCES = (semgrep, checkov, trivy, workflows, secret_patterns, bandit, silenced, containers, statements, flags)
