"""What assistants and coding agents read as orders, wherever it stands."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:claude[^/]*\.md|agents?\.md|gemini\.md|skill\.md|copilot-instructions\.md|llms(?:-full)?\.txt|conventions\.md|"
    r"\.cursor[^/]*|\.claude|\.codex|\.gemini|\.windsurf[^/]*|\.clinerules|\.aider[^/]*|\.roo[^/]*|\.continue|\.mcp\.json|mcp\.json|\.vscode|"
    r"prompts?|skills|[^/]*\.(?:prompt|mdc|instructions\.md|chatmode\.md))(?:/|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "agents read this as instructions" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="agent_instructions",
    kind=ChangeClass.AGENT_INSTRUCTIONS,
    role=_role,
    rules=(
        rule(
            r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|above|prior|earlier|instructions?|rules)\b",
            "tells a reader to drop its instructions",
        ),
        rule(
            r"\b(?:you are|as) an? (?:ai|assistant|agent|helpful|coding|language model)\b|\b(?:assistant|agents?|claude|copilot|chatgpt|llms?|ai|model|bots?)\b\s*[:,]|<\s*(?:system|important|instructions?)\s*>|\bsystem prompt\b",
            "speaks to an assistant",
        ),
        rule(
            r"\b(?:assistants?|agents?|llms?|copilot|claude|ai)\b.{0,40}\b(?:must|should|shall|always|never|may|can)\b|\bbefore any call\b|\bwhen you edit\b",
            "gives orders to an assistant",
        ),
        rule(
            r"\bdescription\s*=\s*['\"]{1,3}.*\b(?:tool|call)\b|\"mcpServers\"|\bmcp\.tool\b",
            "a tool description or tool setting",
        ),
    ),
)
