"""`magistrate demo`: the whole product at work on a small repository, in about a minute."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from magistrate.errors import Usage


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Build it in DIR and leave it there.")
@click.option("--interactive", is_flag=True, help="Decide yourself instead of the three fake people.")
def demo(*, keep: Path | None, interactive: bool) -> None:
    """See it all: findings, drafts, proofs, people, one credential for one push, a rollback, the log."""
    from magistrate.entrypoints.cli.demo.stage import Stage
    from magistrate.entrypoints.cli.demo.story import Story
    from magistrate.entrypoints.cli.demo.town import Town, free_port

    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise Usage("MAG-E593", f"`{keep}` is there already and not empty", hint="name a new folder")
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="magistrate-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(folder, free_port())
    try:
        Story(town, Stage(), interactive=interactive).play()
    finally:
        town.run("up", "--stop", check=False)
        town.stop()
        if keep is None:
            town.remove()
    if keep is not None:
        click.echo(f"\n  Everything is in {folder}: `magistrate --home {town.home} status`, `audit verify`, `show`.")
