"""Every reader of manifests and locks; the first that reads a path decides."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.dependencies import cargo, golang, maven, npm, pnpm, python_locks, references, requirements, yarn
from magistrate.impact.dependencies.difference import Finding, compare
from magistrate.impact.dependencies.pins import Listing, Reader, named
from magistrate.impact.languages.reading import UnreadableError

MANIFEST: Final = Reader(
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
READERS: Final[tuple[Reader, ...]] = (
    MANIFEST,
    *python_locks.READERS,
    *requirements.READERS,
    *npm.READERS,
    *pnpm.READERS,
    *yarn.READERS,
    *golang.READERS,
    *cargo.READERS,
    *maven.READERS,
    *references.READERS,
)
MAX_TEXT: Final = 1_000_000
KEPT: Final = 8


def reader_of(path: str) -> Reader | None:
    """The reader of a path, or None."""
    return next((reader for reader in READERS if reader.reads(path)), None)


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
