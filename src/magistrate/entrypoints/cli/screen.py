"""Answers on the screen: tables that pipe as tab-separated lines, JSON, YAML, safe text.

Rule kept: text from outside (names, titles, diffs) never reaches a terminal with control,
bidirectional or invisible characters in it; they are shown as `<U+202E>`.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from magistrate.environment import shown_plain

Row = Mapping[str, Any]
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_ODD: Final = frozenset("\u115f\u1160\u3164\uffa0\u00a0\u2800\u034f")
"""Letters and spaces that show as nothing, though their category does not say so."""


def visible(text: str, *, keep: str = "") -> str:
    """The text with every hidden character written out as `<U+XXXX>`, except those kept."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c) if c not in keep else c for c in text)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _HIDDEN or character in _ODD or "\ufe00" <= character <= "\ufe0f" or ord(character) > 0xE0000:  # noqa: PLR2004  variation selectors and tags
        return f"<U+{ord(character):04X}>"
    return character


def short(digest: str) -> str:
    """The twelve hex digits by which people name a case; other ids shortened alike."""
    if digest.startswith("sha256:"):
        return digest[7:19]
    return digest if len(digest) <= 16 else digest[:12]  # noqa: PLR2004  `ses-` and eight


def plain() -> bool:
    """Whether to leave colour out."""
    return shown_plain() or not sys.stdout.isatty()


def styled(text: str, **style: Any) -> str:  # noqa: ANN401  click's own names
    """Coloured text on a terminal, plain text elsewhere."""
    return text if plain() else click.style(text, **style)


def show_list(
    output: str, rows: Sequence[Row], columns: Sequence[str], *, wide: Sequence[str] = (), empty: str
) -> None:
    """Print a list in the form asked for; `empty` says in words that there is nothing, and what next."""
    if output in {"json", "yaml"}:
        show_value(output, list(rows))
        return
    if not rows:
        click.echo(empty, err=not sys.stdout.isatty())
        return
    chosen = [*columns, *wide] if output == "wide" else list(columns)
    cells = [[_cell(row.get(name.replace(" ", "_"), "")) for name in chosen] for row in rows]
    if not sys.stdout.isatty():
        for line in cells:
            click.echo("\t".join(line))
        return
    _show_table(chosen, cells, fit=output != "wide")


def show_value(output: str, value: object) -> None:
    """Print one value as JSON or YAML."""
    if output == "yaml":
        click.echo("\n".join(_yaml(value, 0)))
    else:
        click.echo(json.dumps(value, indent=2, ensure_ascii=not sys.stdout.isatty()))


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values under each other."""
    width = max(map(len, pairs), default=0) + 2
    for name, value in pairs.items():
        lines = _lines(value)
        for number, line in enumerate(lines):
            click.echo(f"{styled((name if number == 0 else '').ljust(width), dim=True)}{line}")


def _lines(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [visible(str(item)) for item in value] or ["none"]
    return [visible(str(value))]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(visible(str(item)) for item in value)
    return visible(str(value))


def _show_table(names: Sequence[str], cells: list[list[str]], *, fit: bool) -> None:
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    room = shutil.get_terminal_size((100, 24)).columns
    over = sum(widths) + 2 * (len(widths) - 1) - room
    if fit and over > 0:
        widest = widths.index(max(widths))
        widths[widest] = max(12, widths[widest] - over)
    click.echo(styled("  ".join(n.upper().ljust(w) for n, w in zip(names, widths, strict=True)).rstrip(), bold=True))
    for line in cells:
        parts = [_clip(text, width) if fit else text for text, width in zip(line, widths, strict=True)]
        click.echo("  ".join(p.ljust(w) for p, w in zip(parts, widths, strict=True)).rstrip())


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _yaml(value: object, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, Mapping) and value:
        lines = []
        for key, item in value.items():
            name = str(key) if _PLAIN_KEY.match(str(key)) else json.dumps(str(key))
            if isinstance(item, Mapping | list | tuple) and item:
                lines += [f"{pad}{name}:", *_yaml(item, depth + 1)]
            else:
                lines.append(f"{pad}{name}: {_scalar(item)}")
        return lines
    if isinstance(value, list | tuple) and value:
        lines = []
        for item in value:
            nested = _yaml(item, depth + 1)
            lines.append(f"{pad}- {nested[0].strip()}")
            lines += nested[1:]
        return lines
    return [f"{pad}{_scalar(value)}"]


def _scalar(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return json.dumps(value)
