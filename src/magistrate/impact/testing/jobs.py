"""Which jobs of a workflow bring nothing to life that tests could be a part of: an allow-list of their steps.

Rule kept (R20): a job counts as one that may run tests unless each of its steps is read here as a
whole: a known action with known inputs, or a script of nothing but known plain commands. Such a job
restores no cache, since whoever runs tests may have filled it; it loads no image, no other program.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx

Node = Any
ANY: Final[frozenset[str] | None] = None
KNOWN_ACTIONS: Final[Mapping[str, frozenset[str] | None]] = {
    "actions/checkout": ANY,
    "actions/setup-python": frozenset({"python-version", "python-version-file", "architecture", "allow-prereleases", "check-latest"}),
    "actions/upload-artifact": ANY,
    "actions/download-artifact": frozenset({"name", "path", "pattern", "merge-multiple", "artifact-ids"}),
    "actions/attest-build-provenance": ANY,
    "actions/stale": ANY,
    "actions/labeler": ANY,
    "actions/first-interaction": ANY,
    "actions/dependency-review-action": ANY,
    "dessant/lock-threads": ANY,
    "release-drafter/release-drafter": ANY,
    "pypa/gh-action-pypi-publish": ANY,
    "softprops/action-gh-release": ANY,
    "ncipollo/release-action": ANY,
    "re-actors/alls-green": ANY,
    "amannn/action-semantic-pull-request": ANY,
    "zizmorcore/zizmor-action": ANY,
    "ossf/scorecard-action": ANY,
    "github/codeql-action/init": frozenset({"languages", "queries"}),
    "github/codeql-action/autobuild": frozenset(),
    "github/codeql-action/analyze": frozenset({"category"}),
    "github/codeql-action/upload-sarif": ANY,
    "astral-sh/setup-uv": frozenset({"enable-cache", "prune-cache", "version", "python-version"}),
}  # fmt: skip
"""Actions that bring, keep, publish, label or look at files, by what they may be given; none restores a cache."""
USED: Final = rx(r"(?P<name>[\w.-]+(?:/[\w.-]+)+)@[\w./-]+\Z")
INTERPRETED: Final = frozenset({"python", "javascript", "javascript-typescript", "typescript", "ruby", "actions"})
"""Languages that CodeQL reads without building anything."""
STEP_KEYS: Final = frozenset({"name", "id", "if", "uses", "with", "run", "env", "shell", "timeout-minutes", "continue-on-error"})  # fmt: skip
SHELLS: Final = frozenset({"bash", "sh"})
STEERING_NAMES: Final = rx(
    r"(?i)(?:PATH|HOME|IFS|ENV|BASH\w*|SHELL\w*|LD_\w+|DYLD_\w+|PYTHON\w*|GIT_\w+|GH_\w*PATH\w*|GH_(?:CONFIG|PAGER|EDITOR|BROWSER)\w*|PAGER|EDITOR|VISUAL|"
    r"NODE_\w+|PIP_(?!DISABLE_PIP_VERSION_CHECK|NO_PYTHON_VERSION_WARNING)\w+|UV_\w+|TOX\w*|PYTEST\w*|HATCH\w*|SETUPTOOLS_\w+|PERL\w*|RUBY\w*)\Z"
)
"""Names in an environment that say what a plain command loads or runs."""
PLAIN_VALUE: Final = rx(
    r"\$\{\{\s*(?:github\.(?:ref_name|ref|sha|repository|repository_owner|run_id|actor|event_name|event\.(?:issue|pull_request)\.(?:number|html_url))|"
    r"matrix\.[\w.-]+|inputs\.[\w-]+)\s*\}\}"
)
QUOTED: Final = rx(r"\"[^\"]*\"|'[^']*'")
STARTS_A_COMMAND: Final = rx(
    r"\$\(|`|&&|\|\||[;|\n(){}&]|(?<![\w=/.-])(?:then|else|do|if|elif|while|until|!|fi|done)(?![\w=/.-])"
)
TOKENS: Final = r"(?:\s+[^\s<>]+)*\s*"
WORDS: Final = r"(?:\s+(?!-[ceimpxCEX]\b|--(?:exec|config|upload-pack|receive-pack|extcmd|installer|python-preference|ext-diff|textconv)\b)[^\s<>]+)*\s*"  # fmt: skip
PLAIN_COMMANDS: Final = tuple(
    rx(one + r"\Z")
    for one in (
        rf"gh (?:issue (?:close|comment|lock|edit|view)|release (?:create|upload|view|edit)|pr (?:comment|edit|close|view|ready)|label \w+){TOKENS}",
        rf"(?:echo|printf|true|false|exit|test|\[\[?|cat|ls|sleep|date|grep|head|tail|tr|cut|wc|basename|dirname|sha256sum){TOKENS}",
        r"set [-+][euxo]+(?: pipefail)?\s*",
        rf"git (?:log|status|describe|rev-parse|ls-remote|diff|show|tag|push|fetch){WORDS}",
        r"git checkout HEAD\^2\s*",
        r"git config (?:--global )?user\.(?:name|email) \S+\s*",
        r"(?:python[\d.]* -m )?pip install(?:\s+(?:-U|--upgrade|--user|(?!x\b)[A-Za-z][\w-]*(?:\[[\w,-]+\])?(?:==[\w.]+)?))+\s*",
        r"(?:poetry|flit) (?:build|publish)(?:\s+(?:--build|--dry-run))*\s*",
        r"python[\d.]* -m build(?:\s+(?:--sdist|--wheel|-s|-w|--outdir dist/?|\.))*\s*",
        r"uv build(?:\s+(?:--sdist|--wheel|--out-dir dist/?|--python [\d.]+|--python-preference [\w-]+|\.))*\s*",
        r"(?:python[\d.]* -m )?twine (?:check|upload)(?:\s+(?:--strict|--skip-existing|--non-interactive|dist/\*))*\s*",
        r"uv publish(?:\s+dist/\*)?\s*",
        r"(?!(?i:path|home|ifs|env|bash\w*|ld_\w*|python\w*|git_\w*)=)[A-Za-z_]\w*=[^\s<>]*\s*",
    )
)
"""One command, as a whole (a package by its plain name comes from the index): it speaks with the service, looks at files, builds or sends a package; it runs no other."""
BUILDS: Final = rx(r"-m build\b|\buv build\b|\b(?:poetry|flit)\b")
WRITES: Final = rx(
    r"\s*(?:>>\s*[\"']?\$\{?(?:GITHUB_OUTPUT|GITHUB_STEP_SUMMARY)\}?[\"']?|\d?>\s*/dev/null|2>&1|>&2)(?=\s|\Z)"
)
ENVIRONMENT_LINE: Final = rx(
    r"\s*echo \"SOURCE_DATE_EPOCH=\$\(git log -1 --pretty=%ct\)\" >> \"?\$\{?GITHUB_ENV\}?\"?\s*\Z"
)
BACKENDS: Final = rx(
    r"(?:setuptools\.build_meta|hatchling\.build|flit_core\.buildapi|flit_scm:buildapi|poetry\.core\.masonry\.api|pdm\.backend|uv_build)\Z"
)
RUNS_MORE: Final = rx(
    r"(?i)\b(?:py\.?test|unittest|nose|tox|nox|subprocess|popen|system|exec\w*|eval|compile|__import__|importlib|runpy|cmdclass|spawn\w*|getattr|discover)\b|"
    r"\b(?:import|from)\s+tests?\b"
)
HOOKS: Final = frozenset({"hooks", "custom-hook", "run-setup", "cmdclass", "build", "script"})
"""Settings of a backend by which it runs programs of the repository."""
KNOWN_HOOKS: Final = frozenset({"vcs"})
"""The one that writes down the version."""
BUILDERS: Final = ("hatch", "pdm", "poetry", "setuptools", "flit", "uv")
SHADOWS: Final = rx(r"(?:build|twine|pip)(?:\.py|/__(?:init|main)__\.py)\Z")


def why_may_run_tests(job: Mapping[str, Node], workflow: Mapping[str, Node], base: BaseTree) -> str | None:
    """The first thing of a job that may bring tests to life, in words; None where nothing can."""
    if "container" in job or "services" in job or "defaults" in job or "defaults" in workflow:
        return "has an image or a shell of its own"
    if any(_steers(one.get("env")) for one in (workflow, job)):
        return "says in its environment what commands load"
    return next((why for step in job["steps"] if (why := _step(step, job, base)) is not None), None)


def _step(step: Node, job: Mapping[str, Node], base: BaseTree) -> str | None:
    if not isinstance(step, dict) or not step.keys() <= STEP_KEYS or _steers(step.get("env")):
        return "has a step that nothing here reads"
    if "run" in step:
        script = step["run"]
        plain = "uses" not in step and step.get("shell", "bash") in SHELLS and isinstance(script, str)
        return _script(script, base) if plain else "has a step that nothing here reads"
    return _action(step.get("uses"), step.get("with", {}), job)


def _steers(names: Node) -> bool:
    return names is not None and not (isinstance(names, dict) and not any(STEERING_NAMES.match(one) for one in names))


def _action(used: Node, given: Node, job: Mapping[str, Node]) -> str | None:
    found = USED.match(used) if isinstance(used, str) else None
    name = "" if found is None else found["name"].lower()
    if name not in KNOWN_ACTIONS or not isinstance(given, dict):
        return f"uses `{str(used)[:60]}`, which may run anything"
    allowed = KNOWN_ACTIONS[name]
    if allowed is not None and not given.keys() <= allowed:
        return f"gives `{name}` more than is known here (`{min(given.keys() - allowed)}`)"
    if name == "astral-sh/setup-uv" and given.get("enable-cache") != "false":
        return f"restores a cache with `{name}`, which whoever runs tests may have filled"
    if name == "github/codeql-action/init" and not _interpreted(given.get("languages"), job):
        return "may build the program with CodeQL"
    return None


def _interpreted(named: Node, job: Mapping[str, Node]) -> bool:
    """Whether every language is one that CodeQL reads without building: by name, or from a plain matrix."""
    if not isinstance(named, str):
        return False
    chosen = re.fullmatch(r"\$\{\{\s*matrix\.(\w+)\s*\}\}", named)
    if chosen is None:
        return all(one.strip() in INTERPRETED for one in named.split(","))
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    listed = matrix.get(chosen[1]) if isinstance(matrix, dict) and "include" not in matrix else None
    return isinstance(listed, list) and bool(listed) and all(one in INTERPRETED for one in listed)


def _script(script: str, base: BaseTree) -> str | None:
    """The first command of a script that is not known to be plain, in words."""
    text = PLAIN_VALUE.sub("x", re.sub(r"\\\n\s*", " ", script))
    text = re.sub(r"\$\{(\w+)\}", r"$\1", text)
    if "${{" in text or "<<" in text or "\\" in text or "\r" in text:
        return "has a script that nothing here reads"
    commands: list[str] = []
    for line in text.split("\n"):
        if line.lstrip().startswith("#") or ENVIRONMENT_LINE.match(line):
            continue
        if (read := _unquoted(line)) is None:
            return f"has a line that nothing here reads (`{line.strip()[:60]}`)"
        commands += (one.strip().strip("\"'").strip() for one in STARTS_A_COMMAND.split(WRITES.sub(" ", read)))
    for one in commands:
        if one and not any(shape.match(one) for shape in PLAIN_COMMANDS):
            return f"runs `{one[:60]}`"
    if any(BUILDS.search(one) for one in commands):
        return _why_build_runs_more(base)
    return None


def _unquoted(line: str) -> str | None:
    """A line without its plain quoted texts; None where its quotes cannot be told apart."""
    if "$(" in line or "`" in line:
        return line if line.count('"') % 2 == 0 and line.count("'") % 2 == 0 else None
    read = QUOTED.sub("x", line)
    return None if '"' in read or "'" in read else read


def _why_build_runs_more(base: BaseTree) -> str | None:
    """Why building the package of a base may run more than a known backend does; None where it does not."""
    shadow = next((path for path in base.files if SHADOWS.match(path)), None)
    if shadow is not None:
        return f"builds with `{shadow}` of the repository"
    for name in ("setup.py", "hatch_build.py", "build_hooks.py", "pdm_build.py"):
        if (found := RUNS_MORE.search(base.files.get(name, ""))) is not None:
            return f"builds with `{name}`, which has `{found[0]}`"
    try:
        said = tomllib.loads(base.files.get("pyproject.toml", ""))
    except tomllib.TOMLDecodeError:
        return "builds by a `pyproject.toml` that cannot be read"
    system = said.get("build-system", {})
    backend = system.get("build-backend", "setuptools.build_meta") if isinstance(system, dict) else ""
    if not isinstance(backend, str) or BACKENDS.match(backend) is None or "backend-path" in system:
        return "builds with a backend that is not known here"
    tools = said.get("tool", {})
    told = isinstance(tools, dict) and all(_no_hook(tools.get(one)) for one in BUILDERS)
    if not told or "cmdclass" in base.files.get("setup.cfg", ""):
        return "builds with hooks of the repository"
    return None


def _no_hook(said: Node) -> bool:
    """Whether a part of the settings of a backend names nothing that runs; a folder of hooks may hold the known one."""
    if not isinstance(said, dict):
        return not isinstance(said, list) or all(_no_hook(one) for one in said)
    for key, value in said.items():
        if key == "build" and isinstance(value, dict):
            pass
        elif key == "hooks" and isinstance(value, dict) and value.keys() <= KNOWN_HOOKS:
            continue
        elif key in HOOKS:
            return False
        if not _no_hook(value):
            return False
    return True
