"""`magistrate session open|list|close`: one agent's bounded piece of work on one finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from magistrate.adapters.keys.process import write_new
from magistrate.entrypoints.cli.frame import (
    Frame,
    home_option,
    output_option,
    pass_frame,
    person_options,
    reason_option,
)
from magistrate.entrypoints.cli.screen import short, show_list, show_value
from magistrate.errors import NotFound
from magistrate.settings import Settings


@click.group()
def session() -> None:
    """Open, list and close the sessions of agents."""


@session.command(name="open")
@click.option("--agent", required=True, metavar="NAME", help="A registered agent.")
@click.option("--finding", required=True, metavar="ID", help="The finding to work on; says the repository too.")
@click.option("--minutes", type=click.IntRange(1, 60), default=60, show_default=True, help="How long it lasts.")
@click.option("--print-token", is_flag=True, help="Print the token as well; anybody who sees it is the agent.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", help="Form of the answer."
)
@reason_option
@home_option
@person_options
@pass_frame
def open_(  # noqa: PLR0913  the options of the command
    frame: Frame, *, agent: str, finding: str, minutes: int, reason: str, print_token: bool, output: str
) -> None:
    """Open a session and write its token into a file that only you can read."""
    settings = frame.settings()
    answer = open_session(frame, settings, agent=agent, finding=finding, minutes=minutes, reason=reason)
    shown = {key: value for key, value in answer.items() if key != "token"}
    if print_token:
        shown["token"] = answer["token"]
    if output != "table":
        show_value(output, shown)
        return
    click.echo(f"session  {answer['id']} until {answer['expires']}")
    click.echo(f"file     {answer['file']}")
    if print_token:
        click.echo(f"token    {answer['token']}")
    click.echo("\nThe assistant's MCP settings:")
    click.echo("  command  magistrate mcp")
    click.echo(f"  env      MAGISTRATE_FRONT={answer['front_url']} MAGISTRATE_SESSION_FILE={answer['file']}")


def open_session(frame: Frame, settings: Settings, **wish: object) -> dict[str, Any]:  # the fields of the request
    """Open a session; the answer with `id` and `file` (0600) that holds the token."""
    answer: dict[str, Any] = frame.client().post("/api/v1/people/sessions", wish)
    answer["id"] = answer["session"]
    folder = settings.home / "sessions"
    if not folder.is_dir() or not _writable(folder):
        folder = Path.home() / ".config" / "magistrate" / "sessions"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{answer['id']}.token"
    write_new(file, f"{answer['token']}\n".encode())
    answer["file"] = str(file)
    return answer


def _writable(folder: Path) -> bool:
    import os

    return os.access(folder, os.W_OK)


@session.command(name="list")
@output_option
@home_option
@person_options
@pass_frame
def list_(frame: Frame, *, output: str) -> None:
    """List sessions, newest first."""
    rows = frame.client().get("/api/v1/people/sessions")["sessions"]
    for row in rows:
        row["id"] = row["session"]
        row["short"] = short(str(row["session"]))
        row["state"] = "open" if row["open"] else "over"
    show_list(
        output, rows, ("short", "agent", "finding", "repository", "state", "expires"), wide=("id", "opened", "bytes left"),
        empty="no session yet; `magistrate session open --agent NAME --finding ID --reason TEXT`",
    )  # fmt: skip


@session.command()
@click.argument("id_", metavar="ID")
@home_option
@person_options
@pass_frame
def close(frame: Frame, *, id_: str) -> None:
    """Close a session at once; a prefix of its id is enough."""
    client = frame.client()
    known = [str(row["session"]) for row in client.get("/api/v1/people/sessions")["sessions"]]
    found = [name for name in known if name.startswith(id_)]
    if len(found) != 1:
        raise NotFound("MAG-E606", f"`{id_[:60]}` names {len(found)} sessions", hint="magistrate session list -o wide")
    client.post(f"/api/v1/people/sessions/{found[0]}/close", {})
    click.echo(f"session {found[0]} closed")
