"""`magistrate policy check|lint|explain|publish|sign`: the policy and its reasons."""

from __future__ import annotations

import click

from magistrate.authority.windows import in_words, open_windows
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import now
from magistrate.entrypoints.cli.policy_files import bundle_of
from magistrate.entrypoints.cli.proofs import proof_lines, prover_rows, provers_option
from magistrate.entrypoints.cli.screen import show_list, visible
from magistrate.errors import Usage
from magistrate.wire.policy_bundle import PolicyBundle


@click.group()
def policy() -> None:
    """Check, explain and publish the policy."""


@policy.command()
@home_option
@pass_frame
def check(frame: Frame) -> None:
    """Read the sources, compile them, and put every class of change to them; changes nothing."""
    from magistrate.policy.bundle import compile_bundle
    from magistrate.policy.selftest import verify_vectors

    settings = frame.settings()
    body = bundle_of(settings.policies, version=1, previous=None)
    verify_vectors(compile_bundle(body), body)
    click.echo(
        f"{settings.policies}: {len(body.policies)} Cedar files, {len(body.repositories)} repositories, {len(body.commands)} commands"
        + (f", {len(body.windows)} freeze window{'s' if len(body.windows) > 1 else ''}" if body.windows else "")
    )
    for window in open_windows(body.windows, now()):
        click.echo(f"now: {visible(in_words(window))}")
    click.echo(
        "every class of change was put to it, and none was answered more leniently than the floor of the vectors"
    )


@policy.command()
@home_option
@pass_frame
def lint(frame: Frame) -> int:
    """Say what in the Cedar files would not do what it seems to."""
    from magistrate.policy.bundle import compile_bundle
    from magistrate.policy.lint import lint as complaints_of

    complaints = complaints_of(compile_bundle(bundle_of(frame.settings().policies, version=1, previous=None)))
    for complaint in complaints:
        click.echo(complaint)
    if not complaints:
        click.echo("nothing to complain about")
    return 1 if complaints else 0


@policy.command()
@click.argument("id_", metavar="ID")
@provers_option
@output_option
@home_option
@person_options
@pass_frame
def explain(frame: Frame, *, id_: str, output: str, every: bool) -> None:
    """Say which rule asked for what in one case, what would relax it, and what the provers said."""
    import msgspec

    from magistrate.entrypoints.cli.cases import fetch_bundle, find_case, open_case

    client = frame.client()
    name = find_case(client, id_)
    opened = open_case(fetch_bundle(client, name), name, frame.settings())
    decision, files = opened.decision.body, msgspec.to_builtins(opened.assessment.verdict.files)
    if output == "table":
        click.echo(f"strictness {decision.strictness}")
        for obligation in decision.obligations:
            click.echo(
                f"asks for   {obligation.count} of {obligation.role or 'any reviewing role'} ({obligation.rule})"
            )
        for reason in decision.reasons:
            click.echo(
                f"because    {visible(reason.why)}\n           rule {reason.rule} ({reason.source}); relaxed by: {visible(reason.relax)}"
            )
        click.echo("provers")
        for line in proof_lines(files, every=every):
            click.echo(line)
        return
    rows = [*map(msgspec.to_builtins, decision.reasons), *prover_rows(files)]
    show_list(output, rows, ("rule", "source", "why"), wide=("relax",), empty="no reason was given")


@policy.command()
@click.option(
    "--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Another policy owner who signs at the same time."
)
@home_option
@person_options
@pass_frame
def publish(frame: Frame, *, others: tuple[str, ...]) -> None:
    """Sign what policies/default says now as the next version; open cases become stale."""
    from magistrate.entrypoints.cli.papers import publish_policy
    from magistrate.entrypoints.cli.people import own_roster, signers_at_hand
    from magistrate.policy.bundle import compile_bundle
    from magistrate.policy.selftest import verify_vectors

    settings = frame.settings()
    body = bundle_of(settings.policies, version=1, previous=None)
    verify_vectors(compile_bundle(body), body)
    roster = own_roster(settings)
    signers = [frame.caller(), *(s for s in signers_at_hand(others, roster) if s.name != frame.caller().name)]
    bundle, missing = publish_policy(settings, roster, signers)
    _say(bundle, missing)


@policy.command()
@home_option
@person_options
@pass_frame
def sign(frame: Frame) -> None:
    """Add your signature to the version that waits."""
    from magistrate.entrypoints.cli.papers import NEXT_POLICY, add_signature, read_bundle, settle_policy
    from magistrate.entrypoints.cli.people import own_roster
    from magistrate.wire.document import open_envelope

    settings = frame.settings()
    waiting = settings.home / NEXT_POLICY
    path = waiting if waiting.exists() else settings.policy_path
    envelope = read_bundle(path)
    bundle = open_envelope(envelope, PolicyBundle, deployment=settings.deployment).body
    active = open_envelope(read_bundle(settings.policy_path), PolicyBundle, deployment=settings.deployment)
    if path == waiting and bundle.previous != active.digest():
        raise Usage("MAG-E609", f"version {bundle.version} does not follow the active one", hint="publish it again")
    joined = add_signature(envelope, PolicyBundle, frame.caller(), deployment=settings.deployment)
    _say(bundle, settle_policy(settings, own_roster(settings), joined))


def _say(bundle: PolicyBundle, missing: int) -> None:
    if missing:
        click.echo(
            f"policy version {bundle.version} waits for {missing} more policy owner(s): magistrate policy sign --as NAME"
        )
    else:
        click.echo(f"policy version {bundle.version} is signed and active")
