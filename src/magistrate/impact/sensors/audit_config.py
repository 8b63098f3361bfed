"""Logging, audit and alerting: whether anybody will notice."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|[/_.-])(?:audit|logging|log4j2?|logback|alerts?|alertmanager|prometheus|falco|siem|sentry|observability)(?:[/_.-]|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "this decides what is recorded or who is alarmed" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="audit_config",
    kind=ChangeClass.AUDIT_CONFIG,
    role=_role,
    rules=(
        rule(
            r"\baudit\w*|cloudtrail|\balert:|\bexpr:|silence|log_?level|logging\.(?:disable|config)|retention",
            "what is recorded or alarmed",
        ),
    ),
)
