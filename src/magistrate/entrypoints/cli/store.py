"""`magistrate store migrate`: bring the store to this version."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame


@click.group()
def store() -> None:
    """Look after the store."""


@store.command(name="migrate")
@home_option
@pass_frame
def migrate_(frame: Frame) -> None:
    """Migrate forward, never back; stop everything first. A newer store is refused."""
    from magistrate.adapters.stores.engine import migrate, open_engine, schema_version
    from magistrate.bootstrap.supervisor import read_note
    from magistrate.errors import Refused

    settings = frame.settings()
    if read_note(settings) is not None:
        raise Refused("MAG-E608", "everything is up; the store is in use", hint="magistrate up --stop")
    engine = open_engine(settings.store)
    try:
        migrate(engine)
        with engine.connect() as connection:
            version = schema_version(connection)
    finally:
        engine.dispose()
    click.echo(f"store: version {version}")
