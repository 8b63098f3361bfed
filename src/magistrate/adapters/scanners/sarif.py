"""SARIF 2.1.0 (OASIS) read as a stream: files of 100 MB in bounded memory.

Two passes over a seekable file. The first checks all of it (encoding, JSON, duplicate keys,
version) and remembers tool names and base URIs, so that a broken file yields no finding at all;
the second makes findings one result at a time. Locations are confined to the repository; a
result that points outside is refused by itself and named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import unquote, urlsplit

import ijson  # type: ignore[import-untyped]

from magistrate.adapters.scanners.weaknesses import weaknesses_of
from magistrate.domain.finding import MAX_SCAN_BYTES, Finding, Severity, finding_id, fingerprint
from magistrate.errors import Refused

MAX_DEPTH: Final = 64
MAX_EVENTS: Final = 100_000
VERSION: Final = "2.1.0"
_OPEN: Final = frozenset({"start_map", "start_array"})
_CLOSE: Final = frozenset({"end_map", "end_array"})
_CHUNK: Final = 65_536
_DOT: Final = "\x1f"  # stands for a dot inside a key, so that a path can be split again


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedResult:
    """One result that was not taken, by its place in the file (run, result; from 0) and why."""

    run: int
    result: int
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class _Run:
    tool: str = ""
    bases: dict[str, Any] = field(default_factory=dict)
    rules: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)


class SarifFile:
    """A checked SARIF file; `findings()` may be read once or many times.

    Args:
        stream: seekable binary file.
        repository: name under which findings are kept.
        root: absolute path that the scanner ran in, to make absolute URIs relative; "" if unknown.
        line_text: text of lines start..end of a path in the repository, or None; names the place.
        max_bytes: size limit.

    Raises:
        Refused: MAG-E560 to MAG-E566 with what is wrong and where.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        repository: str,
        root: str = "",
        line_text: Callable[[str, int, int], str | None] = lambda _path, _start, _end: None,
        max_bytes: int = MAX_SCAN_BYTES,
    ) -> None:
        self._stream, self._repository, self._root, self._line_text = stream, repository, root, line_text
        self.digest = _verify_bytes(stream, max_bytes)
        self.refused: list[RefusedResult] = []
        self._runs: list[_Run] = []
        self._survey()

    def findings(self) -> Iterator[Finding]:
        """Findings in file order; `refused` lists the others after the last one."""
        self.refused = []
        seen: dict[str, int] = {}
        for run, number, result in self._results():
            try:
                yield self._finding(self._runs[run], result, seen)
            except Refused as error:
                self.refused.append(RefusedResult(run=run, result=number, code=error.code, message=error.message))

    def _events(self) -> Iterator[tuple[str, str, Any]]:
        """(path, event, value) with duplicate keys, depth and JSON errors refused."""
        self._stream.seek(0)
        path: list[str] = []
        keys: list[set[str] | None] = []
        try:
            for event, value in ijson.basic_parse(self._stream, use_float=True):
                if event == "map_key":
                    known = keys[-1]
                    if known is None or value in known:
                        raise Refused("MAG-E562", f"the key `{value[:60]!a}` stands twice at `{_where(path)}`")
                    known.add(value)
                    path[-1] = value.replace(".", _DOT)
                elif event in _OPEN:
                    yield _where(path), event, None
                    path.append("" if event == "start_map" else "item")
                    keys.append(set() if event == "start_map" else None)
                    if len(path) > MAX_DEPTH:
                        raise Refused("MAG-E560", f"nested deeper than {MAX_DEPTH} at `{_where(path)[:120]}`")
                elif event in _CLOSE:
                    path.pop()
                    keys.pop()
                    yield _where(path), event, None
                else:
                    yield _where(path), event, value
        except ijson.IncompleteJSONError as error:
            raise _json_error(error, truncated=bool(path) or "premature" in str(error)) from error
        except ijson.JSONError as error:
            raise _json_error(error, truncated=False) from error

    def _survey(self) -> None:  # noqa: C901  one place for each thing that is remembered
        version: Any = None
        events = self._events()
        runs = False
        for path, event, value in events:
            if path == "" and event not in (*_OPEN, *_CLOSE):
                raise Refused("MAG-E564", "the file holds one JSON value, not a SARIF log")
            if path == "" and event == "start_array":
                raise Refused("MAG-E564", "the file is a JSON list, not a SARIF log")
            if path == "version":
                version = value
            elif path == "runs" and event == "start_array":
                runs = True
            elif path == "runs.item" and event == "start_map":
                self._runs.append(_Run())
            elif self._runs and path == "runs.item.tool.driver.name":
                self._runs[-1].tool = str(value)
            elif self._runs and path == "runs.item.originalUriBaseIds" and event == "start_map":
                self._runs[-1].bases = _build(events, event)
            elif self._runs and path == "runs.item.tool.driver.rules.item" and event == "start_map":
                rule = _build(events, event)
                level = _map(rule.get("defaultConfiguration")).get("level", "warning")
                self._runs[-1].rules.append((str(rule.get("id", "")), str(level), weaknesses_of(rule)))
        if version is None or not runs:
            raise Refused("MAG-E564", "the file has no `version` or no `runs`", hint="give SARIF 2.1.0")
        if version != VERSION:
            raise Refused("MAG-E565", f"SARIF version `{str(version)[:20]!a}` is not {VERSION}")

    def _results(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        run = number = -1
        events = self._events()
        for path, event, _ in events:
            if path == "runs.item" and event == "start_map":
                run, number = run + 1, -1
            elif path == "runs.item.results.item" and event not in _CLOSE:
                number += 1
                yield run, number, _map(_build(events, event)) if event == "start_map" else {}

    def _finding(self, run: _Run, result: dict[str, Any], seen: dict[str, int]) -> Finding:
        index = result.get("ruleIndex")
        rules = run.rules
        known = rules[index] if isinstance(index, int) and 0 <= index < len(rules) else ("", "", ())
        rule = str(result.get("ruleId") or _map(result.get("rule")).get("id") or known[0])
        locations = result.get("locations")
        place = _map(_map(locations[0] if isinstance(locations, list) and locations else {}).get("physicalLocation"))
        artifact, region = _map(place.get("artifactLocation")), _map(place.get("region"))
        if not rule or not isinstance(artifact.get("uri"), str):
            raise Refused("MAG-E568", "the result names no rule or no file")
        path = confined_path(self._resolved(run, artifact), root=self._root)
        message = str(_map(result.get("message")).get("text", ""))
        start = _line(region.get("startLine"), 0)
        end = max(start, _line(region.get("endLine"), start))
        snippet = self._line_text(path, start, end) if start else None
        snippet = snippet if snippet is not None else str(_map(region.get("snippet")).get("text", message))
        base = fingerprint(rule=rule, path=path, snippet=snippet)
        seen[base] = seen.get(base, -1) + 1
        own = fingerprint(rule=rule, path=path, snippet=snippet, occurrence=seen[base])
        named = next((one for one in rules if one[0] == rule), known)[2] if not known[0] else known[2]
        level = str(result.get("level") or known[1] or "warning")
        partial = _map(result.get("partialFingerprints"))
        return Finding(
            id=finding_id(repository=self._repository, fingerprint_=own), rule=rule, tool=run.tool,
            message=message, path=path, start_line=start, end_line=end,
            severity=Severity(level) if level in set(Severity) else Severity.WARNING, fingerprint=own,
            source=self.digest, repository=self._repository,
            partial_fingerprints=tuple(sorted((k, str(v)) for k, v in partial.items())),
            weaknesses=tuple(sorted({*named, *weaknesses_of(result)})),
        )  # fmt: skip

    def _resolved(self, run: _Run, artifact: dict[str, Any]) -> str:
        """Join a relative URI with its base ids, at most eight steps (SARIF 3.14.14)."""
        uri = str(artifact["uri"])
        base_id = artifact.get("uriBaseId")
        for _ in range(8):
            base = _map(run.bases.get(base_id)) if isinstance(base_id, str) else {}
            if "://" in uri or uri.startswith(("/", "file:")) or not isinstance(base.get("uri"), str):
                break
            joined = base["uri"].rstrip("/") + "/" + uri
            absolute = joined.startswith(("/", "file:"))
            if absolute and not (self._root and _plain(joined).startswith(self._root.rstrip("/") + "/")):
                break  # the scanner's own root: what it names below it is relative to the repository
            uri, base_id = joined, base.get("uriBaseId")
        return uri


def confined_path(uri: str, *, root: str) -> str:
    """A path inside the repository from a relative, absolute or `file:` URI.

    Raises:
        Refused: MAG-E567 for `..`, `.git`, another scheme or host, a place outside `root`.
    """
    if "://" in uri and not uri.startswith("file://"):
        raise Refused("MAG-E567", f"`{uri[:80]!a}` is no file")
    if uri.startswith("file://") and urlsplit(uri).netloc not in ("", "localhost"):
        raise Refused("MAG-E567", f"`{uri[:80]!a}` is on another host")
    path = _plain(uri)
    if path.startswith("/"):
        prefix = root.rstrip("/") + "/"
        if not root or not path.startswith(prefix):
            raise Refused("MAG-E567", f"`{uri[:80]!a}` is outside the repository")
        path = path[len(prefix) :]
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\\" in path or not path.isprintable() or ".git" in map(str.lower, parts):
        raise Refused("MAG-E567", f"`{uri[:80]!a}` leaves the repository or hides something")
    return "/".join(parts)


def _plain(uri: str) -> str:
    return unquote(urlsplit(uri).path if uri.startswith("file:") else uri)


def _verify_bytes(stream: BinaryIO, max_bytes: int) -> str:
    stream.seek(0)
    head, size, state = b"", 0, hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        head = head or chunk[:4]
        size += len(chunk)
        if size > max_bytes:
            raise Refused("MAG-E566", f"the file has more than {max_bytes} bytes", hint="split it by run")
        state.update(chunk)
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or b"\0" in head:
        raise Refused(
            "MAG-E563", "the file is UTF-16, UTF-32 or starts with a BOM", hint="save it as UTF-8 without BOM"
        )
    if not head.strip() and size <= len(head):
        raise Refused("MAG-E561", "the file is empty")
    return "sha256:" + state.hexdigest()


def _json_error(error: Exception, *, truncated: bool) -> Refused:
    words = str(error).split("\n", 1)[0][:160]
    if "UTF-8" in words or "UTF8" in words:
        return Refused("MAG-E563", f"the file is not UTF-8: {words!a}")
    if truncated and ("premature" in words or "incomplete" in words.lower()):
        return Refused("MAG-E561", f"the file ends too early: {words!a}", hint="run the scanner again")
    return Refused("MAG-E560", f"the file is not JSON: {words!a}")


def _where(path: list[str]) -> str:
    return ".".join(path)


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _line(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else default


def _build(events: Iterator[tuple[str, str, Any]], first: str) -> Any:  # noqa: ANN401  JSON
    """Build one bounded value from events, after its opening one."""
    top: Any = {} if first == "start_map" else []
    stack: list[Any] = [top]
    for count, (path, event, value) in enumerate(events):
        if count > MAX_EVENTS:
            raise Refused("MAG-E566", f"one value at `{path[:120]}` has more than {MAX_EVENTS} parts")
        if event in _CLOSE:
            stack.pop()
            if not stack:
                return top
            continue
        made: Any = {} if event == "start_map" else [] if event == "start_array" else value
        if isinstance(stack[-1], dict):
            stack[-1][path.rsplit(".", 1)[-1].replace(_DOT, ".")] = made
        else:
            stack[-1].append(made)
        if event in _OPEN:
            stack.append(made)
    raise Refused("MAG-E561", "the file ends inside a value")
