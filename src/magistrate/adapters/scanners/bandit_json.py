"""Bandit's own JSON (`bandit -f json`), for installations without its SARIF formatter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from magistrate.adapters.scanners.sarif import RefusedResult, confined_path
from magistrate.domain.finding import Finding, Severity, finding_id, fingerprint
from magistrate.errors import Refused

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DIGITS: Final = 9
_SEVERITY: Final = {"HIGH": Severity.ERROR, "MEDIUM": Severity.WARNING, "LOW": Severity.NOTE}


class _Result(msgspec.Struct):
    filename: str
    test_id: str
    issue_text: str
    issue_severity: str
    line_number: int
    line_range: list[int]
    code: str = ""


class _Report(msgspec.Struct):
    results: list[_Result]
    generated_at: str


class BanditFile:
    """A checked report of bandit; `findings()` gives results, `refused` those outside the repository.

    Raises:
        Refused: MAG-E560 for another shape, MAG-E562 for a key that stands twice, MAG-E566 above 32 MiB.
    """

    def __init__(self, raw: bytes, *, repository: str, root: str = "") -> None:
        if len(raw) > MAX_BYTES:
            raise Refused("MAG-E566", f"the file has more than {MAX_BYTES} bytes")
        _verify_keys(raw)
        try:
            self._report = msgspec.json.decode(raw, type=_Report)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused("MAG-E560", f"the file is not bandit's JSON: {str(error)[:160]}") from error
        self.digest = "sha256:" + hashlib.sha256(raw).hexdigest()
        self.refused: list[RefusedResult] = []
        self._repository, self._root = repository, root

    def findings(self) -> Iterator[Finding]:
        """Findings in file order."""
        self.refused = []
        seen: dict[str, int] = {}
        for number, result in enumerate(self._report.results):
            try:
                path = confined_path(result.filename, root=self._root)
            except Refused as error:
                self.refused.append(RefusedResult(run=0, result=number, code=error.code, message=error.message))
                continue
            last = max([result.line_number, *result.line_range])
            snippet = _snippet(result.code, result.line_number, last)
            snippet = snippet or result.issue_text
            base = fingerprint(rule=result.test_id, path=path, snippet=snippet)
            seen[base] = seen.get(base, -1) + 1
            own = fingerprint(rule=result.test_id, path=path, snippet=snippet, occurrence=seen[base])
            yield Finding(
                id=finding_id(repository=self._repository, fingerprint_=own), rule=result.test_id, tool="bandit",
                message=result.issue_text, path=path, start_line=result.line_number, end_line=last,
                severity=_SEVERITY.get(result.issue_severity, Severity.WARNING), fingerprint=own,
                source=self.digest, repository=self._repository,
            )  # fmt: skip


def _snippet(code: str, first: int, last: int) -> str:
    """Lines first..last of bandit's numbered excerpt; the loop follows the excerpt, not the numbers."""
    numbered = (line.partition(" ") for line in code.splitlines())
    kept = (text for n, _, text in numbered if n.isdecimal() and len(n) <= MAX_DIGITS and first <= int(n) <= last)
    return "\n".join(kept).strip()


def _verify_keys(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refused("MAG-E560", f"the file is not bandit's JSON: {str(error)[:160]}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in [k for k, _ in pairs[:n]])
        raise Refused("MAG-E562", f"the key `{twice[:60]!a}` stands twice")
    return made
