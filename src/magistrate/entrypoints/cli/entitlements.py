"""`magistrate entitlements SYSTEM`: what a system gives away now, in the form of the document that a stage names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame
from magistrate.entrypoints.cli.screen import show_value, visible

if TYPE_CHECKING:
    from magistrate.domain.entitlements import Entitlement

_SHOWN = 3


@click.command()
@click.argument("system")
@click.option(
    "-o", "--output", type=click.Choice(["document", "json", "yaml"]), default="document", show_default=True,
    help="Form of the answer; the document is what a repository keeps.",
)  # fmt: skip
@home_option
@pass_frame
def entitlements(frame: Frame, *, system: str, output: str) -> int:
    """Print who may do what in SYSTEM, as its server says now: the document to begin with, for people to look at.

    SYSTEM is named in magistrate.toml. It is asked by its issuing role, which reads the catalogs and no table. What
    others than the group of the leases gave is printed too, and told on the standard error: no change can take it.
    """
    from magistrate.bootstrap.executor_systems import given_now
    from magistrate.domain.entitlements import text_of

    place, given = given_now(frame.settings(), system)
    if output != "document":
        show_value(output, [asdict(one) | {"given_by": sorted(given[one])} for one in sorted(given)])
    else:
        click.echo(f"-- what the system {system} gives away, as read from it by `magistrate entitlements`")
        click.echo(text_of(given.keys()), nl=False)
    _tell_of_others(given, place.group)
    return 0


def _tell_of_others(given: Mapping[Entitlement, Collection[str]], group: str) -> None:
    from magistrate.domain.entitlements import text_of

    kept = [one for one in sorted(given) if set(given[one]) != {group}]
    for one in kept[:_SHOWN]:
        by = ", ".join(f"`{who}`" for who in sorted(given[one]))
        click.echo(visible(f"note: given by {by}: {text_of({one}).strip()}"), err=True)
    if kept:
        click.echo(
            visible(
                f"note: {len(kept)} of {len(given)} were not given by `{group}`, so no change can take them:"
                " docs/entitlements.md says how they become its own"
            ),
            err=True,
        )
