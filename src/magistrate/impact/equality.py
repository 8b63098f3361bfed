"""What every proof of equality shares: who reads the exact bytes, and the witness of a proof."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.languages.reading import Difference, Language, Reading, UnreadableError

OPAQUE_ROLES: Final = frozenset(
    {
        "fixtures", "fixture", "testdata", "test_data", "data", "snapshots", "__snapshots__", "resources", "corpus",
        "cases", "golden", "samples", "__fixtures__",
    }
)  # fmt: skip
"""Folders whose files tests and programs read as text rather than as code."""


def same_program(  # noqa: PLR0911 - one guard, one exit
    language: Language, file: ChangedFile, base: BaseTree
) -> tuple[Reading, Reading] | Difference:
    """Both sides where they are one program, else what speaks against it."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        return Difference(why="the file is added or deleted as a whole")
    role = next((part for part in file.parts[:-1] if part in OPAQUE_ROLES), None)
    if role is not None:
        return Difference(why=f"files under `{role}/` are often read as text by tests", status=ProofStatus.UNKNOWN)
    pinned = pinned_by(sha256_hex(before), base)
    if pinned is not None:
        return Difference(why=f"`{pinned}` pins the digest of these exact bytes")
    templated = any("template" in part or "cookiecutter" in part for part in file.parts)
    try:
        difference = language.same_program(before, after)
        if difference is not None:
            return difference
        if templated:
            return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
        old, new = language.read(before), language.read(after)
    except UnreadableError as error:
        return Difference(why=str(error), status=ProofStatus.UNKNOWN)
    if old.code != new.code:
        return Difference(why="the tokens of the code differ: this may change what the program does")
    return old, new


def pinned_by(digest: str, base: BaseTree) -> str | None:
    """The first file of the base tree that holds this SHA-256."""
    return next((path for path in sorted(base.files) if digest in base.files[path].lower()), None)


def proof(rule: str, change_class: ChangeClass, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
    """A proof with the digests that a checker starts from."""
    sides = (("before_sha256", file.change.before), ("after_sha256", file.change.after))
    witness = tuple((name, sha256_hex(side)) for name, side in sides if side is not None)
    proven = status is ProofStatus.PROVEN
    return Proof(
        rule=rule, status=status, change_class=change_class, why=why, witness=tuple(sorted(witness)) if proven else ()
    )
