"""`magistrate agents register|list`: agents as governed assets, each with an owner."""

from __future__ import annotations

import click

from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import now, seal
from magistrate.entrypoints.cli.people import own_roster, signers_at_hand
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.screen import show_list
from magistrate.errors import Usage
from magistrate.wire.agent_api import TOOLS
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import digest_of
from magistrate.wire.times import rfc3339

_DAY = 86_400


@click.group()
def agents() -> None:
    """Register and list agents."""


@agents.command()
@click.argument("name")
@click.option("--owner", metavar="NAME", help="The person who answers for it (else you).")
@click.option(
    "--purpose", default="draft fixes for findings", show_default=True, metavar="TEXT", help="What it is for."
)
@click.option("--model", default="unknown", show_default=True, metavar="NAME", help="The model or program behind it.")
@click.option("--model-version", default="unknown", show_default=True, metavar="TEXT", help="Its version.")
@click.option(
    "--repository", "repositories", multiple=True, metavar="NAME", help="What it may read (else everything known now)."
)
@click.option(
    "--review-days", type=click.IntRange(1, 365), default=90, show_default=True, help="When it must be looked at again."
)
@click.option(
    "--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Owner or operator who signs at the same time."
)
@home_option
@person_options
@pass_frame
def register(  # noqa: PLR0913  the options of the command
    frame: Frame, *, name: str, owner: str | None, purpose: str, model: str, model_version: str,
    repositories: tuple[str, ...], review_days: int, others: tuple[str, ...],
) -> None:  # fmt: skip
    """Sign a manifest for the agent NAME; it counts once its owner and an operator signed."""
    settings, caller = frame.settings(), frame.caller()
    chosen = repositories or tuple(r.name for r in read_source(settings.policies).repository)
    if not chosen:
        raise Usage("MAG-E601", "the agent may read nothing yet", hint="magistrate repository add PATH comes first")
    manifest = AgentManifest(
        agent=name, owner=owner or caller.name, purpose=purpose, model=model, model_version=model_version,
        tools_digest=digest_of(sorted(TOOLS)), repositories=tuple(sorted(chosen)), sensitivity="source code",
        criticality="low", state=AgentState.ACTIVE, review_by=rfc3339(now() + review_days * _DAY),
    )  # fmt: skip
    roster = own_roster(settings)
    roster.person(manifest.owner)
    signers = [caller, *(s for s in signers_at_hand(others, roster) if s.name != caller.name)]
    envelope = seal(manifest, "agm", signers, deployment=settings.deployment, audience=AgentManifest.AUDIENCE)
    frame.client().post("/api/v1/people/agents", {"envelope": envelope})
    names = {signer.name for signer in signers}
    operated = any(Role.OPERATOR in roster.person(signer).roles for signer in names)
    click.echo(
        f"agent {name}: owner {manifest.owner}, reads {', '.join(manifest.repositories)}, review by {manifest.review_by}"
    )
    if manifest.owner not in names or not operated:
        missing = "its owner" if manifest.owner not in names else "an operator"
        click.echo(f"  pending: {missing} still signs, with `magistrate agents sign {name}`")


@agents.command()
@click.argument("name")
@home_option
@person_options
@pass_frame
def sign(frame: Frame, *, name: str) -> None:
    """Add your signature to a pending manifest, as its owner or as an operator."""
    from magistrate.entrypoints.cli.papers import add_signature
    from magistrate.errors import NotFound
    from magistrate.wire.envelope import decode_envelope

    settings, client = frame.settings(), frame.client()
    for row in client.get("/api/v1/people/agents")["agents"]:
        if row["agent"] == name and row.get("envelope"):
            import msgspec

            parked = decode_envelope(msgspec.json.encode(row["envelope"], order="sorted"))
            joined = add_signature(parked, AgentManifest, frame.caller(), deployment=settings.deployment)
            answer = client.post("/api/v1/people/agents", {"envelope": joined})
            click.echo(f"agent {name}: {answer.get('state', 'signed')}")
            return
    raise NotFound("MAG-E606", f"no agent `{name[:60]}` waits for a signature", hint="magistrate agents list")


@agents.command(name="list")
@output_option
@home_option
@person_options
@pass_frame
def list_(frame: Frame, *, output: str) -> None:
    """List agents and who answers for them."""
    rows = frame.client().get("/api/v1/people/agents")["agents"]
    show_list(
        output, rows, ("agent", "owner", "state", "model"), wide=("repositories", "purpose", "review by", "manifest"),
        empty="no agent yet; `magistrate agents register NAME` adds one",
    )  # fmt: skip
