"""`magistrate repository add|list`: bring a repository under the gate."""

from __future__ import annotations

import re
from pathlib import Path

import click

from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.clone import add_remote, inspect_clone, make_mirror, remove_mirror
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import publish_policy, say_policy
from magistrate.entrypoints.cli.people import own_roster, signers_at_hand
from magistrate.entrypoints.cli.policy_files import NAME, append_source, forget_source, read_source
from magistrate.entrypoints.cli.screen import show_list, visible
from magistrate.errors import Refused, Unavailable, Usage
from magistrate.settings import Settings
from magistrate.wire.drill import SCRATCH_PREFIX


@click.group()
def repository() -> None:
    """Add and list the repositories that the gate owns."""


@repository.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="Its name here (else the folder's).")
@click.option("--ref", "branch", metavar="BRANCH", help="The branch that changes land on (else the one checked out).")
@click.option(
    "--environment", metavar="NAME", help="Where the branch goes (else `staging`; `production` with --production)."
)
@click.option("--production", is_flag=True, help="Shorthand for --environment production.")
@click.option(
    "--check", "checks", multiple=True, metavar="COMMAND", help="A command of policy.toml to run before every change."
)
@click.option(
    "--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Another policy owner who signs at the same time."
)
@home_option
@person_options
@pass_frame
def add(  # noqa: PLR0913  the options of the command
    frame: Frame, *, path: Path, name: str | None, branch: str | None, environment: str | None, production: bool,
    checks: tuple[str, ...], others: tuple[str, ...],
) -> None:  # fmt: skip
    """Mirror a clone at PATH into the gate, and write it into a new signed policy version."""
    settings = frame.settings()
    roster = own_roster(settings)
    caller = frame.caller()
    if Role.POLICY_OWNER not in roster.person(caller.name).roles:
        raise Refused("MAG-E122", f"`{caller.name}` is no policy owner, and a repository is part of policy")
    signers = [caller, *(s for s in signers_at_hand(others, roster) if s.name != caller.name)]
    place = environment or ("production" if production else "staging")
    source = read_source(settings.policies)
    _verify_place(source.environment_named(place).production, place, asked=production)
    clone = inspect_clone(path.expanduser().absolute(), branch)
    chosen = name or _name_of(clone.top)
    _verify_free(chosen, [r.name for r in source.repository], settings, given=name is not None)
    mirror = make_mirror(clone, settings.repositories, chosen)
    try:
        written = {"name": chosen, "ref": clone.ref, "environment": place, "checks": list(checks)}
        append_source(settings.policies, "repository", written)
        bundle, missing = publish_policy(settings, roster, signers)
    except BaseException:
        remove_mirror(mirror)
        forget_source(settings.policies, "repository", chosen)
        raise
    click.echo(
        f"{chosen}: {clone.ref} at {clone.commit[:12]} goes to `{place}`" + (" (production)" if production else "")
    )
    click.echo(f"  mirror   {mirror}")
    try:
        click.echo("  clone    " + add_remote(clone, mirror, f"{settings.gate_url}/{chosen}.git"))
    except Unavailable as error:
        click.echo(f"  clone    not given a remote: {error.message}", err=True)
    for note in clone.notes:
        click.echo(f"  note     {visible(note)}")
    say_policy(settings, bundle.version, missing)
    click.echo(
        "\nOnly the gate's repository is guarded. A push to another place, like your usual origin, or a change made"
    )
    click.echo("by hand in the gate's folder is noticed and makes open cases stale; it is not stopped.")


def _verify_place(is_production: bool, name: str, *, asked: bool) -> None:  # noqa: FBT001  read off the environment
    if asked and not is_production:
        raise Usage(
            "MAG-E609", f"the environment `{name}` is not marked as production",
            hint=f"magistrate environment add {name} --production, or leave --production out",
        )  # fmt: skip


def _verify_free(name: str, known: list[str], settings: Settings, *, given: bool) -> None:
    if NAME.match(name) is None or name.startswith(SCRATCH_PREFIX):
        hint = "lower-case letters, digits, dots, dashes" + ("" if given else "; choose one with --name")
        raise Usage("MAG-E601", f"`{name[:60]}` cannot be the name of a repository", hint=hint)
    if name in known or (settings.repositories / f"{name}.git").exists():
        raise Usage("MAG-E600", f"a repository `{name}` was added before", hint="choose another with --name")


def _name_of(top: Path) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", top.name.removesuffix(".git").lower()).strip("-._") or "repository"


@repository.command(name="list")
@output_option
@home_option
@pass_frame
def list_(frame: Frame, *, output: str) -> None:
    """List what policy names, and whether the gate holds it."""
    settings = frame.settings()
    source = read_source(settings.policies)
    places = {e.name: e.production for e in source.environment}
    rows = [
        {
            "repository": r.name, "ref": r.ref.removeprefix("refs/heads/"), "environment": r.environment,
            "production": places[r.environment], "checks": list(r.checks),
            "verified_live": [v.url for v in r.verification],
            "at_the_gate": (settings.repositories / f"{r.name}.git").is_dir(),
        }
        for r in source.repository
    ]  # fmt: skip
    columns = ("repository", "ref", "environment", "production", "checks", "at the gate")
    show_list(
        output,
        rows,
        columns,
        wide=("verified live",),
        empty="no repository yet; `magistrate repository add PATH` adds one",
    )
