"""A verdict as SARIF 2.1.0 (OASIS, errata 01), for code scanning and editors.

One result for each denial, each sensitive line and each file that asks for people; a file that
is proven low is no result. Numbers of rules never change their meaning; additions only. Nothing
depends on the time or the machine: the same verdict gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

import msgspec

from magistrate.entrypoints.cli.assess_relief import relief
from magistrate.entrypoints.cli.assess_words import (
    ASKS,
    PROVERS_PAGE,
    Report,
    by_path,
    file_asks,
    headline,
    line_of,
    objections,
    sensed,
    strictness,
    unkeyed,
    unquoted,
)
from magistrate.wire.canonical import canonical

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
CLASSES: Final = (
    "formatting", "comments", "docs", "tests", "lint", "benign_config", "dependency", "revert", "code", "build",
    "unknown", "ci_cd", "infrastructure", "permissions", "authentication", "cryptography", "secrets", "network",
    "migration", "audit_config", "release", "agent_instructions", "gate",
)  # fmt: skip
"""In the order of their numbers: a class is added at the end, and none is ever taken out."""
FIRST: Final = {"file": 1001, "sensitive": 2001, "denied": 3001, "opinion": 4001}
LEVELS: Final = {"auto": "none", "one": "note", "two": "warning", "deny": "error"}


def sarif_text(report: Report) -> str:
    """The log as indented JSON."""
    return msgspec.json.format(canonical(sarif(report)), indent=2).decode()


def sarif(report: Report) -> dict[str, Any]:
    """The log with its one run."""
    found = list(_results(report))
    rules = {rule["id"]: rule for rule, _ in found}
    order = sorted(rules)
    results = []
    for rule, result in found:
        results.append({**result, "ruleId": rule["id"], "ruleIndex": order.index(rule["id"])})
    driver = {
        "name": "Magistrate",
        "semanticVersion": version("magistrate"),
        "version": version("magistrate"),
        "rules": [rules[name] for name in order],
    }
    notes = [{"message": {"text": _sentence(note)}, "level": "note"} for note in report.found.notes]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "magistrate/assess/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The top folder of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": report.status,
                "exitCodeDescription": "at or above --fail-on" if report.status else "judged",
                "toolExecutionNotifications": notes,
            }
        ],
        "results": _fingerprinted(results),
        "properties": {
            "assessor": report.verdict["assessor"],
            "autoEligible": report.verdict["auto_eligible"],
            "changeDigest": report.verdict["digest"],
            "headline": headline(report.verdict),
            "strictness": report.verdict["strictness"],
            **({"strictnessWithOpinions": report.asked} if report.opinions else {}),
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _results(report: Report) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    verdict = report.verdict
    hits = by_path(sensed(verdict))
    for denial in verdict["denials"]:
        yield _rule("denied", "denied"), _result(denial["path"], denial["line"], denial["why"], "error")
    for hit in sensed(verdict):
        level = "warning" if strictness(hit["kind"]) == "two" and not hit.get("mention") else "note"
        yield _rule("sensitive", hit["kind"]), _result(hit["path"], hit["line"], unkeyed(hit, hits[hit["path"]]), level)
    for one in report.opinions.new if report.opinions else ():
        level = "warning" if one.severity == "high" else "note"
        yield _rule("opinion", one.tool), _result(one.path, one.line, one.words, level)
    for file in verdict["files"]:
        needs = file_asks(file)
        if needs == "auto":
            continue
        parts = objections(unquoted(file["proof"]["why"], hits.get(file["path"], ())))
        line = next((number for number, _ in map(line_of, parts) if number), 0)
        words = [f"This file asks for {ASKS[needs]}: {parts[0]}", *parts[1:]]
        if file["proof"]["status"] != "proven":
            words.append(f"what would pass: {relief(file)}")
        result = _result(file["path"], line, "; ".join(words), LEVELS[needs])
        yield _rule("file", file["class"]), {**result, "properties": {"rule": file["proof"]["rule"]}}


def _rule(family: str, kind: str) -> dict[str, Any]:
    number = 0 if family in {"denied", "opinion"} else CLASSES.index(kind) if kind in CLASSES else 900
    said = kind.replace("_", " ")
    short, full, page, level = {
        "file": (
            f"A file of class {said} asks for people",
            f"No proof lowers this file: its class is {said}, which asks for {ASKS[strictness(kind)]}",
            PROVERS_PAGE,
            LEVELS[strictness(kind)],
        ),
        "sensitive": (
            f"The change touches {said}",
            f"A sensor found something that concerns {said} on this line; sensors only raise, and no proof takes this back",
            f"docs/reference/sensors/{kind}.md",
            "warning" if strictness(kind) == "two" else "note",
        ),
        "opinion": (
            f"A second opinion of {said}",
            f"{said} finds this in the result and not in the base; it stands beside the verdict and lowers nothing",
            "docs/assess.md",
            "note",
        ),
        "denied": (
            "The change holds what nobody may approve",
            "The floor denies this whoever approves: hidden text, a path that escapes, or a token of redaction",
            "docs/assess.md",
            "error",
        ),
    }[family]
    name = "".join(part.capitalize() for part in (family, *kind.split("_")))
    advice = (
        f"{full}. `magistrate assess --explain FILE` shows every proof that was tried and what would make it pass; "
        f"see `{page}` of Magistrate"
    )
    return {
        "id": f"MAG{FIRST[family] + number}",
        "name": "Denied" if family == "denied" else name,
        "shortDescription": {"text": _sentence(short)},
        "fullDescription": {"text": _sentence(full)},
        "help": {"text": _sentence(advice), "markdown": _sentence(advice)},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["change", kind]},
    }


def _result(path: str, line: int, why: str, level: str) -> dict[str, Any]:
    location = {"uri": quote(path, safe="/", errors="backslashreplace"), "uriBaseId": ROOT}
    physical = {"artifactLocation": location, "region": {"startLine": max(line, 1)}}
    return {
        "level": level,
        "message": {"text": _sentence(unquoted(why, ()))},
        "locations": [{"physicalLocation": physical}],
    }


def _fingerprinted(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With a name for each finding that outlives moved lines: rule, file, words, and which one of those it is."""
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for result in results:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        _, words = line_of(result["message"]["text"])
        key = (result["ruleId"], place, words)
        seen[key] = seen.get(key, 0) + 1
        digest = hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "backslashreplace")).hexdigest()
        found.append({**result, "partialFingerprints": {"magistrateFinding/v1": digest[:32]}})
    return found


def _sentence(text: str) -> str:
    """Plain text of a message: no placeholder and no link may come out of it (SARIF 3.11.5, 3.11.6)."""
    whole = text[:1].upper() + text[1:]
    whole = whole.replace("{", "{{").replace("}", "}}").replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return whole if whole.endswith((".", "!", "?")) else whole + "."
