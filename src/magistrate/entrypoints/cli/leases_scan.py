"""`magistrate leases --scan`: with no action running, is there anything left to write with?"""

from __future__ import annotations

import time

import click

from magistrate.bootstrap.standing import Scan, scan
from magistrate.entrypoints.cli.frame import Frame
from magistrate.entrypoints.cli.people import own_roster
from magistrate.entrypoints.cli.screen import show_list, show_value, styled, visible


def show_scan(frame: Frame, output: str) -> int:
    """Search and tell; 1 when something usable stands, 4 when something could not be looked at, else 0."""
    settings = frame.settings()
    made = scan(settings, own_roster(settings), int(time.time()))
    search = made.search
    rows = [
        {"state": state, "where": where, "what": what}
        for state, found in (
            ("USABLE", search.usable), ("ORPHAN", [(lease, "nothing justifies this lease") for lease in made.orphans]),
            ("not searched", search.unsearched), ("a person's", search.reachable), ("dead", search.dead),
        )
        for where, what in found
    ]  # fmt: skip
    status = _status(made)
    if output in {"json", "yaml"}:
        show_value(output, {"status": status, "found": rows, "searched": dict(sorted(search.counts.items()))})
        return status
    if rows:
        show_list(output, rows, ("state", "where", "what"), empty="")
    searched = ", ".join(f"{count:,} {what}" for what, count in sorted(search.counts.items()))
    words, colour = {
        0: ("nothing usable stands", "green"), 1: ("a usable credential stands", "red"),
        4: ("not everything could be looked at; run it as root, with every system up", "yellow"),
    }[status]  # fmt: skip
    click.echo(styled(visible(words), fg=colour, bold=True) + f": searched {searched}", err=True)
    return status


def _status(made: Scan) -> int:
    if made.search.usable or made.orphans:
        return 1
    return 4 if made.search.unsearched else 0
