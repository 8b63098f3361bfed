"""Statements about rights that stand as text in files of another kind: a program or a playbook writes or executes them.

Rule kept: nobody can say in general what becomes of such a text, so one that comes, goes or changes is unknown; what a
page or the source of a test shows is an example.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.model import Grants, Place, Reader, Unknown
from magistrate.impact.sayings import shows_examples

_NO_PROGRAM: Final = rx(
    r"(?i)\.(?:svg|png|jpe?g|gif|ico|pdf|csv|tsv|lock|po|pot|map|css|scss|less|woff2?|ttf|snap|ipynb|html?|sum|log)\Z"
)

MAX_SHOWN: Final = 300


def whole(said: str) -> str:
    """A statement with one blank between its words: of a long one its beginning, and the digest of all of it.

    Rule kept: two statements that differ anywhere are two.
    """
    plain = " ".join(said.split())
    if len(plain) <= MAX_SHOWN:
        return plain
    return f"{plain[:MAX_SHOWN]}... {hashlib.sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """A reader of one kind of statements; `find` gives each with its line, `elsewhere` reads files of the kind itself."""

    domain: str
    why: str
    find: Callable[[str], tuple[tuple[str, int], ...]]
    elsewhere: Reader

    def reads(self, path: str) -> bool:
        """Whatever may be a program, its settings or a file that it copies."""
        return not (_NO_PROGRAM.search(path) or self.elsewhere.reads(path) or shows_examples(path))

    def grants(self, files: Mapping[str, str]) -> Grants:
        """Every statement, as something that is unknown."""
        return Grants(
            unknown=tuple(
                Unknown(domain=self.domain, why=self.why, text=f"{path}: {said}", place=Place(path=path, line=line))
                for path in sorted(files)
                for said, line in self.find(files[path])
            )
        )
