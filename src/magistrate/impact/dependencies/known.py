"""Every reader of manifests and locks, brought in where a file asks for it; the first that reads a path decides."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.difference import Finding, compare
from magistrate.impact.dependencies.pins import Listing, Reader, named
from magistrate.impact.languages.reading import UnreadableError

SHAPES: Final = rx(
    r"(?:^|/)(?:(?P<python>pyproject\.toml|uv\.lock|poetry\.lock|pipfile\.lock|requirements/[^/]+|[^/]*(?:requirements|constraints)[^/]*)|"
    r"(?P<node>package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock)|"
    r"(?P<go>go\.(?:mod|sum))|(?P<cargo>cargo\.(?:toml|lock))|(?P<maven>pom\.xml)|"
    r"(?P<references>\.github/workflows/[^/]+|action\.ya?ml|\.pre-commit-config\.ya?ml|[^/]*(?:dockerfile|containerfile)[^/]*|"
    r"(?:docker-)?compose[^/]*))\Z"
)
"""Which kind of reader may know a path, in lower case; the reader itself has the last word."""
KINDS: Final = ("python", "node", "go", "cargo", "maven", "references")
MAX_TEXT: Final = 1_000_000
KEPT: Final = 8


@lru_cache(maxsize=len(KINDS))
def readers_of(kind: str) -> tuple[Reader, ...]:
    """The readers of one kind of files."""
    match kind:
        case "python":
            from magistrate.impact.dependencies import python_locks, requirements  # noqa: PLC0415  as above

            return (*python_locks.READERS, *requirements.READERS)
        case "node":
            return _node()
        case "go":
            from magistrate.impact.dependencies import golang  # noqa: PLC0415  as above

            return golang.READERS
        case "cargo":
            from magistrate.impact.dependencies import cargo  # noqa: PLC0415  as above

            return cargo.READERS
        case "maven":
            from magistrate.impact.dependencies import maven  # noqa: PLC0415  as above

            return maven.READERS
        case _:
            from magistrate.impact.dependencies import references  # noqa: PLC0415  as above

            return references.READERS


def _node() -> tuple[Reader, ...]:
    from magistrate.impact.dependencies import npm, pnpm, yarn  # noqa: PLC0415  only where a file asks for it

    manifest = Reader(
        name="npm manifest",
        reads=named(r"package\.json"),
        read=npm.read_manifest,
        fits={
            "package-lock.json": npm.fits_lock,
            "npm-shrinkwrap.json": npm.fits_lock,
            "yarn.lock": yarn.fits_lock,
            "pnpm-lock.yaml": pnpm.fits_lock,
        },
    )
    return (manifest, *npm.READERS, *pnpm.READERS, *yarn.READERS)


def reader_of(path: str) -> Reader | None:
    """The reader of a path, or None."""
    found = SHAPES.search(path.lower())
    kind = next((kind for kind in KINDS if found and found[kind]), None)
    return None if kind is None else next((reader for reader in readers_of(kind) if reader.reads(path)), None)


@lru_cache(maxsize=KEPT)
def listing_of(path: str, text: str) -> Listing:
    """One side, read.

    Raises:
        UnreadableError: nothing reads it, it is too large, or it is not what its name says.
    """
    reader = reader_of(path)
    if reader is None or len(text) > MAX_TEXT:
        why = f"larger than {MAX_TEXT} characters" if reader else "no reader of manifests and locks reads this file"
        raise UnreadableError(why)
    try:
        return reader.read(text)
    except UnreadableError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"it is not what its name says ({type(error).__name__})") from error


def findings_of(file: ChangedFile) -> tuple[Finding, ...]:
    """What the pins of a changed file say.

    Raises:
        UnreadableError: as `listing_of`, or one side is missing.
    """
    if file.change.before is None or file.change.after is None:
        raise UnreadableError("the file is added or deleted as a whole")
    return compare(listing_of(file.path, file.before), listing_of(file.path, file.after))
