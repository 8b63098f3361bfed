"""The workflows of a repository, and what starts each: its own events, workflows that call it, runs it follows."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import UnreadableError, listed, mapping, only_document, shown
from magistrate.impact.privilege.domains.github_actions_rights import spread
from magistrate.impact.privilege.domains.github_actions_triggers import (
    FORK,
    STRANGERS,
    WRITERS,
    Start,
    cases_of,
    guarded,
    starts_of,
)
from magistrate.impact.privilege.model import Place, literals

MAX_CALLS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow that can be read; `names` are those by which `workflow_run` may follow it."""

    path: str
    body: Mapping[str, Any]
    starts: tuple[Start, ...]
    names: frozenset[str]

    @property
    def jobs(self) -> dict[str, Any]:
        """Its jobs by name."""
        return mapping(self.body.get("jobs"))

    @property
    def forked(self) -> bool:
        """Whether strangers can make it run, with whatever rights."""
        return any(start.who in {FORK, STRANGERS} for start in self.starts)

    @property
    def uploads(self) -> bool:
        """Whether a run of it leaves artifacts."""
        return "upload-artifact" in shown(self.body) or "uploadArtifact" in shown(self.body)


def _called(path: str, workflows: Mapping[str, Workflow], seen: frozenset[str]) -> Iterator[Start]:
    """The starts that the workflows which call this one bring along, under the conditions of the calling jobs."""
    if len(seen) > MAX_CALLS:
        return
    for caller in workflows.values():
        for job in caller.jobs.values():
            if not isinstance(job, dict) or posixpath.normpath(shown(job.get("uses", "-")).partition("@")[0]) != path:
                continue
            outer = _called(caller.path, workflows, seen | {caller.path}) if caller.path not in seen else ()
            for start in (*caller.starts, *outer):
                yield from _under(start, job)


def granted_by_callers(path: str, workflows: Mapping[str, Workflow]) -> tuple[object, ...]:
    """The permissions of each job that calls this workflow: what its jobs hold where they say nothing themselves."""
    return tuple(
        job["permissions"] if "permissions" in job else caller.body.get("permissions")
        for caller in workflows.values()
        for job in caller.jobs.values()
        if isinstance(job, dict) and posixpath.normpath(shown(job.get("uses", "-")).partition("@")[0]) == path
    )


def secrets_given(path: str, workflows: Mapping[str, Workflow]) -> frozenset[str] | None:
    """The names of the secrets that callers here hand to a workflow that only they start; None where it may have any.

    Where nothing here calls it, callers elsewhere hand on what they like.
    """
    workflow = workflows[path]
    calls = [job for _, job in _calling(path, workflows)]
    if not calls or any(start.event != "workflow_call" for start in workflow.starts):
        return None
    if any(shown(job.get("secrets", "")) == "inherit" for job in calls):
        return None
    return frozenset(str(name).upper() for job in calls for name in mapping(job.get("secrets")))


def inputs_of(path: str, workflows: Mapping[str, Workflow], depth: int = 0) -> dict[str, list[object]]:
    """What the inputs of a workflow may be, where that is written: options of a choice, and what each caller here gives.

    A caller in another repository runs it with that one's rights and machines.
    """
    on = mapping(workflows[path].body.get("on"))
    started, called = (
        mapping(mapping(on.get(event)).get("inputs")) for event in ("workflow_dispatch", "workflow_call")
    )
    callers = _calling(path, workflows) if called and depth < MAX_CALLS else []
    found: dict[str, list[object]] = {}
    for name in {*started, *called}:
        values: list[object] | None = []
        if name in started:
            asked = mapping(started[name])
            values = listed(asked.get("options")) if shown(asked.get("type", "")) == "choice" else None
        for caller, job in callers if name in called else ():
            given = mapping(job.get("with")).get(name, mapping(called[name]).get("default"))
            each = spread(given, job, inputs_of(caller, workflows, depth + 1))
            values = (
                None if values is None or any(one is None or "${{" in shown(one) for one in each) else values + each
            )
        if values:
            found[str(name).lower()] = values
    return found


def _calling(path: str, workflows: Mapping[str, Workflow]) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (caller.path, job)
        for caller in workflows.values()
        for job in caller.jobs.values()
        if isinstance(job, dict) and posixpath.normpath(shown(job.get("uses", "-")).partition("@")[0]) == path
    ]


def _under(start: Start, job: Mapping[str, Any]) -> Iterator[Start]:
    for case in cases_of(job.get("if")):
        under = guarded(start, case)
        if under is not None:
            yield under


def _run_after(workflow: Workflow, starts: Sequence[Start], workflows: Mapping[str, Workflow]) -> tuple[Start, ...]:
    """`workflow_run` follows other workflows: strangers start it where they start one of those, or it is not here.

    That nobody sees the one it follows is a condition of its own: when a workflow of that name comes, it starts.
    """
    made: list[Start] = []
    for start in starts:
        upstream = _upstream(workflow, workflows) if start.event == "workflow_run" else None
        if upstream is not None and any(one is None for one in upstream):
            elsewhere = literals("follows", "a workflow that is not here")
            made.append(Start(who=start.who, event=start.event, where=(*start.where, elsewhere), line=start.line))
        elif upstream is not None and all(one is not None and not one.forked for one in upstream):
            made.append(Start(who=WRITERS, event=start.event, where=start.where, line=start.line))
        else:
            made.append(start)
    return tuple(dict.fromkeys(made))


def _upstream(workflow: Workflow, workflows: Mapping[str, Workflow]) -> list[Workflow | None]:
    on = mapping(workflow.body.get("on"))
    named = [shown(one) for one in listed(mapping(on.get("workflow_run")).get("workflows"))]
    found = [next((one for one in workflows.values() if name in one.names), None) for name in named]
    return found or [None]


def artifacts_of_strangers(workflow: Workflow, workflows: Mapping[str, Workflow]) -> bool:
    """Whether a run that this workflow follows may be a stranger's and leave artifacts."""
    if all(start.event != "workflow_run" for start in workflow.starts):
        return False
    return any(one is None or (one.forked and one.uploads) for one in _upstream(workflow, workflows))


def starts_in_all(path: str, workflows: Mapping[str, Workflow]) -> tuple[Start, ...]:
    """Everything that starts a workflow: its own events and those of the workflows that call it."""
    workflow = workflows[path]
    starts = (*workflow.starts, *_called(path, workflows, frozenset({path})))
    return _run_after(workflow, starts, workflows)


@lru_cache(maxsize=256)
def read_workflow(path: str, text: str) -> tuple[Workflow | None, tuple[tuple[str, str, Place], ...]]:
    """A workflow, and what of it is not understood: the reason, what stands there, and the place."""
    try:
        body = only_document(text)
    except UnreadableError as error:
        why = f"a workflow that cannot be read: {error}"
        return None, ((why, " ".join(text.split()), Place(path=path)),)
    if not isinstance(body, dict) or not isinstance(body.get("jobs"), dict):
        return None, (("a workflow without jobs", shown(body), Place(path=path)),) if body else ()
    found = starts_of(body.get("on"))
    odd = tuple(
        ("an event or filter that is not understood", text, Place(path=path, line=line)) for text, line in found.odd
    )
    names = frozenset({shown(body.get("name", path)), path, posixpath.basename(path)})
    return Workflow(path=path, body=body, starts=found.starts, names=names), odd
