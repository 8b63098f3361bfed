"""The forms of a verdict, by name; each is loaded only where it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from magistrate.entrypoints.cli.assess_words import Report


def rendered(report: Report, form: str) -> str:
    """The verdict in one of the forms `text`, `json`, `sarif`, `markdown`."""
    forms: Mapping[str, Callable[[Report], str]] = {"json": _json, "sarif": _sarif, "markdown": _markdown}
    return forms.get(form, _text)(report)


def _json(report: Report) -> str:
    from magistrate.wire.canonical import canonical

    beside = {"opinions": report.opinions.plain(report.found.strictness)} if report.opinions else {}
    return canonical({**report.verdict, **beside}).decode()


def _sarif(report: Report) -> str:
    from magistrate.entrypoints.cli.assess_sarif import sarif_text

    return sarif_text(report)


def _markdown(report: Report) -> str:
    from magistrate.entrypoints.cli.assess_markdown import markdown_text

    return markdown_text(report)


def _text(report: Report) -> str:
    from magistrate.entrypoints.cli.assess_text import plain_text

    return plain_text(report)
