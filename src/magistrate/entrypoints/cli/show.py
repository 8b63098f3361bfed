"""`magistrate show ID`: the whole story of one change."""

from __future__ import annotations

from typing import Any

import click

from magistrate.domain.stages import STAGES
from magistrate.domain.tags import TAGS
from magistrate.entrypoints.cli.cases import CASES, find_case, needs
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.proofs import (
    behaviour_lines,
    chain_lines,
    lasting_lines,
    power_lines,
    proof_lines,
    provers_option,
    secret_lines,
)
from magistrate.entrypoints.cli.screen import short, show_pairs, show_value, styled, visible


@click.command()
@click.argument("id_", metavar="ID")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", help="Form of the answer."
)
@provers_option
@home_option
@person_options
@pass_frame
def show(frame: Frame, *, id_: str, output: str, every: bool) -> None:
    """Tell prompt, patch, proof, decision, reviewers, credential, action and outcome of one case."""
    client = frame.client()
    name = find_case(client, id_)
    story: dict[str, Any] = client.get(f"{CASES}/{name}")
    if output != "table":
        show_value(output, story)
        return
    case = story["case"]
    click.echo(styled(f"{short(name)}  {visible(str(case.get('title', '')))}", bold=True))
    for lacking in story["missing"]:
        click.echo(styled(f"missing from the record: {visible(str(lacking))}", fg="red", bold=True))
    show_pairs(
        {
            "state": f"{case['state']}" + (f" ({needs(case)})" if needs(case) else ""),
            "why": case.get("why") or "no reason recorded yet",
            **{key.replace("_", " "): case[key] for key in ("supersedes", "superseded_by") if case.get(key)},
            "agent": f"{case.get('agent', '')}, owned by {case.get('owner', '')}",
            **_place(case),
            "class": f"{_words(case.get('class'))}; strictness {case.get('strictness') or 'not decided'}",
            "opened": f"{case.get('opened', '')}, expires {case.get('expires', '')}",
            "digest": name,
        }
    )  # fmt: skip
    for key in ("prompt", "rationale"):
        text = story["texts"].get(key)
        if text:
            click.echo(styled(f"\n{key} (by the agent, untrusted)", bold=True))
            click.echo("\n".join("  " + visible(line) for line in str(text).splitlines()[:40]))
    if story.get("finding_secrets"):
        click.echo(styled("\nFinding", bold=True))
        for line in secret_lines(story["finding_secrets"]):
            click.echo(styled(line, fg="yellow"))
    _show_proof(story["documents"], every=every)
    _show_decision(story["documents"])
    click.echo(styled("\nWhat happened", bold=True))
    for event in story["events"]:
        show_event(event)
    click.echo(
        f"\nmagistrate diff {short(name)} shows the change; audit prove {short(name)} proves its record", err=True
    )


def _show_proof(documents: dict[str, Any], *, every: bool) -> None:
    """What the newest assessment proved or saw."""
    for told in documents.get("assessment", [])[-1:]:
        verdict = told["document"]["body"]["verdict"]
        click.echo(styled("\nProof", bold=True))
        for line in proof_lines(verdict["files"], every=every):
            click.echo(line)
        for item in (*verdict["sensitivities"], *verdict.get("mentions", ()), *verdict["denials"]):
            click.echo(
                styled(
                    f"  sensitive: {item['kind']} at {visible(item['path'])}:{item['line']}: {visible(item['why'])}",
                    fg="yellow",
                )
            )
        for line in power_lines(verdict["privilege"]):
            click.echo(styled(line, fg="yellow"))
        for line in behaviour_lines(verdict.get("behaviour", ())):
            click.echo(line)
        for line in lasting_lines(verdict.get("no_way_back", ())):
            click.echo(styled(line, fg="red"))
        for line in secret_lines(verdict.get("secrets", ())):
            click.echo(styled(line, fg="yellow"))


def _show_decision(documents: dict[str, Any]) -> None:
    """With what else the newest decision counted it, and its reasons."""
    for told in documents.get("decision", [])[-1:]:
        click.echo(styled("\nDecision", bold=True))
        for line in chain_lines(told["document"]["body"].get("chain")):
            click.echo(styled(line, fg="yellow"))
        for reason in told["document"]["body"]["reasons"]:
            click.echo(f"  {visible(reason['why'])} ({reason['rule']})")


def show_event(event: dict[str, Any]) -> None:
    """One entry of the log: number, time, name, and its facts in one line."""
    facts = event.get("facts") or {}
    told = "  ".join(f"{key}={_fact(value)}" for key, value in facts.items() if value not in ("", None))
    click.echo(f"  {event['seq']:>5}  {event['at']}  {styled(str(event['event']).ljust(20), fg='cyan')}  {told}")


def _fact(value: object) -> str:
    text = visible(str(value))
    return short(text) if text.startswith("sha256:") and " " not in text else text[:200]


def _place(case: dict[str, Any]) -> dict[str, str]:
    """Where it lands or runs, or what it releases."""
    ref, place = visible(str(case.get("ref", ""))), f"in `{case['environment']}`"
    if ref.startswith(TAGS):
        return {"releases": f"{case['repository']} {ref.removeprefix(TAGS)} {place}"}
    if ref.startswith(STAGES):
        return {"brought to": f"{ref.removeprefix(STAGES)} of {case['repository']} {place}"}
    return {"lands on": f"{case['repository']} {ref.removeprefix('refs/heads/')} {place}"}


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "not assessed")
