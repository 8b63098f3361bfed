"""The part that the two Python provers share: both sides are the same program."""

from __future__ import annotations

from dataclasses import dataclass

from magistrate.domain.impact import ChangeClass, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.python_source import (
    OPAQUE_ROLES,
    NotPythonError,
    PythonTokens,
    head_of,
    looks_like_template,
    read_tokens,
    read_tree,
    same_tree,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Why both sides are not one program, and whether that is certain or only not excluded."""

    why: str
    status: ProofStatus = ProofStatus.REFUTED


def same_program(file: ChangedFile, base: BaseTree) -> tuple[PythonTokens, PythonTokens] | Difference:  # noqa: PLR0911 - one guard, one exit
    """Both sides where they are one program, else what speaks against it."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        return Difference(why="the file is added or deleted as a whole")
    if head_of(before) != head_of(after):
        return Difference(why="the interpreter line or the encoding line changes")
    role = next((part for part in file.parts[:-1] if part in OPAQUE_ROLES), None)
    if role is not None:
        return Difference(why=f"files under `{role}/` are often read as text by tests", status=ProofStatus.UNKNOWN)
    pinned = pinned_by(sha256_hex(before), base)
    if pinned is not None:
        return Difference(why=f"`{pinned}` pins the digest of these exact bytes")
    try:
        if not same_tree(read_tree(before), read_tree(after)):
            return Difference(why="the syntax trees differ: this changes what the program does")
        if looks_like_template(before, file.parts) or looks_like_template(after, file.parts):
            return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
        old, new = read_tokens(before), read_tokens(after)
    except NotPythonError as error:
        return Difference(why=str(error), status=ProofStatus.UNKNOWN)
    if old.tokens != new.tokens:
        return Difference(why="the trees agree but the tokens differ (quotes, brackets, look-alike letters)")
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
