"""What every proof of equality shares: who reads the exact bytes, and the witness of a proof."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.domain.impact import ChangeClass, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import KEPT_TEXTS, BaseTree, ChangedFile, sha256_hex
from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import Difference, Language, Reading, UnreadableError
from magistrate.impact.source_readers import source_reader_of
from magistrate.impact.text_readers import read_by_line

OPAQUE_ROLES: Final = frozenset(
    {
        "fixtures", "fixture", "testdata", "test_data", "data", "snapshots", "__snapshots__", "resources", "corpus",
        "cases", "golden", "samples", "__fixtures__",
    }
)  # fmt: skip
"""Folders whose files tests and programs read as text rather than as code."""
TAKES_IN: Final = rx(r"\binclude_(str|bytes|dir)\s*!\s*[(\[{][^;]{0,400}")
"""Rust, in lower case: the text of a file as a value, up to the end of the statement."""
HEX_RUN: Final = rx(r"[0-9a-f]{32,}")
LEAST_HEX: Final = 32
LEAST_BASE64: Final = 22
"""Runs in which a digest may stand: no shorter one can hold an MD5, in either spelling."""
BETWEEN_RUNS: Final = bytes(
    sign if chr(sign).isascii() and (chr(sign).isalnum() or chr(sign) in "+/_-") else ord(" ") for sign in range(256)
)
"""Every byte that is no letter of base64, plain or for URLs, as a blank."""
BRACED: Final = frozenset({"go", "java", "rust", "c", "c-header", "cpp", "javascript", "jsx", "typescript", "tsx"})
MOVING: Final = frozenset({"java"})
"""Languages whose normal form lets code change its order."""
LIKE_COMMENTS: Final = rx(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
NO_WORDS: Final = bytes(sign for sign in range(128) if not chr(sign).isalnum())
"""All of ASCII but letters and digits."""
EMBEDS: Final = rx(r"^[ \t]*#[ \t]*embed\b[^\n]{0,400}|\bincbin\b[^\n]{0,400}", re.MULTILINE)
"""C since 2023 and assemblers, in lower case: the bytes of a file as a value."""
BY_LINES: Final = rx(r"\.(?:s|asm|inc|rc|lds?|x|dtsi?|f|f90|for|y|l|in)\Z")
"""Files, by suffix, that take in headers for readers to which a line end or a blank may mean something."""
TAKES_HEADER: Final = rx(r"^[ \t]*[#./%]?[ \t]*include\b([^\n]{0,400})", re.MULTILINE)
DIGESTS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceClaim:
    """What every static claim about source text of one language answers alike."""

    language: Language

    def applies(self, file: ChangedFile) -> bool:
        """By name of the file; the parsers have the last word."""
        return self.language.reads(file.name)

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """No: the bytes are enough."""
        return False


def same_program(  # noqa: PLR0911 - one guard, one exit
    language: Language, file: ChangedFile, base: BaseTree
) -> tuple[Reading, Reading] | Difference:
    """Both sides where they are one program, else what speaks against it."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        return Difference(why="the file is added or deleted as a whole")
    if other_words(language.name, before, after):
        return Difference(why="the words of the code differ: this may change what the program does")
    as_bytes = read_as_bytes(file, base)
    if as_bytes is not None:
        return as_bytes
    try:
        difference = language.same_program(before, after)
        if difference is not None:
            return difference
        old, new = language.read(before), language.read(after)
    except UnreadableError as error:
        return Difference(why=str(error), status=ProofStatus.UNKNOWN)
    if old.code != new.code:
        return Difference(why="the tokens of the code differ: this may change what the program does")
    reader = read_by_line(file.name, base)
    if reader is not None:
        return Difference(why=f"`{reader}` reads a file of this name line by line", status=ProofStatus.UNKNOWN)
    return old, new


def other_words(language: str, before: bytes, after: bytes) -> bool:
    """Whether the code of two sides cannot be equal, found without reading them: its letters and digits differ.

    What looks like a comment is left out on both sides alike. A refusal only, never a proof.
    """
    if language not in BRACED:
        return False
    left, right = (LIKE_COMMENTS.sub(b"", side).translate(None, NO_WORDS) for side in (before, after))
    return len(left) != len(right) or (left != right and (language not in MOVING or Counter(left) != Counter(right)))


def read_as_bytes(file: ChangedFile, base: BaseTree) -> Difference | None:
    """Why a source file is more than its program: others read, pin or fill in its exact text. None: it is not."""
    role = next((part for part in file.parts[:-1] if part in OPAQUE_ROLES), None)
    if role is not None:
        return Difference(why=f"files under `{role}/` are often read as text by tests", status=ProofStatus.UNKNOWN)
    if any("template" in part or "cookiecutter" in part for part in file.parts):
        return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
    reader = taken_in_by(file, base)
    if reader is not None:
        return Difference(why=f"`{reader}` takes in the text of a file like this", status=ProofStatus.UNKNOWN)
    pinned = pinned_by(file.change.before or b"", base)
    if pinned is not None:
        return Difference(why=f"`{pinned}` pins the digest of these exact bytes")
    opened = source_reader_of(file, base)
    return None if opened is None else Difference(why=opened, status=ProofStatus.UNKNOWN)


def taken_in_by(file: ChangedFile, base: BaseTree) -> str | None:
    """The first file of the base tree that makes a value of the text of such a file when it is compiled."""
    folders = [part.lower() for part in file.parts[:-1]]
    for path, kind, statement in _taken_in(base):
        own = "file!" in statement and path == file.path
        if own or file.name in statement or (kind == "dir" and any(one in statement for one in folders)):
            return path
    return None


def _taken_in(base: BaseTree) -> tuple[tuple[str, str, str], ...]:
    """Every statement of the base that takes in a file: where, what kind, its text; found once for a base."""
    kept = base.looked_up.get("taken in")
    if not isinstance(kept, tuple):
        telling = [(path, text) for path, text in sorted(base.lowered.items()) if "include_" in text]
        rust = ((path, found[1], found[0]) for path, text in telling for found in TAKES_IN.finditer(text))
        others = (one for path, text in sorted(base.lowered.items()) for one in _takes_in_lines(path, text))
        kept = base.looked_up["taken in"] = (*rust, *others)
    return kept


def _takes_in_lines(path: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Statements that embed the bytes of a file, and those by which a reader of lines includes a header."""
    if "embed" in text or "incbin" in text:
        yield from ((path, "embed", found[0]) for found in EMBEDS.finditer(text))
    if BY_LINES.search(path.lower()):
        yield from ((path, "include", found[1]) for found in TAKES_HEADER.finditer(text))


def pinned_by(content: bytes, base: BaseTree) -> str | None:
    """The first file of the base tree that names these exact bytes by a digest, whole, in any usual spelling.

    Hexadecimal MD5, SHA-1, SHA-2 and git blob ids; base64, plain or for URLs, as in subresource
    integrity, npm locks and the `RECORD` of wheels.
    """
    if content not in base.pins_found:
        hexadecimal, encoded = digests_of(content)
        digits, letters = _all_pins(base)
        named_hex = [name for name in hexadecimal if name in digits]
        named_encoded = [name for name in encoded if name in letters]
        naming = (
            path
            for path, own_digits, own_letters in (_pins(base) if named_hex or named_encoded else ())
            if any(name in own_digits for name in named_hex) or any(name in own_letters for name in named_encoded)
        )
        base.pins_found[content] = next(naming, None)
    return base.pins_found[content]


def _pins(base: BaseTree) -> tuple[tuple[str, str, str], ...]:
    """Of every file that may pin others the runs long enough to hold a digest; found once for a base."""
    kept = base.looked_up.get("pins")
    if not isinstance(kept, tuple):
        runs = ((path, *_runs_in(text)) for path, text in sorted(base.files.items()))
        kept = base.looked_up["pins"] = tuple(one for one in runs if one[2])
    return kept


def _all_pins(base: BaseTree) -> tuple[str, str]:
    """The runs of all files together, none of them touching another: what is not in here is in no file."""
    kept = base.looked_up.get("all pins")
    if not isinstance(kept, tuple):
        pins = _pins(base)
        joined = (" ".join(one[1] for one in pins), " ".join(one[2] for one in pins))
        kept = base.looked_up["all pins"] = joined
    return kept


@lru_cache(maxsize=KEPT_TEXTS)
def _runs_in(text: str) -> tuple[str, str]:
    """Runs of hexadecimal digits, in lower case, and of the letters of base64, which hold the former as well."""
    signs = text.encode("ascii", "replace").translate(BETWEEN_RUNS)
    letters = [run.decode("ascii") for run in signs.split() if len(run) >= LEAST_BASE64]
    digits = [run for one in letters if len(one) >= LEAST_HEX for run in HEX_RUN.findall(one.lower())]
    return " ".join(digits), " ".join(letters)


def digests_of(content: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the bytes: in lower-case hexadecimal, and in base64 without its padding."""
    raw = [hashlib.new(kind, content, usedforsecurity=False).digest() for kind in DIGESTS]
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).digest()
    encoded = {code(name).decode().rstrip("=") for name in raw for code in (b64encode, urlsafe_b64encode)}
    return tuple(name.hex() for name in (*raw, blob)), tuple(sorted(encoded))


def proof(rule: str, change_class: ChangeClass, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
    """A proof with the digests that a checker starts from."""
    sides = (("before_sha256", file.change.before), ("after_sha256", file.change.after))
    witness = tuple((name, sha256_hex(side)) for name, side in sides if side is not None)
    proven = status is ProofStatus.PROVEN
    return Proof(
        rule=rule, status=status, change_class=change_class, why=why, witness=tuple(sorted(witness)) if proven else ()
    )
