"""`magistrate remediate FINDING|--all`: let a built-in drafter propose fixes, or the release or deployment of what has landed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from magistrate.adapters.drafters.ruff import draft_fixes
from magistrate.domain.tags import Step
from magistrate.entrypoints.cli.agent_side import AgentSide
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import now, seal
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.screen import short, visible
from magistrate.entrypoints.cli.session import open_session
from magistrate.errors import MagistrateError, NotFound, Refused
from magistrate.settings import Settings
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import digest_of
from magistrate.wire.times import rfc3339

_REVIEW_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One file to draft for, named by its first finding."""

    finding: str
    path: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A release or a deployment that is proposed for a finding, as whom and why."""

    release: str | None
    deploy: str | None
    finding: str
    agent: str
    reason: str

    def without_patch(self, *, every: bool) -> bool:
        """Whether it is one of the two (raises click.UsageError where it is both, or for more than one finding)."""
        if self.release is not None and self.deploy is not None:
            raise click.UsageError("a release and a deployment are two proposals")
        if self.release is None and self.deploy is None:
            return False
        if every:
            raise click.UsageError("a release or a deployment is proposed for one FINDING")
        return True

    def asked(self) -> dict[str, str]:
        """What of it an agent says."""
        if self.release:
            return {
                "release": self.release, "rationale": f"The next {self.release} release: {self.reason}.",
                "prompt": f"release what has landed, {self.release}",
            }  # fmt: skip
        return {
            "deploy": self.deploy or "", "rationale": f"Bring what has landed to {self.deploy}: {self.reason}.",
            "prompt": f"bring what has landed to {self.deploy}",
        }  # fmt: skip


@click.command()
@click.argument("finding", required=False)
@click.option("--all", "every", is_flag=True, help="Every file with a finding of the drafter's tool.")
@click.option(
    "--drafter", type=click.Choice(["ruff"]), default="ruff", show_default=True, help="Which drafter; it has no model."
)
@click.option(
    "--agent", metavar="NAME", default="ruff-drafter", show_default=True, help="The registered agent it works as."
)
@click.option("--repository", metavar="NAME", help="With --all: of one repository only.")
@click.option(
    "--release", type=click.Choice([step.value for step in Step]),
    help="Propose no fix but the next release of the repository of FINDING, in a step of this size.",
)  # fmt: skip
@click.option(
    "--deploy", metavar="STAGE",
    help="Propose no fix but that what has landed is brought to this stage: to run there, or as its system's entitlements.",
)  # fmt: skip
@click.option(
    "--reason", metavar="TEXT", default="fix what the scanner found", show_default=True, help="Why; kept in the log."
)
@home_option
@person_options
@pass_frame
def remediate(  # noqa: PLR0913  the options of the command
    frame: Frame, *, finding: str | None, every: bool, drafter: str, agent: str, repository: str | None,
    release: str | None, deploy: str | None, reason: str,
) -> int:  # fmt: skip
    """Draft a fix for FINDING, or one per file with --all; each becomes a proposal in the queue.

    The drafter works as an agent: one session, through front, reading and drafting only.
    """
    if (finding is None) is not every:
        raise click.UsageError("name one FINDING, or say --all")
    settings, client = frame.settings(), frame.client()
    wanted = _Wanted(release=release, deploy=deploy, finding=finding or "", agent=agent, reason=reason)
    if wanted.without_patch(every=every):
        return _without_patch(frame, settings, client, wanted)
    tasks = _tasks(client, finding, drafter, repository)
    if not tasks:
        click.echo(f"nothing to draft: no finding of {drafter}", err=not sys.stdout.isatty())
        return 0
    _verify_registered(frame, settings, client, agent)
    proposed, worst, unfixed = 0, 0, 0
    for task in tasks:
        try:
            answer = _draft(frame, settings, client, task, agent=agent, reason=reason)
        except MagistrateError as error:
            worst = max(worst, error.exit_status)
            if every and "no safe fix" in error.message:
                unfixed += 1
            else:
                click.echo(f"{visible(task.path)}: {error.message}", err=True)
            continue
        proposed += 1
        click.echo(
            f"{visible(task.path)}: proposal {short(answer['proposal'])} ({answer['state']}) for {', '.join(task.rules)}"
        )
    if unfixed:
        click.echo(
            f"{unfixed} other files: {drafter} has no safe fix there; a person or another agent has to", err=True
        )
    if proposed:
        click.echo(f"{proposed} proposed; next: magistrate queue", err=not sys.stdout.isatty())
        return 0
    return worst


def _without_patch(frame: Frame, settings: Settings, client: Client, wanted: _Wanted) -> int:
    """Propose the next release, or a deployment, of the repository that a finding is about."""
    finding = str(_named(client, wanted.finding)["id"])
    _verify_registered(frame, settings, client, wanted.agent)
    opened = open_session(frame, settings, agent=wanted.agent, finding=finding, reason=wanted.reason, minutes=10)
    asked = wanted.asked()
    try:
        side = AgentSide(opened["front_url"], opened["token"])
        answer = side.call("submit_proposal", finding=finding, **asked)
    finally:
        client.post(f"/api/v1/people/sessions/{opened['id']}/close", {})
        Path(opened["file"]).unlink(missing_ok=True)
    click.echo(
        f"{'release' if wanted.release else f'to {wanted.deploy}'}: proposal {short(answer['proposal'])} ({answer['state']})"
    )
    click.echo("next: magistrate queue", err=not sys.stdout.isatty())
    return 0


def _named(client: Client, typed: str) -> dict[str, Any]:
    """The one finding that a prefix names (raises NotFound MAG-E606)."""
    rows = client.pages("/api/v1/people/findings", "findings", limit=0)
    chosen = [row for row in rows if str(row["id"]).startswith(typed)]
    if len(chosen) != 1:
        raise NotFound("MAG-E606", f"`{typed[:60]}` names {len(chosen)} findings", hint="magistrate findings")
    return chosen[0]


def _tasks(client: Client, finding: str | None, drafter: str, repository: str | None) -> list[Task]:
    if finding is not None:
        chosen = _named(client, finding)
        if drafter not in str(chosen["tool"]).lower():
            raise Refused("MAG-E610", f"the finding comes from `{chosen['tool']}`, which {drafter} cannot fix")
        return [Task(finding=chosen["id"], path=chosen["path"], rules=(chosen["rule"],))]
    rows = client.pages("/api/v1/people/findings", "findings", limit=0, repository=repository)
    by_path: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if drafter in str(row["tool"]).lower():
            by_path.setdefault((row["repository"], row["path"]), []).append(row)
    return [
        Task(finding=group[0]["id"], path=path, rules=tuple(sorted({row["rule"] for row in group})))
        for (_, path), group in sorted(by_path.items())
    ]


def _verify_registered(frame: Frame, settings: Settings, client: Client, agent: str) -> None:
    """The drafter is an agent like any other; in solo it is registered on first use, and that is said."""
    names = tuple(sorted(r.name for r in read_source(settings.policies).repository))
    listed = client.get("/api/v1/people/agents")["agents"]
    known = [row for row in listed if row["agent"] == agent and row["state"] == AgentState.ACTIVE]
    if known:
        return
    if not own_roster(settings).solo:
        raise Refused(
            "MAG-E610",
            f"no active agent `{agent}` is registered",
            hint=f"magistrate agents register {agent} --model ruff",
        )
    caller = frame.caller()
    manifest = AgentManifest(
        agent=agent, owner=caller.name, purpose="safe fixes without a model", model="ruff", model_version="as installed",
        tools_digest=digest_of(["read_file", "submit_proposal"]), repositories=names, sensitivity="source code",
        criticality="low", state=AgentState.ACTIVE, review_by=rfc3339(now() + _REVIEW_SECONDS),
    )  # fmt: skip
    envelope = seal(manifest, "agm", [caller], deployment=settings.deployment, audience=AgentManifest.AUDIENCE)
    client.post("/api/v1/people/agents", {"envelope": envelope})
    click.echo(f"registered the agent `{agent}`, owned by {caller.name}", err=True)


def _draft(  # noqa: PLR0913  what is drafted, as whom, and why
    frame: Frame, settings: Settings, client: Client, task: Task, *, agent: str, reason: str
) -> dict[str, Any]:
    opened = open_session(frame, settings, agent=agent, finding=task.finding, reason=reason, minutes=10)
    try:
        side = AgentSide(opened["front_url"], opened["token"])
        patch = draft_fixes(task.path, side.read)
        return side.call(
            "submit_proposal", patch=patch, finding=task.finding,
            rationale=f"Safe fixes of ruff in {task.path}, where it found {', '.join(task.rules)}.",
            prompt=f"ruff check --fix-only {task.path}",
        )  # fmt: skip
    finally:
        client.post(f"/api/v1/people/sessions/{opened['id']}/close", {})
        Path(opened["file"]).unlink(missing_ok=True)
