"""`magistrate front|control|gate|executor|witness`: one process, in the foreground."""

from __future__ import annotations

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame


@click.command()
@home_option
@pass_frame
def front(frame: Frame) -> None:
    """Run the agents' door."""
    from magistrate.entrypoints.front.server import main

    main(frame.settings().home)


@click.command()
@home_option
@pass_frame
def control(frame: Frame) -> None:
    """Run the people's door and the worker."""
    from magistrate.entrypoints.control.server import main

    main(frame.settings().home)


@click.command()
@home_option
@pass_frame
def gate(frame: Frame) -> None:
    """Run the keeper of the repositories."""
    from magistrate.bootstrap.gate import main

    main(frame.settings().home)


@click.command()
@home_option
@pass_frame
def executor(frame: Frame) -> None:
    """Run the hands: they act on a warrant only."""
    from magistrate.bootstrap.executor import main

    if status := main(frame.settings().home):
        raise click.exceptions.Exit(status)


@click.command()
@home_option
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False), help="A witness.toml of its own, on another machine."
)
@pass_frame
def witness(frame: Frame, *, config: str | None) -> None:
    """Run the witness: it cosigns consistent checkpoints and nothing else."""
    from pathlib import Path

    from magistrate.entrypoints.witness.server import main

    main(Path(config) if config else frame.settings().home)
