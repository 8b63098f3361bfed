"""Rights of GitHub Actions: what each job holds, who starts it, who steers it, and the code that runs in it.

Every job that something starts is an actor that holds its rights under the conditions of its starts.
`anybody` holds the starting of jobs with the rights of the base, and all of a job that strangers steer;
the owner of code that is not pinned holds the jobs that use it. What a job runs is held by `code:` holders
where the job may do more than read its own repository.

Rule kept: a file that cannot be read, a permission, event or filter that is not understood is `Unknown`,
and counts as the widest it may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains import github_actions_rights as rights
from magistrate.impact.privilege.domains.ci_code import closure, code_holder
from magistrate.impact.privilege.domains.ci_yaml import Text, line_of, listed, shown
from magistrate.impact.privilege.domains.github_actions_rights import Odd, Right
from magistrate.impact.privilege.domains.github_actions_steps import Said, Steps, steps_of
from magistrate.impact.privilege.domains.github_actions_triggers import (
    FORK,
    ITSELF,
    MAX_CASES,
    STRANGERS,
    WRITERS,
    Start,
    asks_success,
    cases_of,
    guarded,
)
from magistrate.impact.privilege.domains.github_actions_workflows import (
    Workflow,
    artifacts_of_strangers,
    granted_by_callers,
    inputs_of,
    read_workflow,
    secrets_given,
    starts_in_all,
)
from magistrate.impact.privilege.model import (
    ANYBODY,
    Edge,
    Grants,
    Holder,
    Layer,
    Place,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
)

DOMAIN: Final = "gha"
WORKFLOW: Final = rx(r"\.github/workflows/[^/]+\.ya?ml")
_FLOOR: Final = (literals("right", rights.FLOOR),)
_BY: Final = {FORK: (WRITERS,), STRANGERS: (STRANGERS, WRITERS)}
"""Whoever may write may do what strangers may; a fork's pull request is told apart, one of the repository is not."""
RUNS_CODE: Final = "gha:runs code"
"""Holds nothing: says that there are files here which a job may run, so that states are compared as a whole."""
IDENTITY: Final = "oidc:token.actions.githubusercontent.com"
"""The holder that stands for identity tokens of jobs: roles that trust GitHub's issuer are reached from it."""
_NO_CODE: Final = rx(
    r"(?i)\.(?:md|rst|adoc|png|jpe?g|gif|svg|ico|webp|pdf|csv|woff2?|ttf|lock|sum|snap|map|po|mo|mp4|zip|gz|jar|bin)$"
)


@dataclass(slots=True)
class _Found:
    files: Mapping[str, str]
    holders: list[Holder] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    unknown: list[Unknown] = field(default_factory=list)

    def odd(self, text: str, place: Place, why: str) -> None:
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=f"{place.path}: {text}", place=place))

    def hold(self, name: str, statements: Sequence[Statement]) -> None:
        if statements:
            layer = Layer(statements=tuple(dict.fromkeys(statements)))
            self.holders.append(Holder(name=name, domain=DOMAIN, layers=(layer,)))

    def act(self, actor: str, holder: str, place: Place) -> None:
        self.edges.append(Edge(actor=actor, holder=holder, place=place))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One job with everything that is needed to say what it holds."""

    name: str
    path: str
    body: Mapping[str, Any]
    tokens: tuple[object, ...]
    """The permissions of its token: its own, or those of each job that calls its workflow."""
    starts: tuple[Start, ...]
    rights: tuple[Right, ...]
    steps: Steps
    line: int

    def at(self, line: int) -> Place:
        return Place(path=self.path, line=line or self.line)

    @property
    def power(self) -> bool:
        return any(right.power for right in self.rights)

    @property
    def reads_code(self) -> bool:
        return any(rights.reads_code(one) for one in self.tokens)


class GitHubActions:
    """Reads workflows, local actions and the files they run."""

    @property
    def domain(self) -> str:
        """`gha`."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Workflows, and every file that may be code which a workflow runs."""
        return WORKFLOW.fullmatch(path) is not None or _NO_CODE.search(path) is None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of all jobs in one state."""
        found = _Found(files)
        workflows: dict[str, Workflow] = {}
        for path in sorted(path for path in files if WORKFLOW.fullmatch(path)):
            workflow, odd = read_workflow(path, files[path])
            for why, text, place in odd:
                found.odd(text, place, why)
            if workflow is not None:
                workflows[path] = workflow
        for path, workflow in workflows.items():
            starts = starts_in_all(path, workflows)
            usual = granted_by_callers(path, workflows) or (None,)
            inputs = inputs_of(path, workflows)
            foreign = artifacts_of_strangers(workflow, workflows)
            given = secrets_given(path, workflows)
            for name, body in workflow.jobs.items():
                if isinstance(body, dict):
                    _held(_job(workflow, name, body, (starts, usual, inputs, given), found), found, foreign=foreign)
                else:
                    found.odd(f"job {name}", Place(path=path, line=line_of(name)), "a job that is no mapping")
        return Grants(
            holders=tuple(sorted(found.holders, key=lambda one: one.name)),
            edges=tuple(dict.fromkeys(found.edges)),
            live=frozenset(found.live | ({RUNS_CODE} if files else set())),
            unknown=tuple(found.unknown),
        )


def _reading(job: _Job, found: _Found) -> None:
    """Every job reads its repository unless it says otherwise.

    Nobody live reaches this holder: a new job that only reads is no gain, one that was there and is opened is.
    """
    names = ("code", rights.FLOOR) if job.reads_code else ("code",)
    where = (literals("deed", "read"), literals("right", *names))
    found.hold(f"{job.name}@reads", [Statement(where=where, place=job.at(0), says="contents: read")])


def _job(
    workflow: Workflow,
    name: str,
    body: Mapping[str, Any],
    around: tuple[tuple[Start, ...], tuple[object, ...], rights.Inputs, frozenset[str] | None],
    found: _Found,
) -> _Job:
    starts, usual, inputs, given = around
    line = line_of(name)
    permissions = body["permissions"] if "permissions" in body else workflow.body.get("permissions")
    tokens = usual if permissions is None else (permissions,)
    steps = steps_of(workflow.path, workflow.body, body, found.files)
    held: list[Right] = []
    for one in (
        *(right for token in tokens for right in rights.token_rights(token, line)),
        *rights.secret_rights({"env": workflow.body.get("env"), "job": body}, None if "environment" in body else given),
        *_handed_on(body, found.files),
        *rights.environment_rights(body),
        *rights.machine_rights(body, inputs),
        *rights.container_rights(body),
    ):
        if isinstance(one, Odd):
            found.odd(one.text, Place(path=workflow.path, line=one.line), "a permission that is not understood")
        else:
            held.append(one)
    if steps.kept is not None and any(rights.writes(token) for token in tokens):
        held.append(rights.named("token kept on disk", "the checkout keeps its token", steps.kept.line, power=False))
    for text, place in steps.odd:
        found.odd(text, place, "a step that is not understood")
    return _Job(
        name=f"gha:{workflow.path}#{name}",
        path=workflow.path,
        body=body,
        tokens=tokens,
        starts=starts,
        rights=tuple(dict.fromkeys(held)),
        steps=steps,
        line=line,
    )


def _handed_on(body: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[Right]:
    """`secrets: inherit`: all of them for a workflow elsewhere; one that is here names what it takes itself."""
    called = shown(body.get("uses", "")).removeprefix("./")
    if shown(body.get("secrets", "")) == "inherit" and called not in files:
        yield rights.inherited(line_of(body["secrets"]))


def _held(job: _Job, found: _Found, *, foreign: bool) -> None:
    ways = tuple(_ways(job))
    if not ways:
        return
    found.live.add(job.name)
    found.hold(job.name, list(_uses(job, ways)))
    if any(rights.mints(token) for token in job.tokens):
        found.act(job.name, IDENTITY, job.at(0))
    _reading(job, found)
    _code(job, found)
    _owners(job, found)
    _strangers(job, ways, found, foreign=foreign)


def _ways(job: _Job) -> Iterator[Start]:
    """Each start under each alternative of the job's conditions; by itself it runs wherever it runs at all."""
    needed = [shown(one) for one in listed(job.body.get("needs"))] if asks_success(job.body.get("if")) else []
    more = (*(literals(f"needs {one}", "succeeded") for one in needed), *rights.waits_for(job.body))
    for start in (*job.starts, Start(who=ITSELF, event="")):
        for case in cases_of(job.body.get("if")):
            under = guarded(start, case)
            if under is not None:
                yield Start(who=under.who, event=under.event, where=(*under.where, *more), line=under.line)


def _uses(job: _Job, ways: Sequence[Start]) -> Iterator[Statement]:
    """Each right under each condition, with everybody who may use it under that."""
    by: dict[tuple[Where, ...], dict[str, None]] = {}
    for way in ways:
        by.setdefault(way.where, {}).update(dict.fromkeys(_BY.get(way.who, (way.who,))))
    for right in job.rights:
        if right.where == _FLOOR:
            continue
        for conditions, who in by.items():
            where = (literals("deed", "use"), *right.where, literals("by", *sorted(who)), *conditions)
            yield Statement(where=where, place=job.at(right.line), says=right.says)


def _code(job: _Job, found: _Found) -> None:
    if not job.power:
        return
    pieces = dict(job.steps.pieces)
    for name, seal in closure(job.steps.commands, found.files, job.steps.files).items():
        path = name.partition("#")[0]
        pieces[f"{name}@{seal}"] = (f"{name} runs in {job.name}", Place(path=path))
    if pieces:
        holder = code_holder(job.name, pieces)
        found.holders.append(holder)
        found.act(job.name, holder.name, job.at(0))


def _owners(job: _Job, found: _Found) -> None:
    """Whoever may change code that is not pinned does in the job what the job may."""
    inside = f"{job.name}@steps"
    for owner, place in sorted(job.steps.owners.items()):
        found.live.add(owner)
        found.act(owner, inside, place)
    if job.steps.owners:
        found.act(inside, job.name, job.at(0))
        where = (literals("deed", "run"), literals("right", "code", *((rights.FLOOR,) if job.reads_code else ())))
        place = min(job.steps.owners.values(), key=lambda one: (one.path, one.line))
        found.hold(inside, [Statement(where=where, place=place, says="code that its owner may change runs in a job")])


def _strangers(job: _Job, ways: Sequence[Start], found: _Found, *, foreign: bool) -> None:
    statements: list[Statement] = []
    of_this = literals("job", job.name)
    base = [way for way in ways if way.who == STRANGERS]
    for way in base:
        where = (literals("deed", "start"), of_this, *way.where)
        statements.append(Statement(where=where, place=job.at(way.line), says=f"anybody starts it by {way.event}"))
    steered = _steered(job, base, ways, foreign=foreign)
    for way, says, place in steered:
        where = (literals("deed", "steer"), of_this, *way.where)
        statements.append(Statement(where=where, place=place, says=says))
    if any(way.who == FORK for way in ways):
        statements += _from_forks(job)
    name = f"{job.name}@{ANYBODY}"
    found.hold(name, statements)
    if statements:
        found.live.add(ANYBODY)
        found.act(ANYBODY, name, job.at(0))
    if steered:
        found.act(ANYBODY, job.name, steered[0][2])


def _steered(
    job: _Job, base: Sequence[Start], ways: Sequence[Start], *, foreign: bool
) -> list[tuple[Start, str, Place]]:
    steps, made = job.steps, list[tuple[Start, str, Place]]()
    for way in base:
        made += _each(way, steps.fetched, "it checks out what strangers sent ({})")
        made += _each(way, steps.injected, "strangers' text becomes part of a script ({})")
        if foreign and way.event == "workflow_run":
            made += _each(way, steps.artifacts, "it takes artifacts of a run that strangers start")
    pushed = {said: at for said, at in steps.injected.items() if ".commits" in said[0] or ".head_commit" in said[0]}
    for way in ways:
        if way.event == "push":
            made += _each(way, pushed, "text of merged commits becomes part of a script ({})")
    return made


def _each(way: Start, found: Mapping[Said, Place], words: str) -> Iterator[tuple[Start, str, Place]]:
    """Each thing that steps do, under the start of the job and under what stands before the step.

    Where that gives too many cases, all that stands before the step counts as one condition, as it is written.
    """
    for (said, conditions), place in found.items():
        under: list[Start] = [way]
        for condition in conditions:
            cases = cases_of(Text.of(condition, line=place.line))
            under = [one for start in under for case in cases if (one := guarded(start, case)) is not None]
            if len(under) > MAX_CASES:
                under = [replace(way, where=(*way.where, literals(f"if {' && '.join(conditions)}", "holds")))]
                break
        for one in under:
            yield one, words.format(said), place


def _from_forks(job: _Job) -> Iterator[Statement]:
    """A pull request from a fork runs its own code, with a token that reads, on the machine of the job."""
    for right in job.rights:
        names = [atom for where in right.where if where.dimension == "right" for atom in where.among]
        begins = {"".join(token for token in getattr(name, "tokens", ()) if len(token) == 1) for name in names}
        reads = all(one.startswith("token:") and one.endswith(":read") for one in begins) and rights.FLOOR not in begins
        if reads or any(one.startswith(("runner:", "container:")) for one in begins):
            where = (literals("deed", "run from a fork"), *right.where)
            yield Statement(where=where, place=job.at(right.line), says=f"{right.says}, for pull requests from forks")


READER: Final[Reader] = GitHubActions()
