"""The part that the two Python provers share: both sides are the same program."""

from __future__ import annotations

from magistrate.domain.impact import ChangeClass, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.python_source import (
    OPAQUE_ROLES,
    NotPythonError,
    PythonText,
    head_of,
    looks_like_template,
    read_python,
)


def same_program(file: ChangedFile, base: BaseTree) -> tuple[PythonText, PythonText] | tuple[str, bool]:
    """Both sides where they are one program, else (why not, whether that refutes it)."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        return "the file is added or deleted as a whole", True
    if head_of(before) != head_of(after):
        return "the interpreter line or the encoding line changes", True
    role = next((part for part in file.parts[:-1] if part in OPAQUE_ROLES), None)
    if role is not None:
        return f"files under `{role}/` are often read as text by tests", False
    pinned = pinned_by(sha256_hex(before), base)
    if pinned is not None:
        return f"`{pinned}` pins the digest of these exact bytes", True
    try:
        old, new = read_python(before), read_python(after)
    except NotPythonError as error:
        return str(error), False
    if looks_like_template(old, file.parts) or looks_like_template(new, file.parts):
        return "it may be a template of another language", False
    if old.tree != new.tree:
        return "the syntax trees differ: this changes what the program does", True
    if old.tokens != new.tokens:
        return "the trees agree but the tokens differ (quotes, brackets, look-alike letters)", True
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
