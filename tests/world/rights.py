"""Corpora of rights, and what one reader finds in the files of one state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paths import TESTS

from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, Reader

EXACT = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}, "widened": {"widened", "unknown"}}
"""What a label from outside allows a verdict to be; what is unknown is gated as widened."""


def corpus(name: str) -> Path:
    """The project's own pairs of one domain."""
    return TESTS / "corpus" / "privilege" / f"{name}.jsonl"


def rows_of(path: Path, domain: str) -> list[dict[str, Any]]:
    """The pairs and chains of one domain in a file."""
    return [row for row in map(json.loads, path.read_text().splitlines()) if row["domain"] == domain]


def found_by(reader: Reader, files: Mapping[str, Any]) -> Grants:
    """The rights that a reader finds; what is no text is written as JSON first."""
    texts = {path: body if isinstance(body, str) else json.dumps(body) for path, body in files.items()}
    return reader.grants({path: text for path, text in texts.items() if reader.reads(path)})


def verify_reads_anything(reader: Reader, noise: str, row: Mapping[str, Any]) -> None:
    """Noise alone, behind and inside of a real file: always an answer, and the same one twice."""
    for path, text in row["after"].items():
        for made in (noise, text + noise, text[: len(text) // 2] + noise + text[len(text) // 2 :]):
            first, second = found_by(reader, {path: made}), found_by(reader, {path: made})
            assert first == second
            assert delta(first, second) == ()
