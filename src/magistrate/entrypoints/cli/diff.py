"""`magistrate diff ID`: the change itself, recomputed from the trees, with nothing hidden in it."""

from __future__ import annotations

import sys

import click

from magistrate.context.visible import make_visible
from magistrate.entrypoints.cli.cases import fetch_bundle, find_case, opened_diff
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.screen import styled


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--raw", is_flag=True, help="The exact bytes, for a file or `git apply`; never on a terminal.")
@home_option
@person_options
@pass_frame
def diff(frame: Frame, *, id_: str, raw: bool) -> None:
    """Show the diff of a case; hidden characters are written out as <U+XXXX>."""
    client = frame.client()
    name = find_case(client, id_)
    found = opened_diff(fetch_bundle(client, name), name, frame.settings())
    if raw:
        if sys.stdout.isatty():
            raise click.UsageError("--raw may hold control characters and is not written to a terminal; pipe it")
        sys.stdout.buffer.write(found)
        return
    show_diff(found)


def show_diff(diff: bytes) -> int:
    """Print a diff with hidden characters written out; returns how many there were."""
    hidden = 0
    for line in diff.decode("utf-8", "backslashreplace").split("\n"):
        shown = make_visible(line)
        hidden += shown.hidden
        click.echo(_coloured(shown.text))
    if hidden:
        click.echo(styled(f"{hidden} hidden characters are written out above as <U+XXXX>", fg="red", bold=True))
    return hidden


def _coloured(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return styled(line, bold=True)
    if line.startswith("@@"):
        return styled(line, fg="cyan")
    if line.startswith("+"):
        return styled(line, fg="green")
    return styled(line, fg="red") if line.startswith("-") else line
