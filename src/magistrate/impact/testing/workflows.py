"""Whether the automatic checks of a repository give a test anything to steal or to spoil.

Rule kept (R20): a new test is code that runs where the checks run. Every job of the base is read. One
that may run tests holds no secret, no environment and a token that can only read the repository, said
in so many words. One that holds more is read as a whole and can bring no test to life, takes nothing
from a job that may, and restores no cache (`jobs.py`). What is not read, and every other service, counts
as running tests with secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.yaml_events import Event, events_of
from magistrate.impact.testing.jobs import why_may_run_tests

WORKFLOWS: Final = rx(r"(?i)(?:^|/)\.github/workflows/[^/]+\.ya?ml\Z")
OTHER_SERVICES: Final = rx(
    r"(?i)(?:^|/)(?:\.gitlab-ci[^/]*|\.gitlab/.*\.ya?ml|\.circleci/.*|jenkinsfile[^/]*|[^/]*\.jenkinsfile|\.travis[^/]*|"
    r"\.?azure-pipelines[^/]*|\.azure[^/]*/.*\.ya?ml|\.?appveyor[^/]*|\.drone[^/]*|bitbucket-pipelines[^/]*|\.buildkite/.*|cloudbuild[^/]*|"
    r"\.woodpecker[^/]*|\.woodpecker/.*|\.cirrus[^/]*|\.semaphore/.*|codemagic[^/]*|buildspec[^/]*|wercker[^/]*|\.teamcity/.*|"
    r"\.(?:forgejo|gitea)/workflows/.*|\.?zuul[^/]*|\.?zuul\.d/.*|\.prow[^/]*|\.prow/.*|\.tekton/.*|\.taskcluster[^/]*|\.builds/.*|\.build\.yml|"
    r"\.sourcehut[^/]*|\.harness/.*|\.kokoro/.*|\.evergreen[^/]*|evergreen\.ya?ml|\.vsts-ci[^/]*|\.pipelines?/.*|\.ci/.*|ci/.*\.ya?ml|concourse/.*)\Z"
)
DANGEROUS_TRIGGERS: Final = frozenset({"pull_request_target", "workflow_run", "issue_comment", "repository_dispatch"})
SECRET: Final = rx(
    r"(?i)\bsecrets\b|github\s*\.\s*(?:token|\*)|github_token|github\s*\[|tojson\s*\(\s*github\s*\)|\bvars\b.*(?:token|key)|self-hosted|"
    r"\binputs\s*\.\s*\w*(?:token|key|secret|passw)|\bvault\b"
)
MACHINES: Final = rx(r"(?i)(?:ubuntu|windows|macos)-(?:latest|\d[\w.]*)(?:-arm|-large|-xlarge)?\Z")
FROM_MATRIX: Final = rx(r"\$\{\{\s*matrix\.([\w-]+)(?:\.([\w-]+))?\s*(?:\|\|\s*'([\w.-]+)'\s*)?\}\}\Z")
READING: Final = frozenset({"read", "none"})
OPEN_TO_ALL: Final = frozenset(
    {
        "contents",
        "metadata",
        "actions",
        "checks",
        "statuses",
        "issues",
        "pull-requests",
        "discussions",
        "deployments",
        "pages",
    }
)
"""What everybody who has the repository can read anyway; security alerts, packages and models are not among it."""
WORKFLOW_KEYS: Final = frozenset({"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"})
JOB_KEYS: Final = frozenset(
    {"name", "needs", "permissions", "if", "runs-on", "environment", "concurrency", "outputs", "env", "defaults", "steps",
     "timeout-minutes", "strategy", "continue-on-error", "container", "services"}
)  # fmt: skip
CALL_KEYS: Final = frozenset({"name", "needs", "permissions", "if", "uses", "with", "strategy", "concurrency"})
CALLED: Final = rx(r"\./(\.github/workflows/[\w.-]+\.ya?ml)\Z")
TAKES: Final = rx(
    r"(?i)\bneeds\s*[.\[]|tojson\s*\(\s*needs|actions/download-artifact@|\bgh\s+run\s+download|/artifacts\b"
)
GIVES: Final = rx(r"(?i)actions/upload-artifact@")
Node = Any


def why_not_secretless(base: BaseTree) -> str | None:
    """Which check of the base may hold a secret or a right to write, in words; None when none does."""
    kept = base.looked_up.get("testing workflows")
    if not isinstance(kept, tuple):
        kept = (next(_objections(base), None),)
        base.looked_up["testing workflows"] = kept
    found = kept[0]
    return None if found is None else str(found)


def has_workflows(base: BaseTree) -> bool:
    """Whether the base has any automatic checks."""
    return any(WORKFLOWS.search(path) for path in base.files)


def _objections(base: BaseTree) -> Iterator[str]:
    for path in sorted(base.files):
        if OTHER_SERVICES.search(path):
            yield f"`{path}` is read by a service whose secrets nothing here can see"
        elif WORKFLOWS.search(path):
            yield from (f"`{path}` {why}" for why in _workflow(base.files[path], base))


def _workflow(text: str, base: BaseTree) -> Iterator[str]:
    try:
        root = _built(iter(events_of(text.replace("\r\n", "\n"))))
    except UnreadableError as error:
        yield f"is not readable ({error}), so it may hold secrets"
        return
    if (
        not isinstance(root, dict)
        or not isinstance(root.get("jobs"), dict)
        or not {"on"} < root.keys() <= WORKFLOW_KEYS
    ):
        yield "has another shape than a workflow, so it may hold secrets"
        return
    elsewhere = {key: value for key, value in root.items() if key not in {"jobs", "on"}}
    shared = next((word for word in _words(elsewhere) if SECRET.search(word)), None)
    steered = set(_words(root["on"])) & DANGEROUS_TRIGGERS
    trigger = f"runs on `{min(steered)}`, where secrets are at hand" if steered else None
    jobs: dict[str, Node] = root["jobs"]
    holding = {name: trigger or _holds(job, root.get("permissions"), shared, base) for name, job in jobs.items()}
    running = {name: _may_run(job, root, base) for name, job in jobs.items()}
    for name, why in holding.items():
        if why is not None and running[name] is not None:
            yield f"job `{name}` {why}, and may run tests: it {running[name]}"
    called = "workflow_call" in set(_words(root["on"]))
    for name, why in holding.items():
        if called and why is not None and _hands_on(jobs[name]):
            yield f"job `{name}` {why}, and shares artifacts or results with whatever calls it"
    yield from _handed_on(jobs, holding, running)


def _hands_on(job: Node) -> bool:
    gives = isinstance(job, dict) and "outputs" in job
    return gives or any(TAKES.search(word) or GIVES.search(word) for word in _words(job))


def _handed_on(jobs: Node, holding: Mapping[str, str | None], running: Mapping[str, str | None]) -> Iterator[str]:
    """Artifacts and results that go from jobs that may run tests to those that hold something, or back."""
    for name, why in holding.items():
        runs = next((one for one in jobs if running[one] is not None and one != name), None)
        if runs is None:
            continue
        words = list(_words(jobs[name]))
        if why is not None and any(TAKES.search(word) for word in words):
            yield f"job `{name}` {why}, and takes what job `{runs}` may have made, which {running[runs]}"
        gives = "outputs" in jobs[name] or any(GIVES.search(word) for word in words)
        taking = (one for one in jobs if running[one] is not None and any(TAKES.search(word) for word in _words(jobs[one])))  # fmt: skip
        if why is not None and gives and (taker := next(taking, None)) is not None:
            yield f"job `{name}` {why}, and may hand it to job `{taker}`, which {running[taker]}"


def _may_run(job: Node, root: Mapping[str, Node], base: BaseTree) -> str | None:
    if not isinstance(job, dict) or not isinstance(job.get("steps"), list) or not job.keys() <= JOB_KEYS:
        return "is defined elsewhere or has no steps to read"
    return why_may_run_tests(job, root, base)


def _holds(job: Node, permissions: Node, shared: str | None, base: BaseTree) -> str | None:  # noqa: PLR0911 - one guard, one exit
    """What a job has at hand that a test must not reach."""
    if isinstance(job, dict) and "uses" in job:
        return _calls(job, base)
    if not isinstance(job, dict) or not isinstance(job.get("steps"), list) or not job.keys() <= JOB_KEYS:
        return "is defined elsewhere or has no steps to read"
    if "environment" in job:
        return "enters an environment"
    if shared is not None:
        return "is given a secret by the whole workflow"
    if any(SECRET.search(word) for word in _words(job)):
        return "reads a secret or a token"
    if not _on_a_machine_of_the_service(job):
        return "does not run on a machine of the service"
    if "container" in job or "services" in job:
        return "runs in an image of its own"
    granted = job.get("permissions", permissions)
    return None if _only_reads(granted) else "does not say that its token can only read"


def _calls(job: Mapping[str, Node], base: BaseTree) -> str | None:
    """What a call of another workflow hands over; one of the base is read by itself, with its own permissions."""
    called = CALLED.match(job["uses"]) if isinstance(job["uses"], str) else None
    if called is None or called[1] not in base.files or not job.keys() <= CALL_KEYS:
        return "is defined elsewhere or is given secrets"
    return "hands a secret or a token on" if any(SECRET.search(word) for word in _words(job)) else None


def _on_a_machine_of_the_service(job: Mapping[str, Node]) -> bool:
    where = job.get("runs-on")
    if not isinstance(where, str):
        return False
    chosen = FROM_MATRIX.match(where)
    if chosen is None:
        return MACHINES.match(where) is not None
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return False
    axis, inner, otherwise = chosen[1], chosen[2], chosen[3]
    more = matrix.get("include", [])
    listed = matrix.get(axis, [])
    if not isinstance(listed, list) or not isinstance(more, list) or not all(isinstance(one, dict) for one in more):
        return False
    named = [*listed, *(one[axis] for one in more if axis in one)]
    if inner is not None:
        if not all(isinstance(one, dict) for one in named):
            return False
        named = [one[inner] for one in named if inner in one]
    known = all(isinstance(one, str) and MACHINES.match(one) for one in named)
    return known and (MACHINES.match(otherwise) is not None if otherwise is not None else bool(named))


def _only_reads(granted: Node) -> bool:
    if not isinstance(granted, dict):
        return False
    return all(level == "none" or (level in READING and name in OPEN_TO_ALL) for name, level in granted.items())


def _words(node: Node) -> Iterator[str]:
    """Every text in a value, keys too."""
    waiting: list[Node] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


def _built(events: Iterator[Event]) -> Node:
    """Mappings, lists and texts; no anchors, aliases, tags or merges, which readers resolve differently.

    Raises:
        UnreadableError: there is one.
    """
    stack: list[list[Node]] = [[]]
    for event in events:
        if event.kind == "Alias" or event.anchor is not None or event.tag is not None:
            raise UnreadableError("it has an anchor, an alias or a tag")
        if event.kind in {"MappingStart", "SequenceStart"}:
            stack.append([])
        elif event.kind == "MappingEnd":
            flat = stack.pop()
            if "<<" in flat[::2]:
                raise UnreadableError("it has a merge")
            stack[-1].append(dict(zip(flat[::2], flat[1::2], strict=True)))
        elif event.kind == "SequenceEnd":
            done = stack.pop()
            stack[-1].append(done)
        elif event.kind == "Scalar":
            stack[-1].append(event.value or "")
    return stack[0][0] if stack[0] else None
