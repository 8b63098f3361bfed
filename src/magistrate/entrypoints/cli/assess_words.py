"""A verdict for readers: text, Markdown, JSON, SARIF 2.1.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from magistrate.usecases.assess import Assessed
from magistrate.wire.canonical import canonical

HEADLINES: Final = {
    "auto": "low risk, proven: this change asks for nobody by itself",
    "one": "asks for one person",
    "two": "asks for two people, one of them from the owning role",
    "deny": "denied: nobody may approve this as it is",
}
LEVELS: Final = {"auto": "note", "one": "warning", "two": "warning", "deny": "error"}
RELIEF: Final = {
    "file-gate/1": "make it a regular UTF-8 text file with a plain path and unchanged mode",
    "base-tree/1": "give the repository (`--repo`, `--repos` or a complete `context`)",
    "no-prover/1": "nothing yet: a person reads it",
    "ruff-format/1": "commit exactly what `ruff format` makes of the base",
    "ruff-fix/1": "commit exactly what `ruff check --fix` (safe fixes, no import sorting) makes of the base",
    "documentation/1": "change wording, layout or links of one owner only, in a page that nothing in the repository reads",
}
FAMILIES: Final = {
    "-formatting/": "keep the syntax tree, every token and every comment as they were",
    "-code/": "nothing by itself: what a program does, a person decides",
    "-comments/": "change nothing but comments that read as plain sentences",
}
"""What would pass, by the part of a rule's name that follows its language."""


def rendered(found: Assessed, form: str, revisions: tuple[str, str]) -> str:
    """The verdict in one of the forms `text`, `json`, `sarif`, `markdown`."""
    verdict = found.verdict
    if form == "json":
        return canonical(verdict).decode()
    if form == "sarif":
        return msgspec.json.format(canonical(sarif(verdict)), indent=2).decode()
    if form == "markdown":
        return "\n".join(_markdown(verdict))
    return "\n".join(_text(found, revisions))


def _text(found: Assessed, revisions: tuple[str, str]) -> Iterator[str]:
    verdict = found.verdict
    yield f"{shown(revisions[0])} -> {shown(revisions[1])}: {HEADLINES[verdict['strictness']]}"
    for denial in verdict["denials"]:
        yield f"\n  DENIED  {_place(denial)}\n          {shown(denial['why'])}"
    for file in verdict["files"]:
        proof = file["proof"]
        mark = "proven" if proof["status"] == "proven" else "open"
        yield f"\n  {mark:<7} {shown(file['path'])}  [{file['class']}]\n          {shown(proof['why'])}"
        if proof["status"] != "proven":
            yield f"          would pass: {_relief(proof['rule'])}"
        else:
            yield f"          by {proof['rule']}"
    if verdict["sensitivities"]:
        yield "\n  Sensitive, at its line:"
    for hit in verdict["sensitivities"]:
        yield f"    {_place(hit)}  {hit['kind']}: {shown(hit['why'])}"
    if not verdict["files"]:
        yield "\n  nothing changes between the two: nothing to prove"
    yield f"\n  undone by its inverse: {verdict['reversible']} · digest {verdict['digest'][:19]}"
    for note in found.notes:
        yield f"  note: {note}"


def _relief(rule: str) -> str:
    family = next((words for part, words in FAMILIES.items() if part in rule), "a proof about its bytes")
    return RELIEF.get(rule, family)


def _markdown(verdict: Mapping[str, Any]) -> Iterator[str]:
    yield f"### Magistrate: {HEADLINES[verdict['strictness']]}\n"
    yield "| file | class | proof |\n|---|---|---|"
    for file in verdict["files"]:
        yield f"| {_cell(file['path'])} | {file['class']} | {_cell(file['proof']['why'])} |"
    hits = [*verdict["denials"], *verdict["sensitivities"]]
    if hits:
        yield "\n| where | what | why |\n|---|---|---|"
    for hit in hits:
        yield f"| {_cell(_place(hit))} | {hit['kind']} | {_cell(hit['why'])} |"
    yield f"\n`{verdict['digest']}` judged by `{verdict['assessor']}`"


def sarif(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """SARIF 2.1.0: one result for each denial, sensitivity and file without a proof."""
    results = [_result(hit, "error" if hit in verdict["denials"] else "warning") for hit in verdict["denials"]]
    results += [_result(hit, "warning") for hit in verdict["sensitivities"]]
    for file in verdict["files"]:
        proven = file["proof"]["status"] == "proven"
        hit = {"kind": file["class"], "path": file["path"], "line": 0, "why": file["proof"]["why"]}
        results.append(_result(hit, "note" if proven else LEVELS[verdict["strictness"]]))
    rules = [{"id": kind} for kind in sorted({str(result["ruleId"]) for result in results})]
    driver = {"name": "Magistrate", "version": "0.1.0", "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(hit: Mapping[str, Any], level: str) -> dict[str, Any]:
    from urllib.parse import quote

    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(hit["path"])}}
    if hit["line"] > 0:
        physical["region"] = {"startLine": hit["line"]}
    return {
        "ruleId": hit["kind"],
        "level": level,
        "message": {"text": hit["why"]},
        "locations": [{"physicalLocation": physical}],
    }


def shown(text: str) -> str:
    """Text of others on a terminal: whatever is not printable is escaped."""
    return "".join(char if char.isprintable() else f"\\u{{{ord(char):04x}}}" for char in text)


def _place(hit: Mapping[str, Any]) -> str:
    return f"{shown(hit['path'])}:{hit['line']}" if hit["line"] else shown(hit["path"])


def _cell(text: str) -> str:
    safe = shown(text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return safe.replace("`", "'").replace("[", "\\[").replace("@", "&#64;")
