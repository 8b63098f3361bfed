"""Claim: only plain values change, at keys that the base tree declares benign, within their types and ranges.

Rule kept (R22): the list comes from `.magistrate.yml` of the base; the format's two front ends read
both sides; the parser's values differ at declared keys alone, and so do the lines, as one name and one
value each, with every other byte equal. A floor in code holds under every declaration.
Refused: files that are new, deleted or have a role (build, CI, manifests, deployment, policy,
agents), anchors, aliases, tags, merges, references, templates, names twice, lists, inline holders,
other types, keys and values of weight. Limit: what a program does with a declared value is for those to know
who declared it; that two settings have to agree is seen by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.configuration.declared import SETTINGS, DeclaredKey, UndeclaredError, declared_keys
from magistrate.impact.configuration.floor import why_not_environment, why_not_file, why_not_key, why_not_value
from magistrate.impact.configuration.leaves import Leaf, Path, format_of, leaves_of
from magistrate.impact.configuration.lines import ChangedValue, changed_values
from magistrate.impact.configuration.scalars import Value
from magistrate.impact.equality import OPAQUE_ROLES, pinned_by, proof, taken_in_by
from magistrate.impact.languages.reading import UnreadableError

OFTEN_SETTINGS: Final = frozenset({"resources", "data"})
"""Folders that are opaque to proofs about layout, and where programs keep their settings."""
Difference = tuple[Path, Value, Value]
Said = tuple[str, Value, Value]


class _ObjectionError(ValueError):
    """What speaks against the claim, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenignConfig:
    """Declared keys of YAML, JSON, TOML, INI and properties files."""

    name: str = "benign-config/1"
    change_class: ChangeClass = ChangeClass.BENIGN_CONFIG

    def applies(self, file: ChangedFile) -> bool:
        """By name: the formats that have two front ends."""
        return format_of(file.name) is not None

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """Yes: only the base tree declares keys."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when parser and lines find the same values changed, each declared, plain and within its range."""
        del evidence
        if not base.known:
            why = "without the repository nobody knows which keys are declared (give `context` or `--repo`)"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        try:
            found = _declared_changes(file, step, base)
        except UndeclaredError as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.UNKNOWN)
        except UnreadableError as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.UNKNOWN)
        except _ObjectionError as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.REFUTED)
        told = ", ".join(f"`{_dotted(d[0])}` {d[1].text} -> {d[2].text} ({key.environment})" for d, key in found)
        said = f"only declared values change, within their types and ranges: {told}"
        shown = proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)
        return replace(shown, witness=tuple(sorted((*shown.witness, *_witness(found, base)))))


def _declared_changes(
    file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree
) -> list[tuple[Difference, DeclaredKey]]:
    """Every value that differs, with the entry that declares it; raises what speaks against it."""
    before, after = file.change.before, file.change.after
    language = format_of(file.name)
    if before is None or after is None or language is None:
        raise _ObjectionError("the file is added or deleted as a whole")
    if any(one.path.casefold() == SETTINGS for one in step):
        raise _ObjectionError(f"the same step changes `{SETTINGS}`, which declares what is benign")
    keys = [key for key in declared_keys(base.files.get(SETTINGS)) if key.names(file.path)]
    if not keys:
        raise UndeclaredError(f"`{SETTINGS}` of the base declares no key of this file")
    old, new = leaves_of(language, before), leaves_of(language, after)
    why = why_not_file(file.path, old) or why_not_file(file.path, new) or _read_as_bytes(file, base)
    if why is not None:
        raise _ObjectionError(why)
    differences = _differences(old, new)
    lines = changed_values(language, before.decode(), after.decode())
    if isinstance(lines, str):
        raise _ObjectionError(lines)
    _verify_same(differences, lines)
    numbers = {_said(line): line.number for line in reversed(lines)}
    return [(one, _verified_key(one, file.path, keys, numbers.get(_found(one), 0))) for one in differences]


def _read_as_bytes(file: ChangedFile, base: BaseTree) -> str | None:
    role = next((part for part in file.parts[:-1] if part in OPAQUE_ROLES - OFTEN_SETTINGS), None)
    if role is not None:
        return f"files under `{role}/` are what tests read"
    reader = taken_in_by(file, base)
    if reader is not None:
        return f"`{reader}` takes in the text of a file like this"
    pinned = pinned_by(file.change.before or b"", base)
    return None if pinned is None else f"`{pinned}` pins the digest of these exact bytes"


def _differences(old: Sequence[Leaf], new: Sequence[Leaf]) -> list[Difference]:
    if [path for path, _ in old] != [path for path, _ in new]:
        raise _ObjectionError("a key comes, goes or moves: more than values changes")
    found = [(path, a, b) for (path, a), (_, b) in zip(old, new, strict=True) if a != b]
    if not found:
        raise _ObjectionError("no value changes; what does is layout or comments")
    return found


def _found(difference: Difference) -> Said:
    """What a difference of the parser says that a line says as well."""
    path, old, new = difference
    return str(path[-1]).rpartition(".")[2] if path else "", old, new


def _said(line: ChangedValue) -> Said:
    return line.name, line.old, line.new


def _verify_same(differences: Sequence[Difference], lines: Sequence[ChangedValue]) -> None:
    """Parser and lines say the same: as many changes, of the same names, from the same values to the same."""
    if Counter(map(_found, differences)) != Counter(map(_said, lines)):
        raise _ObjectionError("the parser and the lines disagree about which values change")


def _verified_key(difference: Difference, path: str, keys: Sequence[DeclaredKey], number: int) -> DeclaredKey:
    """The one entry that declares this place, with its values checked."""
    place, old, new = difference
    named = _dotted(place)
    declaring = [key for key in keys if key.covers(place)]
    if len(declaring) != 1:
        how = "is not declared" if not declaring else "is declared more than once"
        raise _ObjectionError(f"line {number} `{named}` {how} in `{SETTINGS}` of the base for this file")
    (key,) = declaring
    objections = (
        why_not_key(place),
        key.why_not(old, new),
        why_not_value(old),
        why_not_value(new),
        why_not_environment(key.environment, path, place),
    )
    why = next(filter(None, objections), None)
    if why is not None:
        raise _ObjectionError(f"line {number} `{named}` {why}")
    return key


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _witness(found: Sequence[tuple[Difference, DeclaredKey]], base: BaseTree) -> list[tuple[str, str]]:
    """What a checker starts from: the settings file, and for each key its values, its rule and its environment."""
    made = [("settings_sha256", sha256_hex(base.files[SETTINGS].encode()))]
    for (path, old, new), key in found:
        named = _dotted(path)
        made += [
            (f"key {named} environment", key.environment),
            (f"key {named} new", new.text),
            (f"key {named} old", old.text),
            (f"key {named} rule", key.digest),
        ]
    return made


PROVER: Final = BenignConfig()
