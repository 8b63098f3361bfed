"""Publishing: versions, release settings, licence and security contact, domains."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:licen[cs]e[^/]*|copying[^/]*|security[^/]*|cname|\.goreleaser[^/]*|release[^/]*|\.changeset|version(?:\.\w+)?|manifest\.in)(?:/|$)"
)
CHANGES: Final = re.compile(r"(?i)(?:^|/)changelog[^/]*(?:/|$)")
ENTRY: Final = re.compile(r"\s*\Z|\s*[-*+]\s|\s+\S")
VERSION: Final = re.compile(r"(?i)\d+\.\d+|\d{4}-\d|unreleased|version|release")


def _role(file: ChangedFile) -> str | None:
    decides = named(file, PATHS) or (named(file, CHANGES) and not _entries_only(file))
    return "this decides what is published, under which terms or name" if decides else None


def _entries_only(file: ChangedFile) -> bool:
    """Whether nothing but items of an existing list change, without a version, a date or a title."""
    whole = file.change.before is None or file.change.after is None
    return not whole and all(ENTRY.match(line.text) and not VERSION.search(line.text) for line in file.lines)


SENSOR: Final = RuleSensor(
    name="release",
    kind=ChangeClass.RELEASE,
    role=_role,
    rules=(
        rule(
            r"\b(?:npm|twine|cargo|gem|docker|helm|gh release|poetry|uv)\s+(?:publish|upload|push|create)\b|publishConfig|__version__\s*=",
            "publishes, or sets a version",
        ),
    ),
)
