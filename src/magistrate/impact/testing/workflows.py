"""Whether the automatic checks of a repository give a test anything to steal or to spoil.

Rule kept (R20): a new test is code that runs where the checks run. Every workflow of the base is
read; a job that runs any command, or an action that may, holds no secret, no environment and a
token that can only read, said in so many words. What is not read, and every other service, counts
as holding secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.base import BaseTree
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.yaml_events import Event, events_of

WORKFLOWS: Final = re.compile(r"(?i)(?:^|/)\.github/workflows/[^/]+\.ya?ml\Z")
OTHER_SERVICES: Final = re.compile(
    r"(?i)(?:^|/)(?:\.gitlab-ci[^/]*|\.gitlab/.*\.ya?ml|\.circleci/.*|jenkinsfile[^/]*|[^/]*\.jenkinsfile|\.travis[^/]*|"
    r"\.?azure-pipelines[^/]*|\.azure[^/]*/.*\.ya?ml|\.?appveyor[^/]*|\.drone[^/]*|bitbucket-pipelines[^/]*|\.buildkite/.*|cloudbuild[^/]*|"
    r"\.woodpecker[^/]*|\.woodpecker/.*|\.cirrus[^/]*|\.semaphore/.*|codemagic[^/]*|buildspec[^/]*|wercker[^/]*|\.teamcity/.*|"
    r"\.(?:forgejo|gitea)/workflows/.*|\.?zuul[^/]*|\.?zuul\.d/.*|\.prow[^/]*|\.prow/.*|\.tekton/.*|\.taskcluster[^/]*|\.builds/.*|\.build\.yml|"
    r"\.sourcehut[^/]*|\.harness/.*|\.kokoro/.*|\.evergreen[^/]*|evergreen\.ya?ml|\.vsts-ci[^/]*|\.pipelines?/.*|\.ci/.*|ci/.*\.ya?ml|concourse/.*)\Z"
)
DANGEROUS_TRIGGERS: Final = frozenset({"pull_request_target", "workflow_run", "issue_comment", "repository_dispatch"})
SECRET: Final = re.compile(
    r"(?i)\bsecrets\b|github\s*\.\s*token|github_token|github\s*\[|tojson\s*\(\s*github\s*\)|\bvars\b.*(?:token|key)|self-hosted"
)
HARMLESS_ACTIONS: Final = re.compile(
    r"(?:actions/(?:checkout|setup-python|setup-node|upload-artifact|download-artifact|attest-build-provenance)|"
    r"pypa/gh-action-pypi-publish|github/codeql-action/(?:init|analyze|upload-sarif))@[\w./-]+\Z"
)
"""Actions that bring, keep, publish or look at files and run nothing of the repository's tests."""
MACHINES: Final = re.compile(r"(?:ubuntu|windows|macos)-(?:latest|\d[\w.]*)(?:-arm|-large|-xlarge)?\Z")
FROM_MATRIX: Final = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}\Z")
READING: Final = frozenset({"read", "none"})
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
            yield from (f"`{path}` {why}" for why in _workflow(base.files[path]))


def _workflow(text: str) -> Iterator[str]:
    try:
        root = _built(iter(events_of(text.replace("\r\n", "\n"))))
    except UnreadableError as error:
        yield f"is not readable ({error}), so it may hold secrets"
        return
    if not isinstance(root, dict) or not isinstance(root.get("jobs"), dict) or "on" not in root:
        yield "has another shape than a workflow, so it may hold secrets"
        return
    triggers = set(_words(root["on"]))
    if triggers & DANGEROUS_TRIGGERS:
        yield f"runs on `{min(triggers & DANGEROUS_TRIGGERS)}`, where secrets are at hand"
    elsewhere = {key: value for key, value in root.items() if key not in {"jobs", "on"}}
    shared = next((word for word in _words(elsewhere) if SECRET.search(word)), None)
    for name, job in root["jobs"].items():
        why = _job(job, root.get("permissions"), shared)
        if why is not None:
            yield f"job `{name}` {why}, and may run tests"


def _job(job: Node, permissions: Node, shared: str | None) -> str | None:  # noqa: PLR0911 - one guard, one exit
    if not isinstance(job, dict) or "uses" in job or not isinstance(job.get("steps"), list):
        return "is defined elsewhere or has no steps to read"
    if not any(_acts(step) for step in job["steps"]):
        return None
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


def _on_a_machine_of_the_service(job: Node) -> bool:
    where = job.get("runs-on")
    chosen = FROM_MATRIX.match(where) if isinstance(where, str) else None
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if chosen is None or not isinstance(matrix, dict):
        return isinstance(where, str) and MACHINES.match(where) is not None
    listed = matrix.get(chosen[1])
    more = matrix.get("include", [])
    if not isinstance(listed, list) or not isinstance(more, list) or not all(isinstance(one, dict) for one in more):
        return False
    named = [*listed, *(one[chosen[1]] for one in more if chosen[1] in one)]
    return all(isinstance(one, str) and MACHINES.match(one) for one in named)


def _acts(step: Node) -> bool:
    """Whether a step runs a command, or an action that may."""
    if not isinstance(step, dict) or "run" in step:
        return True
    used = step.get("uses")
    return not isinstance(used, str) or HARMLESS_ACTIONS.match(used) is None


def _only_reads(granted: Node) -> bool:
    if granted == "read-all":
        return True
    return isinstance(granted, dict) and all(level in READING for level in granted.values())


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
