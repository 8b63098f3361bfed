"""`magistrate mcp`: the assistant's door on stdio."""

from __future__ import annotations

import click


@click.command()
def mcp() -> None:
    """Serve MCP on stdin and stdout for one assistant in one session.

    MAGISTRATE_FRONT is the address of front, MAGISTRATE_SESSION_FILE the file that
    `magistrate session open` printed the path of. Reading and drafting only.
    """
    from magistrate.entrypoints.mcp.server import main

    main()
