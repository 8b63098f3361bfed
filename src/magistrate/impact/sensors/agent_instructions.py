"""What assistants and coding agents read as orders, wherever it stands."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:claude[^/]*\.md|agents?\.md|gemini\.md|skill\.md|copilot-instructions\.md|llms(?:-full)?\.txt|conventions\.md|"
    r"\.cursor[^/]*|\.claude|\.codex|\.gemini|\.windsurf[^/]*|\.clinerules|\.aider[^/]*|\.roo[^/]*|\.continue|\.mcp\.json|mcp\.json|\.vscode|"
    r"prompts?|skills|[^/]*\.(?:prompt(?:\.md)?|mdc|instructions\.md|chatmode\.md))(?:/|$)"
)
FRONT: Final = rx(
    r"\A\ufeff?\s*(?:`{3,}\w*\s*)?---[^\S\n]*\r?\n(?:[^\n]*\n){0,12}?[ \t]*[\"']?(?:description|globs|alwaysApply|applyTo|mode|tools|model|allowed-tools|argument-hint|disable-model-invocation|agent|handoffs)[\"']?[ \t]*:"
)
PAGE_KEY: Final = rx(
    r"(?m)^[\"']?(?:title|id|slug|layout|date|permalink|sidebar_\w+|hide_title|pagination_\w+|weight|pubDate|lang|authors?|draft|image)[\"']?[ \t]*:[ \t]*\S"
)
"""What the front matter of a page that is published says of it."""
AGENT_KEY: Final = rx(
    r"(?im)^[ \t]*[\"']?(?:name|globs?|alwaysApply|applyTo|mode|(?:allowed-|disallowed-)?tools?|model|argument-hint|disable-model-invocation|user-invocable|agents?|"
    r"handoffs|trigger|persona|permissionMode|skills|hooks|mcp\w*|subagent\w*|compatibility|temperature|prompt|instructions?|color)[\"']?[ \t]*:|[{&*]"
)
"""What the front matter of a rule, a skill or a prompt says beside its description; flow style and anchors are not read."""
AGENT_PLACE: Final = rx(
    r"(?i)(?:^|/)(?:\.[^/]+|[^/]*(?:agent|command|rule|prompt|skill|instruction|chatmode|workflow|persona|assistant|copilot|cursor|claude|gemini|codex|llm|memor)[^/]*)(?:/|\Z)"
)
"""Folders and names where agents may look."""
CLOSED: Final = rx(r"\n(?:---|\.\.\.)[^\S\n]*(?:\r?\n|\Z)")
"""Front matter ends; a YAML file that begins with `---` is none."""
ORDER: Final = rx(
    r"(?im)^[ \t]*(?:[-*+]|\d+[.)])?[ \t]*(?:\*\*)?(?:always|never|do not|don't|must|prefer|avoid|ensure|make sure|follow|keep|write|implement|use|create|run|read|check|add|update|include|return|review|verify|when|if you|you (?:are|must|should|will))\b"
)
READER: Final = rx(
    r"(?i)\b(?:you are (?:an?|the)|your (?:task|role|job|goal|responses?|answers?)|act as an?|user's request|this skill|(?:coding |ai )agents?|subagents?|claude|copilot|cursor rules?|codex|gemini|llms?|system prompt|ai[- ](?:assistant|agents?|coding|tools?))\b"
)
ORDERS: Final = 8
HEAD: Final = 12_000


def _role(file: ChangedFile) -> str | None:
    if named(file, PATHS):
        return "agents read this as instructions"
    for text in file.both_texts:
        head = text[:HEAD]
        if FRONT.match(head) and CLOSED.search(head) and not _of_a_page(file.path, head):
            return "its front matter is that of a rule, a skill or a prompt for agents"
        if (
            may_match(READER, head)
            and READER.search(head)
            and sum(1 for _ in islice(ORDER.finditer(head), ORDERS)) == ORDERS
        ):
            return "this reads as a list of orders to an assistant"
    return None


def _of_a_page(path: str, head: str) -> bool:
    """Whether front matter with a description is that of an ordinary page: keys of pages, none of agents, no place of theirs."""
    if AGENT_PLACE.search(path) is not None or not path.lower().endswith((".md", ".mdx", ".markdown")):
        return False
    begun = re.match(r"---[^\S\n]*\r?\n", head)
    closed = CLOSED.search(head, 3)
    if begun is None or closed is None:
        return False
    front = head[begun.end() : closed.start() + 1]
    return PAGE_KEY.search(front) is not None and AGENT_KEY.search(front) is None


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
