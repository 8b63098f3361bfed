"""Write docs/reference/ from the program itself: commands from `--help`, errors from `CODES`.

`--check` writes nothing and exits 1 when a page is not what the program says.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from magistrate.errors import CODES

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
PROGRAM = "magistrate.entrypoints.cli.main"
WIDTH = 100
HEADER = "<!-- written by `make docs` from the program; do not edit -->\n\n"
EXIT_STATUSES = """| exit | meaning |
|---|---|
| 0 | answered |
| 1 | refused by a rule (for `assess`: at or above `--fail-on`) |
| 2 | the request itself is wrong |
| 3 | the thing named does not exist |
| 4 | could not judge, reach or record: never a yes |
"""


def errors_page() -> str:
    """Every stable code with its meaning."""
    rows = "".join(f"| `{code}` | {title} |\n" for code, title in sorted(CODES.items()))
    return f"# Errors\n\n{HEADER}{EXIT_STATUSES}\n| code | meaning |\n|---|---|\n{rows}"


def commands_page() -> str:
    """The help of the program and of each of its commands."""
    program = _program()
    parts = [f"# Commands\n\n{HEADER}{EXIT_STATUSES}"]
    for path, text in _helps(program, "magistrate", None):
        parts.append(f"## {path}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def _program() -> click.Group:
    module = importlib.import_module(PROGRAM)
    return next(value for value in vars(module).values() if isinstance(value, click.Group))


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    lines = command.get_help(context).splitlines()
    yield context.command_path, "\n".join(line.rstrip() for line in lines)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from _helps(found, inner, context)


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    found = {REFERENCE / "errors.md": errors_page()}
    if (ROOT / "src" / PROGRAM.replace(".", "/")).with_suffix(".py").exists():
        found[REFERENCE / "cli.md"] = commands_page()
    return found


def main(arguments: list[str]) -> int:
    """Write or check the pages."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the program says: run `make docs`")
        return 1 if stale else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(pages()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
