"""Claim: of a TypeScript program only what the compiler erases changes, and nothing makes values of it (R17).

Without annotations, assertions, type arguments and parameters, `implements`, words about access,
marks of optional and definite names, interfaces, type aliases and type-only imports and exports,
both sides are one text of JavaScript. What that takes:

- two front ends agree place by place: the grammar, and a reader of types over tokens of our own;
- what is left is JavaScript to both, with the same tree, tokens and line ends that count;
- enums, namespaces, parameter properties, `declare`, `abstract`, overloads and angle assertions are not
  erased here: a file that has them is not proven; nor is one with a decorator;
- imports of values stay as they are, and a name that comes or goes as a type is said nowhere else;
- the file is a module on both sides or on neither because of statements that stay;
- comments are the same before the same tokens; none speaks to the checker of types or names files to the compiler;
- nothing in the repository makes values of types (`impact/typescript_type_readers.py`).

Class `lint`, and one person always: a run of the compiler over many thousand mutants is still to come. What
less is checked for (`any`, `unknown`, `as`, `!`, optional names) is said, and where the types may be an interface
of others: a package that is not private.
Limits: equal up to source positions and source-text reflection; declarations that a build emits; who
makes values of types is known by a list.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus, Strictness
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.typescript_erasure import ASSERTION, MARK
from magistrate.impact.languages.typescript_erasure_text import Bare, bare, types_only
from magistrate.impact.text_readers import read_by_line
from magistrate.impact.typescript_type_readers import SETTINGS, reader_of_types

SOURCE: Final = rx(r"\.(?:ts|mts|cts|tsx)\Z")
DECLARATIONS: Final = rx(r"\.d(?:\.[\w-]+)?\.[cm]?ts\Z")
LOOSE: Final = rx(rb"(?<![\w$.])(?:any|unknown|object|Function|Object|never|infer|\{ \})(?![\w$])")
LOOSE_KINDS: Final = frozenset({ASSERTION, MARK})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeScriptTypes:
    """Both sides are one text of JavaScript when what TypeScript erases is left out."""

    name: str = "typescript-types/1"
    change_class: ChangeClass = ChangeClass.LINT

    def applies(self, file: ChangedFile) -> bool:
        """TypeScript source, by name; a file of declarations is an interface and nothing else."""
        return SOURCE.search(file.name) is not None and DECLARATIONS.search(file.name) is None

    def needs_base(self) -> bool:
        """Yes: only the repository says whether something makes values of types."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when only what is erased differs, and nothing reads that."""
        del evidence
        before, after = file.change.before, file.change.after
        if before is None or after is None:
            return self._said(file, "the file is added or deleted as a whole", ProofStatus.REFUTED)
        grammar = "tsx" if file.name.endswith(".tsx") else "typescript"
        try:
            difference = types_only(before, after, grammar)
            old, new = bare(before, grammar), bare(after, grammar)
        except UnreadableError as error:
            return self._said(file, str(error), ProofStatus.UNKNOWN)
        if difference is not None:
            return self._said(file, difference.why, difference.status)
        if not base.known:
            why = "without the repository it is not known who makes values of types"
            return self._said(file, why, ProofStatus.UNKNOWN)
        found = _hidden(old, new) or _read_elsewhere(file, step, base)
        if found is not None:
            return self._said(file, found, ProofStatus.REFUTED)
        why = "only types change, which are erased from the program, and nothing here makes values of them"
        proven = self._said(file, why, ProofStatus.PROVEN)
        asked = _weaker(old, new) or _shown_to_others(file, base)
        return replace(proven, asks=Strictness.ONE, why=why if asked is None else f"{why}; {asked}")

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return proof(self.name, self.change_class, file, why, status)


def _read_elsewhere(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    """Who reads the types or the text of the file, in the base or in the same change."""
    settings = next((one.path for one in step if SETTINGS.search(one.path)), None)
    if settings is not None:
        return f"`{settings}` of the same change may say what types are for"
    reader = reader_of_types(base)
    if reader is not None:
        return reader
    as_bytes, by_line = read_as_bytes(file, base), read_by_line(file.name, base)
    if as_bytes is not None:
        return as_bytes.why
    return None if by_line is None else f"`{by_line}` reads a file of this name line by line"


def _hidden(old: Bare, new: Bare) -> str | None:
    """Types say their words in ASCII where they are new, so that none looks like another."""
    strange = next((text for _, text in new.counts - old.counts if not text.isascii()), None)
    return None if strange is None else "a new type has letters beside ASCII, of which some look like others"


def _weaker(old: Bare, new: Bare) -> str | None:
    """What the checker of types may check less for, in words for the one person who is asked."""
    gone, come = (_loose(side) for side in (old, new))
    more = sorted(word for word, count in come.items() if count > gone[word])
    return f"`{more[0]}` stands more often than before, so less may be checked" if more else None


def _loose(side: Bare) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, text in side.types:
        if kind in LOOSE_KINDS:
            found[text.split(b" ", 1)[0].decode()] += 1
        for word in LOOSE.findall(text):
            found[word.decode()] += 1
        found["?"] += text.count(b" ?") if kind not in LOOSE_KINDS else 0
    return found


def _shown_to_others(file: ChangedFile, base: BaseTree) -> str | None:
    """Why the types may be an interface of other repositories: not every package above the file is private."""
    folders = file.path.split("/")[:-1]
    above = ["/".join([*folders[:n], "package.json"]) for n in range(len(folders) + 1)]
    packages = [(path, base.files[path]) for path in above if path in base.files]
    if not packages:
        return "no package says that its types are for nobody else"
    for path, text in packages:
        try:
            said = json.loads(text)
        except ValueError:
            return f"`{path}` cannot be read"
        if not isinstance(said, dict) or said.get("private") is not True:
            return f"`{path}` is not private: types may be an interface of others"
    return None


PROVER: Final = TypeScriptTypes()
