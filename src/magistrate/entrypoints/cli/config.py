"""`magistrate config check`: read the settings and say what they mean."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame
from magistrate.entrypoints.cli.screen import show_pairs


@click.group()
def config() -> None:
    """Check the settings."""


@config.command()
@home_option
@pass_frame
def check(frame: Frame) -> None:
    """Read magistrate.toml and policy.toml; an unknown key is an error that names its line."""
    from magistrate.adapters.stores.engine import engine_name
    from magistrate.bootstrap.executor_journal import journal_name
    from magistrate.bootstrap.executor_systems import places_of
    from magistrate.bootstrap.executor_targets import target_places
    from magistrate.entrypoints.cli.policy_files import read_source

    settings = frame.settings()
    source = read_source(settings.policies)
    show_pairs(
        {
            "home": settings.home, "deployment": f"{settings.deployment} ({settings.mode})",
            "front": settings.front_url, "control": settings.control_url, "gate": settings.gate_url,
            "witness": settings.witness_url, "store": engine_name(settings.store), "journal": journal_name(settings), "walls": settings.walls_users, "you": settings.person or "say --as NAME",
            "repositories": [r.name for r in source.repository], "commands": [c.name for c in source.command],
            "systems": list(places_of(settings)), "targets": list(target_places(settings)),
        }
    )  # fmt: skip
