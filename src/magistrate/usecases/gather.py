"""Reading for an agent: confined, capped, redacted first, recorded before it is served.

Rule kept (invariant 1, R6-R8): this room reads one repository at one commit and has no way
to write. Order for every read: confine the path, read, redact, cut, record, serve. When the
record cannot be made nothing is served. A refusal is recorded like a read, with its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from magistrate.context.locate import needed_files
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.wire.canonical import digest

MAX_FILE_BYTES: Final = 1_000_000
MAX_SEARCH_BYTES: Final = 32_000_000
MAX_REPLY_BYTES: Final = 256_000
_FORBIDDEN_PARTS: Final = frozenset({"", ".", "..", ".git"})
_REGULAR: Final = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one session may see: one repository at one commit, and how many bytes are left."""

    session: str
    repository: str
    git_dir: str
    ref: str
    commit: str
    tree: str
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read as it is recorded: what was served, by digest and size, never the text."""

    session: str
    tool: str
    source: str
    byte_start: int
    byte_end: int
    sha256: str
    redactions: int
    truncated: bool
    refused: str
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Redacted text with the facts that go with it.

    `source_sha256` is the digest of the file; of its redacted text when it holds a secret, because
    a digest of the whole would let anybody try guesses at the missing part.
    """

    text: str
    redactions: int
    truncated: bool
    source_sha256: str
    receipt: str
    untrusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One line that matched, already redacted."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """All matches of one search, with what was left out."""

    matches: tuple[Match, ...]
    redactions: int
    truncated: bool
    receipt: str


class TreeReader(Protocol):
    """The read-only view of one commit's tree."""

    def modes(self, sight: Sight) -> Mapping[str, tuple[str, str, int]]:
        """Every path with its mode, blob id and size in bytes."""

    def blob(self, sight: Sight, blob: str) -> bytes:
        """The bytes of one blob."""


class Redactor(Protocol):
    """Redaction as the context room does it, with the deployment's tag key."""

    def redact(self, text: str) -> tuple[str, int]:
        """The text with secrets replaced by stable tokens, and how many were replaced."""


class ReadRecorder(Protocol):
    """Makes a read durable in the log; raises when it cannot."""

    def record(self, read: Read) -> str:
        """Record before serving; returns the receipt (a digest)."""


class Searcher(Protocol):
    """A compiled pattern that cannot run away."""

    def lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Matching lines with their numbers, 1-based."""


def confine(path: str) -> str:
    """Return the path when it stays inside the repository.

    Raises:
        Refused: MAG-E530 for absolute paths, `..`, `.git` in any case, control characters.
    """
    parts = path.split("/")
    bad = any(part.lower() in _FORBIDDEN_PARTS or part != part.strip() for part in parts)
    if bad or "\\" in path or not path.isprintable() or len(path) > 4096:  # noqa: PLR2004  PATH_MAX
        raise Refused("MAG-E530", f"the path `{path[:80]!a}` leaves the repository or hides something")
    return path


class Reading:
    """Serves the reads of one request; every method records before it returns."""

    def __init__(self, sight: Sight, trees: TreeReader, redactor: Redactor, recorder: ReadRecorder) -> None:
        self._sight, self._trees, self._redactor, self._recorder = sight, trees, redactor, recorder

    def file(self, path: str, start_line: int | None, end_line: int | None) -> Served:
        """Lines of one file, redacted as a whole before it is cut.

        Raises:
            Refused: MAG-E530 outside the repository, MAG-E531 too large, binary or no regular file.
            NotFound: MAG-E532 when the commit holds no such path.
        """
        with self.noting("read_file", path):
            raw, text, count = self._redacted(confine(path))
            lines = _lines(text)
            first = (start_line or 1) - 1
            served, truncated = _cap("".join(lines[first:end_line]))
            start = len("".join(lines[:first]).encode())
            receipt = self._recorder.record(
                self._read("read_file", f"{self._sight.commit}:{path}", served, count, truncated=truncated, start=start)
            )
        named = raw if count == 0 else text.encode()
        return Served(text=served, redactions=count, truncated=truncated, source_sha256=digest(named), receipt=receipt)

    @contextmanager
    def noting(self, tool: str, source: str) -> Iterator[None]:
        """Whatever is refused or fails inside is recorded with its code before that goes out.

        Raises:
            Refused, NotFound, Unavailable: what was raised inside, or Unavailable when it could not be recorded.
        """
        try:
            yield
        except (Refused, NotFound, Unavailable) as error:
            self._note_refusal(tool, source, error)
            raise

    def search(self, searcher: Searcher, prefix: str, limit: int) -> Matches:
        """Matching lines under a prefix; redaction comes before the search."""
        with self.noting("search_code", prefix):
            if prefix:
                confine(prefix.rstrip("/"))
            return self._search(searcher, prefix, limit)

    def _search(self, searcher: Searcher, prefix: str, limit: int) -> Matches:
        found: list[Match] = []
        seen = redactions = skipped = 0
        truncated = False
        for path, (mode, _, size) in sorted(self._trees.modes(self._sight).items()):
            if not path.startswith(prefix):
                continue
            if mode not in _REGULAR or size > MAX_FILE_BYTES:
                skipped += 1
                continue
            seen += size
            if seen > MAX_SEARCH_BYTES or len(found) >= limit:
                truncated = True
                break
            try:
                _, text, count = self._redacted(path)
            except Refused:
                skipped += 1
                continue
            redactions += count
            found += [Match(path=path, line=n, text=line[:400]) for n, line in searcher.lines(text)]
        kept = tuple(found[:limit])
        served = "\n".join(f"{m.path}:{m.line}:{m.text}" for m in kept)
        truncated = truncated or len(found) > limit
        receipt = self._recorder.record(
            self._read(
                "search_code",
                f"{self._sight.commit}:{prefix}",
                served,
                redactions,
                truncated=truncated,
                skipped=skipped,
            )
        )
        return Matches(matches=kept, redactions=redactions, truncated=truncated, receipt=receipt)

    def texts(self, tool: str, *, limit_bytes: int) -> tuple[dict[str, str], bool]:
        """Redacted text files of the tree up to a size, recorded as one read, and whether these are all text files."""
        texts: dict[str, str] = {}
        total = redactions = skipped = 0
        whole = True
        for path, (mode, _, size) in sorted(self._trees.modes(self._sight).items()):
            if mode not in _REGULAR or size > MAX_FILE_BYTES or total + size > limit_bytes:
                whole = whole and mode not in _REGULAR
                skipped += 1
                continue
            try:
                _, text, count = self._redacted(path)
            except Refused:
                skipped += 1
                continue
            texts[path] = text
            total += size
            redactions += count
        served = "\n".join(texts)
        with self.noting(tool, "the tree"):
            self._recorder.record(
                self._read(tool, f"{self._sight.commit}:", served, redactions, truncated=not whole, skipped=skipped)
            )
        return texts, whole

    def needed(self, paths: tuple[str, ...], diff: str) -> frozenset[str] | None:
        """The paths and what these import, also by the diff; None where that is not known. Nothing is served."""
        sources: dict[str, str] = {}
        total = 0
        for path, (mode, blob, size) in self._trees.modes(self._sight).items():
            if path.endswith((".py", ".pyi")) and mode in _REGULAR:
                total += size
                if total > MAX_SEARCH_BYTES:
                    return None
                sources[path] = self._trees.blob(self._sight, blob).decode("utf-8", errors="replace")
        return needed_files(paths, sources, diff)

    def _redacted(self, path: str) -> tuple[bytes, str, int]:
        entry = self._trees.modes(self._sight).get(path)
        if entry is None:
            raise NotFound("MAG-E532", f"`{path}` does not exist at `{self._sight.commit[:12]}`")
        mode, blob, size = entry
        if mode not in _REGULAR:
            raise Refused("MAG-E531", f"`{path}` is no regular file (mode {mode})")
        if size > MAX_FILE_BYTES:
            raise Refused("MAG-E531", f"`{path}` has {size} bytes, more than {MAX_FILE_BYTES}")
        raw = self._trees.blob(self._sight, blob)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("MAG-E531", f"`{path}` is not UTF-8 text") from error
        if "\0" in text:
            raise Refused("MAG-E531", f"`{path}` is binary")
        redacted, count = self._redactor.redact(text)
        return raw, redacted, count

    def _read(  # noqa: PLR0913  the columns of a record
        self, tool: str, source: str, served: str, redactions: int, *, truncated: bool, start: int = 0, skipped: int = 0
    ) -> Read:
        raw = served.encode()
        return Read(
            session=self._sight.session,
            tool=tool,
            source=source,
            byte_start=start,
            byte_end=start + len(raw),
            sha256=digest(raw),
            redactions=redactions,
            truncated=truncated,
            refused="",
            skipped=skipped,
        )

    def _note_refusal(self, tool: str, path: str, error: Refused | NotFound | Unavailable) -> None:
        self._recorder.record(
            Read(
                session=self._sight.session,
                tool=tool,
                source=ascii(path)[:400],
                byte_start=0,
                byte_end=0,
                sha256=digest(b""),
                redactions=0,
                truncated=False,
                refused=error.code,
            )
        )


def _lines(text: str) -> list[str]:
    """Lines as git and scanners count them: ended by a line feed and by nothing else."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def _cap(text: str) -> tuple[str, bool]:
    raw = text.encode()
    if len(raw) <= MAX_REPLY_BYTES:
        return text, False
    return raw[:MAX_REPLY_BYTES].decode(errors="ignore"), True
