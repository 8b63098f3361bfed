"""What the viewer of the demo sees: acts, lines, verdicts, one table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from magistrate.environment import shown_plain

_PIPED_WIDTH: Final = 120


class Stage:
    """Prints the play. Everything from outside is escaped; colour obeys NO_COLOR."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _PIPED_WIDTH
        self._console = Console(highlight=False, no_color=shown_plain(), width=width)
        self._began = time.monotonic()
        self._act = 0

    def open(self, title: str, words: str) -> None:
        """The first words."""
        self._console.print(Panel(f"[bold]{escape(title)}[/]\n{escape(words)}", expand=False, padding=(1, 3)))

    def act(self, title: str) -> None:
        """A new act."""
        self._act += 1
        seconds = int(time.monotonic() - self._began)
        self._console.print(f"\n[bold cyan]{self._act}. {escape(title)}[/]  [dim]{seconds} s[/]")

    def say(self, who: str, words: str) -> None:
        """Somebody does something."""
        self._console.print(f"  [bold]{escape(who):<10}[/] {escape(words)}")

    def good(self, words: str) -> None:
        """Something held."""
        self._console.print(f"             [green]ok[/]  {escape(words)}")

    def stopped(self, words: str) -> None:
        """Something was refused, which is the point."""
        self._console.print(f"             [yellow]no[/]  {escape(words)}")

    def quote(self, text: str, *, limit: int = 14) -> None:
        """Text of a change or a story, indented."""
        lines = text.rstrip("\n").split("\n")
        for line in lines[:limit]:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            shown = escape(line)
            text = f"[{colour}]{shown}[/]" if colour else shown
            self._console.print(f"             [dim]|[/] {text}", no_wrap=True, overflow="ellipsis")
        if len(lines) > limit:
            self._console.print(f"             [dim]| … {len(lines) - limit} more lines[/]")

    @contextmanager
    def waiting(self, words: str) -> Iterator[None]:
        """Something takes more than a second."""
        if sys.stdout.isatty():
            with self._console.status(f"[dim]{escape(words)}[/]"):
                yield
        else:
            self._console.print(f"  [dim]… {escape(words)}[/]")
            yield

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table."""
        table = Table(title=title, title_justify="left", title_style="bold", show_lines=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(escape, row))
        self._console.print()
        self._console.print(table)

    def close(self, lines: Sequence[str]) -> None:
        """The last words."""
        self._console.print()
        for line in lines:
            self._console.print(f"  {escape(line)}")

    def ask(self, question: str) -> bool:
        """Ask the viewer, in `--interactive`."""
        answer = self._console.input(f"  [bold]You[/]        {escape(question)} \\[y/N] ")
        return answer.strip().lower() in {"y", "yes"}
