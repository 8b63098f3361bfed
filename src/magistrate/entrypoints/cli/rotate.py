"""`magistrate rotate --executor`: another key for the executor, by the signatures that every roster needs."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options


@click.command()
@click.option("--executor", is_flag=True, help="The key by which the executor of this home signs.")
@click.option(
    "--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Somebody else who signs at the same time."
)
@click.option(
    "--wait", type=click.IntRange(0), default=120, show_default=True, metavar="SECONDS",
    help="How long the executor may take to finish what it does.",
)  # fmt: skip
@click.option(
    "--leave-unsent",
    is_flag=True,
    help="Do not wait until control has heard everything; the journal keeps what it has not.",
)
@home_option
@person_options
@pass_frame
def rotate(frame: Frame, *, executor: bool, others: tuple[str, ...], wait: int, leave_unsent: bool) -> int:
    """Replace the executor's key; the former is refused everywhere afterwards, and erased.

    Runs where the executor runs, as whoever may read its key. Makes the new key, signs the roster that names it, and once
    enough have signed has the executor finish what it does and hand over. Run it again to go on after any interruption.
    Every open case becomes stale, as with each change of the roster.
    """
    if not executor:
        raise click.UsageError("say what is to be replaced: --executor")
    from magistrate.bootstrap.key_rotation import begun, hand_over, next_roster
    from magistrate.entrypoints.cli.next_roster import missing, parked, signed_by, verify_waiting
    from magistrate.entrypoints.cli.people import load_chain, own_roster, signers_at_hand

    settings, trusted = frame.settings(), own_roster(frame.settings())
    chain = load_chain(settings)
    if not begun(settings, trusted):
        waiting = parked(settings)
        body = next_roster(settings, trusted)
        if waiting is None or verify_waiting(settings, trusted, waiting) != body:
            waiting = None
        if waiting is None or missing(trusted, waiting):
            callers = [frame.caller(), *(s for s in signers_at_hand(others, trusted) if s.name != frame.caller().name)]
            waiting = signed_by(settings, trusted, body, waiting, callers)
        lacking = missing(trusted, waiting)
        if lacking:
            _say_waiting(lacking)
            return 0
        chain = (*chain, waiting)
    done = hand_over(settings, chain, wait=wait, leave_unsent=leave_unsent)
    click.echo(f"roster   version {done.version} names the executor's key {done.key}")
    click.echo(f"former   {done.former or 'was erased before'}")
    for probe in done.probes:
        word = "not asked" if probe.refused is None else "refused" if probe.refused else "ACCEPTED"
        click.echo(f"  {word:<9} by {probe.door}: {probe.seen}")
    _say_vouched(frame, done.former, done.key)
    if any(probe.refused is False for probe in done.probes):
        return 1
    return 4 if any(probe.refused is None for probe in done.probes) else 0


def _say_waiting(lacking: int) -> None:
    click.echo(f"the roster with the new key waits for {lacking} more signature(s); the present key works until then")
    click.echo("  each runs: magistrate roster sign --as NAME --key FILE")
    click.echo("  then here: magistrate rotate --executor")


def _say_vouched(frame: Frame, former: str, key: str) -> None:
    """Where policy has an issuer vouch for the former key by name, it must say the new one now."""
    from magistrate.authority.policy import trust_policy
    from magistrate.entrypoints.cli.papers import read_bundle
    from magistrate.entrypoints.cli.people import own_roster

    settings = frame.settings()
    policy = trust_policy(read_bundle(settings.policy_path), own_roster(settings))
    for proof in policy.body.workloads:
        if former in {one.executor for one in proof.executors}:
            click.echo(
                f"next     in `{proof.environment}` policy has {proof.issuer} vouch for the former key, so nothing executes there:"
                f" write {key} into policy.toml, then magistrate policy publish"
            )
