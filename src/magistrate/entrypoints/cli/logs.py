"""`magistrate logs [PROCESS]`: what the processes said."""

from __future__ import annotations

import time

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame
from magistrate.entrypoints.cli.screen import visible
from magistrate.errors import NotFound
from magistrate.settings import PROCESSES, Settings


@click.command()
@click.argument("process", type=click.Choice([*PROCESSES, "up"]), required=False)
@click.option(
    "-n", "--lines", type=click.IntRange(1), default=20, show_default=True, help="How many of the last lines."
)
@click.option("-f", "--follow", is_flag=True, help="Go on as more is written.")
@home_option
@pass_frame
def logs(frame: Frame, *, process: str | None, lines: int, follow: bool) -> None:
    """Print the last lines of one process, or of all."""
    settings = frame.settings()
    names = [process] if process else [*PROCESSES, "up"]
    places = {name: _print(settings, name, lines, alone=process is not None) for name in names}
    if all(place is None for place in places.values()):
        raise NotFound("MAG-E606", "no process has written anything yet", hint="magistrate up --detach")
    while follow:
        for name, place in places.items():
            path = settings.run / f"{name}.log"
            if path.exists() and path.stat().st_size > (place or 0):
                with path.open("rb") as file:
                    file.seek(place or 0)
                    new = file.read()
                places[name] = (place or 0) + len(new)
                for line in new.decode("utf-8", "replace").splitlines():
                    click.echo(f"{name:<9} {visible(line)}")
        time.sleep(0.5)


def _print(settings: Settings, name: str, lines: int, *, alone: bool) -> int | None:
    path = settings.run / f"{name}.log"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except PermissionError:
        click.echo(f"{name:<9} cannot be read by you: run this with sudo", err=True)
        return 0
    for line in content.decode("utf-8", "replace").splitlines()[-lines:]:
        click.echo(visible(line) if alone else f"{name:<9} {visible(line)}")
    return len(content)
