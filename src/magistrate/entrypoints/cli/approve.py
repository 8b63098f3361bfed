"""`magistrate approve ID`: rebuild a change on this machine, read it, and sign it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from magistrate.authority.quorum import REVIEWING, self_reviewing
from magistrate.domain.rotation import SecretUse
from magistrate.domain.stages import FOLLOW
from magistrate.domain.tags import TAGS
from magistrate.entrypoints.cli.cases import CASES, Opened, fetch_bundle, find_case, needs, open_case, verify_waits
from magistrate.entrypoints.cli.diff import show_diff
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.proofs import behaviour_lines, chain_lines, lasting_lines, power_lines, secret_lines
from magistrate.entrypoints.cli.rebuild import Rebuilt, rebuild
from magistrate.entrypoints.cli.screen import short, show_pairs, styled, visible
from magistrate.errors import Refused
from magistrate.wire.approval import APPROVAL_SECONDS, Approval
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Decision
from magistrate.wire.effect import ChangeEntitlement, Deploy, GitEffect, Release, RotateSecret, commit_seen


@click.command()
@click.argument("id_", metavar="ID")
@click.option(
    "--clone",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Your own clone to rebuild from (else the folder you are in, else a pack).",
)
@click.option("--yes", is_flag=True, help="Do not ask; you read it before, or a script you trust did.")
@home_option
@person_options
@pass_frame
def approve(frame: Frame, *, id_: str, clone: Path | None, yes: bool) -> None:
    """Rebuild tree, diff and assessment here, show them, and sign with your SSH key.

    Nothing is signed when anything differs from what control says.
    """
    settings, client = frame.settings(), frame.client()
    name = find_case(client, id_)
    verify_waits(client, name)
    opened = open_case(fetch_bundle(client, name), name, settings)
    person = opened.roster.person(client.caller.name)
    if not REVIEWING & set(person.roles):
        raise Refused("MAG-E122", f"`{person.person}` holds no reviewing role")
    own = self_reviewing(person.person, opened.proposal.body, opened.session, opened.roster)
    rebuilt = rebuild(opened, client, clone)
    show_case(opened, rebuilt, own=own)
    if not yes:
        _ask(short(name), person.person)
    effect = opened.effect
    approval = Approval(
        person=person.person, proposal=name, decision=opened.decision_digest,
        assessment_verdict=opened.assessment.verdict_sha256, policy=opened.policy.digest, roster=opened.roster.digest,
        action=opened.proposal.body.action, environment=effect.environment, repository=effect.repository,
        ref=effect.ref, base=commit_seen(effect), result_tree=effect.result_tree, displayed_sha256=digest(opened.diff),
        rebuilt=True, self_reviewed=own,
    )  # fmt: skip
    envelope = seal(approval, "apr", [client.caller], deployment=settings.deployment, lifetime=APPROVAL_SECONDS)
    answer: dict[str, Any] = client.post(f"{CASES}/{name}/approvals", {"envelope": envelope})
    click.echo(f"approved {short(name)} as {person.person}: now {answer['state']}" + _still(answer))


def _ask(name: str, person: str) -> None:
    if not sys.stdin.isatty():
        raise Refused("MAG-E604", "nobody is there to answer", hint="run it on a terminal, or add --yes")
    if not click.confirm(f"Sign approval of {name} as {person}?", default=False, err=True):
        raise Refused(
            "MAG-E604", "you said no; nothing was signed", hint=f"magistrate reject {name} --reason TEXT ends it"
        )


def _still(answer: dict[str, Any]) -> str:
    open_ones = [o for o in answer.get("obligations") or [] if o["have"] < o["count"]]
    return f" (still needs: {needs({'obligations': open_ones})})" if open_ones else ""


def show_case(opened: Opened, rebuilt: Rebuilt, *, own: bool) -> None:
    """Everything a person must see before signing; text of the agent is marked as such."""
    effect, proposal, decision = opened.effect, opened.proposal.body, opened.decision.body
    click.echo(styled("What the agent says (untrusted)", bold=True))
    show_pairs({"prompt": opened.bundle.prompt.splitlines(), "rationale": opened.bundle.rationale.splitlines()})
    click.echo(styled("\nThe change", bold=True) + f" (rebuilt here from {rebuilt.source})")
    if not opened.diff:
        click.echo("  no file differs, or too much does")
    hidden = show_diff(opened.diff)
    click.echo(styled("What it is", bold=True) + " (recomputed here)")
    for file in rebuilt.verdict.files:
        proof = file.proof
        click.echo(f"  {visible(file.path)}: {file.change_class}, {proof.status} by {proof.rule}: {visible(proof.why)}")
    for item in (*rebuilt.verdict.sensitivities, *rebuilt.verdict.denials):
        where = f"{visible(item.path)}:{item.line}" if item.line else visible(item.path)
        click.echo(styled(f"  sensitive: {item.kind} at {where}: {visible(item.why)}", fg="yellow"))
    for line in behaviour_lines([to_builtins(one) for one in rebuilt.verdict.behaviour]):
        click.echo(line)
    for line in lasting_lines([to_builtins(one) for one in rebuilt.verdict.no_way_back]):
        click.echo(styled(line, fg="red"))
    for line in secret_lines([to_builtins(one) for one in rebuilt.verdict.secrets]):
        click.echo(styled(line, fg="yellow"))
    for line in power_lines([to_builtins(one) for one in rebuilt.verdict.privilege]):
        click.echo(styled(line, fg="yellow"))
    _show_needs(decision)
    click.echo(styled("What happens", bold=True))
    show_pairs(
        {
            "case": opened.proposal_digest, "agent": f"{proposal.agent}, owned by {proposal.owner}",
            **_what(effect),
            **({} if rebuilt.uses is None else _uses(rebuilt.uses)),
            "not seen": list(proposal.context_gaps) or "nothing was left out",
        }
    )  # fmt: skip
    if hidden:
        click.echo(styled("  This diff holds hidden characters.", fg="red", bold=True))
    if own:
        click.echo(styled("  You review your own agent's change: recorded as self-reviewed.", fg="yellow"))


def _what(effect: GitEffect) -> dict[str, str]:
    """Where an effect leads, and the way back from there."""
    if isinstance(effect, Release):
        since = effect.previous.removeprefix(TAGS) or "nothing: there is no release before it"
        return {
            "releases": f"{effect.repository} {effect.ref.removeprefix(TAGS)} in `{effect.environment}`",
            "from, to": f"since {since}, to commit {effect.commit[:12]}, tree {effect.result_tree[:12]}",
            "way back": "none: whoever fetched the tag has it, and it is never moved",
        }
    if isinstance(effect, Deploy):
        return {
            "deploys to": f"{effect.stage} of {effect.repository} in `{effect.environment}`, run by {_runner(effect)}",
            "from, to": f"what runs at {effect.old[:12]}, to commit {effect.commit[:12]}, artifact {effect.artifact_digest[:19]}",
            "way back": f"tree {effect.base_tree[:12]} is deployed again, by itself when verification fails",
        }
    if isinstance(effect, RotateSecret):
        return {
            "rotates": f"`{effect.secret_id}` of `{effect.store}` in `{effect.environment}`",
            "for": f"whom {effect.document} of {effect.repository} names at {effect.commit[:12]}",
            "way back": "none: the old value is ended in every system and probed dead; what fails on the way halts for people",
        }
    if isinstance(effect, ChangeEntitlement):
        return {
            "entitles": f"`{effect.system}` in `{effect.environment}` gets what {effect.document} of {effect.repository} gives away, and nothing else",
            "from, to": f"what {effect.ref} records at {effect.old[:12]}, to commit {effect.commit[:12]}; {effect.before_digest[:19]} to {effect.after_digest[:19]}",
            "way back": "the entitlements of before are given again, by itself when verification fails",
        }
    return {
        "lands on": f"{effect.repository} {effect.ref} in `{effect.environment}`",
        "from, to": f"commit {effect.old[:12]}, tree {effect.result_tree[:12]}",
        "way back": f"one more commit that restores tree {effect.base_tree[:12]}, by itself when verification fails",
    }


def _runner(effect: Deploy) -> str:
    return f"whatever watches {effect.ref}" if effect.command_id == FOLLOW else f"the target `{effect.command_id}`"


def _uses(uses: SecretUse) -> dict[str, str]:
    """Whom a rotation concerns, by name."""
    return {"opens": ", ".join(uses.opens), "told": ", ".join(uses.consumers)}


def _show_needs(decision: Decision) -> None:
    """Who must agree, with what else it was counted, and why."""
    if decision.chain is not None:
        click.echo(styled("With what else", bold=True) + " (control says; magistrate diff ID shows each)")
        for line in chain_lines(to_builtins(decision.chain)):
            click.echo(styled(line, fg="yellow"))
    click.echo(styled("What it needs", bold=True) + f": {decision.strictness}")
    for obligation in decision.obligations:
        click.echo(f"  {obligation.count} of {obligation.role or 'any reviewing role'} ({obligation.rule})")
    for reason in decision.reasons:
        click.echo(f"  because {visible(reason.why)} ({reason.rule})")
