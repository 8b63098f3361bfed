"""`magistrate environment add|list`: where changes land."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame
from magistrate.entrypoints.cli.policy_files import NAME, append_source, read_source
from magistrate.entrypoints.cli.screen import show_list
from magistrate.errors import Usage


@click.group()
def environment() -> None:
    """Add and list environments."""


@environment.command()
@click.argument("name")
@click.option("--production", is_flag=True, help="A change here always needs a person, and walls of users.")
@home_option
@pass_frame
def add(frame: Frame, *, name: str, production: bool) -> None:
    """Write an environment into policy.toml; it counts with the next signed policy version."""
    settings = frame.settings()
    if NAME.match(name) is None:
        raise Usage("MAG-E601", f"`{name[:60]}` is no name", hint="lower-case letters, digits, dots, dashes")
    append_source(settings.policies, "environment", {"name": name, "production": production})
    click.echo(
        f"environment `{name}`{' (production)' if production else ''} written to {settings.policies / 'policy.toml'}"
    )
    click.echo("  it counts once a repository uses it: magistrate repository add PATH --environment " + name)


@environment.command(name="list")
@output_option
@home_option
@pass_frame
def list_(frame: Frame, *, output: str) -> None:
    """List environments and the repositories that go there."""
    source = read_source(frame.settings().policies)
    rows = [
        {
            "environment": e.name, "production": e.production,
            "repositories": [r.name for r in source.repository if r.environment == e.name],
        }
        for e in source.environment
    ]  # fmt: skip
    show_list(
        output,
        rows,
        ("environment", "production", "repositories"),
        empty="no environment; `magistrate environment add NAME`",
    )
