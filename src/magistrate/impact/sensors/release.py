"""Publishing: versions, release settings, licence and security contact, domains."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:licen[cs]e[^/]*|copying[^/]*|security[^/]*|cname|\.goreleaser[^/]*|release[^/]*|\.changeset|version(?:\.\w+)?|manifest\.in|changelog[^/]*)(?:/|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "this decides what is published, under which terms or name" if named(file, PATHS) else None


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
